#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/unit/cli/program.h"

namespace hetao::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kRules = R"(
rules:
  - id: important-data-stays
    effect: forbid
    title: {en: Important data stays}
    basis: [DSL art. 31]
    when: {action: cross, data.grade: important}
  - id: general-data-crosses
    effect: permit
    title: {en: General data crosses}
    basis: [Test]
    when: {action: cross, data.grade: general}
)";

void make_pack(const Program& hetao, const std::string& folder, const std::string& rules) {
  hetao.write(folder + "/pack.yaml", "policy: small\nversion: '1'\ndefault: hold\n");
  hetao.write(folder + "/rules/all.yaml", rules);
  hetao.write(folder + "/tests/all.yaml",
              "tests:\n  - {id: t1, title: Important, request: {action: cross, data.grade: important}, "
              "decision: forbid, rule: important-data-stays}\n");
}

std::vector<json::object> lines(const std::string& text) {
  std::vector<json::object> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(object_of(line));
  return out;
}

TEST(PolicyDecide, AnswersALineForALineAndEchoesIds) {
  const Program hetao;
  make_pack(hetao, "pack", kRules);
  const Said said = hetao.run({"policy", "decide", "--policy", "pack"},
                              "{\"action\":\"cross\",\"data.grade\":\"important\",\"id\":\"a\"}\n"
                              "{\"action\":\"cross\",\"data.grade\":\"general\"}\n"
                              "{\"action\":\"cross\"}");
  EXPECT_EQ(said.code, 0) << said.err;
  const auto answers = lines(said.out);
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0].at("decision"), "forbid");
  EXPECT_EQ(answers[0].at("id"), "a");
  EXPECT_EQ(answers[0].at("rules"), json::array{"important-data-stays"});
  EXPECT_EQ(answers[1].at("decision"), "permit");
  EXPECT_FALSE(answers[1].contains("id"));
  EXPECT_EQ(answers[2].at("decision"), "hold");
  for (const json::object& answer : answers) {
    for (const char* member : {"decision", "rules", "obligations", "reason"})
      EXPECT_TRUE(answer.contains(member));
  }
}

TEST(PolicyDecide, AMalformedLineGetsItsErrorAndTheRunGoesOn) {
  const Program hetao;
  make_pack(hetao, "pack", kRules);
  const Said said = hetao.run(
      {"policy", "decide", "--policy", "pack"},
      "nonsense\n{\"data.grade\":\"topmost\"}\n[]\n{\"action\":\"cross\",\"data.grade\":\"general\"}\n");
  EXPECT_EQ(said.code, 1);
  const auto answers = lines(said.out);
  ASSERT_EQ(answers.size(), 4U);
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(answers[i].contains("error")) << i;
  EXPECT_EQ(answers[3].at("decision"), "permit");
}

TEST(PolicyTest, PassesFailsAndNamesUnexercisedRules) {
  const Program hetao;
  make_pack(hetao, "pack", kRules);
  const Said good = hetao.run({"policy", "test", "pack"});
  EXPECT_EQ(good.code, 0) << good.out << good.err;
  EXPECT_THAT(good.out, HasSubstr("general-data-crosses"));
  hetao.write(
      "pack/tests/more.yaml",
      "tests:\n  - {id: t2, title: Wrong, request: {action: cross, data.grade: general}, decision: hold}\n");
  const Said bad = hetao.run({"policy", "test", "pack"});
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.out, HasSubstr("pack/tests/more.yaml:2"));
}

TEST(PolicyDiff, SaysWhatChangesAndProvesWhenNothingDoes) {
  const Program hetao;
  make_pack(hetao, "old", kRules);
  make_pack(hetao, "new", kRules);
  const Said same = hetao.run({"policy", "diff", "old", "new", "--json"});
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_EQ(object_of(same.out).at("changed"), false);
  std::string rules = kRules;
  rules.replace(rules.rfind("data.grade: general"), 19, "data.grade: public");
  make_pack(hetao, "new", rules);
  const json::object changed = object_of(hetao.run({"policy", "diff", "old", "new", "--json"}).out);
  EXPECT_EQ(changed.at("changed"), true);
  EXPECT_FALSE(changed.at("cases").as_array().empty());
}

TEST(PolicyLint, AnUnknownAttributeIsNamedWithItsPlace) {
  const Program hetao;
  std::string rules = kRules;
  rules.replace(rules.rfind("data.grade"), 10, "data.garde");
  make_pack(hetao, "pack", rules);
  for (const char* command : {"lint", "test"}) {
    const Said said = hetao.run({"policy", command, "pack"});
    EXPECT_EQ(said.code, 2) << said.out;
    EXPECT_THAT(said.err, HasSubstr("rules/all.yaml:12:"));
    EXPECT_THAT(said.err, HasSubstr("data.grade"));
  }
  EXPECT_NE(hetao.run({"policy", "lint", "no-such-folder"}).code, 0);
}

TEST(PolicyLint, EveryMistakeIsToldInJsonToo) {
  const Program hetao;
  make_pack(hetao, "pack", "rules:\n  - {id: A, effect: permits, title: a, when: {acton: cross}}\n");
  const Said said = hetao.run({"--json", "policy", "lint", "pack"});
  EXPECT_EQ(said.code, 2);
  const json::object told = object_of(said.err);
  EXPECT_EQ(told.at("error").at("code"), "usage");
  const json::array& mistakes = told.at("mistakes").as_array();
  ASSERT_EQ(mistakes.size(), 3U) << said.err;  // and the test names a rule that is not there
  EXPECT_EQ(mistakes[0].at("file"), "pack/rules/all.yaml");
  EXPECT_EQ(mistakes[0].at("line"), 2);
  EXPECT_EQ(mistakes[1].at("hint"), "did you mean action?");
}

TEST(PolicyLint, AThousandMistakesAreToldToBeMore) {
  const Program hetao;
  std::string rules = "rules:\n";
  for (int i = 0; i < 400; ++i) rules += "  - {idd: A}\n";
  make_pack(hetao, "pack", rules);
  const Said said = hetao.run({"policy", "lint", "pack"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("there may be more"));
}

TEST(PolicyLint, ListsTheAttributesThatRulesMayTest) {
  const Program hetao;
  const Said built_in = hetao.run({"policy", "lint", "--attributes"});
  EXPECT_EQ(built_in.code, 0) << built_in.err;
  EXPECT_THAT(built_in.out, HasSubstr("crossing.from\tjurisdiction"));
  make_pack(hetao, "pack", kRules);
  hetao.write("pack/pack.yaml",
              "policy: small\nversion: '1'\ndefault: hold\n"
              "attributes: {site.badge: {type: enum, values: [red, green]}}\n");
  const Said own = hetao.run({"policy", "lint", "--attributes", "pack", "--json"});
  EXPECT_EQ(own.code, 0) << own.err;
  EXPECT_THAT(own.out, HasSubstr(R"("name":"site.badge")"));
  EXPECT_EQ(hetao.run({"policy", "lint"}).code, 2);
}

TEST(PolicyLint, AnEmptyFileIsCalledSo) {
  const Program hetao;
  make_pack(hetao, "pack", kRules);
  hetao.write("pack/pack.yaml", "");
  EXPECT_THAT(hetao.run({"policy", "lint", "pack"}).err, HasSubstr("the file is nothing; expected a map"));
}

}  // namespace
}  // namespace hetao::cli
