// Revocation lists (RFC 5280, section 5): whole and direct, with number, authority key and reasons.
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <limits>

#include "certs/authority.h"
#include "certs/issue.h"
#include "gateway/base/check.h"
#include "gateway/base/text.h"

namespace hetao::certs {

namespace {

using Asn1IntegerPtr = std::unique_ptr<ASN1_INTEGER, Freer<ASN1_INTEGER_free>>;
using Asn1TimePtr = std::unique_ptr<ASN1_TIME, Freer<ASN1_TIME_free>>;
using Asn1EnumPtr = std::unique_ptr<ASN1_ENUMERATED, Freer<ASN1_ENUMERATED_free>>;
using RevokedPtr = std::unique_ptr<X509_REVOKED, Freer<X509_REVOKED_free>>;

struct ReasonRow {
  RevocationReason reason;
  const char* word;
  long code;
};
constexpr std::array<ReasonRow, 4> kReasons = {{
    {RevocationReason::kUnspecified, "unspecified", CRL_REASON_UNSPECIFIED},
    {RevocationReason::kKeyCompromise, "key-compromise", CRL_REASON_KEY_COMPROMISE},
    {RevocationReason::kSuperseded, "superseded", CRL_REASON_SUPERSEDED},
    {RevocationReason::kCessationOfOperation, "cessation-of-operation", CRL_REASON_CESSATION_OF_OPERATION},
}};

const ReasonRow& row_of(RevocationReason reason) {
  const auto index = static_cast<size_t>(reason);
  HETAO_CHECK(index < kReasons.size());
  return kReasons[index];
}

Asn1TimePtr time_of(Instant instant) {
  return Asn1TimePtr(ASN1_TIME_set(nullptr, static_cast<time_t>(instant.micros / 1'000'000)));
}

Asn1IntegerPtr integer_of_hex(const std::string& hex) {
  constexpr size_t kDigitsMax = 40;
  const bool is_hex = !hex.empty() && hex.size() <= kDigitsMax &&
                      hex.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_hex) return nullptr;
  BIGNUM* raw = nullptr;
  BN_hex2bn(&raw, hex.c_str());
  const BignumPtr number(raw);
  return Asn1IntegerPtr(BN_to_ASN1_INTEGER(number.get(), nullptr));
}

Asn1IntegerPtr integer_of(uint64_t value) {
  Asn1IntegerPtr integer(ASN1_INTEGER_new());
  ASN1_INTEGER_set_uint64(integer.get(), value);
  return integer;
}

bool add_revoked(X509_CRL* crl, const Revocation& revocation) {
  RevokedPtr entry(X509_REVOKED_new());
  const Asn1IntegerPtr serial = integer_of_hex(revocation.serial);
  const Asn1TimePtr at = time_of(revocation.at);
  if (entry == nullptr || serial == nullptr || at == nullptr) return false;
  X509_REVOKED_set_serialNumber(entry.get(), serial.get());
  X509_REVOKED_set_revocationDate(entry.get(), at.get());
  // "Unspecified" should be absent (RFC 5280, section 5.3.1).
  if (revocation.reason != RevocationReason::kUnspecified) {
    const Asn1EnumPtr code(ASN1_ENUMERATED_new());
    ASN1_ENUMERATED_set(code.get(), row_of(revocation.reason).code);
    if (X509_REVOKED_add1_ext_i2d(entry.get(), NID_crl_reason, code.get(), 0, 0) != 1) return false;
  }
  if (X509_CRL_add0_revoked(crl, entry.get()) != 1) return false;
  [[maybe_unused]] auto* owned_by_crl = entry.release();
  return true;
}

bool add_list_extensions(X509_CRL* crl, X509* ca, uint64_t number) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, ca, nullptr, nullptr, crl, 0);
  X509_EXTENSION* authority =
      X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always");
  if (authority == nullptr) return false;
  const bool is_added = X509_CRL_add_ext(crl, authority, -1) == 1;
  X509_EXTENSION_free(authority);
  const Asn1IntegerPtr serial = integer_of(number);
  return is_added && X509_CRL_add1_ext_i2d(crl, NID_crl_number, serial.get(), 0, 0) == 1;
}

RevocationReason reason_of(const X509_REVOKED* entry) {
  const Asn1EnumPtr code(
      static_cast<ASN1_ENUMERATED*>(X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr)));
  ERR_clear_error();
  if (code == nullptr) return RevocationReason::kUnspecified;
  const long value = ASN1_ENUMERATED_get(code.get());
  for (const ReasonRow& row : kReasons) {
    if (row.code == value) return row.reason;
  }
  return RevocationReason::kUnspecified;
}

}  // namespace

const char* to_word(RevocationReason reason) {
  return row_of(reason).word;
}

std::optional<RevocationReason> revocation_reason(std::string_view word) {
  for (const ReasonRow& row : kReasons) {
    if (word == row.word) return row.reason;
  }
  return std::nullopt;
}

Result<std::string> create_crl(const CertificateAndKey& ca, std::span<const Revocation> revoked,
                               uint64_t number, Instant now, Duration lifetime) {
  const std::string what = "revocation list";
  auto loaded = load_ca(ca);
  if (!loaded) return fail(loaded.error());
  if (lifetime <= Duration{})
    return fail(ErrorCode::kUsage, what, "its lifetime is not positive", "30 days are usual");
  const X509CrlPtr crl(X509_CRL_new());
  HETAO_CHECK(crl != nullptr);
  const Asn1TimePtr from = time_of(now);
  const Asn1TimePtr until = time_of(now + lifetime);
  for (const Revocation& revocation : revoked) {
    if (!add_revoked(crl.get(), revocation)) {
      ERR_clear_error();
      return fail(ErrorCode::kUsage, what, "\"" + printable(revocation.serial) + "\" is no serial number",
                  "take it from `hetao certs status --json`: lower-case hex");
    }
  }
  const bool is_made =
      X509_CRL_set_version(crl.get(), 1) == 1 &&
      X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(loaded->certificate.get())) == 1 &&
      X509_CRL_set1_lastUpdate(crl.get(), from.get()) == 1 &&
      X509_CRL_set1_nextUpdate(crl.get(), until.get()) == 1 &&
      add_list_extensions(crl.get(), loaded->certificate.get(), number) && X509_CRL_sort(crl.get()) == 1 &&
      X509_CRL_sign(crl.get(), loaded->key.get(), signing_hash(loaded->key.get())) != 0;
  if (!is_made) return openssl_failed(what);
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(bio.get(), crl.get());
  return bio_text(bio.get());
}

Result<CrlContents> read_crl(std::string_view crl_pem) {
  auto lists = crls_from_pem(crl_pem, "revocation list");
  if (!lists) return fail(lists.error());
  X509_CRL* crl = lists->front().get();
  CrlContents contents;
  const Asn1IntegerPtr number(
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, NID_crl_number, nullptr, nullptr)));
  ERR_clear_error();
  if (number != nullptr && ASN1_INTEGER_get_uint64(&contents.number, number.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::kUsage, "revocation list", "its number is out of range", "fetch the list again");
  }
  STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(crl);
  for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
    const X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
    contents.revoked.push_back({serial_hex(X509_REVOKED_get0_serialNumber(entry)),
                                to_instant(X509_REVOKED_get0_revocationDate(entry)), reason_of(entry)});
  }
  return contents;
}

}  // namespace hetao::certs
