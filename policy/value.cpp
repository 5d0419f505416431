#include "policy/value.h"

#include "gateway/base/text.h"

namespace hetao::policy {

std::string to_text(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return "[" + join(std::get<std::vector<std::string>>(value), ", ") + "]";
}

json::value to_json(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* number = std::get_if<int64_t>(&value)) return *number;
  if (const auto* text = std::get_if<std::string>(&value)) return json::value(*text);
  json::array out;
  for (const std::string& member : std::get<std::vector<std::string>>(value)) out.emplace_back(member);
  return out;
}

}  // namespace hetao::policy
