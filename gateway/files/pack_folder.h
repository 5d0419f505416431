// Policy packs on disk.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/base/diagnostic.h"
#include "policy/pack.h"

namespace hetao::files {

// The pack's files, read and not looked at.
tl::expected<std::vector<policy::SourceFile>, Diagnostics> read_pack_folder(const std::string& folder);
// pack.yaml, rules/*.yaml and tests/*.yaml of a folder, with paths as the user knows them in the mistakes.
tl::expected<policy::LoadedPack, Diagnostics> load_pack_folder(const std::string& folder);

}  // namespace hetao::files
