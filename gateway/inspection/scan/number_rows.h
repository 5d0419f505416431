// The numbers of a stride (runs of four digits and more): those that on_run() has to see, and of the others
// what they look like. The same from every instruction set, as the masks are (block_masks.h).
//
// Pure; thread-safe.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "gateway/inspection/kinds.h"
#include "gateway/inspection/scan/block_masks.h"

namespace hetao::inspection {

inline constexpr size_t kRunBytesMax = 64;  // longer ones are no identifier, but may be encoded text

inline constexpr size_t kNameBytesMax = 28;  // of a coordinate, with its quotes

struct NumberRows {
  // In order; places from the stride's first byte on.
  struct Look {
    uint16_t begin;
    uint16_t end;
    bool valid;  // a number of this kind, by its digits and because nothing touches it
    Kind kind;
    uint32_t column;  // of a valid one in a table, else 0
  };
  // So many numbers of a column look like a kind, and their check fails.
  struct Forms {
    Kind kind;
    uint32_t column;  // of a table, else 0
    uint32_t count;
  };
  size_t looks = 0;
  size_t forms = 0;
  std::array<Look, kRunsMax> look;
  std::array<Forms, kRunsMax> form;
};

// Of a table: how many separators each block of a stride, and the next stride, has before it in the line that
// it begins in.
using ColumnRow = std::array<uint32_t, kStrideBlocks + 1>;

// Columns of its line that end before a byte of the stride. (Always inline, as bits_from() is.)
[[gnu::always_inline]] inline uint32_t column_at(const Stride& stride, const ColumnRow& columns, size_t pos) {
  const size_t block = pos / kBlockBytes;
  const uint64_t before = (uint64_t{1} << pos % kBlockBytes) - 1;
  const uint64_t lines = stride.line[block] & before;
  // Whether a line ends before, nobody can foresee: so both answers are put together, by what a compiler does
  // not take for a question. No bit before the last one is the highest: without a line there is nothing to
  // shift, and one less is negative.
  const uint64_t behind_line = (stride.separator[block] & before) >> (-std::countl_zero(lines) & 63);
  const auto all_of_block = static_cast<uint32_t>(static_cast<int64_t>(lines - 1) >> 63);
  return (columns[block] & all_of_block) + static_cast<uint32_t>(std::popcount(behind_line));
}

struct StridePlace {
  const char* text = nullptr;  // of the stride
  size_t blocks = 0;
  size_t before = 0;                   // bytes that stand in front of it
  size_t from = 0;                     // numbers that begin before are left out
  size_t until = 0;                    // what begins from here on is looked at, or nothing
  size_t readable = 0;                 // the text's end
  const ColumnRow* columns = nullptr;  // null: no table
};

// Processors differ in what they have for counting bits: which engine belongs to which masks, says
// MaskEngine.
struct NumberEngine {
  void (*judge)(const StridePlace& place, const Stride& stride, NumberRows& out) = nullptr;
  void (*count_columns)(const Stride& stride, size_t blocks, uint32_t before, ColumnRow& out) = nullptr;
};

}  // namespace hetao::inspection
