// Randomness of the shell: what must not be foreseen, and jitter. Any thread.
#pragma once

#include <chrono>
#include <cstdint>

#include "gateway/base/bytes.h"

namespace hetao::io {

uint32_t random_number();
Bytes random_bytes(size_t count);
// Between half of it and all of it, so that two sides don't go on dialling at the same moments.
std::chrono::milliseconds jittered(int64_t millis);

}  // namespace hetao::io
