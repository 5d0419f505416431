#include "certs/authority.h"

#include <gtest/gtest.h>

#include "certs/status.h"
#include "certs/verify.h"
#include "tests/unit/certs/forge.h"

namespace hetao::certs {
namespace {

using forge::kDay;
using forge::kNow;

struct Authority : testing::TestWithParam<KeyKind> {
  CertificateAndKey ca = create_region_ca({.region = "shenzhen", .key_kind = GetParam()}, kNow).value();

  TrustStore trust(const std::vector<Revocation>& revoked = {}) {
    TrustStore store;
    EXPECT_TRUE(store.pin_ca("shenzhen", ca.certificate_pem));
    EXPECT_TRUE(store.add_crl("shenzhen", create_crl(ca, revoked, 1, kNow).value()));
    return store;
  }
  tl::expected<PeerFacts, Refusal> verify(const std::string& pem, const TrustStore& store,
                                          Usage usage = Usage::kTunnelClient) {
    return verify_chain(chain_from_pem(pem).value(), store, kNow, {usage});
  }
};
INSTANTIATE_TEST_SUITE_P(OfEveryKey, Authority, testing::Values(KeyKind::kEcdsaP256, KeyKind::kEd25519));

TEST_P(Authority, IssuesWhatTheVerifierAccepts) {
  for (const KeyKind kind : {KeyKind::kEcdsaP256, KeyKind::kEd25519}) {
    const auto leaf = issue_leaf(ca, {.identity = {"shenzhen", "gateway", "gw-1"}}, kind, kNow);
    ASSERT_TRUE(leaf) << to_line(leaf.error());
    EXPECT_TRUE(verify(leaf->certificate_pem, trust(), Usage::kTunnelServer));
    EXPECT_TRUE(verify(leaf->certificate_pem, trust(), Usage::kTunnelClient));
    EXPECT_TRUE(key_matches(leaf->certificate_pem, leaf->key_pem).value());
    EXPECT_FALSE(key_matches(leaf->certificate_pem, ca.key_pem).value());
  }
}

TEST_P(Authority, SignsNoOtherRegionsIdentity) {
  const auto leaf = issue_leaf(ca, {.identity = {"hongkong", "gateway", "gw-1"}}, KeyKind::kEcdsaP256, kNow);
  ASSERT_FALSE(leaf);
  EXPECT_NE(leaf.error().why.find("signs no other region's"), std::string::npos);
  const std::string key = generate_key(KeyKind::kEcdsaP256).value();
  const std::string request =
      create_signing_request(key, {.identity = {"hongkong", "gateway", "gw-1"}}).value();
  EXPECT_FALSE(sign_request(ca, request, kDay, kNow));
}

TEST_P(Authority, SignsARequestAndTheApplicantKeepsItsKey) {
  const std::string key = generate_key(KeyKind::kEcdsaP256).value();
  const LeafRequest wanted = {.identity = {"shenzhen", "gateway", "gw-2"},
                              .dns_names = {"gw-2.shenzhen.example"},
                              .ip_addresses = {"10.0.0.2"}};
  const std::string request = create_signing_request(key, wanted).value();
  const auto shown = read_signing_request(request);
  ASSERT_TRUE(shown) << to_line(shown.error());
  EXPECT_EQ(shown->identity, wanted.identity);
  EXPECT_EQ(shown->dns_names, wanted.dns_names);
  EXPECT_EQ(shown->ip_addresses, wanted.ip_addresses);
  const auto signed_pem = sign_request(ca, request, kDay, kNow);
  ASSERT_TRUE(signed_pem) << to_line(signed_pem.error());
  EXPECT_TRUE(key_matches(*signed_pem, key).value());
  EXPECT_EQ(verify(*signed_pem, trust())->not_after, kNow + kDay);
}

TEST_P(Authority, RefusesARequestThatWasChanged) {
  const std::string key = generate_key(KeyKind::kEcdsaP256).value();
  std::string request = create_signing_request(key, {.identity = {"shenzhen", "gateway", "gw-2"}}).value();
  const size_t middle = request.size() / 2;
  request[middle] = request[middle] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(read_signing_request(request));
  EXPECT_FALSE(sign_request(ca, request, kDay, kNow));
  EXPECT_FALSE(read_signing_request("no request"));
}

TEST_P(Authority, RefusesNamesThatWouldSmuggleInOthers) {
  const auto refused = [&](LeafRequest request) {
    return !issue_leaf(ca, request, KeyKind::kEcdsaP256, kNow).has_value();
  };
  const Identity gateway = {"shenzhen", "gateway", "gw-1"};
  EXPECT_TRUE(refused({.identity = gateway, .dns_names = {"a,URI:spiffe://hetao/hongkong/gateway/x"}}));
  EXPECT_TRUE(refused({.identity = gateway, .dns_names = {"*.example"}}));
  EXPECT_TRUE(refused({.identity = gateway, .dns_names = {""}}));
  EXPECT_TRUE(refused({.identity = gateway, .ip_addresses = {"1.2.3.4,DNS:x"}}));
  EXPECT_TRUE(refused({.identity = gateway, .ip_addresses = {"300.1.1.1"}}));
  EXPECT_TRUE(refused({.identity = {"shenzhen", "gateway", "x,DNS:y"}}));
  EXPECT_TRUE(refused({.identity = {"shenzhen", "root", "x"}}));
  EXPECT_TRUE(refused({.identity = gateway, .lifetime = Duration::seconds(0)}));
  EXPECT_TRUE(refused({.identity = gateway, .lifetime = Duration{400 * kDay.micros}}));
}

TEST_P(Authority, RevokesBySerialAndListsReadBack) {
  const auto leaf = issue_leaf(ca, {.identity = {"shenzhen", "gateway", "gw-1"}}, KeyKind::kEcdsaP256, kNow);
  const std::string serial = certificate_status(leaf->certificate_pem, kNow)->front().serial;
  const std::vector<Revocation> revoked = {{serial, kNow, RevocationReason::kKeyCompromise},
                                           {"0a", kNow - kDay, RevocationReason::kUnspecified}};
  const auto verdict = verify(leaf->certificate_pem, trust(revoked));
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().reason, Reason::kRevoked);
  const auto contents = read_crl(create_crl(ca, revoked, 17, kNow).value());
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->number, 17U);
  ASSERT_EQ(contents->revoked.size(), 2U);
  const auto& first = contents->revoked[0].serial == serial ? contents->revoked[0] : contents->revoked[1];
  EXPECT_EQ(first.serial, serial);
  EXPECT_EQ(first.at, kNow);
  EXPECT_EQ(first.reason, RevocationReason::kKeyCompromise);
  EXPECT_FALSE(create_crl(ca, std::vector<Revocation>{{"xyz", kNow}}, 1, kNow));
  EXPECT_FALSE(create_crl(ca, std::vector<Revocation>{{"", kNow}}, 1, kNow));
}

TEST_P(Authority, RenewsWithTheSameNamesAndLife) {
  const LeafRequest wanted = {.identity = {"shenzhen", "server", "api"},
                              .dns_names = {"api.example"},
                              .ip_addresses = {"127.0.0.1"},
                              .lifetime = Duration{30 * kDay.micros}};
  const auto before = issue_leaf(ca, wanted, KeyKind::kEcdsaP256, kNow);
  const auto renewal = renewal_of(before->certificate_pem);
  ASSERT_TRUE(renewal) << to_line(renewal.error());
  EXPECT_EQ(renewal->identity, wanted.identity);
  EXPECT_EQ(renewal->dns_names, wanted.dns_names);
  EXPECT_EQ(renewal->ip_addresses, wanted.ip_addresses);
  const auto after = issue_leaf(ca, *renewal, KeyKind::kEcdsaP256, kNow + kDay);
  ASSERT_TRUE(after);
  const auto old_status = certificate_status(before->certificate_pem, kNow)->front();
  const auto new_status = certificate_status(after->certificate_pem, kNow)->front();
  EXPECT_NE(old_status.serial, new_status.serial);
  EXPECT_GT(new_status.not_after, old_status.not_after);
  EXPECT_FALSE(renewal_of(ca.certificate_pem));
}

TEST_P(Authority, ALeafNeverOutlivesItsCa) {
  const auto young = create_region_ca({.region = "shenzhen", .lifetime = kDay}, kNow).value();
  const auto leaf =
      issue_leaf(young, {.identity = {"shenzhen", "gateway", "gw-1"}}, KeyKind::kEcdsaP256, kNow);
  ASSERT_TRUE(leaf);
  EXPECT_EQ(certificate_status(leaf->certificate_pem, kNow)->front().not_after, kNow + kDay);
  EXPECT_FALSE(
      issue_leaf(young, {.identity = {"shenzhen", "gateway", "gw-1"}}, KeyKind::kEcdsaP256, kNow + kDay));
}

TEST_P(Authority, KeepsHttpsNamesBelowTheSubtreesThatTheCaMaySign) {
  const auto bound =
      create_region_ca({.region = "shenzhen", .dns_subtrees = {"shenzhen.example"}}, kNow).value();
  const auto roots = https_roots(bound.certificate_pem).value();
  const auto serves = [&](const std::string& name) {
    const auto leaf = issue_leaf(bound, {.identity = {"shenzhen", "server", "api"}, .dns_names = {name}},
                                 KeyKind::kEcdsaP256, kNow);
    return verify_https_server(chain_from_pem(leaf->certificate_pem).value(), roots, name, kNow).has_value();
  };
  EXPECT_TRUE(serves("api.shenzhen.example"));
  EXPECT_FALSE(serves("bank.example"));
}

TEST_P(Authority, RefusesFilesThatDoNotBelongTogether) {
  const auto other = create_region_ca({.region = "shenzhen"}, kNow).value();
  const LeafRequest request = {.identity = {"shenzhen", "gateway", "gw-1"}};
  EXPECT_FALSE(issue_leaf({ca.certificate_pem, other.key_pem}, request, KeyKind::kEcdsaP256, kNow));
  EXPECT_FALSE(issue_leaf({ca.certificate_pem, ""}, request, KeyKind::kEcdsaP256, kNow));
  EXPECT_FALSE(issue_leaf({"", ca.key_pem}, request, KeyKind::kEcdsaP256, kNow));
  const auto leaf = issue_leaf(ca, request, KeyKind::kEcdsaP256, kNow);
  EXPECT_FALSE(issue_leaf(*leaf, request, KeyKind::kEcdsaP256, kNow));
  EXPECT_FALSE(create_region_ca({.region = "Shenzhen"}, kNow));
  EXPECT_FALSE(create_region_ca({.region = "shenzhen", .lifetime = Duration::seconds(-1)}, kNow));
}

}  // namespace
}  // namespace hetao::certs
