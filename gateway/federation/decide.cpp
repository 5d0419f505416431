#include "gateway/federation/decide.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/obligations.h"
#include "gateway/federation/policy_life.h"
#include "policy/explain.h"

namespace hetao::federation {

namespace {

constexpr int64_t kOpenEndedDays = 36'500;  // of a filing without an end

int rank(const pb::Verdict& verdict) {
  if (verdict.effect() == "forbid") return 2;
  return verdict.effect() == "permit" ? 0 : 1;
}

const char* effect_word(policy::Effect effect) {
  switch (effect) {
    case policy::Effect::kPermit:
      return "permit";
    case policy::Effect::kHold:
      return "hold";
    case policy::Effect::kForbid:
      return "forbid";
  }
  return "forbid";
}

// Labels whose name starts with "label." are notes of the gateway to itself, not attributes.
void add_labels(policy::Request& request, const FactList& labels) {
  for (const pb::Fact& label : labels) {
    if (!label.name().starts_with("label.")) request.set(label.name(), to_value(label));
  }
}

void add_party(policy::Request& request, const pb::Tenant& tenant, std::string_view role) {
  const std::string prefix = std::string(role) + ".";
  request.set(prefix + "tenant", tenant.id());
  for (const pb::Fact& known : tenant.facts()) {
    const std::string& name = known.name();
    const bool both = name == "registered_in";
    const bool exporters = name == "status";
    const bool recipients =
        name == "outside_gba" || name == "listed" || name == "white_listed" || name == "final_destination";
    if (both || (role == "exporter" && exporters) || (role == "recipient" && recipients)) {
      request.set(prefix + name, to_value(known));
    }
  }
  if (role == "recipient" && find_fact(tenant.facts(), "final_destination") == nullptr) {
    if (const pb::Fact* seat = find_fact(tenant.facts(), "registered_in")) {
      request.set("recipient.final_destination", to_value(*seat));
    }
  }
}

void add_submitter(policy::Request& request, const pb::Tenant& tenant, const pb::Principal& submitter) {
  request.set("submitter.user", ledger_name(submitter));
  const struct {
    const char* fact;
    const char* attribute;
  } kTaken[] = {{"kind", "submitter.kind"},
                {"headquarters", "tenant.headquarters"},
                {"restricted", "tenant.restricted"}};
  for (const auto& taken : kTaken) {
    if (const pb::Fact* known = find_fact(tenant.facts(), taken.fact))
      request.set(taken.attribute, to_value(*known));
  }
}

pb::Verdict to_verdict(const State& s, const policy::Decision& decision, Instant now) {
  pb::Verdict verdict;
  verdict.set_effect(effect_word(decision.effect));
  verdict.set_reason(decision.reason);
  verdict.set_policy_digest(s.policy->digest());
  verdict.set_region(s.config.region);
  verdict.set_decided_micros(now.micros);
  for (const policy::RuleHit& hit : decision.rules) {
    pb::RuleRef& rule = *verdict.add_rules();
    rule.set_id(hit.id);
    rule.set_effect(effect_word(hit.effect));
    rule.set_title(hit.title("en"));
    for (const std::string& basis : hit.basis) rule.add_basis(basis);
    for (const std::string& name : hit.because_unknown) rule.add_unknown(name);
  }
  for (const policy::Obligation& obligation : decision.obligations) {
    pb::Obligation& owed = *verdict.add_obligations();
    owed.set_name(obligation.name);
    for (const auto& [key, value] : obligation.parameters) {
      pb::Tag& parameter = *owed.add_parameters();
      parameter.set_key(key);
      parameter.set_value(value);
    }
  }
  return verdict;
}

void say_changes(const State& s, const policy::Request& request, pb::Verdict& verdict, Instant now) {
  verdict.clear_changes();
  const policy::Explanation explanation = policy::explain(*s.policy, request, shanghai_date(now));
  for (const auto& change : explanation.changes) verdict.add_changes()->set_text(change.text("en"));
}

pb::Verdict no_policy(const State& s, Instant now) {
  pb::Verdict verdict;
  verdict.set_effect("forbid");
  verdict.set_reason("no policy is active");
  verdict.set_region(s.config.region);
  verdict.set_decided_micros(now.micros);
  return verdict;
}

bool serves(const pb::Mechanism& mechanism, const pb::Crossing& crossing) {
  if (mechanism.withdrawn()) return false;
  if (!glob_match(mechanism.exporter(), crossing.exporter().id())) return false;
  if (!glob_match(mechanism.recipient(), crossing.recipient().id())) return false;
  return mechanism.datasets().empty() || std::find(mechanism.datasets().begin(), mechanism.datasets().end(),
                                                   crossing.item().name()) != mechanism.datasets().end();
}

// Its last day is the day before `until`; without one it is in force until withdrawn.
Filing filing_of(const pb::Mechanism& mechanism, Instant now) {
  const int32_t today = shanghai_date(now).days;
  return {mechanism.id(), mechanism.kind(),
          today < mechanism.from_days() ? "not-effective" : mechanism.status(),
          days_left(mechanism, today).value_or(kOpenEndedDays)};
}

}  // namespace

policy::Request request_of(const State& s, const pb::Crossing& crossing, Instant now) {
  policy::Request request;
  request.set("action", std::string("cross"));
  request.set("crossing.from", s.jurisdiction_of(crossing.from_region()));
  request.set("crossing.to", s.jurisdiction_of(crossing.to_region()));
  request.set("crossing.from_region", crossing.from_region());
  request.set("crossing.to_region", crossing.to_region());
  add_party(request, crossing.exporter(), "exporter");
  add_party(request, crossing.recipient(), "recipient");
  add_submitter(request, s.is_self(crossing.from_region()) ? crossing.exporter() : crossing.recipient(),
                crossing.submitter());
  request.set("item.kind", crossing.item().kind());
  request.set("item.bytes", crossing.item().bytes());
  if (!crossing.purpose().empty()) request.set("purpose", crossing.purpose());
  if (!crossing.project().empty()) request.set("project", crossing.project());
  add_labels(request, crossing.item().labels());
  add_labels(request, crossing.facts());
  for (const pb::Fact& standing : s.config.standing_facts) request.set(standing.name(), to_value(standing));
  request.set("mechanism.kind", std::string("none"));
  // Nobody here looks for splitting yet: what is not suspected is said so.
  if (request.find("transfer.split_suspected") == nullptr) request.set("transfer.split_suspected", false);
  request.set("time.date", to_string(shanghai_date(now)));
  return request;
}

DecisionInputs inputs_of(const State& s, const pb::Crossing& crossing, Instant now) {
  DecisionInputs inputs{request_of(s, crossing, now), {}};
  for (const auto& [id, mechanism] : s.mechanisms) {
    if (serves(mechanism, crossing)) inputs.filings.push_back(filing_of(mechanism, now));
  }
  return inputs;
}

policy::Request place_request(const State& s, const pb::Tenant& tenant, const pb::Principal& submitter,
                              std::string_view region, const std::vector<pb::Fact>& platform_facts,
                              Instant now) {
  policy::Request request;
  const std::string place = s.jurisdiction_of(region);
  request.set("action", std::string("place"));
  request.set("crossing.from", place);
  request.set("crossing.to", place);
  request.set("crossing.to_region", std::string(region));
  add_party(request, tenant, "recipient");
  add_submitter(request, tenant, submitter);
  for (const pb::Fact& known : platform_facts) request.set(known.name(), to_value(known));
  for (const pb::Fact& standing : s.config.standing_facts) request.set(standing.name(), to_value(standing));
  request.set("time.date", to_string(shanghai_date(now)));
  return request;
}

pb::Verdict decide(const State& s, const pb::Crossing& crossing, Instant now) {
  if (!s.policy) return no_policy(s, now);
  const Outcome best = decide_best(*s.policy, inputs_of(s, crossing, now), shanghai_date(now));
  pb::Verdict verdict = to_verdict(s, best.decision, now);
  if (!best.served_by.empty()) {
    verdict.set_mechanism(best.served_by);
    verdict.set_reason(verdict.reason() + "; relies on mechanism " + best.served_by);
  }
  verdict.set_policy_effect(verdict.effect());
  keep_conditions(s, crossing, verdict);
  return verdict;
}

void add_changes(const State& s, const pb::Crossing& crossing, pb::Verdict& verdict, Instant now) {
  if (!s.policy || verdict.effect() == "permit") return;
  const Outcome best = decide_best(*s.policy, inputs_of(s, crossing, now), shanghai_date(now));
  say_changes(s, best.request, verdict, now);
}

pb::Verdict decide_place(const State& s, const pb::Tenant& tenant, const pb::Principal& submitter,
                         std::string_view region, const std::vector<pb::Fact>& platform_facts,
                         bool with_changes, Instant now) {
  if (!s.policy) return no_policy(s, now);
  const policy::Request request = place_request(s, tenant, submitter, region, platform_facts, now);
  pb::Verdict verdict = to_verdict(s, s.policy->decide(request, shanghai_date(now)), now);
  if (with_changes && verdict.effect() != "permit") say_changes(s, request, verdict, now);
  return verdict;
}

std::optional<int64_t> days_left(const pb::Mechanism& mechanism, int32_t today) {
  if (mechanism.until_days() == 0) return std::nullopt;
  return int64_t{mechanism.until_days()} - 1 - today;
}

void note_verdict(const State& s, ledger::Entry& entry, const pb::Crossing& crossing,
                  const pb::Verdict& verdict) {
  entry.decision = verdict.effect();
  for (const pb::RuleRef& rule : verdict.rules()) entry.rules.push_back(rule.id());
  entry.reason = verdict.reason();
  if (!verdict.mechanism().empty()) entry.extra["mechanism"] = verdict.mechanism();
  if (!verdict.review().empty()) entry.extra["review"] = verdict.review();
  // What the policy said by itself, before a reviewer or a condition of its permit made it another.
  if (!verdict.policy_effect().empty() && verdict.policy_effect() != verdict.effect())
    entry.extra["policy_decision"] = verdict.policy_effect();
  const DecisionInputs inputs = inputs_of(s, crossing, s.now);
  note_inputs(entry, inputs);
  note_shadow(s, entry, inputs);
}

bool is_stricter(const pb::Verdict& a, const pb::Verdict& b) {
  return rank(a) > rank(b);
}

std::string reason_line(const pb::Verdict& verdict) {
  std::string line;
  for (const pb::RuleRef& rule : verdict.rules()) {
    if (rule.effect() != verdict.effect() && verdict.effect() != "hold") continue;
    if (!line.empty()) line += "; ";
    line += rule.id();
    if (!rule.title().empty()) line += " " + rule.title();
    if (!rule.basis().empty()) {
      line += " [" + join(std::vector<std::string>(rule.basis().begin(), rule.basis().end()), "; ") + "]";
    }
  }
  return line.empty() ? verdict.reason() : line;
}

Error refusal(const std::string& what, const pb::Verdict& verdict) {
  std::string hint;
  for (const pb::Change& change : verdict.changes())
    hint += (hint.empty() ? "allowed instead: " : "; or ") + change.text();
  return {ErrorCode::kForbidden, what, "forbidden by " + reason_line(verdict), hint};
}

}  // namespace hetao::federation
