// What `hetao certs status`, the metrics and start-up checks say about certificates and revocation lists.
// Thread-safe: pure; `now` is a parameter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/digest.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace hetao::certs {

enum class Urgency {
  kOk,
  kDue,     // renew: less than a third of its life, or less than 30 days of a CA's, is left
  kUrgent,  // less than 7 days, or a tenth of its life, is left
  kExpired,
  kNotYetValid,
  kRevoked,
};
const char* to_word(Urgency urgency);

struct CertificateStatus {
  std::string subject;  // the URI SAN, else the common name
  bool is_ca = false;
  std::string issuer;
  std::string serial;  // lower-case hex
  std::string key;     // "ECDSA P-256", "Ed25519", "RSA 2048"
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  Instant not_before;
  Instant not_after;
  Digest fingerprint;     // SHA-256 of the DER
  int64_t days_left = 0;  // whole days; negative once expired
  Urgency urgency = Urgency::kOk;
  std::string advice;  // what to do; empty when kOk
};

struct CrlStatus {
  std::string issuer;
  uint64_t number = 0;
  size_t revoked = 0;
  Instant this_update;
  Instant next_update;
  int64_t days_left = 0;
  Urgency urgency = Urgency::kOk;
  std::string advice;
};

// Every certificate in `pem`. Those that a list of their own CA's in `lists_pem` names are revoked; an empty
// text holds no list.
Result<std::vector<CertificateStatus>> certificate_status(std::string_view pem, Instant now,
                                                          std::string_view lists_pem = {});
Result<std::vector<CrlStatus>> crl_status(std::string_view pem, Instant now);

// True if the CA signed the first certificate of `certificate_pem`.
Result<bool> is_issued_by(std::string_view certificate_pem, std::string_view ca_pem);

// True if the private key belongs to the first certificate of `certificate_pem`.
Result<bool> key_matches(std::string_view certificate_pem, std::string_view private_key_pem);

}  // namespace hetao::certs
