// Which of a region's platforms a task fits best, and what it would cost there. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/peer.pb.h"
#include "proto/task.pb.h"

namespace hetao::federation {

struct Terms;

struct Fit {
  std::string platform;
  std::string
      accelerator;  // of the equivalents that the task names, the one it would get; empty: it needs none
  int64_t accelerators = 0;
  int64_t wait_seconds = 0;  // expected before it starts
  int64_t cost_micros = 0;   // of one hour, or of the wall time that the task asks for
  std::string currency;
  std::string offer;  // whose price that is; empty: the platform's own
  std::string why;    // empty: it fits; else why no platform can take it
};

// The first platform in order of: it has what is asked for free now, a shorter wait, a lower price.
// `terms`: what is offered there, and to whom (market.h); null: nothing is.
Fit best_fit(const std::vector<pb::Platform>& platforms, const pb::Task& task, std::string_view region,
             const Terms* terms = nullptr);

// Of so many seconds; 0 where no price is set.
int64_t cost_of(const pb::Price& price, int64_t cores, int64_t ram_bytes, std::string_view accelerator,
                int64_t accelerators, int64_t seconds);

// The wall time that the task asks for; 0: none.
int64_t wanted_seconds(const pb::Task& task);
// What its price is reckoned for: that time, or an hour.
int64_t priced_seconds(const pb::Task& task);

}  // namespace hetao::federation
