#include "gateway/identity/sealed.h"

#include <openssl/evp.h>

#include <memory>

#include "certs/openssl.h"
#include "gateway/base/check.h"

namespace hetao::identity {

namespace {

using CipherPtr = std::unique_ptr<EVP_CIPHER_CTX, certs::Freer<EVP_CIPHER_CTX_free>>;
constexpr size_t kTagBytes = 16;
constexpr size_t kSealedBytesMax = size_t{16} << 10U;

}  // namespace

std::string seal(std::string_view text, std::string_view purpose, ByteView key, ByteView nonce) {
  HETAO_CHECK(key.size() == kSealKeyBytes && nonce.size() == kSealNonceBytes);
  const CipherPtr cipher(EVP_CIPHER_CTX_new());
  Bytes out(nonce.begin(), nonce.end());
  out.resize(nonce.size() + text.size() + kTagBytes);
  int size = 0;
  const ByteView about = as_bytes(purpose);
  const ByteView plain = as_bytes(text);
  uint8_t* sealed = out.data() + nonce.size();
  HETAO_CHECK(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce.data()) == 1);
  HETAO_CHECK(EVP_EncryptUpdate(cipher.get(), nullptr, &size, about.data(), static_cast<int>(about.size())) ==
              1);
  HETAO_CHECK(EVP_EncryptUpdate(cipher.get(), sealed, &size, plain.data(), static_cast<int>(plain.size())) ==
              1);
  HETAO_CHECK(EVP_EncryptFinal_ex(cipher.get(), sealed + size, &size) == 1);
  HETAO_CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, sealed + text.size()) == 1);
  return to_base64url(out);
}

std::optional<std::string> open_sealed(std::string_view sealed, std::string_view purpose, ByteView key) {
  if (sealed.size() > kSealedBytesMax) return std::nullopt;
  auto bytes = from_base64url(sealed);
  if (!bytes || bytes->size() < kSealNonceBytes + kTagBytes) return std::nullopt;
  const CipherPtr cipher(EVP_CIPHER_CTX_new());
  const size_t text_bytes = bytes->size() - kSealNonceBytes - kTagBytes;
  const uint8_t* in = bytes->data() + kSealNonceBytes;
  std::string out(text_bytes, '\0');
  auto* plain = reinterpret_cast<uint8_t*>(out.data());
  int size = 0;
  const ByteView about = as_bytes(purpose);
  const bool holds =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes->data()) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, about.data(), static_cast<int>(about.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), plain, &size, in, static_cast<int>(text_bytes)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes,
                          bytes->data() + bytes->size() - kTagBytes) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), plain + text_bytes, &size) == 1;
  if (!holds) return std::nullopt;
  return out;
}

}  // namespace hetao::identity
