#include "gateway/transfer/rate.h"

#include <algorithm>

#include "gateway/base/check.h"

namespace hetao::transfer {

uint64_t RateLimits::take_up_to(uint64_t bytes, Instant now) {
  for (const auto& limit : limits_) bytes = std::min(bytes, limit->level(now));
  for (const auto& limit : limits_) HETAO_CHECK(limit->take(bytes, now));
  return bytes;
}

Instant RateLimits::ready_at(uint64_t bytes, Instant now) {
  for (const auto& limit : limits_) bytes = std::min(bytes, limit->burst());
  Instant ready = now;
  for (const auto& limit : limits_) ready = std::max(ready, limit->ready_at(bytes, now));
  return ready;
}

}  // namespace hetao::transfer
