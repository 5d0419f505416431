// The numbers of a stride (runs of four digits and more), sorted by what their length and what stands beside
// them let them be. The same from every instruction set, as the masks are (block_masks.h).
//
// Pure; thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "gateway/inspection/scan/block_masks.h"

namespace hetao::inspection {

inline constexpr size_t kRunBytesMax = 64;  // longer ones are no identifier, but may be encoded text

// Numbers that nothing touches can be judged by their digits alone; kLook needs all that stands around it.
enum class NumberSort : uint8_t { kNothing, kShort, kMobile, kCard, kEighteen, kHkid, kLook };
inline constexpr size_t kNumberSorts = 7;

struct NumberRows {
  static constexpr size_t kRoom = 1024;  // kRunsMax, and some: stores go by sixes
  static_assert(kRoom > kRunsMax + 6);
  size_t count = 0;
  std::array<uint16_t, kRoom> begin;  // from the stride's first byte on
  std::array<uint16_t, kRoom> end;
  std::array<std::array<uint16_t, kRoom>, kNumberSorts> sorted;  // which ones, in order
  std::array<size_t, kNumberSorts> counts;
  // Of a table, of those that may be counted by what they look like (kMobile to kHkid): which one it stands
  // in.
  std::array<uint32_t, kRoom> column;
};

// Of a table: how many separators each block of a stride, and the next stride, has before it in the line that
// it begins in.
using ColumnRow = std::array<uint32_t, kStrideBlocks + 1>;

struct StridePlace {
  const char* text = nullptr;          // of the stride
  bool first = false;                  // no byte stands before it
  size_t from = 0;                     // numbers that begin before are left out
  size_t until = 0;                    // what begins from here on is kLook, or nothing
  size_t readable = 0;                 // the text's end
  const ColumnRow* columns = nullptr;  // null: no table
};

// Processors differ in what they have for counting bits: which engine belongs to which masks, says
// MaskEngine.
struct NumberEngine {
  void (*list)(const StridePlace& place, const Stride& stride, NumberRows& out) = nullptr;
  void (*count_columns)(const Stride& stride, size_t blocks, uint32_t before, ColumnRow& out) = nullptr;
};

}  // namespace hetao::inspection
