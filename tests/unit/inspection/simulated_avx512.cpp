// The AVX-512 masks in plain C++, to be compared on any processor: the same source, other intrinsics.
#define find_masks_avx512 simulated_masks_avx512
#include "gateway/inspection/scan/masks_avx512.cpp"
