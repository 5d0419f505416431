// Callers whose tokens were verified a moment ago: a client that sends a thousand requests a second is not
// verified a thousand times a second. A token is believed for a minute at most, never beyond its own end, and
// not after the configuration or an issuer's keys changed (the owner makes a new cache then). Sessions and
// personal tokens are looked up every time: what is revoked is revoked at once. Bounded: limits below. Not
// thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/api/auth.h"

namespace hetao::api {

class TokenCache {
 public:
  // authenticate() of auth.h, remembering what held.
  tl::expected<Caller, AuthRefusal> authenticate(const AuthConfig& config, const federation::Core& core,
                                                 const io::HttpRequest& request, Instant now);

 private:
  struct Known {
    Caller caller;
    Instant until;
  };
  static constexpr size_t kTokensMax = 1'024;
  static constexpr Duration kBelievedFor = Duration::seconds(60);

  std::unordered_map<std::string, Known> known_;  // by the whole header field
};

}  // namespace hetao::api
