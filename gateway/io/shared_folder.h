// Folders in which jobs of some tenants work themselves: mounted read-write as they are, not copied. Workflow
// engines whose tasks share a store need that (Toil's job store). Pure.
//
// Trust: whoever may use one sees and changes all that is in it. What lies there is no item: nothing of it is
// inspected, decided or moved, so a job that uses one runs in this region, and its results are unlabelled.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetao::io {

struct SharedFolder {
  std::string path;                  // absolute, plain
  std::vector<std::string> tenants;  // who may use it
};

// The one that a file:// URL (or a bare path) lies in, if this tenant may use it; null: none.
const SharedFolder* shared_folder_of(const std::vector<SharedFolder>& folders, std::string_view url,
                                     std::string_view tenant);

// The digest of an item that stands for what lies there: nothing was brought, so there is none.
inline constexpr std::string_view kSharedDigest = "shared-folder";

// Where the whole folder goes so that what the URL names is found at `path`; nothing: it can't be found
// there. The whole, because a link in place of one of its own folders could lead a mount elsewhere; the
// folder itself is the administrator's.
std::optional<std::string> mount_place(const SharedFolder& folder, std::string_view url,
                                       std::string_view path);

}  // namespace hetao::io
