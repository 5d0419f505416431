#include <algorithm>

#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao::api {

bool may_see(const Caller& caller, const pb::Job& job) {
  if (caller.has(Role::kAuditor) || caller.has(Role::kReviewer)) return true;
  return caller.has(Role::kSubmitter) && job.submitter().tenant() == caller.tenant;
}

io::HttpResponse no_such(const char* thing, std::string_view id, const char* hint) {
  return problem({ErrorCode::kNotFound, std::string(thing) + " " + printable(id.substr(0, 128)),
                  "is not known here", hint});
}

Result<int64_t> number_query(const Query& query, std::string_view name, int64_t least, int64_t most,
                             int64_t otherwise) {
  const std::string* text = query.find(name);
  if (text == nullptr) return otherwise;
  const bool digits = !text->empty() && text->size() <= 18 &&
                      std::all_of(text->begin(), text->end(), [](char ch) { return ch >= '0' && ch <= '9'; });
  const int64_t value = digits ? std::stoll(*text) : -1;
  if (!digits || value < least || value > most) {
    return fail(ErrorCode::kUsage, "parameter " + std::string(name), "is out of range",
                "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

Result<json::object> object_body(const io::HttpRequest& request, const std::vector<std::string>& known) {
  auto value = parse_json(request.body, "request body", limits::kTaskBytesMax);
  if (!value) return fail(value.error());
  if (!value->is_object()) return fail(ErrorCode::kUsage, "request body", "is no JSON object");
  for (const auto& member : value->get_object()) {
    const std::string key(member.key());
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string near = nearest_name(key, known);
    return fail(ErrorCode::kUsage, "/" + printable(key.substr(0, 64)), "unknown member",
                near.empty() ? "one of " + join(known, ", ") : "did you mean \"" + near + "\"?");
  }
  return std::move(value->get_object());
}

Result<std::string> text_member(const json::object& object, std::string_view name, bool needed,
                                size_t bytes_max) {
  const json::value* value = object.if_contains(name);
  const std::string pointer = "/" + std::string(name);
  if (value == nullptr || value->is_null()) {
    if (needed) return fail(ErrorCode::kUsage, pointer, "is missing");
    return std::string();
  }
  if (!value->is_string()) return fail(ErrorCode::kUsage, pointer, "is no string");
  const json::string& text = value->get_string();
  if (needed && text.empty()) return fail(ErrorCode::kUsage, pointer, "is empty");
  if (text.size() > bytes_max || text.find('\0') != json::string::npos) {
    return fail(ErrorCode::kUsage, pointer, "is too long or holds a NUL",
                "at most " + std::to_string(bytes_max) + " bytes");
  }
  return std::string(text);
}

Result<std::string> project_of(const Context& c) {
  const auto in_path = c.path.find("project");
  std::string name = in_path != c.path.end() ? in_path->second : c.query.get("project");
  const bool plain = name.size() <= 128 && printable(name) == name;
  if (!plain || (in_path != c.path.end() && name.empty())) {
    return fail(ErrorCode::kUsage, "project", "is no name of a project", "letters, digits, '-', '_', '.'");
  }
  return name;
}

}  // namespace hetao::api
