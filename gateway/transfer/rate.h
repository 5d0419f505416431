// How fast a transfer may go: a limit for its tenant, one for its link, one of its own; what passes has to
// pass all of them. Limits may be shared by many transfers. Time is a parameter. Not thread-safe: one owner.
#pragma once

#include <memory>
#include <vector>

#include "gateway/base/token_bucket.h"

namespace hetao::transfer {

class RateLimits {
 public:
  void add(std::shared_ptr<TokenBucket> limit) { limits_.push_back(std::move(limit)); }

  // Takes as much as all limits allow, at most `bytes`; 0: ask again at ready_at.
  uint64_t take_up_to(uint64_t bytes, Instant now);
  // When about `bytes` may pass (as much as the smallest burst, if that is less).
  Instant ready_at(uint64_t bytes, Instant now);

 private:
  std::vector<std::shared_ptr<TokenBucket>> limits_;
};

}  // namespace hetao::transfer
