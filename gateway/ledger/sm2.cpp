#include "gateway/ledger/sm2.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <memory>

namespace hetao::ledger {

namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Pkey = std::unique_ptr<EVP_PKEY, Free>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Free>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free>;

// Nothing when the point is not on the curve.
Pkey key_of(ByteView point) {
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "SM2", nullptr));
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  std::array<char, 4> group = {'S', 'M', '2', '\0'};
  Bytes bytes(point.begin(), point.end());
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes.data(), bytes.size()),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, const_cast<OSSL_PARAM*>(params)) != 1)
    return nullptr;
  return Pkey(key);
}

}  // namespace

bool is_sm2(const VerifierKey& key) {
  const std::string_view bytes = as_text(key.public_key);
  return key.type == kPrivateType && bytes.starts_with(kSm2Identifier) &&
         bytes.size() == kSm2Identifier.size() + kSm2PointBytes;
}

VerifierKey sm2_verifier(std::string name, ByteView point) {
  Bytes material(kSm2Identifier.begin(), kSm2Identifier.end());
  material.insert(material.end(), point.begin(), point.end());
  const uint32_t id = key_id(name, kPrivateType, material);
  return {std::move(name), id, kPrivateType, std::move(material)};
}

bool verify_sm2(const VerifierKey& key, ByteView message, ByteView der_signature) {
  if (!is_sm2(key)) return false;
  const Pkey pkey = key_of(ByteView(key.public_key).subspan(kSm2Identifier.size()));
  if (!pkey) return false;
  const DigestContext digest(EVP_MD_CTX_new());
  const PkeyContext context(EVP_PKEY_CTX_new(pkey.get(), nullptr));
  if (!digest || !context) return false;
  // The ID belongs to the context before it is initialised: OpenSSL would else hash an empty one.
  if (EVP_PKEY_CTX_set1_id(context.get(), kSm2SignerId.data(), static_cast<int>(kSm2SignerId.size())) != 1)
    return false;
  EVP_MD_CTX_set_pkey_ctx(digest.get(), context.get());
  if (EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sm3(), nullptr, pkey.get()) != 1) return false;
  return EVP_DigestVerify(digest.get(), der_signature.data(), der_signature.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace hetao::ledger
