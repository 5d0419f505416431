// The checks that every number of a table goes through, inline and in few steps, because a table holds little
// else. Pure functions, as in identifiers.h. Part of files that are compiled for other instruction sets: so
// nothing here is shared between object files (scan/kernel_checks.h says why).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "gateway/inspection/identifiers.h"

namespace hetao::inspection {

namespace {

inline uint32_t digit_at(const char* digits, size_t i) {
  return static_cast<uint32_t>(digits[i] - '0');
}
inline uint32_t two_digits(const char* digits) {
  return digit_at(digits, 0) * 10 + digit_at(digits, 1);
}

// First two digits of GB/T 2260 codes: provinces, regions, municipalities, and the three of the coast.
constexpr std::array<bool, 100> kProvinces = [] {
  std::array<bool, 100> known{};
  for (const int code : {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42,
                         43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82})
    known[static_cast<size_t>(code)] = true;
  return known;
}();

// Of eleven digits, by the first three: those that are assigned to mobile networks of the mainland.
// 13x 14[014-9] 15[0-35-9] 16[2567] 17[0-8] 18x 19[0-35-9].
inline bool begins_mobile(const char* digits) {
  static constexpr std::array<bool, 100> kAssigned = [] {
    constexpr std::array<std::string_view, 10> kThird = {
        "", "", "", "0123456789", "01456789", "012356789", "2567", "012345678", "0123456789", "012356789"};
    std::array<bool, 100> known{};
    for (size_t second = 0; second < 10; ++second) {
      for (const char third : kThird[second]) known[second * 10 + static_cast<size_t>(third - '0')] = true;
    }
    return known;
  }();
  return digits[0] == '1' && kAssigned[two_digits(digits + 1)];
}

// Issuer ranges by a card number's first two digits: which lengths (a bit each) they have, and which first
// four digits where not all of them belong to one.
struct CardRange {
  uint32_t lengths = 0;
  uint16_t first = 0;
  uint16_t last = 9999;
};
constexpr std::array<CardRange, 100> kCardRanges = [] {
  std::array<CardRange, 100> ranges{};
  const auto set = [&ranges](size_t from, size_t until, std::initializer_list<unsigned> digits) {
    for (size_t two = from; two <= until; ++two) {
      for (const unsigned count : digits) ranges[two].lengths |= 1U << count;
    }
  };
  set(62, 62, {16, 17, 18, 19});
  set(40, 49, {13, 16, 19});
  set(51, 55, {16});
  set(22, 27, {16});
  ranges[22].first = 2221;
  ranges[27].last = 2720;
  set(34, 34, {15});
  set(37, 37, {15});
  set(35, 35, {16, 17, 18, 19});
  ranges[35].first = 3528;
  ranges[35].last = 3589;
  set(30, 30, {14});
  ranges[30].last = 3059;
  set(36, 36, {14, 16, 17, 18, 19});
  set(38, 39, {14});
  set(60, 60, {16, 19});
  ranges[60].first = ranges[60].last = 6011;
  set(64, 65, {16, 19});
  ranges[64].first = 6440;
  return ranges;
}();

// The sum of eight digits of which every second, from the first on, counts double (9 less where that has two
// digits), all at once in one word.
inline uint32_t luhn_of_eight(const char* digits) {
  constexpr uint64_t kOnes = 0x0101010101010101U;
  uint64_t word = 0;
  std::memcpy(&word, digits, sizeof word);  // the first digit is the lowest byte
  word -= kOnes * '0';
  const uint64_t doubled = word & 0x00ff00ff00ff00ffU;
  const uint64_t large = (doubled + kOnes * 0x7b) >> 7U & kOnes;  // 5 and more
  return static_cast<uint32_t>((word + doubled - large * 9) * kOnes >> 56U);
}

// ISO/IEC 7812-1, annex B.
inline bool luhn(std::string_view digits) {
  static constexpr std::array<uint8_t, 10> kDoubled = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
  uint32_t sum = 0;
  size_t i = digits.size();
  for (; i >= 8; i -= 8) sum += luhn_of_eight(digits.data() + i - 8);
  for (; i >= 2; i -= 2) sum += digit_at(digits.data(), i - 1) + kDoubled[digit_at(digits.data(), i - 2)];
  if (i == 1) sum += digit_at(digits.data(), 0);
  return sum % 10 == 0;
}

// Of 13 to 19 digits, cheaply: whether a card's number may begin so and have that length.
inline bool may_be_card(std::string_view digits) {
  return (kCardRanges[two_digits(digits.data())].lengths >> digits.size() & 1U) != 0;
}

// Digits of a known issuer range with a Luhn check digit.
inline Fit fit_card(std::string_view digits, Kind& kind) {
  const size_t n = digits.size();
  if (n < 13 || n > 19) return Fit::kNo;
  const uint32_t two = two_digits(digits.data());
  const CardRange& range = kCardRanges[two];
  const uint32_t four = two * 100 + two_digits(digits.data() + 2);
  if ((range.lengths >> n & 1U) == 0 || four < range.first || four > range.last) return Fit::kNo;
  kind = two == 62 ? Kind::kUnionpayPan : Kind::kIntlPan;
  return luhn(digits) ? Fit::kValid : Fit::kForm;
}

// A capital and seven digits: whether they are valid, as fit_hkid() says.
inline bool is_hkid_of_digits(const char* text) {
  // Weights 8 to 1, four products at once: those of every second byte meet in the highest sixteen bits.
  constexpr uint64_t kEven = 0x00ff00ff00ff00ffU;
  constexpr uint64_t kOfEven = 8ULL << 48U | 6ULL << 32U | 4ULL << 16U | 2U;
  constexpr uint64_t kOfOdd = 7ULL << 48U | 5ULL << 32U | 3ULL << 16U | 1U;
  uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  const uint64_t sum = ((word & kEven) * kOfEven >> 48U) + ((word >> 8U & kEven) * kOfOdd >> 48U);
  // The blank in front counts 36 nine times; A is 10, '0' is 0. 11 more often than is taken away.
  constexpr uint64_t kLess = ('A' - 10) * 8U + '0' * 28U;
  constexpr uint64_t kBlank = 324;
  return (sum + kBlank + 11 * kLess - kLess) % 11 == 0;
}

// GB 32100-2015: the region is one of GB/T 2260, or 10 for the whole country.
constexpr std::array<bool, 100> kUsccRegions = [] {
  std::array<bool, 100> known = kProvinces;
  known[10] = true;
  return known;
}();
// Of 18 digits, cheaply: department and region.
inline bool may_be_uscc(std::string_view digits) {
  static constexpr std::array<bool, 10> kDepartments = {false, true,  false, false, false,
                                                        true,  false, false, false, true};
  // One answer for both: each alone is a coin that nobody can foresee.
  const unsigned both = unsigned{kDepartments[digit_at(digits.data(), 0)]} &
                        unsigned{kUsccRegions[two_digits(digits.data() + 2)]};
  return both != 0;
}

// The check character counts once, and all together are a multiple of 31.
constexpr std::array<uint32_t, 18> kUsccWeights = {1,  3,  9,  27, 19, 26, 16, 17, 20,
                                                   29, 25, 13, 8,  24, 10, 30, 28, 1};
// 18 digits that may be one: whether they are valid, as fit_uscc() says.
inline bool is_uscc_of_digits(const char* digits) {
  uint32_t sum = 0;
  for (size_t i = 0; i < kUsccWeights.size(); ++i) sum += digit_at(digits, i) * kUsccWeights[i];
  return sum % 31 == 0;
}

}  // namespace

}  // namespace hetao::inspection
