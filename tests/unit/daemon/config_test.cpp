#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "gateway/base/text.h"
#include "gateway/daemon/config.h"

namespace hetao::daemon {
namespace {

std::string example() {
  std::ifstream file(HETAO_SOURCE_DIR "/deploy/example-gateway.yaml");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The example with the keys that it shows behind a comment sign: `# key: value`, `# - {…}`.
std::string with_all_keys(const std::string& text) {
  static const std::regex kShown(R"(^( *)# (( *)(- \{|[a-z_]+:( |$)).*)$)");
  std::string out;
  for (const std::string& line : split(text, '\n')) {
    const bool is_cut = line.find("…") != std::string::npos;  // a key of cryptography, too long to show
    out += (is_cut ? line : std::regex_replace(line, kShown, "$1$2")) + "\n";
  }
  return out;
}

std::string all_mistakes(const Diagnostics& found) {
  std::string out;
  for (const Diagnostic& one : found) out += to_line(one) + "\n";
  return out;
}

// The example with one place changed.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = example();
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string mistakes_with(const std::string& from, const std::string& to) {
  const auto config = read_config(changed(from, to), "gateway.yaml");
  return config ? std::string() : all_mistakes(config.error());
}

constexpr const char* kFirm =
    "# firm: {name: A small firm, monthly_cap_cny: 500, cores_at_once: 64, accelerators_at_once: 8}";

TEST(Config, TheExampleIsAConfiguration) {
  const auto config = read_config(example(), "gateway.yaml");
  ASSERT_TRUE(config) << all_mistakes(config.error());
  EXPECT_EQ(config->shell.core.region, "shenzhen");
  EXPECT_TRUE(config->shell.core.quotas.empty());
}

TEST(Config, WhatTheExampleShowsInCommentsIsTakenToo) {
  const auto config = read_config(with_all_keys(example()), "gateway.yaml");
  ASSERT_TRUE(config) << all_mistakes(config.error());
  EXPECT_FALSE(config->store_url.empty());
  EXPECT_EQ(config->tunnel_groups, (std::vector<std::string>{"X25519", "P-256"}));
  EXPECT_EQ(config->shell.core.tenant_weights.at("szu").price, 10);
  const federation::Quota& firm = config->shell.core.quotas.at("firm");
  EXPECT_EQ(firm.cores, 64);
  EXPECT_EQ(firm.accelerators, 8);
  EXPECT_GT(config->shell.core.monthly_caps.at("firm"), 0);
  ASSERT_EQ(config->shell.platforms.front().shared_folders.size(), 1U);
  const io::SharedFolder& shared = config->shell.platforms.front().shared_folders.front();
  EXPECT_EQ(shared.path, "/srv/hetao/toil");
  EXPECT_EQ(shared.tenants, std::vector<std::string>{"szu"});
}

TEST(Config, ASharedFolderIsSomebodysAndNotTheWholeMachine) {
  const auto with = [](const std::string& folder) {
    return mistakes_with("# shared_folders: [{path: /srv/hetao/toil, tenants: [szu]}]",
                         "shared_folders: [" + folder + "]");
  };
  EXPECT_EQ(with("{path: /srv/toil/, tenants: [szu]}"), "");
  EXPECT_NE(with("{path: /, tenants: [szu]}").find("whole machine"), std::string::npos);
  EXPECT_NE(with("{path: /srv/toil}").find("nobody's"), std::string::npos);
  EXPECT_NE(with("{path: /srv/toil, tenants: [nobody]}").find("nobody is not known"), std::string::npos);
  EXPECT_NE(with("{tenants: [szu]}").find("path"), std::string::npos);
  EXPECT_NE(with("/srv/toil").find("gateway.yaml:"), std::string::npos);
}

TEST(Config, QuotasAndCapsAreWholeAndAboveNothing) {
  for (const char* key : {"cores_at_once", "accelerators_at_once"}) {
    for (const char* value : {"0", "-1", "many", "1.5", "10000001", "[1]"}) {
      const std::string said = mistakes_with(kFirm, "firm: {" + std::string(key) + ": " + value + "}");
      EXPECT_NE(said.find("gateway.yaml:"), std::string::npos) << key << ": " << value << " was taken";
      EXPECT_NE(said.find(key), std::string::npos) << said;
    }
  }
  for (const char* value : {"-1", "much", "{}"})
    EXPECT_NE(mistakes_with(kFirm, "firm: {monthly_cap_cny: " + std::string(value) + "}"), "") << value;
}

TEST(Config, AnUnknownKeyIsToldWithTheNearestOne) {
  const std::string said = mistakes_with(kFirm, "firm: {core_at_once: 4}");
  EXPECT_NE(said.find("core_at_once"), std::string::npos) << said;
  EXPECT_NE(said.find("cores_at_once"), std::string::npos) << said;
}

TEST(Config, AllMistakesAreToldAtOnce) {
  std::string text = changed("region: shenzhen\n", "region: Shen Zhen\n");
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"runs: 64 ", "runs: 0 "}, {"attempts: 3 ", "attempts: no "}, {"workers: 2 ", "wokers: 2 "}}) {
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
  }
  const auto config = read_config(text, "gateway.yaml");
  ASSERT_FALSE(config);
  const std::string said = all_mistakes(config.error());
  for (const char* word : {"region", "runs", "attempts", "wokers"})
    EXPECT_NE(said.find(word), std::string::npos) << word << " is not in\n" << said;
}

}  // namespace
}  // namespace hetao::daemon
