// Paths as a job sees them inside its sandbox, and the wildcards that a TES output may carry.
//
// Owns the rules that keep a path harmless: absolute, plain, no way up, nothing of the kernel's. All
// functions are pure. Source: GA4GH TES 1.1 (tesInput.path, tesOutput.path, path_prefix); wildcards as in
// POSIX.1-2017, Shell and Utilities, 2.13.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace hetao::platforms {

// Absolute, UTF-8, within the kernel's lengths; no empty, `.` or `..` component, no trailing slash but for
// "/" itself.
Result<void> check_absolute_path(std::string_view path, std::string_view what);

// As above, and not "/" itself, nor at or below /proc, /sys, /dev or the runner's own /.hetao.
Result<void> check_container_path(std::string_view path, std::string_view what);

// As check_container_path, for names relative to a folder: "a/b.csv".
Result<void> check_relative_path(std::string_view path, std::string_view what);

// "/a/b/c" -> {"a", "b", "c"}; "/" -> {}. Also for relative paths.
std::vector<std::string> path_components(std::string_view path);

// True if the path has a `*`, `?` or `[`.
bool has_wildcard(std::string_view path);

// The longest leading folder without a wildcard: "/out/run*/x" -> "/out"; "/*.txt" -> "/".
std::string literal_folder(std::string_view pattern);

// Component by component, so that a wildcard never matches a slash, nor a leading dot that is not written.
bool wildcard_match(std::string_view pattern, std::string_view path);

// One component of it: for walking folders without looking where nothing can match.
bool wildcard_match_name(std::string_view pattern, std::string_view name);

// What of `path` stands after the output's prefix, without leading slashes; the whole path if the prefix is
// not one.
std::string_view strip_prefix(std::string_view path, std::string_view prefix);

}  // namespace hetao::platforms
