// Compiled with -mavx2; called where the processor has it.
#include <immintrin.h>

#include "gateway/inspection/scan/block_kernel.h"
#include "gateway/inspection/scan/mask_engines.h"

namespace hetao::inspection {

namespace {

struct Avx2Vector {
  explicit Avx2Vector(const uint8_t* text)
      : low_half(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text))),
        high_half(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + 32))) {}
  static uint64_t bits(__m256i a, __m256i b) {
    return static_cast<uint32_t>(_mm256_movemask_epi8(a)) |
           (uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(b))} << 32U);
  }
  uint64_t eq(uint8_t value) const {
    const __m256i wanted = _mm256_set1_epi8(static_cast<char>(value));
    return bits(_mm256_cmpeq_epi8(low_half, wanted), _mm256_cmpeq_epi8(high_half, wanted));
  }
  // x - low <= high - low, unsigned: the smaller of both sides is the left one.
  static __m256i within(__m256i x, uint8_t low, uint8_t high) {
    const __m256i moved = _mm256_sub_epi8(x, _mm256_set1_epi8(static_cast<char>(low)));
    const __m256i most = _mm256_set1_epi8(static_cast<char>(high - low));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(moved, most), moved);
  }
  uint64_t range(uint8_t low, uint8_t high) const {
    return bits(within(low_half, low, high), within(high_half, low, high));
  }
  uint64_t high() const { return bits(low_half, high_half); }
  __m256i low_half;
  __m256i high_half;
};

}  // namespace

void find_masks_avx2(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry,
                     BlockMasks* out) {
  kernel::find_masks<Avx2Vector>(text, blocks, separator, carry, out);
}

}  // namespace hetao::inspection
