#include "gateway/identity/logout_token.h"

#include <gtest/gtest.h>

#include "certs/authority.h"

namespace hetao::identity {
namespace {

constexpr Instant kNow{1'795'000'000'000'000};
constexpr const char* kEvent = "http://schemas.openid.net/event/backchannel-logout";

class LogoutToken : public testing::Test {
 protected:
  LogoutToken() : key_(*certs::generate_key(certs::KeyKind::kEcdsaP256)) {
    keys_ = *certs::Jwks::parse(*certs::jwks_from_public(key_, "k"));
    claims_ = {{"iss", "https://id.test"},
               {"aud", "console"},
               {"sub", "li"},
               {"sid", "s1"},
               {"jti", "t1"},
               {"iat", kNow.micros / 1'000'000},
               {"exp", kNow.micros / 1'000'000 + 120},
               {"events", json::object{{kEvent, json::object()}}}};
  }
  auto judge(const json::object& claims) const {
    return check_logout_token(*certs::sign_jwt(claims, key_, "k"), keys_, "https://id.test", "console", kNow);
  }
  json::object but(const char* name, json::value value) const {
    json::object changed = claims_;
    if (value.is_null())
      changed.erase(name);
    else
      changed[name] = std::move(value);
    return changed;
  }

  std::string key_;
  certs::Jwks keys_;
  json::object claims_;
};

TEST_F(LogoutToken, SaysWhoseSessionsAreOver) {
  const auto out = judge(claims_);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->session, "s1");
  EXPECT_EQ(out->subject, "li");
  EXPECT_TRUE(judge(but("sid", nullptr))) << "the person is enough";
  EXPECT_TRUE(judge(but("sub", nullptr))) << "and so is the session";
}

TEST_F(LogoutToken, WhatIsNoneEndsNothing) {
  EXPECT_FALSE(judge(but("events", nullptr)));
  EXPECT_FALSE(judge(but("events", json::object{{"other", json::object()}})));
  EXPECT_FALSE(judge(but("events", json::object{{kEvent, true}})));
  EXPECT_FALSE(judge(but("nonce", "n"))) << "an ID token";
  EXPECT_FALSE(judge(but("jti", nullptr)));
  EXPECT_FALSE(judge(but("iat", nullptr)));
  EXPECT_FALSE(judge(but("aud", "another")));
  EXPECT_FALSE(judge(but("iss", "https://other.test")));
  EXPECT_FALSE(judge(but("exp", kNow.micros / 1'000'000 - 600)));
  json::object nobody = but("sub", nullptr);
  nobody.erase("sid");
  EXPECT_FALSE(judge(nobody));
}

}  // namespace
}  // namespace hetao::identity
