#include "certs/trust.h"

#include <openssl/err.h>

#include "certs/identity.h"
#include "certs/profile.h"
#include "gateway/base/check.h"
#include "gateway/base/text.h"

namespace hetao::certs {

namespace {

std::string ca_of(std::string_view region) {
  return "CA of region " + printable(region);
}

std::string list_of(std::string_view region) {
  return "revocation list of region " + printable(region);
}

// A CA that says whose it is must be pinned for that one.
Result<void> check_region_of_ca(const X509* certificate, const std::string& region) {
  const auto uris = subject_names(certificate, GEN_URI);
  if (!uris) return fail(ErrorCode::kUsage, ca_of(region), "its subject alternative name does not decode");
  for (const std::string& uri : *uris) {
    const auto named = parse_region_uri(uri);
    if (named && *named != region) {
      return fail(ErrorCode::kUsage, ca_of(region), "it says that it is the CA of region " + *named,
                  "pin each region's CA under its own region");
    }
  }
  return {};
}

// Lists that cover only some certificates, or come from another signer, would make "not on the list" mean
// less than it says.
bool has_unusable_scope(const X509_CRL* crl) {
  for (int i = 0; i < X509_CRL_get_ext_count(crl); ++i) {
    X509_EXTENSION* extension = X509_CRL_get_ext(crl, i);
    const int kind = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    if (kind == NID_issuing_distribution_point || kind == NID_delta_crl) return true;
    if (X509_EXTENSION_get_critical(extension) != 0) return true;
  }
  return false;
}

bool is_strongly_signed(const X509_CRL* crl) {
  int digest = NID_undef;
  int key = NID_undef;
  if (OBJ_find_sigid_algs(X509_CRL_get_signature_nid(crl), &digest, &key) != 1) return false;
  return key == EVP_PKEY_ED25519 || digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512;
}

}  // namespace

Result<void> TrustStore::pin_one(Region& entry, const std::string& region, X509Ptr certificate) {
  const auto refuse = [&](std::string why, std::string hint = "pin the region's own CA certificate") {
    return fail(ErrorCode::kUsage, ca_of(region), std::move(why), std::move(hint));
  };
  if (const auto finding = check_form(certificate.get())) return refuse(finding->why);
  if (const auto finding = check_ca(certificate.get())) return refuse(finding->why);
  if (auto checked = check_region_of_ca(certificate.get(), region); !checked) return checked;
  const bool names_itself =
      X509_NAME_cmp(X509_get_subject_name(certificate.get()), X509_get_issuer_name(certificate.get())) == 0;
  if (names_itself && X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())) != 1) {
    ERR_clear_error();
    return refuse("its own signature does not hold");
  }
  const Digest key = key_digest_of(certificate.get());
  for (const auto& [other, pinned] : regions_) {
    for (const Anchor& anchor : pinned.anchors) {
      if (other != region && anchor.key_digest == key) {
        return refuse("the same key is pinned for region " + other, "every region has a CA of its own");
      }
    }
  }
  if (X509_STORE_add_cert(entry.store.get(), certificate.get()) != 1) return refuse(openssl_reason());
  entry.anchors.push_back({std::move(certificate), key});
  return {};
}

Result<void> TrustStore::pin_ca(std::string_view region, std::string_view pem) {
  if (!is_region_name(region)) {
    return fail(ErrorCode::kUsage, ca_of(region), "that is no region's name",
                "use lower-case letters and digits");
  }
  auto certificates = certificates_from_pem(pem, ca_of(region));
  if (!certificates) return fail(certificates.error());
  const std::string name(region);
  Region& entry = regions_[name];
  if (entry.store == nullptr) entry.store.reset(X509_STORE_new());
  HETAO_CHECK(entry.store != nullptr);
  for (X509Ptr& certificate : *certificates) {
    if (auto pinned = pin_one(entry, name, std::move(certificate)); !pinned) {
      if (entry.anchors.empty()) regions_.erase(name);
      return pinned;
    }
  }
  return {};
}

std::string TrustStore::names_other_region(const X509_CRL* crl, std::string_view region) const {
  for (const auto& [name, entry] : regions_) {
    if (name == region) continue;
    for (const Anchor& anchor : entry.anchors) {
      if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(anchor.certificate.get())) == 0)
        return name;
    }
  }
  return {};
}

Result<void> TrustStore::add_crl(std::string_view region, std::string_view pem) {
  const auto refuse = [&](std::string why, std::string hint) {
    return fail(ErrorCode::kUsage, list_of(region), std::move(why), std::move(hint));
  };
  const auto entry = regions_.find(region);
  if (entry == regions_.end()) return refuse("no CA is pinned for the region", "pin its CA first");
  auto lists = crls_from_pem(pem, list_of(region));
  if (!lists) return fail(lists.error());
  for (X509CrlPtr& list : *lists) {
    if (!is_valid_time(X509_CRL_get0_lastUpdate(list.get())) ||
        !is_valid_time(X509_CRL_get0_nextUpdate(list.get()))) {
      return refuse("it does not say until when it holds", "publish lists with a next update");
    }
    if (has_unusable_scope(list.get())) return refuse("it covers a part only", "publish whole, direct lists");
    if (!is_strongly_signed(list.get()))
      return refuse("its signature is weak", "sign it with SHA-256 or better");
    Crl crl{std::move(list), nullptr, {}, {}};
    crl.this_update = to_instant(X509_CRL_get0_lastUpdate(crl.crl.get()));
    crl.next_update = to_instant(X509_CRL_get0_nextUpdate(crl.crl.get()));
    bool names_an_anchor = false;
    for (const Anchor& anchor : entry->second.anchors) {
      X509* ca = anchor.certificate.get();
      if (X509_NAME_cmp(X509_CRL_get_issuer(crl.crl.get()), X509_get_subject_name(ca)) != 0) continue;
      names_an_anchor = true;
      if (X509_CRL_verify(crl.crl.get(), X509_get0_pubkey(ca)) == 1) crl.signer = ca;
    }
    ERR_clear_error();
    if (names_an_anchor && crl.signer == nullptr) {
      return refuse("the CA that it names did not sign it", "fetch it again from the region");
    }
    if (const std::string other = names_other_region(crl.crl.get(), region); !other.empty()) {
      return refuse("it is the list of region " + other, "name that file under its own region");
    }
    entry->second.crls.push_back(std::move(crl));
  }
  return {};
}

std::vector<std::string> TrustStore::regions() const {
  std::vector<std::string> names;
  names.reserve(regions_.size());
  for (const auto& [name, entry] : regions_) names.push_back(name);
  return names;
}

bool TrustStore::knows(std::string_view region) const {
  return regions_.contains(region);
}

const TrustStore::Region* TrustStore::find(std::string_view region) const {
  const auto entry = regions_.find(region);
  return entry == regions_.end() ? nullptr : &entry->second;
}

}  // namespace hetao::certs
