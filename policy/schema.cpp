#include "policy/schema.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace hetao::policy {

namespace {

constexpr std::string_view kFindingsFamily = "inspection.findings.";
constexpr std::string_view kParameterFamily = "parameter.";

}  // namespace

const char* to_word(Type type) {
  switch (type) {
    case Type::kBoolean:
      return "boolean";
    case Type::kInteger:
      return "integer";
    case Type::kEnum:
      return "enum";
    case Type::kString:
      return "string";
    case Type::kPlace:
      return "place";
    case Type::kJurisdiction:
      return "jurisdiction";
    case Type::kDate:
      return "date";
    case Type::kSet:
      return "set";
  }
  return "";
}

const std::string& Words::in(std::string_view language) const {
  if (language == "zh-Hans" && !zh_hans.empty()) return zh_hans;
  if (language == "zh-Hant" && !zh_hant.empty()) return zh_hant;
  return en;
}

const Attribute* Schema::find(std::string_view name) const {
  const auto at = index_.find(name);
  return at == index_.end() ? nullptr : &attributes_[at->second];
}

std::optional<Attribute> Schema::resolve(std::string_view name) const {
  if (const Attribute* known = find(name)) return *known;
  if (!is_attribute_name(name)) return std::nullopt;
  Attribute member;
  member.name = name;
  member.built_in = true;
  if (name.starts_with(kFindingsFamily)) {
    member.type = Type::kInteger;
    member.change = Change::kFreely;
    const std::string kind(name.substr(kFindingsFamily.size()));
    member.title = {"findings of kind " + kind, kind + " 类检测结果数", kind + " 類檢測結果數"};
    return member;
  }
  if (name.starts_with(kParameterFamily)) {
    member.change = Change::kNever;
    member.title = {std::string(name), std::string(name), std::string(name)};
    return member;
  }
  return std::nullopt;
}

std::string Schema::nearest(std::string_view name) const {
  std::vector<std::string> names;
  names.reserve(attributes_.size());
  for (const Attribute& attribute : attributes_) names.push_back(attribute.name);
  return nearest_name(name, names);
}

Result<void> Schema::add(Attribute attribute) {
  if (!is_attribute_name(attribute.name))
    return fail(ErrorCode::kUsage, "attribute " + attribute.name, "is not a name",
                "use small letters, digits, - and _, in parts joined by dots");
  if (resolve(attribute.name) && !attribute.name.starts_with(kParameterFamily))
    return fail(ErrorCode::kUsage, "attribute " + attribute.name, "exists already");
  index_[attribute.name] = attributes_.size();
  attributes_.push_back(std::move(attribute));
  return {};
}

Result<void> Schema::extend(std::string_view name, const std::vector<std::string>& values) {
  const auto at = index_.find(name);
  if (at == index_.end()) return fail(ErrorCode::kNotFound, "attribute " + std::string(name), "is not known");
  std::vector<std::string>& known = attributes_[at->second].values;
  for (const std::string& value : values) {
    if (std::find(known.begin(), known.end(), value) == known.end()) known.push_back(value);
  }
  return {};
}

Result<void> Schema::set_absent(std::string_view name, const std::string& value) {
  const auto at = index_.find(name);
  const std::string what = "attribute " + std::string(name);
  if (at == index_.end()) return fail(ErrorCode::kNotFound, what, "is not known");
  Attribute& attribute = attributes_[at->second];
  if (attribute.type != Type::kEnum) return fail(ErrorCode::kUsage, what, "is no enum and takes no `absent`");
  if (std::find(attribute.values.begin(), attribute.values.end(), value) == attribute.values.end())
    return fail(ErrorCode::kUsage, what, "does not have the value \"" + printable(value) + "\"",
                "add it to `values`");
  attribute.absent = value;
  return {};
}

bool is_attribute_name(std::string_view name) {
  if (name.empty() || name.size() > 128 || name[0] < 'a' || name[0] > 'z' || name.back() == '.') return false;
  char before = '.';
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!plain && (c != '.' || before == '.')) return false;
    if (before == '.' && c == '.') return false;
    before = c;
  }
  return true;
}

bool is_jurisdiction(std::string_view text) {
  return text.size() == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z';
}

}  // namespace hetao::policy
