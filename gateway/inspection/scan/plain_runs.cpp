// Numbers between commas, quotes, line ends: nothing beside them makes them a part of something else, so that
// their digits alone say what they can be. A table holds little else. What on_run() would do with most of
// them is known before: nothing, to count that they look like something, or to report what is valid. Sorted
// by what they may be (number_rows.h) they are judged in rows, so that the processor foresees each row's next
// step; what else there is goes to on_run().
#include <algorithm>
#include <array>
#include <cstring>

#include "gateway/inspection/number_checks.h"
#include "gateway/inspection/scan/beside.h"
#include "gateway/inspection/scan/window_scan.h"

namespace hetao::inspection {

namespace {

// What a number's digits say of it; kLook: not enough.
enum class Says : uint8_t { kNothing, kForm, kValid, kLook };
struct Judged {
  Says says = Says::kNothing;
  Kind kind = Kind::kCustom;
};
Judged judged(Fit fit, Kind kind) {
  return {fit == Fit::kNo ? Says::kNothing : fit == Fit::kForm ? Says::kForm : Says::kValid, kind};
}

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

// Counts runs of equal forms at once.
class FormCount {
 public:
  explicit FormCount(Tally& tally) : tally_(tally) {}
  FormCount(const FormCount&) = delete;
  FormCount& operator=(const FormCount&) = delete;
  ~FormCount() { flush(); }
  void add(Kind kind, size_t column) {
    if (kind != kind_ || column != column_) {
      flush();
      kind_ = kind;
      column_ = column;
    }
    ++count_;
  }

 private:
  void flush() {
    if (count_ > 0) tally_.forms(kind_, column_, count_);
    count_ = 0;
  }
  Tally& tally_;
  Kind kind_ = Kind::kCustom;
  size_t column_ = 0;
  uint64_t count_ = 0;
};

// Eleven digits: a mobile number, one of Hong Kong or Macao with its code, or none.
constexpr auto judge_mobile = [](const char* digits, size_t) -> Judged {
  if (begins_mobile(digits)) return {Says::kValid, Kind::kCnMobile};
  return {two_digits(digits) == 85 ? Says::kLook : Says::kForm, Kind::kCnMobile};
};

constexpr auto judge_card = [](const char* digits, size_t length) -> Judged {
  const uint32_t two = two_digits(digits);
  if (has_threes(digits) || (length == 13 && (two == 86 || two == 0))) return {Says::kLook};
  Kind kind = Kind::kIntlPan;
  const Fit fit = fit_card({digits, length}, kind);
  return judged(fit, kind);
};

// A resident's number, an organisation's code, or a long card number.
constexpr auto judge_eighteen = [](const char* digits, size_t length) -> Judged {
  const uint32_t century = two_digits(digits + 6);
  const uint32_t month = two_digits(digits + 10);
  const bool resident = century >= 18 && century <= 20 && month >= 1 && month <= 12;
  if (has_threes(digits) || may_be_card({digits, length}) || resident) return {Says::kLook};
  if (!may_be_uscc({digits, length})) return {};
  return judged(fit_uscc({digits, length}), Kind::kCnUscc);
};

}  // namespace

size_t WindowScan::list_runs() {
  StridePlace place;
  place.text = text_.data() + stride_begin_;
  place.first = stride_begin_ == 0;
  place.from = window_.from - std::min(window_.from, stride_begin_);
  // Behind `until` nothing is counted, so there is nothing to be known before.
  place.until = window_.until - std::min(window_.until, stride_begin_);
  place.readable = text_.size() - stride_begin_;
  place.columns = shape_.table ? &columns_ : nullptr;
  engine_.numbers->list(place, stride_, numbers_);

  std::array<uint64_t, (kRunsMax + 63) / 64> kept{};
  std::array<Judged, kRunsMax> found;
  const auto judge = [&](NumberSort sort, auto what_it_says) {
    const auto& row = numbers_.sorted[static_cast<size_t>(sort)];
    const size_t count = numbers_.counts[static_cast<size_t>(sort)];
    // Numbers of one sort mostly stand in one column.
    FormCount forms(tally_);
    for (size_t k = 0; k < count; ++k) {
      const size_t i = row[k];
      const size_t length = size_t{numbers_.end[i]} - numbers_.begin[i];
      const Judged it = what_it_says(place.text + numbers_.begin[i], length);
      if (it.says == Says::kNothing) continue;
      if (it.says == Says::kForm) {
        if (view_ == nullptr) forms.add(it.kind, shape_.table ? column_of(i) : 0);
        continue;
      }
      found[i] = it;
      kept[i / 64] |= uint64_t{1} << (i % 64);
    }
  };
  const auto judge_short = [this, &place](const char* digits, size_t length) {
    const auto begin = stride_begin_ + static_cast<size_t>(digits - place.text);
    return Judged{is_short_number(begin, begin + length) ? Says::kNothing : Says::kLook};
  };
  judge(NumberSort::kShort, judge_short);
  judge(NumberSort::kMobile, judge_mobile);
  judge(NumberSort::kCard, judge_card);
  judge(NumberSort::kEighteen, judge_eighteen);
  // A capital before seven digits is a letter of its own, or belongs to more.
  judge(NumberSort::kHkid, [&](const char* digits, size_t length) {
    const bool alone = digits - text_.data() >= 2 && beside(digits[-2]) == 0;
    if (!alone) return judge_short(digits, length);
    return Judged{is_hkid_of_digits(digits - 1) ? Says::kValid : Says::kForm, Kind::kHkid};
  });
  judge(NumberSort::kLook, [](const char*, size_t) { return Judged{Says::kLook}; });
  size_t count = 0;
  for (size_t word = 0; word * 64 < numbers_.count; ++word) {
    for (uint64_t left = kept[word]; left != 0; left &= left - 1) {
      const size_t i = word * 64 + static_cast<size_t>(__builtin_ctzll(left));
      runs_[count++] = {static_cast<uint32_t>(stride_begin_ + numbers_.begin[i]),
                        static_cast<uint32_t>(stride_begin_ + numbers_.end[i]), found[i].says == Says::kValid,
                        found[i].kind};
    }
  }
  return count;
}

// What on_run() would find out again.
void WindowScan::on_judged(const Run& run) {
  weigh_valid(run.kind, run.kind == Kind::kHkid ? run.begin - 1 : run.begin, run.end);
}

// Whether the first digit behind `end` stands on another line, or further away than a name is long.
bool WindowScan::no_digit_near(size_t end) const {
  const size_t at = end - stride_begin_;
  const size_t block = at / kBlockBytes;
  if (block + 1 >= stride_blocks_) return false;  // not seen yet
  static_assert(kNameBytesMax + 1 + 7 <= 64);
  const uint64_t near = bits_from(stride_.digit, at) & ((uint64_t{1} << (kNameBytesMax + 1)) - 1);
  const uint64_t line = bits_from(stride_.line, at);
  return (near & (line ^ (line - 1))) == 0;
}

// What stands beside a short number in running text: blanks, a decimal point before, characters of another
// script. Mostly nothing beyond them makes the number a part of something longer.
bool WindowScan::is_short_number(size_t begin, size_t end) const {
  const size_t length = end - begin;
  const char* const at = text_.data();
  if (begin < 3 || end + 2 >= text_.size()) return false;
  constexpr unsigned kOthers = kJoins | kSaysMore | kIsHigh;
  const uint8_t after = beside(at[end]);
  if (length == 7 && ((after & (kIsSign | kIsBlank)) != 0)) return false;  // an offset
  // Six digits and more may be those of an officer, or stand before brackets.
  const bool between_others = length < 6 || length == 9;
  const bool calm_after = (after & kOthers) == 0 ||
                          ((after & kIsBlank) != 0 && (beside(at[end + 1]) & kGroups) == 0) ||
                          (between_others && (after & kIsHigh) != 0 && !may_be_wide(at + end));
  if (!calm_after) return false;
  const uint8_t before = beside(at[begin - 1]);
  const uint8_t beyond = beside(at[begin - 2]);
  if (at[begin - 1] == '.') return (beyond & kIsDigit) == 0 || no_digit_near(end);
  // Letters before a blank belong to six and seven digits only.
  const unsigned letters = length == 6 || length == 7 ? kGroups | kJoins : kGroups;
  return (before & kOthers) == 0 || ((before & kIsBlank) != 0 && (beyond & letters) == 0) ||
         (between_others && (before & kIsHigh) != 0 && !may_be_wide_before(at + begin));
}

}  // namespace hetao::inspection
