// Tokens that held a moment ago hold again, and no longer than they may.
#include "gateway/api/token_cache.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/unit/api/test_gateway.h"

namespace hetao::api {
namespace {

Instant in_seconds(int64_t seconds) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return Instant{std::chrono::duration_cast<std::chrono::microseconds>(now).count()} +
         Duration::seconds(seconds);
}

io::HttpRequest with_token(const std::string& token) {
  io::HttpRequest request;
  request.headers.add("Authorization", "Bearer " + token);
  return request;
}

TEST(TokenCache, KnowsTheCallerAgain) {
  TestGateway gateway;
  TokenCache cache;
  const auto request = with_token(gateway.submitter());
  for (int i = 0; i < 3; ++i) {
    const auto caller = cache.authenticate(gateway.auth(), gateway.core(), request, in_seconds(i));
    ASSERT_TRUE(caller) << to_line(caller.error().error);
    EXPECT_EQ(caller->user, "alice");
    EXPECT_TRUE(caller->has(Role::kSubmitter));
  }
}

TEST(TokenCache, BelievesNoTokenBeyondItsEnd) {
  TestGateway gateway;
  TokenCache cache;
  const auto request = with_token(gateway.token("alice", "hku", {"submitter"}, 30));
  EXPECT_TRUE(cache.authenticate(gateway.auth(), gateway.core(), request, in_seconds(0)));
  EXPECT_TRUE(cache.authenticate(gateway.auth(), gateway.core(), request, in_seconds(20)));
  EXPECT_FALSE(cache.authenticate(gateway.auth(), gateway.core(), request, in_seconds(200)));
}

TEST(TokenCache, AsksAgainAfterAMinuteWhetherTheIssuerIsStillTrusted) {
  TestGateway gateway;
  TokenCache cache;
  const auto request = with_token(gateway.submitter());
  EXPECT_TRUE(cache.authenticate(gateway.auth(), gateway.core(), request, in_seconds(0)));
  const AuthConfig nobody;
  EXPECT_FALSE(cache.authenticate(nobody, gateway.core(), request, in_seconds(61)));
}

TEST(TokenCache, RemembersNoRefusal) {
  TestGateway gateway;
  TokenCache cache;
  const auto request = with_token(gateway.submitter());
  EXPECT_FALSE(cache.authenticate(AuthConfig{}, gateway.core(), request, in_seconds(0)));
  EXPECT_TRUE(cache.authenticate(gateway.auth(), gateway.core(), request, in_seconds(1)));
}

}  // namespace
}  // namespace hetao::api
