// A token bucket: so many tokens a second, so many at once. Time is a parameter; a clock that goes back adds
// nothing. Exact integer arithmetic that saturates. Not thread-safe: one owner.
#pragma once

#include <cstdint>

#include "gateway/base/time.h"

namespace hetao {

class TokenBucket {
 public:
  // Starts full. `per_second` is at least 1 and at most 2^40; `burst` is at least 1 and at most 2^43.
  TokenBucket(uint64_t per_second, uint64_t burst, Instant now);

  // Takes all of `tokens` or none of them.
  bool take(uint64_t tokens, Instant now);
  // Takes what is there, at most `tokens`, and says how much.
  uint64_t take_up_to(uint64_t tokens, Instant now);

  uint64_t level(Instant now);
  uint64_t burst() const { return burst_; }
  // When `tokens` (or a full bucket, if that is less) will be there, if nothing is taken until then.
  Instant ready_at(uint64_t tokens, Instant now);

 private:
  void refill(Instant now);

  uint64_t per_second_;
  uint64_t burst_;
  uint64_t level_millionths_;
  Instant refilled_;
};

}  // namespace hetao
