#include "gateway/api/token_cache.h"

#include <algorithm>

namespace hetao::api {

tl::expected<Caller, AuthRefusal> TokenCache::authenticate(const AuthConfig& config,
                                                           const federation::Core& core,
                                                           const io::HttpRequest& request, Instant now) {
  if (request.headers.count("authorization") != 1) return api::authenticate(config, core, request, now);
  const std::string header(request.headers.get("authorization"));
  const auto at = known_.find(header);
  if (at != known_.end() && now < at->second.until) return at->second.caller;
  auto caller = api::authenticate(config, core, request, now);
  if (!caller || caller->by != "token") {
    known_.erase(header);
    return caller;
  }
  // Rare: more callers at once than fit. All are verified again then.
  if (known_.size() >= kTokensMax) known_.clear();
  known_[header] = {*caller, std::min(now + kBelievedFor, caller->until)};
  return caller;
}

}  // namespace hetao::api
