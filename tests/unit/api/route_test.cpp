#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "gateway/api/openapi_text.h"
#include "gateway/api/router.h"
#include "gateway/base/text.h"

namespace hetao::api {
namespace {

std::string pattern_of(const char* method, const char* path) {
  std::vector<std::string> allowed;
  const auto match = find_route(routes(), method, path, allowed);
  return match ? match->route->pattern : allowed.empty() ? "none" : "wrong method";
}

TEST(Routes, PathsFindTheirHandlers) {
  EXPECT_EQ(pattern_of("GET", "/ga4gh/tes/v1/tasks"), "/ga4gh/tes/v1/tasks");
  EXPECT_EQ(pattern_of("GET", "/ga4gh/tes/v1/tasks/abc"), "/ga4gh/tes/v1/tasks/{id}");
  EXPECT_EQ(pattern_of("POST", "/ga4gh/tes/v1/tasks/abc:cancel"), "/ga4gh/tes/v1/tasks/{id}:cancel");
  EXPECT_EQ(pattern_of("GET", "/projects/p1/ga4gh/tes/v1/service-info"),
            "/projects/{project}/ga4gh/tes/v1/service-info");
  EXPECT_EQ(pattern_of("HEAD", "/healthz"), "/healthz");
  EXPECT_EQ(pattern_of("GET", "/log/tile/0/x001/234"), "/log/{path...}");
  EXPECT_EQ(pattern_of("GET", "/api/v1/results/j1/model/part%201"), "/api/v1/results/{job}/{name...}");
}

TEST(Routes, EverythingElseIsNotThere) {
  for (const char* path :
       {"/", "", "/v1/tasks", "/tasks", "/ga4gh/tes/v1", "/ga4gh/tes/v1/", "/ga4gh/tes/v1/tasks/",
        "/ga4gh/tes/v1/tasks/a/b", "/ga4gh/tes/v2/tasks", "/GA4GH/tes/v1/tasks", "/api/v1", "/api/v1/jobs/",
        "/ga4gh/tes/v1/tasks/a%2fb", "/ga4gh/tes/v1/tasks/%00", "//healthz", "/projects//ga4gh/tes/v1/tasks",
        "/console", "relative"}) {
    EXPECT_EQ(pattern_of("GET", path), "none") << path;
  }
  EXPECT_EQ(pattern_of("DELETE", "/ga4gh/tes/v1/tasks/abc"), "wrong method");
}

TEST(Routes, ParametersAreDecoded) {
  std::vector<std::string> allowed;
  const auto match = find_route(routes(), "POST", "/projects/a%20b/ga4gh/tes/v1/tasks/x:y:cancel", allowed);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->path.at("project"), "a b");
  EXPECT_EQ(match->path.at("id"), "x:y");
  EXPECT_EQ(pattern_of("POST", "/ga4gh/tes/v1/tasks/abc%3Acancel"), "/ga4gh/tes/v1/tasks/{id}:cancel")
      << "the segment was encoded as a whole";
  EXPECT_EQ(pattern_of("POST", "/ga4gh/tes/v1/tasks/%3acancel"), "wrong method") << "a task without an id";
}

// The description and the table name the same paths and methods.
TEST(Routes, OpenApiDescribesEveryRouteOfApiV1) {
  std::set<std::string> described;
  std::istringstream text{std::string(openapi_text())};
  std::string path;
  for (std::string line; std::getline(text, line);) {
    if (line == "components:") break;
    if (line.starts_with("  /") && line.ends_with(':')) path = line.substr(2, line.size() - 3);
    for (const char* method : {"get", "post", "patch", "delete", "options"}) {
      if (line == std::string("    ") + method + ":") described.insert(std::string(method) + " " + path);
    }
  }
  std::set<std::string> answered;
  for (const Route& route : routes()) {
    if (!route.pattern.starts_with("/api/v1/")) continue;
    std::string pattern = route.pattern.substr(7);
    if (const size_t dots = pattern.find("...}"); dots != std::string::npos) pattern.replace(dots, 4, "}");
    std::string method = route.method;
    std::transform(method.begin(), method.end(), method.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    answered.insert(method + " " + pattern);
  }
  EXPECT_EQ(described, answered);
}

}  // namespace
}  // namespace hetao::api
