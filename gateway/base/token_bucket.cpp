#include "gateway/base/token_bucket.h"

#include <algorithm>

#include "gateway/base/check.h"

namespace hetao {

namespace {
constexpr uint64_t kMillion = 1'000'000;
}

TokenBucket::TokenBucket(uint64_t per_second, uint64_t burst, Instant now)
    : per_second_(per_second), burst_(burst), level_millionths_(burst * kMillion), refilled_(now) {
  HETAO_CHECK(per_second >= 1 && per_second <= uint64_t{1} << 40U);
  HETAO_CHECK(burst >= 1 && burst <= uint64_t{1} << 43U);
}

void TokenBucket::refill(Instant now) {
  if (now <= refilled_) return;
  // A token a second is a millionth of a token a microsecond, so the product below is exact.
  const auto elapsed_micros = static_cast<uint64_t>(now.micros) - static_cast<uint64_t>(refilled_.micros);
  const uint64_t missing = burst_ * kMillion - level_millionths_;
  level_millionths_ += elapsed_micros > missing / per_second_ ? missing : elapsed_micros * per_second_;
  refilled_ = now;
}

bool TokenBucket::take(uint64_t tokens, Instant now) {
  if (level(now) < tokens) return false;
  level_millionths_ -= tokens * kMillion;
  return true;
}

uint64_t TokenBucket::take_up_to(uint64_t tokens, Instant now) {
  const uint64_t taken = std::min(tokens, level(now));
  level_millionths_ -= taken * kMillion;
  return taken;
}

uint64_t TokenBucket::level(Instant now) {
  refill(now);
  return level_millionths_ / kMillion;
}

Instant TokenBucket::ready_at(uint64_t tokens, Instant now) {
  refill(now);
  const uint64_t wanted = std::min(tokens, burst_) * kMillion;
  if (wanted <= level_millionths_) return now;
  const uint64_t micros = (wanted - level_millionths_ + per_second_ - 1) / per_second_;
  return now + Duration{static_cast<int64_t>(micros)};
}

}  // namespace hetao
