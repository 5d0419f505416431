#include "gateway/inspection/scan/block_kernel.h"
#include "gateway/inspection/scan/mask_engines.h"

namespace hetao::inspection {

namespace {

struct ScalarVector {
  using Where = uint64_t;
  explicit ScalarVector(const uint8_t* from) : text(from) {}
  static uint64_t bits(Where w) { return w; }
  template <class Test>
  Where where(Test test) const {
    uint64_t mask = 0;
    for (unsigned i = 0; i < kBlockBytes; ++i) mask |= uint64_t{test(text[i])} << i;
    return mask;
  }
  Where eq(uint8_t value) const {
    return where([value](uint8_t c) { return c == value; });
  }
  Where eq_but(uint8_t bit, uint8_t value) const {
    return where([bit, value](uint8_t c) { return (c | bit) == (value | bit); });
  }
  Where range(uint8_t low, uint8_t high) const {
    return where([low, high](uint8_t c) { return c >= low && c <= high; });
  }
  Where letter() const {
    return where([](uint8_t c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; });
  }
  Where high() const {
    return where([](uint8_t c) { return c >= 0x80; });
  }
  Where small() const {
    return where([](uint8_t c) { return (c & 0x20) != 0; });
  }
  struct Sorts {
    std::array<uint8_t, kBlockBytes> of;
  };
  Sorts sorts(const kernel::SortTables& t) const {
    Sorts s;
    for (unsigned i = 0; i < kBlockBytes; ++i)
      s.of[i] = static_cast<uint8_t>(t.high[text[i] >> 4U] & t.low[text[i] & 15U]);
    return s;
  }
  static uint64_t with(const Sorts& s, uint8_t wanted) {
    uint64_t mask = 0;
    for (unsigned i = 0; i < kBlockBytes; ++i) mask |= uint64_t{(s.of[i] & wanted) != 0} << i;
    return mask;
  }
  static uint64_t leads(const ScalarVector& v0, const ScalarVector& v1, const ScalarVector& v2,
                        const kernel::LeadTables& t) {
    uint64_t mask = 0;
    for (unsigned i = 0; i < kBlockBytes; ++i) {
      const unsigned found = t.first_high[v0.text[i] >> 4U] & t.first_low[v0.text[i] & 15U] &
                             t.second_high[v1.text[i] >> 4U] & t.third_high[v2.text[i] >> 4U];
      mask |= uint64_t{found != 0} << i;
    }
    return mask;
  }
  static uint64_t pairs(const ScalarVector& v0, const ScalarVector& v1, const kernel::PairTables& t) {
    uint64_t mask = 0;
    for (unsigned i = 0; i < kBlockBytes; ++i) {
      const unsigned found = t.first_high[v0.text[i] >> 4U] & t.first_low[v0.text[i] & 15U] &
                             t.second_high[v1.text[i] >> 4U] & t.second_low[v1.text[i] & 15U];
      mask |= uint64_t{found != 0} << i;
    }
    return mask;
  }
  const uint8_t* text;
};

}  // namespace

void find_masks_scalar(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, Stride& out) {
  kernel::find_masks<ScalarVector>(text, blocks, separator, carry, out);
}

}  // namespace hetao::inspection
