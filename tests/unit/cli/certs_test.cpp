#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "certs/authority.h"
#include "certs/jwt.h"
#include "certs/status.h"
#include "certs/verify.h"
#include "tests/unit/cli/program.h"

namespace hetao::cli {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

Instant now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

bool is_private(const std::string& path) {
  return (fs::status(path).permissions() & (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none;
}

std::string reason_of(const Program& hetao, const std::string& certificate) {
  certs::TrustStore trust;
  EXPECT_TRUE(trust.pin_ca("shenzhen", hetao.read("ca/ca.crt")));
  EXPECT_TRUE(trust.add_crl("shenzhen", hetao.read("ca/crl.pem")));
  const auto chain = certs::chain_from_pem(hetao.read(certificate));
  EXPECT_TRUE(chain);
  certs::Expectation expected;
  const auto facts = certs::verify_chain(*chain, trust, now(), expected);
  return facts ? "good" : certs::to_word(facts.error().reason);
}

Said init(const Program& hetao) {
  return hetao.run({"certs", "init", "--region", "shenzhen", "--dir", "ca"});
}
Said issue(const Program& hetao) {
  return hetao.run(
      {"certs", "issue", "--dir", "ca", "--name", "gw-1", "--dns", "localhost", "--ip", "127.0.0.1"});
}

TEST(Certs, ARegionMakesItsCaIssuesRevokesAndRotates) {
  const Program hetao;
  ASSERT_EQ(init(hetao).code, 0);
  EXPECT_TRUE(is_private(hetao.path("ca/ca.key")));
  const Said issued = issue(hetao);
  ASSERT_EQ(issued.code, 0) << issued.err;
  EXPECT_THAT(issued.out, HasSubstr("spiffe://hetao/shenzhen/gateway/gw-1"));
  EXPECT_TRUE(is_private(hetao.path("ca/gw-1.key")));
  EXPECT_EQ(reason_of(hetao, "ca/gw-1.crt"), "good");
  const std::string old = hetao.read("ca/gw-1.crt");
  ASSERT_EQ(hetao.run({"certs", "revoke", "--dir", "ca", "ca/gw-1.crt", "--reason", "superseded"}).code, 0);
  EXPECT_EQ(reason_of(hetao, "ca/gw-1.crt"), "revoked");
  const Said rotated = hetao.run({"certs", "rotate", "--dir", "ca", "ca/gw-1.crt"});
  ASSERT_EQ(rotated.code, 0) << rotated.err;
  EXPECT_NE(hetao.read("ca/gw-1.crt"), old);
  EXPECT_EQ(reason_of(hetao, "ca/gw-1.crt"), "good");
  EXPECT_TRUE(is_private(hetao.path("ca/gw-1.key")));
}

TEST(Certs, NothingIsOverwrittenUnasked) {
  const Program hetao;
  ASSERT_EQ(init(hetao).code, 0);
  ASSERT_EQ(issue(hetao).code, 0);
  const std::string ca = hetao.read("ca/ca.key");
  EXPECT_NE(init(hetao).code, 0);
  EXPECT_NE(issue(hetao).code, 0);
  EXPECT_EQ(hetao.read("ca/ca.key"), ca);
}

TEST(Certs, ARequestIsSignedForItsOwnRegionOnly) {
  const Program hetao;
  ASSERT_EQ(init(hetao).code, 0);
  const auto key = certs::generate_key(certs::KeyKind::kEcdsaP256);
  for (const char* region : {"shenzhen", "hongkong"}) {
    certs::LeafRequest request;
    request.identity = {region, "gateway", "gw-2"};
    hetao.write(std::string(region) + ".csr", *certs::create_signing_request(*key, request));
  }
  const Said own = hetao.run({"certs", "sign", "--dir", "ca", "shenzhen.csr"});
  ASSERT_EQ(own.code, 0) << own.err;
  EXPECT_EQ(reason_of(hetao, "shenzhen.csr.crt"), "good");
  EXPECT_NE(hetao.run({"certs", "sign", "--dir", "ca", "hongkong.csr"}).code, 0);
  hetao.write("junk.csr", "junk");
  EXPECT_NE(hetao.run({"certs", "sign", "--dir", "ca", "junk.csr"}).code, 0);
}

TEST(Certs, StatusTellsDaysLeft) {
  const Program hetao;
  ASSERT_EQ(init(hetao).code, 0);
  ASSERT_EQ(issue(hetao).code, 0);
  const Said said = hetao.run({"certs", "status", "ca/ca.crt", "ca/gw-1.crt", "ca/crl.pem", "--json"});
  EXPECT_EQ(said.code, 0) << said.err;
  const json::object status = object_of(said.out);
  ASSERT_EQ(status.at("certificates").as_array().size(), 3U);
  EXPECT_EQ(status.at("certificates").at(1).at("urgency"), "ok");
}

TEST(Certs, RotationKeepsTheOldPairBesideTheNew) {
  const Program hetao;
  ASSERT_EQ(init(hetao).code, 0);
  ASSERT_EQ(issue(hetao).code, 0);
  const std::string old_key = hetao.read("ca/gw-1.key");
  const std::string old = hetao.read("ca/gw-1.crt");
  const Said rotated = hetao.run({"certs", "rotate", "--dir", "ca", "ca/gw-1.crt"});
  ASSERT_EQ(rotated.code, 0) << rotated.err;
  EXPECT_EQ(hetao.read("ca/gw-1.old.crt"), old);
  EXPECT_EQ(hetao.read("ca/gw-1.old.key"), old_key);
  EXPECT_TRUE(is_private(hetao.path("ca/gw-1.old.key")));
  EXPECT_EQ(reason_of(hetao, "ca/gw-1.old.crt"), "good");  // both hold, until the old one is revoked
  ASSERT_EQ(hetao.run({"certs", "revoke", "--dir", "ca", "ca/gw-1.old.crt"}).code, 0);
  EXPECT_EQ(reason_of(hetao, "ca/gw-1.old.crt"), "revoked");
  EXPECT_EQ(reason_of(hetao, "ca/gw-1.crt"), "good");
  EXPECT_EQ(*certs::key_matches(hetao.read("ca/gw-1.crt"), hetao.read("ca/gw-1.key")), true);
}

TEST(Certs, AKeyNeverLeavesItsHolderWhereTheCaStandsElsewhere) {
  const Program hetao;
  ASSERT_EQ(init(hetao).code, 0);
  const Said asked = hetao.run({"certs", "request", "--region", "shenzhen", "--name", "gw-1", "-o", "gw-1"});
  ASSERT_EQ(asked.code, 0) << asked.err;
  EXPECT_TRUE(is_private(hetao.path("gw-1.key")));
  ASSERT_EQ(hetao.run({"certs", "sign", "--dir", "ca", "gw-1.csr", "-o", "gw-1.crt"}).code, 0);
  EXPECT_EQ(reason_of(hetao, "gw-1.crt"), "good");
  const std::string first = hetao.read("gw-1.crt");
  // Its rotation, in three steps; until the last the first pair is untouched.
  ASSERT_EQ(hetao.run({"certs", "rotate", "gw-1.crt", "--request"}).code, 0);
  EXPECT_EQ(hetao.read("gw-1.crt"), first);
  ASSERT_EQ(hetao.run({"certs", "sign", "--dir", "ca", "gw-1.next.csr", "-o", "signed.crt"}).code, 0);
  EXPECT_NE(hetao.run({"certs", "rotate", "gw-1.crt", "--with", "gw-1.crt"}).code, 0);  // of another key
  EXPECT_EQ(hetao.read("gw-1.crt"), first);
  const Said placed = hetao.run({"certs", "rotate", "gw-1.crt", "--with", "signed.crt"});
  ASSERT_EQ(placed.code, 0) << placed.err;
  EXPECT_EQ(hetao.read("gw-1.crt"), hetao.read("signed.crt"));
  EXPECT_EQ(*certs::key_matches(hetao.read("gw-1.crt"), hetao.read("gw-1.key")), true);
  EXPECT_EQ(hetao.read("gw-1.old.crt"), first);
}

TEST(Certs, ARootStaysOfflineAndPeersPinItAlone) {
  const Program hetao;
  ASSERT_EQ(hetao.run({"certs", "init", "--region", "shenzhen", "--dir", "root", "--root"}).code, 0);
  const Said below = hetao.run({"certs", "init", "--region", "shenzhen", "--dir", "ca", "--below", "root"});
  ASSERT_EQ(below.code, 0) << below.err;
  EXPECT_NE(hetao.run({"certs", "issue", "--dir", "root", "--name", "gw-1"}).code, 0);
  EXPECT_NE(hetao.run({"certs", "init", "--region", "hongkong", "--dir", "x", "--below", "root"}).code, 0);
  EXPECT_NE(hetao.run({"certs", "init", "--region", "shenzhen", "--dir", "y", "--below", "ca"}).code, 0);
  fs::remove(hetao.path("root/ca.key"));  // in its safe
  ASSERT_EQ(issue(hetao).code, 0);
  const auto verdict = [&] {
    certs::TrustStore trust;
    EXPECT_TRUE(trust.pin_ca("shenzhen", hetao.read("ca/root.crt")));
    EXPECT_TRUE(trust.add_crl("shenzhen", hetao.read("ca/crl.pem")));
    const auto chain = certs::chain_from_pem(hetao.read("ca/gw-1.crt"));
    const auto facts = certs::verify_chain(*chain, trust, now(), certs::Expectation{});
    return std::string(facts ? "good" : certs::to_word(facts.error().reason));
  };
  EXPECT_EQ(verdict(), "good");
  ASSERT_EQ(hetao.run({"certs", "revoke", "--dir", "ca", "ca/gw-1.crt"}).code, 0);
  EXPECT_EQ(verdict(), "revoked");
}

TEST(Certs, AListIsRenewedWithoutRevokingAnything) {
  const Program hetao;
  ASSERT_EQ(init(hetao).code, 0);
  const auto first = certs::read_crl(hetao.read("ca/crl.pem"));
  ASSERT_EQ(hetao.run({"certs", "revoke", "--dir", "ca", "--list-days", "7"}).code, 0);
  const auto second = certs::read_crl(hetao.read("ca/crl.pem"));
  EXPECT_EQ(second->number, first->number + 1);
  EXPECT_TRUE(second->revoked.empty());
}

TEST(Certs, ACertificateOfAnotherCaIsNotRevokedHere) {
  const Program hetao;
  ASSERT_EQ(init(hetao).code, 0);
  ASSERT_EQ(hetao.run({"certs", "init", "--region", "hongkong", "--dir", "other"}).code, 0);
  ASSERT_EQ(hetao.run({"certs", "issue", "--dir", "other", "--name", "gw-1"}).code, 0);
  const std::string list = hetao.read("ca/crl.pem");
  const Said said = hetao.run({"certs", "revoke", "--dir", "ca", "other/gw-1.crt"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("other/gw-1.crt: this CA did not issue it"));
  const Said missing = hetao.run({"certs", "revoke", "--dir", "ca", "ca/gw-2.crt"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("ca/gw-2.crt: is neither a certificate file nor a serial number"));
  EXPECT_EQ(hetao.read("ca/crl.pem"), list);
}

TEST(Certs, StatusSaysWhatTheListBesideRevokes) {
  const Program hetao;
  ASSERT_EQ(init(hetao).code, 0);
  ASSERT_EQ(issue(hetao).code, 0);
  const Said before = hetao.run({"certs", "status", "ca/gw-1.crt", "--json"});
  EXPECT_EQ(before.code, 0) << before.err;
  const std::string serial(object_of(before.out).at("certificates").at(0).at("serial").as_string());
  ASSERT_EQ(hetao.run({"certs", "revoke", "--dir", "ca", serial}).code, 0);
  for (const char* what : {"ca", "ca/gw-1.crt"}) {
    const Said after = hetao.run({"certs", "status", what});
    EXPECT_EQ(after.code, 1) << what;
    EXPECT_THAT(after.out, HasSubstr("revoked")) << what;
  }
  EXPECT_EQ(hetao.run({"certs", "status", "ca/gw-1.crt", "--soon", "1"}).code, 1);
  ASSERT_EQ(hetao.run({"certs", "rotate", "--dir", "ca", "ca/gw-1.crt"}).code, 0);
  EXPECT_EQ(hetao.run({"certs", "status", "ca/gw-1.crt"}).code, 0);
}

TEST(Certs, StatusEndsWithOneWhenSomethingNeedsAHand) {
  const Program hetao;
  ASSERT_EQ(init(hetao).code, 0);
  ASSERT_EQ(issue(hetao).code, 0);
  EXPECT_EQ(hetao.run({"certs", "status", "ca"}).code, 0);
  EXPECT_EQ(hetao.run({"certs", "status", "ca", "--soon", "30"}).code, 1);  // the list has 29 days
  hetao.write("bad.crt", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n");
  EXPECT_EQ(hetao.run({"certs", "status", "bad.crt"}).code, 2);
}

TEST(Token, WhatIsIssuedVerifiesAgainstItsKeySet) {
  const Program hetao;
  ASSERT_EQ(hetao.run({"token", "key", "-o", "issuer.key"}).code, 0);
  EXPECT_TRUE(is_private(hetao.path("issuer.key")));
  const Said issued =
      hetao.run({"token", "issue", "--key", "issuer.key", "--issuer", "https://id.test", "--audience",
                 "hetao", "--user", "alice", "--tenant", "hku", "--role", "submitter", "--role", "reviewer"});
  ASSERT_EQ(issued.code, 0) << issued.err;
  const Said keys = hetao.run({"token", "jwks", "--key", "issuer.key"});
  ASSERT_EQ(keys.code, 0) << keys.err;
  const auto jwks = certs::Jwks::parse(keys.out);
  ASSERT_TRUE(jwks) << to_line(jwks.error());
  const std::string token = issued.out.substr(0, issued.out.find('\n'));
  const auto claims =
      certs::verify_jwt(token, *jwks, {"https://id.test", "hetao", Duration::seconds(60)}, now());
  ASSERT_TRUE(claims) << to_line(claims.error().error);
  EXPECT_EQ(claims->subject, "alice");
  EXPECT_EQ(claims->all.at("roles"), (json::array{"submitter", "reviewer"}));
}

}  // namespace
}  // namespace hetao::cli
