// The NEON masks in plain C++, to be compared on any processor: the same source, other intrinsics.
#define find_masks_neon simulated_masks_neon
#include "gateway/inspection/scan/masks_neon.cpp"
