#include <gtest/gtest.h>

#include "certs/authority.h"
#include "certs/verify.h"
#include "tests/unit/certs/forge.h"

namespace hetao::certs {
namespace {

using forge::kDay;
using forge::kNow;

class BadCertificate : public testing::TestWithParam<forge::CaKind> {};

TEST_P(BadCertificate, IsRefusedWithItsReasonInBothRoles) {
  const forge::World world = forge::world(GetParam());
  for (const auto& bad : forge::bad_cases()) {
    const Chain chain = forge::der_of(bad.make(world));
    for (const Usage usage : {Usage::kTunnelServer, Usage::kTunnelClient}) {
      const auto verdict = verify_chain(chain, world.trust, kNow, {usage});
      ASSERT_FALSE(verdict.has_value()) << bad.name;
      EXPECT_STREQ(to_word(verdict.error().reason), to_word(bad.reason))
          << bad.name << ": " << to_line(verdict.error().error);
      EXPECT_EQ(verdict.error().error.code, ErrorCode::kNotAllowed);
      EXPECT_FALSE(verdict.error().error.hint.empty()) << bad.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OfEveryCaKey, BadCertificate,
                         testing::Values(forge::CaKind::kEcdsaP256, forge::CaKind::kEd25519,
                                         forge::CaKind::kRsa2048));

Reason reason_of(const Chain& chain, const TrustStore& trust, Instant now = kNow) {
  const auto verdict = verify_chain(chain, trust, now, {Usage::kTunnelClient});
  EXPECT_FALSE(verdict.has_value());
  return verdict ? Reason::kMalformed : verdict.error().reason;
}

TEST(GoodCertificate, IsAcceptedAndItsFactsAreTold) {
  const forge::World world = forge::world();
  const auto issued =
      issue_leaf(world.shenzhen.ca, {.identity = {"shenzhen", "gateway", "gw-1"}}, KeyKind::kEcdsaP256, kNow);
  ASSERT_TRUE(issued) << to_line(issued.error());
  const Chain chain = chain_from_pem(issued->certificate_pem).value();
  const auto facts = verify_chain(chain, world.trust, kNow, {Usage::kTunnelServer, "shenzhen", "gw-1"});
  ASSERT_TRUE(facts) << to_line(facts.error().error);
  EXPECT_EQ(to_uri(facts->identity), "spiffe://hetao/shenzhen/gateway/gw-1");
  EXPECT_EQ(facts->not_after, kNow + Duration::seconds(90 * 86'400));
  EXPECT_EQ(facts->serial.size(), 32U);
  EXPECT_FALSE(facts->fingerprint.is_zero());
  EXPECT_FALSE(facts->key_digest.is_zero());
}

TEST(GoodCertificate, IsAcceptedToItsLastSecondAndFromItsFirst) {
  const forge::World world = forge::world();
  const Chain chain = forge::der_of(forge::good_gateway(world));
  const Instant first = kNow - kDay;
  const auto accepted = [&](Instant at) {
    return verify_chain(chain, world.trust, at, {Usage::kTunnelClient}).has_value();
  };
  EXPECT_TRUE(accepted(first));
  EXPECT_TRUE(accepted(Instant{kNow.micros + 29 * kDay.micros}));
  EXPECT_FALSE(accepted(first - Duration::seconds(1)));
}

TEST(GoodCertificate, OfAnotherRegionOrNameThanExpectedIsRefused) {
  const forge::World world = forge::world();
  const Chain chain = forge::der_of(forge::good_gateway(world, "hongkong"));
  const auto region = verify_chain(chain, world.trust, kNow, {Usage::kTunnelServer, "shenzhen", {}});
  const auto name = verify_chain(chain, world.trust, kNow, {Usage::kTunnelServer, "hongkong", "gw-2"});
  ASSERT_FALSE(region);
  ASSERT_FALSE(name);
  EXPECT_EQ(region.error().reason, Reason::kWrongPeer);
  EXPECT_EQ(name.error().reason, Reason::kWrongPeer);
}

TEST(GoodCertificate, OfAClientServesTheApiButNoTunnel) {
  const forge::World world = forge::world();
  const auto issued =
      issue_leaf(world.shenzhen.ca, {.identity = {"shenzhen", "client", "alice"}}, KeyKind::kEd25519, kNow);
  ASSERT_TRUE(issued);
  const Chain chain = chain_from_pem(issued->certificate_pem).value();
  EXPECT_TRUE(verify_chain(chain, world.trust, kNow, {Usage::kApiClient}));
  EXPECT_EQ(reason_of(chain, world.trust), Reason::kWrongRole);
  const auto as_server = verify_chain(chain, world.trust, kNow, {Usage::kTunnelServer});
  ASSERT_FALSE(as_server);
  EXPECT_EQ(as_server.error().reason, Reason::kExtendedKeyUsage);
}

TEST(Chain, ThatIsEmptyOrNotDerIsRefused) {
  const forge::World world = forge::world();
  EXPECT_EQ(reason_of({}, world.trust), Reason::kNoCertificate);
  EXPECT_EQ(reason_of({Bytes{}}, world.trust), Reason::kMalformed);
  EXPECT_EQ(reason_of({Bytes{0x30, 0x00}}, world.trust), Reason::kMalformed);
  Chain chain = forge::der_of(forge::good_gateway(world));
  chain[0].push_back(0);
  EXPECT_EQ(reason_of(chain, world.trust), Reason::kMalformed);
  EXPECT_EQ(reason_of({Bytes(20'000, 0x30)}, world.trust), Reason::kMalformed);
}

TEST(Chain, CutAnywhereOrWithAnyByteChangedIsNeverAccepted) {
  const forge::World world = forge::world(forge::CaKind::kEd25519);
  const Chain good = forge::der_of(forge::good_gateway(world));
  for (size_t i = 0; i < good[0].size(); ++i) {
    Chain cut = {Bytes(good[0].begin(), good[0].begin() + static_cast<ptrdiff_t>(i))};
    EXPECT_FALSE(verify_chain(cut, world.trust, kNow, {Usage::kTunnelClient})) << i;
    Chain changed = good;
    changed[0][i] ^= 0x01U;
    EXPECT_FALSE(verify_chain(changed, world.trust, kNow, {Usage::kTunnelClient})) << i;
  }
}

TEST(Chain, OverAnIntermediateIsAcceptedIfItsCaAllowsItAndBothListsAreThere) {
  const PkeyPtr root_key = forge::ec_key("P-256");
  const X509Ptr root = forge::make(forge::ca_spec("shenzhen", ",pathlen:1"), root_key.get(), {});
  const PkeyPtr middle_key = forge::ec_key("P-256");
  forge::Spec middle_spec = forge::ca_spec("shenzhen");
  middle_spec.common_name = "issuing CA";
  middle_spec.serial_decimal = "2";
  const X509Ptr middle = forge::make(middle_spec, middle_key.get(), {root.get(), root_key.get()});
  const PkeyPtr key = forge::ec_key("P-256");
  const X509Ptr leaf =
      forge::make(forge::gateway_spec("shenzhen"), key.get(), {middle.get(), middle_key.get()});
  const Chain chain = {to_der(leaf.get()), to_der(middle.get())};
  const CertificateAndKey root_ca = {forge::pem_of(root.get()), forge::pem_of(root_key.get())};
  const CertificateAndKey middle_ca = {forge::pem_of(middle.get()), forge::pem_of(middle_key.get())};

  TrustStore trust;
  ASSERT_TRUE(trust.pin_ca("shenzhen", root_ca.certificate_pem));
  ASSERT_TRUE(trust.add_crl("shenzhen", create_crl(root_ca, {}, 1, kNow).value()));
  EXPECT_EQ(reason_of(chain, trust), Reason::kCrlMissing);
  ASSERT_TRUE(trust.add_crl("shenzhen", create_crl(middle_ca, {}, 1, kNow).value()));
  EXPECT_TRUE(verify_chain(chain, trust, kNow, {Usage::kTunnelClient}));
  EXPECT_EQ(reason_of({chain[0]}, trust), Reason::kUnknownCa);

  const std::vector<Revocation> revoked = {{"02", kNow, RevocationReason::kKeyCompromise}};
  ASSERT_TRUE(trust.add_crl("shenzhen", create_crl(root_ca, revoked, 2, kNow + kDay).value()));
  EXPECT_EQ(reason_of(chain, trust, kNow + kDay), Reason::kRevoked);
}

TEST(Chain, WhoseCaExpiredIsRefused) {
  forge::Spec spec = forge::ca_spec("shenzhen");
  spec.until = kNow - Duration::seconds(1);
  const PkeyPtr ca_key = forge::ec_key("P-256");
  const X509Ptr ca = forge::make(spec, ca_key.get(), {});
  TrustStore trust;
  ASSERT_TRUE(trust.pin_ca("shenzhen", forge::pem_of(ca.get())));
  const PkeyPtr key = forge::ec_key("P-256");
  const X509Ptr leaf = forge::make(forge::gateway_spec("shenzhen"), key.get(), {ca.get(), ca_key.get()});
  EXPECT_EQ(reason_of({to_der(leaf.get())}, trust), Reason::kIssuerExpired);
}

TEST(Chain, SignedWithAnOldHashIsRefused) {
  const forge::World world = forge::world();
  for (const EVP_MD* hash : {EVP_sha1(), EVP_md5(), EVP_sha224()}) {
    forge::Spec spec = forge::gateway_spec("shenzhen");
    spec.hash = hash;
    const PkeyPtr rsa = forge::rsa_key(2048);
    const X509Ptr leaf = forge::make(spec, rsa.get(), {world.shenzhen.certificate.get(), rsa.get()});
    EXPECT_EQ(reason_of({to_der(leaf.get())}, world.trust), Reason::kWeakSignature);
  }
}

TEST(Chain, OutsideTheNamesItsCaMaySignIsRefused) {
  forge::Spec spec = forge::ca_spec("shenzhen");
  forge::replace_extension(spec, NID_name_constraints, "critical,permitted;URI:elsewhere");
  const PkeyPtr ca_key = forge::ec_key("P-256");
  const X509Ptr ca = forge::make(spec, ca_key.get(), {});
  TrustStore trust;
  ASSERT_TRUE(trust.pin_ca("shenzhen", forge::pem_of(ca.get())));
  const PkeyPtr key = forge::ec_key("P-256");
  const X509Ptr leaf = forge::make(forge::gateway_spec("shenzhen"), key.get(), {ca.get(), ca_key.get()});
  EXPECT_EQ(reason_of({to_der(leaf.get())}, trust), Reason::kNameConstraints);
}

class Revoking : public testing::Test {
 protected:
  const forge::World world_ = forge::world();
  const Chain chain_ = forge::der_of(forge::good_gateway(world_));

  TrustStore trust_with(const std::vector<std::string>& lists) {
    TrustStore trust;
    EXPECT_TRUE(trust.pin_ca("shenzhen", world_.shenzhen.ca.certificate_pem));
    for (const auto& list : lists) EXPECT_TRUE(trust.add_crl("shenzhen", list));
    return trust;
  }
  std::string list(std::vector<Revocation> revoked, uint64_t number, Instant from) {
    return create_crl(world_.shenzhen.ca, revoked, number, from, Duration{7 * kDay.micros}).value();
  }
};

TEST_F(Revoking, AListedSerialIsRefused) {
  EXPECT_EQ(reason_of(chain_, trust_with({list({{"1267", kNow}}, 2, kNow)})), Reason::kRevoked);  // 4711
  EXPECT_TRUE(
      verify_chain(chain_, trust_with({list({{"1268", kNow}}, 2, kNow)}), kNow, {Usage::kTunnelClient}));
}

TEST_F(Revoking, TheNewestListCounts) {
  const std::string before = list({}, 1, kNow - kDay);
  const std::string after = list({{"1267", kNow}}, 2, kNow);
  EXPECT_EQ(reason_of(chain_, trust_with({before, after})), Reason::kRevoked);
  EXPECT_EQ(reason_of(chain_, trust_with({after, before})), Reason::kRevoked);
}

TEST_F(Revoking, WithoutAListInForceEverythingIsRefused) {
  EXPECT_EQ(reason_of(chain_, trust_with({})), Reason::kCrlMissing);
  EXPECT_EQ(reason_of(chain_, trust_with({list({}, 1, kNow - Duration{8 * kDay.micros})})),
            Reason::kCrlExpired);
  EXPECT_EQ(reason_of(chain_, trust_with({list({}, 1, kNow + Duration::seconds(1))})),
            Reason::kCrlNotYetValid);
}

TEST_F(Revoking, AListOfAnotherSignerIsNotTaken) {
  TrustStore trust = trust_with({});
  const forge::Region impostor = forge::region("shenzhen");  // the same name, another key
  const auto foreign = trust.add_crl("shenzhen", create_crl(impostor.ca, {}, 9, kNow).value());
  ASSERT_FALSE(foreign);
  EXPECT_NE(foreign.error().why.find("did not sign"), std::string::npos);
  ASSERT_TRUE(trust.pin_ca("hongkong", world_.hongkong.ca.certificate_pem));
  EXPECT_FALSE(trust.add_crl("shenzhen", world_.hongkong.crl_pem));
  EXPECT_FALSE(trust.add_crl("macau", world_.hongkong.crl_pem));
}

TEST(SharedKey, OfTwoIdentitiesIsRefused) {
  const forge::World world = forge::world();
  const PkeyPtr key = forge::ec_key("P-256");
  const auto facts_of = [&](std::string_view name) {
    const X509Ptr leaf =
        forge::make(forge::gateway_spec("shenzhen", name), key.get(), world.shenzhen.issuer());
    return verify_chain({to_der(leaf.get())}, world.trust, kNow, {Usage::kTunnelClient}).value();
  };
  const std::vector<PeerFacts> known = {facts_of("gw-1")};
  EXPECT_TRUE(refuse_shared_key(facts_of("gw-1"), known));
  const auto verdict = refuse_shared_key(facts_of("gw-2"), known);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().reason, Reason::kSharedKey);
}

TEST(HttpsServer, IsAcceptedByNameAndAddressAlone) {
  const forge::World world = forge::world();
  const auto issued = issue_leaf(world.shenzhen.ca,
                                 {.identity = {"shenzhen", "server", "api"},
                                  .dns_names = {"api.shenzhen.example", "localhost"},
                                  .ip_addresses = {"127.0.0.1", "::1"}},
                                 KeyKind::kEcdsaP256, kNow);
  ASSERT_TRUE(issued) << to_line(issued.error());
  const Chain chain = chain_from_pem(issued->certificate_pem).value();
  const auto roots = https_roots(world.shenzhen.ca.certificate_pem).value();
  for (const char* host : {"localhost", "api.shenzhen.example", "API.shenzhen.example", "127.0.0.1", "::1"}) {
    EXPECT_TRUE(verify_https_server(chain, roots, host, kNow)) << host;
  }
  for (const char* host :
       {"", "api", "x.localhost", ".shenzhen.example", "127.0.0.2", "*.shenzhen.example"}) {
    const auto verdict = verify_https_server(chain, roots, host, kNow);
    ASSERT_FALSE(verdict) << host;
    EXPECT_EQ(verdict.error().reason, Reason::kWrongHost) << host;
  }
  const auto others = https_roots(world.hongkong.ca.certificate_pem).value();
  EXPECT_FALSE(verify_https_server(chain, others, "localhost", kNow));
}

TEST(TrustStore, RefusesWhatIsNoCaOrAnotherRegions) {
  const forge::World world = forge::world();
  const forge::Presented leaf = forge::good_gateway(world);
  TrustStore trust;
  EXPECT_FALSE(trust.pin_ca("shenzhen", forge::pem_of(leaf.chain[0].get())));
  EXPECT_FALSE(trust.pin_ca("shenzhen", world.hongkong.ca.certificate_pem));
  EXPECT_FALSE(trust.pin_ca("Shenzhen", world.shenzhen.ca.certificate_pem));
  EXPECT_FALSE(trust.pin_ca("shenzhen", "no certificate"));
  EXPECT_FALSE(trust.pin_ca("shenzhen", ""));
  EXPECT_TRUE(trust.regions().empty());
  ASSERT_TRUE(trust.pin_ca("shenzhen", world.shenzhen.ca.certificate_pem));
  EXPECT_EQ(trust.regions(), std::vector<std::string>{"shenzhen"});
}

TEST(TrustStore, RefusesOneKeyForTwoRegions) {
  const PkeyPtr key = forge::ec_key("P-256");
  forge::Spec spec = forge::ca_spec("shenzhen");
  spec.uris.clear();  // a CA of somebody's own, which names no region
  const std::string pem = forge::pem_of(forge::make(spec, key.get(), {}).get());
  TrustStore trust;
  ASSERT_TRUE(trust.pin_ca("shenzhen", pem));
  EXPECT_FALSE(trust.pin_ca("hongkong", pem));
}

TEST(TrustStore, TakesTheOldAndTheNewCaOfARegionSideBySide) {
  const forge::Region before = forge::region("shenzhen");
  const forge::Region after = forge::region("shenzhen");
  TrustStore trust;
  ASSERT_TRUE(trust.pin_ca("shenzhen", before.ca.certificate_pem + after.ca.certificate_pem));
  ASSERT_TRUE(trust.add_crl("shenzhen", before.crl_pem + after.crl_pem));
  for (const forge::Region* one : {&before, &after}) {
    const auto leaf =
        issue_leaf(one->ca, {.identity = {"shenzhen", "gateway", "gw-1"}}, KeyKind::kEcdsaP256, kNow);
    const auto facts =
        verify_chain(chain_from_pem(leaf->certificate_pem).value(), trust, kNow, {Usage::kTunnelClient});
    EXPECT_TRUE(facts) << to_line(facts.error().error);
  }
}

}  // namespace
}  // namespace hetao::certs
