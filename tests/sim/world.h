// A world: two or three gateways, their schedulers, the links between them, researchers and reviewers, and
// everything that can break. First with faults, then healed: what does not come to its end by then is as
// wrong as what went astray.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/node.h"

namespace hetao::sim {

struct Outcome {
  std::vector<std::string> violations;  // "rule: what"; empty: all invariants hold
  uint64_t events = 0;
  uint64_t steps = 0;
  uint64_t jobs = 0;
  uint64_t complete = 0;
  std::map<std::string, uint64_t> ends;  // how many jobs ended in which state
  uint64_t trace_hash = 0;               // equal for equal seeds, whatever the compiler
  std::vector<Struck> struck;            // every fault, in order
  std::array<uint32_t, kFaults> opportunities{};
  std::array<uint32_t, kFaults> opportunities_at_first{};
};

struct Options {
  ShellBugs shell_bugs;
  bool one_job = false;                    // a small world in which nothing is left to chance but delays
  std::optional<std::set<Struck>> faults;  // only these; nothing: those that the seed draws
  std::set<size_t> jobs_struck_out;        // by number
  std::function<void(std::string)> tell;   // a line for everything that happens
};

struct Policies {
  std::shared_ptr<const policy::Policy> usual;
  std::shared_ptr<const policy::Policy> other;  // what administrators change it to, and back
};

Policies simulation_policies();

Outcome run_world(uint64_t seed, const Policies& policies, const Options& options);

}  // namespace hetao::sim
