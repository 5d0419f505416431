// Sessions whose provider gave a refresh token: when what it last said of the person is old, it is asked
// again, and the session goes on with what it says now, or ends. The refresh token is sealed with the
// session's own secret, so it can be used while the person is there, and by nobody who reads the store. Io
// thread only.
#pragma once

#include <map>
#include <set>
#include <string>

#include "gateway/api/providers.h"

namespace hetao::api {

// A refresh token as a session keeps it, and back; empty: there is none, or it is another session's secret.
std::string sealed_refresh(std::string_view refresh_token, std::string_view session_secret);
std::string opened_refresh(std::string_view sealed, std::string_view session_secret);
// When the provider is asked again, by what it says of its tokens.
Instant renewal_of(const identity::Tokens& tokens, Instant now);

class Renewals {
 public:
  // What came of asking that outlives the session: a refresh token that the provider should take back.
  struct Left {
    std::string issuer;
    std::string refresh_token;  // empty: none
  };
  // Asks the provider if it is time. Whoever comes meanwhile does not wait, and a provider that can't be
  // reached is asked again later: what it last said counts as long as the session lasts by itself.
  io::Awaitable<Left> ask(Backend& backend, Providers& providers, const identity::Credential& credential,
                          Duration session_longest);

 private:
  std::set<std::string> under_way_;
  std::map<std::string, Instant> later_;  // not before then
};

}  // namespace hetao::api
