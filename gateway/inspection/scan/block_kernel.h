// The masks' logic, once for all instruction sets. `Vector` is 64 bytes; its comparisons answer with a
// `Where`, one yes or no a byte, which can be joined by & and | and turned into bits:
//   explicit Vector(const uint8_t*);
//   Where eq(uint8_t), range(uint8_t low, uint8_t high), letter(), high() const;
//   Where eq_but(uint8_t bit, uint8_t) const;  // whatever that bit is
//   Where small() const;  // of letters: those that are no capitals
//   static uint64_t bits(Where);
//   Sorts sorts(const SortTables&) const;  // a byte of bits a byte
//   static uint64_t with(Sorts, uint8_t bits);  // those with one of these
//   static uint64_t leads(Vector, Vector, Vector, const LeadTables&);  // of a byte and the two behind it
//   static uint64_t pairs(Vector, Vector, const PairTables&);          // of a byte and the one behind it
//
// What plain text is full of costs a few comparisons a block; what is rarer is looked at only in blocks that
// hold some of it. A branch that a block takes by chance costs as much as twenty comparisons: so what random
// bytes hold often (a capital, an '@', a '%') is refused by comparisons with its neighbours, and only what
// passes is looked at one by one. Classes of a whole stride are found first; then a block sees the next
// one's.
#pragma once

#include "gateway/inspection/scan/block_masks.h"
#include "gateway/inspection/scan/kernel_checks.h"

namespace hetao::inspection::kernel {

namespace {

// So many letters, digits and signs in a block make it no running text.
constexpr int kDenseBytesMin = 58;
// So many letters in a block, and kLooseRunMin letters and digits in a row, may be base64 between other
// words.
constexpr int kLooseLettersMin = 10;

// Rows of a stride's masks. The classes have the block before in front of theirs, and the next one behind.
using Row = Stride::Row;
struct alignas(kBlockBytes) ClassRow : std::array<uint64_t, kStrideBlocks + 2> {};
struct Classes {
  ClassRow digit, letter, upper, high;
  ClassRow three;  // '3': digits in hexadecimal begin with it
};

// The first N bits of the next block are the last N of this one's answer: what is there is not known, and
// counts as there. A candidate too many at a block's end costs less than to know.
template <unsigned N>
constexpr uint64_t kUnknown = ~(~uint64_t{0} >> N);
template <unsigned N>
constexpr uint64_t ahead(uint64_t now) {
  return now >> N | kUnknown<N>;
}
// Bit i is bit i + N, that of the next block where it lies there.
template <unsigned N>
constexpr uint64_t ahead(uint64_t now, uint64_t next) {
  return now >> N | next << (64 - N);
}
// Bit i is bit i - N, that of the block before where it lies there.
template <unsigned N>
constexpr uint64_t behind(uint64_t now, uint64_t before) {
  return now << N | before >> (64 - N);
}

// Where kDenseRunMin set bits in a row begin.
constexpr uint64_t long_runs(uint64_t bits) {
  static_assert(kDenseRunMin == 32);
  bits &= ahead<1>(bits);
  bits &= ahead<2>(bits);
  bits &= ahead<4>(bits);
  bits &= ahead<8>(bits);
  return bits & ahead<16>(bits);
}

// Where eight set bits in a row begin.
constexpr uint64_t eight_runs(uint64_t bits) {
  bits &= bits >> 1U;
  bits &= bits >> 2U;
  return bits & bits >> 4U;
}

template <class Vector>
void note_classes(const Vector& v, size_t row, Classes& c) {
  c.digit[row] = Vector::bits(v.range('0', '9'));
  c.three[row] = Vector::bits(v.eq('3'));
  const uint64_t letter = Vector::bits(v.letter());
  c.letter[row] = letter;
  c.upper[row] = letter & ~Vector::bits(v.small());
  c.high[row] = Vector::bits(v.high());
}

// What a block shows by its bytes. Returns candidates.
template <class Vector>
uint64_t note_block(const uint8_t* text, const Vector& v, uint64_t upper, uint64_t high, uint64_t& control,
                    uint64_t& mark) {
  uint64_t candidates = 0;
  control = mark = 0;
  const auto sorts = v.sorts(kRare);
  if (Vector::with(sorts, 0xff) != 0) {  // escapes, addresses, keys' frames, NULs between digits, …
    control = Vector::with(sorts, kControls);
    const Vector v1(text + 1);
    const Vector v3(text + 3);
    candidates = Vector::pairs(v, v1, kEscapes) |
                 Vector::bits((v.eq(':') & v3.eq(':')) | (v.eq('-') & (v3.eq('-') | v1.eq('B'))) |
                              (v.range('0', '9') & v1.eq(0) & v3.eq(0)));
  }
  if (upper !=
      0) {  // base64 of three digits and one more digit or sign: [MNOP][DTjz], the next quad is [I-P]
    const Vector v1(text + 1);
    mark = Vector::bits(v.range('M', 'P') & Vector(text + 4).range('I', 'P') &
                        (v1.eq_but(0x10, 'D') | v1.eq_but(0x10, 'j')));
  }
  if (high != 0) {
    const Vector v1(text + 1);
    candidates |= Vector::leads(v, v1, Vector(text + 2), kLeads);
    mark |= Vector::bits(v.eq(0xa1) & (v1.eq(0xef) | v1.eq(0xb9)));  // stars in GBK and Big5
  }
  return candidates;
}

// What a block's classes and its neighbours' show: runs, digits in hexadecimal with a separator after each
// ("31 31 30"), and what may be plates.
struct Joined {
  uint64_t run, hex, plates;
};
inline Joined joined(const Classes& c, size_t row) {
  const uint64_t digit = c.digit[row];
  const uint64_t digit_next = c.digit[row + 1];
  const uint64_t two = digit & ahead<1>(digit, digit_next);
  const uint64_t two_next = digit_next & digit_next >> 1U;
  const uint64_t digit_2 = ahead<2>(digit, digit_next);
  const uint64_t three = c.three[row];
  const uint64_t three_next = c.three[row + 1];
  const uint64_t run = two & ahead<2>(two, two_next) & ~behind<1>(digit, c.digit[row - 1]);
  const uint64_t hex = two & three & ~digit_2 & ahead<3>(two, two_next) & ahead<3>(three, three_next) &
                       ~ahead<5>(digit, digit_next) & ahead<6>(three, three_next);

  const uint64_t upper = c.upper[row];
  const uint64_t upper_next = c.upper[row + 1];
  const uint64_t word = digit | c.letter[row];
  // One to four digits up to the end of a word.
  uint64_t last = digit & ahead<1>(~word);
  uint64_t number = last;
  for (int i = 0; i < 3; ++i) {
    last = digit & ahead<1>(last);
    number |= last;
  }
  const uint64_t plate = upper & ahead<1>(upper, upper_next) &
                         ~behind<1>(word, c.digit[row - 1] | c.letter[row - 1]) &
                         (digit_2 | ahead<3>(digit, digit_next)) & (ahead<2>(number) | ahead<3>(number));
  // Four digits and capitals, up to three places behind a capital that another script stands before. In Big5
  // a character's second byte may be a letter.
  const uint64_t serial = digit | upper;
  const uint64_t serial_next = digit_next | upper_next;
  const uint64_t pair = serial & ahead<1>(serial, serial_next);
  const uint64_t pair_next = serial_next & serial_next >> 1U;
  const uint64_t four = pair & ahead<2>(pair, pair_next);
  const uint64_t four_next = pair_next & pair_next >> 2U;
  const uint64_t near = ahead<1>(four, four_next) | ahead<2>(four, four_next) | ahead<3>(four, four_next) |
                        ahead<4>(four, four_next);
  const uint64_t high = c.high[row];
  const uint64_t after_high = (behind<1>(high, c.high[row - 1]) | behind<2>(high, c.high[row - 1])) & upper;
  return {run, hex, plate | (after_high & near)};
}

// In a dense block: the bytes before new runs that may be base64. All of base64 in lines is no border; that
// is seen at once.
template <class Vector>
uint64_t borders(const uint8_t* text, uint64_t plain, uint64_t high, uint64_t line) {
  const Vector v(text);
  const auto sorts = v.sorts(kBase64);
  const uint64_t base64 = Vector::with(sorts, 0xff);
  if (base64 == ~uint64_t{0} && (line & (line << 1U | 1)) == 0) return 0;
  const uint64_t ends = line | Vector::bits(v.eq('\r'));
  const uint64_t others = ~(base64 | high | ends) | (ends & (ends << 1U | 1));
  return others & ahead<1>(long_runs(plain | Vector::with(sorts, kBase64Signs)));
}

// Three passes over a stride: each block's bytes; its masks beside its neighbours' (which a compiler puts
// into vectors, too: eight blocks at once); the few places that are left.
template <class Vector>
void find_masks(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, Stride& out) {
  Classes c;
  Row candidates;
  Row found_run, found_mark, found_word;
  c.digit[0] = carry.digit, c.letter[0] = carry.letter, c.high[0] = carry.high;
  for (size_t b = 0; b < blocks; ++b) {
    const Vector v(text + b * kBlockBytes);
    note_classes(v, b + 1, c);
    out.line[b] = Vector::bits(v.eq('\n'));
    if (separator != 0) out.separator[b] = Vector::bits(v.eq(separator));
    candidates[b] = note_block<Vector>(text + b * kBlockBytes, v, c.upper[b + 1], c.high[b + 1],
                                       out.control[b], out.mark[b]);
  }
  note_classes(Vector(text + blocks * kBlockBytes), blocks + 1, c);
  for (size_t b = 0; b <= blocks; ++b) out.digit[b] = c.digit[b + 1];
  carry = {c.digit[blocks], c.letter[blocks], c.high[blocks]};

  uint64_t runs = 0, marked = 0, looked_at = 0, dense = 0, loose = 0, bordered = 0, lines = 0, controls = 0;
  for (size_t b = 0; b < blocks; ++b) {
    const Joined joint = joined(c, b + 1);
    found_run[b] = joint.run;
    candidates[b] |= joint.plates;
    found_mark[b] = out.mark[b] | joint.hex;
    const uint64_t plain = c.digit[b + 1] | c.letter[b + 1];
    const uint64_t word = plain | c.high[b + 1];
    found_word[b] = c.high[b + 1] | (c.letter[b + 1] & ~ahead<1>(c.digit[b + 1], c.digit[b + 2]));
    const auto at = [b](bool so) { return uint64_t{so} << b; };
    runs |= at(joint.run != 0);
    looked_at |= at(candidates[b] != 0);
    marked |= at(found_mark[b] != 0);
    dense |= at(__builtin_popcountll(word) >= kDenseBytesMin);
    const uint64_t eight = eight_runs(plain);
    static_assert(kLooseRunMin == 16);
    loose |= at(__builtin_popcountll(c.letter[b + 1]) >= kLooseLettersMin) & at((eight & eight >> 8U) != 0);
    bordered |= at((eight | ~c.high[b + 1] >> 63U) != 0);  // another script and some numbers hold no base64
    lines += static_cast<uint64_t>(__builtin_popcountll(out.line[b]));
    controls += static_cast<uint64_t>(__builtin_popcountll(out.control[b]));
  }
  for (size_t b = 0; b < blocks; ++b) {
    out.run[b] = found_run[b];
    out.mark[b] = found_mark[b];
    out.word[b] = found_word[b];
  }
  out.fold.fill(0);
  out.border.fill(0);
  uint64_t busy = marked;
  for (; looked_at != 0; looked_at &= looked_at - 1) {
    const auto b = static_cast<size_t>(__builtin_ctzll(looked_at));
    for (uint64_t left = candidates[b]; left != 0; left &= left - 1) {
      const uint64_t bit = left & (~left + 1);
      const Judged what = judge(text + b * kBlockBytes + __builtin_ctzll(left));
      if (what == Judged::kNothing) continue;
      (what == Judged::kMark ? out.mark : out.fold)[b] |= bit;
      busy |= uint64_t{1} << b;
    }
  }
  for (uint64_t left = dense & bordered; left != 0; left &= left - 1) {
    const auto b = static_cast<size_t>(__builtin_ctzll(left));
    const uint64_t border =
        borders<Vector>(text + b * kBlockBytes, c.digit[b + 1] | c.letter[b + 1], c.high[b + 1], out.line[b]);
    if (border == 0) continue;
    out.border[b] = border;
    busy |= uint64_t{1} << b;
  }
  out.runs = runs;
  out.busy = busy;
  out.dense = dense;
  out.loose = loose & ~dense;
  out.lines = lines;
  out.controls = controls;
}

}  // namespace

}  // namespace hetao::inspection::kernel
