#include "gateway/api/url.h"

#include <gtest/gtest.h>

#include "gateway/api/range.h"

namespace hetao::api {
namespace {

TEST(Url, PercentsDecodeStrictly) {
  EXPECT_EQ(percent_decode("a%20b%2Fc"), "a b/c");
  EXPECT_EQ(percent_decode("%E6%B7%B1"), "深");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  for (const char* bad : {"%", "%2", "%zz", "a%", "%00", "%ff", "%c0%af"})
    EXPECT_FALSE(percent_decode(bad)) << bad;
}

TEST(Url, EncodingIsTheInverse) {
  const std::string odd = "a b/c?d=e&f%g\"深";
  EXPECT_EQ(percent_decode(percent_encode(odd)), odd);
}

TEST(Url, QueriesKeepOrderAndRepeats) {
  const auto query = Query::parse("tag_key=a&tag_value=1&tag_key=b&empty=&bare&x=1%262");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->all("tag_key"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(query->get("x"), "1&2");
  ASSERT_NE(query->find("bare"), nullptr);
  EXPECT_EQ(*query->find("empty"), "");
  EXPECT_EQ(query->find("nothing"), nullptr);
  EXPECT_FALSE(Query::parse("a=%f"));
  EXPECT_TRUE(Query::parse("")->fields().empty());
}

struct RangeCase {
  const char* header;
  uint64_t size;
  ByteRange::Kind kind;
  uint64_t first;
  uint64_t last;
};

TEST(Range, AreReadAsRfc9110Says) {
  using Kind = ByteRange::Kind;
  const RangeCase cases[] = {
      {"", 10, Kind::kWhole, 0, 0},
      {"bytes=0-", 10, Kind::kPart, 0, 9},
      {"bytes=3-5", 10, Kind::kPart, 3, 5},
      {"bytes=3-99", 10, Kind::kPart, 3, 9},
      {"bytes=-3", 10, Kind::kPart, 7, 9},
      {"bytes=-99", 10, Kind::kPart, 0, 9},
      {"bytes=10-", 10, Kind::kNone, 0, 0},
      {"bytes=-0", 10, Kind::kNone, 0, 0},
      {"bytes=0-", 0, Kind::kNone, 0, 0},
      {"bytes=5-3", 10, Kind::kWhole, 0, 0},
      {"bytes=a-b", 10, Kind::kWhole, 0, 0},
      {"bytes=-", 10, Kind::kWhole, 0, 0},
      {"bytes=0-1,3-4", 10, Kind::kWhole, 0, 0},
      {"items=0-1", 10, Kind::kWhole, 0, 0},
      {"bytes=99999999999999999999-", 10, Kind::kWhole, 0, 0},
  };
  for (const RangeCase& one : cases) {
    const ByteRange range = read_range(one.header, one.size);
    EXPECT_EQ(static_cast<int>(range.kind), static_cast<int>(one.kind)) << one.header;
    if (one.kind != Kind::kPart) continue;
    EXPECT_EQ(range.first, one.first) << one.header;
    EXPECT_EQ(range.last, one.last) << one.header;
  }
  EXPECT_EQ(content_range({ByteRange::Kind::kPart, 3, 5}, 10), "bytes 3-5/10");
}

}  // namespace
}  // namespace hetao::api
