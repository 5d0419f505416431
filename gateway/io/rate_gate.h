// Limits of how fast blobs go out: one for each link, one for each tenant, shared by all their transfers. A
// RatePass is one transfer's way through them. They count on the steady clock, which nobody sets, and read it
// themselves: limits that were made by another clock than they are asked by would never let anything through.
// Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "gateway/transfer/rate.h"

namespace hetao::io {

class RatePass {
 public:
  RatePass() = default;  // nothing is limited
  RatePass(std::shared_ptr<std::mutex> mutex, transfer::RateLimits limits)
      : mutex_(std::move(mutex)), limits_(std::move(limits)) {}

  bool is_free() const { return mutex_ == nullptr; }
  // Takes up to `bytes`; how many.
  uint64_t take_up_to(uint64_t bytes);
  // Until about `bytes` may pass.
  Duration ready_in(uint64_t bytes);

 private:
  std::shared_ptr<std::mutex> mutex_;
  transfer::RateLimits limits_;
};

class RateGate {
 public:
  // Bytes a second; 0: no limit.
  void limit_link(const std::string& region, uint64_t bytes_per_second);
  void limit_tenant(const std::string& tenant, uint64_t bytes_per_second);
  RatePass pass(const std::string& region, const std::string& tenant) const;

 private:
  using Buckets = std::map<std::string, std::shared_ptr<TokenBucket>>;
  static void limit(Buckets& buckets, const std::string& name, uint64_t bytes_per_second);
  std::shared_ptr<std::mutex> mutex_ = std::make_shared<std::mutex>();  // of the buckets' levels
  Buckets links_;
  Buckets tenants_;
};

}  // namespace hetao::io
