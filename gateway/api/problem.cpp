#include "gateway/api/problem.h"

#include <boost/json/serialize.hpp>

#include "gateway/api/views.h"
#include "gateway/base/text.h"

namespace hetao::api {

namespace {

constexpr size_t kReasonBytesMax = 240;  // some clients cut long status lines

json::object document(int status, const Error& error) {
  json::object out;
  out["type"] = std::string("urn:hetao:problem:") + to_word(error.code);
  out["title"] = std::string(io::http_reason(status));
  out["status"] = status;
  out["detail"] = error.what.empty() ? error.why : error.what + ": " + error.why;
  out["code"] = to_word(error.code);
  if (!error.hint.empty()) out["hint"] = error.hint;
  return out;
}

io::HttpResponse answer(int status, const json::object& body) {
  io::HttpResponse response = json_answer(body, status);
  response.headers.set("Content-Type", "application/problem+json");
  if (status == 401) response.headers.set("WWW-Authenticate", "Bearer realm=\"hetao\"");
  return response;
}

// One line of visible ASCII: what a status line may hold.
std::string phrase(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kReasonBytesMax)) out += c >= 0x20 && c < 0x7f ? c : '?';
  return out;
}

}  // namespace

io::HttpResponse json_answer(const json::value& body, int status) {
  io::HttpResponse response;
  response.status = status;
  response.headers.set("Content-Type", "application/json");
  response.headers.set("Cache-Control", "no-store");
  response.body = json::serialize(body);
  return response;
}

io::HttpResponse text_answer(std::string body, int status, std::string_view type) {
  io::HttpResponse response;
  response.status = status;
  response.headers.set("Content-Type", std::string(type));
  response.body = std::move(body);
  return response;
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kFailed:
      return 409;
    case ErrorCode::kUsage:
      return 400;
    case ErrorCode::kForbidden:
    case ErrorCode::kHeld:
    case ErrorCode::kNotAllowed:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kVerification:
      return 422;
    case ErrorCode::kUnreachable:
      return 503;
  }
  return 500;
}

io::HttpResponse problem(const Error& error) {
  return problem(status_of(error.code), error);
}

io::HttpResponse problem(int status, const Error& error) {
  return answer(status, document(status, error));
}

io::HttpResponse problem(const tes::Mistakes& mistakes) {
  const std::string more =
      mistakes.size() > 1 ? " (and " + std::to_string(mistakes.size() - 1) + " more)" : "";
  json::object body = document(400, {ErrorCode::kUsage, "task", to_line(mistakes.front()) + more, {}});
  json::array list;
  for (const tes::Mistake& mistake : mistakes) {
    json::object one;
    one["pointer"] = mistake.pointer;
    one["message"] = mistake.message;
    if (!mistake.expected.empty()) one["expected"] = mistake.expected;
    if (!mistake.hint.empty()) one["hint"] = mistake.hint;
    list.push_back(std::move(one));
  }
  body["mistakes"] = std::move(list);
  io::HttpResponse response = answer(400, body);
  response.reason = phrase("Bad Request: " + to_line(mistakes.front()));
  return response;
}

io::HttpResponse refusal(const Error& error, const pb::Verdict& verdict, const std::string& decision_id) {
  json::object body = document(403, error);
  body["verdict"] = to_json(verdict);
  body["decision_id"] = decision_id;
  std::string rules;
  for (const pb::RuleRef& rule : verdict.rules()) rules += (rules.empty() ? "" : ", ") + rule.id();
  io::HttpResponse response = answer(403, body);
  response.reason = phrase("Forbidden by " + (rules.empty() ? verdict.reason() : rules) + " (decision " +
                           decision_id + ")");
  return response;
}

io::HttpResponse plain_not_found() {
  return text_answer("not found\n", 404);
}

}  // namespace hetao::api
