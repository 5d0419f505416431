// In the place of the compiler's header: the same functions in plain C++ (SIMDe), for processors without
// them.
#pragma once

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
