// What the regions' platforms have to give: this region's as the shell saw it, the peers' as they told.
// Nothing of it is remembered over a restart: it is looked at again.
#pragma once

#include "gateway/federation/fit.h"
#include "gateway/federation/state.h"

namespace hetao::federation {

// Keeps what was seen, and tells every connected peer what it may know of it.
void on_supply_seen(State& s, SupplySeen event);

// This region's platforms: what the configuration says, with what was seen of each.
std::vector<pb::Platform> own_supply(const State& s);
// The part of it that a peer may know (CoreConfig::shows_supply).
std::vector<pb::Platform> supply_for(const State& s, const std::string& region);

// What policy hears of a place of ours: the platform's facts, and those of the accelerator that it would use.
std::vector<pb::Fact> facts_of_place(const State& s, const Fit& fit);

// What was used, with what this region asks for it.
pb::Usage priced(const State& s, const pb::Run& run, pb::Usage usage);

// The kinds of accelerators that would do for a task, in its own order, and how many of one it needs. None if
// it needs none. "8 ascend910b or 8 a800" is `accelerator: "ascend910b, a800"`, `accelerators: "8"`.
struct WantedAccelerators {
  std::vector<std::string> kinds;
  std::vector<int64_t> counts;  // one for each kind
};
WantedAccelerators wanted_accelerators(const pb::Task& task);

}  // namespace hetao::federation
