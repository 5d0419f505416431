#include "gateway/inspection/inspector.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <map>
#include <string>

#include "gateway/base/text.h"
#include "gateway/inspection/identifiers.h"
#include "gateway/inspection/table.h"

namespace hetao::inspection {

namespace {

// A line longer than this is cut in windows that overlap by more than any identifier is long.
constexpr size_t kWindowBytes = size_t{64} << 10U;
constexpr size_t kOverlapBytes = 256;

struct Magic {
  std::string_view bytes;
  std::string_view name;
};
using namespace std::string_view_literals;
constexpr std::array kMagics = std::to_array<Magic>({
    {"\x1f\x8b"sv, "gzip"},
    {"PK\x03\x04"sv, "zip"},
    {"\xfd"
     "7zXZ\0"sv,
     "xz"},
    {"BZh"sv, "bzip2"},
    {"\x28\xb5\x2f\xfd"sv, "zstd"},
    {"7z\xbc\xaf\x27\x1c"sv, "7z"},
    {"%PDF"sv, "PDF"},
    {"\x89PNG"sv, "PNG image"},
    {"\xff\xd8\xff"sv, "JPEG image"},
    {"\x93NUMPY"sv, "NumPy array"},
    {"\x89HDF"sv, "HDF5"},
    {"PAR1"sv, "Parquet"},
    {"SQLite format 3"sv, "SQLite database"},
    {"\x7f"
     "ELF"sv,
     "program"},
    {"\x80\x02"sv, "pickle"},
    {"\x80\x04"sv, "pickle"},
    {"##fileformat=VCF"sv, "VCF genomic data"},
    {"@HD\t"sv, "SAM genomic data"},
    {"\xff\xfe"sv, "UTF-16 text"},
    {"\xfe\xff"sv, "UTF-16 text"},
});

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
bool is_word(char c) {
  return is_digit(c) || is_letter(c);
}

}  // namespace

struct Inspector::Scan {
  uint64_t bytes_in = 0;
  std::string head;      // the first bytes, for the format
  std::string line;      // the line in progress
  uint64_t line_at = 0;  // its offset in the file
  size_t done = 0;       // bytes of `line` whose identifiers are counted
  bool not_text = false;
  std::string utf8_rest;
  std::map<std::string, Finding> found;
  TableReader table;
  bool line_cut = false;

  void note(const char* kind, uint64_t offset, Confidence confidence);
  void scan_window(std::string_view window, uint64_t offset, size_t from, size_t until);
  void scan_digits(std::string_view text, size_t begin, size_t end, uint64_t offset);
  void scan_hkid(std::string_view text, size_t letter, uint64_t offset);
  void scan_email(std::string_view text, size_t at, uint64_t offset);
  void end_line();
  void check_utf8(std::string_view piece);
};

void Inspector::Scan::note(const char* kind, uint64_t offset, Confidence confidence) {
  Finding& finding = found[kind];
  finding.kind = kind;
  finding.confidence = confidence;
  ++finding.count;
  if (finding.offsets.size() < kOffsetsMax) finding.offsets.push_back(offset);
}

// A run of digits, perhaps grouped by single blanks or hyphens, perhaps ending in X.
void Inspector::Scan::scan_digits(std::string_view text, size_t begin, size_t end, uint64_t offset) {
  const char before = begin > 0 ? text[begin - 1] : '\0';
  const char after = end < text.size() ? text[end] : '\0';
  std::string run(text.substr(begin, end - begin));
  if ((after == 'X' || after == 'x') && run.size() == 17) {
    if (is_cn_resident_id(run + 'X')) note("cn_resident_id", offset + begin, Confidence::kHigh);
    return;
  }
  // A resident identity number stands also where a name touches it: "id_11010519491231002X_end".
  if (run.size() == 18 && is_cn_resident_id(run))
    return note("cn_resident_id", offset + begin, Confidence::kHigh);
  // Cards and phones have weak checks or none: a letter, dot or hyphen beside the run says that it is
  // something else.
  const bool touched = is_letter(before) || before == '.' || before == '-' || before == '_' ||
                       is_letter(after) || after == '.' || after == '-' || after == '_';
  if (touched) return;
  if (is_payment_card(run))
    return note(run.starts_with("62") ? "unionpay_pan" : "pan", offset + begin, Confidence::kHigh);
  if (is_cn_mobile(run)) note("cn_mobile", offset + begin, Confidence::kLow);
}

void Inspector::Scan::scan_hkid(std::string_view text, size_t letter, uint64_t offset) {
  if (letter > 0 && is_word(text[letter - 1])) return;
  size_t at = letter;
  std::string plain;
  while (at < text.size() && is_letter(text[at]) && plain.size() < 3) plain += text[at++];
  if (plain.size() > 2) return;
  while (at < text.size() && is_digit(text[at]) && plain.size() < 9) plain += text[at++];
  const size_t letters = static_cast<size_t>(std::count_if(plain.begin(), plain.end(), is_letter));
  const size_t digits = plain.size() - letters;
  if (digits == 6 && at + 2 < text.size() && text[at] == '(' && text[at + 2] == ')') {
    plain += text[at + 1];
    at += 3;
  } else if (digits == 6 && at < text.size() && (text[at] == 'A' || text[at] == 'a')) {
    plain += text[at++];
  } else if (digits != 7) {
    return;
  }
  if (at < text.size() && is_word(text[at])) return;
  if (is_hkid(plain)) note("hkid", offset + letter, Confidence::kHigh);
}

void Inspector::Scan::scan_email(std::string_view text, size_t at, uint64_t offset) {
  const auto local = [](char c) {
    return is_word(c) || c == '.' || c == '_' || c == '-' || c == '+' || c == '%';
  };
  size_t begin = at;
  while (begin > 0 && at - begin < 64 && local(text[begin - 1])) --begin;
  size_t end = at + 1;
  size_t dot = 0;
  while (end < text.size() && end - at < 254 &&
         (is_word(text[end]) || text[end] == '.' || text[end] == '-')) {
    if (text[end] == '.') dot = end;
    ++end;
  }
  if (begin == at || dot <= at + 1 || end - dot < 3) return;
  note("email", offset + begin, Confidence::kHigh);
}

// Counts what begins in [from, until) of the window.
void Inspector::Scan::scan_window(std::string_view window, uint64_t offset, size_t from, size_t until) {
  for (size_t i = 0; i < until;) {
    const char c = window[i];
    if (is_digit(c)) {
      size_t end = i;
      while (end < window.size() && is_digit(window[end])) ++end;
      if (i >= from) scan_digits(window, i, end, offset);
      i = end;
      continue;
    }
    if (i >= from && is_letter(c)) scan_hkid(window, i, offset);
    if (i >= from && c == '@') scan_email(window, i, offset);
    ++i;
  }
}

void Inspector::Scan::end_line() {
  scan_window(line, line_at, done, line.size());
  if (line_cut) {
    table = TableReader();  // a line of that length belongs to no table of aggregates
  } else {
    table.line(line);
  }
  line_at += line.size() + 1;
  line.clear();
  done = 0;
  line_cut = false;
}

void Inspector::Scan::check_utf8(std::string_view piece) {
  if (not_text) return;
  std::string text = utf8_rest + std::string(piece);
  // A character may be cut by the end of the piece: up to three bytes wait for the next one.
  size_t keep = 0;
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte >= 0xc0) {
      const size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      keep = length > back ? back : 0;
      break;
    }
    if (byte < 0x80) break;
  }
  utf8_rest = text.substr(text.size() - keep);
  text.resize(text.size() - keep);
  not_text = !is_utf8(text) || text.find('\0') != std::string::npos;
}

Inspector::Inspector() : scan_(std::make_unique<Scan>()) {}
Inspector::~Inspector() = default;
Inspector::Inspector(Inspector&&) noexcept = default;
Inspector& Inspector::operator=(Inspector&&) noexcept = default;

void Inspector::feed(ByteView bytes) {
  Scan& s = *scan_;
  std::string_view piece = as_text(bytes);
  s.bytes_in += piece.size();
  if (s.head.size() < 32) s.head += piece.substr(0, 32 - s.head.size());
  s.check_utf8(piece);
  while (!piece.empty()) {
    const size_t end = piece.find('\n');
    const size_t room = kWindowBytes - s.line.size();
    const size_t take = std::min({end, piece.size(), room});
    s.line += piece.substr(0, take);
    piece.remove_prefix(take);
    if (!piece.empty() && piece.front() == '\n') {
      piece.remove_prefix(1);
      s.end_line();
    } else if (s.line.size() == kWindowBytes) {
      const size_t until = s.line.size() - kOverlapBytes;
      s.scan_window(s.line, s.line_at, s.done, until);
      // The overlap before `until` stays, so that borders are seen whole.
      const size_t drop = until - kOverlapBytes;
      s.line.erase(0, drop);
      s.line_at += drop;
      s.done = until - drop;
      s.line_cut = true;
    }
  }
}

Report Inspector::finish() {
  Scan& s = *scan_;
  if (!s.line.empty()) s.end_line();
  Report report;
  report.coverage.bytes_in = s.bytes_in;
  for (const Magic& magic : kMagics) {
    if (s.head.starts_with(magic.bytes)) {
      report.coverage.not_read.push_back("the inside of a file in the format " + std::string(magic.name) +
                                         ": not available yet");
      break;
    }
  }
  if (report.coverage.not_read.empty() && (s.not_text || !s.utf8_rest.empty())) {
    report.coverage.not_read.emplace_back(
        "binary data, or text in another encoding than UTF-8: not available yet");
  }
  if (report.coverage.not_read.empty()) report.coverage.bytes_read = s.bytes_in;
  for (auto& [kind, finding] : s.found) report.findings.push_back(finding);
  report.verdict = !report.findings.empty() ? Verdict::kFindings
                   : report.coverage.full() ? Verdict::kClean
                                            : Verdict::kIncomplete;
  if (report.coverage.full()) report.smallest_group = s.table.smallest_group();
  return report;
}

Report inspect(ByteView content) {
  Inspector inspector;
  inspector.feed(content);
  return inspector.finish();
}

}  // namespace hetao::inspection
