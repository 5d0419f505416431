// Whom a gateway believes: for each region the CA certificates pinned for exactly that region, and their
// revocation lists. Built once from PEM text, then only read: share it as shared_ptr<const TrustStore>, and
// build a new one when files change (a broken reload keeps the old).
//
// Promises: a pinned certificate is a CA, self-consistent, strong, and pinned for one region only, which is
// the region it names if it names one. A list is attached only if a pinned CA of that region signed it, or if
// it may belong to an intermediate (checked when used). Thread-safe when const.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "certs/openssl.h"
#include "gateway/base/digest.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace hetao::certs {

class TrustStore {
 public:
  // One or more certificates in `pem`. During a CA's rotation a region has two pinned.
  Result<void> pin_ca(std::string_view region, std::string_view pem);
  // One or more lists in `pem`.
  Result<void> add_crl(std::string_view region, std::string_view pem);

  std::vector<std::string> regions() const;
  bool knows(std::string_view region) const;

  // For verify.cpp. Lists in force are chosen at verification, because time passes.
  struct Crl {
    X509CrlPtr crl;
    X509* signer = nullptr;  // the pinned CA whose signature was checked; null: not a pinned CA's
    Instant this_update;
    Instant next_update;
  };
  struct Anchor {
    X509Ptr certificate;
    Digest key_digest;  // SHA-256 of the SubjectPublicKeyInfo
  };
  struct Region {
    std::vector<Anchor> anchors;
    std::vector<Crl> crls;
    X509StorePtr store;
  };
  const Region* find(std::string_view region) const;
  const std::map<std::string, Region, std::less<>>& all() const { return regions_; }

 private:
  std::string names_other_region(const X509_CRL* crl, std::string_view region) const;
  Result<void> pin_one(Region& entry, const std::string& region, X509Ptr certificate);

  std::map<std::string, Region, std::less<>> regions_;
};

}  // namespace hetao::certs
