#include "certs/verify.h"

#include <openssl/err.h>

#include <algorithm>

#include "certs/profile.h"
#include "certs/reason.h"
#include "certs/verify_x509.h"
#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao::certs {

namespace {

// Frees the stack alone: its certificates belong to others.
struct StackFreer {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};
using StackPtr = std::unique_ptr<STACK_OF(X509), StackFreer>;
using Verdict = tl::expected<void, Refusal>;

tl::unexpected<Refusal> refuse(Reason reason, const std::string& whose, std::string why) {
  return tl::unexpected<Refusal>(refusal(reason, whose, std::move(why)));
}

tl::unexpected<Refusal> refuse(const Finding& finding, const std::string& whose) {
  return refuse(finding.reason, whose, finding.why);
}

std::string shown_subject(const X509* certificate) {
  constexpr size_t kShown = 120;
  const std::string name = common_name(X509_get_subject_name(certificate));
  return "certificate \"" + name.substr(0, kShown) + "\"";
}

constexpr const char* kPeers = "the peer's certificate";

Verdict check_length(size_t certificates) {
  if (certificates == 0) return refuse(Reason::kNoCertificate, kPeers, "the peer sent none");
  if (certificates > limits::kChainCertificatesMax) {
    return refuse(Reason::kChainTooLong, kPeers,
                  "it came with " + std::to_string(certificates - 1) + " others");
  }
  return {};
}

struct ParsedChain {
  std::vector<X509Ptr> owners;
  std::vector<X509*> certificates;
};

tl::expected<ParsedChain, Refusal> parse_chain(const Chain& chain) {
  if (auto verdict = check_length(chain.size()); !verdict) return tl::unexpected<Refusal>(verdict.error());
  ParsedChain parsed;
  for (const Bytes& der : chain) {
    X509Ptr certificate = der.size() > limits::kCertificateBytesMax ? nullptr : certificate_from_der(der);
    if (certificate == nullptr) return refuse(Reason::kMalformed, kPeers, "it is not one DER certificate");
    parsed.certificates.push_back(certificate.get());
    parsed.owners.push_back(std::move(certificate));
  }
  return parsed;
}

tl::expected<Identity, Refusal> identity_of(const X509* leaf) {
  const std::string whose = shown_subject(leaf);
  const auto uris = subject_names(leaf, GEN_URI);
  if (!uris) return refuse(Reason::kBadExtension, whose, "its subject alternative name does not decode");
  if (uris->empty()) return refuse(Reason::kNoSan, whose, "it has no URI as subject alternative name");
  if (uris->size() > 1) return refuse(Reason::kTwoSans, whose, "it has more than one URI");
  auto identity = parse_identity(uris->front());
  if (!identity) return refuse(Reason::kBadIdentity, identity.error().what, identity.error().why);
  return *identity;
}

std::string whose_certificate(const Identity& identity) {
  return "certificate of " + to_uri(identity);
}

}  // namespace

tl::expected<void, Refusal> check_expected(const Identity& identity, const Expectation& expected) {
  const std::string whose = whose_certificate(identity);
  const bool is_gateway = identity.role == kRoleGateway;
  const bool may_be_client = expected.usage == Usage::kApiClient && identity.role == kRoleClient;
  if (!is_gateway && !may_be_client) return refuse(Reason::kWrongRole, whose, "its role is " + identity.role);
  if (expected.region && *expected.region != identity.region) {
    return refuse(Reason::kWrongPeer, whose, "region " + *expected.region + " was expected");
  }
  if (expected.name && *expected.name != identity.name) {
    return refuse(Reason::kWrongPeer, whose, "the name " + *expected.name + " was expected");
  }
  return {};
}

namespace {

// OpenSSL's verdict in our words. Depth 0 is the leaf.
Finding finding_of(int error, int depth) {
  const bool is_leaf = depth == 0;
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {is_leaf ? Reason::kExpired : Reason::kIssuerExpired, "it ended"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {is_leaf ? Reason::kNotYetValid : Reason::kIssuerNotYetValid, "it is not valid yet"};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return {Reason::kSelfSigned, "it is signed by itself"};
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return {Reason::kBadSignature, "its signature does not hold"};
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
      return {Reason::kNotACa, "a certificate that is no CA's signed it"};
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return {Reason::kPathLength, "a CA above it may not have CAs below"};
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
    case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
      return {Reason::kNameConstraints, "a CA above it may not sign its names"};
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
      return {Reason::kUnknownCritical,
              "a certificate above it has a critical extension that is not understood"};
    case X509_V_ERR_INVALID_PURPOSE:
      return {Reason::kExtendedKeyUsage, "its purpose, or a CA's above it, is another"};
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
      return {Reason::kUnknownCa, "no path leads from it to the CA that is pinned"};
    default:
      return {Reason::kBadExtension, X509_verify_cert_error_string(error)};
  }
}

struct BuiltChain {
  std::vector<X509*> certificates;  // leaf first, anchor last; owned by `context`
  X509StoreContextPtr context;
};

// Path building, signatures, times and constraints. Trust is `store` alone: none of the system's.
tl::expected<BuiltChain, Finding> build_chain(X509Chain sent, X509_STORE* store, int purpose, Instant now) {
  const StackPtr untrusted(sk_X509_new_null());
  for (size_t i = 1; i < sent.size(); ++i) sk_X509_push(untrusted.get(), sent[i]);
  BuiltChain built;
  built.context.reset(X509_STORE_CTX_new());
  HETAO_CHECK(built.context != nullptr && untrusted != nullptr);
  X509_STORE_CTX* context = built.context.get();
  HETAO_CHECK(X509_STORE_CTX_init(context, store, sent[0], untrusted.get()) == 1);
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(now.micros / 1'000'000));
  X509_VERIFY_PARAM_set_purpose(parameters, purpose);
  X509_VERIFY_PARAM_set_depth(parameters, static_cast<int>(limits::kChainCertificatesMax));
  // A region may pin an issuing CA whose root it keeps to itself. Strict: RFC 5280 to the letter.
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT);
  const int outcome = X509_verify_cert(context);
  ERR_clear_error();
  if (outcome != 1) {
    return tl::unexpected<Finding>(
        finding_of(X509_STORE_CTX_get_error(context), X509_STORE_CTX_get_error_depth(context)));
  }
  STACK_OF(X509)* path = X509_STORE_CTX_get0_chain(context);
  for (int i = 0; i < sk_X509_num(path); ++i) built.certificates.push_back(sk_X509_value(path, i));
  // The untrusted stack dies here; the built chain holds references of its own.
  X509_STORE_CTX_set0_untrusted(context, nullptr);
  return built;
}

// An unknown CA that is pinned for another region is worth its own alarm.
bool is_signed_by_other_region(X509* leaf, const TrustStore& trust, std::string_view region) {
  for (const auto& [name, entry] : trust.all()) {
    if (name == region) continue;
    for (const auto& anchor : entry.anchors) {
      if (X509_NAME_cmp(X509_get_issuer_name(leaf), X509_get_subject_name(anchor.certificate.get())) != 0)
        continue;
      const int outcome = X509_verify(leaf, X509_get0_pubkey(anchor.certificate.get()));
      ERR_clear_error();
      if (outcome == 1) return true;
    }
  }
  return false;
}

bool is_a_pinned_key(const TrustStore& trust, const Digest& key) {
  for (const auto& [name, entry] : trust.all()) {
    const bool found = std::any_of(entry.anchors.begin(), entry.anchors.end(),
                                   [&](const auto& anchor) { return anchor.key_digest == key; });
    if (found) return true;
  }
  return false;
}

// The issuer's list: of those in force the newest. Several may stand side by side while files are replaced.
tl::expected<const TrustStore::Crl*, Finding> list_of(X509* issuer, const TrustStore::Region& region,
                                                      Instant now) {
  const TrustStore::Crl* best = nullptr;
  Finding missing{Reason::kCrlMissing, "there is no revocation list of its CA"};
  for (const auto& candidate : region.crls) {
    X509_CRL* crl = candidate.crl.get();
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)) != 0) continue;
    const bool is_checked = candidate.signer != nullptr && X509_cmp(candidate.signer, issuer) == 0;
    if (!is_checked && X509_CRL_verify(crl, X509_get0_pubkey(issuer)) != 1) {
      ERR_clear_error();
      missing = {Reason::kCrlBad, "the revocation list of its CA has no good signature"};
      continue;
    }
    if (candidate.this_update > now) {
      missing = {Reason::kCrlNotYetValid, "the revocation list of its CA begins later"};
      continue;
    }
    if (best == nullptr || candidate.this_update > best->this_update) best = &candidate;
  }
  if (best == nullptr) return tl::unexpected<Finding>(missing);
  if (best->next_update < now) {
    return tl::unexpected<Finding>(Finding{
        Reason::kCrlExpired, "the newest revocation list of its CA ended " + to_rfc3339(best->next_update)});
  }
  return best;
}

// Until when it stays so.
tl::expected<Instant, Finding> check_revocation(const std::vector<X509*>& path,
                                                const TrustStore::Region& region, Instant now) {
  Instant good_until = to_instant(X509_get0_notAfter(path.back()));
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    const auto list = list_of(path[i + 1], region, now);
    if (!list) return tl::unexpected<Finding>(list.error());
    good_until = std::min({good_until, (*list)->next_update, to_instant(X509_get0_notAfter(path[i]))});
    X509_REVOKED* entry = nullptr;
    // 2: on the list as "removed", which stands in delta lists only. Anything but 0 is refused.
    if (X509_CRL_get0_by_cert((*list)->crl.get(), &entry, path[i]) != 0) {
      return tl::unexpected<Finding>(
          Finding{Reason::kRevoked, i == 0 ? "it is revoked" : "a CA above it is revoked"});
    }
  }
  return good_until;
}

PeerFacts facts_of(X509* leaf, Identity identity) {
  PeerFacts facts;
  facts.identity = std::move(identity);
  facts.serial = serial_hex(X509_get0_serialNumber(leaf));
  facts.not_before = to_instant(X509_get0_notBefore(leaf));
  facts.not_after = to_instant(X509_get0_notAfter(leaf));
  facts.fingerprint = fingerprint_of(leaf);
  facts.key_digest = key_digest_of(leaf);
  return facts;
}

// Path, times and revocation under one region's pins; until when it stays so.
tl::expected<Instant, Finding> check_path(X509Chain sent, const TrustStore& trust, std::string_view region,
                                          int purpose, Instant now) {
  const auto bad = [](Finding finding) { return tl::unexpected<Finding>(std::move(finding)); };
  const TrustStore::Region* pinned = trust.find(region);
  if (pinned == nullptr) return bad({Reason::kUnknownRegion, "no CA is pinned for its region"});
  const auto built = build_chain(sent, pinned->store.get(), purpose, now);
  if (!built) {
    Finding finding = built.error();
    if (finding.reason == Reason::kUnknownCa && is_signed_by_other_region(sent[0], trust, region)) {
      finding = {Reason::kWrongRegionCa, "the CA of another region signed it"};
    }
    return bad(std::move(finding));
  }
  // The anchor was checked when it was pinned.
  for (size_t i = 1; i + 1 < built->certificates.size(); ++i) {
    if (auto finding = check_form(built->certificates[i])) return bad(std::move(*finding));
    if (auto finding = check_ca(built->certificates[i])) return bad(std::move(*finding));
  }
  return check_revocation(built->certificates, *pinned, now);
}

}  // namespace

tl::expected<PeerFacts, Refusal> verify_chain(const Chain& chain, const TrustStore& trust, Instant now,
                                              const Expectation& expected) {
  const auto parsed = parse_chain(chain);
  if (!parsed) return tl::unexpected<Refusal>(parsed.error());
  return verify_parsed(parsed->certificates, trust, now, expected);
}

tl::expected<PeerFacts, Refusal> verify_parsed(X509Chain chain, const TrustStore& trust, Instant now,
                                               const Expectation& expected) {
  auto accepted = accept_parsed(chain, trust, now, expected);
  if (!accepted) return tl::unexpected<Refusal>(accepted.error());
  return std::move(accepted->facts);
}

tl::expected<AcceptedPeer, Refusal> accept_parsed(X509Chain chain, const TrustStore& trust, Instant now,
                                                  const Expectation& expected) {
  if (auto verdict = check_length(chain.size()); !verdict) return tl::unexpected<Refusal>(verdict.error());
  X509* leaf = chain.front();
  const bool is_server = expected.usage == Usage::kTunnelServer;
  if (const auto finding = check_form(leaf)) return refuse(*finding, shown_subject(leaf));
  auto identity = identity_of(leaf);
  if (!identity) return tl::unexpected<Refusal>(identity.error());
  const std::string whose = whose_certificate(*identity);
  if (const auto finding = check_leaf(leaf, is_server ? XKU_SSL_SERVER : XKU_SSL_CLIENT))
    return refuse(*finding, whose);
  if (const auto finding = check_lifetime(leaf)) return refuse(*finding, whose);
  if (auto verdict = check_expected(*identity, expected); !verdict) {
    return tl::unexpected<Refusal>(verdict.error());
  }
  const int purpose = is_server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT;
  const auto good_until = check_path(chain, trust, identity->region, purpose, now);
  if (!good_until) return refuse(good_until.error(), whose);
  AcceptedPeer peer{facts_of(leaf, *identity), *good_until};
  if (is_a_pinned_key(trust, peer.facts.key_digest))
    return refuse(Reason::kKeyOfCa, whose, "its key is a CA's");
  return peer;
}

Result<Chain> chain_from_pem(std::string_view pem) {
  auto certificates = certificates_from_pem(pem, "certificate chain");
  if (!certificates) return fail(certificates.error());
  Chain chain;
  for (const X509Ptr& certificate : *certificates) chain.push_back(to_der(certificate.get()));
  return chain;
}

tl::expected<void, Refusal> refuse_shared_key(const PeerFacts& peer, std::span<const PeerFacts> known) {
  for (const PeerFacts& other : known) {
    if (other.key_digest == peer.key_digest && other.identity != peer.identity) {
      return refuse(Reason::kSharedKey, "certificate of " + to_uri(peer.identity),
                    "its key is also that of " + to_uri(other.identity));
    }
  }
  return {};
}

Result<HttpsRoots> https_roots(std::string_view pem) {
  auto certificates = certificates_from_pem(pem, "CA file");
  if (!certificates) return fail(certificates.error());
  HttpsRoots roots;
  roots.store.reset(X509_STORE_new());
  HETAO_CHECK(roots.store != nullptr);
  for (const X509Ptr& certificate : *certificates) X509_STORE_add_cert(roots.store.get(), certificate.get());
  ERR_clear_error();
  return roots;
}

tl::expected<void, Refusal> verify_https_server(const Chain& chain, const HttpsRoots& roots,
                                                std::string_view host, Instant now) {
  const auto parsed = parse_chain(chain);
  if (!parsed) return tl::unexpected<Refusal>(parsed.error());
  return verify_parsed_https_server(parsed->certificates, roots, host, now);
}

tl::expected<void, Refusal> verify_parsed_https_server(X509Chain chain, const HttpsRoots& roots,
                                                       std::string_view host, Instant now) {
  if (auto verdict = check_length(chain.size()); !verdict) return tl::unexpected<Refusal>(verdict.error());
  X509* leaf = chain.front();
  const std::string whose = "certificate of server " + printable(host);
  if (const auto finding = check_form(leaf)) return refuse(*finding, whose);
  if (const auto finding = check_leaf(leaf, XKU_SSL_SERVER)) return refuse(*finding, whose);
  const auto built = build_chain(chain, roots.store.get(), X509_PURPOSE_SSL_SERVER, now);
  if (!built) return refuse(built.error(), whose);
  const std::string name(host);
  constexpr unsigned kFlags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS;
  // A leading dot would mean "any name below".
  const bool is_host = !name.empty() && name.front() != '.';
  const bool is_named = is_host && (X509_check_ip_asc(leaf, name.c_str(), 0) == 1 ||
                                    X509_check_host(leaf, name.data(), name.size(), kFlags, nullptr) == 1);
  ERR_clear_error();
  if (!is_named) return refuse(Reason::kWrongHost, whose, "the certificate has not this name");
  return {};
}

}  // namespace hetao::certs
