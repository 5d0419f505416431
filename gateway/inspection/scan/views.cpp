#include "gateway/inspection/scan/views.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/inspection/scan/window_scan.h"

namespace hetao::inspection {

namespace {

constexpr size_t kEncodedBeforeBytes = 512;
constexpr size_t kEncodedBehindBytes = 1'024;
constexpr size_t kDenseBackBytes = 256;
constexpr size_t kFoldBeforeBytes = 160;
constexpr size_t kFoldBehindBytes = 160;
constexpr size_t kTagBytesMax = 1'024;

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

// A folded unit: what it stands for, and how many bytes it took. Zero: it is none.
struct Unit {
  uint32_t code = 0;
  size_t bytes = 0;
};
constexpr uint32_t kNothing = 0xffffffff;  // a character without width

Unit backslash_unit(std::string_view text, size_t at) {
  const char kind = at + 1 < text.size() ? text[at + 1] : '\0';
  const size_t digits = kind == 'u' ? 4 : kind == 'U' ? 8 : kind == 'x' ? 2 : 0;
  if (digits == 0) return {};
  size_t used = 0;
  if (kind == 'u' && at + 2 < text.size() && text[at + 2] == '{') {
    const auto code = hex_number(text, at + 3, 1, 6, used);
    return code && at + 3 + used < text.size() && text[at + 3 + used] == '}' ? Unit{*code, used + 4} : Unit{};
  }
  const auto code = hex_number(text, at + 2, digits, digits, used);
  return code ? Unit{*code, 2 + digits} : Unit{};
}

Unit entity_unit(std::string_view text, size_t at) {
  if (at + 3 >= text.size() || text[at + 1] != '#') return {};
  const bool hex = text[at + 2] == 'x' || text[at + 2] == 'X';
  size_t i = at + (hex ? 3 : 2);
  size_t used = 0;
  uint32_t code = 0;
  if (hex) {
    const auto value = hex_number(text, i, 1, 6, used);
    if (!value) return {};
    code = *value;
  } else {
    while (used < 7 && i + used < text.size() && is_digit(text[i + used]))
      code = code * 10 + static_cast<uint32_t>(text[i + used++] - '0');
    if (used == 0) return {};
  }
  i += used;
  return {code, i - at + (i < text.size() && text[i] == ';' ? 1U : 0U)};
}

bool is_widthless(uint32_t code) {
  return (code >= 0x200b && code <= 0x200f) || code == 0x2060 || code == 0xfeff || code == 0xad ||
         (code >= 0x202a && code <= 0x202e) || code == 0x180e || (code >= 0xfe00 && code <= 0xfe0f);
}

// Other shapes of ASCII: full-width, mathematical and Arabic digits, wide blanks and dashes.
uint32_t plain_of(uint32_t code) {
  if (is_widthless(code)) return kNothing;
  if (code >= 0xff01 && code <= 0xff5e) return code - 0xff01 + '!';
  if (code >= 0x1d7ce && code <= 0x1d7ff) return '0' + (code - 0x1d7ce) % 10;
  if (code >= 0x660 && code <= 0x669) return '0' + code - 0x660;
  if (code >= 0x6f0 && code <= 0x6f9) return '0' + code - 0x6f0;
  if (code == 0x3000 || code == 0xa0 || (code >= 0x2000 && code <= 0x200a)) return ' ';
  if (code >= 0x2010 && code <= 0x2015) return '-';
  return code;
}

size_t utf8_length(unsigned char first) {
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
}

Unit character_unit(std::string_view text, size_t at) {
  const size_t bytes = utf8_length(static_cast<unsigned char>(text[at]));
  if (bytes == 1 || at + bytes > text.size()) return {};
  uint32_t code = static_cast<unsigned char>(text[at]) & (0x7fU >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    const auto byte = static_cast<unsigned char>(text[at + i]);
    if ((byte & 0xc0U) != 0x80) return {};
    code = code << 6U | (byte & 0x3fU);
  }
  return plain_of(code) != code ? Unit{code, bytes} : Unit{};
}

// NULs behind a plain character: UTF-16 or UTF-32 among other bytes.
Unit nul_unit(std::string_view text, size_t at) {
  size_t nuls = 1;
  while (nuls < 3 && at + nuls < text.size() && text[at + nuls] == '\0') ++nuls;
  const bool between = at > 0 && at + nuls < text.size() && text[at - 1] > ' ' && text[at + nuls] > ' ';
  return between && nuls != 2 ? Unit{0x200b, nuls} : Unit{};
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
  return {block ? uint32_t{'\n'} : 0x200bU, end + 1};
}

Unit percent_unit(std::string_view text, size_t at) {
  size_t used = 0;
  const auto code = hex_number(text, at + 1, 2, 2, used);
  return code ? Unit{*code, 3} : Unit{};
}

void push_code(View& view, uint32_t code, size_t place) {
  if (code == kNothing) return;
  if (code < 0x80) return view.push(static_cast<char>(code), place, true);
  if (code < 0x800) {
    view.push(static_cast<char>(0xc0U | code >> 6U), place, true);
  } else {
    if (code < 0x10000) {
      view.push(static_cast<char>(0xe0U | code >> 12U), place, true);
    } else {
      view.push(static_cast<char>(0xf0U | (code >> 18U & 7U)), place, true);
      view.push(static_cast<char>(0x80U | (code >> 12U & 0x3fU)), place, true);
    }
    view.push(static_cast<char>(0x80U | (code >> 6U & 0x3fU)), place, true);
  }
  view.push(static_cast<char>(0x80U | (code & 0x3fU)), place, true);
}

constexpr std::array<int8_t, 256> kBase64 = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
  values['-'] = 62;
  values['_'] = 63;
  return values;
}();

int base64_value(char c) {
  return kBase64[static_cast<unsigned char>(c)];
}

bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}

}  // namespace

View fold(std::string_view text, size_t from, size_t until, bool markup) {
  View view;
  view.text.reserve(until - from + kMaskPadBytes);
  view.from.reserve(until - from + 1);
  view.changed.reserve(until - from);
  bool gap = false;  // something without width was left out in front of what comes
  for (size_t i = from; i < until;) {
    const char c = text[i];
    Unit unit;
    bool raw_byte = false;
    if (c == '\\') {
      unit = backslash_unit(text, i);
      raw_byte = unit.bytes == 4;  // \x31 names a byte
    } else if (c == '%') {
      unit = percent_unit(text, i);
      raw_byte = true;
    } else if (c == '<' && markup) {
      unit = tag_unit(text, i);
    } else if (c == '&') {
      unit = entity_unit(text, i);
    } else if (c == '\0') {
      unit = nul_unit(text, i);
    } else if (is_high(c)) {
      unit = character_unit(text, i);
    }
    if (unit.bytes == 0) {
      view.push(c, i, gap);
      gap = false;
      ++i;
      continue;
    }
    const uint32_t code = raw_byte ? unit.code : plain_of(unit.code);
    if (raw_byte) {
      view.push(static_cast<char>(unit.code), i, true);
    } else {
      push_code(view, code, i);
    }
    gap = code == kNothing;
    i += unit.bytes;
  }
  view.close(until);
  return view;
}

bool is_digit_quad(std::string_view quad) {
  return quad.size() == 4 && base64_value(quad[2]) >= 0 && base64_value(quad[2]) % 4 == 0 &&
         base64_value(quad[3]) >= 48;
}

View decode_base64_near(std::string_view text, size_t quad) {
  View view;
  view.encoding = 0;
  // Back by whole quads; line ends in between do not count.
  size_t begin = quad;
  size_t taken = 0;
  for (size_t i = quad; i > 0 && quad - i < kEncodedBeforeBytes;) {
    --i;
    if (is_line_end(text[i])) continue;
    if (base64_value(text[i]) < 0) break;
    if (++taken % 4 == 0) begin = i;
  }
  uint32_t bits = 0;
  int count = 0;
  size_t place = begin;
  size_t i = begin;
  view.reserve(kEncodedBeforeBytes + kEncodedBehindBytes);
  for (; i < text.size() && i - quad + kEncodedBeforeBytes < kEncodedBehindBytes + kEncodedBeforeBytes; ++i) {
    if (is_line_end(text[i])) continue;
    const int value = base64_value(text[i]);
    if (value < 0) break;
    if (count == 0) place = i;
    bits = bits << 6U | static_cast<uint32_t>(value);
    if (++count < 4) continue;
    for (const unsigned shift : {16U, 8U, 0U}) view.push(static_cast<char>(bits >> shift), place, true);
    bits = 0;
    count = 0;
  }
  if (count >= 2) view.push(static_cast<char>(bits >> (count == 2 ? 4U : 10U)), place, true);
  if (count == 3) view.push(static_cast<char>(bits >> 2U), place, true);
  view.close(i);
  return view;
}

View decode_hex_near(std::string_view text, size_t pair, bool separated) {
  View view;
  view.encoding = 1;
  const size_t step = separated ? 3 : 2;
  // Together, the pairs' phase is that of the threes: find it first.
  if (!separated) {
    size_t threes[2] = {0, 0};
    for (size_t i = 0; i < 32 && pair + i < text.size() && is_digit(text[pair + i]); ++i)
      threes[i % 2] += text[pair + i] == '3' ? 1U : 0U;
    if (threes[1] > threes[0]) ++pair;
  }
  const auto is_pair = [&](size_t i) {
    return i + 1 < text.size() && hex_value(text[i]) >= 0 && hex_value(text[i + 1]) >= 0 &&
           (!separated || i + 2 >= text.size() || hex_value(text[i + 2]) < 0);
  };
  size_t begin = pair;
  while (begin >= step && pair - begin < kEncodedBeforeBytes && is_pair(begin - step)) begin -= step;
  size_t i = begin;
  for (; i < pair + kEncodedBehindBytes && is_pair(i); i += step)
    view.push(static_cast<char>(hex_value(text[i]) * 16 + hex_value(text[i + 1])), i, true);
  view.close(std::min(i, text.size()));
  return view;
}

namespace {

using namespace std::string_view_literals;

bool is_packed(std::string_view head) {
  static constexpr std::array kMagics = {"\x1f\x8b\x08"sv,     "PK\x03\x04"sv, "BZh"sv,  "\xfd\x37zXZ"sv,
                                         "\x28\xb5\x2f\xfd"sv, "7z\xbc\xaf"sv, "%PDF"sv, "\xff\xfe"sv,
                                         "SQLite f"sv,         "PAR1"sv};
  return std::any_of(kMagics.begin(), kMagics.end(),
                     [head](std::string_view magic) { return head.starts_with(magic); });
}

// Whole UTF-8, but for the character that the cut may have halved.
bool is_text(std::string_view head) {
  for (size_t cut = 0; cut < 4 && cut < head.size(); ++cut) {
    if (is_utf8(head.substr(0, head.size() - cut))) return head.find('\0') == std::string_view::npos;
  }
  return false;
}

}  // namespace

bool begins_like_content(std::string_view base64) {
  size_t used = 0;
  // The first few bytes refuse most of what is none.
  const std::string first = decode_base64_run(base64.substr(0, 24), 12, used);
  if (first.size() < 12) return false;
  if (is_packed(first)) return true;
  return is_text(first) && is_text(decode_base64_run(base64.substr(0, 96), 48, used));
}

std::string decode_base64_run(std::string_view text, size_t bytes_max, size_t& used) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (used = 0; used < text.size() && out.size() < bytes_max; ++used) {
    if (is_line_end(text[used])) continue;
    const int value = base64_value(text[used]);
    if (value < 0) break;
    bits = bits << 6U | static_cast<uint32_t>(value);
    if (++count < 4) continue;
    for (const unsigned shift : {16U, 8U, 0U}) out.push_back(static_cast<char>(bits >> shift));
    bits = 0;
    count = 0;
  }
  if (count >= 2) out.push_back(static_cast<char>(bits >> (count == 2 ? 4U : 10U)));
  if (count == 3) out.push_back(static_cast<char>(bits >> 2U));
  return out;
}

// The first of several dense blocks: does a long base64 run begin in it, or shortly before?
void WindowScan::on_dense_begin(size_t block) {
  if (block >= window_.until) return;
  size_t begin = block;
  while (begin > 0 && block - begin < kDenseBackBytes &&
         (base64_value(text_[begin - 1]) >= 0 ||
          (is_line_end(text_[begin - 1]) && begin >= 2 && base64_value(text_[begin - 2]) >= 0)))
    --begin;
  on_dense_run(begin);
  // A word that stands in front of the run and ends with its line is none of it.
  const size_t line = text_.substr(begin, block - begin).rfind('\n');
  if (line != std::string_view::npos) on_dense_run(begin + line + 1);
}

// Another run may begin behind each of them.
void WindowScan::on_borders(size_t block, uint64_t borders) {
  if (block >= window_.until) return;
  for (; borders != 0; borders &= borders - 1) {
    const size_t at = block + static_cast<size_t>(__builtin_ctzll(borders));
    if (at + 1 >= text_.size()) return;
    // Line ends inside a run are part of it; an empty line is not.
    const bool border =
        is_line_end(text_[at]) ? at > 0 && is_line_end(text_[at - 1]) : base64_value(text_[at]) < 0;
    if (border) on_dense_run(at + 1);
  }
}

void WindowScan::on_dense_run(size_t begin) {
  size_t length = 0;
  while (length < kDenseRunMin && base64_value(at(begin + length)) >= 0) ++length;
  if (length < kDenseRunMin) return;
  if (begin >= window_.from && begin < window_.until && begins_like_content(text_.substr(begin)))
    embedded_->push_back({window_.offset + begin});
}

void WindowScan::on_encoded(View view) {
  if (depth_ < 3 && view.text.size() >= 6) scan_view(std::move(view));
}

void WindowScan::scan_view(View view) {
  Window window;
  const size_t size = view.text.size();
  view.text.append(kMaskPadBytes, '\0');
  window.text = std::string_view(view.text).substr(0, size);
  window.until = size;
  window.offset = window_.offset;
  size_t begin = 0;
  if (view.encoding >= 0) {
    // Several quads or pairs of one identifier lead here: what begins before the last decoded end is counted.
    size_t& until = encoded_until_[view.encoding];
    while (begin < size && view.from[begin] < until) ++begin;
    until = std::max<size_t>(until, view.from.back());
  }
  // What begins outside this window is its neighbour's.
  if (view_ == nullptr) {
    while (begin < size && view.from[begin] < window_.from) ++begin;
    size_t end = size;
    while (end > begin && view.from[end - 1] >= window_.until) --end;
    window.until = end;
  }
  window.from = begin;
  if (window.from >= window.until) return;
  if (view_ != nullptr) {  // a view of a view: places are those of the bytes themselves
    for (uint32_t& place : view.from) place = view_->from[std::min<size_t>(place, view_->from.size() - 1)];
  }
  Shape shape;
  WindowScan(window, shape, options_, tally_, nullptr, &view, depth_ + 1).run();
}

// Things to be folded that stand near each other are looked at together; stretches do not overlap with what
// is looked at around them.
void WindowScan::note_fold(size_t pos) {
  if (!folds_.empty() && pos <= folds_.back().last + kFoldBeforeBytes + kFoldBehindBytes) {
    folds_.back().last = std::max(folds_.back().last, pos);
  } else {
    folds_.push_back({pos, pos});
  }
}

void WindowScan::scan_folded() {
  if (shape_.markup && view_ == nullptr) {
    const size_t from = window_.from - std::min<size_t>(window_.from, 256);
    return scan_view(fold(text_, from, text_.size(), true));
  }
  const std::vector<Stretch> stretches = folds_;
  for (const Stretch& one : stretches) {
    const size_t from = one.first - std::min(one.first, kFoldBeforeBytes);
    scan_view(fold(text_, from, std::min(text_.size(), one.last + kFoldBehindBytes), false));
  }
}

}  // namespace hetao::inspection
