#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "policy/explain.h"
#include "policy/wire.h"

namespace hetao::api {

namespace {

json::object words_view(const policy::Words& words) {
  json::object out;
  put(out, "en", words.en);
  put(out, "zh-Hans", words.zh_hans);
  put(out, "zh-Hant", words.zh_hant);
  return out;
}

}  // namespace

io::HttpResponse get_policy(const Context& c) {
  const auto policy = c.backend.policy();
  const policy::LoadedPack& pack = policy->pack();
  json::object out;
  out["name"] = pack.name;
  put(out, "version", pack.version);
  out["digest"] = policy->digest();
  const pb::PolicyRecord& record = c.backend.core().policy_record();
  if (record.active().edition() != 0) out["edition"] = record.active().edition();
  put(out, "signer", record.active().signer());
  json::array signers;
  for (const ledger::VerifierKey& key : c.config.policy_signers)
    signers.emplace_back(ledger::print_vkey(key));
  if (!signers.empty()) out["signers"] = std::move(signers);
  if (!record.shadow().digest().empty())
    out["shadow"] = json::object{{"name", record.shadow().name()},
                                 {"version", record.shadow().version()},
                                 {"digest", record.shadow().digest()}};
  out["default"] = policy::to_word(pack.default_effect);
  json::array rules;
  for (const policy::Rule& rule : pack.rules) {
    json::object one;
    one["id"] = rule.id;
    one["effect"] = policy::to_word(rule.effect);
    one["title"] = words_view(rule.title);
    json::array basis;
    for (const std::string& source : rule.basis) basis.emplace_back(source);
    if (!basis.empty()) one["basis"] = std::move(basis);
    rules.push_back(std::move(one));
  }
  out["rules"] = std::move(rules);
  return json_answer(out);
}

io::HttpResponse decide_request(const Context& c) {
  const auto body = parse_json(c.request.body, "request body");
  if (!body) return problem(body.error());
  if (!body->is_object()) return problem({ErrorCode::kUsage, "request body", "is no JSON object", ""});
  const auto policy = c.backend.policy();
  const auto request = policy::request_from_json(body->get_object(), policy->pack().schema);
  if (!request) return problem(request.error());
  return json_answer(policy::to_json(policy::explain(*policy, *request, shanghai_date(c.backend.now()))));
}

}  // namespace hetao::api
