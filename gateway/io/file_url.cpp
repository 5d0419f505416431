#include "gateway/io/file_url.h"

#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/text.h"

namespace hetao::io {

namespace {

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1 || (*byte)[0] == 0) return std::nullopt;
    out += static_cast<char>((*byte)[0]);
    i += 2;
  }
  return out;
}

}  // namespace

std::optional<std::string> path_of_url(std::string_view url) {
  if (url.starts_with(kFileScheme)) {
    url.remove_prefix(kFileScheme.size());
    if (url.starts_with("localhost/")) url.remove_prefix(std::string_view("localhost").size());
  }
  auto path = percent_decoded(url);
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
