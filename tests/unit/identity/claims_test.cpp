#include "gateway/identity/claims.h"

#include <gtest/gtest.h>

namespace hetao::identity {
namespace {

json::object claims_of(const char* text) {
  return parse_json(text, "claims")->get_object();
}

std::string word_of(const ClaimRules& rules, const char* text) {
  const auto person = person_of(rules, claims_of(text), true);
  return person ? person->tenant + "/" + person->user : person.error().word;
}

TEST(Claims, SayWhoItIsByTheRulesOfTheirIssuer) {
  ClaimRules rules;
  rules.tenant_claim = "org";
  rules.tenant_map = {{"The University of Hong Kong", "hku"}};
  rules.roles_claim = "realm.groups";
  rules.role_map = {{"staff", {Role::kSubmitter, Role::kDataOwner}}};
  rules.tenants = {"h*"};
  EXPECT_EQ(
      word_of(rules, R"({"sub": "a", "org": "The University of Hong Kong", "realm": {"groups": ["staff"]}})"),
      "hku/a");
  EXPECT_EQ(word_of(rules, R"({"sub": "a", "org": "hku", "realm": {"groups": ["staff"]}})"), "no-tenant")
      << "with a map, only its words count";
  EXPECT_EQ(
      word_of(rules,
              R"({"sub": "a", "org": "The University of Hong Kong", "realm": {"groups": ["submitter"]}})"),
      "no-roles");
  EXPECT_EQ(word_of(rules, R"({"org": "The University of Hong Kong", "realm": {"groups": ["staff"]}})"),
            "token");
}

TEST(Claims, OfSeveralTenantsOneMustCount) {
  ClaimRules rules;
  rules.tenant_map = {{"g-szu", "szu"}, {"g-hku", "hku"}, {"g-szu-staff", "szu"}};
  const char* role = R"(, "roles": "submitter auditor"})";
  const auto with = [&](const std::string& tenant) {
    return word_of(rules, (R"({"sub": "a", "tenant": )" + tenant + role).c_str());
  };
  EXPECT_EQ(with(R"(["x", "g-szu", "g-szu-staff"])"), "szu/a");
  EXPECT_EQ(with(R"(["g-szu", "g-hku"])"), "no-tenant");
  EXPECT_EQ(with("[]"), "no-tenant");
  EXPECT_EQ(with("7"), "no-tenant");
  rules = {};
  rules.tenant = "szu";
  EXPECT_EQ(with(R"("hku")"), "szu/a") << "an issuer of one tenant speaks of it alone";
}

TEST(Claims, NoTextOfAClaimCanForgeALine) {
  EXPECT_EQ(word_of({}, R"({"sub": "a\nb", "tenant": "szu", "roles": ["auditor"]})"), "token");
  EXPECT_EQ(word_of({}, R"({"sub": "a", "tenant": "s\u0000zu", "roles": ["auditor"]})"), "no-tenant");
}

TEST(Claims, AServiceIsItselfAndNoPersonIsIt) {
  ClaimRules rules;
  rules.services = {{"pipeline", {"night", "szu", {Role::kSubmitter}}}};
  EXPECT_EQ(word_of(rules, R"({"sub": "pipeline", "client_id": "pipeline"})"), "szu/night");
  EXPECT_EQ(
      word_of(rules, R"({"sub": "mallory", "client_id": "pipeline", "tenant": "hku", "roles": ["auditor"]})"),
      "hku/mallory");
  EXPECT_EQ(word_of(rules, R"({"sub": "pipeline"})"), "no-tenant");
}

}  // namespace
}  // namespace hetao::identity
