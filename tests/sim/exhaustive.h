// Every single fault, and every ordered pair of faults, that can strike a world with one job: enumerated, not
// drawn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace hetao::sim {

struct Tried {
  uint64_t singles = 0;
  uint64_t pairs = 0;
  uint64_t failed = 0;
  uint64_t trace_hash = 0;
  std::vector<std::string> findings;  // "FAULT:N FAULT:N: violation", at most 20
};

// `share` of `shares` (from 0): the pairs whose first fault falls to it, so that runs can be split.
Tried try_all_pairs(const Policies& policies, const Options& options, uint64_t share, uint64_t shares);

}  // namespace hetao::sim
