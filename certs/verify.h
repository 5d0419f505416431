// Decides whether a certificate chain may speak for an identity, under a TrustStore and at a given time.
//
// Accepted only if the chain ends in a CA pinned for exactly the region that the leaf's one URI SAN names,
// and everything holds that the product's certificate profile asks for (RFC 5280; certs/README.md lists it).
// Every refusal has one reason whose word is stable: logs, metrics, the ledger and tests rely on it. What the
// peer is told never depends on the reason. Thread-safe: pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "certs/identity.h"
#include "certs/trust.h"
#include "gateway/base/bytes.h"
#include "gateway/base/digest.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace hetao::certs {

enum class Reason {
  kNoCertificate,       // "no-certificate"
  kMalformed,           // "malformed": not DER, bytes after it, too large, not version 3
  kChainTooLong,        // "chain-too-long"
  kNoSan,               // "no-san": no URI SAN (a common name alone is nothing)
  kTwoSans,             // "two-sans"
  kBadIdentity,         // "bad-identity": the URI is not in the one spelling of identity.h
  kWrongRole,           // "wrong-role": a client's certificate on a tunnel, or the like
  kWrongPeer,           // "wrong-peer": valid, but another region or gateway was expected
  kUnknownRegion,       // "unknown-region": no CA is pinned for it
  kSelfSigned,          // "self-signed"
  kUnknownCa,           // "unknown-ca": no path to a CA pinned for its region
  kWrongRegionCa,       // "wrong-region-ca": another region's CA signed it
  kBadSignature,        // "bad-signature"
  kLeafIsCa,            // "leaf-is-ca"
  kNotACa,              // "not-a-ca": something that is no CA signed
  kPathLength,          // "path-length"
  kNameConstraints,     // "name-constraints"
  kDuplicateExtension,  // "duplicate-extension"
  kUnknownCritical,     // "unknown-critical-extension"
  kBadExtension,        // "bad-extension": does not decode, or breaks the profile otherwise
  kNotYetValid,         // "not-yet-valid"
  kExpired,             // "expired"
  kIssuerNotYetValid,   // "issuer-not-yet-valid"
  kIssuerExpired,       // "issuer-expired"
  kValidityTooLong,     // "validity-too-long"
  kKeyUsage,            // "key-usage"
  kExtendedKeyUsage,    // "extended-key-usage": the one needed is missing, or anyExtendedKeyUsage stands in
  kWeakKey,             // "weak-key"
  kKeyKind,             // "key-kind": DSA, explicit curve, unusual curve
  kWeakSignature,       // "weak-signature": SHA-1, MD5
  kBadSerial,           // "bad-serial": negative, zero, over 20 octets
  kKeyOfCa,             // "key-of-ca": the leaf's key is a CA's
  kSharedKey,           // "shared-key": another peer uses the same key
  kRevoked,             // "revoked"
  kCrlMissing,          // "crl-missing"
  kCrlExpired,          // "crl-expired"
  kCrlNotYetValid,      // "crl-not-yet-valid"
  kCrlBad,              // "crl-bad": signature or form of the only list there is
  kWrongHost,           // "wrong-host": an HTTPS server that has not the name it was asked by
};
const char* to_word(Reason reason);

struct Refusal {
  Reason reason = Reason::kMalformed;
  Error error;  // code kNotAllowed; for our own logs and people, not for the peer
};

struct PeerFacts {
  Identity identity;
  std::string serial;  // lower-case hex
  Instant not_before;
  Instant not_after;
  Digest fingerprint;  // SHA-256 of the certificate's DER
  Digest key_digest;   // SHA-256 of its SubjectPublicKeyInfo
};

enum class Usage {
  kTunnelServer,  // the peer answered our dial: role gateway, serverAuth
  kTunnelClient,  // the peer dialled us: role gateway, clientAuth
  kApiClient,     // HTTPS with a client certificate: role client or gateway, clientAuth
};

struct Expectation {
  Usage usage = Usage::kTunnelClient;
  std::optional<std::string> region = {};  // if set, no other
  std::optional<std::string> name = {};    // if set, no other
};

using Chain = std::vector<Bytes>;  // DER, leaf first, as TLS carries it

tl::expected<PeerFacts, Refusal> verify_chain(const Chain& chain, const TrustStore& trust, Instant now,
                                              const Expectation& expected);

// The same certificates of a PEM text, leaf first.
Result<Chain> chain_from_pem(std::string_view pem);

// Refuses a peer whose key is that of a known peer with another identity.
tl::expected<void, Refusal> refuse_shared_key(const PeerFacts& peer, std::span<const PeerFacts> known);

// An HTTPS server as clients of the API see it: the chain ends in one of `roots` (PEM), and a DNS or IP SAN
// is `host`. Common names and wildcards are not looked at. No revocation lists: that is the tunnel's
// business.
struct HttpsRoots {
  X509StorePtr store;
};
Result<HttpsRoots> https_roots(std::string_view pem);
tl::expected<void, Refusal> verify_https_server(const Chain& chain, const HttpsRoots& roots,
                                                std::string_view host, Instant now);

}  // namespace hetao::certs
