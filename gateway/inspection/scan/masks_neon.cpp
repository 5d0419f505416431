// For AArch64, where NEON is always there.
#include <arm_neon.h>

#include "gateway/inspection/scan/block_kernel.h"
#include "gateway/inspection/scan/mask_engines.h"

namespace hetao::inspection {

namespace {

struct NeonVector {
  explicit NeonVector(const uint8_t* text)
      : a(vld1q_u8(text)), b(vld1q_u8(text + 16)), c(vld1q_u8(text + 32)), d(vld1q_u8(text + 48)) {}
  // One bit of each of 64 bytes that are all ones or all zeros: weigh, then add neighbours three times.
  static uint64_t bits(uint8x16_t p, uint8x16_t q, uint8x16_t r, uint8x16_t s) {
    const uint8x16_t weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t first = vpaddq_u8(vandq_u8(p, weights), vandq_u8(q, weights));
    const uint8x16_t second = vpaddq_u8(vandq_u8(r, weights), vandq_u8(s, weights));
    uint8x16_t sum = vpaddq_u8(first, second);
    sum = vpaddq_u8(sum, sum);
    return vgetq_lane_u64(vreinterpretq_u64_u8(sum), 0);
  }
  uint64_t eq(uint8_t value) const {
    const uint8x16_t wanted = vdupq_n_u8(value);
    return bits(vceqq_u8(a, wanted), vceqq_u8(b, wanted), vceqq_u8(c, wanted), vceqq_u8(d, wanted));
  }
  uint64_t range(uint8_t low, uint8_t high) const {
    const uint8x16_t from = vdupq_n_u8(low);
    const uint8x16_t most = vdupq_n_u8(static_cast<uint8_t>(high - low));
    return bits(vcleq_u8(vsubq_u8(a, from), most), vcleq_u8(vsubq_u8(b, from), most),
                vcleq_u8(vsubq_u8(c, from), most), vcleq_u8(vsubq_u8(d, from), most));
  }
  uint64_t high() const { return range(0x80, 0xff); }
  uint8x16_t a, b, c, d;
};

}  // namespace

void find_masks_neon(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry,
                     BlockMasks* out) {
  kernel::find_masks<NeonVector>(text, blocks, separator, carry, out);
}

}  // namespace hetao::inspection
