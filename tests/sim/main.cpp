// hetao_sim: runs simulated worlds and checks the product's invariants in each. One seed is one world.
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "gateway/base/diagnostic.h"
#include "gateway/files/pack_folder.h"
#include "tests/sim/exhaustive.h"
#include "tests/sim/shrink.h"
#include "tests/sim/world.h"

namespace {

constexpr const char* kUsage =
    "usage: hetao_sim [--seeds N] [--first SEED] [--policy DIR] [--twice] [--until-failure]\n"
    "       hetao_sim --pairs [--share I/N]\n"
    "       hetao_sim --shrink SEED | --trace SEED\n"
    "  --seeds N        how many worlds (default 2000)\n"
    "  --first SEED     first seed (default 1); replay one with --first SEED --seeds 1\n"
    "  --policy DIR     a policy pack for all gateways instead of the simulation's small one\n"
    "  --twice          runs each world twice and compares the histories\n"
    "  --until-failure  stops at the first world that breaks an invariant\n"
    "  --pairs          one job, every single fault and every ordered pair of faults\n"
    "  --share I/N      of the pairs, the I-th of N shares (from 0)\n"
    "  --shrink SEED    the shortest history of a failing world that still fails\n"
    "  --trace SEED     everything that happens in a world\n";

struct Arguments {
  uint64_t seeds = 2000;
  uint64_t first = 1;
  std::string policy;
  bool twice = false;
  bool until_failure = false;
  bool pairs = false;
  uint64_t share = 0, shares = 1;
  uint64_t shrink = 0;
  uint64_t trace = 0;
  hetao::sim::Options options;
};

uint64_t number_of(const char* text) {
  return std::strtoull(text, nullptr, 10);
}

bool parse_value(const std::string& word, const char* value, Arguments& out) {
  if (word == "--seeds") return out.seeds = number_of(value), true;
  if (word == "--first") return out.first = number_of(value), true;
  if (word == "--policy") return out.policy = value, true;
  if (word == "--shrink") return out.shrink = number_of(value), true;
  if (word == "--trace") return out.trace = number_of(value), true;
  if (word == "--share")
    return std::sscanf(value, "%" SCNu64 "/%" SCNu64, &out.share, &out.shares) == 2 && out.share < out.shares;
  return false;
}

bool parse(int argc, char** argv, Arguments& out) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--twice") {
      out.twice = true;
    } else if (word == "--until-failure") {
      out.until_failure = true;
    } else if (word == "--pairs") {
      out.pairs = true;
    } else if (word == "--effects-before-sync") {
      out.options.shell_bugs.effects_before_sync = true;  // planted bugs; see tests/bugs
    } else if (word == "--no-fence") {
      out.options.shell_bugs.no_fence = true;
    } else if (i + 1 >= argc || !parse_value(word, argv[++i], out)) {
      return false;
    }
  }
  return true;
}

bool read_policies(const std::string& folder, hetao::sim::Policies& out) {
  out = hetao::sim::simulation_policies();
  if (folder.empty()) return true;
  auto pack = hetao::files::load_pack_folder(folder);
  if (!pack) {
    std::fprintf(stderr, "%s\n", hetao::to_line(pack.error().front()).c_str());
    return false;
  }
  auto compiled = hetao::policy::Policy::compile(std::move(*pack));
  if (!compiled) {
    std::fprintf(stderr, "%s\n", hetao::to_line(compiled.error().front()).c_str());
    return false;
  }
  out.usual = std::make_shared<const hetao::policy::Policy>(std::move(*compiled));
  return true;
}

class Clock {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }
  double cpu_seconds() const { return static_cast<double>(std::clock() - cpu_begin_) / CLOCKS_PER_SEC; }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::clock_t cpu_begin_ = std::clock();
};

int run_pairs(const Arguments& arguments, const hetao::sim::Policies& policies) {
  const Clock clock;
  const hetao::sim::Tried tried =
      hetao::sim::try_all_pairs(policies, arguments.options, arguments.share, arguments.shares);
  for (const std::string& finding : tried.findings) std::printf("%s\n", finding.c_str());
  const uint64_t worlds = tried.singles + tried.pairs + 1;
  std::printf("%" PRIu64 " worlds, %" PRIu64 " failed: %" PRIu64 " single faults, %" PRIu64
              " ordered pairs, history %016" PRIx64 "; %.1f s, %.0f worlds a CPU second\n",
              worlds, tried.failed, tried.singles, tried.pairs, tried.trace_hash, clock.seconds(),
              static_cast<double>(worlds) / clock.cpu_seconds());
  return tried.failed == 0 ? 0 : 1;
}

int tell_world(uint64_t seed, const hetao::sim::Policies& policies, hetao::sim::Options options) {
  options.tell = [](const std::string& line) { std::printf("  %s\n", line.c_str()); };
  const hetao::sim::Outcome outcome = hetao::sim::run_world(seed, policies, options);
  std::printf("faults:");
  for (const auto& struck : outcome.struck) std::printf(" %s", hetao::sim::to_string(struck).c_str());
  std::printf("\n");
  for (const std::string& violation : outcome.violations)
    std::printf("seed %" PRIu64 ": %s\n", seed, violation.c_str());
  return outcome.violations.empty() ? 0 : 1;
}

int run_shrink(const Arguments& arguments, const hetao::sim::Policies& policies) {
  const hetao::sim::Shrunk shrunk = hetao::sim::shrink(arguments.shrink, policies, arguments.options);
  if (shrunk.outcome.violations.empty()) {
    std::printf("seed %" PRIu64 " does not fail\n", arguments.shrink);
    return 0;
  }
  std::printf("%zu of %zu faults and %zu of %" PRIu64 " jobs are left, after %" PRIu64 " worlds:\n",
              shrunk.outcome.struck.size(), shrunk.faults_before,
              static_cast<size_t>(shrunk.outcome.jobs) - shrunk.options.jobs_struck_out.size(),
              shrunk.outcome.jobs, shrunk.worlds);
  return tell_world(arguments.shrink, policies, shrunk.options);
}

int run_seeds(const Arguments& arguments, const hetao::sim::Policies& policies) {
  const Clock clock;
  uint64_t failed = 0, ran = 0, jobs = 0, steps = 0, faults = 0, history = 0;
  std::map<std::string, uint64_t> ends;
  std::array<uint64_t, hetao::sim::kFaults> struck{};
  for (uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
    hetao::sim::Outcome one = hetao::sim::run_world(seed, policies, arguments.options);
    ++ran;
    if (arguments.twice &&
        hetao::sim::run_world(seed, policies, arguments.options).trace_hash != one.trace_hash)
      one.violations.emplace_back("deterministic: the same seed gave another history");
    jobs += one.jobs;
    steps += one.steps;
    faults += one.struck.size();
    for (const auto& fault : one.struck) ++struck[static_cast<size_t>(fault.first)];
    for (const auto& [state, count] : one.ends) ends[state] += count;
    history = history * 31 + one.trace_hash;
    if (one.violations.empty()) continue;
    ++failed;
    for (const std::string& violation : one.violations)
      std::printf("seed %" PRIu64 ": %s\n", seed, violation.c_str());
    if (arguments.until_failure || failed == 20) break;
  }
  std::printf("%" PRIu64 " worlds, %" PRIu64 " failed; %" PRIu64 " jobs (", ran, failed, jobs);
  const char* comma = "";
  for (const auto& [state, count] : ends) {
    std::printf("%s%" PRIu64 " %s", comma, count, state.c_str());
    comma = ", ";
  }
  std::printf("), %" PRIu64 " steps, %" PRIu64 " faults, history %016" PRIx64
              "; %.1f s, %.0f worlds a CPU second\n",
              steps, faults, history, clock.seconds(), static_cast<double>(ran) / clock.cpu_seconds());
  if (ran < 1000) return failed == 0 ? 0 : 1;
  // A kind of fault that a thousand worlds never see is a hole in the simulation.
  for (size_t i = 0; i < hetao::sim::kFaults; ++i) {
    const auto fault = static_cast<hetao::sim::Fault>(i);
    if (struck[i] > 0) continue;
    std::printf("no world had the fault \"%s\"\n", hetao::sim::to_word(fault));
    failed += 1;
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  hetao::sim::Policies policies;
  if (!read_policies(arguments.policy, policies)) return 2;
  if (arguments.pairs) return run_pairs(arguments, policies);
  if (arguments.shrink != 0) return run_shrink(arguments, policies);
  if (arguments.trace != 0) return tell_world(arguments.trace, policies, arguments.options);
  return run_seeds(arguments, policies);
}
