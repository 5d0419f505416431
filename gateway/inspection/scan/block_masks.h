// The vector half of the scanner: which bytes of a block of 64 are worth a closer look. The same masks from
// every instruction set (AVX-512, AVX2, NEON, plain C++; chosen at run time), so that the findings are the
// same too.
//
// Pure; thread-safe. Reads up to kMaskPadBytes behind the last block: the caller pads.
#pragma once

#include <cstddef>
#include <cstdint>
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

// Bit i is byte i of the block. A run, mark or border may be one too many: a scalar check decides.
struct BlockMasks {
  uint64_t digit;
  uint64_t run;      // first digit of a run of four or more
  uint64_t mark;     // the beginning of something else: see block_kernel.h
  uint64_t fold;     // full-width digits, zero-width characters, escapes, digits with NULs between them
  uint64_t border;   // in a dense block: the byte before a new run that may be base64
  uint64_t line;     // '\n'
  uint64_t control;  // bytes that no text holds
  uint64_t separator;
};

// Up to 64 blocks that are looked at together; what lies behind their number is left as it was.
struct Stride {
  BlockMasks block[kStrideBlocks];
  uint64_t busy = 0;      // bit i: block i has a run, mark, fold or border
  uint64_t dense = 0;     // bit i: block i is all letters, digits and signs: no running text; base64, perhaps
  uint64_t loose = 0;     // bit i: block i is not dense, but has a long word
  uint64_t lines = 0;     // of all blocks together
  uint64_t controls = 0;  // the same
  bool runs_only = false;  // no block has a mark or fold
};

// Of the last byte before a block, 0 or 1 each; of the last two where it says so.
struct MaskCarry {
  uint64_t digit = 0;
  uint64_t word = 0;
  uint64_t high = 0;  // two
};

// `separator`: of a table's columns; 0: there is none.
using FindMasks = void (*)(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry,
                           Stride& out);

struct MaskEngine {
  std::string_view name;  // "avx512", "avx2", "neon", "scalar"
  FindMasks find = nullptr;
};

// The best one that this processor has.
const MaskEngine& mask_engine();
// All that this processor can run, the best first: for tests and measurements.
std::span<const MaskEngine> mask_engines();

}  // namespace hetao::inspection
