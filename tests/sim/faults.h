// What may go wrong in a world. Each seed switches each class off with probability 1/3 and draws its rate, so
// that rare combinations and calm worlds are both visited.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/random.h"

namespace hetao::sim {

struct Faults {
  uint64_t drop = 0;  // per mille of messages
  uint64_t duplicate = 0;
  uint64_t reorder = 0;
  uint64_t cut = 0;          // link cuts a minute
  uint64_t half_open = 0;    // per mille of cuts that one side does not notice for a while
  uint64_t crash = 0;        // process kills a minute and gateway
  uint64_t slow_disk = 0;    // per mille of syncs that take up to 2 s
  uint64_t item_fails = 0;   // per mille of item transfers that break
  uint64_t answer_lost = 0;  // per mille of scheduler answers that never come
  uint64_t answer_late = 0;  // per mille of scheduler requests that arrive up to 8 s late
  uint64_t scheduler_refuses = 0;
  uint64_t scheduler_forgets = 0;  // per mille of submissions that vanish within 5 s
  uint64_t double_start = 0;
  uint64_t clock_jump = 0;  // per mille of starts that find the clock set by up to an hour

  static Faults draw(Random& random);
  static Faults none() { return {}; }
  std::string text() const;
};

}  // namespace hetao::sim
