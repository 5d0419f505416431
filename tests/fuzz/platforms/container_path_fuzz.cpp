// A pattern and a path, apart at the first NUL: an accepted path has no way up, and matching agrees with
// itself.
#include <string>

#include "gateway/base/check.h"
#include "gateway/base/path.h"
#include "gateway/platforms/container_path.h"

using namespace hetao;
using namespace hetao::platforms;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t nul = std::min(all.find('\0'), all.size());
  const std::string_view pattern = all.substr(0, nul);
  const std::string_view path = all.substr(std::min(nul + 1, all.size()));
  if (check_container_path(path, "path")) {
    std::string joined;
    for (const std::string& part : path_components(path)) {
      HETAO_CHECK(!part.empty() && part != "." && part != "..");
      joined += "/" + part;
    }
    HETAO_CHECK(joined == path);
    HETAO_CHECK(is_within(path, "/") && is_within(path, path) && !is_within(path, "/proc"));
    if (!has_wildcard(path))
      HETAO_CHECK(wildcard_match(path, path) || path.find('\\') != std::string_view::npos);
    HETAO_CHECK(path.ends_with(strip_prefix(path, pattern)));
  }
  if (check_container_path(pattern, "pattern") && wildcard_match(pattern, path)) {
    HETAO_CHECK(path_components(pattern).size() == path_components(path).size());
  }
  return 0;
}
