#include "tests/unit/policy_packs/pack_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace hetao::policy {

namespace {

void report(const Diagnostics& mistakes) {
  for (const Diagnostic& mistake : mistakes) ADD_FAILURE() << to_line(mistake);
}

}  // namespace

Date stated_on() {
  return *parse_date("2026-11-23");
}

std::vector<SourceFile> read_pack(const std::string& name) {
  const std::filesystem::path root = std::filesystem::path(HETAO_SOURCE_DIR) / "policy" / "packs" / name;
  std::vector<SourceFile> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".yaml") continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    files.push_back({std::filesystem::relative(entry.path(), root).generic_string(), std::move(text)});
  }
  return files;
}

std::optional<LoadedPack> loaded_pack(const std::string& name) {
  auto pack = load_pack(read_pack(name));
  if (pack) return std::move(*pack);
  report(pack.error());
  return std::nullopt;
}

std::optional<Policy> compiled_pack(const std::string& name) {
  auto pack = loaded_pack(name);
  if (!pack) return std::nullopt;
  auto policy = Policy::compile(std::move(*pack));
  if (policy) return std::move(*policy);
  report(policy.error());
  return std::nullopt;
}

std::string rule_ids(const Decision& decision) {
  std::string out;
  for (const RuleHit& hit : decision.rules) out += (out.empty() ? "" : ", ") + hit.id;
  return out.empty() ? "no rule" : out;
}

}  // namespace hetao::policy
