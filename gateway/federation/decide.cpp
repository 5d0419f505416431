#include "gateway/federation/decide.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/obligations.h"
#include "policy/explain.h"

namespace hetao::federation {

namespace {

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

void set_mechanism(policy::Request& request, const pb::Mechanism& mechanism, Instant now) {
  const int32_t today = shanghai_date(now).days;
  request.set("mechanism.kind", mechanism.kind());
  request.set("mechanism.status",
              today < mechanism.from_days() ? std::string("not-effective") : mechanism.status());
  request.set("mechanism.days_left", int64_t{mechanism.until_days()} - 1 - today);
}

bool counts_people(const pb::Item& item) {
  const std::string personal = text_of(item.labels(), "data.personal");
  if (personal != "ordinary" && personal != "sensitive") return false;
  // Programs and anonymous aggregates carry nobody's personal information.
  return item.kind() != "code" && item.kind() != "image" && item.kind() != "aggregate";
}

std::string counter_key(const std::string& tenant, int year) {
  return tenant + "/" + std::to_string(year);
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

namespace {

struct Decided {
  policy::Decision decision;
  policy::Request request;
  std::string served_by;  // the mechanism that gave the best outcome; empty: none helps
};

Decided decide_best(const State& s, const pb::Crossing& crossing, Instant now) {
  Decided best;
  best.request = request_of(s, crossing, now);
  best.decision = s.policy->decide(best.request, shanghai_date(now));
  for (const auto& [id, mechanism] : s.mechanisms) {
    if (best.decision.effect == policy::Effect::kPermit) break;
    if (!serves(mechanism, crossing)) continue;
    policy::Request tried = request_of(s, crossing, now);
    set_mechanism(tried, mechanism, now);
    policy::Decision decision = s.policy->decide(tried, shanghai_date(now));
    if (decision.effect < best.decision.effect) best = {std::move(decision), std::move(tried), id};
  }
  return best;
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

}  // namespace

pb::Verdict decide(const State& s, const pb::Crossing& crossing, Instant now) {
  if (!s.policy) return no_policy(s, now);
  const Decided best = decide_best(s, crossing, now);
  pb::Verdict verdict = to_verdict(s, best.decision, now);
  if (!best.served_by.empty())
    verdict.set_reason(verdict.reason() + "; relies on mechanism " + best.served_by);
  keep_conditions(s, crossing, verdict);
  return verdict;
}

void add_changes(const State& s, const pb::Crossing& crossing, pb::Verdict& verdict, Instant now) {
  if (!s.policy || verdict.effect() == "permit") return;
  say_changes(s, decide_best(s, crossing, now).request, verdict, now);
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

void fill_counter_facts(const State& s, pb::Crossing& crossing) {
  const int year = year_of(shanghai_date(s.now));
  const auto at = s.counters.find(counter_key(crossing.exporter().id(), year));
  const bool counted = counts_people(crossing.item());
  const FactList& labels = crossing.item().labels();
  const auto total = [&](const char* label, int64_t used) -> std::optional<int64_t> {
    if (!counted) return used;
    const auto adds = number_of(labels, label);
    if (!adds) return std::nullopt;  // unknown subjects: the counter after this item is unknown too
    return used + *adds;
  };
  const auto ordinary = total("data.subjects_ordinary", at == s.counters.end() ? 0 : at->second.ordinary());
  const auto sensitive =
      total("data.subjects_sensitive", at == s.counters.end() ? 0 : at->second.sensitive());
  if (ordinary) put_fact(*crossing.mutable_facts(), fact("subjects.year_ordinary", *ordinary));
  if (sensitive) put_fact(*crossing.mutable_facts(), fact("subjects.year_sensitive", *sensitive));
}

void reserve_counters(State& s, pb::Crossing& crossing) {
  if (!counts_people(crossing.item()) || crossing.reserved_year() != 0) return;
  const int year = year_of(shanghai_date(s.now));
  const FactList& labels = crossing.item().labels();
  crossing.set_reserved_year(year);
  crossing.set_reserved_ordinary(number_of(labels, "data.subjects_ordinary").value_or(0));
  crossing.set_reserved_sensitive(number_of(labels, "data.subjects_sensitive").value_or(0));
  pb::Counter& counter = s.edit_counter(counter_key(crossing.exporter().id(), year));
  counter.set_tenant(crossing.exporter().id());
  counter.set_year(year);
  counter.set_ordinary(counter.ordinary() + crossing.reserved_ordinary());
  counter.set_sensitive(counter.sensitive() + crossing.reserved_sensitive());
}

void release_counters(State& s, pb::Crossing& crossing) {
  if (crossing.reserved_year() == 0) return;
  pb::Counter& counter = s.edit_counter(counter_key(crossing.exporter().id(), crossing.reserved_year()));
  counter.set_ordinary(counter.ordinary() - crossing.reserved_ordinary());
  counter.set_sensitive(counter.sensitive() - crossing.reserved_sensitive());
  crossing.set_reserved_year(0);
  crossing.set_reserved_ordinary(0);
  crossing.set_reserved_sensitive(0);
}

}  // namespace hetao::federation
