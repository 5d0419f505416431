// The masks' logic, once for all instruction sets. `Vector` is 64 bytes; its comparisons answer with a
// `Where`, one yes or no a byte, which can be joined by & and | and turned into bits:
//   explicit Vector(const uint8_t*);
//   Where eq(uint8_t), range(uint8_t low, uint8_t high), letter(), high(), in(const ByteSet&) const;
//   Where eq_but(uint8_t bit, uint8_t) const;  // whatever that bit is
//   Where small() const;  // of letters: those that are no capitals
//   static uint64_t bits(Where);
//   Sorts sorts(const SortTables&) const;  // a byte of bits a byte
//   static uint64_t any(Sorts), with(Sorts, uint8_t bits);  // those with any bit, with one of these
//   static uint64_t leads(Vector, Vector, Vector, const LeadTables&);  // of a byte and the two behind it
//   static uint64_t pairs(Vector, Vector, const PairTables&);          // of a byte and the one behind it
//
// What plain text is full of costs a few comparisons a block; what is rarer is looked at only in blocks that
// hold some of it. A branch that a block takes by chance costs as much as twenty comparisons: so what random
// bytes hold often (a capital, an '@', a '%') is refused by comparisons with its neighbours, and only what
// passes is looked at one by one. Classes of a whole stride are found first; then a block sees the next
// one's.
#pragma once

#include <array>
#include <initializer_list>

#include "gateway/inspection/scan/block_masks.h"

namespace hetao::inspection::kernel {

// A set of ASCII characters, by the two halves of a byte: row `low` has a bit for each `high`.
struct ByteSet {
  std::array<uint8_t, 16> rows{};
  constexpr ByteSet& add(uint8_t from, uint8_t to) {
    for (unsigned c = from; c <= to; ++c)
      rows[c & 15U] = static_cast<uint8_t>(rows[c & 15U] | (1U << (c >> 4U)));
    return *this;
  }
  constexpr ByteSet& add(std::string_view characters) {
    for (const char c : characters) add(static_cast<uint8_t>(c), static_cast<uint8_t>(c));
    return *this;
  }
};
// The bit of a high half; no ASCII has one of 8 to 15, and nothing in a set equals 0xff.
inline constexpr std::array<uint8_t, 16> kHighBit = {1,    2,    4,    8,    16,   32,   64,   128,
                                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

inline constexpr ByteSet kBase64Signs = ByteSet().add("+/-_");

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
inline constexpr uint8_t kControls = 1 | 2 | 4;
// What a block has to hold to be worth a look at rare things: control characters, and %\&=@:- and ESC.
inline constexpr SortTables kRare = SortTables()
                                        .add(1, 0x0, {0, 1, 2, 3, 4, 5, 6, 14, 15})
                                        .add(2, 0x1, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15})
                                        .add(4, 0x7, {15})
                                        .add(8, 0x1, {11})
                                        .add(16, 0x2, {5, 6, 13})
                                        .add(32, 0x3, {10, 13})
                                        .add(64, 0x4, {0})
                                        .add(128, 0x5, {12});

// Multi-byte characters that matter, told from others by halves of three bytes: a bit each.
//   1 EF BC 90-99, A0-BA full-width digits, @, capitals, EF BB BF   2 E2 80 8B-8F, AA-AE, 81 A0-AF without
//   width, 4 C2 AD soft hyphen                                           81 B0-B9, 82 80-89 raised and
//   lowered digits, 8 F0 9D 9F mathematical digits                                83 A3 a key's frame, 91
//   A0-BC digits in circles, 16 D9 A0-A9, DB B0-B9 Arabic digits                           98 85 a star 32 A3
//   B0-B9, A2 AF-B8 full-width digits in GBK and Big5       128 CD 8F, E1 A0 8E without width
struct LeadTables {
  std::array<uint8_t, 16> first_high{}, first_low{}, second_high{}, third_high{};
};
inline constexpr LeadTables kLeads = [] {
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
inline constexpr PairTables kEscapes = PairTables()
                                           .add(1, '%', "0123456789ABCDEFabcdefu")
                                           .add(2, '\\', "013xuU")
                                           .add(4, '&', "#nacetzZlhdmps")
                                           .add(8, '=', "0123456789ABCDEFabcdef")
                                           .add(16, '=', "\n\r")
                                           .add(32, '\x1b', "[")
                                           .add(64, '@',
                                                "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                "abcdefghijklmnopqrstuvwxyz\xef\xa2\xa3");

// So many letters, digits and signs in a block make it no running text.
inline constexpr int kDenseBytesMin = 58;
// So many letters in a block, and kLooseRunMin letters and digits in a row, may be base64 between other
// words.
inline constexpr int kLooseLettersMin = 10;

// Bit i of the answer is bit i + n, where it is still in this block; what would lie in the next one counts as
// there. Nothing is carried back: a candidate too many at a block's end costs less.
template <unsigned N>
constexpr uint64_t ahead(uint64_t now) {
  return (now >> N) | ~(~uint64_t{0} >> N);
}
// Bit i is bit i - 1; the first is the last of the block before, which `before` has as 0 or 1.
inline uint64_t behind(uint64_t now, uint64_t before) {
  return (now << 1U) | before;
}

// Where kDenseRunMin set bits in a row begin.
inline uint64_t long_runs(uint64_t bits) {
  static_assert(kDenseRunMin == 32);
  bits &= ahead<1>(bits);
  bits &= ahead<2>(bits);
  bits &= ahead<4>(bits);
  bits &= ahead<8>(bits);
  return bits & ahead<16>(bits);
}

// Whether kLooseRunMin set bits stand in a row.
inline bool has_run(uint64_t bits) {
  static_assert(kLooseRunMin == 16);
  bits &= bits >> 1U;
  bits &= bits >> 2U;
  bits &= bits >> 4U;
  return (bits & bits >> 8U) != 0;
}

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

// Those of the candidates for which `test` holds at their place.
template <class Test>
uint64_t those(const uint8_t* text, uint64_t candidates, Test test) {
  uint64_t found = 0;
  for (; candidates != 0; candidates &= candidates - 1) {
    if (test(text + __builtin_ctzll(candidates))) found |= candidates & (~candidates + 1);
  }
  return found;
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

// "31 31 30": digits in hexadecimal, a separator after each.
inline bool is_hex_digits(const uint8_t* at) {
  const auto pair = [at](size_t i) { return at[i] == '3' && is_digit(at[i + 1]); };
  return pair(0) && !is_digit(at[2]) && pair(3) && !is_digit(at[5]) && at[6] == '3';
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

// What a block holds, a bit a byte.
struct Classes {
  uint64_t digit, letter, upper, high;
};

// A class of a block and of the next one, as one row.
struct Bits {
  uint64_t now;
  uint64_t next;
  // Bit i is bit i + N.
  template <unsigned N>
  uint64_t ahead() const {
    return now >> N | next << (64 - N);
  }
  Bits operator|(Bits o) const { return {now | o.now, next | o.next}; }
  // Where two in a row begin; of the next block, those that end in it.
  Bits two() const { return {now & ahead<1>(), next & next >> 1U}; }
  Bits four() const {
    const Bits pairs = two();
    return {pairs.now & pairs.ahead<2>(), pairs.next & pairs.next >> 2U};
  }
};

// Plates, and digits in hexadecimal.
inline uint64_t joined_marks(const uint8_t* text, const Classes* c, const MaskCarry& before) {
  const Bits digit = {c[0].digit, c[1].digit};
  const Bits two = digit.two();
  uint64_t mark = those(text, two.now & ~digit.ahead<2>() & two.ahead<3>() & digit.ahead<6>(), is_hex_digits);
  if (c->upper == 0) return mark;
  const Bits upper = {c[0].upper, c[1].upper};
  mark |= those(text,
                upper.now & ~behind(c->digit | c->letter, before.word) & upper.ahead<1>() &
                    (digit.ahead<2>() | digit.ahead<3>()),
                begins_plate);
  // In Big5 the character's second byte may be a letter.
  const uint64_t after_high = (behind(c->high, before.high >> 1U) | c->high << 2U | before.high) & upper.now;
  const Bits serial = (digit | upper).four();
  const uint64_t near = serial.ahead<1>() | serial.ahead<2>() | serial.ahead<3>() | serial.ahead<4>();
  return mark | those(text, after_high & near, ends_plate);
}

// In a dense block: the bytes before new runs that may be base64.
template <class Vector>
uint64_t borders(const Vector& v, const Classes& c, uint64_t line) {
  const uint64_t word = c.digit | c.letter | c.high;
  // Another script alone holds no base64.
  if ((c.digit | c.letter | ~word >> 63U) == 0) return 0;
  const uint64_t ends = line | Vector::bits(v.eq('\r'));
  const uint64_t signs = Vector::bits(v.in(kBase64Signs));
  return (~(word | signs | ends) | (ends & (ends << 1U | 1))) &
         ahead<1>(long_runs(c.digit | c.letter | signs));
}

template <class Vector>
Classes classes_of(const Vector& v) {
  Classes c;
  c.digit = Vector::bits(v.range('0', '9'));
  c.letter = Vector::bits(v.letter());
  c.upper = c.letter & ~Vector::bits(v.small());
  c.high = Vector::bits(v.high());
  return c;
}

// Escapes, addresses, hardware addresses, the frames of keys, digits with NULs between.
template <class Vector>
void rare_masks(const uint8_t* text, const Vector& v, BlockMasks& m) {
  const Vector v1(text + 1);
  const Vector v3(text + 3);
  const auto found = [&m](uint64_t candidates, const uint8_t* at, auto is_mark, auto is_fold) {
    for (; candidates != 0; candidates &= candidates - 1) {
      const uint64_t bit = candidates & (~candidates + 1);
      const uint8_t* place = at + __builtin_ctzll(candidates);
      if (is_mark(place)) m.mark |= bit;
      if (is_fold(place)) m.fold |= bit;
    }
  };
  found(Vector::pairs(v, v1, kEscapes), text, is_address, is_escape);
  found(Vector::bits((v.eq(':') & v3.eq(':')) | (v.eq('-') & (v3.eq('-') | v1.eq('B'))) |
                     (v.range('0', '9') & v1.eq(0) & v3.eq(0))),
        text, is_row, is_wide_digit);
}

// What a block shows by its bytes.
template <class Vector>
void note_block(const uint8_t* text, const Vector& v, const Classes& c, BlockMasks& m) {
  m.digit = c.digit;
  m.line = Vector::bits(v.eq('\n'));
  m.mark = m.fold = m.border = m.control = 0;
  const auto sorts = v.sorts(kRare);
  if (Vector::any(sorts) != 0) {
    m.control = Vector::with(sorts, kControls);
    rare_masks<Vector>(text, v, m);
  }
  // Base64 of three digits and one more digit or sign: [MNOP][DTjz], the next quad begins with [I-P].
  if (c.upper != 0) {
    const Vector v1(text + 1);
    m.mark |= Vector::bits(v.range('M', 'P') & Vector(text + 4).range('I', 'P') &
                           (v1.eq_but(0x10, 'D') | v1.eq_but(0x10, 'j')));
  }
  if (c.high != 0) {
    const Vector v1(text + 1);
    const uint64_t leads = Vector::leads(v, v1, Vector(text + 2), kLeads);
    m.fold |= those(text, leads, is_folded_character);
    // Stars: in UTF-8, GBK and Big5.
    m.mark |= those(text, leads, is_star) | Vector::bits(v.eq(0xa1) & (v1.eq(0xef) | v1.eq(0xb9)));
  }
}

template <class Vector>
void find_masks(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, Stride& out) {
  Classes classes[kStrideBlocks + 1];
  uint64_t dense = 0;
  uint64_t loose = 0;
  for (size_t b = 0; b < blocks; ++b) {
    const uint8_t* block = text + b * kBlockBytes;
    const Vector v(block);
    const Classes c = classes_of(v);
    BlockMasks& m = out.block[b];
    note_block<Vector>(block, v, c, m);
    m.separator = separator != 0 ? Vector::bits(v.eq(separator)) : 0;
    const uint64_t word = c.digit | c.letter;
    if (__builtin_popcountll(word | c.high) >= kDenseBytesMin) {
      dense |= uint64_t{1} << b;
      m.border = borders<Vector>(v, c, m.line);
    }
    loose |= (uint64_t{__builtin_popcountll(c.letter) >= kLooseLettersMin} & uint64_t{has_run(word)}) << b;
    classes[b] = c;
  }
  classes[blocks] = classes_of(Vector(text + blocks * kBlockBytes));
  uint64_t busy = 0;
  uint64_t lines = 0;
  uint64_t controls = 0;
  uint64_t mixed = 0;
  for (size_t b = 0; b < blocks; ++b) {
    const Classes* c = classes + b;
    BlockMasks& m = out.block[b];
    m.run = Bits{c[0].digit, c[1].digit}.four().now & ~behind(c->digit, carry.digit);
    m.mark |= joined_marks(text + b * kBlockBytes, c, carry);
    lines += static_cast<uint64_t>(__builtin_popcountll(m.line));
    controls += static_cast<uint64_t>(__builtin_popcountll(m.control));
    busy |= uint64_t{(m.run | m.mark | m.fold | m.border) != 0} << b;
    mixed |= m.mark | m.fold;
    carry.digit = c->digit >> 63U;
    carry.word = (c->digit | c->letter) >> 63U;
    carry.high = c->high >> 62U;
  }
  out.busy = busy;
  out.dense = dense;
  out.loose = loose & ~dense;
  out.lines = lines;
  out.controls = controls;
  out.runs_only = mixed == 0;
}

}  // namespace hetao::inspection::kernel
