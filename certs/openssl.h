// Owners for OpenSSL's objects, and the few conversions that every file of this room needs. For this room and
// the TLS engine (gateway/io/tls) only. Nothing here prompts, reads files or keeps state; thread-safe.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/digest.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace hetao::certs {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
struct OpensslBytesFreer {
  void operator()(void* bytes) const noexcept { OPENSSL_free(bytes); }
};

using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using BignumPtr = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using PkeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, Freer<X509_free>>;
using X509CrlPtr = std::unique_ptr<X509_CRL, Freer<X509_CRL_free>>;
using X509ReqPtr = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using X509StorePtr = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
using X509StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>>;

// The newest entry of OpenSSL's error queue in words; empties the queue.
std::string openssl_reason();

// A read-only BIO on text that outlives it; null if the text is too large for one.
BioPtr read_bio(std::string_view text);
std::string bio_text(BIO* bio);

// DER, the whole of it and nothing after; null otherwise.
X509Ptr certificate_from_der(ByteView der);
Bytes to_der(X509* certificate);

// Every certificate, or list, of a PEM text; refuses a text that holds none, or one that does not decode.
Result<std::vector<X509Ptr>> certificates_from_pem(std::string_view pem, std::string_view what);
Result<std::vector<X509CrlPtr>> crls_from_pem(std::string_view pem, std::string_view what);
// Or a "pkcs11:…" line: see token_key.h. Keys that ask for a passphrase are refused, not asked about.
Result<PkeyPtr> private_key_from_pem(std::string_view pem, std::string_view what);

Instant to_instant(const ASN1_TIME* time);  // of a value that OpenSSL has parsed; else the epoch
bool is_valid_time(const ASN1_TIME* time);
std::string serial_hex(const ASN1_INTEGER* serial);  // lower case; "-" in front if negative
Digest fingerprint_of(X509* certificate);
Digest key_digest_of(X509* certificate);

// The names of one kind (GEN_URI, GEN_DNS, GEN_IPADD as text), bytes as they stand.
// Empty optional: the extension does not decode.
std::optional<std::vector<std::string>> subject_names(const X509* certificate, int kind);
std::vector<std::string> names_of(const GENERAL_NAMES* names, int kind);

std::string common_name(const X509_NAME* name);  // printable

// "ECDSA P-256", "Ed25519", "RSA 2048".
std::string key_words(EVP_PKEY* key);

// Why a key may not be used in this product; empty if it may: EC P-256/384/521 by name, Ed25519, RSA of 2048
// to 8192 bits with an odd exponent from 65537. `kind_refused` tells an unusable kind from a weak key.
struct KeyVerdict {
  std::string why;
  bool kind_refused = false;
};
KeyVerdict judge_key(EVP_PKEY* key);

}  // namespace hetao::certs
