// A world: two gateways, their schedulers, the link between them, researchers and reviewers, and everything
// that can break. First with faults, then healed: what does not come to its end by then is as wrong as what
// went astray.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/node.h"

namespace hetao::sim {

struct Outcome {
  std::vector<std::string> violations;  // empty: all invariants hold
  uint64_t events = 0;
  uint64_t steps = 0;
  uint64_t faults = 0;
  uint64_t jobs = 0;
  uint64_t complete = 0;
  uint64_t trace_hash = 0;  // equal for equal seeds, whatever the compiler
};

struct Options {
  ShellBugs shell_bugs;
  bool print_trace = false;
};

std::shared_ptr<const policy::Policy> simulation_policy();

Outcome run_world(uint64_t seed, const std::shared_ptr<const policy::Policy>& policy, const Options& options);

}  // namespace hetao::sim
