#include "gateway/api/range.h"

#include <algorithm>
#include <optional>

namespace hetao::api {

namespace {

std::optional<uint64_t> number(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

}  // namespace

ByteRange read_range(std::string_view header, uint64_t size) {
  static constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit) || header.find(',') != std::string_view::npos) return {};
  header.remove_prefix(kUnit.size());
  const size_t dash = header.find('-');
  if (dash == std::string_view::npos) return {};
  const auto first = number(header.substr(0, dash));
  const auto last = number(header.substr(dash + 1));
  if (!first && dash != 0) return {};
  if (!last && dash + 1 != header.size()) return {};
  if (!first && !last) return {};
  if (!first) {  // the last N bytes
    if (*last == 0 || size == 0) return {ByteRange::Kind::kNone, 0, 0};
    return {ByteRange::Kind::kPart, size - std::min(*last, size), size - 1};
  }
  if (last && *last < *first) return {};
  if (*first >= size) return {ByteRange::Kind::kNone, 0, 0};
  return {ByteRange::Kind::kPart, *first, last ? std::min(*last, size - 1) : size - 1};
}

std::string content_range(const ByteRange& range, uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" +
         std::to_string(size);
}

}  // namespace hetao::api
