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

void TableReader::line(std::string_view text) {
  if (broken_ || text.empty()) return;
  if (!started_) {
    started_ = true;
    separator_ = text.find('\t') != std::string_view::npos                                              ? '\t'
                 : text.find(';') != std::string_view::npos && text.find(',') == std::string_view::npos ? ';'
                                                                                                        : ',';
    const std::vector<std::string> headings = table_fields(text, separator_);
    columns_ = headings.size();
    for (size_t i = 0; i < headings.size() && !column_; ++i) {
      if (std::find(kCountHeadings.begin(), kCountHeadings.end(), lower(headings[i])) != kCountHeadings.end())
        column_ = i;
    }
    return;
  }
  if (!column_) return;
  const std::vector<std::string> fields = table_fields(text, separator_);
  int64_t count = 0;
  const std::string field = fields.size() == columns_ ? lower(fields[*column_]) : std::string();
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), count);
  if (error != std::errc{} || end != field.data() + field.size() || field.empty()) {
    broken_ = true;
    return;
  }
  smallest_ = smallest_ ? std::min(*smallest_, count) : count;
}

std::optional<int64_t> TableReader::smallest_group() const {
  return broken_ ? std::nullopt : smallest_;
}

std::optional<int64_t> smallest_group(std::string_view text) {
  TableReader reader;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    reader.line(text.substr(0, end));
    if (!reader.counts()) return std::nullopt;
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return reader.smallest_group();
}

}  // namespace hetao::inspection
