#include "gateway/api/finish.h"

#include <gtest/gtest.h>

#include "gateway/api/rate_limit.h"
#include "gateway/api/tus.h"
#include "gateway/base/access_limits.h"
#include "tests/unit/api/test_gateway.h"

namespace hetao::api {
namespace {

TEST(Coding, IsWhatTheClientTakes) {
  for (const char* yes : {"gzip", "GZIP", "br, gzip;q=0.5", "*", "deflate;q=1, *;q=0.1", "gzip ; q=1"})
    EXPECT_TRUE(accepts_coding(yes, "gzip")) << yes;
  for (const char* no : {"", "identity", "br", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *", "xgzip"})
    EXPECT_FALSE(accepts_coding(no, "gzip")) << no;
}

TEST(Etags, AreComparedWeakly) {
  EXPECT_TRUE(names_etag("W/\"a\"", "\"a\""));
  EXPECT_TRUE(names_etag("\"b\", W/\"a\"", "W/\"a\""));
  EXPECT_TRUE(names_etag("*", "\"a\""));
  EXPECT_FALSE(names_etag("\"b\"", "\"a\""));
  EXPECT_FALSE(names_etag("", "\"a\""));
  EXPECT_FALSE(names_etag("", ""));
}

TEST(Answers, AreNotSentTwiceAndAreSmallOnTheWay) {
  TestGateway gateway;
  for (int i = 0; i < 30; ++i) gateway.submit(kLeastTask);
  const Asked plain{"GET", "/api/v1/jobs", gateway.submitter()};
  const auto whole = gateway.ask(plain);
  ASSERT_EQ(whole.status, 200);
  EXPECT_FALSE(whole.headers.has("Content-Encoding"));
  EXPECT_NE(whole.headers.get("Vary").find("Accept-Encoding"), std::string::npos);
  Asked small = plain;
  small.headers["Accept-Encoding"] = "gzip";
  const auto packed = gateway.ask(small);
  EXPECT_EQ(packed.headers.get("Content-Encoding"), "gzip");
  EXPECT_LT(packed.body.size(), whole.body.size() / 2);
  EXPECT_TRUE(packed.body.starts_with("\x1f\x8b"));
  Asked again = plain;
  again.headers["If-None-Match"] = std::string(whole.headers.get("ETag"));
  const auto unchanged = gateway.ask(again);
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_TRUE(unchanged.body.empty());
  gateway.submit(kLeastTask);
  EXPECT_EQ(gateway.ask(again).status, 200);
}

TEST(RateLimits, TellWhenToComeAgain) {
  RateLimit limit(10, 20);
  const Instant now{1'000'000'000};
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(limit.ask("hku", now));
  EXPECT_EQ(limit.ask("hku", now), 1);
  EXPECT_FALSE(limit.ask("cuhk", now)) << "others go on";
  EXPECT_FALSE(limit.ask("hku", now + Duration::millis(100)));
  for (int i = 0; i < 30'000; ++i) (void)limit.ask(std::to_string(i), now);  // bounded, whoever comes
}

TEST(Tus, HeadersAreReadExactly) {
  EXPECT_EQ(read_tus_number("0"), 0U);
  EXPECT_EQ(read_tus_number("123456789012345678"), 123456789012345678U);
  for (const char* bad : {"", "-1", "+1", "0x1", " 1", "1 ", "1.0", "1234567890123456789", "\xc2\xb2"})
    EXPECT_FALSE(read_tus_number(bad)) << bad;
  const auto metadata = read_tus_metadata("filename d29ybGQ=, empty,x eQ==");
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->at("filename"), "world");
  EXPECT_EQ(metadata->at("empty"), "");
  for (const std::string& bad :
       {std::string("a !"), std::string("a eQ==,a eQ=="), std::string(" ,"), std::string("a  eQ=="),
        std::string(limits::kUploadMetadataBytesMax + 1, 'a')})
    EXPECT_FALSE(read_tus_metadata(bad)) << bad;
  EXPECT_TRUE(read_tus_checksum("sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=").checksum);
  EXPECT_FALSE(read_tus_checksum("sha256 2jmj7l5rSw0yVb/vlWAYkK/YBwk=").checksum);
  EXPECT_FALSE(read_tus_checksum("md5 x").known);
}

}  // namespace
}  // namespace hetao::api
