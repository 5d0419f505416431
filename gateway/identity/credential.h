// Secrets that this gateway hands out: "hetao_ID_SECRET", for sessions in browsers, sessions of the client
// and personal tokens. Only the digest of the secret part is kept. 256 random bits: nobody guesses one, so a
// plain digest is enough. The prefix lets scanners of published code find lost ones. Pure: random bytes are a
// parameter.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/bytes.h"

namespace hetao::identity {

inline constexpr size_t kSecretBytes = 32;
inline constexpr std::string_view kCredentialPrefix = "hetao_";

struct Credential {
  std::string id;      // of the session or token: lower-case letters and digits
  std::string secret;  // base64url
};

std::string credential_text(std::string_view id, ByteView random);
std::optional<Credential> parse_credential(std::string_view text);
bool looks_like_credential(std::string_view text);

// Hex of SHA-256.
std::string secret_digest(std::string_view secret);
// In a time that does not depend on where they differ.
bool same_secret(std::string_view secret, std::string_view digest);

// What a browser has to send beside its cookie: can be computed from the cookie's secret, and not the other
// way round.
std::string csrf_token(std::string_view secret);

// A key (kSealKeyBytes of sealed.h) that only who brings the secret has: seals what we keep for a session,
// and can't read ourselves.
Bytes sealing_key(std::string_view secret);

}  // namespace hetao::identity
