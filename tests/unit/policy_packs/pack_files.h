// Reads the packs of this repository for their tests. A pack that does not load or compile fails the test
// with every mistake.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/pack.h"
#include "policy/policy.h"

namespace hetao::policy {

inline constexpr const char* kReferencePack = "gba-reference";

// The day as of which the pack states the law.
Date stated_on();

std::vector<SourceFile> read_pack(const std::string& name);
std::optional<LoadedPack> loaded_pack(const std::string& name);
std::optional<Policy> compiled_pack(const std::string& name);

// "P01, P18".
std::string rule_ids(const Decision& decision);

}  // namespace hetao::policy
