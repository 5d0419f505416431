// The masks' logic, once for all instruction sets. `Vector` is 64 bytes; its comparisons answer with a
// `Where`, one yes or no a byte, which can be joined by & and | and turned into bits:
//   explicit Vector(const uint8_t*);
//   Where eq(uint8_t), range(uint8_t low, uint8_t high), letter(), high(), in(const ByteSet&) const;
//   Where small() const;  // of letters: those that are no capitals
//   static uint64_t bits(Where);
//   static uint64_t leads(Vector, Vector, Vector, const LeadTables&);
//
// What plain text is full of costs a few comparisons a block; what is rarer is looked at only in blocks that
// hold some of it. Turning comparisons into bits is the dear part, so they are joined as vectors first.
#pragma once

#include <array>

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

// No text holds these: all below the blank but BEL to CR (tabs, line ends) and ESC (colours).
inline constexpr ByteSet kControls = ByteSet().add(0, 6).add(14, 0x1a).add(0x1c, 0x1f).add(0x7f, 0x7f);
// What a block has to hold to be worth the look of rare_masks().
inline constexpr ByteSet kRare = ByteSet(kControls).add("%\\&=@:-\x1b");
inline constexpr ByteSet kBase64Signs = ByteSet().add("+/-_");
inline constexpr ByteSet kDigitQuadSeconds = ByteSet().add("DTjz");

// Multi-byte characters that matter, told from others by halves of three bytes: a bit each.
//   1 EF BC 90-99, A0-BA full-width digits, @, capitals, EF BB BF   2 E2 80 8B-8F, AA-AE, 81 A0-AF without
//   width, 4 C2 AD soft hyphen                                           81 B0-B9, 82 80-89 raised and
//   lowered digits, 8 F0 9D 9F mathematical digits                                83 A3 a key's frame, 91
//   A0-BC digits in circles, 16 D9 A0-A9, DB B0-B9 Arabic digits                           98 85 a star 32 A3
//   B0-B9, A2 AF-B8 full-width digits in GBK and Big5       64 A1 EF, A1 B9 a star in GBK and Big5 128 CD 8F,
//   E1 A0 8E without width
struct LeadTables {
  std::array<uint8_t, 16> first_high{}, first_low{}, second_high{}, third_high{};
};
inline constexpr LeadTables kLeads = [] {
  LeadTables t;
  for (size_t i = 0; i < 16; ++i) t.third_high[i] = 64;
  t.first_high[0xe] = 1 | 2 | 128, t.first_low[0xf] = 1, t.first_low[2] = 2 | 4 | 32;
  t.first_high[0xc] = 4 | 128, t.first_low[0xd] = 128;
  t.first_high[0xf] = 8, t.first_low[0] = 8;
  t.first_high[0xd] = 16, t.first_low[9] = 16, t.first_low[0xb] = 16;
  t.first_high[0xa] = 32 | 64, t.first_low[1] = 64 | 128, t.first_low[3] = 32;
  t.second_high[8] = 2 | 128, t.second_high[9] = 2 | 8, t.second_high[0xa] = 4 | 16 | 32 | 128;
  t.second_high[0xb] = 1 | 16 | 32 | 64, t.second_high[0xe] = 64;
  t.third_high[8] |= 2 | 128, t.third_high[9] |= 1 | 8, t.third_high[0xa] |= 1 | 2 | 32;
  t.third_high[0xb] |= 1 | 2;
  for (size_t i = 0; i < 8; ++i) t.third_high[i] |= 4 | 128;
  t.third_high[3] |= 16, t.third_high[0xd] |= 16;
  return t;
}();

// So many letters, digits and signs in a block make it no running text.
inline constexpr int kDenseBytesMin = 58;
// So many letters in a block, and kLooseRunMin letters and digits in a row, may be base64 between other
// words.
inline constexpr int kLooseLettersMin = 10;

struct Classes {
  uint64_t digit = 0, upper = 0, letter = 0, high = 0;
};

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
      return at[1] == '[';
    case '&':
      if (at[1] != '#') return is_named_entity(at);
      return at[2] == 'x' || at[2] == 'X' || (at[2] >= '0' && at[2] <= '9');
    case '=':
      if (at[1] == '\n' || at[1] == '\r') {  // programs go on with two blanks and more
        const uint8_t* line = at + (at[1] == '\n' ? 2 : 3);
        return line[0] > ' ' || (line[0] == ' ' && line[1] > ' ');
      }
      return (at[1] == '3' && at[2] == 'D') || (two(1) && at[3] == '=' && two(4));
    default:
      break;
  }
  if (at[1] == 'x') return two(2);
  if (at[1] >= '0' && at[1] <= '3')
    return at[1] != '2' && at[2] >= '0' && at[2] <= '7' && at[3] >= '0' && at[3] <= '7';
  return (at[1] == 'u' || at[1] == 'U') && (at[2] == '{' || (two(2) && is_hex(at[4])));
}

// UTF-16 and UTF-32 digits inside bytes that are something else.
inline bool is_wide_digit(const uint8_t* at) {
  const auto digit = [at](size_t i) { return at[i] >= '0' && at[i] <= '9'; };
  return at[1] == 0 && at[3] == 0 && (digit(2) || (at[2] == 0 && digit(4)));
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
  return (at[0] == 0xe2 && at[1] == 0x98 && at[2] == 0x85) ||
         (at[0] == 0xa1 && (at[1] == 0xef || at[1] == 0xb9));
}

// Two letters and a number, with or without a blank between, as on Hong Kong's plates.
inline bool begins_plate(const uint8_t* at) {
  const uint8_t third = at[2] == ' ' ? at[3] : at[2];
  return at[1] >= 'A' && at[1] <= 'Z' && third >= '0' && third <= '9';
}

// "31 31 30": digits in hexadecimal, a separator after each.
inline bool is_hex_digits(const uint8_t* at) {
  const auto pair = [at](size_t i) { return at[i] == '3' && at[i + 1] >= '0' && at[i + 1] <= '9'; };
  const auto digit = [at](size_t i) { return at[i] >= '0' && at[i] <= '9'; };
  return pair(0) && !digit(2) && pair(3) && !digit(5) && at[6] == '3';
}

// The first of four separators, three apart: 00:00:5E:00:53:01.
inline uint64_t three_apart(uint64_t separators) {
  return separators & ahead<3>(separators) & ahead<6>(separators) & ahead<9>(separators);
}

// Addresses, hardware addresses, keys, escapes, NULs.
template <class Vector>
void rare_masks(const uint8_t* text, const Vector& v, const Classes& c, BlockMasks& m) {
  const uint64_t dash = Vector::bits(v.eq('-'));
  m.mark |= (Vector::bits(v.eq('@')) & ahead<1>(c.letter | c.digit | c.high)) |
            three_apart(Vector::bits(v.eq(':'))) | three_apart(dash) | (dash & ahead<1>(c.upper));
  const uint64_t escape = (Vector::bits(v.eq('%') | v.eq('\\')) & ahead<1>(c.digit | c.letter)) |
                          Vector::bits(v.eq('&') | v.eq('=') | v.eq(0x1b));
  m.fold |= those(text, escape, is_escape);
  const uint64_t nul = Vector::bits(v.eq(0));
  m.fold |= those(text, c.digit & ahead<1>(nul) & ahead<3>(nul), is_wide_digit);
  m.control = Vector::bits(v.in(kControls));
}

// Identifiers of letters, and digits in base64 and hexadecimal.
template <class Vector>
uint64_t common_marks(const uint8_t* text, const Vector& v, const Classes& c, const MaskCarry& carry) {
  const uint64_t d = c.digit;
  uint64_t mark = those(text, c.upper & ~behind(d | c.letter, carry.word) & ahead<1>(c.upper), begins_plate);
  // A Chinese character, a letter and four more: plates of the mainland.
  // In Big5 the character's second byte may be a letter.
  const uint64_t plate =
      (behind(c.high, carry.high >> 1U) | c.high << 2U | carry.high) & c.upper & ahead<4>(d | c.upper);
  if (plate != 0) {
    mark |= plate & ahead<3>(d | c.upper | c.high) &
            ahead<1>(d | c.upper | c.high | Vector::bits(v.eq(' ') | v.eq('-')));
  }
  // Base64 of three digits and one more digit or sign: [MNOP][DTjz], the next quad begins with [I-P].
  if ((c.upper & ahead<4>(c.upper)) != 0) {
    mark |= Vector::bits(v.range('M', 'P') & Vector(text + 4).range('I', 'P') &
                         Vector(text + 1).in(kDigitQuadSeconds));
  }
  const uint64_t pairs = d & ahead<1>(d) & ~(d >> 2U) & ahead<3>(d) & ahead<4>(d) & ~(d >> 5U) & ahead<6>(d);
  return mark | those(text, pairs, is_hex_digits);
}

template <class Vector>
void find_masks(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, Stride& out) {
  uint64_t busy = 0;
  uint64_t dense = 0;
  uint64_t lines = 0;
  uint64_t controls = 0;
  uint64_t mixed = 0;
  uint64_t loose = 0;
  for (size_t b = 0; b < blocks; ++b, text += kBlockBytes) {
    const Vector v(text);
    Classes c;
    c.digit = Vector::bits(v.range('0', '9'));
    c.letter = Vector::bits(v.letter());
    c.upper = c.letter & ~Vector::bits(v.small());
    c.high = Vector::bits(v.high());
    BlockMasks m;
    m.digit = c.digit;
    m.run =
        c.digit & ~behind(c.digit, carry.digit) & ahead<1>(c.digit) & ahead<2>(c.digit) & ahead<3>(c.digit);
    m.mark = common_marks<Vector>(text, v, c, carry);
    m.line = Vector::bits(v.eq('\n'));
    if (separator != 0) m.separator = Vector::bits(v.eq(separator));
    if (Vector::bits(v.in(kRare)) != 0) rare_masks<Vector>(text, v, c, m);
    if (c.high != 0) {
      const uint64_t leads = Vector::leads(v, Vector(text + 1), Vector(text + 2), kLeads);
      if (leads != 0) {
        m.fold |= those(text, leads, is_folded_character);
        m.mark |= those(text, leads, is_star);
      }
    }
    const uint64_t word = c.digit | c.letter | c.high;
    if (__builtin_popcountll(word) >= kDenseBytesMin) {
      dense |= uint64_t{1} << b;
    }
    // Another script alone holds no base64.
    if ((dense >> b & 1U) != 0 && ((c.digit | c.letter | ~word >> 63U) != 0)) {
      const uint64_t ends = m.line | Vector::bits(v.eq('\r'));
      const uint64_t signs = Vector::bits(v.in(kBase64Signs));
      m.border = (~(word | signs | ends) | (ends & (ends << 1U | 1))) &
                 ahead<1>(long_runs(c.digit | c.letter | signs));
    }
    loose |= uint64_t{__builtin_popcountll(c.letter) >= kLooseLettersMin && has_run(c.digit | c.letter)} << b;
    lines += static_cast<uint64_t>(__builtin_popcountll(m.line));
    controls += static_cast<uint64_t>(__builtin_popcountll(m.control));
    busy |= uint64_t{(m.run | m.mark | m.fold | m.border) != 0} << b;
    mixed |= m.mark | m.fold;
    carry.digit = c.digit >> 63U;
    carry.word = (c.digit | c.letter) >> 63U;
    carry.high = c.high >> 62U;
    out.block[b] = m;
  }
  out.busy = busy;
  out.dense = dense;
  out.loose = loose & ~dense;
  out.lines = lines;
  out.controls = controls;
  out.runs_only = mixed == 0;
}

}  // namespace hetao::inspection::kernel
