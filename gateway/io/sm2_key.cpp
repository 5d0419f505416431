#include "gateway/io/sm2_key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>

#include "gateway/io/durable_file.h"

namespace hetao::io {

namespace {

constexpr size_t kPemBytesMax = 16'384;

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

auto broken(const std::string& path) {
  return fail(ErrorCode::kUsage, path, "holds no usable SM2 key", "restore it from a backup");
}

Result<std::string> fresh_pem(const std::string& path) {
  EVP_PKEY* made = EVP_PKEY_Q_keygen(nullptr, nullptr, "SM2");
  const Bio bio(BIO_new(BIO_s_mem()));
  const bool printed = made != nullptr && bio &&
                       PEM_write_bio_PrivateKey(bio.get(), made, nullptr, nullptr, 0, nullptr, nullptr) == 1;
  EVP_PKEY_free(made);
  if (!printed)
    return fail(ErrorCode::kFailed, path, "the cryptographic library makes no SM2 key",
                "check the installation of OpenSSL");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

}  // namespace

void Sm2Key::Free::operator()(void* key) const {
  EVP_PKEY_free(static_cast<EVP_PKEY*>(key));
}

Result<Sm2Key> Sm2Key::open(const std::string& path, const std::string& name) {
  auto pem = read_text(path, kPemBytesMax);
  if (!pem && pem.error().code != ErrorCode::kNotFound) return fail(pem.error());
  if (!pem) {
    pem = fresh_pem(path);
    if (!pem) return fail(pem.error());
    if (auto written = write_durably(path, as_bytes(*pem), 0600); !written) return fail(written.error());
  }
  const Bio bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  Sm2Key out;
  out.key_.reset(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!out.key_) return broken(path);
  auto* key = static_cast<EVP_PKEY*>(out.key_.get());
  std::array<unsigned char, ledger::kSm2PointBytes> point{};
  size_t size = 0;
  if (EVP_PKEY_is_a(key, "SM2") != 1 ||
      EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point.data(), point.size(),
                                      &size) != 1 ||
      size != point.size())
    return broken(path);
  out.verifier_ = ledger::sm2_verifier(name, point);
  return out;
}

Result<ledger::Signature> Sm2Key::sign(std::string_view note_text) const {
  auto* key = static_cast<EVP_PKEY*>(key_.get());
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
  Bytes signature(128);
  size_t size = signature.size();
  const ByteView message = as_bytes(note_text);
  bool done = digest != nullptr && context != nullptr &&
              EVP_PKEY_CTX_set1_id(context, ledger::kSm2SignerId.data(),
                                   static_cast<int>(ledger::kSm2SignerId.size())) == 1;
  if (done) {
    EVP_MD_CTX_set_pkey_ctx(digest, context);
    done = EVP_DigestSignInit(digest, nullptr, EVP_sm3(), nullptr, key) == 1 &&
           EVP_DigestSign(digest, signature.data(), &size, message.data(), message.size()) == 1;
  }
  EVP_MD_CTX_free(digest);
  EVP_PKEY_CTX_free(context);
  if (!done)
    return fail(ErrorCode::kFailed, "SM2 signature", "the cryptographic library refuses",
                "check the installation of OpenSSL");
  signature.resize(size);
  return ledger::Signature{verifier_.name, verifier_.id, std::move(signature)};
}

}  // namespace hetao::io
