// Bytes written as letters and digits: base64, hexadecimal, hexadecimal dumps.
#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/inspection/scan/window_scan.h"

namespace hetao::inspection {

namespace {

using namespace std::string_view_literals;

constexpr size_t kEncodedBeforeBytes = 512;
constexpr size_t kEncodedBehindBytes = 1'024;
constexpr size_t kDenseBackBytes = 256;
constexpr size_t kIndentBytesMax = 80;
constexpr size_t kDumpLineBytesMax = 200;
constexpr size_t kDumpLinesBefore = 4;
constexpr size_t kDumpBytesMax = 512;

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

// Whether these are all characters of base64.
template <size_t N>
bool all_base64(const char* text) {
  int joined = 0;
  for (size_t i = 0; i < N; ++i) joined |= base64_value(text[i]);
  return joined >= 0;
}

// Where the characters of base64 begin that lead up to `end`, not before `least`.
size_t base64_word_begin(std::string_view text, size_t end, size_t least) {
  size_t begin = end;
  while (begin >= least + 8 && all_base64<8>(text.data() + begin - 8)) begin -= 8;
  while (begin > least && base64_value(text[begin - 1]) >= 0) --begin;
  return begin;
}

// The three bytes of a quad; below zero: it is none.
int32_t quad_value(const char* quad) {
  const auto value = [quad](size_t i) { return static_cast<int32_t>(base64_value(quad[i])); };
  return value(0) * (1 << 18) | value(1) * (1 << 12) | value(2) * (1 << 6) | value(3);
}
template <class Take>
void take_quad(int32_t value, Take take_byte) {
  for (const int shift : {16, 8, 0}) take_byte(static_cast<char>(value >> shift));
}

int hex_value(char c) {
  return is_digit(c)            ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}
// Blanks in front of a line, and marks of a mail that is quoted.
bool is_indent(char c) {
  return c == ' ' || c == '\t' || c == '>';
}

// Length of what may stand between two characters of one base64 text and is no part of it: line ends, plain
// or escaped, with what the next line is indented by; the backslash of an escaped slash. 0: nothing.
size_t base64_gap(std::string_view text, size_t at) {
  const char next = at + 1 < text.size() ? text[at + 1] : '\0';
  if (text[at] == '\\') return next == '/' ? 1 : next == 'n' || next == 'r' ? 2 : 0;
  if (!is_line_end(text[at])) return 0;
  size_t end = at + 1;
  while (end < text.size() && end - at < kIndentBytesMax && (is_indent(text[end]) || is_line_end(text[end])))
    ++end;
  return end - at;
}
// The same, ending before `at`.
size_t base64_gap_before(std::string_view text, size_t at) {
  const char last = text[at - 1];
  if ((last == 'n' || last == 'r') && at >= 2 && text[at - 2] == '\\') return 2;
  if (last == '\\') return at < text.size() && text[at] == '/' ? 1 : 0;
  size_t begin = at;
  bool line_end = false;
  while (begin > 0 && at - begin < kIndentBytesMax &&
         (is_indent(text[begin - 1]) || is_line_end(text[begin - 1])))
    line_end = is_line_end(text[--begin]) || line_end;
  return line_end ? at - begin : 0;
}

// Takes a base64 text's characters and gives its bytes.
class Base64Reader {
 public:
  template <class Take>
  void take(int value, Take take_byte) {
    bits_ = bits_ << 6U | static_cast<uint32_t>(value);
    if (++count_ < 4) return;
    for (const unsigned shift : {16U, 8U, 0U}) take_byte(static_cast<char>(bits_ >> shift));
    bits_ = 0;
    count_ = 0;
  }
  template <class Take>
  void end(Take take_byte) {
    if (count_ >= 2) take_byte(static_cast<char>(bits_ >> (count_ == 2 ? 4U : 10U)));
    if (count_ == 3) take_byte(static_cast<char>(bits_ >> 2U));
  }
  bool between_quads() const { return count_ == 0; }

 private:
  uint32_t bits_ = 0;
  int count_ = 0;
};

// Where whole quads before `quad` begin.
size_t base64_begin(std::string_view text, size_t quad) {
  size_t begin = quad;
  size_t taken = 0;
  for (size_t i = quad; i > 0 && quad - i < kEncodedBeforeBytes;) {
    // Mostly whole quads: the character before them tells whether the first is an escape's.
    if (taken % 4 == 0 && i > 4 && quad - i + 4 <= kEncodedBeforeBytes &&
        all_base64<4>(text.data() + i - 4) && text[i - 5] != '\\') {
      begin = i -= 4;
      continue;
    }
    if (const size_t gap = base64_gap_before(text, i); gap > 0) {
      i -= gap;
      continue;
    }
    --i;
    if (base64_value(text[i]) < 0) break;
    if (++taken % 4 == 0) begin = i;
  }
  return begin;
}

}  // namespace

namespace {

// Whether three digits go on, in the quads beside theirs: with another digit, with or without a separator
// between, or with letters as on plates. Other bytes hold three digits often enough.
bool go_on(std::string_view text, size_t quad) {
  std::array<char, 3> before{};
  std::array<char, 3> behind{};
  const auto take = [text](size_t at, std::array<char, 3>& bytes) {
    const int32_t value = at + 4 <= text.size() ? quad_value(text.data() + at) : -1;
    if (value < 0) return;
    size_t i = 0;
    take_quad(value, [&](char c) { bytes[i++] = c; });
  };
  const size_t begin = quad - (quad > 0 ? base64_gap_before(text, quad) : 0);
  if (begin >= 4) take(begin - 4, before);
  size_t end = quad + 4;
  if (end < text.size()) end += base64_gap(text, end);
  if (end + 4 > text.size() || quad_value(text.data() + end) < 0)
    return true;  // the last characters are fewer
  take(end, behind);
  const auto with = [](char next, char beyond) {
    const bool separator = next != '\0' && " -().:/+"sv.find(next) != std::string_view::npos;
    const bool plate =
        (is_upper(next) || next == ' ') && (is_upper(beyond) || is_digit(beyond) || is_high(beyond));
    return is_digit(next) || (separator && is_digit(beyond)) || plate;
  };
  return with(before[2], before[1]) || with(behind[0], behind[1]);
}

}  // namespace

bool is_digit_quad(std::string_view quad) {
  return quad.size() == 4 && base64_value(quad[2]) >= 0 && base64_value(quad[2]) % 4 == 0 &&
         base64_value(quad[3]) >= 48;
}

View decode_base64_near(std::string_view text, size_t quad) {
  View view;
  view.encoding = 0;
  Base64Reader reader;
  size_t i = base64_begin(text, quad);
  size_t place = i;
  const size_t end = std::min(text.size(), quad + kEncodedBehindBytes);
  // Room for all there may be, so that each byte costs no more than to put it down.
  constexpr size_t kBytesMax = (kEncodedBeforeBytes + kEncodedBehindBytes) / 4 * 3 + 3;
  view.reserve(kBytesMax + kMaskPadBytes);
  view.text.resize(kBytesMax);
  view.from.resize(kBytesMax);
  char* bytes = view.text.data();
  uint32_t* from = view.from.data();
  const auto push = [&](char c) {
    *bytes++ = c;
    *from++ = static_cast<uint32_t>(place);
  };
  for (; i < end; ++i) {
    if (reader.between_quads()) {
      for (place = i; i + 4 <= end; place = i += 4) {
        const int32_t value = quad_value(text.data() + i);
        if (value < 0) break;
        take_quad(value, push);
      }
      if (i >= end) break;
    }
    if (const size_t gap = base64_gap(text, i); gap > 0) {
      i += gap - 1;
      continue;
    }
    const int value = base64_value(text[i]);
    if (value < 0) break;
    reader.take(value, push);
  }
  view.cut = i >= quad + kEncodedBehindBytes && i < text.size();
  reader.end(push);
  view.text.resize(static_cast<size_t>(bytes - view.text.data()));
  view.from.resize(view.text.size());
  view.close(std::min(i, text.size()));
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
  // What stands between %31%31 or =31=31 is an escape, and those are read as such.
  const auto parts = [&](size_t i) {
    return i >= text.size() || (hex_value(text[i]) < 0 && text[i] != '%' && text[i] != '=');
  };
  const auto is_pair = [&](size_t i) {
    return i + 1 < text.size() && hex_value(text[i]) >= 0 && hex_value(text[i + 1]) >= 0 &&
           (!separated || parts(i + 2));
  };
  size_t begin = pair;
  while (begin >= step && pair - begin < kEncodedBeforeBytes && is_pair(begin - step)) begin -= step;
  size_t i = begin;
  for (; i < pair + kEncodedBehindBytes && is_pair(i); i += step)
    view.push(static_cast<char>(hex_value(text[i]) * 16 + hex_value(text[i + 1])), i);
  view.cut = i >= pair + kEncodedBehindBytes;
  view.close(std::min(i, text.size()));
  return view;
}

namespace {

// One line of a dump: an offset, groups of pairs, and the same as text behind them.
class DumpLine {
 public:
  DumpLine(std::string_view text, size_t begin, size_t end) : text_(text), at_(begin), end_(end) {
    while (at_ < end_ && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    while (end_ > at_ && is_line_end(text_[end_ - 1])) --end_;
  }
  // Puts its bytes into the view; false: it is no such line.
  bool read(View& view) {
    const size_t before = view.text.size();
    const size_t first = digits(at_);
    if (at_ + first == end_ && first >= 8 && first % 2 == 0) {
      push(view, first);
      return true;
    }
    const bool has_offset = skip_offset(first);
    read_groups(view);
    // hexdump and od show the bytes of a word the other way round; xxd does not, and shows their text too.
    if (group_ == 4 && has_offset && at_ == end_) {
      for (size_t i = before; i + 1 < view.text.size(); i += 2) std::swap(view.text[i], view.text[i + 1]);
    }
    if (view.text.size() - before >= (has_offset ? 1U : 4U)) return true;
    view.text.resize(before);
    view.from.resize(before);
    return false;
  }

 private:
  size_t digits(size_t from) const {
    size_t i = from;
    while (i < end_ && hex_value(text_[i]) >= 0) ++i;
    return i - from;
  }
  bool skip_offset(size_t size) {
    if (size < 4 || size > 16) return false;
    size_t next = at_ + size;
    const bool colon = next < end_ && text_[next] == ':';
    next += colon ? 1 : 0;
    while (next < end_ && text_[next] == ' ') ++next;
    const size_t second = digits(next);
    if (next == at_ + size || (!colon && (second == size || second % 2 != 0))) return false;
    at_ = next;
    return true;
  }
  void read_groups(View& view) {
    size_t bytes = 0;
    while (at_ < end_) {
      const size_t size = digits(at_);
      const char after = at_ + size < end_ ? text_[at_ + size] : ' ';
      if (size == 0 || size % 2 != 0 || size > 16 || (after != ' ' && after != '\t')) return;
      if (group_ == 0) group_ = size;
      if (size > group_) return;
      push(view, size);
      bytes += size / 2;
      size_t blanks = 0;
      while (at_ < end_ && text_[at_] == ' ' && blanks < 3) ++at_, ++blanks;
      // Behind a wider gap stands what it means; hexdump has one in the middle too.
      if (blanks != 1 && (blanks != 2 || group_ != 2 || bytes != 8)) return;
    }
  }
  void push(View& view, size_t size) {
    for (size_t i = 0; i < size; i += 2, at_ += 2)
      view.push(static_cast<char>(hex_value(text_[at_]) * 16 + hex_value(text_[at_ + 1])), at_);
  }
  std::string_view text_;
  size_t at_;
  size_t end_;
  size_t group_ = 0;
};

struct Line {
  size_t begin = 0;
  size_t end = 0;  // behind its line end
};
std::optional<Line> line_round(std::string_view text, size_t pos) {
  Line line{pos, pos};
  while (line.begin > 0 && text[line.begin - 1] != '\n') {
    if (pos - --line.begin > kDumpLineBytesMax) return std::nullopt;
  }
  while (line.end < text.size() && text[line.end] != '\n') {
    if (++line.end - pos > kDumpLineBytesMax) return std::nullopt;
  }
  line.end = std::min(line.end + 1, text.size());
  return line;
}

}  // namespace

// The dump's line that `pos` stands in, with some before and behind it. Nothing where it is no dump.
View decode_hex_dump(std::string_view text, size_t pos) {
  View view;
  view.encoding = 1;
  const auto own = line_round(text, pos);
  if (!own) return view;
  if (!DumpLine(text, own->begin, own->end).read(view)) return view;
  size_t begin = own->begin;
  for (size_t i = 0; i < kDumpLinesBefore && begin > 0; ++i) {
    const auto above = line_round(text, begin - 1);
    View other;
    if (!above || !DumpLine(text, above->begin, above->end).read(other)) break;
    begin = above->begin;
  }
  view = {};
  view.encoding = 1;
  size_t end = begin;
  while (end < text.size() && view.text.size() < kDumpBytesMax) {
    const auto next = line_round(text, end);
    if (!next || !DumpLine(text, next->begin, next->end).read(view)) break;
    end = next->end;
  }
  view.cut = view.text.size() >= kDumpBytesMax;
  view.close(end);
  return view;
}

namespace {

// Appends whole quads, as many as there are in a row, or until these are `bytes_max` and more. Returns how
// many characters that took.
size_t append_quads(std::string_view text, size_t bytes_max, std::string& out) {
  constexpr size_t kBatch = 64;
  std::array<char, kBatch * 3> bytes;
  size_t at = 0;
  for (size_t taken = 0; taken < bytes_max;) {
    size_t count = 0;
    while (count < bytes.size() && taken + count < bytes_max && at + 4 <= text.size()) {
      const int32_t value = quad_value(text.data() + at);
      if (value < 0) break;
      take_quad(value, [&](char c) { bytes[count++] = c; });
      at += 4;
    }
    out.append(bytes.data(), count);
    taken += count;
    if (count < bytes.size()) break;
  }
  return at;
}

// `by_lines`: each line is a text of its own. Tells whether a line ends inside a quad, so that it may be.
std::string decode_base64_lines(std::string_view text, size_t bytes_max, bool by_lines, size_t& used,
                                bool& uneven) {
  std::string out;
  Base64Reader reader;
  const auto push = [&out](char c) { out.push_back(c); };
  for (used = 0; used < text.size() && out.size() < bytes_max; ++used) {
    if (reader.between_quads()) {
      used += append_quads(text.substr(used), bytes_max - out.size(), out);
      if (used == text.size() || out.size() >= bytes_max) break;
    }
    if (const size_t gap = base64_gap(text, used); gap > 0) {
      const bool in_quad = gap > 1 || is_line_end(text[used]) ? !reader.between_quads() : false;
      used += gap - 1;
      uneven = uneven || (in_quad && used + 1 < text.size() && base64_value(text[used + 1]) >= 0);
      if (!by_lines || !in_quad) continue;
      reader.end(push);
      reader = {};
      push('\n');
      continue;
    }
    const int value = base64_value(text[used]);
    if (value < 0) break;
    reader.take(value, push);
  }
  used = std::min(used, text.size());
  reader.end(push);
  return out;
}

// Lines that end inside a quad may be texts of their own: then both readings are given, one behind the other.
std::string decode_base64_run(std::string_view text, size_t bytes_max, size_t& used) {
  bool uneven = false;
  std::string out = decode_base64_lines(text, bytes_max, false, used, uneven);
  if (!uneven || out.size() >= bytes_max) return out;
  size_t again = 0;
  return out + '\n' + decode_base64_lines(text, bytes_max, true, again, uneven);
}

std::string decode_hex_run(std::string_view text, size_t bytes_max, size_t& used) {
  std::string out;
  for (used = 0; used + 1 < text.size() && out.size() < bytes_max; used += 2) {
    if (const size_t gap = base64_gap(text, used); gap > 0) used = std::min(used + gap, text.size() - 1);
    const int high = hex_value(text[used]);
    const int low = used + 1 < text.size() ? hex_value(text[used + 1]) : -1;
    if (high < 0 || low < 0) break;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  used = std::min(used, text.size());
  return out;
}

std::string decode_dump_run(std::string_view text, size_t bytes_max, size_t& used) {
  std::string out;
  for (used = 0; used < text.size() && out.size() < bytes_max;) {
    View line;
    const size_t end = std::min(text.size(), text.substr(0, used + kDumpLineBytesMax).find('\n', used));
    if (!DumpLine(text, used, end).read(line)) break;
    out += line.text;
    used = std::min(end + 1, text.size());
  }
  return out;
}

}  // namespace

std::optional<std::array<char, 12>> decode_first_quads(std::string_view run) {
  std::array<char, 12> bytes;
  if (run.size() < 16) return std::nullopt;
  size_t count = 0;
  int32_t joined = 0;
  for (size_t i = 0; i < 16; i += 4) {
    const int32_t value = quad_value(run.data() + i);
    joined |= value;
    take_quad(value, [&](char c) { bytes[count++] = c; });
  }
  return joined >= 0 ? std::optional(bytes) : std::nullopt;
}

std::string decode_run(std::string_view text, RunEncoding encoding, size_t bytes_max, size_t& used) {
  switch (encoding) {
    case RunEncoding::kBase64:
      return decode_base64_run(text, bytes_max, used);
    case RunEncoding::kHex:
      return decode_hex_run(text, bytes_max, used);
    case RunEncoding::kHexDump:
      return decode_dump_run(text, bytes_max, used);
  }
  return {};
}

// Whether a table's separators stand so near on both sides of a block's beginning that no run is round it.
bool WindowScan::in_short_field(size_t block) const {
  if (!shape_.table || block < stride_begin_ + kBlockBytes) return false;
  const size_t b = (block - stride_begin_) / kBlockBytes;
  const auto before = static_cast<size_t>(std::countl_zero(stride_.separator[b - 1]));
  const auto behind = static_cast<size_t>(std::countr_zero(stride_.separator[b]));
  return before + behind < kDenseRunMin;
}

// The first of several dense blocks: does a long base64 run begin in it, or shortly before?
void WindowScan::on_dense_begin(size_t block) {
  if (block >= window_.until || in_short_field(block)) return;
  const size_t least = block - std::min(block, kDenseBackBytes);
  size_t begin = block;
  size_t line = 0;  // behind the last line end
  while (true) {
    begin = base64_word_begin(text_, begin, least);
    // A line end is part of it where the line before goes on.
    if (begin == least || !is_line_end(text_[begin - 1]) || begin < 2 || base64_value(text_[begin - 2]) < 0)
      break;
    if (line == 0 && text_[begin - 1] == '\n') line = begin;
    --begin;
  }
  on_dense_run(begin, kDenseRunMin);
  // A word that stands in front of the run and ends with its line is none of it.
  if (line > begin) on_dense_run(line, kDenseRunMin);
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
    if (border) on_dense_run(at + 1, kDenseRunMin);
  }
}

// Words that are long enough to be base64 of something short.
void WindowScan::on_loose_block(size_t block) {
  if (block >= window_.until) return;
  const size_t end = std::min(block + kBlockBytes, text_.size());
  size_t begin = base64_word_begin(text_, block, block - std::min(block, kDenseRunMin));
  while (begin < end) {
    // Looked at from behind: most words end before, and are passed over by one look.
    const size_t last = begin + kShortRunMin;
    if (last > text_.size()) return;
    if (const size_t word = base64_word_begin(text_, last, begin); word > begin) {
      begin = word;
      continue;
    }
    on_dense_run(begin, kShortRunMin);
    size_t until = last;
    while (until < end && base64_value(text_[until]) >= 0) ++until;
    begin = until + 1;
  }
}

// Whether a table's separator stands among these bytes: they are no run then. False where that is not known.
bool WindowScan::ends_in_column(size_t begin, size_t bytes) const {
  static_assert(kDenseRunMin <= kBitsFrom && kShortRunMin <= kBitsFrom);
  if (!shape_.table || begin < stride_begin_ ||
      begin + kBlockBytes >= stride_begin_ + stride_blocks_ * kBlockBytes)
    return false;
  return (bits_from(stride_.separator, begin - stride_begin_) & ((uint64_t{1} << bytes) - 1)) != 0;
}

void WindowScan::on_dense_run(size_t begin, size_t least) {
  if (begin < window_.from || begin >= window_.until || begin + least > text_.size()) return;
  const std::string_view run = text_.substr(begin);
  if (base64_value(run[least - 1]) < 0 || ends_in_column(begin, least)) return;  // as mostly in other text
  const char* first = text_.data() + begin;
  if (least == kDenseRunMin ? !all_base64<kDenseRunMin>(first) : !all_base64<kShortRunMin>(first)) return;
  const std::string_view digits = run.substr(0, least);
  // Hexadecimal is base64 of something, too, but hardly ever the other way round. Digits alone are numbers;
  // those of identifiers in hexadecimal show by themselves.
  const bool hex = std::all_of(digits.begin(), digits.end(), [](char c) { return hex_value(c) >= 0; }) &&
                   std::any_of(digits.begin(), digits.end(), is_letter);
  for (const RunEncoding encoding : {RunEncoding::kHex, RunEncoding::kBase64}) {
    if (encoding == RunEncoding::kHex && !hex) continue;
    if (const size_t most = content_characters(run, encoding); most > 0)
      return embedded_->push_back({window_.offset + begin, encoding, most});
  }
}

// Several quads of one identifier lead here: what begins before the last decoded end is counted.
void WindowScan::on_base64(size_t quad) {
  if (quad >= encoded_until_[0] && go_on(text_, quad)) on_encoded(decode_base64_near(text_, quad));
}

void WindowScan::on_hex(size_t pos, bool separated) {
  if (pos < encoded_until_[1]) return;
  View dump = decode_hex_dump(text_, pos);
  on_encoded(dump.text.empty() ? decode_hex_near(text_, pos, separated) : std::move(dump));
}

// A line that begins with the offset 0 may begin a dump.
void WindowScan::on_zeros(size_t begin, size_t end) {
  if (embedded_ == nullptr || begin < window_.from || (begin > 0 && text_[begin - 1] != '\n')) return;
  const std::string_view line =
      part(begin, std::min({text_.size(), begin + kDumpLineBytesMax, text_.find('\n', end)}));
  View view;
  if (DumpLine(line, 0, line.size()).read(view) && view.text.size() >= 4)
    embedded_->push_back({window_.offset + begin, RunEncoding::kHexDump});
}

}  // namespace hetao::inspection
