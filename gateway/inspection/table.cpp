#include "gateway/inspection/table.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace hetao::inspection {

namespace {

// Headings that say "this many individuals", in both scripts.
constexpr std::array<std::string_view, 12> kCountHeadings = {"n",        "count",       "counts", "subjects",
                                                             "patients", "individuals", "cases",  "人数",
                                                             "人數",     "例数",        "例數",   "计数"};

// Headings of what many people know of a person, and what tells people apart once several are put together.
constexpr std::array<std::string_view, 41> kTraitHeadings = {
    "age",        "age_group",  "age_band",       "sex",          "gender",      "birth",
    "birthday",   "birth_date", "date_of_birth",  "dob",          "birth_year",  "year_of_birth",
    "district",   "city",       "town",           "postcode",     "postal_code", "zip",
    "zip_code",   "address",    "ethnicity",      "ethnic_group", "race",        "nationality",
    "occupation", "profession", "marital_status", "religion",     "education",   "年龄",
    "年齡",       "性别",       "性別",           "出生日期",     "出生年份",    "地区",
    "地區",       "邮编",       "民族",           "职业",         "職業"};
constexpr size_t kGroupsMax = 1'000'000;  // a table with more is not grouped at all

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return c < 0x80 ? static_cast<char>(std::tolower(c)) : static_cast<char>(c);
  });
  while (!text.empty() && text.back() == ' ') text.pop_back();
  while (!text.empty() && text.front() == ' ') text.erase(text.begin());
  return text;
}

}  // namespace

std::vector<std::string> table_fields(std::string_view line, char separator) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        fields.back() += line[++i];
      } else {
        quoted = !quoted;
      }
    } else if (c == separator && !quoted) {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

void TableReader::heading(std::string_view text) {
  started_ = true;
  separator_ = text.find('\t') != std::string_view::npos                                              ? '\t'
               : text.find(';') != std::string_view::npos && text.find(',') == std::string_view::npos ? ';'
                                                                                                      : ',';
  const std::vector<std::string> headings = table_fields(text, separator_);
  columns_ = headings.size();
  const auto is_one_of = [](const auto& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (size_t i = 0; i < headings.size(); ++i) {
    std::string name = lower(headings[i]);
    if (!count_column_ && is_one_of(kCountHeadings, name)) count_column_ = i;
    std::replace(name.begin(), name.end(), ' ', '_');
    std::replace(name.begin(), name.end(), '-', '_');
    if (is_one_of(kTraitHeadings, name)) traits_.push_back(i);
  }
}

void TableReader::line(std::string_view text) {
  if (broken_ || text.empty()) return;
  if (!started_) return heading(text);
  if (!tells()) return;
  const std::vector<std::string> fields = table_fields(text, separator_);
  if (fields.size() != columns_) {
    broken_ = true;
    return;
  }
  int64_t count = 1;
  if (count_column_) {
    const std::string field = lower(fields[*count_column_]);
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), count);
    if (error != std::errc{} || end != field.data() + field.size() || field.empty()) {
      broken_ = true;
      return;
    }
    smallest_ = smallest_ ? std::min(*smallest_, count) : count;
  }
  if (traits_.empty()) return;
  std::string group;
  for (const size_t column : traits_) group += lower(fields[column]) + '\x1f';
  groups_[group] += std::max<int64_t>(count, 0);
  if (groups_.size() > kGroupsMax) broken_ = true;
}

GroupSizes TableReader::sizes() const {
  if (broken_) return {};
  GroupSizes sizes{smallest_, traits_.empty() ? smallest_ : std::nullopt};
  for (const auto& [group, people] : groups_)
    sizes.anonymity = std::min(sizes.anonymity.value_or(people), people);
  return sizes;
}

GroupSizes group_sizes(std::string_view text) {
  TableReader reader;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    reader.line(text.substr(0, end));
    if (!reader.tells()) return {};
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return reader.sizes();
}

}  // namespace hetao::inspection
