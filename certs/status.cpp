#include "certs/status.h"

#include <openssl/err.h>

#include <algorithm>

#include "certs/authority.h"
#include "certs/openssl.h"
#include "gateway/base/text.h"

namespace hetao::certs {

namespace {

constexpr int64_t kMicrosPerDay = int64_t{86'400} * 1'000'000;
constexpr int64_t kCaDueDays = 30;
constexpr int64_t kUrgentDays = 7;

int64_t days_between(Instant from, Instant to) {
  const int64_t micros = (to - from).micros;
  return micros >= 0 ? micros / kMicrosPerDay : -((-micros + kMicrosPerDay - 1) / kMicrosPerDay);
}

// Short lives are judged by their share, long ones by days.
Urgency urgency_of(Instant from, Instant until, bool is_ca, Instant now) {
  if (now > until) return Urgency::kExpired;
  if (now < from) return Urgency::kNotYetValid;
  const int64_t life = (until - from).micros;
  const int64_t left = (until - now).micros;
  const int64_t urgent = std::min(life / 10, kUrgentDays * kMicrosPerDay);
  const int64_t due = is_ca ? std::min(life / 3, kCaDueDays * kMicrosPerDay) : life / 3;
  if (left < urgent) return Urgency::kUrgent;
  return left < due ? Urgency::kDue : Urgency::kOk;
}

std::string advice_for(Urgency urgency, bool is_ca) {
  std::string renew = is_ca
                          ? "make a new CA with `hetao certs init`, and have every peer pin it beside the old"
                          : "renew it with `hetao certs rotate`";
  switch (urgency) {
    case Urgency::kOk:
      return {};
    case Urgency::kDue:
      return renew;
    case Urgency::kUrgent:
      return renew + " now";
    case Urgency::kExpired:
      return "it is refused everywhere; " + renew;
    case Urgency::kNotYetValid:
      return "compare the clock with that of the CA";
    case Urgency::kRevoked:
      return "it is on its CA's revocation list and refused everywhere; " + renew;
  }
  return {};
}

std::string subject_of(X509* certificate) {
  const auto uris = subject_names(certificate, GEN_URI);
  if (uris && !uris->empty()) return printable(uris->front());
  return common_name(X509_get_subject_name(certificate));
}

CertificateStatus status_of(X509* certificate, Instant now) {
  CertificateStatus status;
  status.subject = subject_of(certificate);
  status.is_ca = (X509_get_extension_flags(certificate) & EXFLAG_CA) != 0;
  status.issuer = common_name(X509_get_issuer_name(certificate));
  status.serial = serial_hex(X509_get0_serialNumber(certificate));
  status.key = key_words(X509_get0_pubkey(certificate));
  status.dns_names = subject_names(certificate, GEN_DNS).value_or(std::vector<std::string>());
  status.ip_addresses = subject_names(certificate, GEN_IPADD).value_or(std::vector<std::string>());
  status.not_before = to_instant(X509_get0_notBefore(certificate));
  status.not_after = to_instant(X509_get0_notAfter(certificate));
  status.fingerprint = fingerprint_of(certificate);
  status.days_left = days_between(now, status.not_after);
  status.urgency = urgency_of(status.not_before, status.not_after, status.is_ca, now);
  status.advice = advice_for(status.urgency, status.is_ca);
  ERR_clear_error();
  return status;
}

std::string crl_advice(Urgency urgency) {
  switch (urgency) {
    case Urgency::kOk:
      return {};
    case Urgency::kDue:
    case Urgency::kUrgent:
      return "publish a new list before it ends, or peers refuse the region";
    case Urgency::kExpired:
      return "peers refuse the region until a new list is there";
    case Urgency::kNotYetValid:
      return "compare the clock with that of the CA";
    case Urgency::kRevoked:  // of certificates
      return {};
  }
  return {};
}

bool is_revoked(X509* certificate, const std::vector<X509CrlPtr>& lists) {
  return std::any_of(lists.begin(), lists.end(), [&](const X509CrlPtr& list) {
    X509_REVOKED* entry = nullptr;
    return X509_NAME_cmp(X509_CRL_get_issuer(list.get()), X509_get_issuer_name(certificate)) == 0 &&
           X509_CRL_get0_by_cert(list.get(), &entry, certificate) == 1;
  });
}

}  // namespace

const char* to_word(Urgency urgency) {
  switch (urgency) {
    case Urgency::kOk:
      return "ok";
    case Urgency::kDue:
      return "due";
    case Urgency::kUrgent:
      return "urgent";
    case Urgency::kExpired:
      return "expired";
    case Urgency::kNotYetValid:
      return "not-yet-valid";
    case Urgency::kRevoked:
      return "revoked";
  }
  return "ok";
}

Result<std::vector<CertificateStatus>> certificate_status(std::string_view pem, Instant now,
                                                          std::string_view lists_pem) {
  auto certificates = certificates_from_pem(pem, "certificate");
  if (!certificates) return fail(certificates.error());
  std::vector<X509CrlPtr> lists;
  if (!lists_pem.empty()) {
    auto read = crls_from_pem(lists_pem, "revocation list");
    if (!read) return fail(read.error());
    lists = std::move(*read);
  }
  std::vector<CertificateStatus> all;
  for (const X509Ptr& certificate : *certificates) {
    CertificateStatus status = status_of(certificate.get(), now);
    if (is_revoked(certificate.get(), lists)) {
      status.urgency = Urgency::kRevoked;
      status.advice = advice_for(Urgency::kRevoked, status.is_ca);
    }
    all.push_back(std::move(status));
  }
  return all;
}

Result<bool> is_issued_by(std::string_view certificate_pem, std::string_view ca_pem) {
  auto certificates = certificates_from_pem(certificate_pem, "certificate");
  if (!certificates) return fail(certificates.error());
  auto cas = certificates_from_pem(ca_pem, "CA certificate");
  if (!cas) return fail(cas.error());
  const bool signed_it = X509_verify(certificates->front().get(), X509_get0_pubkey(cas->front().get())) == 1;
  ERR_clear_error();
  return signed_it;
}

Result<std::vector<CrlStatus>> crl_status(std::string_view pem, Instant now) {
  auto lists = crls_from_pem(pem, "revocation list");
  if (!lists) return fail(lists.error());
  std::vector<CrlStatus> all;
  for (const X509CrlPtr& list : *lists) {
    CrlStatus status;
    status.issuer = common_name(X509_CRL_get_issuer(list.get()));
    const std::unique_ptr<ASN1_INTEGER, Freer<ASN1_INTEGER_free>> number(
        static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(list.get(), NID_crl_number, nullptr, nullptr)));
    if (number != nullptr) ASN1_INTEGER_get_uint64(&status.number, number.get());
    status.revoked = static_cast<size_t>(std::max(0, sk_X509_REVOKED_num(X509_CRL_get_REVOKED(list.get()))));
    status.this_update = to_instant(X509_CRL_get0_lastUpdate(list.get()));
    status.next_update = to_instant(X509_CRL_get0_nextUpdate(list.get()));
    status.days_left = days_between(now, status.next_update);
    status.urgency = urgency_of(status.this_update, status.next_update, false, now);
    status.advice = crl_advice(status.urgency);
    ERR_clear_error();
    all.push_back(std::move(status));
  }
  return all;
}

Result<bool> key_matches(std::string_view certificate_pem, std::string_view private_key_pem) {
  auto certificates = certificates_from_pem(certificate_pem, "certificate");
  if (!certificates) return fail(certificates.error());
  auto key = private_key_from_pem(private_key_pem, "private key");
  if (!key) return fail(key.error());
  const bool matches = X509_check_private_key(certificates->front().get(), key->get()) == 1;
  ERR_clear_error();
  return matches;
}

}  // namespace hetao::certs
