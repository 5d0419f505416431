// For AArch64, where NEON is always there.
#include <arm_neon.h>

#include "gateway/inspection/scan/block_kernel.h"
#include "gateway/inspection/scan/mask_engines.h"

namespace hetao::inspection {

namespace {

// Four registers at a time, with one function for all of them.
struct NeonVector {
  using Lanes = std::array<uint8x16_t, 4>;
  struct Where {
    Lanes lanes;
    Where operator&(const Where& o) const {
      return each(lanes, o.lanes, [](uint8x16_t x, uint8x16_t y) { return vandq_u8(x, y); });
    }
    Where operator|(const Where& o) const {
      return each(lanes, o.lanes, [](uint8x16_t x, uint8x16_t y) { return vorrq_u8(x, y); });
    }
  };
  explicit NeonVector(const uint8_t* text)
      : lanes{vld1q_u8(text), vld1q_u8(text + 16), vld1q_u8(text + 32), vld1q_u8(text + 48)} {}
  template <class Work>
  static Where each(const Lanes& x, Work work) {
    return {{work(x[0]), work(x[1]), work(x[2]), work(x[3])}};
  }
  template <class Work>
  static Where each(const Lanes& x, const Lanes& y, Work work) {
    return {{work(x[0], y[0]), work(x[1], y[1]), work(x[2], y[2]), work(x[3], y[3])}};
  }
  // One bit of each of 64 bytes that are all ones or all zeros: weigh, then add neighbours three times.
  static uint64_t bits(const Where& w) {
    const uint8x16_t weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const Lanes x = each(w.lanes, [&](uint8x16_t one) { return vandq_u8(one, weights); }).lanes;
    const uint8x16_t sum = vpaddq_u8(vpaddq_u8(x[0], x[1]), vpaddq_u8(x[2], x[3]));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
  }
  static void store(const Where& w, uint64_t& row) { row = bits(w); }
  static uint8x16_t within(uint8x16_t x, uint8_t low, uint8_t high) {
    return vcleq_u8(vsubq_u8(x, vdupq_n_u8(low)), vdupq_n_u8(static_cast<uint8_t>(high - low)));
  }
  Where eq(uint8_t value) const {
    return each(lanes, [value](uint8x16_t x) { return vceqq_u8(x, vdupq_n_u8(value)); });
  }
  Where eq_but(uint8_t bit, uint8_t value) const {
    return each(lanes, [bit, value](uint8x16_t x) {
      return vceqq_u8(vorrq_u8(x, vdupq_n_u8(bit)), vdupq_n_u8(static_cast<uint8_t>(value | bit)));
    });
  }
  Where one_of(const std::array<uint8_t, 16>& bytes) const {
    return each(lanes, [&bytes](uint8x16_t x) { return vceqq_u8(vqtbl1q_u8(table(bytes), low_half(x)), x); });
  }
  Where range(uint8_t low, uint8_t high) const {
    return each(lanes, [low, high](uint8x16_t x) { return within(x, low, high); });
  }
  Where letter() const {
    return each(lanes, [](uint8x16_t x) { return within(vorrq_u8(x, vdupq_n_u8(0x20)), 'a', 'z'); });
  }
  Where high() const {
    return each(lanes, [](uint8x16_t x) { return vcgeq_u8(x, vdupq_n_u8(0x80)); });
  }
  Where small() const {
    return each(lanes, [](uint8x16_t x) { return vtstq_u8(x, vdupq_n_u8(0x20)); });
  }
  static uint8x16_t table(const std::array<uint8_t, 16>& rows) { return vld1q_u8(rows.data()); }
  static uint8x16_t low_half(uint8x16_t x) { return vandq_u8(x, vdupq_n_u8(15)); }
  static uint8x16_t high_half(uint8x16_t x) { return vshrq_n_u8(x, 4); }
  using Sorts = Where;
  Sorts sorts(const kernel::SortTables& t) const {
    return each(lanes, [&](uint8x16_t x) {
      return vandq_u8(vqtbl1q_u8(table(t.high), high_half(x)), vqtbl1q_u8(table(t.low), low_half(x)));
    });
  }
  static uint64_t with(const Sorts& s, uint8_t wanted) {
    return bits(each(s.lanes, [wanted](uint8x16_t x) { return vtstq_u8(x, vdupq_n_u8(wanted)); }));
  }
  static bool any(const Sorts& s) {
    const Lanes& x = s.lanes;
    return vmaxvq_u8(vorrq_u8(vorrq_u8(x[0], x[1]), vorrq_u8(x[2], x[3]))) != 0;
  }
  // Whatever `first` says of 16 bytes, if what follows them may stand in the second place and the third.
  template <class First>
  static uint64_t starts(const uint8_t* text, const kernel::StartTables& t, First first) {
    Where found{};
    for (size_t i = 0; i < 4; ++i) {
      const uint8x16_t x = vld1q_u8(text + 16 * i);
      const uint8x16_t y = vld1q_u8(text + 16 * i + 1);
      const uint8x16_t z = vld1q_u8(text + 16 * i + 2);
      const uint8x16_t second = vandq_u8(vqtbl1q_u8(table(t.second_high), high_half(y)),
                                         vqtbl1q_u8(table(t.second_low), low_half(y)));
      const uint8x16_t third = vqtbl1q_u8(table(t.third), high_half(z));
      const uint8x16_t upper = vqtbl1q_u8(table(t.first_high), high_half(x));
      found.lanes[i] = vtstq_u8(vandq_u8(upper, first(x, y)), vandq_u8(second, third));
    }
    return bits(found);
  }
  static uint64_t starts(const uint8_t* text, const kernel::StartTables& t) {
    const uint8x16_t top = vdupq_n_u8(0x80);
    return starts(text, t, [&t, top](uint8x16_t x, uint8x16_t y) {
      const uint8x16_t lower = vbslq_u8(vcltq_u8(x, top), vqtbl1q_u8(table(t.first_ascii), low_half(x)),
                                        vqtbl1q_u8(table(t.first_other), low_half(x)));
      const uint8x16_t alike = vcltq_u8(veorq_u8(x, y), top);
      return vandq_u8(lower, vorrq_u8(alike, vdupq_n_u8(kernel::kMixedStart)));
    });
  }
  static uint64_t high_starts(const uint8_t* text, const kernel::StartTables& t) {
    return starts(text, t, [&t](uint8x16_t x, uint8x16_t) {
      return vandq_u8(vqtbl1q_u8(table(t.first_other), low_half(x)), vcgeq_u8(x, vdupq_n_u8(0x80)));
    });
  }
  Lanes lanes;
};

}  // namespace

void find_masks_neon(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, Stride& out) {
  kernel::find_masks<NeonVector>(text, blocks, separator, carry, out);
}

}  // namespace hetao::inspection
