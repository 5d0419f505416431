// The implementations behind block_masks.h; each exists where its instruction set can be compiled.
#pragma once

#include "gateway/inspection/scan/block_masks.h"
#include "gateway/inspection/scan/number_rows.h"

namespace hetao::inspection {

void find_masks_scalar(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, Stride& out);
void find_masks_avx2(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, Stride& out);
void find_masks_avx512(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, Stride& out);
void find_masks_neon(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, Stride& out);

// Of x86 processors with instructions that count bits; others have them all, or none of use.
extern const NumberEngine kBitNumbers;

}  // namespace hetao::inspection
