#include "gateway/io/change_feed.h"

#include <gtest/gtest.h>

#include "gateway/base/access_limits.h"

namespace hetao::io {
namespace {

TEST(ChangeFeed, TellsWhatChangedSinceEachThingOnce) {
  ChangeFeed feed;
  EXPECT_TRUE(feed.since(0)->empty());
  feed.add({ChangedKind::kJob, "a"});
  feed.add({ChangedKind::kJob, "b"});
  feed.add({ChangedKind::kJob, "a"});
  EXPECT_EQ(feed.since(0)->size(), 2U);
  EXPECT_EQ(feed.since(2), (std::vector<ChangedThing>{{ChangedKind::kJob, "a"}}));
  EXPECT_TRUE(feed.since(3)->empty());
  EXPECT_FALSE(feed.since(4)) << "of another process";
}

TEST(ChangeFeed, SaysThatItHasForgotten) {
  ChangeFeed feed;
  for (size_t i = 0; i < limits::kEventsKept + 10; ++i) feed.add({ChangedKind::kJob, std::to_string(i)});
  EXPECT_FALSE(feed.since(9));
  EXPECT_EQ(feed.since(10)->size(), limits::kEventsKept);
  EXPECT_NE(ChangeFeed().epoch(), ChangeFeed().epoch());
}

TEST(ChangeFeed, FollowsSomeRecords) {
  using federation::Table;
  std::vector<ChangedThing> things;
  add_things({{Table::kJob, "j", "x"},
              {Table::kJob, "j", "y"},
              {Table::kSession, "s", "x"},
              {Table::kPolicyRecord, "state", "x"}},
             things);
  EXPECT_EQ(things, (std::vector<ChangedThing>{{ChangedKind::kJob, "j"}, {ChangedKind::kPolicy, ""}}));
}

}  // namespace
}  // namespace hetao::io
