#include "gateway/base/time.h"

#include <gtest/gtest.h>

namespace hetao {
namespace {

TEST(Time, Rfc3339RoundTrips) {
  const auto t = parse_rfc3339("2026-11-23T19:55:51.000123+08:00");
  ASSERT_TRUE(t);
  EXPECT_EQ(to_rfc3339(*t), "2026-11-23T11:55:51.000123Z");
  EXPECT_EQ(parse_rfc3339(to_rfc3339(*t)), t);
  EXPECT_EQ(to_rfc3339({-1}), "1969-12-31T23:59:59.999999Z");
  for (const char* bad :
       {"2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-23 00:00:00Z", "2026-11-23T00:00:00",
        "2026-11-23T24:00:00Z", "2026-11-23T00:00:00.Z", "2026-11-23T00:00:00Zx"}) {
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
  }
}

TEST(Time, TheYearTurnsAtMidnightInShanghai) {
  const Instant before = *parse_rfc3339("2026-12-31T15:59:59.999999Z");
  EXPECT_EQ(to_string(shanghai_date(before)), "2026-12-31");
  EXPECT_EQ(to_string(shanghai_date(before + Duration{1})), "2027-01-01");
  EXPECT_EQ(year_of(shanghai_date(before + Duration{1})), 2027);
}

TEST(Time, DatesAreReadStrictly) {
  EXPECT_EQ(parse_date("2024-02-29"), date_of(2024, 2, 29));
  EXPECT_FALSE(parse_date("2100-02-29"));
  EXPECT_FALSE(parse_date("2026-1-01"));
  EXPECT_EQ(to_string(date_of(1969, 12, 31)), "1969-12-31");
}

TEST(Time, DurationsAreOneNumberAndOneUnit) {
  EXPECT_EQ(parse_duration("30d"), Duration::seconds(30 * 86'400));
  EXPECT_EQ(parse_duration("500ms"), Duration::millis(500));
  EXPECT_FALSE(parse_duration("30"));
  EXPECT_FALSE(parse_duration("-1s"));
  EXPECT_FALSE(parse_duration("1h30m"));
  EXPECT_EQ(to_string(*parse_duration("36h")), "36h");
  EXPECT_EQ(to_string(*parse_duration("48h")), "2d");
}

}  // namespace
}  // namespace hetao
