// Numbers between commas, quotes, line ends: nothing beside them makes them a part of something else, so that
// their digits alone say what they can be. A table holds little else. What on_run() would do with most of
// them is known before: nothing, or to count that they look like something. Sorted by what they may be they
// are judged in rows, so that the processor foresees each row's next step; those that pass go to on_run().
#include <algorithm>
#include <array>
#include <cstring>

#include "gateway/inspection/scan/beside.h"
#include "gateway/inspection/scan/window_scan.h"

namespace hetao::inspection {

namespace {

enum Sort : uint8_t { kNothing, kShort, kMobile, kCard, kEighteen, kHkid, kLook };
constexpr size_t kSorts = 7;
constexpr size_t kLengths = WindowScan::kRunBytesMax + 1;

// What stands on both sides of a number: nothing that says anything, letters and the like, or more.
enum Sides : uint8_t { kBare, kJoined, kSigned, kMore };
constexpr size_t kSideKinds = 4;
constexpr std::array<Sides, 256> kSidesOf = [] {
  std::array<Sides, 256> sides{};
  for (size_t flags = 1; flags < sides.size(); ++flags)
    sides[flags] = (flags & kSaysMore) != 0 ? kMore : (flags & kIsSign) != 0 ? kSigned : kJoined;
  return sides;
}();

// By length and sides. 8, 12 and 15 digits depend on words or are rare.
constexpr auto kSortOf = [] {
  std::array<std::array<Sort, kSideKinds>, kLengths> sorts{};
  for (size_t length = 0; length < kLengths; ++length) {
    const bool is_short = length < 11 && length != 8;
    sorts[length] = {is_short ? kNothing : kLook, is_short ? kNothing : kLook, is_short ? kNothing : kLook,
                     is_short ? kShort : kLook};
  }
  sorts[7][kSigned] = kShort;
  sorts[11][kBare] = kMobile;
  for (const unsigned length : {13U, 14U, 16U, 17U, 19U}) sorts[length][kBare] = kCard;
  sorts[18][kBare] = kEighteen;
  return sorts;
}();

// Digits in hexadecimal: six threes at every second place. Of 13 to 19 digits, two or three of these stand at
// the places 7 to 11.
bool has_threes(const char* run) {
  uint64_t eight = 0;
  std::memcpy(&eight, run + 7, sizeof eight);
  eight ^= 0x3333333333333333U;
  return (eight & 0x00000000ff00ff00U) == 0 || (eight & 0x000000ff00ff00ffU) == 0;
}

// Full-width letters, wide blanks and dashes, in UTF-8, GBK and Big5: by their first bytes, but for the most
// common marks of Chinese texts.
bool may_be_wide(const char* at) {
  const auto byte = [at](size_t i) { return static_cast<uint8_t>(at[i]); };
  switch (byte(0)) {
    case 0xef:
      return byte(1) != 0xbc || byte(2) >= 0xa0 || byte(2) == 0x8d;
    case 0xe3:
      return byte(1) == 0x80 && byte(2) == 0x80;
    case 0xc2:
    case 0xe2:
    case 0xa1:
    case 0xa2:
    case 0xa3:
      return true;
    default:
      return false;
  }
}
bool may_be_wide_before(const char* at) {
  const auto byte = [at](int i) { return static_cast<uint8_t>(at[i]); };
  return byte(-2) == 0xa2 || byte(-2) == 0xa3 || (byte(-3) == 0xef && (byte(-2) != 0xbc || byte(-1) >= 0xa0));
}

unsigned two_digits(const char* at) {
  return static_cast<unsigned>(at[0] - '0') * 10 + static_cast<unsigned>(at[1] - '0');
}

}  // namespace

size_t WindowScan::list_runs() {
  std::array<std::array<uint16_t, kRunsMax>, kSorts> sorted;
  std::array<size_t, kSorts> counts{};
  size_t count = 0;
  const char* const text = text_.data();
  const size_t size = text_.size();
  // Behind `until` nothing is counted, so there is nothing to be known before.
  const size_t until = window_.until;
  const auto note = [&](size_t begin, size_t end) {
    const size_t length = end - begin;
    // The text's own first digit says as little as what is not there.
    const uint8_t before =
        beside(text[begin - (begin > 0 ? 1 : 0)]) & static_cast<uint8_t>(~(kIsDigit | kGroups));
    const uint8_t after = end < size ? beside(text[end]) : uint8_t{0};
    Sort sort = kSortOf[length][kSidesOf[before | after]];
    if (length == 7 && after == 0 && (before & kIsCapital) != 0 && begin >= 2 && beside(text[begin - 2]) == 0)
      sort = kHkid;
    if (sort == kNothing) return;
    if (begin >= until) sort = kLook;
    runs_[count] = {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
    sorted[sort][counts[sort]++] = static_cast<uint16_t>(count++);
  };
  for (uint64_t blocks = stride_.runs; blocks != 0; blocks &= blocks - 1) {
    const auto block = static_cast<size_t>(__builtin_ctzll(blocks));
    const size_t base = stride_begin_ + block * kBlockBytes;
    const uint64_t digit = stride_.digit[block];
    const uint64_t next = stride_.digit[block + 1];
    for (uint64_t runs = stride_.run[block] & (base < window_.from ? kept_bits(base) : ~uint64_t{0});
         runs != 0; runs &= runs - 1) {
      const auto at = static_cast<unsigned>(__builtin_ctzll(runs));
      const uint64_t others = ~(digit >> at | next << 1U << (63U - at));
      const size_t length = others != 0 ? static_cast<size_t>(__builtin_ctzll(others)) : kRunBytesMax;
      const size_t end = std::min(base + at + length, size);
      if (end >= base + at + kRunBytesMin) note(base + at, end);  // else the text ends in it
    }
  }
  std::array<uint64_t, (kRunsMax + 63) / 64> looked_at{};
  const auto look = [&looked_at](size_t i) { looked_at[i / 64] |= uint64_t{1} << (i % 64); };
  const auto judge = [&](Sort sort, auto is_form) {
    for (size_t i = 0; i < counts[sort]; ++i) {
      const size_t run = sorted[sort][i];
      if (!is_form(runs_[run])) look(run);
    }
  };
  judge(kShort, [this](const Run& run) { return is_short_number(run); });
  judge(kMobile, [this](const Run& run) { return is_form_of_mobile(run); });
  judge(kCard, [this](const Run& run) { return is_form_of_card(run); });
  judge(kEighteen, [this](const Run& run) { return is_form_of_eighteen(run); });
  judge(kHkid, [this](const Run& run) { return is_form_of_hkid(run); });
  judge(kLook, [](const Run&) { return false; });
  size_t kept = 0;
  for (size_t word = 0; word * 64 < count; ++word) {
    for (uint64_t left = looked_at[word]; left != 0; left &= left - 1)
      runs_[kept++] = runs_[word * 64 + static_cast<size_t>(__builtin_ctzll(left))];
  }
  return kept;
}

// Whether the first digit behind `end` stands on another line, or further away than a name is long.
bool WindowScan::no_digit_near(size_t end) const {
  const size_t at = end - stride_begin_;
  const size_t block = at / kBlockBytes;
  if (block + 1 >= stride_blocks_) return false;  // not seen yet
  const auto ahead = [&](const auto& row) {
    return row[block] >> at % kBlockBytes | row[block + 1] << 1U << (63U - at % kBlockBytes);
  };
  const uint64_t near = ahead(stride_.digit) & ((uint64_t{1} << (kNameBytesMax + 1)) - 1);
  const uint64_t line = ahead(stride_.line);
  return (near & (line ^ (line - 1))) == 0;
}

// What stands beside a short number in running text: blanks, a decimal point before, characters of another
// script. Mostly nothing beyond them makes the number a part of something longer.
bool WindowScan::is_short_number(const Run& run) const {
  const size_t length = run.end - run.begin;
  const char* const at = text_.data();
  if (run.begin < 3 || run.end + 2 >= text_.size()) return false;
  const uint8_t before = beside(at[run.begin - 1]);
  const uint8_t after = beside(at[run.end]);
  const uint8_t beyond = beside(at[run.end + 1]);
  const uint8_t beyond_before = beside(at[run.begin - 2]);
  if (length == 7 && ((after & (kIsSign | kIsBlank)) != 0)) return false;  // an offset
  constexpr unsigned kOthers = kJoins | kSaysMore | kIsHigh;
  const bool calm_after = (after & kOthers) == 0 || ((after & kIsBlank) != 0 && (beyond & kGroups) == 0);
  // Letters before a blank belong to six and seven digits only.
  const unsigned letters = length == 6 || length == 7 ? kGroups | kJoins : kGroups;
  const bool calm_before =
      (before & kOthers) == 0 || ((before & kIsBlank) != 0 && (beyond_before & letters) == 0);
  // Six digits and more may be those of an officer, or stand before brackets.
  const bool between_others = length < 6 || length == 9;
  const bool ends = calm_after || (between_others && (after & kIsHigh) != 0 && !may_be_wide(at + run.end));
  if (!ends) return false;
  if (at[run.begin - 1] == '.') return (beyond_before & kIsDigit) == 0 || no_digit_near(run.end);
  return calm_before || (between_others && (before & kIsHigh) != 0 && !may_be_wide_before(at + run.begin));
}

void WindowScan::count_form(Kind kind, size_t begin) {
  if (view_ == nullptr) tally_.form(kind, column_at(begin));
}

// Eleven digits that are no mobile number, nor one of Hong Kong or Macao with its code.
bool WindowScan::is_form_of_mobile(const Run& run) {
  if (is_cn_mobile(part(run.begin, run.end)) || two_digits(text_.data() + run.begin) == 85) return false;
  count_form(Kind::kCnMobile, run.begin);
  return true;
}

bool WindowScan::is_form_of_card(const Run& run) {
  const char* const at = text_.data() + run.begin;
  const std::string_view digits(at, run.end - run.begin);
  const unsigned two = two_digits(at);
  if (has_threes(at) || (digits.size() == 13 && (two == 86 || two == 0))) return false;
  Kind kind = Kind::kIntlPan;
  const Fit fit = fit_card(digits, kind);
  if (fit == Fit::kForm) count_form(kind, run.begin);
  return fit != Fit::kValid;
}

bool WindowScan::is_form_of_eighteen(const Run& run) {
  const char* const at = text_.data() + run.begin;
  const std::string_view digits(at, run.end - run.begin);
  const unsigned century = two_digits(at + 6);
  const bool resident = century >= 18 && century <= 20 && is_month(run.begin + 10);
  if (has_threes(at) || may_be_card(digits) || resident) return false;
  if (!may_be_uscc(digits)) return true;
  const Fit fit = fit_uscc(digits);
  if (fit == Fit::kForm) count_form(Kind::kCnUscc, run.begin);
  return fit != Fit::kValid;
}

// A capital before seven digits.
bool WindowScan::is_form_of_hkid(const Run& run) {
  if (is_hkid_of_digits(text_.data() + run.begin - 1)) return false;
  count_form(Kind::kHkid, run.begin - 1);
  return true;
}

}  // namespace hetao::inspection
