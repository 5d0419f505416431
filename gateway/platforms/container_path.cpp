#include "gateway/platforms/container_path.h"

#include <algorithm>
#include <array>

#include "gateway/base/limits.h"
#include "gateway/base/path.h"
#include "gateway/base/text.h"

namespace hetao::platforms {

namespace {

// The kernel's views of the machine, and the place where the runner keeps its own helper.
constexpr std::array<std::string_view, 4> kReservedFolders = {"/proc", "/sys", "/dev", "/.hetao"};

Result<void> refuse(std::string_view what, std::string_view path, std::string why, std::string hint) {
  return fail(ErrorCode::kUsage, std::string(what) + " \"" + printable(path) + "\"", std::move(why),
              std::move(hint));
}

Result<void> check_components(std::string_view path, std::string_view components, std::string_view what) {
  for (size_t start = 0; start <= components.size();) {
    const size_t end = std::min(components.find('/', start), components.size());
    const std::string_view name = components.substr(start, end - start);
    if (name.empty()) return refuse(what, path, "has an empty part", "write single slashes, none at the end");
    if (name == "." || name == "..") return refuse(what, path, "has a part . or ..", "write the path out");
    if (name.size() > limits::kContainerNameBytesMax) {
      return refuse(what, path, "has a part of more than 255 bytes", "use shorter names");
    }
    start = end + 1;
  }
  return {};
}

Result<void> check_text(std::string_view path, std::string_view what) {
  if (path.size() > limits::kContainerPathBytesMax) {
    return refuse(what, path.substr(0, 80), "is longer than 4,095 bytes", "use a shorter path");
  }
  if (!is_utf8(path)) return refuse(what, path, "is not UTF-8", "name it in UTF-8");
  if (path.find('\0') != std::string_view::npos)
    return refuse(what, path, "contains a NUL byte", "remove it");
  return {};
}

}  // namespace

Result<void> check_absolute_path(std::string_view path, std::string_view what) {
  if (const auto ok = check_text(path, what); !ok) return ok;
  if (path.empty() || path.front() != '/') return refuse(what, path, "is not absolute", "begin it with /");
  if (path == "/") return {};
  return check_components(path, path.substr(1), what);
}

Result<void> check_container_path(std::string_view path, std::string_view what) {
  if (const auto ok = check_absolute_path(path, what); !ok) return ok;
  if (path == "/") return refuse(what, path, "is the root of the sandbox", "name a path below it");
  for (const std::string_view reserved : kReservedFolders) {
    if (is_within(path, reserved)) {
      return refuse(what, path, "lies in " + std::string(reserved) + ", which is not the job's",
                    "use another folder, such as /data or /tmp");
    }
  }
  return {};
}

Result<void> check_relative_path(std::string_view path, std::string_view what) {
  if (const auto ok = check_text(path, what); !ok) return ok;
  if (path.empty()) return refuse(what, path, "is empty", "name the file");
  return check_components(path, path, what);
}

std::vector<std::string> path_components(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  return path.empty() ? std::vector<std::string>{} : split(path, '/');
}

bool has_wildcard(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

std::string literal_folder(std::string_view pattern) {
  const size_t wild = std::min(pattern.find_first_of("*?["), pattern.size());
  const size_t slash = pattern.substr(0, wild).rfind('/');
  if (slash == 0 || slash == std::string_view::npos) return "/";
  return std::string(pattern.substr(0, slash));
}

bool wildcard_match_name(std::string_view pattern, std::string_view name) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;
  return glob_match(pattern, name);
}

bool wildcard_match(std::string_view pattern, std::string_view path) {
  const auto wanted = path_components(pattern);
  const auto found = path_components(path);
  if (wanted.size() != found.size()) return false;
  return std::equal(wanted.begin(), wanted.end(), found.begin(),
                    [](const auto& want, const auto& name) { return wildcard_match_name(want, name); });
}

std::string_view strip_prefix(std::string_view path, std::string_view prefix) {
  if (path.starts_with(prefix)) path.remove_prefix(prefix.size());
  while (path.starts_with('/')) path.remove_prefix(1);
  return path;
}

}  // namespace hetao::platforms
