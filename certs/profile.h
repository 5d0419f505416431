// The product's certificate profile, on single certificates: form, key, signature algorithm, extensions. Used
// by the verifier on every certificate of a chain and by TrustStore on what is pinned. Internal to the room.
#pragma once

#include <optional>

#include "certs/openssl.h"
#include "certs/verify.h"

namespace hetao::certs {

struct Finding {
  Reason reason = Reason::kMalformed;
  std::string why;
};

// What every certificate must fulfil, leaf or CA.
std::optional<Finding> check_form(X509* certificate);
// A leaf besides: not a CA, key usage, and the extended key usage `purpose` (XKU_SSL_SERVER or
// XKU_SSL_CLIENT).
std::optional<Finding> check_leaf(X509* certificate, uint32_t purpose);
// A leaf's life is bounded.
std::optional<Finding> check_lifetime(X509* certificate);
// A CA besides: the CA flag, and the right to sign certificates and lists.
std::optional<Finding> check_ca(X509* certificate);

}  // namespace hetao::certs
