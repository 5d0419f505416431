#include "gateway/identity/metadata.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "gateway/base/json.h"

namespace hetao::identity {
namespace {

json::object good() {
  return {{"issuer", "https://id.test"},
          {"authorization_endpoint", "https://id.test/auth"},
          {"token_endpoint", "https://id.test/token"},
          {"jwks_uri", "https://keys.test/jwks"},
          {"code_challenge_methods_supported", json::array{"plain", "S256"}},
          {"authorization_response_iss_parameter_supported", true}};
}

bool holds(const json::object& document, std::string_view issuer = "https://id.test") {
  return read_metadata(json::serialize(document), issuer).has_value();
}

TEST(Metadata, SaysWhereAProviderIsAskedWhat) {
  const auto read = read_metadata(json::serialize(good()), "https://id.test");
  ASSERT_TRUE(read) << to_line(read.error());
  EXPECT_EQ(read->token_endpoint, "https://id.test/token");
  EXPECT_TRUE(read->names_itself);
  EXPECT_TRUE(read->takes_basic_auth);
  EXPECT_EQ(metadata_url("https://id.test/realms/a/"),
            "https://id.test/realms/a/.well-known/openid-configuration");
}

TEST(Metadata, OfAnotherIssuerOrWithoutWhatIsNeededIsRefused) {
  EXPECT_FALSE(holds(good(), "https://id.test/"));
  EXPECT_FALSE(holds(good(), "https://evil.test"));
  for (const char* name : {"authorization_endpoint", "token_endpoint", "jwks_uri", "issuer"}) {
    json::object document = good();
    document.erase(name);
    EXPECT_FALSE(holds(document)) << name;
    document[name] = "http://id.test/plain";
    EXPECT_FALSE(holds(document)) << name;
    document[name] = "file:///etc/passwd";
    EXPECT_FALSE(holds(document)) << name;
    document[name] = 7;
    EXPECT_FALSE(holds(document)) << name;
  }
  json::object weak = good();
  weak["code_challenge_methods_supported"] = json::array{"plain"};
  EXPECT_FALSE(holds(weak)) << "no PKCE with S256";
  EXPECT_FALSE(read_metadata("[]", "https://id.test"));
  EXPECT_FALSE(read_metadata("", "https://id.test"));
}

TEST(Metadata, WhatAProviderNeedNotHaveIsEmptyOrAnAddress) {
  json::object more = good();
  more["revocation_endpoint"] = "https://id.test/revoke";
  EXPECT_EQ(read_metadata(json::serialize(more), "https://id.test")->revocation_endpoint,
            "https://id.test/revoke");
  EXPECT_EQ(read_metadata(json::serialize(good()), "https://id.test")->revocation_endpoint, "");
  more["revocation_endpoint"] = "http://id.test/plain";
  EXPECT_FALSE(holds(more)) << "tokens go over https alone";
}

TEST(Metadata, PlainHttpIsForThisMachineAlone) {
  for (const char* url : {"https://a", "https://a.test:8443/x?y=z", "http://127.0.0.1:1/x",
                          "http://localhost", "http://[::1]:2/"})
    EXPECT_TRUE(is_provider_url(url)) << url;
  for (const char* url :
       {"", "http://a.test", "http://127.0.0.1.evil.test/", "http://localhost.evil.test", "https://",
        "https://u:p@a.test", "https://a.test/#f", "https://a b", "ftp://a", "//a", "https://a\n.test"})
    EXPECT_FALSE(is_provider_url(url)) << url;
}

}  // namespace
}  // namespace hetao::identity
