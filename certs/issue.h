// What certificates and signing requests are made of. Internal to the room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "certs/authority.h"
#include "certs/openssl.h"

namespace hetao::certs {

// A CA's certificate and key, checked to belong together and to be a region's CA.
struct LoadedCa {
  X509Ptr certificate;
  PkeyPtr key;
  std::string region;
};
Result<LoadedCa> load_ca(const CertificateAndKey& ca);

Result<PkeyPtr> new_key(KeyKind kind);
std::string certificate_pem(X509* certificate);
Result<std::string> key_pem(EVP_PKEY* key);

// The hash to sign with: none for Ed25519, which hashes itself.
const EVP_MD* signing_hash(EVP_PKEY* key);

// "URI:…,DNS:…,IP:…" as an extension value; names are checked first, so that none can smuggle in another.
Result<std::string> subject_alternative_names(const LeafRequest& request);
Result<LeafRequest> checked_request(LeafRequest request);
// Identity and names of a SAN extension.
Result<LeafRequest> request_of_names(const GENERAL_NAMES* names, std::string_view what);

// A certificate for `key` as the profile wants it, signed by `ca`.
Result<std::string> sign_leaf(const LoadedCa& ca, EVP_PKEY* key, const LeafRequest& request, Instant now);

tl::unexpected<Error> openssl_failed(std::string what);

}  // namespace hetao::certs
