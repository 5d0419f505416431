// OpenSSL's EVP interface costs a look-up and an allocation a hash, about as much as hashing an entry. The
// plain functions below it are deprecated, not gone; this is the only file that knows them.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "gateway/ledger/sha256.h"

#include <openssl/sha.h>

#include <new>
#include <type_traits>

#include "gateway/base/check.h"

namespace hetao::ledger {

Digest sha256(ByteView bytes) {
  SHA256_CTX state;
  Digest digest;
  HETAO_CHECK(SHA256_Init(&state) == 1);
  HETAO_CHECK(SHA256_Update(&state, bytes.data(), bytes.size()) == 1);
  HETAO_CHECK(SHA256_Final(digest.bytes.data(), &state) == 1);
  return digest;
}

Sha256::Sha256() {
  static_assert(sizeof(SHA256_CTX) == kStateBytes && alignof(SHA256_CTX) <= 8);
  static_assert(std::is_trivially_copyable_v<SHA256_CTX>);
  HETAO_CHECK(SHA256_Init(new (state_.data()) SHA256_CTX) == 1);
}

void Sha256::update(ByteView bytes) {
  auto* state = std::launder(reinterpret_cast<SHA256_CTX*>(state_.data()));
  HETAO_CHECK(SHA256_Update(state, bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
  auto* state = std::launder(reinterpret_cast<SHA256_CTX*>(state_.data()));
  Digest digest;
  HETAO_CHECK(SHA256_Final(digest.bytes.data(), state) == 1);
  HETAO_CHECK(SHA256_Init(state) == 1);
  return digest;
}

}  // namespace hetao::ledger
