#include "tests/sim/exhaustive.h"

namespace hetao::sim {

namespace {

// One seed: how long things take. Which fault strikes when is what is enumerated.
constexpr uint64_t kSeed = 1;

// Kinds that an opportunity of this small world has; those at a time are covered by those at a message or a
// sync.
constexpr Fault kTriedKinds[] = {
    Fault::kDrop,          Fault::kDuplicate,  Fault::kDelay,           Fault::kCutAtMessage,
    Fault::kItemBreaks,    Fault::kSlowSync,   Fault::kSyncFailsStored, Fault::kKillBeforeSync,
    Fault::kKillAfterSync, Fault::kAnswerLost, Fault::kRequestLost,     Fault::kRequestLate,
    Fault::kServerError,   Fault::kRefuses,    Fault::kForgets,         Fault::kRequeues,
    Fault::kDoubleStart,   Fault::kPurges,     Fault::kOperatorCancels};

void note(Tried& tried, const std::set<Struck>& script, const Outcome& outcome) {
  tried.trace_hash = tried.trace_hash * 31 + outcome.trace_hash;
  if (outcome.violations.empty()) return;
  ++tried.failed;
  if (tried.findings.size() == 20) return;
  std::string line;
  for (const Struck& one : script) line += to_string(one) + " ";
  tried.findings.push_back(line + "-> " + outcome.violations.front());
}

template <class Each>
void each_opportunity(const Outcome& outcome, bool after_first, Each each) {
  for (const Fault kind : kTriedKinds) {
    const size_t index = static_cast<size_t>(kind);
    const uint32_t from = after_first ? outcome.opportunities_at_first[index] : 0;
    for (uint32_t number = from; number < outcome.opportunities[index]; ++number) each(Struck{kind, number});
  }
}

}  // namespace

Tried try_all_pairs(const Policies& policies, const Options& options, uint64_t share, uint64_t shares) {
  Tried tried;
  const auto run = [&](const std::set<Struck>& script) {
    Options one = options;
    one.one_job = true;
    one.faults = script;
    Outcome outcome = run_world(kSeed, policies, one);
    note(tried, script, outcome);
    return outcome;
  };
  const Outcome calm = run({});
  uint64_t number = 0;
  each_opportunity(calm, false, [&](Struck first) {
    if (number++ % shares != share) return;
    const Outcome single = run({first});
    ++tried.singles;
    // The second fault strikes whatever the first one led to.
    each_opportunity(single, true, [&](Struck second) {
      run({first, second});
      ++tried.pairs;
    });
  });
  return tried;
}

}  // namespace hetao::sim
