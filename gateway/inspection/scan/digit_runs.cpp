// Runs of four and more digits: which identifiers can they be?
#include <algorithm>
#include <array>
#include <cstring>

#include "gateway/base/text.h"
#include "gateway/inspection/number_checks.h"
#include "gateway/inspection/scan/beside.h"
#include "gateway/inspection/scan/units.h"
#include "gateway/inspection/scan/window_scan.h"

namespace hetao::inspection {

namespace {

constexpr size_t kTokenBytesMin = 15;  // the shortest IBAN
constexpr size_t kTokenBytesMax = 34;  // and the longest
constexpr size_t kHexRunBytesMin = 12;
constexpr size_t kLengthThatSays = 11;  // and more, whatever stands beside it; and 8
constexpr size_t kLineBytes = 96;

// Brackets round a check digit: plain ones, and those of Chinese texts in UTF-8, GBK and Big5.
struct Brackets {
  std::string_view open, close;
};
constexpr auto kBrackets = [] {
  using namespace std::string_view_literals;
  return std::array{
      Brackets{"("sv, ")"sv},           Brackets{"["sv, "]"sv},           Brackets{"（"sv, "）"sv},
      Brackets{"［"sv, "］"sv},         Brackets{"｛"sv, "｝"sv},         Brackets{"【"sv, "】"sv},
      Brackets{"〔"sv, "〕"sv},         Brackets{"「"sv, "」"sv},         Brackets{"『"sv, "』"sv},
      Brackets{"〈"sv, "〉"sv},         Brackets{"《"sv, "》"sv},         Brackets{"〖"sv, "〗"sv},
      Brackets{"﹙"sv, "﹚"sv},         Brackets{"\xa3\xa8", "\xa3\xa9"}, Brackets{"\xa3\xdb", "\xa3\xdd"},
      Brackets{"\xa1\xbe", "\xa1\xbf"}, Brackets{"\xa1\xb2", "\xa1\xb3"}, Brackets{"\xa1\xb8", "\xa1\xb9"},
      Brackets{"\xa1\xba", "\xa1\xbb"}, Brackets{"\xa1\xb4", "\xa1\xb5"}, Brackets{"\xa1\xb6", "\xa1\xb7"},
      Brackets{"\xa1\x5d", "\xa1\x5e"}, Brackets{"\xa1\x69", "\xa1\x6a"}, Brackets{"\xa1\x65", "\xa1\x66"},
      Brackets{"\xa1\x75", "\xa1\x76"}, Brackets{"\xa1\x79", "\xa1\x7a"}, Brackets{"\xa1\x71", "\xa1\x72"},
      Brackets{"\xa1\x6d", "\xa1\x6e"}};
}();

size_t bracket_at(std::string_view text, size_t at, bool open) {
  if (at >= text.size()) return 0;
  const char c = text[at];
  if (!is_high(c) && c != (open ? '(' : ')') && c != (open ? '[' : ']')) return 0;
  for (const Brackets& pair : kBrackets) {
    const std::string_view shape = open ? pair.open : pair.close;
    if (text.substr(at).starts_with(shape)) return shape.size();
  }
  return 0;
}

// 3x 3x 3x: six threes in a row at every second place are digits in hexadecimal. One of them stands at 10 or
// 11, or at 20 or 21, with another two places before or behind it; bytes behind the run are looked at in
// vain. Of a run of kHexRunBytesMin and more.
bool may_be_hex(const char* run, size_t length) {
  // Eight places at once, from two before those on: a top bit for each three. Digits are below 0x40, so that
  // no sum runs into the next place.
  const auto two = [run](size_t i) {
    constexpr uint64_t kOnes = 0x0101010101010101U;
    uint64_t eight = 0;
    std::memcpy(&eight, run + i - 2, sizeof eight);
    const uint64_t other = eight ^ kOnes * '3';
    const uint64_t threes = ~((other & kOnes * 0x7f) + kOnes * 0x7f | other) & kOnes * 0x80;
    return threes & (threes >> 16U | threes << 16U) & 0xffff0000U;
  };
  return (two(10) | (length > 20 ? two(20) : 0U)) != 0;
}

bool has_hex_digits(std::string_view run) {
  std::array<size_t, 2> streak{};
  for (size_t i = 0; i < std::min<size_t>(run.size(), 32); ++i) {
    streak[i % 2] = run[i] == '3' ? streak[i % 2] + 1 : 0;
    if (streak[i % 2] >= 6) return true;
  }
  return false;
}

bool in_token(char c) {
  return is_digit(c) || is_upper(c);
}

}  // namespace

void WindowScan::on_run(size_t begin, size_t end) {
  const size_t length = end - begin;
  const char before = begin > 0 ? text_[begin - 1] : '\0';
  const char after = at(end);
  // A short number between commas is the most common one in tables.
  const bool more = says_more(before) || says_more(after);
  if (length < kLengthThatSays && length != 8 && !more && (length != 7 || after != ':')) return;
  if (length >= kHexRunBytesMin && may_be_hex(text_.data() + begin, length) &&
      has_hex_digits(part(begin, end)))
    on_hex(begin, false);
  if ((length == 4 || length == 8) && text_[begin] == '3' && text_[begin + 2] == '3' && after == ' ' &&
      at(end + 1) == '3')
    on_hex(begin, false);  // 3131 3031: words of a dump
  if (is_high(before) || is_high(after)) note_wide(begin, end);
  if (begin >= window_.until) return;
  if (length == kRunBytesMax) return;
  if (length >= 13 && length <= 19) {
    if (length >= 17 && length <= 18 && is_month(begin + 10) &&
        on_resident(begin, end, part(begin, begin + 18)))
      return;
    on_long_number(begin, end);
  }
  if ((length == 7 || length == 8) && (after == ':' || after == ' ') &&
      part(begin, end) == std::string_view("00000000").substr(0, length))
    on_zeros(begin, end);
  if (length == 11) on_eleven(begin, end);
  if (length == 8) on_eight(begin, end);
  // What follows needs one of these beside the digits; most numbers stand between commas or blanks.
  if (!more) return;
  if (is_letter(before)) {
    on_prefixed(begin, end);
  } else if ((before == ' ' || before == '-') && (length == 6 || length == 7) && begin >= 2 &&
             is_letter(text_[begin - 2])) {
    on_prefixed(begin, end);  // A 123456(3)
  }
  if (length == 7 && (is_upper(after) || after == '<')) on_mrz(begin, end);
  if (is_upper(before) || is_upper(after)) {
    const bool longer = in_token(after) || (begin >= 2 && in_token(text_[begin - 2]));
    if (longer || length + 1 >= kTokenBytesMin) on_token(begin, end);
  }
  if ((length == 6 && after == '/') || ((length == 7 || length == 10) && (after == '(' || is_high(after))))
    on_bir(begin, end);
  if (before == '.' && begin >= 2 && is_digit(text_[begin - 2])) {
    on_point(begin, end);
    if (length == 4 || length == 8 || length == 11) on_dotted(begin, end);
  }
  if (is_high(before) && length >= 6 && length <= 8) on_military(begin, end);
  if (grouped(begin, end)) on_groups(begin, end);
}

// Plain digits beside wide letters, blanks or dashes: seen once these are folded.
void WindowScan::note_wide(size_t begin, size_t end) {
  if (wide_letter_before(text_, begin) || wide_letter_at(text_, end)) note_fold(begin);
  const size_t separator = wide_separator_at(text_, end);
  if (separator > 0 && is_digit(at(end + separator))) note_fold(begin);
}

bool WindowScan::is_half(size_t pos) const {
  constexpr size_t kRowMax = 30;
  if (pos == 0 || !is_high(text_[pos - 1]) || text_[pos] < '@' || text_[pos] > '~') return false;
  size_t begin = pos;
  while (begin > 0 && pos - begin < kRowMax && is_high(text_[begin - 1])) --begin;
  // Cut off or not, a row of UTF-8 begins with a whole character soon.
  for (size_t skip = 0; skip < 3 && begin + skip < pos; ++skip) {
    if (is_utf8(part(begin + skip, pos))) return false;
    if (pos - begin < kRowMax) break;
  }
  return true;
}

// Two digits that are one: those of a resident number refuse most other numbers.
bool WindowScan::is_month(size_t begin) const {
  const int month = (text_[begin] - '0') * 10 + (text_[begin + 1] - '0');
  return month >= 1 && month <= 12;
}

// Words of these groups right before `begin`.
bool WindowScan::told_right_before(size_t begin, uint32_t groups) const {
  const uint32_t heading = shape_.table ? shape_.words_of(column_at(begin)) : 0;
  const uint32_t words = words_in(text_, begin - std::min(begin, kRightBeforeBytes), begin);
  return ((words | heading) & groups) != 0;
}

// A letter, dot, hyphen or underscore at a number says that it is part of something else: unless a word says
// what it is (Tel.13800138000, card_4111111111111111).
bool WindowScan::touched(size_t begin, size_t end, uint32_t groups) const {
  const char front = char_before(begin);
  const char after = at(end);
  const char next = at(end + 1);
  const bool left = joins(front);
  if (front == '.' && begin >= 2 && is_digit(text_[begin - 2])) return true;
  bool right = joins(after);
  if (is_letter(after)) return true;
  // A full stop ends a sentence; pandas writes whole numbers with ".0" where some are missing.
  if (after == '.') right = is_alnum(next) && (next != '0' || is_alnum(at(end + 2)));
  if (after == '.' && is_digit(next) && right) return true;
  if (after == '-') right = next != '-' && next != ' ' && !is_high(next);
  if (after == '_') right = !is_high(next);
  return (left || right) && !told_right_before(begin, groups);
}

// Other digits stand next to this run with one separator between.
bool WindowScan::grouped(size_t begin, size_t end) const {
  const auto separates = [](char c) { return c == ' ' || c == '-' || c == ')'; };
  if (separates(at(end)) &&
      (is_digit(at(end + 1)) || (at(end + 1) == ' ' && is_digit(at(end + 2))) || is_upper(at(end + 1))))
    return true;
  return begin >= 2 && separates(text_[begin - 1]) &&
         (is_digit(text_[begin - 2]) || is_upper(text_[begin - 2]) || text_[begin - 2] == ')');
}

bool WindowScan::on_resident(size_t begin, size_t end, std::string_view text) {
  if (text.size() != 18) return false;
  if (end - begin == 17 && at(end) != 'X' && at(end) != 'x') return false;
  // Digits of a fraction: 0.110105…, 1.110105…e+00.
  if (begin >= 2 && text_[begin - 1] == '.' && is_digit(text_[begin - 2]) && (at(begin + 18) | 0x20) == 'e')
    return false;
  if (begin >= 2 && text_[begin - 1] == '.' && text_[begin - 2] == '0' &&
      (begin < 3 || !is_digit(text_[begin - 3])))
    return false;
  const ResidentFit found = fit_resident(text, options_.latest_birth_day);
  if (found.fit == Fit::kNo) return false;
  size_t from = begin;
  Kind kind = found.kind;
  const char front = begin > 0 ? text_[begin - 1] : '\0';
  if ((front == 'G' || front == 'J' || front == 'L') && !is_alnum(char_before(begin - 1))) {
    kind = Kind::kCnXuejiHao;
    from = begin - 1;
  }
  return weigh(kind, found.fit, from, begin + 18);
}

void WindowScan::on_long_number(size_t begin, size_t end) {
  const std::string_view digits = part(begin, end);
  Kind card = Kind::kIntlPan;
  const Fit fit = fit_card(digits, card);
  if (fit != Fit::kNo && !touched(begin, end, kWordsCard)) weigh(card, fit, begin, end);
  if (digits.size() == 18 && may_be_uscc(digits) && !touched(begin, end, kNoWords) &&
      weigh(Kind::kCnUscc, fit_uscc(digits), begin, end))
    return;
  if (digits.size() == 13) return on_thirteen(begin, end);
  if (digits.size() == 15) return on_fifteen(begin, end);
}

bool WindowScan::stands_alone(size_t begin, size_t end) const {
  return !is_alnum(char_before(begin)) && !is_alnum(at(end));
}

void WindowScan::on_thirteen(size_t begin, size_t end) {
  const std::string_view digits = part(begin, end);
  if (digits.starts_with("86") && is_cn_mobile(digits.substr(2)) && !touched(begin, end, kPhoneWords))
    report(Kind::kCnMobile, begin, end, true);
  if (!stands_alone(begin, end)) return;
  if (digits.starts_with("00852") && digits[5] >= '2') report(Kind::kHkPhone, begin, end, true);
  if (digits.starts_with("00853") && (digits[5] == '6' || digits[5] == '8' || digits.substr(5, 2) == "28"))
    report(Kind::kMoPhone, begin, end, true);
}

void WindowScan::on_fifteen(size_t begin, size_t end) {
  const std::string_view digits = part(begin, end);
  if (digits.starts_with("0086") && is_cn_mobile(digits.substr(4)) && !touched(begin, end, kPhoneWords))
    report(Kind::kCnMobile, begin, end, true);
  if (!stands_alone(begin, end)) return;
  if (is_cn_resident_id_15(digits)) weigh_with_words(Kind::kCnResidentId15, begin, end);
  if (luhn(digits)) weigh_with_words(Kind::kImei, begin, end);
  if (digits.starts_with("460") || digits.starts_with("454") || digits.starts_with("455"))
    weigh_with_words(Kind::kImsiCn, begin, end);
}

void WindowScan::on_eleven(size_t begin, size_t end) {
  const std::string_view digits = part(begin, end);
  const bool mobile = is_cn_mobile(digits);
  const bool foreign = digits.starts_with("85");
  if ((mobile || foreign) && touched(begin, end, kPhoneWords)) return;
  const bool plus = begin > 0 && text_[begin - 1] == '+';
  if (plus && digits.starts_with("852") && digits[3] >= '2')
    return report(Kind::kHkPhone, begin - 1, end, true);
  if (plus && digits.starts_with("853") &&
      (digits[3] == '6' || digits[3] == '8' || digits.substr(3, 2) == "28"))
    return report(Kind::kMoPhone, begin - 1, end, true);
  if (digits.starts_with("852") && digits[3] >= '2' && is_hk_phone(begin, end, words_near(begin, end)))
    return report(Kind::kHkPhone, begin, end, true);
  if (mobile) {
    weigh(Kind::kCnMobile, Fit::kValid, begin, end);
  } else if (view_ == nullptr && !touched(begin, end, kNoWords)) {
    tally_.form(Kind::kCnMobile, column_at(begin));
  }
}

// 138.0013.8000, +86.13800138000, +852.91234567
void WindowScan::on_dotted(size_t begin, size_t end) {
  const std::string_view code = part(begin - std::min<size_t>(begin, 5), begin);
  if (is_alnum(at(end)) || (at(end) == '.' && is_digit(at(end + 1)) && end - begin != 4)) return;
  if (end - begin == 8) {
    if (code == "+852." && text_[begin] >= '2') report(Kind::kHkPhone, begin - 5, end, true);
    return;
  }
  if (end - begin == 11) {
    if (code.ends_with("+86.") && is_cn_mobile(part(begin, end)))
      report(Kind::kCnMobile, begin - 4, end, true);
    return;
  }
  if (begin < 4 || at(end) != '.') return;
  const size_t first = begin - 4;
  const char front = first > 0 ? text_[first - 1] : '\0';
  const size_t last = end + 5;
  if (is_alnum(front) || front == '.' || front == '-' || is_alnum(at(last)) ||
      (at(last) == '.' && is_alnum(at(last + 1))))
    return;
  std::string digits(part(first, first + 3));
  digits.append(part(begin, end)).append(part(end + 1, last));
  if (is_cn_mobile(digits)) weigh(Kind::kCnMobile, Fit::kValid, first, last);
}

// A word that means much else, or a number that is a day, count only where the word stands right before.
bool WindowScan::is_hk_phone(size_t begin, size_t end, uint32_t words) const {
  const size_t month = begin + 4;
  const bool day = end - begin == 8 && (text_[begin] == '1' || text_[begin] == '2') && is_month(month) &&
                   text_[month + 2] <= '3' &&
                   (part(begin, begin + 2) == "19" || part(begin, begin + 2) == "20");
  if ((words & kWordsPhone) != 0 && !day) return true;
  if ((words & kPhoneWords) == 0) return false;
  return told_right_before(begin, day ? uint32_t{kWordsPhone} : kPhoneWords);
}

// Words on the same line, or right before it: for numbers whose form says nothing.
uint32_t WindowScan::words_beside(size_t begin, size_t end) {
  const size_t from = begin - std::min(begin, kLineBytes);
  const size_t line = part(from, begin).rfind('\n');
  if (line == std::string_view::npos || shape_.table) return words_near(begin, end);
  const std::string_view behind = part(end, std::min(end + kLineBytes / 2, text_.size()));
  const size_t until = end + std::min(behind.find('\n'), behind.size());
  const size_t right_before = begin - std::min(begin, kRightBeforeBytes);
  return words_near(begin, end) & words_in(text_, std::min(from + line + 1, right_before), until);
}

// Eight digits alone are nothing; a word says which of three numbers they are.
void WindowScan::on_eight(size_t begin, size_t end) {
  const char front = char_before(begin);
  if (is_alnum(front) || is_alnum(at(end)) || front == '.' || at(end) == '.') {
    if (is_alnum(front) || is_alnum(at(end)) || is_digit(at(end + 1)) || front == '.') return;
  }
  // "+852" with the number right behind a bracket.
  if (front == ')' && (part(begin - std::min<size_t>(begin, 5), begin).ends_with("(852)") ||
                       part(begin - std::min<size_t>(begin, 6), begin).ends_with("(+852)"))) {
    if (text_[begin] >= '2') report(Kind::kHkPhone, begin, end, true);
    return;
  }
  // The number of "00852 51234567" is counted with its prefix.
  if (begin >= 4 && !is_alnum(front) && part(begin - 4, begin - 1) == "852") return;
  const uint32_t words = words_beside(begin, end);
  if (text_[begin] >= '2' && front != '-' && at(end) != '-' && is_hk_phone(begin, end, words))
    report(Kind::kHkPhone, begin, end, true);
  if ((words & kWordsBrn) != 0) report(Kind::kHkBrn, begin, end, true);
  if ((words & kWordsTaiwan) != 0) report(Kind::kCnTaiwanPermits, begin, end, true);
}

// A letter or two before the digits: identity cards and travel documents.
void WindowScan::on_prefixed(size_t begin, size_t end) {
  size_t letters_end = begin;
  if (!is_letter(text_[begin - 1])) --letters_end;  // one blank between
  size_t letters = 0;
  while (letters < 4 && letters < letters_end && is_letter(text_[letters_end - 1 - letters])) ++letters;
  const size_t length = end - begin;
  const bool alone = letters == letters_end || !is_digit(text_[letters_end - 1 - letters]);
  // In GBK and Big5 a letter's byte can be the second half of a character: then the name of a card touches
  // its number, and both readings have to be tried.
  const bool halved = letters < letters_end && is_high(text_[letters_end - 1 - letters]);
  // Nine characters without brackets are a card of Hong Kong or a passport; a word tells.
  if (length == 7 && letters == 2 && alone && letters_end == begin && on_named_document(begin - 2, end))
    return;
  if (length == 6 || length == 7) {
    if (alone && (letters == 1 || letters == 2) && on_hkid(begin, end, letters)) return;
    if (halved && (letters == 2 || letters == 3) && on_hkid(begin, end, letters - 1)) return;
  }
  if (letters_end != begin || !is_upper(text_[begin - 1]) || is_alnum(at(end))) return;
  const size_t count = halved && letters > 1 ? letters - 1 : letters;
  if (!alone || count > 2 || length < 7 || length > 10) return;
  const std::string_view text = part(begin - count, end);
  const bool possible = (length == 8 && count == 1) || (length == 7 && count == 2) ||
                        (length == 10 && (text[0] == 'H' || text[0] == 'M'));
  if (!possible) return;
  const auto kind = travel_document(text, words_near(begin - count, end));
  if (kind) report(*kind, begin - count, end, true);
}

// Two letters and seven digits of which a word, and no other, says that they are a travel document.
bool WindowScan::on_named_document(size_t begin, size_t end) {
  const std::string_view text = part(begin, end);
  constexpr uint32_t kDocuments = kWordsPassport | kWordsEep;
  if (is_alnum(at(end)) || !travel_document(text, kDocuments)) return false;
  const uint32_t words = words_near(begin, end);
  const auto kind = travel_document(text, words);
  if (!kind || (words & kWordsHkid) != 0) return false;
  report(*kind, begin, end, true);
  return true;
}

bool WindowScan::on_hkid(size_t begin, size_t end, size_t letters) {
  const bool blank = !is_letter(text_[begin - 1]);
  const size_t from = begin - letters - (blank ? 1 : 0);
  std::array<char, 9> plain{};
  std::copy_n(text_.data() + from, letters, plain.begin());
  std::copy_n(text_.data() + begin, 6, plain.begin() + static_cast<ptrdiff_t>(letters));
  char& last = plain[letters + 6];
  size_t until = begin + 6;
  bool bracketed = false;
  if (end - begin == 7) {
    last = text_[begin + 6];
    until = end;
    if (is_alnum(at(until)) || blank) return false;
  } else {
    size_t next = end;
    if (at(next) == ' ' || at(next) == '-' || at(next) == '/') ++next;
    const size_t open = bracket_at(text_, next, true);
    const char check = at(next + open);
    if (!is_digit(check) && check != 'A' && check != 'a') return false;
    until = next + open + 1;
    const size_t close = open > 0 ? bracket_at(text_, until, false) : 0;
    if (open > 0 && close == 0) return false;
    bracketed = open > 0;
    until += close;
    if (!bracketed && (is_alnum(at(until)) || at(until) == '-' || at(until) == '.')) return false;
    if (blank && !bracketed) return false;
    last = check;
  }
  if (!bracketed && from > 0 && joins(text_[from - 1]) && !is_letter(text_[from - 1]) &&
      !told_right_before(from, kWordsHkid))
    return false;
  if (!bracketed && at(until) == '-' && is_alnum(at(until + 1))) return false;
  // Names like e1234567 are common where nothing speaks of a card.
  if (!bracketed && text_[from] >= 'a' && (words_near(from, until) & kWordsHkid) == 0) return false;
  return weigh(Kind::kHkid, fit_hkid({plain.data(), letters + 7}), from, until);
}

// Macao: 1000000(0) or 1/000000/0; Taiwan: 0000000003(B).
void WindowScan::on_bir(size_t begin, size_t end) {
  const size_t length = end - begin;
  if (length == 6) {
    if (begin < 2 || text_[begin - 1] != '/' || at(end) != '/' || !is_digit(at(end + 1)) ||
        is_alnum(at(end + 2)))
      return;
    const char first = text_[begin - 2];
    if ((first == '1' || first == '5' || first == '7') && !is_alnum(char_before(begin - 2)))
      weigh_with_words(Kind::kMoBir, begin - 2, end + 2);
    return;
  }
  const size_t open = bracket_at(text_, end, true);
  if (open == 0 || is_alnum(char_before(begin))) return;
  const char check = at(end + open);
  const size_t close = bracket_at(text_, end + open + 1, false);
  if (close == 0) return;
  const size_t until = end + open + 1 + close;
  if (length == 7 && is_digit(check) && (text_[begin] == '1' || text_[begin] == '5' || text_[begin] == '7'))
    weigh_with_words(Kind::kMoBir, begin, until);
  if (length == 10 && is_upper(check)) weigh_with_words(Kind::kCnTaiwanPermits, begin, until);
}

// Where the number begins that a name stands before: "lat":22.54310,"lng":114.05790. `end`: there is none.
size_t WindowScan::named_number(size_t end) const {
  static constexpr std::array<bool, 256> kBetween = [] {
    std::array<bool, 256> between{};
    for (const char c : std::string_view("\"':=&,;_{}[]()\t\xc2\xb0 "))
      between[static_cast<uint8_t>(c)] = true;
    for (size_t i = 0; i < 256; ++i) between[i] = between[i] || is_letter(static_cast<char>(i));
    return between;
  }();
  size_t next = end;
  const size_t last = std::min(end + kNameBytesMax, text_.size());
  while (next < last && kBetween[static_cast<uint8_t>(text_[next])]) ++next;
  const bool named = is_digit(at(next)) && (words_in(text_, end, next) & kWordsPlace) != 0;
  const bool degrees = is_digit(at(next)) && text_.substr(end).starts_with("°");
  return named || degrees ? next : end;
}

// Decimals: is this the first half of a coordinate pair in or near the mainland, to 11 m or better?
void WindowScan::on_point(size_t begin, size_t end) {
  const auto number = [this](size_t from, size_t point, size_t until) {
    double value = 0;
    for (size_t i = from; i < point; ++i) value = value * 10 + (text_[i] - '0');
    double unit = 0.1;
    for (size_t i = point + 1; i < std::min(until, point + 7); ++i, unit /= 10)
      value += (text_[i] - '0') * unit;
    return value;
  };
  size_t next = end;
  while (at(next) == ' ' && next < end + 2) ++next;
  if (at(next) == ',' || at(next) == ';') ++next;
  while (at(next) == ' ' && next < end + 6) ++next;
  if (next == end || !is_digit(at(next))) next = named_number(end);
  if (next == end) return;
  size_t whole = begin - 1;
  while (whole > 0 && begin - whole <= 3 && is_digit(text_[whole - 1])) --whole;
  const char front = char_before(whole);
  if (is_alnum(front) || front == '.' || front == '-') return;
  size_t point = next;
  while (point < next + 4 && is_digit(at(point))) ++point;
  if (at(point) != '.' || point == next || point - next > 3) return;
  size_t until = point + 1;
  while (is_digit(at(until))) ++until;
  if (until - point - 1 < 4 || is_alnum(at(until))) return;
  const double a = number(whole, begin - 1, end);
  const double b = number(next, point, until);
  const auto inside = [](double latitude, double longitude) {
    return latitude >= 3.5 && latitude <= 53.6 && longitude >= 73.4 && longitude <= 135.1;
  };
  weigh(Kind::kGeoPointCn, inside(a, b) || inside(b, a) ? Fit::kValid : Fit::kForm, whole, until);
}

// Letters and digits mixed: company codes, vehicles, bank accounts. Looked at once, at the first long run.
void WindowScan::on_token(size_t begin, size_t end) {
  size_t from = begin;
  while (from > 0 && begin - from <= kTokenBytesMax && in_token(text_[from - 1])) --from;
  // A letter that may be half a character of GBK or Big5: both readings are tried.
  if (!on_token_from(from, begin, end) && is_half(from) && from < begin) on_token_from(from + 1, begin, end);
}

bool WindowScan::on_token_from(size_t from, size_t begin, size_t end) {
  size_t until = end;
  while (until < text_.size() && until - from <= kTokenBytesMax && in_token(text_[until])) ++until;
  const size_t length = until - from;
  if (length > kTokenBytesMax || length < kTokenBytesMin) return false;
  size_t digits = 0;
  for (size_t i = from; i < begin; ++i) {
    digits = is_digit(text_[i]) ? digits + 1 : 0;
    if (digits == 4) return false;
  }
  if (is_alnum(char_before(from)) || is_alnum(at(until))) return false;
  const std::string_view token = part(from, until);
  if (length == 18 && weigh(Kind::kCnUscc, fit_uscc(token), from, until)) return true;
  if (length == 17 && !touched(from, until, kWordsPlate) && weigh(Kind::kVin, fit_vin(token), from, until))
    return true;
  return is_upper(token[0]) && is_upper(token[1]) && weigh(Kind::kIban, fit_iban(token), from, until);
}

// Nationality, birth date with its check digit, sex: the second line of a passport's machine-readable zone.
void WindowScan::on_mrz(size_t begin, size_t end) {
  if (begin < 13 || std::string_view("MFX<").find(at(end)) == std::string_view::npos) return;
  const size_t line = begin - 13;
  if (!is_mrz_line_2(part(line, line + 44))) return;
  size_t above = line;
  if (above > 0 && text_[above - 1] == '\n') --above;
  if (above > 0 && text_[above - 1] == '\r') --above;
  const bool whole = above != line && above >= 44 && is_mrz_line_1(part(above - 44, above));
  report(Kind::kMrzTd3, whole ? above - 44 : line, line + 44, whole);
}

// 军字第00000001号
void WindowScan::on_military(size_t begin, size_t end) {
  using namespace std::string_view_literals;
  struct Form {
    std::string_view between, sign, first;
  };
  static constexpr std::array kForms = {Form{"字第"sv, "号"sv, "军武士文参政后装海空京沈济兰南广成北"sv},
                                        Form{"字第"sv, "號"sv, "軍武士文參政後裝海空京瀋濟蘭南廣成北"sv},
                                        Form{"\xd7\xd6\xb5\xda"sv, "\xba\xc5"sv,
                                             "\xbe\xfc\xce\xe4\xca\xbf\xce\xc4\xb2\xce\xd5\xfe\xba\xf3\xd7"
                                             "\xb0\xba\xa3\xbf\xd5\xbe\xa9\xc9\xf2\xbc\xc3"
                                             "\xc0\xbc\xc4\xcf\xb9\xe3\xb3\xc9\xb1\xb1"sv},
                                        Form{"\xd7\xd6\xb5\xda"sv, "\xcc\x96"sv,
                                             "\xdc\x8a\xce\xe4\xca\xbf\xce\xc4\x85\xa2\xd5\xfe\xe1\xe1\xd1"
                                             "\x62\xba\xa3\xbf\xd5\xbe\xa9\x9e\x63\x9d\xfa"
                                             "\xcc\x6d\xc4\xcf\x8f\x56\xb3\xc9\xb1\xb1"sv},
                                        Form{"\xa6\x72\xb2\xc4"sv, "\xb8\xb9"sv,
                                             "\xad\x78\xaa\x5a\xa4\x68\xa4\xe5\xb0\xd1\xac\x46\xab\xe1\xb8"
                                             "\xcb\xae\xfc\xaa\xc5\xa8\xca\xc2\x6e\xc0\xd9"
                                             "\xc4\xf5\xab\x6e\xbc\x73\xa6\xa8\xa5\x5f"sv}};
  for (const Form& form : kForms) {
    const size_t width = form.between.size() / 2;
    if (begin < 3 * width || part(begin - 2 * width, begin) != form.between) continue;
    if (part(end, end + form.sign.size()) != form.sign) continue;
    const std::string_view first = part(begin - 3 * width, begin - 2 * width);
    for (size_t i = 0; i < form.first.size(); i += width) {
      if (form.first.substr(i, width) == first)
        return report(Kind::kCnMilitaryId, begin - 3 * width, end + form.sign.size(), false);
    }
  }
}

}  // namespace hetao::inspection
