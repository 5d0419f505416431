// Every scenario of the research's scenarios.jsonl is decided as listed there, and for the reason listed.
// The file is not part of this repository: HETAO_SCENARIOS names it, or it stands beside the checkout.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "gateway/base/json.h"
#include "tests/unit/policy_packs/pack_files.h"

namespace hetao::policy {
namespace {

std::filesystem::path scenarios_file() {
  const char* named = std::getenv("HETAO_SCENARIOS");
  if (named != nullptr) return named;
  return std::filesystem::path(HETAO_SOURCE_DIR) / ".." / "shared" / "policy" / "scenarios.jsonl";
}

std::string text(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

void check(const Policy& policy, const json::object& scenario) {
  const std::string name = text(scenario, "id") + " " + text(scenario, "title");
  const json::value* said = scenario.if_contains("request");
  ASSERT_TRUE(said != nullptr && said->is_object()) << name;
  const auto request = request_from_json(said->get_object(), policy.pack().schema);
  ASSERT_TRUE(request) << name << ": " << to_line(request.error());
  const Decision decision = policy.decide(*request, stated_on());
  EXPECT_EQ(text(scenario, "decision"), to_word(decision.effect)) << name << " by " << rule_ids(decision);
  ASSERT_FALSE(decision.rules.empty()) << name;
  EXPECT_EQ(decision.rules.front().id, text(scenario, "rule")) << name << " by " << rule_ids(decision);
}

TEST(Scenarios, AreDecidedAsListed) {
  const std::filesystem::path path = scenarios_file();
  std::ifstream lines(path);
  if (!lines) GTEST_SKIP() << "no scenarios at " << path << "; HETAO_SCENARIOS may name the file";
  const auto policy = compiled_pack(kReferencePack);
  ASSERT_TRUE(policy);
  size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    const auto scenario = parse_json(line, "scenario");
    ASSERT_TRUE(scenario && scenario->is_object()) << "line " << count + 1;
    check(*policy, scenario->get_object());
    ++count;
  }
  EXPECT_GT(count, 0U);
}

}  // namespace
}  // namespace hetao::policy
