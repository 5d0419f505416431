// The ledger's recorded decisions made again under another policy: with the counters as they were recorded,
// and with counters recomputed from what the other policy would have let through (one decision that flips
// changes the counters of all later ones). Says first how much of the history could be replayed.
//
// Feed entries in the ledger's order. Pure; plain values; one thread an object.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gateway/federation/counters.h"
#include "gateway/federation/inputs.h"
#include "policy/case_match.h"
#include "policy/diff.h"
#include "policy/policy.h"

namespace hetao::federation {

struct ReplayExample {
  uint64_t sequence = 0;  // of the ledger entry
  std::string job;
  std::string crossing;
  std::vector<std::string> rules;  // of the other policy
};

// Decisions that went from one effect to another, or stayed.
struct OutcomeChange {
  uint64_t count = 0;
  std::map<std::string, uint64_t> rules_before;  // rule: how often it made the recorded decision
  std::map<std::string, uint64_t> rules_after;
  std::vector<ReplayExample> examples;
};

using Effects = std::pair<policy::Effect, policy::Effect>;  // recorded, replayed
using Changes = std::map<Effects, OutcomeChange>;

// What a decision entry says of itself, however it was booked. Approvals by reviewers don't count: the effect
// is what the policy said. Nothing: the entry is no decision.
struct RecordedDecision {
  policy::Effect effect = policy::Effect::kForbid;
  bool preliminary = false;  // of a plan that was refused, on assumptions
  bool sender = false;       // of a crossing whose counters are kept here
};
std::optional<RecordedDecision> recorded_decision(const ledger::Entry& entry);

struct ReplayReport {
  uint64_t decisions = 0;
  uint64_t replayable = 0;
  std::map<std::string, uint64_t> not_replayable;  // why: how many
  Changes with_recorded_counters;
  Changes with_recomputed_counters;
  struct CounterPair {
    CounterBook::Totals recorded;
    CounterBook::Totals recomputed;
  };
  std::map<std::string, CounterPair> counters;  // TENANT/YEAR, where the two differ
};

class Replay {
 public:
  // `candidate` must outlive this. Entries before `since` only build up the counters: begin with
  // `first_needed`.
  Replay(const policy::Policy& candidate, Instant since) : candidate_(&candidate), since_(since) {}

  // The beginning of the calendar year, in Asia/Shanghai, in which `since` lies.
  static Instant first_needed(Instant since);
  void take(const ledger::Entry& entry);
  ReplayReport finish();

 private:
  policy::Effect take_recomputed(const ledger::Entry& entry, const RecordedDecision& recorded,
                                 DecisionInputs inputs, const Outcome& as_recorded);

  const policy::Policy* candidate_;
  Instant since_;
  CounterBook recorded_;
  CounterBook recomputed_;
  ReplayReport report_;
};

// What the shadow policy would have said, as decisions noted it.
class ShadowReport {
 public:
  // Only of the shadow pack with this digest; empty: of any.
  explicit ShadowReport(std::string digest = {}) : digest_(std::move(digest)) {}
  void take(const ledger::Entry& entry);
  uint64_t decisions() const { return decisions_; }
  const Changes& changes() const { return changes_; }

 private:
  std::string digest_;
  uint64_t decisions_ = 0;
  Changes changes_;
};

// How many recorded decisions each case of a diff changes: as a Replay of the same entries counts them, where
// they were made under `before`.
class CaseWeights {
 public:
  CaseWeights(const policy::Policy& before, const policy::Policy& after, const policy::Diff& diff)
      : before_(&before), after_(&after), finder_(diff), weights_(diff.cases.size()) {}
  void take(const ledger::Entry& entry);
  uint64_t decisions() const { return decisions_; }
  uint64_t replayable() const { return replayable_; }
  const std::vector<uint64_t>& weights() const { return weights_; }

 private:
  const policy::Policy* before_;
  const policy::Policy* after_;
  policy::CaseFinder finder_;
  std::vector<uint64_t> weights_;
  uint64_t decisions_ = 0;
  uint64_t replayable_ = 0;
};

}  // namespace hetao::federation
