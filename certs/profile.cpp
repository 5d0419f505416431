#include "certs/profile.h"

#include <openssl/err.h>

#include <set>

#include "gateway/base/limits.h"

namespace hetao::certs {

namespace {

constexpr int kSerialBytesMax = 20;

std::optional<Finding> check_serial(const X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  const std::string shown = serial_hex(serial);
  const bool is_zero = shown.find_first_not_of('0') == std::string::npos;
  if (shown.starts_with('-') || is_zero || ASN1_STRING_length(serial) > kSerialBytesMax) {
    return Finding{Reason::kBadSerial, "its serial number is negative, zero or over 20 octets"};
  }
  return std::nullopt;
}

std::optional<Finding> check_signature_algorithm(X509* certificate) {
  int digest = NID_undef;
  int key = NID_undef;
  uint32_t flags = 0;
  if (X509_get_signature_info(certificate, &digest, &key, nullptr, &flags) != 1) {
    ERR_clear_error();
    return Finding{Reason::kWeakSignature, "its signature algorithm is unknown"};
  }
  if (key == EVP_PKEY_ED25519) return std::nullopt;
  const bool is_strong = digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512;
  if (is_strong) return std::nullopt;
  const char* name = OBJ_nid2sn(digest);
  return Finding{Reason::kWeakSignature,
                 std::string("it is signed with ") + (name != nullptr ? name : "an unknown hash")};
}

// RFC 5280, section 4.2: an extension stands at most once.
std::optional<Finding> check_extensions(const X509* certificate) {
  std::set<std::string> seen;
  for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
    X509_EXTENSION* extension = X509_get_ext(certificate, i);
    const ASN1_OBJECT* object = X509_EXTENSION_get_object(extension);
    std::string key(reinterpret_cast<const char*>(OBJ_get0_data(object)), OBJ_length(object));
    if (!seen.insert(std::move(key)).second) {
      return Finding{Reason::kDuplicateExtension, "an extension stands in it twice"};
    }
    if (X509_EXTENSION_get_critical(extension) != 0 && X509_supported_extension(extension) == 0) {
      return Finding{Reason::kUnknownCritical, "it has a critical extension that is not understood"};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Finding> check_form(X509* certificate) {
  constexpr long kVersion3 = 2;
  if (X509_get_version(certificate) != kVersion3)
    return Finding{Reason::kMalformed, "it is not of version 3"};
  if (!is_valid_time(X509_get0_notBefore(certificate)) || !is_valid_time(X509_get0_notAfter(certificate))) {
    return Finding{Reason::kMalformed, "its dates do not decode"};
  }
  if (auto finding = check_extensions(certificate)) return finding;
  if ((X509_get_extension_flags(certificate) & EXFLAG_INVALID) != 0) {
    ERR_clear_error();
    return Finding{Reason::kBadExtension, "one of its extensions does not decode"};
  }
  if (auto finding = check_serial(certificate)) return finding;
  if (auto finding = check_signature_algorithm(certificate)) return finding;
  const KeyVerdict key = judge_key(X509_get0_pubkey(certificate));
  ERR_clear_error();
  if (!key.why.empty()) return Finding{key.kind_refused ? Reason::kKeyKind : Reason::kWeakKey, key.why};
  return std::nullopt;
}

std::optional<Finding> check_leaf(X509* certificate, uint32_t purpose) {
  const uint32_t flags = X509_get_extension_flags(certificate);
  if ((flags & EXFLAG_CA) != 0) return Finding{Reason::kLeafIsCa, "it is a CA's certificate"};
  const uint32_t usage = X509_get_key_usage(certificate);
  if ((flags & EXFLAG_KUSAGE) == 0 || (usage & KU_DIGITAL_SIGNATURE) == 0) {
    return Finding{Reason::kKeyUsage, "its key usage does not name digitalSignature"};
  }
  if ((usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) != 0) {
    return Finding{Reason::kKeyUsage, "its key usage lets it sign certificates or lists"};
  }
  const uint32_t extended = X509_get_extended_key_usage(certificate);
  if ((flags & EXFLAG_XKUSAGE) == 0 || (extended & purpose) == 0 || (extended & XKU_ANYEKU) != 0) {
    const char* wanted = purpose == XKU_SSL_SERVER ? "serverAuth" : "clientAuth";
    return Finding{Reason::kExtendedKeyUsage,
                   std::string("its extended key usage does not name ") + wanted + ", or says any"};
  }
  return std::nullopt;
}

std::optional<Finding> check_lifetime(X509* certificate) {
  const Duration life =
      to_instant(X509_get0_notAfter(certificate)) - to_instant(X509_get0_notBefore(certificate));
  if (life > Duration::seconds(limits::kLeafLifetimeSecondsMax)) {
    return Finding{Reason::kValidityTooLong, "it is valid for longer than 398 days"};
  }
  return std::nullopt;
}

std::optional<Finding> check_ca(X509* certificate) {
  const uint32_t flags = X509_get_extension_flags(certificate);
  if ((flags & EXFLAG_BCONS) == 0 || (flags & EXFLAG_CA) == 0) {
    return Finding{Reason::kNotACa, "it is not a CA's certificate"};
  }
  constexpr uint32_t kNeeded = KU_KEY_CERT_SIGN | KU_CRL_SIGN;
  if ((flags & EXFLAG_KUSAGE) == 0 || (X509_get_key_usage(certificate) & kNeeded) != kNeeded) {
    return Finding{Reason::kKeyUsage, "its key usage does not name keyCertSign and cRLSign"};
  }
  return std::nullopt;
}

}  // namespace hetao::certs
