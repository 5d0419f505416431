// How a stride's numbers are sorted and its columns counted, once for all instruction sets: without a branch
// on how many numbers a block holds or what stands beside them, for in a table that is chance. Sorted by what
// they may be they are judged in rows, so that the processor foresees each row's next step.
//
// Internal linkage throughout: see kernel_checks.h.
#pragma once

#include <algorithm>
#include <bit>
#include <span>

#include "gateway/inspection/scan/number_judges.h"
#include "gateway/inspection/scan/number_rows.h"

namespace hetao::inspection::kernel {

namespace {

// Numbers that nothing touches can be judged by their digits alone; kLook needs all that stands around it.
// Of one length each, so that their checks are straight lines.
enum class Sort : uint8_t {
  kNothing,
  kShort,
  kFraction,  // digits behind a point
  kMobile,
  kCard13,
  kCard14,
  kCard16,
  kCard17,
  kCard19,
  kEighteen,
  kHkid,
  kLook
};
constexpr size_t kSorts = 12;

// What stands beside a number: nothing that says anything, letters and the like, a sign, or more; of that a
// capital and a point in front are told from the rest.
enum Side : uint8_t { kBare, kJoined, kSigned, kMore, kCapital, kPoint };
constexpr size_t kSidesBehind = 4;
constexpr size_t kSidesRoom = 32;  // of both sides together; no multiplication leads there

// One table of tables, so that one register leads to all.
struct SortTable {
  // By the byte. In front it is a factor of kSidesBehind, so that both sides add up to one place.
  std::array<uint8_t, 256> before{}, behind{};
  // By length and sides. 8, 12 and 15 digits depend on words or are rare; of fewer than four the text ends in
  // the number.
  std::array<std::array<Sort, kSidesRoom>, kRunBytesMax + 1> sorts{};
};
constexpr SortTable kSortTable = [] {
  using enum Sort;
  SortTable t;
  for (size_t c = 0; c < t.behind.size(); ++c) {
    const uint8_t flags = kBeside[c];
    const Side side = (flags & kSaysMore) != 0 ? kMore
                      : (flags & kIsSign) != 0 ? kSigned
                      : flags != 0             ? kJoined
                                               : kBare;
    t.behind[c] = side;
    // A digit is the number's own, where nothing stands before it; a bracket that ends says nothing.
    const bool bare = (flags & ~(kIsDigit | kGroups)) == 0;
    const Side before = bare ? kBare : (flags & kIsCapital) != 0 ? kCapital : c == '.' ? kPoint : side;
    t.before[c] = static_cast<uint8_t>(before * kSidesBehind);
  }
  for (size_t length = kRunBytesMin; length <= kRunBytesMax; ++length) {
    for (size_t sides = 0; sides < kSidesRoom; ++sides) {
      const size_t more = std::max(std::min<size_t>(sides / kSidesBehind, kMore), sides % kSidesBehind);
      Sort& sort = t.sorts[length][sides];
      sort = length >= 11 || length == 8 ? kLook : more == kMore ? kShort : kNothing;
      if (length == 7 && more == kSigned) sort = kShort;
      if (length == 7 && sides == kCapital * kSidesBehind + kBare) sort = kHkid;
      if (sort == kShort && sides == kPoint * kSidesBehind + kBare) sort = kFraction;
    }
  }
  t.sorts[11][kBare] = kMobile;
  t.sorts[13][kBare] = kCard13;
  t.sorts[14][kBare] = kCard14;
  t.sorts[16][kBare] = kCard16;
  t.sorts[17][kBare] = kCard17;
  t.sorts[18][kBare] = kEighteen;
  t.sorts[19][kBare] = kCard19;
  return t;
}();

// Stores go by sixes: what lies behind the last one is not read.
constexpr size_t kRowRoom = kRunsMax + 6;
struct Sorted {
  // Both in one word, so that they are stored and loaded at once.
  struct Number {
    uint32_t word;
    size_t begin() const { return word & 0xffffU; }
    size_t end() const { return word >> 16U; }
  };
  Sorted() {
    for (size_t i = 0; i < kSorts; ++i) ends[i] = rows[i].data();
  }
  Sorted(const Sorted&) = delete;
  Sorted& operator=(const Sorted&) = delete;
  std::span<const Number> row(Sort sort) const {
    const auto i = static_cast<size_t>(sort);
    return {rows[i].data(), ends[i]};
  }
  std::array<std::array<Number, kRowRoom>, kSorts> rows;
  std::array<Number*, kSorts> ends;
};

// The places of a block's set bits: text has one or two, a table four to six. They are stored without asking
// how many there are: a loop's end that nobody can foresee costs more.
inline size_t put_places(uint64_t bits, size_t base, uint16_t* out) {
  const auto count = static_cast<size_t>(std::popcount(bits));
  const auto put = [&](size_t from, size_t until) {
    for (size_t i = from; i < until; ++i) {
      out[i] = static_cast<uint16_t>(base + static_cast<size_t>(std::countr_zero(bits)));
      bits &= bits - 1;
    }
  };
  put(0, 2);
  if (count > 2) put(2, 6);
  if (count > 6) put(6, count);
  return count;
}

// Sorts the numbers that begin at [from, until). kEdge: some of what stands beside them, or they themselves,
// may not be there, or stand where nothing is counted: these few are nothing, or left to be looked at.
template <bool kEdge>
void sort_numbers(const StridePlace& place, const Stride& stride, const uint16_t* from, const uint16_t* until,
                  Sorted& out) {
  const SortTable& table = kSortTable;
  for (; from < until; ++from) {
    const size_t begin = *from;
    size_t end = begin + digits_from(stride, begin);
    if (kEdge) end = std::min(end, place.readable);
    const bool starts_text = kEdge && begin + place.before == 0;
    const bool ends_text = kEdge && end == place.readable;
    const auto before = [&] { return static_cast<uint8_t>((place.text + begin)[-1]); };
    const auto behind = [&] { return static_cast<uint8_t>(place.text[end]); };
    const size_t sides =
        (starts_text ? 0 : table.before[before()]) + (ends_text ? 0 : table.behind[behind()]);
    Sort sort = table.sorts[end - begin][sides];
    if (kEdge && sort != Sort::kNothing) sort = Sort::kLook;
    *out.ends[static_cast<size_t>(sort)]++ = {static_cast<uint32_t>(begin | end << 16U)};
  }
}

inline void sort_numbers(const StridePlace& place, const Stride& stride, Sorted& out) {
  std::array<uint16_t, kRowRoom> begins;
  size_t count = 0;
  for (uint64_t blocks = stride.runs; blocks != 0; blocks &= blocks - 1) {
    const auto block = static_cast<size_t>(std::countr_zero(blocks));
    count += put_places(stride.run[block], block * kBlockBytes, begins.data() + count);
  }
  const uint16_t* first = begins.data();
  const uint16_t* last = first + count;
  while (last > first && last[-1] >= place.readable) --last;
  while (first < last && *first < place.from) ++first;
  const uint16_t* inner = first;
  while (inner < last && *inner + place.before < kBesideBytes) ++inner;
  constexpr size_t kBehindBytes = kRunBytesMax + kBesideBytes;
  const size_t edge = std::min(place.until, place.readable - std::min(place.readable, kBehindBytes));
  const uint16_t* outer = last;
  while (outer > inner && outer[-1] >= edge) --outer;
  sort_numbers<true>(place, stride, first, inner, out);
  sort_numbers<false>(place, stride, inner, outer, out);
  sort_numbers<true>(place, stride, outer, last, out);
}

// What judging finds: numbers to be looked at, and forms; equal ones of a row, which mostly stand in one
// column, together.
class Finds {
 public:
  Finds(const StridePlace& place, const Stride& stride, NumberRows& out)
      : place_(place), stride_(stride), out_(out) {
    out_.forms = 0;
  }
  void form(Kind kind, size_t begin) {
    const uint32_t column = column_of(begin);
    if (kind != last_.kind || column != last_.column) {
      flush();
      last_ = {kind, column, 0};
    }
    ++last_.count;
  }
  void look(Sorted::Number number, bool valid, Kind kind) {
    const size_t block = number.begin() / kBlockBytes;
    blocks_ |= uint64_t{1} << block;
    looked_at_[block] |= uint64_t{1} << number.begin() % kBlockBytes;
    found_[number.begin()] = {static_cast<uint16_t>(number.begin()), static_cast<uint16_t>(number.end()),
                              valid, kind, valid ? column_of(number.begin()) : 0};
  }
  void flush() {
    if (last_.count > 0) out_.form[out_.forms++] = last_;
    last_.count = 0;
  }
  // In the order of the text again.
  void put_looks() {
    size_t count = 0;
    for (uint64_t blocks = blocks_; blocks != 0; blocks &= blocks - 1) {
      const auto block = static_cast<size_t>(std::countr_zero(blocks));
      for (uint64_t left = looked_at_[block]; left != 0; left &= left - 1)
        out_.look[count++] = found_[block * kBlockBytes + static_cast<size_t>(std::countr_zero(left))];
    }
    out_.looks = count;
  }

 private:
  uint32_t column_of(size_t begin) const {
    return place_.columns != nullptr ? column_at(stride_, *place_.columns, begin) : 0;
  }
  const StridePlace& place_;
  const Stride& stride_;
  NumberRows& out_;
  NumberRows::Forms last_{Kind::kCustom, 0, 0};
  uint64_t blocks_ = 0;
  std::array<uint64_t, kStrideBlocks> looked_at_{};
  std::array<NumberRows::Look, kStrideBytes> found_;  // by where they begin
};

inline void judge_numbers(const StridePlace& place, const Stride& stride, NumberRows& out) {
  Sorted sorted;
  sort_numbers(place, stride, sorted);
  Finds finds(place, stride, out);
  const auto judge = [&](Sort sort, auto what_it_says) {
    for (const Sorted::Number number : sorted.row(sort)) {
      const Judged it = what_it_says(number);
      if (it.says == Says::kNothing) continue;
      if (it.says == Says::kForm) {
        finds.form(it.kind, number.begin());
      } else {
        finds.look(number, it.says == Says::kValid, it.kind);
      }
    }
    finds.flush();
  };
  const auto digits = [&place](Sorted::Number number) { return place.text + number.begin(); };
  const auto judge_as_short = [&](Sorted::Number number) {
    return judge_short(place, stride, number.begin(), number.end());
  };
  using enum Sort;
  judge(kShort, judge_as_short);
  judge(kFraction,
        [&](Sorted::Number number) { return judge_fraction(place, stride, number.begin(), number.end()); });
  judge(kMobile, [&](Sorted::Number number) { return judge_mobile(digits(number)); });
  judge(kCard13, [&](Sorted::Number number) { return judge_card<13>(digits(number)); });
  judge(kCard14, [&](Sorted::Number number) { return judge_card<14>(digits(number)); });
  judge(kCard16, [&](Sorted::Number number) { return judge_card<16>(digits(number)); });
  judge(kCard17, [&](Sorted::Number number) { return judge_card<17>(digits(number)); });
  judge(kCard19, [&](Sorted::Number number) { return judge_card<19>(digits(number)); });
  judge(kEighteen, [&](Sorted::Number number) { return judge_eighteen(digits(number)); });
  // A capital before seven digits is a letter of its own, or belongs to more.
  judge(kHkid, [&](Sorted::Number number) {
    const bool alone = says(digits(number)[-2]) == 0;
    return alone ? judge_hkid(digits(number)) : judge_as_short(number);
  });
  judge(kLook, [](Sorted::Number) { return Judged{Says::kLook}; });
  finds.put_looks();
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
