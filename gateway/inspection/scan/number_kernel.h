// How a stride's numbers are listed and its columns counted, once for all instruction sets: without a branch
// on how many numbers a block holds or what stands beside them, for in a table that is chance. Processors
// with instructions that count bits need few for it.
//
// Internal linkage throughout: see kernel_checks.h.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>

#include "gateway/inspection/scan/beside.h"
#include "gateway/inspection/scan/number_rows.h"

namespace hetao::inspection::kernel {

namespace {

// What stands beside a number: nothing that says anything, letters and the like, a sign, or more; a capital
// in front is told from the rest.
enum Side : uint8_t { kBare, kJoined, kSigned, kMore, kCapital };
constexpr size_t kSidesBehind = 4;
constexpr size_t kSidesBefore = 5;

// By the byte. In front it is a factor of kSidesBehind, so that both sides add up to one place.
constexpr std::array<uint8_t, 256> kBehind = [] {
  std::array<uint8_t, 256> sides{};
  for (size_t c = 0; c < sides.size(); ++c) {
    const uint8_t flags = kBeside[c];
    sides[c] = (flags & kSaysMore) != 0 ? kMore
               : (flags & kIsSign) != 0 ? kSigned
               : flags != 0             ? kJoined
                                        : kBare;
  }
  return sides;
}();
constexpr std::array<uint8_t, 256> kBefore = [] {
  std::array<uint8_t, 256> sides{};
  for (size_t c = 0; c < sides.size(); ++c) {
    const uint8_t flags = kBeside[c];
    // A digit is the number's own, where nothing stands before it; a bracket that ends says nothing.
    const bool bare = (flags & ~(kIsDigit | kGroups)) == 0;
    const Side side = (flags & kIsCapital) != 0 ? kCapital : static_cast<Side>(kBehind[c]);
    sides[c] = static_cast<uint8_t>((bare ? kBare : side) * kSidesBehind);
  }
  return sides;
}();

// By length and sides. 8, 12 and 15 digits depend on words or are rare; of fewer than four the text ends in
// the number.
constexpr auto kSortOf = [] {
  using enum NumberSort;
  std::array<std::array<NumberSort, kSidesBefore * kSidesBehind>, kRunBytesMax + 1> sorts{};
  for (size_t length = kRunBytesMin; length <= kRunBytesMax; ++length) {
    for (size_t sides = 0; sides < kSidesBefore * kSidesBehind; ++sides) {
      const size_t more = std::max(std::min<size_t>(sides / kSidesBehind, kMore), sides % kSidesBehind);
      NumberSort& sort = sorts[length][sides];
      sort = length >= 11 || length == 8 ? kLook : more == kMore ? kShort : kNothing;
      if (length == 7 && more == kSigned) sort = kShort;
      if (length == 7 && sides == kCapital * kSidesBehind + kBare) sort = kHkid;
    }
  }
  sorts[11][kBare] = kMobile;
  for (const unsigned length : {13U, 14U, 16U, 17U, 19U}) sorts[length][kBare] = kCard;
  sorts[18][kBare] = kEighteen;
  return sorts;
}();

// The places of a block's set bits. Six are stored without asking how many there are: a loop's end that
// nobody can foresee costs more.
inline size_t put_places(uint64_t bits, size_t base, uint16_t* out) {
  constexpr size_t kAtOnce = 6;
  const auto count = static_cast<size_t>(std::popcount(bits));
  const auto put = [&](size_t i) {
    out[i] = static_cast<uint16_t>(base + static_cast<size_t>(std::countr_zero(bits)));
    bits &= bits - 1;
  };
  for (size_t i = 0; i < kAtOnce; ++i) put(i);
  for (size_t i = kAtOnce; i < count; ++i) put(i);
  return count;
}

// Digits in a row from `begin` on. The row is read as one string of bits from the byte on that `begin` stands
// in: of long runs only, some more have to be looked at.
inline size_t digits_from(const Stride& stride, size_t begin) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t bits = 0;
  std::memcpy(&bits, reinterpret_cast<const char*>(stride.digit.data()) + begin / 8, sizeof bits);
  const auto seen = static_cast<size_t>(std::countr_zero(~(bits >> begin % 8)));
  if (seen < 64 - 7) return seen;
  size_t count = seen;
  const auto is_digit = [&stride](size_t at) {
    return (stride.digit[at / kBlockBytes] >> at % kBlockBytes & 1U) != 0;
  };
  while (count < kRunBytesMax && is_digit(begin + count)) ++count;
  return count;
}

// Sorts the numbers [from, until). kEdge: some of what stands beside them, or they themselves, may not be
// there, or stand where nothing is counted.
template <bool kEdge>
void sort_numbers(const StridePlace& place, const Stride& stride, size_t from, size_t until,
                  NumberRows& out) {
  const auto byte = [&place](size_t at) { return static_cast<uint8_t>(place.text[at]); };
  for (size_t i = from; i < until; ++i) {
    const size_t begin = out.begin[i];
    size_t end = begin + digits_from(stride, begin);
    if (kEdge) end = std::min(end, place.readable);
    out.end[i] = static_cast<uint16_t>(end);
    const bool starts_text = kEdge && begin == 0 && place.first;
    const bool ends_text = kEdge && end == place.readable;
    const size_t sides = (starts_text ? 0 : kBefore[byte(begin - 1)]) + (ends_text ? 0 : kBehind[byte(end)]);
    NumberSort sort = kSortOf[end - begin][sides];
    if (kEdge && begin >= place.until && sort != NumberSort::kNothing) sort = NumberSort::kLook;
    const auto row = static_cast<size_t>(sort);
    out.sorted[row][out.counts[row]++] = static_cast<uint16_t>(i);
  }
}

// Columns of its line that end before a byte of the stride.
inline uint32_t column_at(const Stride& stride, const ColumnRow& columns, size_t pos) {
  const size_t block = pos / kBlockBytes;
  const uint64_t before = (uint64_t{1} << pos % kBlockBytes) - 1;
  // Whether a line ends before, nobody can foresee: so both answers are put together without a branch. No bit
  // before the last one is the highest, and then there is nothing to shift.
  const uint64_t lines = stride.line[block] & before;
  const uint64_t behind_line = (stride.separator[block] & before) >> (-std::countl_zero(lines) & 63);
  return (lines != 0 ? 0 : columns[block]) + static_cast<uint32_t>(std::popcount(behind_line));
}

inline void list_numbers(const StridePlace& place, const Stride& stride, NumberRows& out) {
  size_t count = 0;
  for (uint64_t blocks = stride.runs; blocks != 0; blocks &= blocks - 1) {
    const auto block = static_cast<size_t>(std::countr_zero(blocks));
    count += put_places(stride.run[block], block * kBlockBytes, out.begin.data() + count);
  }
  const auto first_from = [&out, count](size_t i, size_t begin) {
    while (i < count && out.begin[i] < begin) ++i;
    return i;
  };
  while (count > 0 && out.begin[count - 1] >= place.readable) --count;
  out.count = count;
  out.counts.fill(0);
  const size_t first = first_from(0, place.from);
  const size_t inner = first_from(first, 1);
  const size_t edge = std::min(place.until, place.readable - std::min(place.readable, kRunBytesMax));
  size_t outer = count;
  while (outer > inner && out.begin[outer - 1] >= edge) --outer;
  sort_numbers<true>(place, stride, first, inner, out);
  sort_numbers<false>(place, stride, inner, outer, out);
  sort_numbers<true>(place, stride, outer, count, out);
  if (place.columns == nullptr) return;
  using enum NumberSort;
  for (const NumberSort sort : {kMobile, kCard, kEighteen, kHkid}) {
    const auto row = static_cast<size_t>(sort);
    for (size_t k = 0; k < out.counts[row]; ++k) {
      const size_t i = out.sorted[row][k];
      out.column[i] = column_at(stride, *place.columns, out.begin[i]);
    }
  }
}

inline void count_columns(const Stride& stride, size_t blocks, uint32_t before, ColumnRow& out) {
  for (size_t b = 0; b < blocks; ++b) {
    out[b] = before;
    const uint64_t lines = stride.line[b];
    const auto last = static_cast<unsigned>(63 - std::countl_zero(lines | 1));
    const uint64_t behind = lines != 0 ? ~uint64_t{1} << last : ~uint64_t{0};
    const auto separators = static_cast<uint32_t>(std::popcount(stride.separator[b] & behind));
    before = (lines != 0 ? 0 : before) + separators;
  }
  out[blocks] = before;
}

}  // namespace

}  // namespace hetao::inspection::kernel
