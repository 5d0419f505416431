// How many requests a tenant may make, and how many failed sign-ins an address: so that one does not take the
// gateway from the others. Bounded memory. Io thread only.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "gateway/base/time.h"
#include "gateway/base/token_bucket.h"

namespace hetao::api {

class RateLimit {
 public:
  RateLimit(uint64_t per_second, uint64_t burst) : per_second_(per_second), burst_(burst) {}

  // Takes one; else the seconds after which to come again.
  std::optional<int64_t> ask(const std::string& name, Instant now);
  // Whether one is there, without taking it.
  std::optional<int64_t> look(const std::string& name, Instant now);

 private:
  TokenBucket& bucket_of(const std::string& name, Instant now);

  static constexpr size_t kNamesMax = 10'000;

  const uint64_t per_second_;
  const uint64_t burst_;
  std::map<std::string, TokenBucket> buckets_;
};

}  // namespace hetao::api
