#include "gateway/base/token_bucket.h"

#include <gtest/gtest.h>

#include <limits>

namespace hetao {
namespace {

constexpr Instant kStart{1'000'000'000};

TEST(TokenBucket, StartsFullAndGivesNoMoreThanItsBurst) {
  TokenBucket bucket(10, 100, kStart);
  EXPECT_FALSE(bucket.take(101, kStart));
  EXPECT_TRUE(bucket.take(100, kStart));
  EXPECT_FALSE(bucket.take(1, kStart));
}

TEST(TokenBucket, RefillsAtItsRateWithoutLosingFractions) {
  TokenBucket bucket(3, 100, kStart);
  ASSERT_TRUE(bucket.take(100, kStart));
  for (int i = 1; i <= 1'000'000; ++i) bucket.level(kStart + Duration{i});  // a microsecond at a time
  EXPECT_EQ(bucket.level(kStart + Duration::seconds(1)), 3U);
}

TEST(TokenBucket, SaysWhenTokensWillBeThereAndKeepsItsWord) {
  TokenBucket bucket(7, 50, kStart);
  ASSERT_TRUE(bucket.take(50, kStart));
  const Instant ready = bucket.ready_at(20, kStart);
  EXPECT_FALSE(bucket.take(20, ready - Duration{1}));
  EXPECT_TRUE(bucket.take(20, ready));
  EXPECT_EQ(bucket.ready_at(1'000, ready), bucket.ready_at(50, ready))
      << "more than a full bucket never comes";
}

TEST(TokenBucket, AClockThatGoesBackAddsNothing) {
  TokenBucket bucket(10, 10, kStart);
  ASSERT_TRUE(bucket.take(10, kStart));
  EXPECT_EQ(bucket.level(kStart - Duration::seconds(5)), 0U);
  EXPECT_EQ(bucket.level(kStart + Duration::seconds(1)), 10U);
}

TEST(TokenBucket, SaturatesAtTheFarEndsOfTime) {
  TokenBucket bucket(uint64_t{1} << 40U, uint64_t{1} << 43U, Instant{std::numeric_limits<int64_t>::min()});
  const Instant end{std::numeric_limits<int64_t>::max()};
  EXPECT_TRUE(bucket.take(uint64_t{1} << 43U, end));
  EXPECT_EQ(bucket.take_up_to(1, end), 0U);
}

}  // namespace
}  // namespace hetao
