#include "gateway/io/shared_folder.h"

#include <algorithm>

#include "gateway/base/path.h"
#include "gateway/io/file_url.h"

namespace hetao::io {

namespace {

// "/a/b" of "file:///a//b/"; nothing: it is no plain path.
std::optional<std::string> path_of(std::string_view url) {
  const auto path = path_of_url(url);
  auto plain = path ? plain_path(*path) : std::nullopt;
  if (plain && !plain->empty()) plain->insert(0, "/");
  return plain;
}

}  // namespace

const SharedFolder* shared_folder_of(const std::vector<SharedFolder>& folders, std::string_view url,
                                     std::string_view tenant) {
  if (folders.empty()) return nullptr;
  const auto path = path_of(url);
  if (!path) return nullptr;
  for (const SharedFolder& folder : folders) {
    const auto& tenants = folder.tenants;
    if (is_within(*path, folder.path) && std::find(tenants.begin(), tenants.end(), tenant) != tenants.end())
      return &folder;
  }
  return nullptr;
}

std::optional<std::string> mount_place(const SharedFolder& folder, std::string_view url,
                                       std::string_view path) {
  const auto named = path_of(url);
  const auto wanted = path_of(path);
  if (!named || !wanted || !is_within(*named, folder.path)) return std::nullopt;
  const std::string below = named->substr(folder.path.size());
  if (!wanted->ends_with(below) || wanted->size() == below.size()) return std::nullopt;
  return wanted->substr(0, wanted->size() - below.size());
}

}  // namespace hetao::io
