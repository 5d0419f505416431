// Bearer tokens: compact JWS (RFC 7515, 7519) with RS256, PS256, ES256 or EdDSA/Ed25519, and the JWKS (RFC
// 7517) that verifies them. No other algorithm exists here: "none" and the HMAC family have no code path. The
// algorithm is that of the key found by kid; a header that says another is refused (RFC 8725, section 3.1).
// An RSA key that names no algorithm may sign RS256 and PS256.
//
// The header's own keys and addresses (jwk, jku, x5c, x5u) are never used. Thread-safe: Jwks is read-only
// after parse; `now` is a parameter. sign_jwt draws on OpenSSL's generator (ECDSA nonces).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "certs/openssl.h"
#include "gateway/base/json.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace hetao::certs {

enum class JwtAlgorithm { kRs256, kPs256, kEs256, kEdDsa };
const char* to_word(JwtAlgorithm algorithm);  // "RS256", "PS256", "ES256", "EdDSA"

class Jwks {
 public:
  // Keys for other purposes or of unknown kinds are left out, as RFC 7517 section 5 says. Refused as a whole:
  // a private key in the set, a weak key, two usable keys of one kid, no usable key.
  static Result<Jwks> parse(std::string_view text);

  struct Key {
    std::string kid;
    JwtAlgorithm algorithm = JwtAlgorithm::kEs256;
    bool any_rsa = false;  // RS256 or PS256, as the token says
    PkeyPtr key;
  };
  const std::vector<Key>& keys() const { return keys_; }

 private:
  std::vector<Key> keys_;
};

struct TokenRules {
  std::string issuer;
  std::string audience;
  Duration leeway = Duration::seconds(60);  // for exp, nbf and iat
};

struct Claims {
  std::string subject;
  std::string issuer;
  Instant expires;
  json::object all;  // every claim, these included
};

enum class TokenReason {
  kMalformed,     // "malformed"
  kTooLarge,      // "too-large"
  kAlgorithm,     // "algorithm": not one of the four, or not the key's
  kUnknownKey,    // "unknown-key": fetch the key set again, then ask once more
  kBadSignature,  // "bad-signature"
  kExpired,       // "expired"
  kNotYetValid,   // "not-yet-valid"
  kIssuer,        // "wrong-issuer"
  kAudience,      // "wrong-audience"
  kClaims,        // "bad-claims": a claim is missing or of the wrong type
};
const char* to_word(TokenReason reason);

struct TokenRefusal {
  TokenReason reason = TokenReason::kMalformed;
  Error error;  // code kNotAllowed
};

// Nothing of the token's claims is looked at before its signature holds.
tl::expected<Claims, TokenRefusal> verify_jwt(std::string_view token, const Jwks& keys,
                                              const TokenRules& rules, Instant now);

// Signs with the algorithm of the key (EC P-256, Ed25519 or RSA).
Result<std::string> sign_jwt(const json::object& claims, std::string_view private_key_pem,
                             std::string_view kid);

// A JWKS document of one key. `pem` may hold the public key, a certificate, or the private key (whose public
// half is taken).
Result<std::string> jwks_from_public(std::string_view pem, std::string_view kid);

}  // namespace hetao::certs
