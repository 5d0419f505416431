#include "certs/status.h"

#include <gtest/gtest.h>

#include "certs/authority.h"
#include "tests/unit/certs/forge.h"

namespace hetao::certs {
namespace {

using forge::kDay;
using forge::kNow;

Duration days(int64_t count) {
  return Duration{count * kDay.micros};
}

TEST(CertificateStatus, TellsWhatACertificateIs) {
  const auto ca = create_region_ca({.region = "shenzhen"}, kNow).value();
  const auto leaf = issue_leaf(ca,
                               {.identity = {"shenzhen", "server", "api"},
                                .dns_names = {"localhost"},
                                .ip_addresses = {"127.0.0.1", "::1"}},
                               KeyKind::kEd25519, kNow)
                        .value();
  const auto all = certificate_status(leaf.certificate_pem + ca.certificate_pem, kNow).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].subject, "spiffe://hetao/shenzhen/server/api");
  EXPECT_EQ(all[0].key, "Ed25519");
  EXPECT_FALSE(all[0].is_ca);
  EXPECT_EQ(all[0].dns_names, std::vector<std::string>{"localhost"});
  EXPECT_EQ(all[0].ip_addresses, (std::vector<std::string>{"127.0.0.1", "0:0:0:0:0:0:0:1"}));
  EXPECT_EQ(all[0].days_left, 90);
  EXPECT_TRUE(all[1].is_ca);
  EXPECT_EQ(all[1].key, "ECDSA P-256");
  EXPECT_EQ(all[1].subject, "spiffe://hetao/shenzhen");
  EXPECT_EQ(all[0].issuer, all[1].issuer);
}

TEST(CertificateStatus, GrowsMoreUrgentUntilItExpires) {
  const auto ca = create_region_ca({.region = "shenzhen"}, kNow).value();
  const auto leaf =
      issue_leaf(ca, {.identity = {"shenzhen", "gateway", "gw-1"}}, KeyKind::kEcdsaP256, kNow).value();
  const auto at = [&](const std::string& pem, int64_t day) {
    return certificate_status(pem, kNow + days(day)).value().front();
  };
  EXPECT_EQ(at(leaf.certificate_pem, 0).urgency, Urgency::kOk);
  EXPECT_EQ(at(leaf.certificate_pem, 59).urgency, Urgency::kOk);
  EXPECT_EQ(at(leaf.certificate_pem, 61).urgency, Urgency::kDue);
  EXPECT_EQ(at(leaf.certificate_pem, 84).urgency, Urgency::kUrgent);
  EXPECT_EQ(at(leaf.certificate_pem, 91).urgency, Urgency::kExpired);
  EXPECT_EQ(at(leaf.certificate_pem, 91).days_left, -1);
  EXPECT_EQ(at(leaf.certificate_pem, -1).urgency, Urgency::kNotYetValid);
  EXPECT_TRUE(at(leaf.certificate_pem, 0).advice.empty());
  EXPECT_NE(at(leaf.certificate_pem, 61).advice.find("rotate"), std::string::npos);
  EXPECT_EQ(at(ca.certificate_pem, 3600).urgency, Urgency::kOk);
  EXPECT_EQ(at(ca.certificate_pem, 3625).urgency, Urgency::kDue);
  EXPECT_NE(at(ca.certificate_pem, 3625).advice.find("pin"), std::string::npos);
}

TEST(CrlStatus, TellsNumberSizeAndEnd) {
  const auto ca = create_region_ca({.region = "shenzhen"}, kNow).value();
  const std::vector<Revocation> revoked = {{"01", kNow}, {"02", kNow}};
  const std::string list = create_crl(ca, revoked, 5, kNow).value();
  const auto status = crl_status(list, kNow).value().front();
  EXPECT_EQ(status.number, 5U);
  EXPECT_EQ(status.revoked, 2U);
  EXPECT_EQ(status.days_left, 30);
  EXPECT_EQ(status.urgency, Urgency::kOk);
  EXPECT_EQ(crl_status(list, kNow + days(31)).value().front().urgency, Urgency::kExpired);
}

TEST(Files, ThatAreWrongInTheUsualWaysAreNamed) {
  const auto why = [](std::string_view pem) { return certificate_status(pem, kNow).error().why; };
  EXPECT_NE(why("").find("holds no certificate"), std::string::npos);
  EXPECT_NE(why("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n").find("does not decode"),
            std::string::npos);
  const std::string key = generate_key(KeyKind::kEcdsaP256).value();
  EXPECT_NE(why(key).find("holds no certificate"), std::string::npos);
  EXPECT_NE(why(std::string(2'000'000, 'x')).find("larger than"), std::string::npos);
  const std::string label = "ENCRYPTED PRIVATE KEY-----\n";
  const auto encrypted = public_key_pem("-----BEGIN " + label + "AAAA\n-----END " + label);
  ASSERT_FALSE(encrypted);
  EXPECT_NE(encrypted.error().why.find("encrypted"), std::string::npos);
}

}  // namespace
}  // namespace hetao::certs
