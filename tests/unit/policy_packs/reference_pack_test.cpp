// The reference pack as a pack: it loads, its own tests pass, and what people read
// is there in three languages.
#include <gtest/gtest.h>

#include <set>

#include "policy/tests_runner.h"
#include "tests/unit/policy_packs/pack_files.h"

namespace hetao::policy {
namespace {

TEST(ReferencePack, ItsOwnTestsPassAndExerciseEveryRule) {
  const auto policy = compiled_pack(kReferencePack);
  ASSERT_TRUE(policy);
  const TestReport report = run_tests(*policy, stated_on());
  EXPECT_GE(report.run, 200U);
  for (const TestFailure& failure : report.failures)
    ADD_FAILURE() << failure.id << " " << failure.title << ": " << failure.message;
  for (const std::string& rule : report.unexercised) ADD_FAILURE() << rule << " is exercised by no test";
}

TEST(ReferencePack, HasTheRulesOfTheResearch) {
  const auto pack = loaded_pack(kReferencePack);
  ASSERT_TRUE(pack);
  const std::set<std::string> expected = {
      "F01", "F02", "F03", "F04", "F05", "F06", "F07", "F08", "F09", "F10", "F11", "F12", "F13", "F14",
      "F15", "F16", "F17", "F18", "F19", "F21", "H01", "H02", "H03", "H04", "H05", "H06", "H07", "H08",
      "H09", "H10", "H11", "H13", "H16", "H17", "H18", "H20", "H24", "P01", "P02", "P03", "P04", "P05",
      "P06", "P07", "P08", "P09", "P10", "P11", "P12", "P13", "P14", "P15", "P16", "P17", "P18", "P19"};
  std::set<std::string> found;
  for (const Rule& rule : pack->rules) found.insert(rule.id);
  EXPECT_EQ(found, expected);
}

TEST(ReferencePack, EveryRuleSaysItsBasisAndItsTitleInThreeLanguages) {
  const auto pack = loaded_pack(kReferencePack);
  ASSERT_TRUE(pack);
  for (const Rule& rule : pack->rules) {
    EXPECT_FALSE(rule.basis.empty()) << rule.id;
    EXPECT_FALSE(rule.title.en.empty()) << rule.id;
    EXPECT_FALSE(rule.title.zh_hans.empty()) << rule.id;
    EXPECT_FALSE(rule.title.zh_hant.empty()) << rule.id;
  }
  for (const auto& [name, parameter] : pack->parameters) EXPECT_FALSE(parameter.source.empty()) << name;
}

TEST(ReferencePack, HoldsWhatNoRuleDecidesAndSaysThatItIsNoLegalAdvice) {
  const auto pack = loaded_pack(kReferencePack);
  ASSERT_TRUE(pack);
  EXPECT_EQ(pack->default_effect, Effect::kHold);
  EXPECT_NE(pack->note.find("not legal advice"), std::string::npos);
}

// Whatever one attribute a permitted request loses, the answer is never a refusal for good, and what was
// refused is never let through.
TEST(ReferencePack, IgnoranceNeitherPermitsWhatWasRefusedNorRefusesForGoodWhatWasPermitted) {
  const auto policy = compiled_pack(kReferencePack);
  ASSERT_TRUE(policy);
  for (const PackTest& test : policy->pack().tests) {
    for (const auto& [name, value] : test.request.attributes()) {
      // What is absent of these is not unknown: a set is empty, a parameter the pack's, the date today's,
      // and who claims no zone list has none.
      if (std::holds_alternative<std::vector<std::string>>(value) || name.starts_with("parameter.")) continue;
      if (name == "time.date" || name == "zone.list") continue;
      Request less = test.request;
      less.erase(name);
      const Decision decision = policy->decide(less, stated_on());
      if (test.decision == Effect::kPermit) {
        EXPECT_NE(decision.effect, Effect::kForbid) << test.id << " without " << name;
      } else {
        EXPECT_NE(decision.effect, Effect::kPermit) << test.id << " without " << name;
      }
    }
  }
}

}  // namespace
}  // namespace hetao::policy
