// What a number's digits, and the little that stands beside a short one, say of it: on_run() need not see
// what is judged here. Numbers between commas, quotes, line ends: nothing beside them makes them a part of
// something else, and a table holds little else.
//
// Internal linkage throughout: see kernel_checks.h.
#pragma once

#include <bit>
#include <cstring>

#include "gateway/inspection/number_checks.h"
#include "gateway/inspection/scan/beside.h"
#include "gateway/inspection/scan/number_rows.h"

namespace hetao::inspection::kernel {

namespace {

// kLook: not enough.
enum class Says : uint8_t { kNothing, kForm, kValid, kLook };
struct Judged {
  Says says = Says::kNothing;
  Kind kind = Kind::kCustom;
};
constexpr Judged judged(Fit fit, Kind kind) {
  return {fit == Fit::kNo ? Says::kNothing : fit == Fit::kForm ? Says::kForm : Says::kValid, kind};
}

inline uint8_t says(char c) {
  return kBeside[static_cast<uint8_t>(c)];
}

// Digits in hexadecimal: six threes at every second place. Of 13 to 16 digits four of these stand at the
// places 4 to 11, of 17 and 18 three at 6 to 11, of 19 two at 8 to 11.
template <size_t kLength>
bool has_threes(const char* digits) {
  static_assert(kLength >= 13 && kLength <= 19);
  constexpr size_t kFirst = kLength <= 16 ? 4 : kLength <= 18 ? 6 : 8;
  constexpr uint64_t kEven = 0x00ff00ff00ff00ffU >> 8U * (kFirst - 4);
  constexpr uint64_t kOdd = 0xff00ff00ff00ff00U << 8U * (kFirst - 4) >> 8U * (kFirst - 4);
  uint64_t eight = 0;
  std::memcpy(&eight, digits + kFirst, sizeof eight);
  eight ^= 0x3333333333333333U;
  return (eight & kEven) == 0 || (eight & kOdd) == 0;
}

// Eleven digits: a mobile number, one of Hong Kong or Macao with its code, or none.
inline Judged judge_mobile(const char* digits) {
  if (begins_mobile(digits)) return {Says::kValid, Kind::kCnMobile};
  return {two_digits(digits) == 85 ? Says::kLook : Says::kForm, Kind::kCnMobile};
}

template <size_t kLength>
Judged judge_card(const char* digits) {
  const uint32_t two = two_digits(digits);
  if (has_threes<kLength>(digits) || (kLength == 13 && (two == 86 || two == 0))) return {Says::kLook};
  Kind kind = Kind::kIntlPan;
  const Fit fit = fit_card({digits, kLength}, kind);
  return judged(fit, kind);
}

// An organisation's code.
inline Judged judge_code(const char* digits) {
  return {is_uscc_of_digits(digits) ? Says::kValid : Says::kForm, Kind::kCnUscc};
}

// A resident's number, an organisation's code, or a long card number.
inline Judged judge_eighteen(const char* digits) {
  const std::string_view all(digits, 18);
  const uint32_t century = two_digits(digits + 6);
  const uint32_t month = two_digits(digits + 10);
  const bool resident = century >= 18 && century <= 20 && month >= 1 && month <= 12;
  if (has_threes<18>(digits) || resident) return {Says::kLook};
  const bool code = may_be_uscc(all);
  if (may_be_card(all)) {
    Kind kind = Kind::kIntlPan;
    const Fit fit = fit_card(all, kind);
    return code && fit != Fit::kNo ? Judged{Says::kLook} : code ? judge_code(digits) : judged(fit, kind);
  }
  return code ? judge_code(digits) : Judged{};
}

// A capital before seven digits.
inline Judged judge_hkid(const char* digits) {
  return {is_hkid_of_digits(digits - 1) ? Says::kValid : Says::kForm, Kind::kHkid};
}

// Full-width letters, wide blanks and dashes, in UTF-8, GBK and Big5: by their first bytes, but for the most
// common marks of Chinese texts.
inline bool may_be_wide(const char* at) {
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
inline bool may_be_wide_before(const char* at) {
  const auto byte = [at](int i) { return static_cast<uint8_t>(at[i]); };
  return byte(-2) == 0xa2 || byte(-2) == 0xa3 || (byte(-3) == 0xef && (byte(-2) != 0xbc || byte(-1) >= 0xa0));
}

// Digits in a row from `begin` on, if they are as many as one word of the row shows.
[[gnu::noinline, gnu::cold]] inline size_t many_digits_from(const Stride& stride, size_t begin) {
  size_t count = kBitsFrom;
  const auto is_digit = [&stride](size_t at) {
    return (stride.digit[at / kBlockBytes] >> at % kBlockBytes & 1U) != 0;
  };
  while (count < kRunBytesMax && is_digit(begin + count)) ++count;
  return count;
}
inline size_t digits_from(const Stride& stride, size_t begin) {
  const auto seen = static_cast<size_t>(std::countr_one(bits_from(stride.digit, begin)));
  return seen < kBitsFrom ? seen : many_digits_from(stride, begin);
}

// Whether the first digit behind `end` stands on another line, or further away than a name is long.
inline bool no_digit_near(const StridePlace& place, const Stride& stride, size_t end) {
  if (end / kBlockBytes >= place.blocks) return false;  // not seen yet
  static_assert(kNameBytesMax < kBitsFrom);
  const uint64_t near = bits_from(stride.digit, end) & ((uint64_t{1} << (kNameBytesMax + 1)) - 1);
  const uint64_t line = bits_from(stride.line, end);
  return (near & (line ^ (line - 1))) == 0;
}

constexpr Judged nothing_if(bool so) {
  return {so ? Says::kNothing : Says::kLook};
}

// So many bytes on both sides of a number can be read where it is judged.
constexpr size_t kBesideBytes = 3;

// Digits behind a point, and nothing behind them: one of two numbers of a place, if more digits follow.
inline Judged judge_fraction(const StridePlace& place, const Stride& stride, size_t begin, size_t end) {
  const char beyond = (place.text + begin)[-2];
  return nothing_if((says(beyond) & kIsDigit) == 0 || no_digit_near(place, stride, end));
}

// What stands beside a short number in running text: blanks, a decimal point before, characters of another
// script. Mostly nothing beyond them makes the number a part of something longer.
inline Judged judge_short(const StridePlace& place, const Stride& stride, size_t begin, size_t end) {
  constexpr Judged kUnknown{Says::kLook};
  const size_t length = end - begin;
  const char* const digits = place.text + begin;
  const char* const behind = place.text + end;
  constexpr unsigned kOthers = kJoins | kSaysMore | kIsHigh;
  const uint8_t after = says(behind[0]);
  if (length == 7 && ((after & (kIsSign | kIsBlank)) != 0)) return kUnknown;  // an offset
  // Six digits and more may be those of an officer, or stand before brackets.
  const bool between_others = length < 6 || length == 9;
  const bool calm_after = (after & kOthers) == 0 ||
                          ((after & kIsBlank) != 0 && (says(behind[1]) & kGroups) == 0) ||
                          (between_others && (after & kIsHigh) != 0 && !may_be_wide(behind));
  if (!calm_after) return kUnknown;
  const uint8_t before = says(digits[-1]);
  if (digits[-1] == '.') return judge_fraction(place, stride, begin, end);
  const uint8_t beyond = says(digits[-2]);
  // Letters before a blank belong to six and seven digits only.
  const unsigned letters = length == 6 || length == 7 ? kGroups | kJoins : kGroups;
  return nothing_if((before & kOthers) == 0 || ((before & kIsBlank) != 0 && (beyond & letters) == 0) ||
                    (between_others && (before & kIsHigh) != 0 && !may_be_wide_before(digits)));
}

}  // namespace

}  // namespace hetao::inspection::kernel
