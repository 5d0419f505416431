#include "policy/wire.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <optional>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao::policy {

namespace {

constexpr size_t kLineBytesMax = size_t{1} << 20U;

json::array texts(const std::vector<std::string>& list) {
  json::array out;
  for (const std::string& each : list) out.emplace_back(each);
  return out;
}

json::object words_json(const Words& words) {
  json::object out = {{"en", words.en}};
  if (!words.zh_hans.empty()) out["zh-Hans"] = words.zh_hans;
  if (!words.zh_hant.empty()) out["zh-Hant"] = words.zh_hant;
  return out;
}

void put_place(json::object& out, const Place& place) {
  out["file"] = place.file;
  out["line"] = place.line;
  out["column"] = place.column;
}

json::object hit_json(const RuleHit& hit) {
  json::object out = {{"id", hit.id},
                      {"effect", to_word(hit.effect)},
                      {"title", words_json(hit.titles)},
                      {"basis", texts(hit.basis)}};
  if (!hit.because_unknown.empty()) out["unknown"] = texts(hit.because_unknown);
  return out;
}

json::array hits_json(const std::vector<RuleHit>& hits) {
  json::array out;
  for (const RuleHit& hit : hits) out.push_back(hit_json(hit));
  return out;
}

json::array specs_json(const std::vector<ObligationSpec>& specs) {
  json::array out;
  for (const ObligationSpec& spec : specs) out.push_back(to_json(spec));
  return out;
}

json::object case_json(const DiffCase& one) {
  json::object when;
  for (const CaseTest& test : one.when) when[test.attribute] = test.test;
  json::object out = {
      {"when", std::move(when)}, {"whole", one.whole}, {"from", to_word(one.from)}, {"to", to_word(one.to)}};
  if (one.from_obligations != one.to_obligations) {
    out["from_obligations"] = specs_json(one.from_obligations);
    out["to_obligations"] = specs_json(one.to_obligations);
  }
  out["example"] = to_json(one.example);
  return out;
}

LineAnswer malformed(const Error& error, const json::value* id) {
  json::object body = {{"code", to_word(error.code)}, {"message", printable(error.what + ": " + error.why)}};
  if (!error.hint.empty()) body["hint"] = printable(error.hint);
  json::object out;
  if (id != nullptr) out["id"] = *id;
  out["error"] = std::move(body);
  return {json::serialize(out), false};
}

}  // namespace

json::object to_json(const Decision& decision) {
  json::array rules;
  json::array unknown;
  for (const RuleHit& hit : decision.rules) {
    rules.emplace_back(hit.id);
    for (const std::string& name : hit.because_unknown) {
      const json::value known(name);
      if (std::find(unknown.begin(), unknown.end(), known) == unknown.end()) unknown.push_back(known);
    }
  }
  json::array obligations;
  for (const Obligation& obligation : decision.obligations) obligations.push_back(to_json(obligation));
  json::object out = {{"decision", to_word(decision.effect)},
                      {"rules", std::move(rules)},
                      {"obligations", std::move(obligations)},
                      {"reason", decision.reason}};
  if (!unknown.empty()) out["unknown"] = std::move(unknown);
  return out;
}

json::object to_json(const Explanation& explanation) {
  json::object out = to_json(explanation.decision);
  out["why"] = hits_json(explanation.decision.rules);
  out["matching"] = hits_json(explanation.matching);
  json::array changes;
  for (const Alternative& alternative : explanation.changes) {
    json::array parts;
    for (const AttributeChange& change : alternative.changes) {
      parts.push_back({{"attribute", change.attribute},
                       {"from", change.from.empty() ? json::value() : json::value(change.from)},
                       {"to", change.to},
                       {"text", words_json(change.text)}});
    }
    changes.push_back({{"changes", std::move(parts)},
                       {"text", words_json({alternative.text("en"), alternative.text("zh-Hans"),
                                            alternative.text("zh-Hant")})}});
  }
  out["changes"] = std::move(changes);
  out["gave_up"] = explanation.gave_up;
  return out;
}

json::object to_json(const Diff& diff) {
  json::array cases;
  for (const DiffCase& one : diff.cases) cases.push_back(case_json(one));
  return {{"changed", diff.changed},
          {"cases", std::move(cases)},
          {"cases_total", static_cast<int64_t>(std::min(diff.cases_total, 9e15))},
          {"gave_up", diff.gave_up}};
}

json::object to_json(const std::vector<Finding>& findings) {
  json::array out;
  for (const Finding& finding : findings) {
    json::object one = {{"severity", finding.severity == Severity::kWarning ? "warning" : "note"},
                        {"code", finding.code},
                        {"rule", finding.rule}};
    put_place(one, finding.place);
    one["message"] = finding.message;
    if (!finding.hint.empty()) one["hint"] = finding.hint;
    if (!finding.others.empty()) one["others"] = texts(finding.others);
    out.push_back(std::move(one));
  }
  return {{"findings", std::move(out)}};
}

json::object to_json(const TestReport& report) {
  json::array failures;
  for (const TestFailure& failure : report.failures) {
    json::object one = {{"id", failure.id}, {"title", failure.title}};
    put_place(one, failure.place);
    one["message"] = failure.message;
    failures.push_back(std::move(one));
  }
  return {{"run", report.run},
          {"passed", report.passed()},
          {"failures", std::move(failures)},
          {"unexercised", texts(report.unexercised)}};
}

json::object to_json(const Diagnostics& diagnostics) {
  json::array out;
  for (const Diagnostic& d : diagnostics) {
    json::object one = {{"file", d.file}, {"line", d.line}, {"column", d.column}, {"message", d.message}};
    if (!d.expected.empty()) one["expected"] = d.expected;
    if (!d.hint.empty()) one["hint"] = d.hint;
    out.push_back(std::move(one));
  }
  return {{"mistakes", std::move(out)}};
}

LineAnswer decide_line(const Policy& policy, std::string_view line, Date today, Answers answers) {
  auto parsed = parse_json(line, "request", kLineBytesMax);
  if (!parsed) return malformed(parsed.error(), nullptr);
  if (!parsed->is_object()) {
    return malformed({ErrorCode::kUsage, "request", "is no JSON object", "write {\"action\":\"cross\",...}"},
                     nullptr);
  }
  json::object object = std::move(parsed->get_object());
  std::optional<json::value> id;
  if (const json::value* given = object.if_contains("id")) {
    id = *given;
    object.erase("id");
  }
  const auto request = request_from_json(object, policy.pack().schema);
  if (!request) return malformed(request.error(), id ? &*id : nullptr);
  json::object answer;
  if (id) answer["id"] = *id;
  json::object said = answers == Answers::kDecision ? to_json(policy.decide(*request, today))
                                                    : to_json(explain(policy, *request, today));
  for (auto& member : said) answer[member.key()] = std::move(member.value());
  return {json::serialize(answer), true};
}

}  // namespace hetao::policy
