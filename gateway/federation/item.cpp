#include "gateway/federation/item.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "gateway/base/item_limits.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/facts.h"
#include "gateway/ledger/sha256.h"

namespace hetao::federation {

namespace {

constexpr std::string_view kListPrefix = "files-sha256:";

bool is_place_inside(std::string_view path) {
  if (path.size() > limits::kContainerPathBytesMax || path.find('\0') != std::string_view::npos) return false;
  const std::vector<std::string> parts = split(path, '/');
  return std::none_of(parts.begin(), parts.end(), [](const std::string& part) {
    return part.empty() || part == "." || part == ".." || part.size() > limits::kContainerNameBytesMax;
  });
}

// Files in the order of their places: a folder's own place would stand before what is in it, but not always
// right before it, so both are looked for.
bool has_place_twice(const pb::Item& item) {
  std::set<std::string_view> places;
  for (const pb::ItemFile& file : item.files()) {
    if (!places.insert(file.path()).second) return true;
  }
  for (const std::string_view place : places) {
    for (size_t at = place.find('/'); at != std::string_view::npos; at = place.find('/', at + 1)) {
      if (places.contains(place.substr(0, at))) return true;
    }
  }
  return false;
}

}  // namespace

std::string misfit_of(const pb::Item& item) {
  if (item.files_size() == 0 && !item.digest().starts_with(kListPrefix)) return "it has no files";
  if (item.name().size() > limits::kTextFieldBytesMax || item.kind().size() > limits::kTextFieldBytesMax ||
      item.digest().size() > limits::kItemDigestBytesMax)
    return "its name, kind or digest is too long";
  if (static_cast<size_t>(item.files_size()) > limits::kItemFilesMax) return "it has too many files";
  const bool single = item.files_size() == 1 && item.files(0).path().empty();
  for (const pb::ItemFile& file : item.files()) {
    if (file.bytes() < 0 || static_cast<uint64_t>(file.bytes()) > limits::kBlobBytesMax)
      return "a file's size is not possible";
    if (file.digest().size() > limits::kItemDigestBytesMax) return "a file's digest is too long";
    if (!single && !is_place_inside(file.path())) return "a file's path leads out of it";
  }
  if (has_place_twice(item)) return "two of its files have one place";
  pb::Item sealed;
  *sealed.mutable_files() = item.files();
  seal_item(sealed);
  if (sealed.digest() != item.digest()) return "its digest is not that of its files";
  if (sealed.bytes() > limits::kItemBytesMax) return "it is too large";
  if (sealed.bytes() != item.bytes()) return "its size is not that of its files";
  return {};
}

void seal_item(pb::Item& item) {
  auto& files = *item.mutable_files();
  std::sort(files.begin(), files.end(),
            [](const pb::ItemFile& a, const pb::ItemFile& b) { return a.path() < b.path(); });
  int64_t bytes = 0;
  std::string lines;
  for (const pb::ItemFile& file : files) {
    bytes += file.bytes();
    lines += file.path() + '\0' + file.digest() + '\0' + std::to_string(file.bytes()) + '\n';
  }
  item.set_bytes(bytes);
  const bool single = files.size() == 1 && files.Get(0).path().empty();
  item.set_digest(single ? files.Get(0).digest()
                         : std::string(kListPrefix) + ledger::sha256(as_bytes(lines)).hex());
}

std::string output_name(const pb::Output& output) {
  static constexpr std::string_view kScheme = "result:";
  if (output.url().starts_with(kScheme)) return output.url().substr(kScheme.size());
  if (!output.name().empty()) return output.name();
  std::string path = output.path();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

std::string output_kind(const pb::Task& task, const std::string& name) {
  const std::string declared = tag_of(task.tags(), "output:" + name);
  return declared.empty() ? "result" : declared;
}

std::string dataset_of(const pb::Input& input) {
  static constexpr std::string_view kScheme = "dataset:";
  return input.url().starts_with(kScheme) && !input.has_content() ? input.url().substr(kScheme.size())
                                                                  : std::string();
}

}  // namespace hetao::federation
