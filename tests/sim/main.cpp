// hetao_sim: runs simulated worlds and checks the product's invariants in each. One seed is one world.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "gateway/base/diagnostic.h"
#include "gateway/files/pack_folder.h"
#include "tests/sim/world.h"

namespace {

constexpr const char* kUsage =
    "usage: hetao_sim [--seeds N] [--first SEED] [--policy DIR] [--twice] [--until-failure]\n"
    "  --seeds N        how many worlds (default 2000)\n"
    "  --first SEED     first seed (default 1); replay one with --first SEED --seeds 1\n"
    "  --policy DIR     a policy pack for both gateways instead of the simulation's small one\n"
    "  --twice          runs each world twice and compares the histories\n"
    "  --until-failure  stops at the first world that breaks an invariant\n";

struct Arguments {
  uint64_t seeds = 2000;
  uint64_t first = 1;
  std::string policy;
  bool twice = false;
  bool until_failure = false;
  hetao::sim::Options options;
};

bool parse(int argc, char** argv, Arguments& out) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--seeds" && has_value) {
      out.seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--first" && has_value) {
      out.first = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--policy" && has_value) {
      out.policy = argv[++i];
    } else if (word == "--twice") {
      out.twice = true;
    } else if (word == "--until-failure") {
      out.until_failure = true;
    } else if (word == "--effects-before-sync") {
      out.options.shell_bugs.effects_before_sync = true;  // a planted bug; see tests/bugs
    } else {
      return false;
    }
  }
  return true;
}

std::shared_ptr<const hetao::policy::Policy> policy_of(const std::string& folder) {
  if (folder.empty()) return hetao::sim::simulation_policy();
  auto pack = hetao::files::load_pack_folder(folder);
  if (!pack) {
    std::fprintf(stderr, "%s\n", hetao::to_line(pack.error().front()).c_str());
    return nullptr;
  }
  auto compiled = hetao::policy::Policy::compile(std::move(*pack));
  if (!compiled) {
    std::fprintf(stderr, "%s\n", hetao::to_line(compiled.error().front()).c_str());
    return nullptr;
  }
  return std::make_shared<const hetao::policy::Policy>(std::move(*compiled));
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  const auto policy = policy_of(arguments.policy);
  if (policy == nullptr) return 2;
  const auto begin = std::chrono::steady_clock::now();
  const std::clock_t cpu_begin = std::clock();
  hetao::sim::Outcome total;
  uint64_t failed = 0;
  uint64_t ran = 0;
  for (uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
    hetao::sim::Outcome one = hetao::sim::run_world(seed, policy, arguments.options);
    ++ran;
    if (arguments.twice &&
        hetao::sim::run_world(seed, policy, arguments.options).trace_hash != one.trace_hash) {
      one.violations.emplace_back("the same seed gave another history");
    }
    total.events += one.events;
    total.steps += one.steps;
    total.faults += one.faults;
    total.jobs += one.jobs;
    total.complete += one.complete;
    total.trace_hash = total.trace_hash * 31 + one.trace_hash;
    if (one.violations.empty()) continue;
    ++failed;
    for (const std::string& violation : one.violations) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), violation.c_str());
    }
    if (arguments.until_failure || failed == 20) break;
  }
  const double cpu_seconds = static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf(
      "%llu worlds, %llu failed; %llu jobs (%llu complete), %llu steps, %llu link and process faults, "
      "history %016llx; "
      "%.1f s, %.0f worlds a CPU second\n",
      static_cast<unsigned long long>(ran), static_cast<unsigned long long>(failed),
      static_cast<unsigned long long>(total.jobs), static_cast<unsigned long long>(total.complete),
      static_cast<unsigned long long>(total.steps), static_cast<unsigned long long>(total.faults),
      static_cast<unsigned long long>(total.trace_hash), seconds, static_cast<double>(ran) / cpu_seconds);
  return failed == 0 ? 0 : 1;
}
