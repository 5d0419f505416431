#include "gateway/identity/credential.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "gateway/ledger/sha256.h"

namespace hetao::identity {

namespace {

constexpr size_t kIdBytesMax = 64;
constexpr size_t kSecretCharacters = 43;  // base64url of 32 bytes

}  // namespace

std::string credential_text(std::string_view id, ByteView random) {
  return std::string(kCredentialPrefix) + std::string(id) + "_" + to_base64url(random);
}

bool looks_like_credential(std::string_view text) {
  return text.starts_with(kCredentialPrefix);
}

std::optional<Credential> parse_credential(std::string_view text) {
  if (!looks_like_credential(text)) return std::nullopt;
  text.remove_prefix(kCredentialPrefix.size());
  const size_t end = text.find('_');  // ids have none; secrets may
  if (end == std::string_view::npos || end == 0 || end > kIdBytesMax) return std::nullopt;
  const std::string_view id = text.substr(0, end);
  const std::string_view secret = text.substr(end + 1);
  const bool plain = std::all_of(id.begin(), id.end(),
                                 [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
  if (!plain || secret.size() != kSecretCharacters || !from_base64url(secret)) return std::nullopt;
  return Credential{std::string(id), std::string(secret)};
}

std::string secret_digest(std::string_view secret) {
  return ledger::sha256(as_bytes(secret)).hex();
}

bool same_secret(std::string_view secret, std::string_view digest) {
  const std::string own = secret_digest(secret);
  return own.size() == digest.size() && CRYPTO_memcmp(own.data(), digest.data(), own.size()) == 0;
}

std::string csrf_token(std::string_view secret) {
  return ledger::sha256(as_bytes("hetao csrf\n" + std::string(secret))).hex();
}

Bytes sealing_key(std::string_view secret) {
  const auto digest = ledger::sha256(as_bytes("hetao seal\n" + std::string(secret)));
  return {digest.bytes.begin(), digest.bytes.end()};
}

}  // namespace hetao::identity
