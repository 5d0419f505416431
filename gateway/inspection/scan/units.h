// What stands at one place of a text in another writing: an escape, a full-width or other shape of a plain
// character, something without width. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hetao::inspection {

struct Unit {
  size_t bytes = 0;       // that it takes; 0: what stands here is plain
  uint32_t code = 0;      // the character that it is, or kNothing
  bool raw_byte = false;  // it names a byte (%31, \x31, =31), not a character
  bool changes = true;    // false: a whole character that is to be left as it is
};
inline constexpr uint32_t kNothing = 0xffffffff;  // a character without width
// A digit in brackets, as one character: "(1)" is kBracketed + 1.
inline constexpr uint32_t kBracketed = 0x80000000;

// `markup`: tags are units too. `after_quoted`: the unit before was a byte in quoted-printable.
Unit unit_at(std::string_view text, size_t at, bool markup, bool after_quoted);

// Length of a wide blank or dash (U+3000, U+00A0, U+2013, …) at `at`, in UTF-8, GBK or Big5; 0: none.
size_t wide_separator_at(std::string_view text, size_t at);
// A full-width letter there, or one that ends there. Three bytes can begin one (in UTF-8, GBK and Big5): most
// characters are refused by that, and only what is left is looked at as a whole.
bool is_wide_letter(std::string_view text, size_t at);
inline bool wide_letter_at(std::string_view text, size_t at) {
  if (at >= text.size()) return false;
  const auto first = static_cast<uint8_t>(text[at]);
  return (first == 0xef || first == 0xa2 || first == 0xa3) && is_wide_letter(text, at);
}
inline bool wide_letter_before(std::string_view text, size_t at) {
  return (at >= 3 && text[at - 3] == '\xef' && is_wide_letter(text, at - 3)) ||
         (at >= 2 && (text[at - 2] == '\xa2' || text[at - 2] == '\xa3') && is_wide_letter(text, at - 2));
}

}  // namespace hetao::inspection
