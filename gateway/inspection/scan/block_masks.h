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
inline constexpr size_t kMaskPadBytes = 128;

// Bit i is byte i of the block.
struct BlockMasks {
  uint64_t digit = 0;
  uint64_t run = 0;   // first digit of a run of four or more
  uint64_t mark = 0;  // the beginning of something else that a scalar check decides: see block_kernel.h
  uint64_t fold = 0;  // full-width digits, zero-width characters, escapes, digits with NULs between them
  uint64_t word = 0;  // ASCII letters, and bytes of other scripts
  uint64_t line = 0;  // '\n'
  uint64_t separator = 0;
  uint64_t control = 0;  // bytes that no text holds
};

// What carries over from one call to the next block after it.
struct MaskCarry {
  uint64_t digit = 0;
  uint64_t word = 0;
  uint64_t high = 0;
};

using FindMasks = void (*)(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry,
                           BlockMasks* out);

struct MaskEngine {
  std::string_view name;  // "avx512", "avx2", "neon", "scalar"
  FindMasks find = nullptr;
};

// The best one that this processor has.
const MaskEngine& mask_engine();
// All that this processor can run, the best first: for tests and measurements.
std::span<const MaskEngine> mask_engines();

}  // namespace hetao::inspection
