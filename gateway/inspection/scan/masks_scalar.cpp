#include "gateway/inspection/scan/block_kernel.h"
#include "gateway/inspection/scan/mask_engines.h"

namespace hetao::inspection {

namespace {

struct ScalarVector {
  explicit ScalarVector(const uint8_t* from) : text(from) {}
  template <class Test>
  uint64_t where(Test test) const {
    uint64_t mask = 0;
    for (unsigned i = 0; i < kBlockBytes; ++i) mask |= uint64_t{test(text[i])} << i;
    return mask;
  }
  uint64_t eq(uint8_t value) const {
    return where([value](uint8_t c) { return c == value; });
  }
  uint64_t range(uint8_t low, uint8_t high) const {
    return where([low, high](uint8_t c) { return c >= low && c <= high; });
  }
  uint64_t high() const {
    return where([](uint8_t c) { return c >= 0x80; });
  }
  const uint8_t* text;
};

}  // namespace

void find_masks_scalar(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry,
                       BlockMasks* out) {
  kernel::find_masks<ScalarVector>(text, blocks, separator, carry, out);
}

}  // namespace hetao::inspection
