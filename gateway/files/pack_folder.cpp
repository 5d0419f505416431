#include "gateway/files/pack_folder.h"

#include <algorithm>
#include <filesystem>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/files/file.h"

namespace hetao::files {

namespace fs = std::filesystem;

tl::expected<std::vector<policy::SourceFile>, Diagnostics> read_pack_folder(const std::string& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return tl::unexpected(Diagnostics{
        {folder, 0, 0, "is no folder", "a policy pack: pack.yaml, rules/*.yaml, tests/*.yaml", {}}});
  }
  std::vector<policy::SourceFile> files;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = fs::relative(at->path(), folder).generic_string();
    // What is YAML but no part of a pack is the loader's to refuse: a rule must not be left out in silence.
    if (!(name.ends_with(".yaml") || name.ends_with(".yml")) || !at->is_regular_file()) continue;
    if (at->file_size() > limits::kYamlBytesMax) {  // not even read
      return tl::unexpected(Diagnostics{{at->path().string(),
                                         0,
                                         0,
                                         "the file is larger than " + human_bytes(limits::kYamlBytesMax),
                                         {},
                                         "split it"}});
    }
    auto text = read_file(at->path().string());
    if (!text)
      return tl::unexpected(
          Diagnostics{{at->path().string(), 0, 0, text.error().why, {}, text.error().hint}});
    files.push_back({name, std::move(*text)});
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

tl::expected<policy::LoadedPack, Diagnostics> load_pack_folder(const std::string& folder) {
  auto files = read_pack_folder(folder);
  if (!files) return tl::unexpected(std::move(files.error()));
  auto pack = policy::load_pack(std::move(*files));
  if (pack) return pack;
  Diagnostics mistakes = pack.error();
  for (Diagnostic& mistake : mistakes) mistake.file = (fs::path(folder) / mistake.file).generic_string();
  return tl::unexpected(std::move(mistakes));
}

}  // namespace hetao::files
