// Compiled with -mavx512bw; called where the processor has it.
#include <immintrin.h>

#include "gateway/inspection/scan/block_kernel.h"
#include "gateway/inspection/scan/mask_engines.h"

namespace hetao::inspection {

namespace {

struct Avx512Vector {
  explicit Avx512Vector(const uint8_t* text) : value(_mm512_loadu_si512(text)) {}
  uint64_t eq(uint8_t wanted) const {
    return _mm512_cmpeq_epi8_mask(value, _mm512_set1_epi8(static_cast<char>(wanted)));
  }
  uint64_t range(uint8_t low, uint8_t high) const {
    const __m512i moved = _mm512_sub_epi8(value, _mm512_set1_epi8(static_cast<char>(low)));
    return _mm512_cmple_epu8_mask(moved, _mm512_set1_epi8(static_cast<char>(high - low)));
  }
  uint64_t high() const { return _mm512_movepi8_mask(value); }
  __m512i value;
};

}  // namespace

void find_masks_avx512(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry,
                       BlockMasks* out) {
  kernel::find_masks<Avx512Vector>(text, blocks, separator, carry, out);
}

}  // namespace hetao::inspection
