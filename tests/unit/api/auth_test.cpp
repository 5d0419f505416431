#include "gateway/api/auth.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "certs/authority.h"
#include "tests/unit/api/test_gateway.h"

namespace hetao::api {
namespace {

int whoami(TestGateway& gateway, const std::string& authorization) {
  io::HttpRequest request;
  request.method = "GET";
  request.target = "/api/v1/whoami";
  if (!authorization.empty()) request.headers.add("Authorization", authorization);
  return gateway.send(request).status;
}

TEST(SignIn, ARealTokenNamesUserTenantAndRoles) {
  TestGateway gateway;
  const auto response =
      gateway.get("/api/v1/whoami", gateway.token("alice", "hku", {"submitter", "reviewer", "king"}));
  ASSERT_EQ(response.status, 200) << response.body;
  const json::object who = object_of(response);
  EXPECT_EQ(who.at("user"), "alice");
  EXPECT_EQ(who.at("tenant"), "hku");
  EXPECT_EQ(who.at("roles"), (json::array{"submitter", "reviewer"}));
  EXPECT_EQ(who.at("by"), "token");
}

TEST(SignIn, WithoutAGoodTokenNobodyComesIn) {
  TestGateway gateway;
  const std::string good = gateway.submitter();
  EXPECT_EQ(whoami(gateway, "Bearer " + good), 200);
  EXPECT_EQ(whoami(gateway, "bearer " + good), 200);
  EXPECT_EQ(whoami(gateway, ""), 401);
  EXPECT_EQ(whoami(gateway, "Bearer "), 401);
  EXPECT_EQ(whoami(gateway, good), 401);
  EXPECT_EQ(whoami(gateway, "Basic YTpi"), 401);
  EXPECT_EQ(whoami(gateway, "Bearer " + good + "x"), 401);
  EXPECT_EQ(whoami(gateway, "Bearer " + gateway.token("alice", "hku", {"submitter"}, -3600)), 401);
  EXPECT_EQ(whoami(gateway, "Bearer " + gateway.token("alice", "elsewhere", {"submitter"})), 401);
  EXPECT_EQ(whoami(gateway, "Bearer " + gateway.token("", "hku", {"submitter"})), 401);
  EXPECT_EQ(whoami(gateway, "Bearer " + gateway.token("a\nb", "hku", {"submitter"})), 401);
}

TEST(SignIn, ARefusalSaysHowToSignInAndIsAProblemDocument) {
  TestGateway gateway;
  const auto response = gateway.get("/api/v1/whoami", "");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.headers.get("content-type"), "application/problem+json");
  EXPECT_TRUE(response.headers.get("www-authenticate").starts_with("Bearer"));
  EXPECT_EQ(object_of(response).at("code"), "not-allowed");
}

TEST(SignIn, TwoAuthorizationHeadersAreRefused) {
  TestGateway gateway;
  io::HttpRequest request;
  request.method = "GET";
  request.target = "/api/v1/whoami";
  request.headers.add("Authorization", "Bearer " + gateway.submitter());
  request.headers.add("authorization", "Bearer " + gateway.auditor());
  EXPECT_EQ(gateway.send(request).status, 401);
}

io::HttpRequest with_certificate(const char* role, const char* name, const char* region = "hongkong") {
  io::HttpRequest request;
  request.method = "GET";
  request.target = "/api/v1/whoami";
  certs::PeerFacts facts;
  facts.identity = {region, role, name};
  request.client = facts;
  return request;
}

TEST(SignIn, AListedClientCertificateHasItsRoles) {
  TestGateway gateway;
  const auto response = gateway.send(with_certificate("client", "flow"));
  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(object_of(response).at("by"), "certificate");
  EXPECT_EQ(object_of(response).at("tenant"), "hku");
  EXPECT_EQ(gateway.send(with_certificate("client", "other")).status, 401);
}

TEST(SignIn, ABadTokenIsNotMendedByACertificate) {
  TestGateway gateway;
  io::HttpRequest request = with_certificate("client", "flow");
  request.headers.add("Authorization", "Bearer nonsense");
  EXPECT_EQ(gateway.send(request).status, 401);
}

TEST(SignIn, AGatewayReadsTheLedgerAndNothingElse) {
  TestGateway gateway;
  io::HttpRequest request = with_certificate("gateway", "gw1", "shenzhen");
  EXPECT_EQ(gateway.send(request).status, 403);
  request.target = "/log/log.vkey";
  EXPECT_EQ(gateway.send(request).status, 200);
  request.target = "/api/v1/jobs";
  EXPECT_EQ(gateway.send(request).status, 403);
  request.target = "/metrics";
  EXPECT_EQ(gateway.send(request).status, 403);
}

// A form of a foreign page can't send JSON with its type.
TEST(SignIn, CertificatesPostJsonOnly) {
  TestGateway gateway;
  io::HttpRequest request = with_certificate("client", "flow");
  request.method = "POST";
  request.target = "/ga4gh/tes/v1/tasks";
  request.body = kLeastTask;
  request.headers.add("Content-Type", "text/plain");
  EXPECT_EQ(gateway.send(request).status, 415);
  request.headers.set("Content-Type", "application/json; charset=utf-8");
  EXPECT_EQ(gateway.send(request).status, 200);
}

TEST(SignIn, NestedClaimsAndForeignRoleNamesAreMapped) {
  TestGateway gateway;
  AuthConfig config = gateway.auth();
  IssuerConfig& issuer = config.issuers.front();
  issuer.tenant_claim = "org.name";
  issuer.roles_claim = "realm_access.roles";
  issuer.role_map = {{"researcher", {Role::kSubmitter, Role::kDataOwner}}};
  issuer.tenants.clear();
  const auto key = certs::generate_key(certs::KeyKind::kEd25519);
  issuer.keys = std::make_shared<const certs::Jwks>(*certs::Jwks::parse(*certs::jwks_from_public(*key, "n")));
  json::object claims =
      parse_json(R"({"iss": "https://id.test", "aud": ["x", "hetao"], "sub": "bo", "exp": 2000,
      "org": {"name": "pku"}, "realm_access": {"roles": ["researcher", "operator"]}})",
                 "claims")
          ->get_object();
  io::HttpRequest request;
  request.headers.add("Authorization", "Bearer " + *certs::sign_jwt(claims, *key, "n"));
  const auto caller = authenticate(config, federation::Core({}), request, Instant{1'000'000'000});
  ASSERT_TRUE(caller) << to_line(caller.error().error);
  EXPECT_EQ(caller->tenant, "pku");
  EXPECT_TRUE(caller->has(Role::kSubmitter));
  EXPECT_TRUE(caller->has(Role::kDataOwner));
  EXPECT_FALSE(caller->has(Role::kOperator));  // not in the map: their word is not ours
}

// Each role against each kind of path: who may not is told so, whatever exists behind it.
TEST(SignIn, EveryRoleEntersWhereItMay) {
  TestGateway gateway;
  const std::map<std::string, std::string> tokens = {
      {"submitter", gateway.submitter()}, {"data-owner", gateway.owner()}, {"policy-admin", gateway.admin()},
      {"reviewer", gateway.reviewer()},   {"auditor", gateway.auditor()},  {"operator", gateway.ops()}};
  const std::map<std::string, std::set<std::string>> may = {
      {"/api/v1/jobs", {"submitter", "reviewer", "auditor"}},
      {"/ga4gh/tes/v1/tasks", {"submitter", "auditor"}},
      {"/api/v1/datasets", {"submitter", "data-owner", "reviewer", "auditor"}},
      {"/api/v1/reviews", {"reviewer", "auditor"}},
      {"/api/v1/mechanisms", {"policy-admin", "reviewer", "auditor"}},
      {"/api/v1/audit/entries", {"auditor"}},
      {"/api/v1/audit/export", {"auditor"}},
      {"/log/log.vkey", {"auditor"}},
      {"/api/v1/peers", {"submitter", "data-owner", "policy-admin", "reviewer", "auditor", "operator"}},
      {"/api/v1/status", {"submitter", "data-owner", "policy-admin", "reviewer", "auditor", "operator"}},
      {"/api/v1/certs", {"operator", "auditor"}},
      {"/metrics", {"operator", "auditor"}},
      {"/api/v1/policy", {"submitter", "data-owner", "policy-admin", "reviewer", "auditor", "operator"}}};
  for (const auto& [path, roles] : may) {
    for (const auto& [role, token] : tokens) {
      EXPECT_EQ(gateway.get(path, token).status, roles.contains(role) ? 200 : 403) << role << " " << path;
    }
    EXPECT_EQ(gateway.get(path, "").status, 401) << path;
  }
  for (const char* open : {"/healthz", "/readyz", "/api/v1/openapi.yaml", "/ga4gh/tes/v1/service-info"}) {
    EXPECT_EQ(gateway.get(open, "").status, 200) << open;
  }
}

}  // namespace
}  // namespace hetao::api
