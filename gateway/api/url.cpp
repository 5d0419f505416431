#include "gateway/api/url.h"

#include "gateway/base/text.h"

namespace hetao::api {

std::optional<Query> Query::parse(std::string_view text) {
  Query query;
  for (const std::string& part : split(text, '&')) {
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    auto name = percent_decode(std::string_view(part).substr(0, equals), true);
    auto value = percent_decode(
        equals == std::string::npos ? std::string_view() : std::string_view(part).substr(equals + 1), true);
    if (!name || !value) return std::nullopt;
    query.fields_.emplace_back(std::move(*name), std::move(*value));
  }
  return query;
}

const std::string* Query::find(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string Query::get(std::string_view name) const {
  const std::string* value = find(name);
  return value == nullptr ? std::string() : *value;
}

std::vector<std::string> Query::all(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& [key, value] : fields_) {
    if (key == name) out.push_back(value);
  }
  return out;
}

}  // namespace hetao::api
