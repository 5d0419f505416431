#include "gateway/base/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <numeric>

namespace hetao {

std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = (byte == '\n' || byte == '\t') ? ' ' : '?';
  }
  return out;
}

std::string readable(std::string_view bytes, size_t bytes_max) {
  if (bytes.size() <= bytes_max && is_utf8(bytes)) return printable(bytes);
  std::string out;
  out.reserve(std::min(bytes.size(), bytes_max));
  for (size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    const bool whole = is_utf8(bytes.substr(i, length));
    const std::string_view next = whole ? bytes.substr(i, length) : std::string_view("?");
    if (out.size() + next.size() > bytes_max) break;
    out += next;
    i += next.size();
  }
  return printable(out);
}

std::string to_utf8(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string out;
  for (size_t i = 0; i < bytes.size();) {
    size_t length = 1;
    while (length <= 4 && !is_utf8(bytes.substr(i, length))) ++length;
    const bool whole = length <= 4;
    out += whole ? bytes.substr(i, length) : std::string_view("\xEF\xBF\xBD");
    i += whole ? length : 1;
  }
  return out;
}

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    // Most text is ASCII: eight characters at once.
    uint64_t word = 0;
    if (text.size() - i >= sizeof word) {
      std::memcpy(&word, text.data() + i, sizeof word);
      if ((word & 0x8080808080808080U) == 0) {
        i += sizeof word;
        continue;
      }
    }
    const auto lead = static_cast<unsigned char>(text[i]);
    size_t length = 1;
    unsigned code = lead;
    if (lead >= 0xf0) {
      length = 4;
      code = lead & 0x07U;
    } else if (lead >= 0xe0) {
      length = 3;
      code = lead & 0x0fU;
    } else if (lead >= 0xc0) {
      length = 2;
      code = lead & 0x1fU;
    } else if (lead >= 0x80) {
      return false;
    }
    if (lead > 0xf4 || i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0U) != 0x80U) return false;
      code = (code << 6U) | (next & 0x3fU);
    }
    static constexpr std::array<unsigned, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kSmallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
    i += length;
  }
  return true;
}

namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// One pattern element at `p`: says whether it accepts `c`, and moves `p` past the element.
bool element_accepts(std::string_view pattern, size_t& p, char c) {
  if (pattern[p] == '?') return ++p, true;
  if (pattern[p] == '\\' && p + 1 < pattern.size()) {
    const bool same = pattern[p + 1] == c;
    p += 2;
    return same;
  }
  const size_t close = pattern[p] == '[' ? pattern.find(']', p + 2) : std::string_view::npos;
  if (close == std::string_view::npos) return pattern[p++] == c;
  size_t q = p + 1;
  const bool negated = pattern[q] == '!' || pattern[q] == '^';
  if (negated) ++q;
  bool inside = false;
  while (q < close) {
    if (q + 2 < close && pattern[q + 1] == '-') {
      inside = inside || (pattern[q] <= c && c <= pattern[q + 2]);
      q += 3;
    } else {
      inside = inside || pattern[q] == c;
      ++q;
    }
  }
  p = close + 1;
  return inside != negated;
}

}  // namespace

std::string nearest_name(std::string_view name, std::span<const std::string> candidates) {
  const size_t limit = std::max<size_t>(2, name.size() / 3);
  size_t best = limit + 1;
  std::string found;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(name.substr(0, 128), std::string_view(candidate).substr(0, 128));
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

bool glob_match(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
      continue;
    }
    if (p < pattern.size() && element_accepts(pattern, p, text[t])) {
      ++t;
      continue;
    }
    if (star == std::string_view::npos) return false;
    p = star + 1;
    t = ++resume;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  size_t start = 0;
  while (true) {
    const size_t end = text.find(separator, start);
    if (end == std::string_view::npos) return parts.emplace_back(text.substr(start)), parts;
    parts.emplace_back(text.substr(start, end - start));
    start = end + 1;
  }
}

std::string human_bytes(unsigned long long bytes) {
  static constexpr std::array<const char*, 6> kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", value, kUnits[unit]);
  return text.data();
}

}  // namespace hetao
