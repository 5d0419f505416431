#include "gateway/io/file_url.h"

#include <vector>

#include "gateway/base/percent.h"
#include "gateway/base/text.h"

namespace hetao::io {

std::optional<std::string> path_of_url(std::string_view url) {
  if (url.starts_with(kFileScheme)) {
    url.remove_prefix(kFileScheme.size());
    if (url.starts_with("localhost/")) url.remove_prefix(std::string_view("localhost").size());
  }
  auto path = percent_decode(url);
  if (!path || !path->starts_with('/')) return std::nullopt;
  return path;
}

std::optional<std::string> plain_path(std::string_view path) {
  std::vector<std::string> kept;
  for (const std::string& part : split(path, '/')) {
    if (part.empty()) continue;
    if (part == "." || part == ".." || printable(part) != part) return std::nullopt;
    kept.push_back(part);
  }
  return join(kept, "/");
}

}  // namespace hetao::io
