// Paths in file:// URLs (RFC 8089), as staging and shared folders take them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hetao::io {

inline constexpr std::string_view kFileScheme = "file://";

// The path of a URL of this machine, without its escapes; a bare path goes for one. Nothing when an escape is
// none, or the path is not absolute.
std::optional<std::string> path_of_url(std::string_view url);

// "/a//b/" -> "a/b"; nothing for what has `.`, `..` or a control character.
std::optional<std::string> plain_path(std::string_view path);

}  // namespace hetao::io
