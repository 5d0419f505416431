#include "gateway/inspection/scan/block_masks.h"

#include <vector>

#include "gateway/inspection/scan/mask_engines.h"

namespace hetao::inspection {

namespace {

#if defined(__x86_64__)
// Whatever these engines are compiled with: a virtual machine may hide some of it.
bool has_bit_instructions() {
  return __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0 &&
         __builtin_cpu_supports("lzcnt") != 0 && __builtin_cpu_supports("popcnt") != 0;
}
#endif

std::vector<MaskEngine> engines_here() {
  std::vector<MaskEngine> engines;
#if defined(__x86_64__)
  if (has_bit_instructions() && __builtin_cpu_supports("avx512bw") != 0)
    engines.push_back({"avx512", find_masks_avx512, &kBitNumbers});
  if (has_bit_instructions() && __builtin_cpu_supports("avx2") != 0)
    engines.push_back({"avx2", find_masks_avx2, &kBitNumbers});
#elif defined(__aarch64__)
  engines.push_back({"neon", find_masks_neon});
#endif
  engines.push_back({"scalar", find_masks_scalar});
  return engines;
}

}  // namespace

std::span<const MaskEngine> mask_engines() {
  static const std::vector<MaskEngine> kEngines = engines_here();
  return kEngines;
}

const MaskEngine& mask_engine() {
  return mask_engines().front();
}

}  // namespace hetao::inspection
