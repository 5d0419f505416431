#include "certs/jwt.h"

#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include <boost/json/serialize.hpp>

#include "certs/authority.h"
#include "tests/unit/certs/forge.h"

namespace hetao::certs {
namespace {

using forge::kNow;

constexpr int64_t kNowSeconds = kNow.micros / 1'000'000;

enum class Kind { kRsa, kEc, kEd };

PkeyPtr make_key(Kind kind) {
  return kind == Kind::kRsa  ? forge::rsa_key(2048)
         : kind == Kind::kEc ? forge::ec_key("P-256")
                             : forge::ed25519_key();
}

json::object claims() {
  return {{"iss", "https://login.example"}, {"aud", "hetao"},         {"sub", "alice"},
          {"exp", kNowSeconds + 300},       {"iat", kNowSeconds - 5}, {"roles", json::array{"submitter"}}};
}

const TokenRules kRules = {"https://login.example", "hetao"};

std::string encoded(std::string_view text) {
  return to_base64url(as_bytes(text));
}

struct Token : testing::TestWithParam<Kind> {
  std::string pem = forge::pem_of(make_key(GetParam()).get());
  Jwks keys = Jwks::parse(jwks_from_public(pem, "k1").value()).value();

  std::string sign(const json::object& what) { return sign_jwt(what, pem, "k1").value(); }
  TokenReason refusal(std::string_view token, const TokenRules& rules = kRules) {
    const auto verdict = verify_jwt(token, keys, rules, kNow);
    EXPECT_FALSE(verdict);
    if (!verdict) {
      EXPECT_EQ(verdict.error().error.code, ErrorCode::kNotAllowed);
    }
    return verdict ? TokenReason::kMalformed : verdict.error().reason;
  }
};
INSTANTIATE_TEST_SUITE_P(OfEveryKey, Token, testing::Values(Kind::kRsa, Kind::kEc, Kind::kEd));

TEST_P(Token, ThatIsSoundIsAcceptedWithItsClaims) {
  const auto verdict = verify_jwt(sign(claims()), keys, kRules, kNow);
  ASSERT_TRUE(verdict) << to_line(verdict.error().error);
  EXPECT_EQ(verdict->subject, "alice");
  EXPECT_EQ(verdict->issuer, "https://login.example");
  EXPECT_EQ(verdict->expires.micros, (kNowSeconds + 300) * 1'000'000);
  EXPECT_EQ(verdict->all.at("roles").as_array().at(0), "submitter");
}

TEST_P(Token, ForSeveralAudiencesOrWithFractionsOfSecondsIsAccepted) {
  json::object all = claims();
  all["aud"] = json::array{"other", "hetao"};
  all["exp"] = static_cast<double>(kNowSeconds) + 10.5;
  EXPECT_TRUE(verify_jwt(sign(all), keys, kRules, kNow));
}

TEST_P(Token, WithAnyCharacterChangedIsRefused) {
  const std::string token = sign(claims());
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    if (changed != token) {
      EXPECT_FALSE(verify_jwt(changed, keys, kRules, kNow)) << i;
    }
    EXPECT_FALSE(verify_jwt(token.substr(0, i), keys, kRules, kNow)) << i;
  }
}

TEST_P(Token, WithoutASignatureAlgorithmIsRefused) {
  const std::string payload = encoded(json::serialize(claims()));
  for (const char* algorithm :
       {"none", "None", "NONE", "", "HS256", "HS384", "RS384", "PS256", "ES384", "es256"}) {
    const std::string header = R"({"alg":")" + std::string(algorithm) + R"(","kid":"k1","typ":"JWT"})";
    EXPECT_EQ(refusal(encoded(header) + "." + payload + "."), TokenReason::kAlgorithm) << algorithm;
  }
  EXPECT_EQ(refusal(encoded(R"({"kid":"k1"})") + "." + payload + "."), TokenReason::kAlgorithm);
  EXPECT_EQ(refusal(encoded(R"({"alg":["RS256"],"kid":"k1"})") + "." + payload + "."),
            TokenReason::kAlgorithm);
}

TEST_P(Token, SignedWithThePublicKeyAsAnHmacSecretIsRefused) {
  const std::string secret = public_key_pem(pem).value();
  const std::string text =
      encoded(R"({"alg":"HS256","kid":"k1","typ":"JWT"})") + "." + encoded(json::serialize(claims()));
  Bytes mac(32);
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), as_bytes(text).data(), text.size(),
       mac.data(), &size);
  EXPECT_EQ(refusal(text + "." + to_base64url(mac)), TokenReason::kAlgorithm);
}

TEST_P(Token, ThatNamesAnotherAlgorithmThanItsKeysIsRefused) {
  const std::string token = sign(claims());
  const std::string rest = token.substr(token.find('.'));
  for (const JwtAlgorithm other : {JwtAlgorithm::kRs256, JwtAlgorithm::kEs256, JwtAlgorithm::kEdDsa}) {
    if (other == keys.keys().front().algorithm) continue;
    const std::string header = R"({"alg":")" + std::string(to_word(other)) + R"(","kid":"k1"})";
    EXPECT_EQ(refusal(encoded(header) + rest), TokenReason::kAlgorithm);
  }
}

TEST_P(Token, OfAnUnknownKeyAsksForTheKeySetAgain) {
  EXPECT_EQ(refusal(sign_jwt(claims(), pem, "k2").value()), TokenReason::kUnknownKey);
  EXPECT_EQ(refusal(sign_jwt(claims(), forge::pem_of(make_key(GetParam()).get()), "k1").value()),
            TokenReason::kBadSignature);
}

TEST_P(Token, ThatBringsItsOwnKeyIsRefused) {
  const std::string mine = forge::pem_of(make_key(GetParam()).get());
  const std::string signed_token = sign_jwt(claims(), mine, "k1").value();
  const auto own = parse_json(jwks_from_public(mine, "k1").value(), "jwks").value();
  const json::object header = {{"alg", to_word(keys.keys().front().algorithm)},
                               {"kid", "k1"},
                               {"jwk", own.at("keys").at(0)},
                               {"jku", "https://evil.example/jwks"}};
  const std::string rest = signed_token.substr(signed_token.find('.'));
  EXPECT_EQ(refusal(encoded(json::serialize(header)) + rest), TokenReason::kBadSignature);
}

TEST_P(Token, OutOfItsTimeIsRefused) {
  const auto with = [&](const char* name, json::value value) {
    json::object all = claims();
    all[name] = std::move(value);
    return sign(all);
  };
  EXPECT_EQ(refusal(with("exp", kNowSeconds - 61)), TokenReason::kExpired);
  EXPECT_TRUE(verify_jwt(with("exp", kNowSeconds - 59), keys, kRules, kNow));
  EXPECT_EQ(refusal(with("nbf", kNowSeconds + 61)), TokenReason::kNotYetValid);
  EXPECT_TRUE(verify_jwt(with("nbf", kNowSeconds + 59), keys, kRules, kNow));
  EXPECT_EQ(refusal(with("iat", kNowSeconds + 61)), TokenReason::kNotYetValid);
  EXPECT_EQ(refusal(with("exp", "tomorrow")), TokenReason::kClaims);
  EXPECT_EQ(refusal(with("exp", nullptr)), TokenReason::kClaims);
  EXPECT_EQ(refusal(with("exp", -1)), TokenReason::kClaims);
  EXPECT_EQ(refusal(with("nbf", "soon")), TokenReason::kClaims);
  EXPECT_TRUE(verify_jwt(with("exp", 1e300), keys, kRules, kNow));
  json::object all = claims();
  all.erase("exp");
  EXPECT_EQ(refusal(sign(all)), TokenReason::kClaims);
}

TEST_P(Token, ForAnotherAudienceOrFromAnotherIssuerIsRefused) {
  EXPECT_EQ(refusal(sign(claims()), {"https://login.example", "other"}), TokenReason::kAudience);
  EXPECT_EQ(refusal(sign(claims()), {"https://login.example/", "hetao"}), TokenReason::kIssuer);
  json::object all = claims();
  all["aud"] = json::array{"hetao2", 7, json::array{"hetao"}};
  EXPECT_EQ(refusal(sign(all)), TokenReason::kAudience);
  all["aud"] = json::object{{"hetao", true}};
  EXPECT_EQ(refusal(sign(all)), TokenReason::kAudience);
  all.erase("aud");
  EXPECT_EQ(refusal(sign(all)), TokenReason::kAudience);
  json::object nobody = claims();
  nobody["sub"] = "";
  EXPECT_EQ(refusal(sign(nobody)), TokenReason::kClaims);
  nobody["iss"] = json::array{"https://login.example"};
  EXPECT_EQ(refusal(sign(nobody)), TokenReason::kIssuer);
}

TEST_P(Token, ThatIsHugeOrMalformedIsRefused) {
  EXPECT_EQ(refusal(std::string(17'000, 'a')), TokenReason::kTooLarge);
  for (const char* token : {"", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d.e", "====.e30.", "e30.e30.AA"}) {
    EXPECT_FALSE(verify_jwt(token, keys, kRules, kNow)) << token;
  }
  const std::string token = sign(claims());
  EXPECT_FALSE(verify_jwt(token + "=", keys, kRules, kNow));
  EXPECT_FALSE(verify_jwt(" " + token, keys, kRules, kNow));
  EXPECT_FALSE(verify_jwt(token + "\n", keys, kRules, kNow));
}

TEST_P(Token, WithDuplicateKeysCriticalExtensionsOrAnotherPurposeIsRefused) {
  const std::string token = sign(claims());
  const std::string rest = token.substr(token.find('.'));
  const std::string algorithm = to_word(keys.keys().front().algorithm);
  const auto header = [&](const std::string& more) {
    return refusal(encoded(R"({"alg":")" + algorithm + R"(","kid":"k1")" + more + "}") + rest);
  };
  EXPECT_EQ(header(R"(,"alg":"none")"), TokenReason::kMalformed);
  EXPECT_EQ(header(R"(,"crit":["exp"],"exp":1)"), TokenReason::kMalformed);
  EXPECT_EQ(header(R"(,"typ":"logout+jwt")"), TokenReason::kMalformed);
  EXPECT_EQ(header(R"(,"typ":7)"), TokenReason::kMalformed);
}

TEST(Jwks, LeavesOutKeysForOtherPurposes) {
  const std::string sound = jwks_from_public(forge::pem_of(forge::ec_key("P-256").get()), "k1").value();
  auto document = parse_json(sound, "jwks").value();
  auto& list = document.at("keys").as_array();
  list.push_back(json::object{{"kty", "oct"}, {"kid", "k2"}, {"k", "c2VjcmV0"}});
  list.push_back(json::object{{"kty", "EC"}, {"crv", "P-521"}, {"kid", "k3"}});
  json::object encryption = list[0].as_object();
  encryption["use"] = "enc";
  encryption["kid"] = "k4";
  list.push_back(encryption);
  const auto keys = Jwks::parse(json::serialize(document));
  ASSERT_TRUE(keys) << to_line(keys.error());
  ASSERT_EQ(keys->keys().size(), 1U);
  EXPECT_EQ(keys->keys()[0].kid, "k1");
}

TEST(Jwks, ThatIsUnsoundIsRefusedAsAWhole) {
  const PkeyPtr key = forge::ec_key("P-256");
  const auto jwk = parse_json(jwks_from_public(forge::pem_of(key.get()), "k1").value(), "jwks").value();
  const json::object one = jwk.at("keys").at(0).as_object();
  const auto refused = [](const json::array& list) -> bool {
    return !Jwks::parse(json::serialize(json::object{{"keys", list}})).has_value();
  };
  EXPECT_FALSE(refused(json::array{one}));
  EXPECT_TRUE(refused(json::array()));
  EXPECT_TRUE(refused(json::array{one, one}));
  const auto with = [&](const char* name, json::value value) -> json::array {
    json::object changed = one;
    changed[name] = std::move(value);
    return json::array({changed});
  };
  EXPECT_TRUE(refused(with("d", "AAAA")));
  EXPECT_TRUE(refused(with("x", json::string(to_base64url(Bytes(32, 7))))));  // not on the curve
  EXPECT_TRUE(refused(with("x", "AAAA")));
  EXPECT_TRUE(refused(with("kid", 7)));
  EXPECT_TRUE(refused(with("alg", "HS256")));
  json::array many;
  for (int i = 0; i < 65; ++i) many.push_back(one);
  EXPECT_TRUE(refused(many));
  EXPECT_FALSE(Jwks::parse(R"({"keys":[],"keys":[]})"));
  EXPECT_FALSE(Jwks::parse("[]"));
  EXPECT_FALSE(Jwks::parse(std::string(300'000, ' ')));
  EXPECT_FALSE(jwks_from_public(forge::pem_of(forge::rsa_key(1024).get()), "k1"));
}

TEST(Jwks, WithAWeakRsaKeyIsRefused) {
  const auto document =
      parse_json(jwks_from_public(forge::pem_of(forge::rsa_key(2048).get()), "k1").value(), "jwks").value();
  json::object weak = document.at("keys").at(0).as_object();
  weak["n"] = to_base64url(Bytes(128, 0xff));
  EXPECT_FALSE(Jwks::parse(json::serialize(json::object{{"keys", json::array{weak}}})));
  weak = document.at("keys").at(0).as_object();
  weak["e"] = "Aw";  // 3
  EXPECT_FALSE(Jwks::parse(json::serialize(json::object{{"keys", json::array{weak}}})));
}

TEST(Jwks, WithSeveralKeysNeedsAKid) {
  const std::string first = forge::pem_of(forge::ec_key("P-256").get());
  const std::string second = forge::pem_of(forge::ed25519_key().get());
  auto document = parse_json(jwks_from_public(first, "k1").value(), "jwks").value();
  document.at("keys").as_array().push_back(
      parse_json(jwks_from_public(second, "k2").value(), "jwks").value().at("keys").at(0));
  const auto keys = Jwks::parse(json::serialize(document)).value();
  EXPECT_TRUE(verify_jwt(sign_jwt(claims(), first, "k1").value(), keys, kRules, kNow));
  EXPECT_TRUE(verify_jwt(sign_jwt(claims(), second, "k2").value(), keys, kRules, kNow));
  const std::string crossed = sign_jwt(claims(), second, "k1").value();
  EXPECT_EQ(verify_jwt(crossed, keys, kRules, kNow).error().reason, TokenReason::kAlgorithm);
}

}  // namespace
}  // namespace hetao::certs
