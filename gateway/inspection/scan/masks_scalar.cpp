#include "gateway/inspection/scan/block_kernel.h"
#include "gateway/inspection/scan/mask_engines.h"

namespace hetao::inspection {

namespace {

struct ScalarVector {
  using Where = uint64_t;
  explicit ScalarVector(const uint8_t* from) : text(from) {}
  static uint64_t bits(Where w) { return w; }
  static void store(Where w, uint64_t& row) { row = w; }
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
  Where one_of(const std::array<uint8_t, 16>& bytes) const {
    return where([&bytes](uint8_t c) { return bytes[c & 15U] == c; });
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
  static bool any(const Sorts& s) { return with(s, 0xff) != 0; }
  static uint64_t starts(const uint8_t* text, const kernel::StartTables& t) {
    return ScalarVector(text).where([&t](const uint8_t& c) {
      const uint8_t* at = &c;
      const unsigned lower = (at[0] < 0x80 ? t.first_ascii : t.first_other)[at[0] & 15U];
      const unsigned wanted = ((at[0] ^ at[1]) & 0x80) == 0 ? 0xffU : kernel::kMixedStart;
      return (t.first_high[at[0] >> 4U] & lower & follows(at, t) & wanted) != 0;
    });
  }
  static uint64_t high_starts(const uint8_t* text, const kernel::StartTables& t) {
    return ScalarVector(text).where([&t](const uint8_t& c) {
      const uint8_t* at = &c;
      return at[0] >= 0x80 && (t.first_high[at[0] >> 4U] & t.first_other[at[0] & 15U] & follows(at, t)) != 0;
    });
  }
  // What may stand in the second place and the third.
  static unsigned follows(const uint8_t* at, const kernel::StartTables& t) {
    return t.second_high[at[1] >> 4U] & t.second_low[at[1] & 15U] & t.third[at[2] >> 4U];
  }
  const uint8_t* text;
};

}  // namespace

void find_masks_scalar(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, Stride& out) {
  kernel::find_masks<ScalarVector>(text, blocks, separator, carry, out);
}

}  // namespace hetao::inspection
