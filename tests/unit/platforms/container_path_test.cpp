#include "gateway/platforms/container_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/path.h"

namespace hetao::platforms {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ContainerPath, PlainAbsolutePathsPass) {
  for (const char* path : {"/data", "/data/a b.csv", "/tmp/x", "/out/結果.bin", "/a/...", "/a/..b",
                           "/procedure", "/system/dev", "/-rf", "/a:b,c=\"d\"", "/with\nnewline"}) {
    EXPECT_TRUE(check_container_path(path, "input")) << path;
  }
}

TEST(ContainerPath, WaysOutAndOddFormsAreRefused) {
  for (const char* path :
       {"", "data", "./data", "/", "//data", "/data/", "/data//x", "/data/../etc", "/..", "/a/.", "/proc",
        "/proc/self", "/sys/kernel", "/dev", "/dev/shm/x", "/.hetao/init", "/a/\xff"}) {
    EXPECT_FALSE(check_container_path(path, "input")) << path;
  }
  EXPECT_FALSE(check_container_path(std::string_view("/a\0b", 4), "input"));
  EXPECT_FALSE(check_container_path("/" + std::string(256, 'x'), "input"));
  std::string deep;
  while (deep.size() < 4'096) deep += "/x";
  EXPECT_FALSE(check_container_path(deep, "input"));
}

TEST(ContainerPath, RefusalNamesThePathAndWhatToDo) {
  const auto refused = check_container_path("/data/../etc/shadow", "output");
  ASSERT_FALSE(refused);
  EXPECT_THAT(to_line(refused.error()), HasSubstr("output \"/data/../etc/shadow\": has a part . or .."));
}

TEST(ContainerPath, RelativeNamesFollowTheSameRules) {
  EXPECT_TRUE(check_relative_path("train/a.csv", "file"));
  for (const char* path : {"", "/a", "../a", "a/../b", "a/", "a//b", "."}) {
    EXPECT_FALSE(check_relative_path(path, "file")) << path;
  }
}

TEST(ContainerPath, WithinMeansWholeParts) {
  EXPECT_TRUE(is_within("/data", "/data"));
  EXPECT_TRUE(is_within("/data/x", "/data"));
  EXPECT_TRUE(is_within("/data", "/"));
  EXPECT_FALSE(is_within("/database", "/data"));
  EXPECT_FALSE(is_within("/data", "/data/x"));
}

TEST(ContainerPath, ComponentsOfRootAreNone) {
  EXPECT_THAT(path_components("/"), IsEmpty());
  EXPECT_THAT(path_components("/a/b"), ElementsAre("a", "b"));
  EXPECT_THAT(path_components("a/b"), ElementsAre("a", "b"));
}

TEST(ContainerPath, LiteralFolderEndsBeforeTheFirstWildcard) {
  EXPECT_EQ(literal_folder("/out/run*/x.txt"), "/out");
  EXPECT_EQ(literal_folder("/out/*.txt"), "/out");
  EXPECT_EQ(literal_folder("/*.txt"), "/");
  EXPECT_EQ(literal_folder("/out/a[0-9]/b"), "/out");
  EXPECT_EQ(literal_folder("/out/x.txt"), "/out");
}

TEST(ContainerPath, WildcardsStayWithinOnePart) {
  EXPECT_TRUE(wildcard_match("/out/*.txt", "/out/a.txt"));
  EXPECT_TRUE(wildcard_match("/out/*/[ab]?.bin", "/out/run-1/a7.bin"));
  EXPECT_FALSE(wildcard_match("/out/*.txt", "/out/sub/a.txt"));
  EXPECT_FALSE(wildcard_match("/out/*", "/out"));
  EXPECT_FALSE(wildcard_match("/out/[!a]*", "/out/abc"));
}

TEST(ContainerPath, WildcardsMatchALeadingDotOnlyIfItIsWritten) {
  EXPECT_FALSE(wildcard_match("/out/*", "/out/.hidden"));
  EXPECT_FALSE(wildcard_match("/out/?hidden", "/out/.hidden"));
  EXPECT_TRUE(wildcard_match("/out/.*", "/out/.hidden"));
}

TEST(ContainerPath, PrefixIsStrippedWithItsSlash) {
  EXPECT_EQ(strip_prefix("/out/sub/a.txt", "/out"), "sub/a.txt");
  EXPECT_EQ(strip_prefix("/out/sub/a.txt", "/out/"), "sub/a.txt");
  EXPECT_EQ(strip_prefix("/out/a.txt", "/else"), "out/a.txt");
}

}  // namespace
}  // namespace hetao::platforms
