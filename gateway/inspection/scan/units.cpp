#include "gateway/inspection/scan/units.h"

#include <algorithm>
#include <array>
#include <optional>

namespace hetao::inspection {

namespace {

using namespace std::string_view_literals;

constexpr size_t kTagBytesMax = 1'024;
constexpr size_t kBackslashesMax = 8;
constexpr size_t kColourBytesMax = 32;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_high(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}
uint32_t byte_at(std::string_view text, size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
}

int hex_value(char c) {
  return is_digit(c)            ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

// Digits in hexadecimal, `least` to `most` of them; nothing else is a number.
std::optional<uint32_t> hex_number(std::string_view text, size_t at, size_t least, size_t most,
                                   size_t& used) {
  uint32_t value = 0;
  used = 0;
  while (used < most && at + used < text.size() && hex_value(text[at + used]) >= 0)
    value = value * 16 + static_cast<uint32_t>(hex_value(text[at + used++]));
  return used >= least ? std::optional(value) : std::nullopt;
}

// What has no width of its own: zero-width blanks and joiners, marks of direction, soft hyphens, variation
// selectors, the frame of a key.
bool is_widthless(uint32_t code) {
  return (code >= 0x200b && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || code == 0xad || code == 0x34f ||
         code == 0x61c || (code >= 0x180b && code <= 0x180e) || (code >= 0xfe00 && code <= 0xfe0f) ||
         code == 0x20e3 || code == 0x115f || code == 0x1160 || code == 0x3164;
}

bool is_wide_blank(uint32_t code) {
  return code == 0x3000 || code == 0xa0 || (code >= 0x2000 && code <= 0x200a) || code == 0x202f ||
         code == 0x205f;
}
bool is_wide_dash(uint32_t code) {
  return (code >= 0x2010 && code <= 0x2015) || code == 0x2212 || code == 0xfe58 || code == 0xfe63 ||
         code == 0xff0d;
}

// Rows of ten digits, from 0 on: Arabic, Persian, Indian, Thai, Tibetan and others.
constexpr std::array<uint32_t, 18> kZeros = {0x660, 0x6f0, 0x966,  0x9e6,  0xa66,  0xae6,
                                             0xb66, 0xbe6, 0xc66,  0xce6,  0xd66,  0xe50,
                                             0xed0, 0xf20, 0x1040, 0x17e0, 0x1810, 0xa620};

// Other shapes of ASCII: full-width, mathematical, raised, lowered and circled digits, wide blanks and
// dashes.
uint32_t plain_of(uint32_t code) {
  if (code < 0x80) return code;
  // Most letters of other scripts, at once: Latin to Hebrew, and Chinese.
  if (code > 0xff && code < 0x61c && code != 0x34f) return code;
  if (code > 0x3164 && code < 0xa620) return code;
  if (is_widthless(code)) return kNothing;
  if (is_wide_blank(code)) return ' ';
  if (is_wide_dash(code)) return '-';
  if (code >= 0xff01 && code <= 0xff5e) return code - 0xff01 + '!';
  if (code >= 0x1d7ce && code <= 0x1d7ff) return '0' + (code - 0x1d7ce) % 10;
  if (code >= 0x2460 && code <= 0x2468) return '1' + code - 0x2460;
  if (code >= 0x2474 && code <= 0x247c) return kBracketed + 1 + code - 0x2474;
  if (code >= 0x2776 && code <= 0x277e) return '1' + code - 0x2776;
  if (code >= 0x2780 && code <= 0x2788) return '1' + code - 0x2780;
  if (code >= 0x278a && code <= 0x2792) return '1' + code - 0x278a;
  if (code == 0x24ea || code == 0x24ff) return '0';
  if (code == 0x2070 || (code >= 0x2074 && code <= 0x2079)) return '0' + code - 0x2070;
  if (code >= 0x2080 && code <= 0x2089) return '0' + code - 0x2080;
  if (code == 0xb2 || code == 0xb3) return '0' + code - 0xb0;
  if (code == 0xb9) return '1';
  for (const uint32_t zero : kZeros) {
    if (code >= zero && code < zero + 10) return '0' + code - zero;
  }
  return code;
}

// The length of a whole UTF-8 character of two bytes and more; 0: there is none.
size_t utf8_at(std::string_view text, size_t at, uint32_t& code) {
  const uint32_t first = byte_at(text, at);
  const size_t bytes = first >= 0xf5 ? 0 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (bytes == 0 || at + bytes > text.size()) return 0;
  code = first & (0x7fU >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    const uint32_t byte = byte_at(text, at + i);
    if ((byte & 0xc0U) != 0x80) return 0;
    code = code << 6U | (byte & 0x3fU);
  }
  return bytes;
}

// Full-width characters in GBK (A3 and the character with its top bit set) and Big5, as ASCII; 0: none.
uint32_t double_byte_plain(uint32_t first, uint32_t second) {
  if (first == 0xa3 && second >= 0xa1 && second <= 0xfe && second != 0xa4) return second - 0x80;
  if (first == 0xa1 && second == 0xa1) return ' ';
  if (first == 0xa2 && second >= 0xaf && second <= 0xb8) return '0' + second - 0xaf;
  if (first == 0xa2 && second >= 0xcf && second <= 0xe8) return 'A' + second - 0xcf;
  if (first == 0xa2 && second >= 0xe9 && second <= 0xfe) return 'a' + second - 0xe9;
  return 0;
}
bool is_double_byte_digit(std::string_view text, size_t at) {
  const uint32_t plain = double_byte_plain(byte_at(text, at), byte_at(text, at + 1));
  return plain >= '0' && plain <= '9';
}

Unit backslash_unit(std::string_view text, size_t at) {
  // JSON in JSON escapes the backslash again, and again.
  size_t next = at + 1;
  while (next < text.size() && text[next] == '\\' && next - at < kBackslashesMax) ++next;
  const char kind = next < text.size() ? text[next] : '\0';
  const size_t head = next + 1 - at;
  size_t used = 0;
  if (kind == 'x') {
    const auto code = hex_number(text, next + 1, 2, 2, used);
    return code ? Unit{head + 2, *code, true} : Unit{};
  }
  if (kind >= '0' && kind <= '3') {  // three octal digits
    uint32_t code = 0;
    for (size_t i = 0; i < 3; ++i) {
      const uint32_t digit = byte_at(text, next + i) - '0';
      if (digit > 7) return {};
      code = code * 8 + digit;
    }
    return {head + 2, code, true};
  }
  if (kind != 'u' && kind != 'U') return {};
  if (kind == 'u' && next + 1 < text.size() && text[next + 1] == '{') {
    const auto code = hex_number(text, next + 2, 1, 6, used);
    const bool closed = code && next + 2 + used < text.size() && text[next + 2 + used] == '}';
    return closed ? Unit{head + used + 2, *code} : Unit{};
  }
  const size_t digits = kind == 'u' ? 4 : 8;
  auto code = hex_number(text, next + 1, digits, digits, used);
  if (!code) return {};
  size_t bytes = head + digits;
  if (*code >= 0xd800 && *code < 0xdc00 && at + bytes < text.size() && text[at + bytes] == '\\') {
    const Unit low = backslash_unit(text, at + bytes);
    if (low.bytes > 0 && low.code >= 0xdc00 && low.code < 0xe000) {
      code = 0x10000 + ((*code - 0xd800) << 10U) + (low.code - 0xdc00);
      bytes += low.bytes;
    }
  }
  return {bytes, *code};
}

// Names of what may stand in or round an identifier.
struct Named {
  std::string_view name;
  uint32_t code;
};
constexpr auto kNamed = std::to_array<Named>(
    {{"nbsp;", ' '},     {"ensp;", ' '},     {"emsp;", ' '},      {"thinsp;", ' '},
     {"shy;", kNothing}, {"zwj;", kNothing}, {"zwnj;", kNothing}, {"ZeroWidthSpace;", kNothing},
     {"commat;", '@'},   {"period;", '.'},   {"lpar;", '('},      {"rpar;", ')'},
     {"hyphen;", '-'},   {"dash;", '-'},     {"ndash;", '-'},     {"minus;", '-'},
     {"plus;", '+'},     {"amp;", '&'},      {"lt;", '<'},        {"gt;", '>'},
     {"colon;", ':'},    {"lowbar;", '_'}});

Unit entity_unit(std::string_view text, size_t at) {
  if (at + 3 >= text.size()) return {};
  if (text[at + 1] != '#') {
    for (const Named& named : kNamed) {
      if (text.substr(at + 1).starts_with(named.name)) return {named.name.size() + 1, named.code};
    }
    return {};
  }
  const bool hex = text[at + 2] == 'x' || text[at + 2] == 'X';
  size_t i = at + (hex ? 3 : 2);
  size_t used = 0;
  uint32_t code = 0;
  if (hex) {
    const auto value = hex_number(text, i, 1, 8, used);
    if (!value) return {};
    code = *value;
  } else {
    while (used < 9 && i + used < text.size() && is_digit(text[i + used]))
      code = code * 10 + static_cast<uint32_t>(text[i + used++] - '0');
    if (used == 0) return {};
  }
  i += used;
  return {i - at + (i < text.size() && text[i] == ';' ? 1U : 0U), code};
}

Unit percent_unit(std::string_view text, size_t at) {
  size_t used = 0;
  if (byte_at(text, at + 1) == 'u') {  // what escape() of JavaScript writes
    const auto code = hex_number(text, at + 2, 4, 4, used);
    return code ? Unit{6, *code} : Unit{};
  }
  const auto code = hex_number(text, at + 1, 2, 2, used);
  return code ? Unit{3, *code, true} : Unit{};
}

// Quoted-printable: a byte beside another one, or a line that goes on.
Unit quoted_unit(std::string_view text, size_t at, bool after_quoted) {
  const char next = static_cast<char>(byte_at(text, at + 1));
  if (next == '\n') return {2, kNothing};
  if (next == '\r' && byte_at(text, at + 2) == '\n') return {3, kNothing};
  size_t used = 0;
  const auto code = hex_number(text, at + 1, 2, 2, used);
  if (!code) return {};
  if (*code == '=') return {3, *code, true};
  const bool before_quoted = byte_at(text, at + 3) == '=' && hex_number(text, at + 4, 2, 2, used);
  return before_quoted || after_quoted ? Unit{3, *code, true} : Unit{};
}

// What a terminal colours text with.
Unit colour_unit(std::string_view text, size_t at) {
  size_t end = at + 2;
  if (byte_at(text, at + 1) != '[') return {};
  while (end < text.size() && end - at < kColourBytesMax && (is_digit(text[end]) || text[end] == ';')) ++end;
  const uint32_t last = byte_at(text, end) | 0x20U;
  return last >= 'a' && last <= 'z' ? Unit{end + 1 - at, kNothing} : Unit{};
}

// NULs behind a plain character: UTF-16 or UTF-32 among other bytes.
Unit nul_unit(std::string_view text, size_t at) {
  size_t nuls = 1;
  while (nuls < 3 && at + nuls < text.size() && text[at + nuls] == '\0') ++nuls;
  const bool between = at > 0 && at + nuls < text.size() && text[at - 1] > ' ' && text[at + nuls] > ' ';
  return between && nuls != 2 ? Unit{nuls, kNothing} : Unit{};
}

// A tag inside a paragraph is nothing; one that ends a paragraph, cell or line is a line end.
Unit tag_unit(std::string_view text, size_t at) {
  const size_t end = text.substr(at, kTagBytesMax).find('>');
  if (end == std::string_view::npos) return {};
  std::string_view name = text.substr(at + 1, end - 1);
  if (name.starts_with('/')) name.remove_prefix(1);
  name = name.substr(0, name.find_first_of(" \t\r\n/"));
  if (const size_t colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
  static constexpr std::array<std::string_view, 19> kBlocks = {
      "p",  "tc",  "tr", "br",  "td",         "th", "div",        "li",    "h1",    "h2",
      "si", "row", "c",  "tab", "table-cell", "h",  "line-break", "title", "option"};
  const bool block = std::find(kBlocks.begin(), kBlocks.end(), name) != kBlocks.end();
  return {end + 1, block ? uint32_t{'\n'} : kNothing};
}

Unit high_unit(std::string_view text, size_t at) {
  uint32_t code = 0;
  const size_t bytes = utf8_at(text, at, code);
  // The halves of two characters in GBK may look like one in UTF-8: then full-width digits follow that begin
  // inside it.
  const bool halves = bytes == 3 && is_double_byte_digit(text, at + 2) && is_double_byte_digit(text, at + 4);
  if (bytes > 0 && !halves) return {bytes, code, false, plain_of(code) != code};
  const uint32_t first = byte_at(text, at);
  const uint32_t second = byte_at(text, at + 1);
  if (second < 0x80) return {};
  const uint32_t plain = double_byte_plain(first, second);
  if (plain != 0) return {2, plain};
  return first >= 0x81 && first != 0xff ? Unit{2, 0, false, false} : Unit{};
}

}  // namespace

Unit unit_at(std::string_view text, size_t at, bool markup, bool after_quoted) {
  Unit unit;
  const char c = text[at];
  if (is_high(c)) {
    unit = high_unit(text, at);
  } else if (c == '\\') {
    unit = backslash_unit(text, at);
  } else if (c == '%') {
    unit = percent_unit(text, at);
  } else if (c == '\x1b') {
    unit = colour_unit(text, at);
  } else if (c == '=') {
    unit = quoted_unit(text, at, after_quoted);
  } else if (c == '<' && markup) {
    unit = tag_unit(text, at);
  } else if (c == '&') {
    unit = entity_unit(text, at);
  } else if (c == '\0') {
    unit = nul_unit(text, at);
  }
  if (unit.bytes > 0 && unit.changes && !unit.raw_byte && unit.code != kNothing)
    unit.code = plain_of(unit.code);
  return unit;
}

size_t wide_separator_at(std::string_view text, size_t at) {
  switch (byte_at(text, at)) {  // most characters are none
    case 0xc2:
    case 0xe2:
    case 0xe3:
    case 0xef:
    case 0xa1:
    case 0xa3:
      break;
    default:
      return 0;
  }
  uint32_t code = 0;
  if (const size_t bytes = utf8_at(text, at, code); bytes > 0)
    return is_wide_blank(code) || is_wide_dash(code) ? bytes : 0;
  const std::string_view two = text.substr(std::min(at, text.size()), 2);
  for (const std::string_view shape : {"\xa1\xa1"sv, "\xa3\xad"sv}) {
    if (two == shape) return 2;
  }
  return 0;
}

bool is_wide_letter(std::string_view text, size_t at) {
  const uint32_t second = byte_at(text, at + 1);
  if (byte_at(text, at) == 0xef) {  // U+FF21 to U+FF3A, U+FF41 to U+FF5A
    const uint32_t third = byte_at(text, at + 2);
    return (second == 0xbc && third >= 0xa1 && third <= 0xba) ||
           (second == 0xbd && third >= 0x81 && third <= 0x9a);
  }
  const uint32_t plain = double_byte_plain(byte_at(text, at), second) | 0x20U;
  return plain >= 'a' && plain <= 'z';
}

}  // namespace hetao::inspection
