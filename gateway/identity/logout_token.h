// OpenID Connect Back-Channel Logout 1.0: the provider tells this gateway that somebody signed out there.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "certs/jwt.h"
#include "gateway/base/json.h"
#include "gateway/base/time.h"

namespace hetao::identity {

// Whose sessions are over: one session of the provider, or all of a person's. At least one is there.
struct LoggedOut {
  std::string session;  // `sid`
  std::string subject;  // `sub`
};

// A logout token for this client: signature, issuer, audience and times as certs/jwt.h says; the event; no
// nonce, so that no ID token passes for one.
tl::expected<LoggedOut, certs::TokenRefusal> check_logout_token(const std::string& token,
                                                                const certs::Jwks& keys,
                                                                const std::string& issuer,
                                                                const std::string& client_id, Instant now);

// What a session remembers of the ID token that it came from, to be found again by a logout token.
std::string session_claim(const json::object& id_token);
std::string subject_digest(const std::string& subject);

}  // namespace hetao::identity
