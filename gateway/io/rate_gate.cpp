#include "gateway/io/rate_gate.h"

#include <algorithm>
#include <chrono>

#include "gateway/base/limits.h"

namespace hetao::io {

namespace {

Instant steady_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

}  // namespace

uint64_t RatePass::take_up_to(uint64_t bytes) {
  if (is_free()) return bytes;
  const std::lock_guard lock(*mutex_);
  return limits_.take_up_to(bytes, steady_now());
}

Duration RatePass::ready_in(uint64_t bytes) {
  if (is_free()) return {};
  const std::lock_guard lock(*mutex_);
  const Instant now = steady_now();
  return limits_.ready_at(bytes, now) - now;
}

void RateGate::limit(Buckets& buckets, const std::string& name, uint64_t bytes_per_second) {
  if (bytes_per_second == 0) return;
  // A tenth of a second at once, but always a chunk.
  const uint64_t burst = std::max<uint64_t>(bytes_per_second / 10, limits::kChunkBytes);
  buckets[name] = std::make_shared<TokenBucket>(bytes_per_second, burst, steady_now());
}

void RateGate::limit_link(const std::string& region, uint64_t bytes_per_second) {
  limit(links_, region, bytes_per_second);
}

void RateGate::limit_tenant(const std::string& tenant, uint64_t bytes_per_second) {
  limit(tenants_, tenant, bytes_per_second);
}

RatePass RateGate::pass(const std::string& region, const std::string& tenant) const {
  transfer::RateLimits limits;
  bool any = false;
  const auto add = [&](const Buckets& buckets, const std::string& name) {
    const auto at = buckets.find(name);
    if (at == buckets.end()) return;
    limits.add(at->second);
    any = true;
  };
  add(links_, region);
  add(tenants_, tenant);
  return any ? RatePass(mutex_, std::move(limits)) : RatePass();
}

}  // namespace hetao::io
