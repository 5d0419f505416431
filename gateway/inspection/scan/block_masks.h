// The vector half of the scanner: which bytes of a block of 64 are worth a closer look. The same masks from
// every instruction set (AVX-512, AVX2, NEON, plain C++; chosen at run time), so that the findings are the
// same too.
//
// Pure; thread-safe. Reads up to kMaskPadBytes behind the last block: the caller pads.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace hetao::inspection {

inline constexpr size_t kBlockBytes = 64;
inline constexpr size_t kMaskPadBytes =
    256;  // the rest of the last block, the next one, and what begins there
inline constexpr size_t kStrideBlocks = 64;
// A row of so many letters, digits and signs may be base64 that is worth reading.
inline constexpr size_t kDenseRunMin = 32;
// In a block that is no such row, fewer in a row may be a short one.
inline constexpr size_t kLooseRunMin = 16;
inline constexpr size_t kStrideBytes = kStrideBlocks * kBlockBytes;
// Control characters are counted in so many blocks of a stride that hold some: by then it is known to be no
// text, even if some of these blocks stand before or behind what counts.
inline constexpr size_t kControlBlocksMax = 8;
inline constexpr size_t kRunBytesMin = 4;
inline constexpr size_t kRunsMax = kStrideBlocks * (kBlockBytes / (kRunBytesMin + 1) + 1);  // of a stride

// Up to 64 blocks that are looked at together, a row of masks for each thing that is looked for: bit i of a
// row's word b is byte i of block b. What lies behind the blocks means nothing. A run, mark or border may be
// one too many: a scalar check decides.
struct alignas(kBlockBytes) Stride {
  using Row = std::array<uint64_t, kStrideBlocks>;
  Row run;        // first digit of a run of four or more
  Row mark;       // the beginning of something else: see block_kernel.h
  Row fold;       // full-width digits, zero-width characters, escapes, digits with NULs between them
  Row border;     // in a dense block: the byte before a new run that may be base64
  Row control;    // bytes that no text holds, in the first kControlBlocksMax blocks that hold some
  Row separator;  // only where there is one
  Row word;       // a word may begin: a letter that no digit follows, or a byte above ASCII
  // Of the next block, too.
  using RowAndNext = std::array<uint64_t, kStrideBlocks + 1>;
  RowAndNext digit;
  RowAndNext line;  // '\n'
  // Bit b: block b
  uint64_t runs = 0;      // has a run
  uint64_t words = 0;     // a word may begin in it
  uint64_t busy = 0;      // has a mark or fold
  uint64_t bordered = 0;  // has a border
  uint64_t dense = 0;     // is all letters, digits and signs: no running text; base64, perhaps
  uint64_t loose = 0;     // is not dense, but has a long word
  uint64_t lines = 0;     // of all blocks together
  uint64_t controls = 0;  // the same
};

// A row as one string of bits, from a byte of the stride on: so many of them and more. (Always inline: it is
// part of files that are compiled for other instruction sets.)
inline constexpr size_t kBitsFrom = 57;
template <class Row>
[[gnu::always_inline]] inline uint64_t bits_from(const Row& row, size_t at) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t bits = 0;
  std::memcpy(&bits, reinterpret_cast<const char*>(row.data()) + at / 8, sizeof bits);
  return bits >> at % 8;
}

// Of the block before: a bit a byte.
struct MaskCarry {
  uint64_t letter_or_high = 0;
  uint64_t digit_or_high = 0;
};

// `separator`: of a table's columns; 0: there is none.
using FindMasks = void (*)(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry,
                           Stride& out);

struct NumberEngine;  // number_rows.h
extern const NumberEngine kPlainNumbers;

struct MaskEngine {
  std::string_view name;  // "avx512", "avx2", "neon", "scalar"
  FindMasks find = nullptr;
  const NumberEngine* numbers = &kPlainNumbers;
};

// The best one that this processor has.
const MaskEngine& mask_engine();
// All that this processor can run, the best first: for tests and measurements.
std::span<const MaskEngine> mask_engines();

}  // namespace hetao::inspection
