#include "gateway/files/pack_folder.h"

#include <algorithm>
#include <filesystem>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/files/file.h"

namespace hetao::files {

namespace fs = std::filesystem;

namespace {

tl::unexpected<Diagnostics> refused(const fs::path& file, std::string why, std::string expected,
                                    std::string hint) {
  return tl::unexpected(
      Diagnostics{{file.string(), 0, 0, std::move(why), std::move(expected), std::move(hint)}});
}

}  // namespace

tl::expected<std::vector<policy::SourceFile>, Diagnostics> read_pack_folder(const std::string& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return refused(folder, "is no folder", "a policy pack: pack.yaml, rules/*.yaml, tests/*.yaml", {});
  }
  std::vector<policy::SourceFile> files;
  fs::recursive_directory_iterator at(folder, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().lexically_relative(folder).generic_string();
    std::error_code unknown;
    if (at->is_symlink(unknown) && !at->is_regular_file(unknown)) {
      return refused(at->path(), "a symbolic link that leads to no file would be left out",
                     "a file, or a link to one", "put the files themselves into the pack");
    }
    // What is YAML but no part of a pack is the loader's to refuse: a rule must not be left out in silence.
    if (!(name.ends_with(".yaml") || name.ends_with(".yml")) || at->is_directory(unknown)) continue;
    if (!at->is_regular_file(unknown))
      return refused(at->path(), "is no file that can be read", "a file", {});
    if (at->file_size(unknown) > limits::kYamlBytesMax) {  // not even read
      return refused(at->path(), "the file is larger than " + human_bytes(limits::kYamlBytesMax), {},
                     "split it");
    }
    auto text = read_file(at->path().string());
    if (!text) return refused(at->path(), text.error().why, {}, text.error().hint);
    files.push_back({name, std::move(*text)});
  }
  if (error)
    return refused(folder, "can't be read whole: " + error.message(), "folders that may be read", {});
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
