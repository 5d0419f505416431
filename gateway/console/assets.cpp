#include "gateway/console/assets.h"

#include <algorithm>

namespace hetao::console {

const Asset* find_asset(std::string_view path) {
  const auto all = assets();
  const auto at =
      std::lower_bound(all.begin(), all.end(), path,
                       [](const Asset& asset, std::string_view wanted) { return asset.path < wanted; });
  return at != all.end() && at->path == path ? &*at : nullptr;
}

}  // namespace hetao::console
