#include "gateway/api/rate_limit.h"

#include <algorithm>
#include <iterator>

namespace hetao::api {

TokenBucket& RateLimit::bucket_of(const std::string& name, Instant now) {
  const auto at = buckets_.find(name);
  if (at != buckets_.end()) return at->second;
  // Full buckets say nothing that a new one does not.
  if (buckets_.size() >= kNamesMax) {
    for (auto one = buckets_.begin(); one != buckets_.end();)
      one = one->second.level(now) == one->second.burst() ? buckets_.erase(one) : std::next(one);
  }
  if (buckets_.size() >= kNamesMax) buckets_.clear();
  return buckets_.try_emplace(name, per_second_, burst_, now).first->second;
}

std::optional<int64_t> RateLimit::ask(const std::string& name, Instant now) {
  TokenBucket& bucket = bucket_of(name, now);
  if (bucket.take(1, now)) return std::nullopt;
  return std::max<int64_t>(1, ((bucket.ready_at(1, now) - now).micros + 999'999) / 1'000'000);
}

std::optional<int64_t> RateLimit::look(const std::string& name, Instant now) {
  TokenBucket& bucket = bucket_of(name, now);
  if (bucket.level(now) > 0) return std::nullopt;
  return std::max<int64_t>(1, ((bucket.ready_at(1, now) - now).micros + 999'999) / 1'000'000);
}

}  // namespace hetao::api
