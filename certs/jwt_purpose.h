// Tokens for one purpose that is not to speak for somebody, told apart by the header's "typ" (RFC 8725,
// section 3.11). Everything else as in jwt.h.
#pragma once

#include "certs/jwt.h"

namespace hetao::certs {

// `type`: "logout+jwt". A token that names it counts, and one that says no more than that it is a JWT: what
// it is for has to stand in its claims then, and `sub` may be left out. One that names another purpose, such
// as an access token's, does not.
tl::expected<Claims, TokenRefusal> verify_jwt_for(std::string_view type, std::string_view token,
                                                  const Jwks& keys, const TokenRules& rules, Instant now);

}  // namespace hetao::certs
