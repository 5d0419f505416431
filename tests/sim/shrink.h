// The shortest history that still fails: faults and jobs of a failing world are struck out as long as the
// same rule is broken.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/world.h"

namespace hetao::sim {

struct Shrunk {
  Options options;  // with what was struck out
  Outcome outcome;  // what is left
  uint64_t worlds = 0;
  size_t faults_before = 0;
};

// `seed` has to fail. Deterministic.
Shrunk shrink(uint64_t seed, const Policies& policies, const Options& options);

}  // namespace hetao::sim
