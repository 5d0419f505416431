#include "gateway/federation/replay.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace hetao::federation {

namespace {

constexpr size_t kExamplesMax = 3;

std::string extra_of(const ledger::Entry& entry, std::string_view name) {
  const auto at = entry.extra.find(std::string(name));
  return at == entry.extra.end() ? std::string() : at->second;
}

Date date_of_decision(const ledger::Entry& entry, const policy::Request& request) {
  const policy::Value* said = request.find("time.date");
  const std::string* text = said == nullptr ? nullptr : std::get_if<std::string>(said);
  const auto date = text == nullptr ? std::nullopt : parse_date(*text);
  return date ? *date : shanghai_date(entry.time);
}

std::string text_in(const policy::Request& request, std::string_view name) {
  const policy::Value* value = request.find(name);
  const std::string* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
  return text == nullptr ? std::string() : *text;
}

int64_t number_in(const policy::Request& request, std::string_view name) {
  const policy::Value* value = request.find(name);
  const int64_t* number = value == nullptr ? nullptr : std::get_if<int64_t>(value);
  return number == nullptr ? 0 : *number;
}

std::vector<std::string> rules_of(const policy::Decision& decision) {
  std::vector<std::string> rules;
  for (const policy::RuleHit& hit : decision.rules) rules.push_back(hit.id);
  return rules;
}

void note(Changes& changes, const ledger::Entry& entry, policy::Effect from, policy::Effect to,
          std::vector<std::string> rules_after) {
  OutcomeChange& change = changes[{from, to}];
  ++change.count;
  if (from == to) return;
  for (const std::string& rule : entry.rules) ++change.rules_before[rule];
  for (const std::string& rule : rules_after) ++change.rules_after[rule];
  if (change.examples.size() < kExamplesMax)
    change.examples.push_back({entry.sequence, entry.job, entry.crossing, std::move(rules_after)});
}

}  // namespace

std::optional<RecordedDecision> recorded_decision(const ledger::Entry& entry) {
  RecordedDecision out;
  std::string effect = extra_of(entry, "place_decision");
  if (effect.empty() && entry.kind != ledger::kind::kDecision) return std::nullopt;
  if (entry.extra.contains("by")) return std::nullopt;  // an obligation's doing: no policy was asked
  if (effect.empty()) effect = extra_of(entry, "policy_decision");
  if (effect.empty()) effect = entry.decision;
  const auto word = policy::effect_from_word(effect);
  if (!word) return std::nullopt;
  out.effect = *word;
  out.preliminary = !extra_of(entry, "preliminary").empty();
  out.sender = entry.direction == "out" && !entry.crossing.empty();
  return out;
}

Instant Replay::first_needed(Instant since) {
  constexpr int64_t kMicrosPerDay = int64_t{86'400} * 1'000'000;
  constexpr int64_t kShanghaiMicros = int64_t{8} * 3'600 * 1'000'000;
  const Date new_year = date_of(year_of(shanghai_date(since)), 1, 1);
  return {new_year.days * kMicrosPerDay - kShanghaiMicros};
}

void Replay::take(const ledger::Entry& entry) {
  const bool readable = recorded_.take(entry).has_value();
  const auto decision = recorded_decision(entry);
  if (entry.kind == ledger::kind::kCounterReleased) recomputed_.release(entry.crossing);
  if (!decision) return;
  if (entry.time < since_) {
    if (readable) static_cast<void>(recomputed_.take(entry));
    return;
  }
  ++report_.decisions;
  auto inputs = inputs_of(entry);
  if (!inputs || !*inputs) {
    const bool too_large = entry.extra.contains("request_left_out");
    ++report_.not_replayable[too_large
                                 ? "its request was too large to record"
                                 : (inputs ? "its request was not recorded" : "its request is unreadable")];
    if (readable) static_cast<void>(recomputed_.take(entry));
    return;
  }
  ++report_.replayable;
  const Outcome outcome = decide_best(*candidate_, **inputs, date_of_decision(entry, (*inputs)->request));
  note(report_.with_recorded_counters, entry, decision->effect, outcome.decision.effect,
       rules_of(outcome.decision));
  take_recomputed(entry, *decision, std::move(**inputs), outcome);
}

// The same with the counters that the candidate would have made.
policy::Effect Replay::take_recomputed(const ledger::Entry& entry, const RecordedDecision& recorded,
                                       DecisionInputs inputs, const Outcome& as_recorded) {
  if (!recorded.sender || recorded.preliminary) {
    note(report_.with_recomputed_counters, entry, recorded.effect, as_recorded.decision.effect,
         rules_of(as_recorded.decision));
    return as_recorded.decision.effect;
  }
  policy::Request& request = inputs.request;
  const Date date = date_of_decision(entry, request);
  CounterBook::Reservation share;
  share.tenant = text_in(request, "exporter.tenant");
  share.year = year_of(date);
  share.job = entry.job;
  share.bytes = number_in(request, "item.bytes");
  const People people = people_of(request);
  share.ordinary = people.ordinary.value_or(0);
  share.sensitive = people.sensitive.value_or(0);
  recomputed_.release(entry.crossing);
  const CounterBook::Totals used = recomputed_.of(share.tenant, share.year);
  const bool job_counts = recomputed_.counts_job(share.tenant, share.year, share.job);
  const std::pair<const char*, int64_t> counters[] = {
      {"subjects.year_ordinary", used.ordinary + share.ordinary},
      {"subjects.year_sensitive", used.sensitive + share.sensitive},
      {"exporter.year_bytes", used.bytes + share.bytes},
      {"exporter.year_jobs", used.jobs + (job_counts ? 0 : 1)}};
  for (const auto& [name, total] : counters) {
    if (request.find(name) != nullptr) request.set(name, total);  // what was unknown stays unknown
  }
  const Outcome outcome = decide_best(*candidate_, inputs, date);
  note(report_.with_recomputed_counters, entry, recorded.effect, outcome.decision.effect,
       rules_of(outcome.decision));
  if (outcome.decision.effect != policy::Effect::kForbid)
    recomputed_.reserve(entry.crossing, std::move(share));
  return outcome.decision.effect;
}

ReplayReport Replay::finish() {
  std::vector<std::string> keys;
  for (const auto& [key, totals] : recorded_.totals()) keys.push_back(key);
  for (const auto& [key, totals] : recomputed_.totals()) keys.push_back(key);
  const auto of = [](const CounterBook& book, const std::string& key) {
    const auto at = book.totals().find(key);
    return at == book.totals().end() ? CounterBook::Totals{} : at->second;
  };
  for (const std::string& key : keys) {
    const ReplayReport::CounterPair pair{of(recorded_, key), of(recomputed_, key)};
    if (pair.recorded != pair.recomputed) report_.counters[key] = pair;
  }
  return std::move(report_);
}

void ShadowReport::take(const ledger::Entry& entry) {
  const auto decision = recorded_decision(entry);
  const auto said = policy::effect_from_word(extra_of(entry, "shadow_decision"));
  if (!decision || !said || (!digest_.empty() && extra_of(entry, "shadow_policy") != digest_)) return;
  ++decisions_;
  const std::string rules = extra_of(entry, "shadow_rules");
  note(changes_, entry, decision->effect, *said,
       rules.empty() ? std::vector<std::string>() : split(rules, ','));
}

void CaseWeights::take(const ledger::Entry& entry) {
  if (!recorded_decision(entry)) return;
  ++decisions_;
  const auto inputs = inputs_of(entry);
  if (!inputs || !*inputs) return;
  ++replayable_;
  const Date date = date_of_decision(entry, (*inputs)->request);
  const Outcome before = decide_best(*before_, **inputs, date);
  const Outcome after = decide_best(*after_, **inputs, date);
  if (before.decision.effect == after.decision.effect &&
      before.decision.obligations == after.decision.obligations)
    return;
  // With the mechanism that served best; where that one's decision stays, another serves better from now on.
  auto at = finder_.find(before.request, date, before.decision, after_->decide(before.request, date));
  if (!at) at = finder_.find(after.request, date, before_->decide(after.request, date), after.decision);
  if (at) ++weights_[*at];
}

}  // namespace hetao::federation
