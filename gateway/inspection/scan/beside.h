// What a character beside a number says of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hetao::inspection {

enum Beside : uint8_t {
  kJoins = 1U << 0U,     // the number is part of something else: letters, dots, hyphens, underscores
  kSaysMore = 1U << 1U,  // it may make the number a part of something longer
  kIsCapital = 1U << 2U,
  kIsDigit = 1U << 3U,
  kIsSign = 1U << 4U,  // ':' behind an offset, '+' before a country's code
  kIsBlank = 1U << 5U,
  kIsHigh = 1U << 6U,
  kGroups = 1U << 7U,  // digits, capitals, blanks, ')': beyond a blank, parts of the same number
};
inline constexpr std::array<uint8_t, 256> kBeside = [] {
  std::array<uint8_t, 256> all{};
  for (size_t i = 0; i < 256; ++i) {
    const bool letter = (i | 0x20U) >= 'a' && (i | 0x20U) <= 'z';
    const auto add = [&all, i](bool so, Beside what) {
      if (so) all[i] = static_cast<uint8_t>(all[i] | what);
    };
    const auto one_of = [i](std::string_view these) {
      return these.find(static_cast<char>(i)) != std::string_view::npos;
    };
    add(letter || one_of(".-_"), kJoins);
    add(letter || i >= 0x80 || one_of(" -.<>/()["), kSaysMore);
    add(i >= 'A' && i <= 'Z', kIsCapital);
    add(i >= '0' && i <= '9', kIsDigit);
    add(one_of(":+"), kIsSign);
    add(i == ' ', kIsBlank);
    add(i >= 0x80, kIsHigh);
    add((i >= 'A' && i <= 'Z') || (i >= '0' && i <= '9') || one_of(" )"), kGroups);
  }
  return all;
}();

inline uint8_t beside(char c) {
  return kBeside[static_cast<uint8_t>(c)];
}
inline bool joins(char c) {
  return (beside(c) & kJoins) != 0;
}
inline bool says_more(char c) {
  return (beside(c) & kSaysMore) != 0;
}

}  // namespace hetao::inspection
