#include "gateway/federation/inputs.h"

#include <boost/json/serialize.hpp>

#include "gateway/base/json.h"
#include "gateway/base/limits.h"
#include "gateway/base/policy_limits.h"
#include "gateway/ledger/sha256.h"

namespace hetao::federation {

namespace {

tl::unexpected<Error> bad_entry(const ledger::Entry& entry, const char* member) {
  return fail(ErrorCode::kVerification, "ledger entry " + std::to_string(entry.sequence),
              std::string("\"") + member + "\" is not what a gateway writes",
              "it was written by another program");
}

std::optional<policy::Value> value_of(const json::value& value) {
  if (value.is_bool()) return policy::Value(value.get_bool());
  if (value.is_int64()) return policy::Value(int64_t{value.get_int64()});
  if (value.is_string()) return policy::Value(std::string(value.get_string()));
  if (!value.is_array()) return std::nullopt;
  std::vector<std::string> members;
  for (const json::value& member : value.get_array()) {
    if (!member.is_string()) return std::nullopt;
    members.emplace_back(member.get_string());
  }
  return policy::Value(std::move(members));
}

std::optional<Filing> filing_of(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  Filing out;
  for (const auto& [name, into] : {std::pair{"id", &out.id}, {"kind", &out.kind}, {"status", &out.status}}) {
    const json::value* text = value.get_object().if_contains(name);
    if (text == nullptr || !text->is_string()) return std::nullopt;
    *into = std::string(text->get_string());
  }
  const json::value* days = value.get_object().if_contains("days_left");
  if (days == nullptr || !days->is_int64()) return std::nullopt;
  out.days_left = days->get_int64();
  return out;
}

}  // namespace

Outcome decide_best(const policy::Policy& policy, const DecisionInputs& inputs, Date today) {
  Outcome best{policy.decide(inputs.request, today), inputs.request, {}};
  for (const Filing& filing : inputs.filings) {
    if (best.decision.effect == policy::Effect::kPermit) break;
    policy::Request tried = inputs.request;
    tried.set("mechanism.kind", filing.kind);
    tried.set("mechanism.status", filing.status);
    tried.set("mechanism.days_left", filing.days_left);
    policy::Decision decision = policy.decide(tried, today);
    if (decision.effect < best.decision.effect) best = {std::move(decision), std::move(tried), filing.id};
  }
  return best;
}

void note_inputs(ledger::Entry& entry, const DecisionInputs& inputs) {
  std::string request = json::serialize(policy::to_json(inputs.request));
  json::array filings;
  for (const Filing& one : inputs.filings) {
    filings.push_back(json::object{
        {"id", one.id}, {"kind", one.kind}, {"status", one.status}, {"days_left", one.days_left}});
  }
  std::string mechanisms = filings.empty() ? std::string() : json::serialize(filings);
  if (request.size() + mechanisms.size() > limits::kDecisionInputsBytesMax) {
    const std::string all = request + mechanisms;
    entry.extra["request_left_out"] = std::to_string(all.size()) + " bytes";
    entry.extra["request_digest"] = "sha256:" + ledger::sha256(as_bytes(all)).hex();
    return;
  }
  entry.extra["request"] = std::move(request);
  if (!mechanisms.empty()) entry.extra["mechanisms"] = std::move(mechanisms);
}

Result<std::optional<DecisionInputs>> inputs_of(const ledger::Entry& entry) {
  const auto at = entry.extra.find("request");
  if (at == entry.extra.end()) return std::optional<DecisionInputs>();
  DecisionInputs out;
  const auto request = parse_json(at->second, "request");
  if (!request || !request->is_object()) return bad_entry(entry, "request");
  for (const auto& member : request->get_object()) {
    auto value = value_of(member.value());
    if (!value) return bad_entry(entry, "request");
    out.request.set(member.key(), std::move(*value));
  }
  const auto filed = entry.extra.find("mechanisms");
  if (filed == entry.extra.end()) return out;
  const auto list = parse_json(filed->second, "mechanisms");
  if (!list || !list->is_array()) return bad_entry(entry, "mechanisms");
  for (const json::value& each : list->get_array()) {
    auto filing = filing_of(each);
    if (!filing) return bad_entry(entry, "mechanisms");
    out.filings.push_back(std::move(*filing));
  }
  return out;
}

}  // namespace hetao::federation
