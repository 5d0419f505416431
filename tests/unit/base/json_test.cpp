#include "gateway/base/json.h"

#include <gtest/gtest.h>

namespace hetao {
namespace {

std::string canonical(std::string_view text) {
  const auto value = parse_json(text, "test");
  return value ? canonical_json(*value) : to_line(value.error());
}

TEST(CanonicalJson, SortsKeysByUtf16UnitsAsRfc8785Asks) {
  // The example of RFC 8785 section 3.2.3, numbers left out.
  EXPECT_EQ(
      canonical(
          R"({"\u20ac":"Euro","\r":"CR","\ufb33":"D","1":"One","\ud83d\ude00":"Emoji","\u0080":"C","\u00f6":"O"})"),
      "{\"\\r\":\"CR\",\"1\":\"One\",\"\xc2\x80\":\"C\",\"\xc3\xb6\":\"O\",\"\xe2\x82\xac\":\"Euro\","
      "\"\xf0\x9f\x98\x80\":\"Emoji\",\"\xef\xac\xb3\":\"D\"}");
}

TEST(CanonicalJson, EscapesOnlyWhatItMust) {
  EXPECT_EQ(canonical(R"(["\u000f\n\"\\\/A", true, null, -5, 10])"), R"(["\u000f\n\"\\/A",true,null,-5,10])");
}

TEST(CanonicalJson, PrintsEveryAsciiCharacterSoThatItReadsBack) {
  std::string text;
  for (char c = 0; c < 0x7f; ++c) text += c;
  std::string out;
  append_canonical_string(out, text);
  EXPECT_NE(out.find(R"(\u0007\b\t\n\u000b\f\r\u000e)"), std::string::npos) << out;
  const auto back = parse_json(out, "test");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->get_string(), text);
}

TEST(ParseJson, SaysWhereTheMistakeStands) {
  const auto bad = parse_json("{\"a\": 1,\n  \"b\": }", "job.json");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kUsage);
  EXPECT_EQ(bad.error().what, "job.json");
  EXPECT_NE(bad.error().why.find("at 2:8"), std::string::npos) << bad.error().why;
}

TEST(ParseJson, RefusesDuplicateKeysDeepNestingTrailersAndBadUtf8) {
  EXPECT_FALSE(parse_json(R"({"a":{"x":1},"b":{"x":1,"x":2}})", "t"));
  EXPECT_TRUE(parse_json(R"({"a":{"x":1},"b":{"x":2}})", "t"));
  EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']'), "t"));
  EXPECT_FALSE(parse_json("{} {}", "t"));
  EXPECT_FALSE(parse_json("\"\xc0\xaf\"", "t"));
  EXPECT_FALSE(parse_json("", "t"));
  EXPECT_FALSE(parse_json("[1", "t"));
  EXPECT_FALSE(parse_json("[1,2,3]", "t", 3));
}

}  // namespace
}  // namespace hetao
