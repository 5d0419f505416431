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

// What rows have between their pairs (00:00:5E). Each in the place that its lower half says.
constexpr std::array<uint8_t, 16> kRowSigns = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', 0, 0, '-', 0, 0};
// Beside letters and digits: what base64 is made of, but for '_'. In the same way.
constexpr std::array<uint8_t, 16> kBase64Signs = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '+', 0, '-', 0, '/'};

// What three bytes in a row may begin, a bit each: of the first all is told, of the second both halves, of
// the third the upper half; so a few more pass. A bit may stand for one thing of ASCII and one of other
// bytes: with the same upper bit in the first byte and in the second. Only kMixedStart may have them differ.
struct StartTables {
  std::array<uint8_t, 16> first_high{}, first_ascii{}, first_other{}, second_high{}, second_low{}, third{};
  constexpr StartTables& add(uint8_t bit, std::string_view firsts, std::string_view seconds,
                             std::initializer_list<unsigned> third_halves) {
    const auto at = [](char c, unsigned shift) { return static_cast<uint8_t>(c) >> shift & 15U; };
    const auto set = [bit](uint8_t& row) { row = static_cast<uint8_t>(row | bit); };
    for (const char c : firsts) {
      set(first_high[at(c, 4)]);
      set(static_cast<uint8_t>(c) < 0x80 ? first_ascii[at(c, 0)] : first_other[at(c, 0)]);
    }
    for (const char c : seconds) {
      set(second_high[at(c, 4)]);
      set(second_low[at(c, 0)]);
    }
    for (const unsigned half : third_halves) set(third[half]);
    return *this;
  }
};
constexpr uint8_t kMixedStart = 0x80;
constexpr std::initializer_list<unsigned> kAny = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
// What judge() looks at, but for rows, wide digits and plates. Those that share a bit are chosen so that what
// writings are full of does not pass: quotes in UTF-8 and GBK, letters of Arabic, Thai, Korean.
constexpr StartTables kStarts =
    StartTables()
        .add(1, "%", "0123456789ABCDEFabcdefu", {3, 4, 6})
        .add(1, "\xd9\xdb", "\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xb0", {3, 0xd})  // Arabic digits
        .add(2, "\\", "013xuU", {3, 4, 6, 7})
        // Without width, raised and lowered digits, those in circles, a key's frame, a star
        .add(2, "\xe2", "\x80\x81\x82\x83\x91\x93\x98\x9d", {8, 0xa, 0xb})
        .add(4, "&", "#nacetzZlhdmps", {3, 5, 6, 7})
        .add(4, "\xef", "\xbb\xbc", {9, 0xa, 0xb})  // full-width digits and capitals, a byte order mark
        .add(8, "=", "0123456789ABCDEFabcdef", {3, 4, 6})
        .add(8, "\xa2\xa3", "\xaf\xb0\xb1\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9", {0xa})  // Big5's, GBK's digits
        .add(16, "=", "\n\r", kAny)
        .add(16, "\xa1", "\xef\xb9", kAny)  // their stars
        .add(32, "\x1b", "[", {3, 4, 5, 6, 7})
        .add(32, "\xf0", "\x9d", {9})  // mathematical digits
        .add(32, "\xe1", "\xa0", {8})  // without width, as are the two below
        .add(64, "\xc2", "\xad", {0, 1, 2, 3, 4, 5, 6, 7})
        .add(64, "\xcd", "\x8f", {0, 1, 2, 3, 4, 5, 6, 7, 8})
        .add(64, "-", "B", {4})
        .add(kMixedStart, "@",
             "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
             "abcdefghijklmnopqrstuvwxyz\xef\xa2\xa3",
             {1, 2, 3, 4, 5, 6, 7, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf});  // escapes and full-width letters, too

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
  const char* const name = reinterpret_cast<const char*>(at);
  const std::string_view text(name, 6);
  const std::string_view shorter(name, 5);
  return text == "&nbsp;" || text == "&amp;#" || text == "&comma" || text == "&ensp;" || text == "&emsp;" ||
         text == "&thins" || text == "&zwnj;" || text == "&ZeroW" || text == "&lpar;" || text == "&lt;&l" ||
         text == "&hyphe" || text == "&dash;" || text == "&ndash" || text == "&minus" || text == "&perio" ||
         shorter == "&shy;" || shorter == "&zwj;";
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

// In UTF-8, GBK and Big5.
inline bool is_star(const uint8_t* at) {
  return (at[0] == 0xe2 && at[1] == 0x98 && at[2] == 0x85) ||
         (at[0] == 0xa1 && (at[1] == 0xef || at[1] == 0xb9));
}

// What a full-width letter begins with, in UTF-8, GBK and Big5.
inline bool is_wide_lead(uint8_t c) {
  return c == 0xef || c == 0xa2 || c == 0xa3;
}
constexpr size_t kWideBytes = 3;
// What an address' name may end with.
constexpr std::array<bool, 256> kEndsName = [] {
  std::array<bool, 256> ends{};
  for (size_t c = '0'; c <= '9'; ++c) ends[c] = true;
  for (size_t c = 'A'; c <= 'Z'; ++c) ends[c] = ends[c | 0x20U] = true;
  for (const char c : {'.', '_', '-', '+', '%'}) ends[static_cast<uint8_t>(c)] = true;
  return ends;
}();

// And what its domain may go on with.
constexpr std::array<bool, 256> kGoesOn = [] {
  std::array<bool, 256> goes_on = kEndsName;
  goes_on['_'] = goes_on['+'] = goes_on['%'] = false;
  return goes_on;
}();

// A name's end and the beginning of a domain. `before`: so many bytes in front of it are known.
inline bool is_address(const uint8_t* at, size_t before) {
  if (at[0] != '@') return false;
  if (is_wide_lead(at[1])) return true;
  if (!is_digit(at[1]) && !is_letter(at[1])) return false;
  return before < kWideBytes || is_wide_lead(at[-2]) || is_wide_lead(at[-3]) ||
         (kEndsName[at[-1]] && kGoesOn[at[2]]);
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
inline Judged judge(const uint8_t* at, size_t before) {
  const auto if_so = [](bool so, Judged what) { return so ? what : Judged::kNothing; };
  const uint8_t c = at[0];
  if (c >= 0x80) return is_folded_character(at) ? Judged::kFold : if_so(is_star(at), Judged::kMark);
  if (is_upper(c)) return if_so(begins_plate(at) || ends_plate(at), Judged::kMark);
  if (is_digit(c)) return if_so(is_wide_digit(at), Judged::kFold);
  if (is_address(at, before) || is_row(at)) return Judged::kMark;
  return if_so(is_escape(at), Judged::kFold);
}

}  // namespace

}  // namespace hetao::inspection::kernel
