// A region's certificate authority: makes it, issues leaves, answers signing requests, revokes, renews.
// PEM text in, PEM text out; files are the caller's business (private keys belong in files of mode 0600).
//
// Every certificate made here passes the profile of verify.h, and no CA made here signs an identity of
// another region: the CA's own URI SAN says whose it is. The CA is constrained to the trust domain (RFC 5280,
// section 4.2.1.10; URI constraints see hosts only, so the region is bound by pinning, see trust.h) and to
// path length 0. Documented exception to "no randomness": keys, serials and signatures draw on OpenSSL's
// generator. Thread-safe: pure functions otherwise; `now` is a parameter.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "certs/identity.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace hetao::certs {

enum class KeyKind { kEcdsaP256, kEd25519 };

struct CertificateAndKey {
  std::string certificate_pem;  // of a leaf: with the issuing CA behind it, if that is not what peers pin
  std::string key_pem;          // PKCS#8, not encrypted; or "pkcs11:…" (token_key.h)
};

// A new private key as PEM.
Result<std::string> generate_key(KeyKind kind);
// The public half of a private key, as PEM (SubjectPublicKeyInfo).
Result<std::string> public_key_pem(std::string_view private_key_pem);

struct CaRequest {
  std::string region;
  KeyKind key_kind = KeyKind::kEcdsaP256;
  Duration lifetime = Duration::seconds(int64_t{3650} * 86'400);
  // If not empty, HTTPS names of leaves must lie below one of these ("shenzhen.example").
  std::vector<std::string> dns_subtrees = {};
  // The key to use, PEM or "pkcs11:…"; empty: a new one.
  std::string key_pem = {};
  // A root signs issuing CAs alone, and can stay offline: peers pin it, and need not change anything when the
  // region gets a new issuing CA.
  bool is_root = false;
};
// Self-signed. Valid from a few minutes before `now`, so that a peer whose clock lags accepts it.
Result<CertificateAndKey> create_region_ca(const CaRequest& request, Instant now);
// A CA of the root's region below it. What it issues carries its certificate along; its own is on the root's
// list once it is revoked. The region of `request` must be the root's.
Result<CertificateAndKey> create_issuing_ca(const CertificateAndKey& root, const CaRequest& request,
                                            Instant now);

struct LeafRequest {
  Identity identity;
  std::vector<std::string> dns_names = {};     // for HTTPS listeners
  std::vector<std::string> ip_addresses = {};  // "127.0.0.1", "::1"
  Duration lifetime = Duration::seconds(int64_t{90} * 86'400);
};
// Extended key usage follows from the role: gateway both, server serverAuth, client clientAuth.

// Issues for a new key.
Result<CertificateAndKey> issue_leaf(const CertificateAndKey& ca, const LeafRequest& request,
                                     KeyKind key_kind, Instant now);

// PKCS#10, for a region whose CA key stands elsewhere: the applicant keeps its key.
Result<std::string> create_signing_request(std::string_view private_key_pem, const LeafRequest& request);
// What a request asks for, after its signature (proof of possession) and its key were checked.
Result<LeafRequest> read_signing_request(std::string_view request_pem);
// Signs what the request asks for, with `lifetime`. The caller has shown the person what it is
// (read_signing_request). Refuses another region's identity.
Result<std::string> sign_request(const CertificateAndKey& ca, std::string_view request_pem, Duration lifetime,
                                 Instant now);

// Renewal: the identity and names of a certificate, to be issued again for a new key.
Result<LeafRequest> renewal_of(std::string_view certificate_pem);

// Reasons of RFC 5280, section 5.3.1, that an operator of a region has.
enum class RevocationReason { kUnspecified, kKeyCompromise, kSuperseded, kCessationOfOperation };
const char* to_word(RevocationReason reason);
std::optional<RevocationReason> revocation_reason(std::string_view word);

struct Revocation {
  std::string serial;  // lower-case hex, as in PeerFacts and CertificateStatus
  Instant at;
  RevocationReason reason = RevocationReason::kUnspecified;
};
// A whole list, newest number wins: `number` must grow with each list. An empty list is what a new region
// publishes: peers refuse a region without a list in force.
Result<std::string> create_crl(const CertificateAndKey& ca, std::span<const Revocation> revoked,
                               uint64_t number, Instant now,
                               Duration lifetime = Duration::seconds(int64_t{30} * 86'400));

struct CrlContents {
  std::vector<Revocation> revoked;
  uint64_t number = 0;
};
// What a list holds, so that the next one can be made from it.
Result<CrlContents> read_crl(std::string_view crl_pem);

}  // namespace hetao::certs
