// verify.h for certificates that OpenSSL has parsed already: the TLS engine's, inside a handshake. Parsing a
// certificate costs more than checking its signature (OpenSSL 3.0 decodes the key anew), so it is done once.
#pragma once

#include <span>
#include <string_view>

#include "certs/openssl.h"
#include "certs/verify.h"

namespace hetao::certs {

// Leaf first. The caller bounds the size of each.
using X509Chain = std::span<X509* const>;

tl::expected<PeerFacts, Refusal> verify_parsed(X509Chain chain, const TrustStore& trust, Instant now,
                                               const Expectation& expected);

// The same, with the first end of a certificate or revocation list that the verdict rests on: until then it
// would be the same under the same store.
struct AcceptedPeer {
  PeerFacts facts;
  Instant good_until;
};
tl::expected<AcceptedPeer, Refusal> accept_parsed(X509Chain chain, const TrustStore& trust, Instant now,
                                                  const Expectation& expected);
// Is an accepted peer the one that is expected?
tl::expected<void, Refusal> check_expected(const Identity& identity, const Expectation& expected);
tl::expected<void, Refusal> verify_parsed_https_server(X509Chain chain, const HttpsRoots& roots,
                                                       std::string_view host, Instant now);

}  // namespace hetao::certs
