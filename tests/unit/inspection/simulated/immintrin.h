// In the place of the compiler's header: the same functions in plain C++ (SIMDe), for processors without
// them.
#pragma once

#include <emmintrin.h>

#include <cstdint>

// The compiler's own header has this one already.
#define __m128bh simulated_m128bh
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

using __mmask64 = uint64_t;
