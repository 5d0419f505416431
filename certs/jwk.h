// One public key between JWK (RFC 7517, 7518, 8037) and OpenSSL. Internal to the room.
#pragma once

#include <optional>

#include "certs/jwt.h"

namespace hetao::certs {

// The algorithm that a key signs with; none if it is of no kind that tokens use here.
std::optional<JwtAlgorithm> algorithm_of(EVP_PKEY* key);

// The members that describe `key`: kty, crv, x, y or n, e.
Result<json::object> jwk_of(EVP_PKEY* key);

// A member that is a string, else null.
const json::string* text_member(const json::object& object, std::string_view name);

}  // namespace hetao::certs
