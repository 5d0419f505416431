#include "policy/request.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/base/time.h"

namespace hetao::policy {

namespace {

auto position(auto& attributes, std::string_view name) {
  return std::lower_bound(attributes.begin(), attributes.end(), name,
                          [](const Request::Attribute& a, std::string_view n) { return a.first < n; });
}

std::string expected_of(const Attribute& attribute) {
  switch (attribute.type) {
    case Type::kBoolean:
      return "true or false";
    case Type::kInteger:
      return "a whole number";
    case Type::kEnum:
      return "one of " + join(attribute.values, ", ");
    case Type::kString:
    case Type::kPlace:
      return "a text";
    case Type::kJurisdiction:
      return "two capital letters such as CN or HK";
    case Type::kDate:
      return "a day such as 2026-11-23";
    case Type::kSet:
      return "a list of texts";
  }
  return {};
}

bool fits(const Attribute& attribute, const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  switch (attribute.type) {
    case Type::kBoolean:
      return std::holds_alternative<bool>(value);
    case Type::kInteger:
      return std::holds_alternative<int64_t>(value);
    case Type::kEnum:
      return text != nullptr &&
             std::find(attribute.values.begin(), attribute.values.end(), *text) != attribute.values.end();
    case Type::kString:
    case Type::kPlace:
      return text != nullptr;
    case Type::kJurisdiction:
      return text != nullptr && is_jurisdiction(*text);
    case Type::kDate:
      return text != nullptr && parse_date(*text).has_value();
    case Type::kSet:
      return std::holds_alternative<std::vector<std::string>>(value);
  }
  return false;
}

Result<Value> value_from_json(std::string_view name, const json::value& value) {
  if (value.is_bool()) return Value(value.get_bool());
  if (value.is_int64()) return Value(int64_t{value.get_int64()});
  if (value.is_string()) return Value(std::string(value.get_string()));
  const std::string what = "attribute " + std::string(name);
  if (!value.is_array()) {
    return fail(ErrorCode::kUsage, what, "has a value that no attribute takes",
                "use true, false, a whole number, a text or a list of texts");
  }
  std::vector<std::string> members;
  for (const json::value& member : value.get_array()) {
    if (!member.is_string()) return fail(ErrorCode::kUsage, what, "a list may hold texts only");
    members.emplace_back(member.get_string());
  }
  return Value(std::move(members));
}

// All built-in numbers are counts, but for the days that a mechanism has left.
Result<void> check_count(std::string_view name, const Value& value, const Schema& schema) {
  const auto* number = std::get_if<int64_t>(&value);
  const auto attribute = schema.resolve(name);
  const bool is_count =
      attribute && attribute->built_in && attribute->type == Type::kInteger && name != "mechanism.days_left";
  if (number == nullptr || *number >= 0 || !is_count) return {};
  return fail(ErrorCode::kUsage, "attribute " + std::string(name),
              "is " + std::to_string(*number) + "; expected a whole number of at least 0");
}

}  // namespace

void Request::set(std::string_view name, Value value) {
  if (auto* members = std::get_if<std::vector<std::string>>(&value)) {
    std::sort(members->begin(), members->end());
    members->erase(std::unique(members->begin(), members->end()), members->end());
  }
  const auto at = position(attributes_, name);
  if (at != attributes_.end() && at->first == name) {
    at->second = std::move(value);
  } else {
    attributes_.emplace(at, std::string(name), std::move(value));
  }
}

void Request::erase(std::string_view name) {
  const auto at = position(attributes_, name);
  if (at != attributes_.end() && at->first == name) attributes_.erase(at);
}

const Value* Request::find(std::string_view name) const {
  const auto at = position(attributes_, name);
  return at != attributes_.end() && at->first == name ? &at->second : nullptr;
}

Result<void> check_attribute(std::string_view name, const Value& value, const Schema& schema) {
  const auto attribute = schema.resolve(name);
  if (!attribute) {
    const std::string near = schema.nearest(name);
    return fail(ErrorCode::kUsage, "attribute " + std::string(name), "is not known",
                near.empty() ? "the pack's pack.yaml may declare it" : "did you mean " + near + "?");
  }
  // A parameter that the pack does not declare is tested by none of its rules: any value will do.
  if (name.starts_with("parameter.") && schema.find(name) == nullptr) return {};
  if (fits(*attribute, value)) return {};
  std::string hint;
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (attribute->type == Type::kSet) {
      hint = "write [\"" + *text + "\"]";
    } else if (const std::string near = nearest_name(*text, attribute->values); !near.empty()) {
      hint = "did you mean " + near + "?";
    }
  }
  return fail(ErrorCode::kUsage, "attribute " + std::string(name),
              "is " + printable(to_text(value)) + "; expected " + expected_of(*attribute), hint);
}

Result<Request> request_from_json(const json::object& object, const Schema& schema) {
  Request request;
  for (const auto& member : object) {
    if (member.value().is_null()) continue;
    auto value = value_from_json(member.key(), member.value());
    if (!value) return fail(value.error());
    if (auto checked = check_attribute(member.key(), *value, schema); !checked) return fail(checked.error());
    if (auto checked = check_count(member.key(), *value, schema); !checked) return fail(checked.error());
    request.set(member.key(), std::move(*value));
  }
  return request;
}

json::object to_json(const Request& request) {
  json::object out;
  for (const auto& [name, value] : request.attributes()) out[name] = to_json(value);
  return out;
}

}  // namespace hetao::policy
