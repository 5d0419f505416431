// The vector half's logic, once for all instruction sets. `Vector` is 64 bytes; its comparisons answer with a
// `Where`, one yes or no a byte, which can be joined by & and | and turned into bits:
//   explicit Vector(const uint8_t*);
//   Where eq(uint8_t), range(uint8_t low, uint8_t high), letter(), high() const;
//   Where eq_but(uint8_t bit, uint8_t) const;  // whatever that bit is
//   Where one_of(const std::array<uint8_t, 16>&) const;  // each stands where its lower half says
//   Where small() const;  // of letters: those that are no capitals
//   static uint64_t bits(Where);
//   static void store(Where, uint64_t& row);  // the same, to be read later
//   Sorts sorts(const SortTables&) const;     // a byte of bits a byte
//   static bool any(Sorts);
//   static uint64_t with(Sorts, uint8_t bits);  // those with one of these
//   // Of 64 bytes, those that with the two behind them begin one of these
//   static uint64_t starts(const uint8_t* text, const StartTables&);
//   static uint64_t high_starts(const uint8_t* text, const StartTables&);  // none of ASCII; a few more pass
//
// A branch that a block takes by chance costs as much as twenty comparisons. So a stride is gone through
// three times: once for what every block is asked, without any branch; then four blocks at a time beside
// their neighbours, where what few hold is asked in branches that text of one kind mostly takes alike; then
// by lists of the blocks that are worth a closer look, one for each thing to look for. What random bytes hold
// often (a capital, an '@', a '%') is refused by comparisons with its neighbours, and only what passes is
// looked at one by one.
#pragma once

#include "gateway/inspection/scan/block_masks.h"
#include "gateway/inspection/scan/kernel_checks.h"
#include "gateway/inspection/scan/kernel_rows.h"

namespace hetao::inspection::kernel {

namespace {

// So many letters, digits and signs in a block make it no running text.
constexpr uint64_t kDenseBytesMin = 58;
// So many letters in a block, and kLooseRunMin letters and digits in a row, may be base64 between other
// words.
constexpr uint64_t kLooseLettersMin = 10;

// What is found before neighbours are looked at. To turn comparisons into bits costs more than to join them:
// so a byte is told by three bits.
struct Classes {
  explicit Classes(const MaskCarry& carry)
      : letter_or_high(carry.letter_or_high), digit_or_high(carry.digit_or_high), small_or_line(0) {}
  ClassRow letter_or_high, digit_or_high, small_or_line;
  alignas(kBlockBytes) std::array<uint8_t, kStrideBlocks> rare;  // 1 for a block that holds some of kRare
};

// What is to be looked at more closely; the flags have a bit a block.
struct Closer {
  Stride::Row candidate;  // plates, and later all that judge() is to decide on
  Stride::Row pairs;      // of digits, with one byte between that is none
  uint64_t candidates = 0;
  uint64_t paired = 0;
  uint64_t encoded = 0;   // has capitals as base64 of digits has them
  uint64_t bordered = 0;  // if it is dense, may have a border
};

template <class Take>
void each_bit(uint64_t bits, Take take) {
  for (; bits != 0; bits &= bits - 1) take(static_cast<size_t>(__builtin_ctzll(bits)));
}

template <class Vector>
void note_classes(const Vector& v, size_t block, Classes& c) {
  const auto letter = v.letter();
  const auto high = v.high();
  Vector::store(letter | high, c.letter_or_high[block]);
  Vector::store(v.range('0', '9') | high, c.digit_or_high[block]);
  Vector::store((letter & v.small()) | v.eq('\n'), c.small_or_line[block]);
}

// The first pass: what a block shows by its bytes.
template <class Vector>
void note_blocks(const uint8_t* text, size_t blocks, uint8_t separator, Classes& c, Stride& out) {
  for (size_t b = 0; b < blocks; ++b) {
    const Vector v(text + b * kBlockBytes);
    note_classes(v, b, c);
    if (separator != 0) Vector::store(v.eq(separator), out.separator[b]);
    c.rare[b] = Vector::any(v.sorts(kRare)) ? 1 : 0;
  }
  note_classes(Vector(text + blocks * kBlockBytes), blocks, c);
  for (ClassRow* row : {&c.letter_or_high, &c.digit_or_high, &c.small_or_line}) row->end(blocks + 1);
}

// Two capitals and one to four digits up to the end of a word, as on Hong Kong's plates.
inline Rows hk_plates(const Around& digit, const Around& upper, const Around& plain) {
  Rows last = digit.now & ahead<1>(~plain.now);
  Rows number = last;
  for (int i = 0; i < 3; ++i) {
    last = digit.now & ahead<1>(last);
    number |= last;
  }
  return upper.now & ahead<1>(upper) & ~behind<1>(plain) & (ahead<2>(digit) | ahead<3>(digit)) &
         (ahead<2>(number) | ahead<3>(number));
}

// Four digits and capitals, up to three places behind a capital that another script stands before, as on the
// mainland's plates. In Big5 a character's second byte may be a letter.
inline Rows cn_plates(const Around& digit, const Around& upper, const Around& high) {
  const Around four = in_a_row<2>(in_a_row<1>(digit | upper));
  if (!any(four.now | four.next)) return Rows{};
  const Rows near = ahead<1>(four) | ahead<2>(four) | ahead<3>(four) | ahead<4>(four);
  return (behind<1>(high) | behind<2>(high)) & upper.now & near;
}

// A group of blocks beside their neighbours, and the bits that are their flags.
struct Group {
  Group(const Classes& c, size_t b, Rows flags)
      : block(b), lanes(flags), small_or_line(c.small_or_line.around(b)) {
    const Around one = c.letter_or_high.around(b);
    const Around other = c.digit_or_high.around(b);
    letter = one & ~other;
    digit = other & ~one;
    plain = one ^ other;
    high = one & other;
    word = one.now | other.now;
    line = small_or_line.now & ~one.now;
  }
  size_t block;
  Rows lanes;
  Around small_or_line, letter, digit, plain, high;
  Rows word, line;
};

// Bit b: block b. What a group's blocks have is put in its lanes.
struct Flags {
  Rows runs{}, words{}, dense{}, loose{}, high{}, candidates{}, paired{}, encoded{}, bordered{};
  Rows lines{};  // how many
};

inline void note_digits(const Group& g, Flags& flags, Closer& closer, Stride& out) {
  const Around two = in_a_row<1>(g.digit);
  const Rows run = two.now & ahead<2>(two) & ~behind<1>(g.digit);
  flags.runs |= where(run) & g.lanes;
  store(run, &out.run[g.block]);
  store(g.digit.now, &out.digit[g.block]);
  const Rows begins = g.high.now | (g.letter.now & ~ahead<1>(g.digit));
  flags.words |= where(begins) & g.lanes;
  store(begins, &out.word[g.block]);
  const Around pair = two & ~Around{ahead<2>(g.digit), g.digit.next >> 2U, Rows{}};
  const Rows pairs = pair.now & ahead<3>(pair);
  if (!any(pairs)) return;
  flags.paired |= where(pairs) & g.lanes;
  store(pairs, &closer.pairs[g.block]);
}

inline void note_words(const Group& g, Flags& flags) {
  const Rows dense = at_least(kDenseBytesMin, g.word);
  flags.dense |= dense & g.lanes;
  const Rows eight = eight_in_a_row(g.plain.now);
  // Another script and some numbers hold no base64.
  flags.bordered |= where(eight | ~g.high.now >> 63U) & g.lanes;
  static_assert(kLooseRunMin == 16);
  const Rows sixteen = eight & eight >> 8U & ~dense;
  if (any(sixteen)) flags.loose |= where(sixteen) & at_least(kLooseLettersMin, g.letter.now) & g.lanes;
}

inline void note_capitals(const Group& g, Flags& flags, Closer& closer) {
  const Around upper = g.letter & ~g.small_or_line;
  Rows plates{};
  if (any(upper.now)) {
    flags.encoded |= where(upper.now & ahead<1>(g.letter) & ahead<4>(upper)) & g.lanes;
    if (any(upper.now & ahead<1>(upper))) plates = hk_plates(g.digit, upper, g.plain);
    if (any(g.high.now | g.high.before)) plates |= cn_plates(g.digit, upper, g.high);
  }
  flags.candidates |= where(plates) & g.lanes;
  store(plates, &closer.candidate[g.block]);
}

// The second pass: what blocks show beside their neighbours. In two loops: all of it at once needs more
// registers than there are. The next stride's bytes are asked for meanwhile: the first pass is faster than
// they come.
inline Flags note_groups(const uint8_t* text, size_t blocks, const Classes& c, Closer& closer, Stride& out) {
  Flags flags;
  constexpr Rows kFirst = {1, 2, 4, 8};
  Rows lanes = kFirst;
  for (size_t b = 0; b < blocks; b += kGroupBlocks, lanes <<= kGroupBlocks) {
    for (size_t i = 0; i < kGroupBlocks; ++i) __builtin_prefetch(text + (blocks + b + i) * kBlockBytes);
    for (Stride::Row* row : {&out.mark, &out.fold, &out.border, &out.control}) store(Rows{}, &(*row)[b]);
    const Group group(c, b, lanes);
    store(group.line, &out.line[b]);
    flags.lines += counts(group.line);
    flags.high |= where(group.high.now) & lanes;
    note_words(group, flags);
  }
  lanes = kFirst;
  for (size_t b = 0; b < blocks; b += kGroupBlocks, lanes <<= kGroupBlocks) {
    const Group group(c, b, lanes);
    note_digits(group, flags, closer, out);
    note_capitals(group, flags, closer);
  }
  return flags;
}

// In a dense block: the bytes before new runs that may be base64. All of base64 in lines is no border; that
// is seen at once.
template <class Vector>
uint64_t borders(const uint8_t* text, uint64_t letter_or_high, uint64_t digit_or_high, uint64_t line) {
  const Vector v(text);
  const uint64_t signs = Vector::bits(v.one_of(kBase64Signs) | v.eq('_'));
  uint64_t ends = line;
  uint64_t others = ~(signs | letter_or_high | digit_or_high | ends);
  if (others == 0 && (ends & (ends << 1U | 1)) == 0) return 0;
  ends |= Vector::bits(v.eq('\r'));
  others = (others & ~ends) | (ends & (ends << 1U | 1));
  return others & ahead<1>(long_runs(signs | (letter_or_high ^ digit_or_high)));
}

// Of candidates that begin with what is rare, those that do not begin as in kStarts.
template <class Vector>
uint64_t rare_candidates(const uint8_t* text) {
  const Vector v(text);
  uint64_t rows = Vector::bits(v.one_of(kRowSigns));
  rows &= ahead<3>(rows);
  rows &= ahead<6>(rows);
  const Vector v1(text + 1);
  const Vector v3(text + 3);
  const auto wide = v.range('0', '9') & v1.eq(0) & v3.eq(0);
  if (Vector::bits(wide) == 0) return rows;
  const Vector v2(text + 2);
  return rows | Vector::bits(wide & (v2.range('0', '9') | (v2.eq(0) & Vector(text + 4).range('0', '9'))));
}

// Control characters, in as many blocks as it takes to know that this is no text.
template <class Vector>
void note_controls(const uint8_t* text, uint64_t rare, Stride& out) {
  for (size_t found = 0; rare != 0 && found < kControlBlocksMax; rare &= rare - 1) {
    const auto b = static_cast<size_t>(__builtin_ctzll(rare));
    const Vector v(text + b * kBlockBytes);
    out.control[b] = Vector::with(v.sorts(kRare), kControls);
    found += out.control[b] != 0 ? 1 : 0;
    out.controls += static_cast<uint64_t>(__builtin_popcountll(out.control[b]));
  }
}

// Base64 of three digits and one more digit or sign: [MNOP][DTjz], and the next quad is [I-P].
template <class Vector>
uint64_t encoded_digits(const uint8_t* text) {
  const Vector v1(text + 1);
  return Vector::bits(Vector(text).range('M', 'P') & Vector(text + 4).range('I', 'P') &
                      (v1.eq_but(0x10, 'D') | v1.eq_but(0x10, 'j')));
}

// Of pairs of digits those in hexadecimal with a separator after each: "31 31 30".
template <class Vector>
uint64_t hex_digits(const uint8_t* text, uint64_t pairs) {
  return pairs & Vector::bits(Vector(text).eq('3') & Vector(text + 3).eq('3') & Vector(text + 6).eq('3'));
}

inline void look_at_candidates(const uint8_t* text, Closer& closer, Stride& out) {
  each_bit(closer.candidates, [&](size_t b) {
    for (uint64_t left = closer.candidate[b]; left != 0; left &= left - 1) {
      const uint64_t bit = left & (~left + 1);
      const size_t place = b * kBlockBytes + static_cast<size_t>(__builtin_ctzll(left));
      const Judged what = judge(text + place, place);
      if (what == Judged::kNothing) continue;
      (what == Judged::kMark ? out.mark : out.fold)[b] |= bit;
      out.busy |= uint64_t{1} << b;
    }
  });
}

// Puts what is found in these blocks into their row; returns those where it has something.
template <class Find>
uint64_t note_in(uint64_t blocks, Stride::Row& row, Find find) {
  uint64_t noted = 0;
  each_bit(blocks, [&](size_t b) {
    row[b] |= find(b);
    noted |= uint64_t{row[b] != 0} << b;
  });
  return noted;
}

// The third pass: the places that are left.
template <class Vector>
void look_closer(const uint8_t* text, const Classes& c, uint64_t rare, uint64_t high, Closer& closer,
                 Stride& out) {
  const auto at = [text](size_t b) { return text + b * kBlockBytes; };
  closer.candidates |=
      note_in(high & ~rare, closer.candidate, [&](size_t b) { return Vector::high_starts(at(b), kStarts); });
  closer.candidates |= note_in(rare, closer.candidate, [&](size_t b) {
    return Vector::starts(at(b), kStarts) | rare_candidates<Vector>(at(b));
  });
  note_controls<Vector>(text, rare, out);
  out.busy = note_in(closer.encoded, out.mark, [&](size_t b) { return encoded_digits<Vector>(at(b)); });
  out.busy |=
      note_in(closer.paired, out.mark, [&](size_t b) { return hex_digits<Vector>(at(b), closer.pairs[b]); });
  out.bordered = note_in(out.dense & closer.bordered, out.border, [&](size_t b) {
    return borders<Vector>(at(b), c.letter_or_high[b], c.digit_or_high[b], out.line[b]);
  });
  look_at_candidates(text, closer, out);
}

inline uint64_t joined(Rows flags) {
  return flags[0] | flags[1] | flags[2] | flags[3];
}

template <class Vector>
void find_masks(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, Stride& out) {
  Classes c(carry);
  Closer closer;
  note_blocks<Vector>(text, blocks, separator, c, out);
  const Flags flags = note_groups(text, blocks, c, closer, out);
  carry = {c.letter_or_high[blocks - 1], c.digit_or_high[blocks - 1]};
  out.digit[blocks] = c.digit_or_high[blocks] & ~c.letter_or_high[blocks];
  out.line[blocks] = c.small_or_line[blocks] & ~c.letter_or_high[blocks];
  const uint64_t all = ~uint64_t{0} >> (kStrideBlocks - blocks);
  out.runs = joined(flags.runs) & all;
  out.words = joined(flags.words) & all;
  out.dense = joined(flags.dense) & all;
  out.loose = joined(flags.loose) & all;
  closer.candidates = joined(flags.candidates) & all;
  closer.paired = joined(flags.paired) & all;
  closer.encoded = joined(flags.encoded) & all;
  closer.bordered = joined(flags.bordered) & all;
  out.lines = flags.lines[0] + flags.lines[1] + flags.lines[2] + flags.lines[3];
  if (blocks % kGroupBlocks != 0)  // the next block stands in the last group, too
    out.lines -= static_cast<uint64_t>(__builtin_popcountll(out.line[blocks]));
  out.controls = 0;
  const uint64_t rare = Vector::bits(Vector(c.rare.data()).eq(1)) & all;
  look_closer<Vector>(text, c, rare, joined(flags.high) & all, closer, out);
}

}  // namespace

}  // namespace hetao::inspection::kernel
