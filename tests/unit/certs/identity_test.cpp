#include "certs/identity.h"

#include <gtest/gtest.h>

namespace hetao::certs {
namespace {

TEST(Identity, HasOneSpellingThatReadsBackTheSame) {
  for (const char* uri : {"spiffe://hetao/shenzhen/gateway/gw-1", "spiffe://hetao/hongkong/client/alice.chan",
                          "spiffe://hetao/region-2/server/a_b", "spiffe://hetao/a/gateway/9"}) {
    const auto identity = parse_identity(uri);
    ASSERT_TRUE(identity) << uri;
    EXPECT_EQ(to_uri(*identity), uri);
  }
}

TEST(Identity, InAnyOtherSpellingIsRefusedWithWhatToDo) {
  for (const char* uri : {"",
                          "spiffe://",
                          "spiffe://hetao",
                          "spiffe://hetao/",
                          "spiffe://hetao/shenzhen",
                          "hetao/shenzhen/gateway/x",
                          "spiffe://hetao/shenzhen/gateway",
                          "spiffe://hetao/shenzhen/gateway/",
                          "spiffe://hetao//gateway/x",
                          "spiffe://hetao/shenzhen/gateway/x/y",
                          "spiffe://hetao/shenzhen/gateway/X",
                          "spiffe://hetao/sz./gateway/x",
                          "spiffe://hetao/-sz/gateway/x",
                          "spiffe://hetao/s--z/gateway/x",
                          "spiffe://hetao/sz/gateway/x..y",
                          "spiffe://hetao/sz/gateway/.",
                          "spiffe://hetao/sz/gateway/a%20b",
                          "spiffe://hetao/sz/admin/x",
                          "spiffe://hetao/s_z/gateway/x",
                          "spiffe://hetao/sz/gateway/x\n",
                          "https://hetao/sz/gateway/x"}) {
    const auto identity = parse_identity(uri);
    ASSERT_FALSE(identity) << uri;
    EXPECT_EQ(identity.error().code, ErrorCode::kUsage);
    EXPECT_FALSE(identity.error().hint.empty());
  }
  EXPECT_TRUE(parse_identity("spiffe://hetao/sz/gateway/" + std::string(63, 'a')));
  EXPECT_FALSE(parse_identity("spiffe://hetao/sz/gateway/" + std::string(64, 'a')));
}

TEST(RegionUri, ReadsBackTheSame) {
  EXPECT_EQ(parse_region_uri(region_uri("shenzhen")).value(), "shenzhen");
  EXPECT_FALSE(parse_region_uri("spiffe://hetao/shenzhen/"));
  EXPECT_FALSE(parse_region_uri("spiffe://hetao/"));
  EXPECT_FALSE(parse_region_uri("shenzhen"));
}

}  // namespace
}  // namespace hetao::certs
