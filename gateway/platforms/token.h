// What a scheduler's token says of itself. Nothing is verified: it is ours, and the scheduler checks it.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace hetao::platforms {

// When a JWT ends; 0: it never does. kUsage: it is none. Servers answer an ended one in odd ways (slurmrestd
// as it answers a broken network), so it has to be known before.
Result<Instant> token_expiry(std::string_view token);
// A member of its payload; empty: not said.
std::string token_word(std::string_view token, std::string_view name);

}  // namespace hetao::platforms
