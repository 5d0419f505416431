#include "certs/reason.h"

#include <array>

#include "gateway/base/check.h"

namespace hetao::certs {

namespace {

struct Row {
  Reason reason;
  const char* word;
  const char* hint;
};

constexpr const char* kIssueAgain = "issue it again with `hetao certs issue`";
constexpr const char* kClocks = "compare both clocks";
constexpr const char* kOtherKey = "issue it for an ECDSA P-256 or Ed25519 key";
constexpr const char* kComparePin = "compare the pinned CA with the one that the peer's region uses";

// In the order of the enum.
constexpr std::array kRows = {
    Row{Reason::kNoCertificate, "no-certificate", "give the peer a certificate of its region's CA"},
    Row{Reason::kMalformed, "malformed", kIssueAgain},
    Row{Reason::kChainTooLong, "chain-too-long", "send the leaf and its intermediates alone"},
    Row{Reason::kNoSan, "no-san", kIssueAgain},
    Row{Reason::kTwoSans, "two-sans", "issue one certificate for each identity"},
    Row{Reason::kBadIdentity, "bad-identity", kIssueAgain},
    Row{Reason::kWrongRole, "wrong-role", "use a certificate that was issued for this purpose"},
    Row{Reason::kWrongPeer, "wrong-peer", "check the peer's address and name in the configuration"},
    Row{Reason::kUnknownRegion, "unknown-region",
        "pin that region's CA if it is a member; else leave it refused"},
    Row{Reason::kSelfSigned, "self-signed", "have the region's CA sign it"},
    Row{Reason::kUnknownCa, "unknown-ca", kComparePin},
    Row{Reason::kWrongRegionCa, "wrong-region-ca",
        "ask the CA that signed it why it signed another region's name"},
    Row{Reason::kBadSignature, "bad-signature", kComparePin},
    Row{Reason::kLeafIsCa, "leaf-is-ca", kIssueAgain},
    Row{Reason::kNotACa, "not-a-ca", "have the region's CA sign it"},
    Row{Reason::kPathLength, "path-length", "issue it directly from the region's CA"},
    Row{Reason::kNameConstraints, "name-constraints", "issue it with names that its CA may sign"},
    Row{Reason::kDuplicateExtension, "duplicate-extension", kIssueAgain},
    Row{Reason::kUnknownCritical, "unknown-critical-extension", kIssueAgain},
    Row{Reason::kBadExtension, "bad-extension", kIssueAgain},
    Row{Reason::kNotYetValid, "not-yet-valid", kClocks},
    Row{Reason::kExpired, "expired", "renew it with `hetao certs rotate`"},
    Row{Reason::kIssuerNotYetValid, "issuer-not-yet-valid", kClocks},
    Row{Reason::kIssuerExpired, "issuer-expired", "the region needs a new CA, pinned by its peers"},
    Row{Reason::kValidityTooLong, "validity-too-long", "issue it for at most 398 days"},
    Row{Reason::kKeyUsage, "key-usage", kIssueAgain},
    Row{Reason::kExtendedKeyUsage, "extended-key-usage", kIssueAgain},
    Row{Reason::kWeakKey, "weak-key", kOtherKey},
    Row{Reason::kKeyKind, "key-kind", kOtherKey},
    Row{Reason::kWeakSignature, "weak-signature", "sign it with SHA-256 or better"},
    Row{Reason::kBadSerial, "bad-serial", kIssueAgain},
    Row{Reason::kKeyOfCa, "key-of-ca", "give it a key of its own, and consider the CA's key exposed"},
    Row{Reason::kSharedKey, "shared-key", "give every gateway a key of its own"},
    Row{Reason::kRevoked, "revoked", "issue a new certificate for a new key"},
    Row{Reason::kCrlMissing, "crl-missing", "fetch the revocation list of the peer's CA"},
    Row{Reason::kCrlExpired, "crl-expired", "fetch a newer list; the CA's region has to publish one before"},
    Row{Reason::kCrlNotYetValid, "crl-not-yet-valid", kClocks},
    Row{Reason::kCrlBad, "crl-bad", "fetch the revocation list again"},
    Row{Reason::kWrongHost, "wrong-host", "use a name that the certificate has, or issue one with this name"},
};

consteval bool is_in_order() {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<size_t>(kRows[i].reason) != i) return false;
  }
  return static_cast<size_t>(Reason::kWrongHost) + 1 == kRows.size();
}
static_assert(is_in_order());

}  // namespace

const char* to_word(Reason reason) {
  const auto index = static_cast<size_t>(reason);
  HETAO_CHECK(index < kRows.size());
  return kRows[index].word;
}

Refusal refusal(Reason reason, std::string whose, std::string why) {
  HETAO_CHECK(static_cast<size_t>(reason) < kRows.size());
  const char* hint = kRows[static_cast<size_t>(reason)].hint;
  return {reason, Error{ErrorCode::kNotAllowed, std::move(whose), std::move(why), hint}};
}

}  // namespace hetao::certs
