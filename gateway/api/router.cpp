#include "gateway/api/router.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace hetao::api {

namespace {

using Params = std::map<std::string, std::string, std::less<>>;

// One segment against "{name}", "{name}:suffix" or a literal. The suffix may come encoded, as clients write
// it that encode a whole segment ("ID%3Acancel").
bool match_segment(std::string_view pattern, std::string_view segment, Params& out) {
  if (!pattern.starts_with('{')) return pattern == segment;
  const size_t close = pattern.find('}');
  const std::string_view suffix = pattern.substr(close + 1);
  auto value = percent_decode(segment);
  if (!value || !value->ends_with(suffix) || value->size() == suffix.size()) return false;
  value->resize(value->size() - suffix.size());
  if (value->find('/') != std::string::npos) return false;
  out[std::string(pattern.substr(1, close - 1))] = std::move(*value);
  return true;
}

bool match_path(std::string_view pattern, std::string_view path, Params& out) {
  while (true) {
    const size_t pattern_end = pattern.find('/', 1);
    const std::string_view want =
        pattern.substr(1, pattern_end == std::string_view::npos ? pattern_end : pattern_end - 1);
    if (want.ends_with("...}")) {
      auto rest = percent_decode(path.substr(std::min<size_t>(1, path.size())));
      if (!rest || rest->empty()) return false;
      out[std::string(want.substr(1, want.size() - 5))] = std::move(*rest);
      return true;
    }
    const size_t path_end = path.find('/', 1);
    const std::string_view have =
        path.substr(1, path_end == std::string_view::npos ? path_end : path_end - 1);
    if (!match_segment(want, have, out)) return false;
    const bool pattern_done = pattern_end == std::string_view::npos;
    const bool path_done = path_end == std::string_view::npos;
    if (pattern_done || path_done) return pattern_done && path_done;
    pattern.remove_prefix(pattern_end);
    path.remove_prefix(path_end);
  }
}

}  // namespace

std::optional<Match> find_route(const std::vector<Route>& table, std::string_view method,
                                std::string_view path, std::vector<std::string>& allowed) {
  allowed.clear();
  if (!path.starts_with('/')) return std::nullopt;
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  std::optional<Match> found;
  for (const Route& route : table) {
    Params params;
    if (!match_path(route.pattern, path, params)) continue;
    allowed.push_back(route.method);
    if (route.method == "GET") allowed.emplace_back("HEAD");
    if (!found && route.method == wanted) found = Match{&route, std::move(params)};
  }
  return found;
}

bool may_enter(const Access& access, const Caller& caller) {
  if (!caller.peer_region.empty()) return access.peers;
  switch (access.kind) {
    case Access::Kind::kOpen:
    case Access::Kind::kSignedIn:
      return true;
    case Access::Kind::kRoles:
      return caller.roles.meets(access.roles);
  }
  return false;
}

}  // namespace hetao::api
