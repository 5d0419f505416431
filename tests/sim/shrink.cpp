#include "tests/sim/shrink.h"

#include <algorithm>

namespace hetao::sim {

namespace {

constexpr uint64_t kWorldsMost = 3'000;

std::string rule_of(const std::string& violation) {
  return violation.substr(0, violation.find(':'));
}

bool breaks(const Outcome& outcome, const std::string& rule) {
  return std::any_of(outcome.violations.begin(), outcome.violations.end(),
                     [&](const std::string& one) { return rule_of(one) == rule; });
}

class Shrinker {
 public:
  Shrinker(uint64_t seed, const Policies& policies, const Options& options)
      : seed_(seed), policies_(policies), best_{options, run_world(seed, policies, options), 1, 0} {
    best_.faults_before = best_.outcome.struck.size();
    rule_ = best_.outcome.violations.empty() ? std::string() : rule_of(best_.outcome.violations.front());
    // The faults that struck, and no others whatever chance says: each that goes leaves the rest as it is.
    best_.options.faults.emplace(best_.outcome.struck.begin(), best_.outcome.struck.end());
  }

  Shrunk run() {
    if (rule_.empty()) return best_;
    strike_out_jobs();
    // Many at once first, then fewer, until single ones: what one run of it leaves may let another go.
    for (size_t before = SIZE_MAX; before > best_.outcome.struck.size() && best_.worlds < kWorldsMost;) {
      before = best_.outcome.struck.size();
      for (size_t width = std::max<size_t>(before / 2, 1); width > 0; width /= 2) strike_out_faults(width);
      strike_out_jobs();
    }
    return best_;
  }

 private:
  bool try_with(const Options& options) {
    ++best_.worlds;
    Outcome outcome = run_world(seed_, policies_, options);
    if (!breaks(outcome, rule_)) return false;
    best_.options = options;
    best_.options.faults.emplace(outcome.struck.begin(),
                                 outcome.struck.end());  // what did not come is not needed
    best_.outcome = std::move(outcome);
    return true;
  }

  void strike_out_jobs() {
    for (size_t job = 0; job < best_.outcome.jobs; ++job) {
      Options fewer = best_.options;
      if (fewer.jobs_struck_out.insert(job).second) try_with(fewer);
    }
  }

  void strike_out_faults(size_t width) {
    for (size_t from = 0; from < best_.outcome.struck.size() && best_.worlds < kWorldsMost;) {
      Options fewer = best_.options;
      const auto& struck = best_.outcome.struck;
      const size_t to = std::min(from + width, struck.size());
      for (size_t i = from; i < to; ++i) fewer.faults->erase(struck[i]);
      if (!try_with(fewer)) from += width;
    }
  }

  uint64_t seed_;
  const Policies& policies_;
  Shrunk best_;
  std::string rule_;
};

}  // namespace

Shrunk shrink(uint64_t seed, const Policies& policies, const Options& options) {
  return Shrinker(seed, policies, options).run();
}

}  // namespace hetao::sim
