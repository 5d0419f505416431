// The masks' logic, once for all instruction sets. `Vector` loads 64 bytes and answers comparisons with bit
// masks:
//   explicit Vector(const uint8_t*);  uint64_t eq(uint8_t);  uint64_t range(uint8_t low, uint8_t high);
//   uint64_t high();
#pragma once

#include "gateway/inspection/scan/block_masks.h"

namespace hetao::inspection::kernel {

// Classes of one block's bytes.
struct Classes {
  uint64_t digit = 0, upper = 0, letter = 0, high = 0, nul = 0, at = 0, colon = 0, dash = 0, space = 0,
           three = 0;
  uint64_t m_to_p = 0, i_to_p = 0, dtjz = 0, be = 0, escape = 0, line = 0, separator = 0, control = 0;
};

// Bit i of the answer is bit i + n of the text that begins with `now` and goes on with `next`.
template <unsigned N>
uint64_t ahead(uint64_t now, uint64_t next) {
  return (now >> N) | (next << (64 - N));
}
inline uint64_t behind(uint64_t now, uint64_t before) {
  return (now << 1U) | (before >> 63U);
}

template <class Vector>
Classes classify(const uint8_t* text, uint8_t separator) {
  const Vector v(text);
  Classes c;
  c.digit = v.range('0', '9');
  c.upper = v.range('A', 'Z');
  c.letter = c.upper | v.range('a', 'z');
  c.high = v.high();
  c.nul = v.eq(0);
  c.at = v.eq('@');
  c.colon = v.eq(':');
  c.dash = v.eq('-');
  c.space = v.eq(' ');
  c.three = v.eq('3');
  c.m_to_p = v.range('M', 'P');
  c.i_to_p = v.range('I', 'P');
  c.dtjz = v.eq('D') | v.eq('T') | v.eq('j') | v.eq('z');
  c.be = v.eq('B');
  c.escape = v.eq('%') | v.eq('\\') | v.eq('&');
  c.line = v.eq('\n');
  c.separator = v.eq(separator);
  // All below the blank but BEL to CR (tabs, line ends) and ESC (colours).
  c.control = (v.range(0, 0x1f) & ~v.range(7, 13) & ~v.eq(0x1b)) | v.eq(0x7f);
  return c;
}

inline bool is_hex(uint8_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Escapes: \u0031 \U00000031 \u{31} \x31, %31, &#49; &#x31; . Only what is written in full counts.
inline uint64_t escapes(const uint8_t* text, uint64_t candidates) {
  uint64_t found = 0;
  while (candidates != 0) {
    const int i = __builtin_ctzll(candidates);
    const uint8_t* at = text + i;
    bool is_escape = false;
    if (at[0] == '%') {
      is_escape = at[1] >= '0' && at[1] <= '9' && is_hex(at[2]);
    } else if (at[0] == '\\') {
      is_escape = ((at[1] == 'u' || at[1] == 'U') &&
                   (at[2] == '{' || (is_hex(at[2]) && is_hex(at[3]) && is_hex(at[4])))) ||
                  (at[1] == 'x' && is_hex(at[2]) && is_hex(at[3]));
    } else {
      is_escape = at[1] == '#' && (at[2] == 'x' || at[2] == 'X' || (at[2] >= '0' && at[2] <= '9'));
    }
    if (is_escape) found |= uint64_t{1} << static_cast<unsigned>(i);
    candidates &= candidates - 1;
  }
  return found;
}

struct HighMasks {
  uint64_t fold = 0;
  uint64_t mark = 0;
};

// Multi-byte characters. UTF-8: EF BC 90-99 and A0 full-width digits and @, E2 80 8B-8F and E2 81 A0 and EF
// BB BF and C2 AD without width, F0 9D 9F mathematical digits, D9 A0-A9 and DB B0-B9 Arabic digits; E2 98 85
// a star, as are A1 EF in GBK and A1 B9 in Big5.
template <class Vector>
HighMasks high_masks(const uint8_t* text) {
  const Vector v0(text);
  const Vector v1(text + 1);
  const Vector v2(text + 2);
  const uint64_t ef = v0.eq(0xef);
  const uint64_t e2 = v0.eq(0xe2);
  const uint64_t a1 = v0.eq(0xa1);
  HighMasks m;
  m.fold = (ef & v1.eq(0xbc) & (v2.range(0x90, 0x99) | v2.eq(0xa0))) |
           (e2 & v1.eq(0x80) & v2.range(0x8b, 0x8f)) | (e2 & v1.eq(0x81) & v2.eq(0xa0)) |
           (ef & v1.eq(0xbb) & v2.eq(0xbf)) | (v0.eq(0xc2) & v1.eq(0xad) & ~v2.high()) |
           (v0.eq(0xf0) & v1.eq(0x9d) & v2.eq(0x9f)) |
           (v0.eq(0xd9) & v1.range(0xa0, 0xa9) & (v2.eq(0xd9) | v2.range('0', '9'))) |
           (v0.eq(0xdb) & v1.range(0xb0, 0xb9) & (v2.eq(0xdb) | v2.range('0', '9')));
  m.mark = (e2 & v1.eq(0x98) & v2.eq(0x85)) | (a1 & (v1.eq(0xef) | v1.eq(0xb9)));
  return m;
}

inline uint64_t marks(const Classes& c, const Classes& n, const MaskCarry& carry) {
  const uint64_t word = c.digit | c.letter;
  const uint64_t du = c.digit | c.upper;
  const uint64_t next_du = n.digit | n.upper;
  // 00:00:5E:00:53:01 and 00-00-5E-00-53-01, at the first separator.
  uint64_t mark =
      (c.colon & ahead<3>(c.colon, n.colon) & ahead<6>(c.colon, n.colon) & ahead<9>(c.colon, n.colon)) |
      (c.dash & ahead<3>(c.dash, n.dash) & ahead<6>(c.dash, n.dash) & ahead<9>(c.dash, n.dash));
  mark |= c.at;
  mark |= c.dash & ahead<1>(c.be, n.be);  // -----BEGIN
  // Two letters and a number, as on Hong Kong's plates.
  mark |= c.upper & ~behind(word, carry.word) & ahead<1>(c.upper, n.upper) &
          (ahead<2>(c.digit, n.digit) | (ahead<2>(c.space, n.space) & ahead<3>(c.digit, n.digit)));
  // A Chinese character, a letter and four more: plates of the mainland.
  mark |= behind(c.high, carry.high) & c.upper & ahead<4>(du, next_du) &
          (ahead<3>(du, next_du) | ahead<3>(c.high, n.high)) &
          (ahead<1>(du, next_du) | ahead<1>(c.high, n.high) | ahead<1>(c.space, n.space));
  // Base64 of three digits and one more digit or sign: [MNOP][DTjz], the next quad begins with [I-P].
  mark |= c.m_to_p & ahead<1>(c.dtjz, n.dtjz) & ahead<4>(c.i_to_p, n.i_to_p);
  // Digits in hexadecimal, a separator after each: "31 31 30".
  mark |= c.three & ahead<1>(c.digit, n.digit) & ~ahead<2>(c.digit, n.digit) & ahead<3>(c.three, n.three) &
          ahead<4>(c.digit, n.digit) & ~ahead<5>(c.digit, n.digit) & ahead<6>(c.three, n.three);
  return mark;
}

// UTF-16 and UTF-32 digits inside bytes that are something else.
inline uint64_t wide_digits(const Classes& c, const Classes& n) {
  const uint64_t zero_after = ahead<1>(c.nul, n.nul);
  return c.digit & zero_after & ahead<3>(c.nul, n.nul) &
         (ahead<2>(c.digit, n.digit) | (ahead<2>(c.nul, n.nul) & ahead<4>(c.digit, n.digit)));
}

template <class Vector>
void find_masks(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, BlockMasks* out) {
  Classes c = classify<Vector>(text, separator);
  for (size_t b = 0; b < blocks; ++b, text += kBlockBytes) {
    const Classes n = classify<Vector>(text + kBlockBytes, separator);
    BlockMasks& m = out[b];
    m.digit = c.digit;
    m.run = c.digit & ~behind(c.digit, carry.digit) & ahead<1>(c.digit, n.digit) &
            ahead<2>(c.digit, n.digit) & ahead<3>(c.digit, n.digit);
    m.mark = marks(c, n, carry);
    m.fold = 0;
    if (c.escape != 0) m.fold |= escapes(text, c.escape);
    if (c.nul != 0) m.fold |= wide_digits(c, n);
    if (c.high != 0) {
      const HighMasks high = high_masks<Vector>(text);
      m.fold |= high.fold;
      m.mark |= high.mark;
    }
    m.word = c.letter | c.high;
    m.line = c.line;
    m.separator = c.separator;
    m.control = c.control;
    carry.digit = c.digit;
    carry.word = c.digit | c.letter;
    carry.high = c.high;
    c = n;
  }
}

}  // namespace hetao::inspection::kernel
