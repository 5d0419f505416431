#include "gateway/base/text.h"

#include <gtest/gtest.h>

#include "gateway/base/diagnostic.h"

namespace hetao {
namespace {

TEST(Text, GlobsAreAnchored) {
  EXPECT_TRUE(glob_match("hku-*", "hku-med"));
  EXPECT_FALSE(glob_match("hku-*", "x-hku-med"));
  EXPECT_TRUE(glob_match("*.c?v", "a.csv"));
  EXPECT_FALSE(glob_match("*.c?v", "a.csvx"));
  EXPECT_TRUE(glob_match("[a-c]x[!0-9]", "bxz"));
  EXPECT_FALSE(glob_match("[a-c]x[!0-9]", "bx5"));
  EXPECT_TRUE(glob_match("\\*", "*"));
  EXPECT_FALSE(glob_match("\\*", "a"));
  EXPECT_TRUE(glob_match("[", "["));
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_FALSE(glob_match("", "a"));
}

TEST(Text, AHostileGlobCostsNoMoreThanPatternTimesText) {
  EXPECT_FALSE(glob_match("*a*a*a*a*a*a*a*a*b", std::string(20'000, 'a')));
}

TEST(Text, NamesTheNearestKnownName) {
  const std::vector<std::string> known = {"data.grade", "data.personal", "crossing.to"};
  EXPECT_EQ(nearest_name("data.garde", known), "data.grade");
  EXPECT_EQ(nearest_name("zebra", known), "");
}

TEST(Text, Utf8IsCheckedToTheLetter) {
  EXPECT_TRUE(is_utf8("河套 \xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_utf8("\xc0\x80"));          // overlong
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // over U+10FFFF
  EXPECT_FALSE(is_utf8("\xe6\xb2"));          // cut
}

TEST(Text, ErrorsStayOnOneLine) {
  const Error error{ErrorCode::kFailed, "job\n1", "bad\x1b[31m", "mend it"};
  EXPECT_EQ(to_line(error), "job 1: bad?[31m (mend it)");
  EXPECT_EQ(to_line(Diagnostic{"a.yaml", 3, 7, "unknown key \"imge\"", "a TES executor",
                               "did you mean \"image\"?"}),
            "a.yaml:3:7: unknown key \"imge\"; expected a TES executor (did you mean \"image\"?)");
}

TEST(Readable, AnyBytesBecomeOneLineOfUtf8) {
  EXPECT_EQ(readable("a\xff\xe5\x90\nz", 100), "a??? z");
  EXPECT_EQ(readable("\xed\xa0\x80", 100), "???");  // half a surrogate pair
  EXPECT_EQ(readable("名字", 100), "名字");
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_TRUE(is_utf8(readable(std::string(5, static_cast<char>(byte)), 4))) << byte;
  }
}

TEST(Readable, ACutNeverSplitsACharacter) {
  EXPECT_EQ(readable("名字", 5), "名");
  EXPECT_EQ(readable("名字", 6), "名字");
  EXPECT_EQ(readable("abc", 0), "");
}

}  // namespace
}  // namespace hetao
