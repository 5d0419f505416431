#include "gateway/identity/flow.h"

#include <gtest/gtest.h>

#include "certs/authority.h"
#include "gateway/identity/credential.h"
#include "gateway/identity/device.h"

namespace hetao::identity {
namespace {

constexpr Instant kNow{1'800'000'000'000'000};
constexpr int64_t kNowSeconds = kNow.micros / 1'000'000;

Metadata provider() {
  Metadata out;
  out.issuer = "https://id.test";
  out.authorization_endpoint = "https://id.test/auth?x=1";
  out.token_endpoint = "https://id.test/token";
  return out;
}

Attempt attempt() {
  return new_attempt("campus", "/console/jobs", kNow, Bytes(3 * kSecretBytes, 9));
}

TEST(CodeFlow, TheChallengeIsThatOfRfc7636) {
  EXPECT_EQ(challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST(CodeFlow, TheBrowserIsSentWithTheChallengeAndNotTheVerifier) {
  const std::string url =
      authorization_url(provider(), {"me", "", {"openid"}}, attempt(), "https://gw/cb?a=b");
  EXPECT_TRUE(url.starts_with("https://id.test/auth?x=1&response_type=code&client_id=me")) << url;
  EXPECT_NE(url.find("code_challenge_method=S256"), std::string::npos);
  EXPECT_NE(url.find("redirect_uri=https%3A%2F%2Fgw%2Fcb%3Fa%3Db"), std::string::npos) << url;
  EXPECT_EQ(url.find("code_verifier"), std::string::npos);
}

TEST(CodeFlow, WhoWantsARefreshTokenAsksThePersonForIt) {
  const auto asked = [](std::vector<std::string> scopes) {
    return authorization_url(provider(), {"me", "", std::move(scopes)}, attempt(), "https://gw/cb");
  };
  EXPECT_NE(asked({"openid", "offline_access"}).find("&prompt=consent"), std::string::npos);
  EXPECT_EQ(asked({"openid", "profile"}).find("prompt"), std::string::npos);
}

TEST(CodeFlow, ARefreshTokenIsTakenWhereThereIsOne) {
  const auto call = refresh_call(provider(), {"me", "", {"openid"}}, "r/1");
  EXPECT_EQ(call.form, "grant_type=refresh_token&refresh_token=r%2F1&client_id=me");
  const auto full = read_tokens({200, R"({"id_token": "x", "refresh_token": "r", "expires_in": 60})", ""});
  ASSERT_TRUE(full);
  EXPECT_EQ(full->refresh_token, "r");
  EXPECT_EQ(full->expires_seconds, 60);
  const auto bare = read_refreshed({200, R"({"access_token": "a", "expires_in": "soon"})", ""});
  ASSERT_TRUE(bare) << "no ID token is needed then";
  EXPECT_TRUE(bare->refresh_token.empty());
  EXPECT_EQ(bare->expires_seconds, 0);
  EXPECT_EQ(read_refreshed({400, R"({"error": "invalid_grant"})", ""}).error().word, "expired");
  const std::string large(5'000, 'r');
  EXPECT_TRUE(read_refreshed({200, R"({"refresh_token": ")" + large + R"("})", ""})->refresh_token.empty());
}

TEST(CodeFlow, ARefreshTokenIsTakenBackAsRfc7009HasIt) {
  Metadata known = provider();
  known.revocation_endpoint = "https://id.test/revoke";
  const ProviderCall call = revocation_call(known, {"me", "", {"openid"}}, "r/1");
  EXPECT_EQ(call.url, "https://id.test/revoke");
  EXPECT_EQ(call.form, "token=r%2F1&token_type_hint=refresh_token&client_id=me");
  EXPECT_FALSE(revocation_call(known, {"me", "s", {}}, "r").authorization.empty());
  EXPECT_FALSE(why_not_revoked({200, "", ""})) << "also of a token that it does not know";
  EXPECT_EQ(why_not_revoked({503, "", ""}), "it answers 503");
  EXPECT_EQ(why_not_revoked({0, "", "no route"}), "it does not answer: no route");
}

TEST(CodeFlow, FormsAreEncoded) {
  EXPECT_EQ(form_encode({{"a b", "ü&="}, {"c", ""}}), "a%20b=%C3%BC%26%3D&c=");
}

TEST(CodeFlow, AnAttemptIsReadBack) {
  const auto read = parse_attempt(to_text(attempt()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->state, attempt().state);
  EXPECT_EQ(read->until, kNow);
  EXPECT_FALSE(parse_attempt("{}"));
  EXPECT_FALSE(parse_attempt("[1]"));
}

TEST(CodeFlow, AClientProvesItselfAsTheProviderWantsIt) {
  Metadata basic = provider();
  EXPECT_EQ(token_call(basic, {"a b", "s:t", {}}, "c", attempt(), "r").authorization,
            "Basic YSUyMGI6cyUzQXQ=");
  basic.takes_basic_auth = false;
  const ProviderCall form = token_call(basic, {"me", "secret", {}}, "c", attempt(), "r");
  EXPECT_TRUE(form.authorization.empty());
  EXPECT_NE(form.form.find("client_secret=secret"), std::string::npos);
  const ProviderCall open = token_call(provider(), {"me", "", {}}, "c", attempt(), "r");
  EXPECT_NE(open.form.find("client_id=me"), std::string::npos);
  EXPECT_NE(open.form.find("code_verifier="), std::string::npos);
}

TEST(CodeFlow, WhatAProviderRefusesHasAWord) {
  const auto word = [](int status, const char* body) {
    return read_tokens({status, body, "no route"}).error().word;
  };
  EXPECT_EQ(word(0, ""), "provider");
  EXPECT_EQ(word(200, "<html>"), "provider");
  EXPECT_EQ(word(200, R"({"access_token": "x"})"), "provider");
  EXPECT_EQ(word(400, R"({"error": "access_denied"})"), "denied");
  EXPECT_EQ(word(400, R"({"error": "authorization_pending"})"), "pending");
  EXPECT_EQ(word(400, R"({"error": "slow_down"})"), "slow-down");
  EXPECT_EQ(word(400, R"({"error": "invalid_grant"})"), "expired");
  EXPECT_EQ(word(400, R"({"error": 5})"), "provider");
  EXPECT_TRUE(read_tokens({200, R"({"id_token": "x"})", ""}));
}

class IdTokens : public ::testing::Test {
 protected:
  std::string token(json::object more) const {
    json::object claims = {{"iss", "https://id.test"}, {"aud", "me"},
                           {"sub", "alice"},           {"nonce", "n"},
                           {"iat", kNowSeconds - 5},   {"exp", kNowSeconds + 300}};
    for (const auto& member : more) claims[member.key()] = member.value();
    return *certs::sign_jwt(claims, key_, "k");
  }
  bool holds(json::object more, const std::string& nonce = "n") const {
    return check_id_token(token(std::move(more)), keys_, provider(), {"me", "", {}}, nonce, kNow).has_value();
  }

  const std::string key_ = *certs::generate_key(certs::KeyKind::kEcdsaP256);
  const certs::Jwks keys_ = *certs::Jwks::parse(*certs::jwks_from_public(key_, "k"));
};

TEST_F(IdTokens, CountForThisClientAndThisAttempt) {
  EXPECT_TRUE(holds({}));
  EXPECT_TRUE(holds({}, "")) << "a terminal's flow has no nonce";
  EXPECT_FALSE(holds({{"nonce", "other"}}));
  EXPECT_FALSE(holds({{"aud", "other"}}));
  EXPECT_FALSE(holds({{"iss", "https://evil.test"}}));
  EXPECT_FALSE(holds({{"exp", kNowSeconds - 100}}));
  EXPECT_FALSE(holds({{"iat", kNowSeconds + 100}}));
  EXPECT_FALSE(holds({{"aud", json::array{"me", "other"}}}))
      << "several audiences, and none said that asked for it";
  EXPECT_TRUE(holds({{"aud", json::array{"me", "other"}}, {"azp", "me"}}));
  EXPECT_FALSE(holds({{"azp", "other"}}));
}

TEST_F(IdTokens, UserinfoAddsWhatTheTokenDoesNotSay) {
  json::object claims = {{"sub", "alice"}, {"tenant", "szu"}};
  ASSERT_TRUE(add_userinfo(claims, {200, R"({"sub": "alice", "tenant": "hku", "groups": ["a"]})", ""}));
  EXPECT_EQ(claims.at("tenant"), "szu") << "what is signed counts";
  EXPECT_TRUE(claims.contains("groups"));
  EXPECT_FALSE(add_userinfo(claims, {200, R"({"sub": "mallory"})", ""}));
  EXPECT_FALSE(add_userinfo(claims, {401, "", ""}));
}

TEST(DeviceFlow, ShowsNothingThatIsNotPlainText) {
  EXPECT_TRUE(read_device_start(
      {200, R"({"device_code": "d", "user_code": "AB-CD", "verification_uri": "https://id.test/d"})", ""}));
  EXPECT_FALSE(read_device_start(
      {200, R"({"device_code": "d", "user_code": "\u001b[2J", "verification_uri": "https://id.test/d"})",
       ""}));
  EXPECT_FALSE(read_device_start(
      {200, R"({"device_code": "d", "user_code": "A", "verification_uri": "javascript:x"})", ""}));
  EXPECT_FALSE(read_device_start({400, R"({"error": "unauthorized_client"})", ""}));
}

}  // namespace
}  // namespace hetao::identity
