#include "certs/openssl.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>

#include "certs/token_key.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao::certs {

namespace {

// OpenSSL would ask on the terminal: a daemon must not.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
  return -1;
}

tl::unexpected<Error> not_pem(std::string_view what, std::string why, std::string hint) {
  ERR_clear_error();
  return fail(ErrorCode::kUsage, std::string(what), std::move(why), std::move(hint));
}

// Reads objects until the text holds no more. PEM_R_NO_START_LINE is the orderly end.
template <class Pointer, auto Read>
Result<std::vector<Pointer>> read_all(std::string_view pem, std::string_view what, std::string_view noun,
                                      size_t bytes_max) {
  if (pem.size() > bytes_max) return not_pem(what, "larger than " + human_bytes(bytes_max), "split the file");
  const BioPtr bio = read_bio(pem);
  std::vector<Pointer> found;
  ERR_clear_error();
  while (auto* object = Read(bio.get(), nullptr, no_passphrase, nullptr)) found.emplace_back(object);
  const auto code = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  if (!at_end) {
    return not_pem(what, "a " + std::string(noun) + " in it does not decode: " + openssl_reason(),
                   "write it again from its source");
  }
  ERR_clear_error();
  if (found.empty()) {
    return not_pem(
        what, "it holds no " + std::string(noun) + " in PEM form",
        "expected -----BEGIN " + std::string(noun == "certificate" ? "CERTIFICATE" : "X509 CRL") + "-----");
  }
  return found;
}

size_t text_size(const ASN1_STRING* text) {
  return static_cast<size_t>(std::max(0, ASN1_STRING_length(text)));
}

std::string ip_text(ByteView address) {
  std::string out;
  if (address.size() == 4) {
    for (const uint8_t byte : address) out += (out.empty() ? "" : ".") + std::to_string(byte);
    return out;
  }
  if (address.size() != 16) return "?";
  for (size_t i = 0; i < 16; i += 2) {
    std::array<char, 8> group{};
    std::snprintf(group.data(), group.size(), "%x", static_cast<unsigned>(get_u16(address.subspan(i))));
    out += (out.empty() ? "" : ":") + std::string(group.data());
  }
  return out;
}

std::string curve_of(EVP_PKEY* key) {
  std::array<char, 64> name{};
  size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) != 1) return {};
  return std::string(name.data(), size);
}

KeyVerdict judge_ec(EVP_PKEY* key) {
  int is_explicit = 0;
  EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_explicit);
  if (is_explicit != 0) return {"its curve is spelled out instead of named", true};
  const std::string curve = curve_of(key);
  if (curve == "prime256v1" || curve == "secp384r1" || curve == "secp521r1") return {};
  if (EVP_PKEY_get_security_bits(key) < 112) return {"its curve " + curve + " is too small", false};
  return {"its curve " + curve + " is none of P-256, P-384, P-521", true};
}

KeyVerdict judge_rsa(EVP_PKEY* key) {
  constexpr int kBitsMin = 2048;
  constexpr int kBitsMax = 8192;
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < kBitsMin) return {"RSA of " + std::to_string(bits) + " bits is too small", false};
  if (bits > kBitsMax) return {"RSA of " + std::to_string(bits) + " bits costs too much to check", true};
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &raw) != 1)
    return {"its exponent can't be read", true};
  const BignumPtr exponent(raw);
  constexpr int kExponentBitsMax = 64;
  if (BN_num_bits(exponent.get()) > kExponentBitsMax)
    return {"its RSA exponent costs too much to check", true};
  if (BN_is_odd(exponent.get()) == 0 || BN_get_word(exponent.get()) < RSA_F4) {
    return {"its RSA exponent is below 65537 or even", false};
  }
  return {};
}

}  // namespace

std::string openssl_reason() {
  const auto code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  std::string out = reason != nullptr ? reason
                    : code == 0       ? "no reason given"
                                      : "error " + std::to_string(code);
  ERR_clear_error();
  return out;
}

BioPtr read_bio(std::string_view text) {
  if (text.size() > static_cast<size_t>(std::numeric_limits<int>::max())) return nullptr;
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string bio_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

X509Ptr certificate_from_der(ByteView der) {
  const uint8_t* cursor = der.data();
  X509Ptr certificate(d2i_X509(nullptr, &cursor, static_cast<long>(der.size())));
  ERR_clear_error();
  if (certificate != nullptr && cursor != der.data() + der.size()) certificate.reset();
  return certificate;
}

Bytes to_der(X509* certificate) {
  const int size = i2d_X509(certificate, nullptr);
  if (size <= 0) return {};
  Bytes der(static_cast<size_t>(size));
  uint8_t* cursor = der.data();
  i2d_X509(certificate, &cursor);
  return der;
}

Result<std::vector<X509Ptr>> certificates_from_pem(std::string_view pem, std::string_view what) {
  return read_all<X509Ptr, PEM_read_bio_X509>(pem, what, "certificate", limits::kPemBytesMax);
}

Result<std::vector<X509CrlPtr>> crls_from_pem(std::string_view pem, std::string_view what) {
  return read_all<X509CrlPtr, PEM_read_bio_X509_CRL>(pem, what, "revocation list", limits::kCrlBytesMax);
}

Result<PkeyPtr> private_key_from_pem(std::string_view pem, std::string_view what) {
  if (pem.size() > limits::kPemBytesMax)
    return not_pem(what, "too large for a key", "give a PEM file of one key");
  if (is_token_key(pem)) return token_key(pem);
  const BioPtr bio = read_bio(pem);
  ERR_clear_error();
  PkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr) {
    if (pem.find("ENCRYPTED") != std::string_view::npos) {
      return not_pem(what, "the private key is encrypted", "decrypt it into a file of mode 0600");
    }
    return not_pem(what, "it holds no private key that can be read: " + openssl_reason(),
                   "expected a PKCS#8 key in PEM form");
  }
  ERR_clear_error();
  return key;
}

bool is_valid_time(const ASN1_TIME* time) {
  std::tm parts{};
  return time != nullptr && ASN1_TIME_to_tm(time, &parts) == 1;
}

Instant to_instant(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  const int64_t days = date_of(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday).days;
  const int64_t seconds = ((days * 24 + parts.tm_hour) * 60 + parts.tm_min) * 60 + parts.tm_sec;
  return {seconds * 1'000'000};
}

std::string serial_hex(const ASN1_INTEGER* serial) {
  const ByteView bytes(ASN1_STRING_get0_data(serial), text_size(serial));
  const bool negative = (ASN1_STRING_type(serial) & V_ASN1_NEG) != 0;
  return (negative ? "-" : "") + to_hex(bytes);
}

Digest fingerprint_of(X509* certificate) {
  Digest digest;
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest.bytes.data(), &size);
  return digest;
}

Digest key_digest_of(X509* certificate) {
  Digest digest;
  uint8_t* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  const std::unique_ptr<uint8_t, OpensslBytesFreer> owner(der);
  if (size > 0) {
    EVP_Digest(der, static_cast<size_t>(size), digest.bytes.data(), nullptr, EVP_sha256(), nullptr);
  }
  return digest;
}

std::vector<std::string> names_of(const GENERAL_NAMES* names, int kind) {
  std::vector<std::string> out;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    int found = 0;
    const auto* text =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &found));
    if (found != kind || text == nullptr) continue;
    const ByteView bytes(ASN1_STRING_get0_data(text), text_size(text));
    out.push_back(kind == GEN_IPADD ? ip_text(bytes) : std::string(as_text(bytes)));
  }
  return out;
}

std::optional<std::vector<std::string>> subject_names(const X509* certificate, int kind) {
  int critical = 0;
  const std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
  ERR_clear_error();
  if (names == nullptr) {
    // -1: the extension is not there; anything else: it is, and is broken or doubled.
    if (critical == -1) return std::vector<std::string>();
    return std::nullopt;
  }
  return names_of(names.get(), kind);
}

std::string common_name(const X509_NAME* name) {
  const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return {};
  const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
  return printable(as_text({ASN1_STRING_get0_data(text), text_size(text)}));
}

std::string key_words(EVP_PKEY* key) {
  if (key == nullptr) return "unreadable key";
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC: {
      const std::string curve = curve_of(key);
      if (curve == "prime256v1") return "ECDSA P-256";
      if (curve == "secp384r1") return "ECDSA P-384";
      if (curve == "secp521r1") return "ECDSA P-521";
      return "ECDSA " + curve;
    }
    case EVP_PKEY_ED25519:
      return "Ed25519";
    case EVP_PKEY_RSA:
      return "RSA " + std::to_string(EVP_PKEY_get_bits(key));
    default: {
      const char* name = EVP_PKEY_get0_type_name(key);
      return name != nullptr ? name : "unknown key";
    }
  }
}

KeyVerdict judge_key(EVP_PKEY* key) {
  if (key == nullptr) return {"its public key can't be read", true};
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
      return judge_ec(key);
    case EVP_PKEY_ED25519:
      return {};
    case EVP_PKEY_RSA:
      return judge_rsa(key);
    default:
      return {key_words(key) + " keys are not used here", true};
  }
}

}  // namespace hetao::certs
