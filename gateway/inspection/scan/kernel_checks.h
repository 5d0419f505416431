// What the masks' logic (block_kernel.h) looks for: tables of bytes for the vector half, and the checks of
// single candidates behind them.
//
// Compiled once for each instruction set. So nothing here is shared between object files: a linker would keep
// one of several equal functions, perhaps that for a processor which this one is not.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace hetao::inspection::kernel {

namespace {

// Sorts of ASCII characters, a bit each: a byte is of a sort if both of its halves have the bit. Bytes above
// ASCII are of none.
struct SortTables {
  std::array<uint8_t, 16> high{}, low{};
  constexpr SortTables& add(uint8_t bit, unsigned high_half, std::initializer_list<unsigned> low_halves) {
    high[high_half] = static_cast<uint8_t>(high[high_half] | bit);
    for (const unsigned half : low_halves) low[half] = static_cast<uint8_t>(low[half] | bit);
    return *this;
  }
};
// No text holds these: all below the blank but BEL to CR (tabs, line ends) and ESC (colours), and DEL.
constexpr uint8_t kControls = 1 | 2 | 4;
// What a block has to hold to be worth a look at rare things: control characters, and %\&=@:- and ESC.
constexpr SortTables kRare = SortTables()
                                 .add(1, 0x0, {0, 1, 2, 3, 4, 5, 6, 14, 15})
                                 .add(2, 0x1, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15})
                                 .add(4, 0x7, {15})
                                 .add(8, 0x1, {11})
                                 .add(16, 0x2, {5, 6, 13})
                                 .add(32, 0x3, {10, 13})
                                 .add(64, 0x4, {0})
                                 .add(128, 0x5, {12});

// What base64 is made of, and line ends.
constexpr SortTables kBase64 = SortTables()
                                   .add(1, 0x3, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
                                   .add(2, 0x4, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
                                   .add(2, 0x6, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
                                   .add(4, 0x5, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
                                   .add(4, 0x7, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
                                   .add(8, 0x2, {11, 13, 15})
                                   .add(16, 0x5, {15})
                                   .add(32, 0x0, {10});
constexpr uint8_t kBase64Signs = 8 | 16;

// Multi-byte characters that matter, told from others by halves of three bytes: a bit each.
//   1 EF BC 90-99, A0-BA full-width digits, @, capitals, EF BB BF   2 E2 80 8B-8F, AA-AE, 81 A0-AF without
//   width, 4 C2 AD soft hyphen                                           81 B0-B9, 82 80-89 raised and
//   lowered digits, 8 F0 9D 9F mathematical digits                                83 A3 a key's frame, 91
//   A0-BC digits in circles, 16 D9 A0-A9, DB B0-B9 Arabic digits                           98 85 a star 32 A3
//   B0-B9, A2 AF-B8 full-width digits in GBK and Big5       128 CD 8F, E1 A0 8E without width
struct LeadTables {
  std::array<uint8_t, 16> first_high{}, first_low{}, second_high{}, third_high{};
};
constexpr LeadTables kLeads = [] {
  LeadTables t;
  t.first_high[0xe] = 1 | 2 | 128, t.first_low[0xf] = 1, t.first_low[2] = 2 | 4 | 32;
  t.first_high[0xc] = 4 | 128, t.first_low[0xd] = 128;
  t.first_high[0xf] = 8, t.first_low[0] = 8;
  t.first_high[0xd] = 16, t.first_low[9] = 16, t.first_low[0xb] = 16;
  t.first_high[0xa] = 32, t.first_low[1] = 128, t.first_low[3] = 32;
  t.second_high[8] = 2 | 128, t.second_high[9] = 2 | 8, t.second_high[0xa] = 4 | 16 | 32 | 128;
  t.second_high[0xb] = 1 | 16 | 32;
  t.third_high[8] |= 2 | 128, t.third_high[9] |= 1 | 8, t.third_high[0xa] |= 1 | 2 | 32;
  t.third_high[0xb] |= 1 | 2;
  for (size_t i = 0; i < 8; ++i) t.third_high[i] |= 4 | 128;
  t.third_high[3] |= 16, t.third_high[0xd] |= 16;
  return t;
}();

// A byte and what may follow it: up to eight such pairs, a bit each. The second byte is told by its halves,
// so a few more pass.
struct PairTables {
  std::array<uint8_t, 16> first_high{}, first_low{}, second_high{}, second_low{};
  constexpr PairTables& add(uint8_t bit, char first, std::string_view seconds) {
    const auto at = [](char c, unsigned shift) { return static_cast<uint8_t>(c) >> shift & 15U; };
    const auto set = [bit](uint8_t& row) { row = static_cast<uint8_t>(row | bit); };
    set(first_high[at(first, 4)]);
    set(first_low[at(first, 0)]);
    for (const char c : seconds) {
      set(second_high[at(c, 4)]);
      set(second_low[at(c, 0)]);
    }
    return *this;
  }
};
// What is_escape() and is_address() look at.
constexpr PairTables kEscapes = PairTables()
                                    .add(1, '%', "0123456789ABCDEFabcdefu")
                                    .add(2, '\\', "013xuU")
                                    .add(4, '&', "#nacetzZlhdmps")
                                    .add(8, '=', "0123456789ABCDEFabcdef")
                                    .add(16, '=', "\n\r")
                                    .add(32, '\x1b', "[")
                                    .add(64, '@',
                                         "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "abcdefghijklmnopqrstuvwxyz\xef\xa2\xa3");

inline bool is_hex(uint8_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

inline bool is_digit(uint8_t c) {
  return c >= '0' && c <= '9';
}
inline bool is_upper(uint8_t c) {
  return c >= 'A' && c <= 'Z';
}
inline bool is_letter(uint8_t c) {
  return (c | 0x20U) >= 'a' && (c | 0x20U) <= 'z';
}

// Names that may stand in or round a number.
inline bool is_named_entity(const uint8_t* at) {
  const std::string_view text(reinterpret_cast<const char*>(at), 6);
  return text == "&nbsp;" || text == "&amp;#" || text == "&comma" || text == "&ensp;" || text == "&emsp;" ||
         text == "&thins" || text == "&zwnj;" || text == "&ZeroW" || text == "&lpar;" || text == "&lt;&l" ||
         text == "&hyphe" || text == "&dash;" || text == "&ndash" || text == "&minus" || text == "&perio" ||
         text.starts_with("&shy;") || text.starts_with("&zwj;");
}

// Escapes: \u0031 \U00000031 \u{31} \x31 \061, %31 %u0031, &#49; &#x31;, =31=31, a terminal's colours. Only
// what is written in full counts.
inline bool is_escape(const uint8_t* at) {
  const auto two = [at](size_t i) { return is_hex(at[i]) && is_hex(at[i + 1]); };
  switch (at[0]) {
    case '%':
      return two(1) || (at[1] == 'u' && two(2) && two(4));
    case 0x1b:
      return at[1] == '[' && (at[2] == ';' || (at[2] >= '0' && at[2] <= '9') || is_letter(at[2]));
    case '&':
      if (at[1] != '#') return is_named_entity(at);
      return at[2] == 'x' || at[2] == 'X' || (at[2] >= '0' && at[2] <= '9');
    case '=':
      if (at[1] == '\n' || at[1] == '\r') {  // programs go on with two blanks and more
        const uint8_t* line = at + (at[1] == '\n' ? 2 : 3);
        return line[0] > ' ' || (line[0] == ' ' && line[1] > ' ');
      }
      return (at[1] == '3' && at[2] == 'D') || (two(1) && at[3] == '=' && two(4));
    case '\\':
      break;
    default:
      return false;
  }
  if (at[1] == 'x') return two(2);
  if (at[1] >= '0' && at[1] <= '3')
    return at[1] != '2' && at[2] >= '0' && at[2] <= '7' && at[3] >= '0' && at[3] <= '7';
  return (at[1] == 'u' || at[1] == 'U') && (at[2] == '{' || (two(2) && is_hex(at[4])));
}

inline bool is_folded_character(const uint8_t* at) {
  const auto between = [at](size_t i, uint8_t low, uint8_t high) { return at[i] >= low && at[i] <= high; };
  switch (at[0]) {
    case 0xef:
      return (at[1] == 0xbc && (between(2, 0x90, 0x99) || between(2, 0xa0, 0xba))) ||
             (at[1] == 0xbb && at[2] == 0xbf);
    case 0xe2:
      switch (at[1]) {
        case 0x80:
          return between(2, 0x8b, 0x8f) || between(2, 0xaa, 0xae);
        case 0x81:
          return between(2, 0xa0, 0xb9);
        case 0x82:
          return between(2, 0x80, 0x89);
        case 0x83:
          return at[2] == 0xa3;
        case 0x91:
          return between(2, 0xa0, 0xbc);
        case 0x93:
          return at[2] == 0xaa;
        case 0x9d:
          return between(2, 0xb6, 0xbe);
        default:
          return false;
      }
    case 0xc2:
      return at[1] == 0xad && at[2] < 0x80;
    case 0xcd:
      return at[1] == 0x8f;
    case 0xe1:
      return at[1] == 0xa0 && at[2] == 0x8e;
    case 0xf0:
      return at[1] == 0x9d && at[2] == 0x9f;
    case 0xd9:
      return between(1, 0xa0, 0xa9) && (at[2] == 0xd9 || between(2, '0', '9'));
    case 0xdb:
      return between(1, 0xb0, 0xb9) && (at[2] == 0xdb || between(2, '0', '9'));
    case 0xa3:  // two in a row: in other text the pair alone is common
      return between(1, 0xb0, 0xb9) && at[2] == 0xa3 && between(3, 0xb0, 0xb9);
    case 0xa2:
      return between(1, 0xaf, 0xb8) && at[2] == 0xa2 && between(3, 0xaf, 0xb8);
    default:
      return false;
  }
}

inline bool is_star(const uint8_t* at) {
  return at[0] == 0xe2 && at[1] == 0x98 && at[2] == 0x85;
}

// What an address' name may begin with.
inline bool is_address(const uint8_t* at) {
  return at[0] == '@' &&
         (is_digit(at[1]) || is_letter(at[1]) || at[1] == 0xef || at[1] == 0xa2 || at[1] == 0xa3);
}

// The first of four separators, three apart (00:00:5E:00:53:01), or a key's frame.
inline bool is_row(const uint8_t* at) {
  return (at[0] == '-' && at[1] == 'B') ||
         ((at[0] == '-' || at[0] == ':') && at[3] == at[0] && at[6] == at[0] && at[9] == at[0]);
}

// UTF-16 and UTF-32 digits inside bytes that are something else.
inline bool is_wide_digit(const uint8_t* at) {
  return is_digit(at[0]) && at[1] == 0 && at[3] == 0 && (is_digit(at[2]) || (at[2] == 0 && is_digit(at[4])));
}

// Two letters and a number, with or without a blank between, as on Hong Kong's plates.
inline bool begins_plate(const uint8_t* at) {
  return is_upper(at[1]) && is_digit(at[2] == ' ' ? at[3] : at[2]);
}

// A letter and at least four more, with or without a dot of some kind after it, as on those of the mainland.
inline bool ends_plate(const uint8_t* at) {
  const auto high = [at](size_t i) { return at[i] >= 0x80; };
  const auto serial = [at](size_t i) {
    const auto one = [at](size_t j) { return is_digit(at[j]) || is_upper(at[j]); };
    return one(i) && one(i + 1) && one(i + 2) && one(i + 3);
  };
  return serial(1) || ((at[1] == ' ' || at[1] == '-') && serial(2)) ||
         (high(1) && (high(2) || is_upper(at[2])) && serial(3)) ||
         (high(1) && high(2) && high(3) && serial(4));
}

// What a candidate is, by itself and by what stands behind it.
enum class Judged : uint8_t { kNothing, kMark, kFold };
inline Judged judge(const uint8_t* at) {
  const auto if_so = [](bool so, Judged what) { return so ? what : Judged::kNothing; };
  const uint8_t c = at[0];
  if (c >= 0x80) return is_folded_character(at) ? Judged::kFold : if_so(is_star(at), Judged::kMark);
  if (is_upper(c)) return if_so(begins_plate(at) || ends_plate(at), Judged::kMark);
  if (is_digit(c)) return if_so(is_wide_digit(at), Judged::kFold);
  if (is_address(at) || is_row(at)) return Judged::kMark;
  return if_so(is_escape(at), Judged::kFold);
}

}  // namespace

}  // namespace hetao::inspection::kernel
