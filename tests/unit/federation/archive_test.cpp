// What is over and settled leaves the core for the archive, on both sides, and stays out of it after a
// restart.
#include <gtest/gtest.h>

#include "gateway/federation/table.h"
#include "tests/unit/federation/two_cities.h"

namespace hetao::federation {
namespace {

constexpr Duration kRest = Duration::seconds(61);

void rest_a_minute(CoreConfig& config) {
  config.retire_after = Duration::seconds(60);
}

bool is_archived(TwoCities& world, const std::string& region, Table table, const std::string& key) {
  const auto& rows = world.city(region).rows;
  return rows.contains({table, key}) && !rows.contains({present_of(table), key});
}

// Both cities hold what is tagged, on its way there and what is made of it on its way back.
void approve_everything(TwoCities& world) {
  for (int i = 0; i < 10; ++i) {
    for (const char* region : {"hongkong", "shenzhen"}) {
      for (const std::string& review : world.open_reviews(region)) world.answer(region, review, true, "rita");
    }
  }
}

TEST(Archive, AnEndedJobLeavesBothCoresAndIsKeptOnDisk) {
  TwoCities world(kRules, {}, rest_a_minute);
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  ASSERT_EQ(world.job(id).state(), pb::JOB_COMPLETE);
  world.wait(Duration::seconds(30));
  EXPECT_NE(world.core("hongkong").job(id), nullptr) << "people and peers ask most about what just ended";
  world.wait(kRest);
  for (const char* region : {"hongkong", "shenzhen"}) {
    EXPECT_TRUE(world.core(region).jobs().empty()) << region;
    EXPECT_TRUE(world.core(region).runs().empty()) << region;
    EXPECT_TRUE(world.core(region).crossings().empty()) << region;
    EXPECT_TRUE(is_archived(world, region, Table::kPastCrossing, "j1.1.o0")) << region;
  }
  EXPECT_TRUE(is_archived(world, "hongkong", Table::kPastJob, id));
  EXPECT_TRUE(is_archived(world, "shenzhen", Table::kPastRun, "j1.1"));
  EXPECT_TRUE(world.city("hongkong").rows.contains({Table::kPastOfTenant, "hongkong-university/j1"}));
  EXPECT_EQ(world.core("hongkong").retired(), 1U);
  world.restart("hongkong");
  world.settle();
  EXPECT_TRUE(world.core("hongkong").jobs().empty());
  EXPECT_TRUE(world.core("hongkong").crossings().empty());
}

TEST(Archive, AnIdempotencyKeyGoesWithItsJob) {
  TwoCities world(kRules, {}, rest_a_minute);
  pb::Principal who;
  who.set_user("researcher");
  who.set_tenant("hongkong-university");
  world.submit("hongkong", "hongkong", "");
  world.settle();
  ASSERT_NE(world.core("hongkong").job_of_key(who, "j1"), nullptr);
  world.wait(kRest);
  EXPECT_EQ(world.core("hongkong").job_of_key(who, "j1"), nullptr);
  EXPECT_TRUE(is_archived(world, "hongkong", Table::kPastIdempotency, "hongkong-university/researcher/j1"));
}

TEST(Archive, WhatIsOpenStays) {
  TwoCities world(kRules, {}, rest_a_minute);
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-tagged");
  world.settle();
  world.wait(Duration::seconds(3600));
  EXPECT_EQ(world.job(id).state(), pb::JOB_HELD);
  ASSERT_FALSE(world.open_reviews("hongkong").empty());
  approve_everything(world);
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  world.wait(kRest);
  for (const char* region : {"hongkong", "shenzhen"}) {
    EXPECT_TRUE(world.core(region).jobs().empty()) << region;
    EXPECT_TRUE(world.core(region).reviews().empty()) << region;
    EXPECT_TRUE(is_archived(world, region, Table::kPastReview, "rv-j1.1.i1")) << region;
  }
}

TEST(Archive, AnObligationKeepsItsJobUntilItsReceipt) {
  TwoCities world(R"(
rules:
  - {id: P1, effect: permit, title: anything, when: {action: cross}, obligations: [delete-after: {duration: 2h}]}
  - {id: P2, effect: permit, title: platforms, when: {action: place}}
)",
                  {}, rest_a_minute);
  world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  world.wait(Duration::seconds(3600));
  EXPECT_FALSE(world.core("shenzhen").crossings().empty());
  world.wait(Duration::seconds(3700));
  world.wait(kRest);
  EXPECT_TRUE(world.core("shenzhen").crossings().empty());
  EXPECT_EQ(world.booked("shenzhen", "deleted", "j1.1.i1"), 1U);
  EXPECT_FALSE(world.city("shenzhen").rows.contains({Table::kPastBlob, "d-hongkong-general/j1"}))
      << "it keeps no file that was deleted";
}

TEST(Archive, AnArchivedJobKeepsItsFiles) {
  TwoCities world(kRules, {}, rest_a_minute);
  world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  world.wait(kRest);
  EXPECT_TRUE(world.city("shenzhen").rows.contains({Table::kPastBlob, "d-hongkong-general/j1"}));
  EXPECT_TRUE(world.city("hongkong").rows.contains({Table::kPastBlob, "d-j1.1-0/j1"}));
}

TEST(Archive, WhoWaitsForAnItemOfAnArchivedJobHearsThatItIsOver) {
  TwoCities world(kRules, {}, rest_a_minute);
  world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  world.wait(kRest);
  pb::PeerMessage late;
  late.mutable_crossing_answer()->set_crossing("j1.1.c0");
  late.mutable_crossing_answer()->mutable_verdict()->set_effect("permit");
  world.post("hongkong", PeerSaid{"shenzhen", late});
  EXPECT_TRUE(world.core("hongkong").crossings().empty());
  EXPECT_EQ(world.core("hongkong").peers().at(0).outbox, 1U);
  world.settle();
  EXPECT_EQ(world.core("hongkong").peers().at(0).outbox, 0U);
}

// As gateways of before said it, which asked for what a job brings along ahead of its offer.
TEST(Archive, WhatArrivedBeforeTheOfferOfItsJobWaitsForIt) {
  TwoCities world(kRules, {}, rest_a_minute);
  world.submit("hongkong", "shenzhen", "");
  while (world.core("shenzhen").crossing("j1.1.c0") == nullptr) ASSERT_TRUE(world.happen());
  pb::PeerMessage ask;
  pb::Crossing& asked = *ask.mutable_crossing_ask()->mutable_crossing();
  asked = *world.core("hongkong").crossing("j1.1.c0");
  asked.set_id("j9.1.c0");
  asked.set_job("j9");
  world.settle();
  world.post("shenzhen", PeerSaid{"hongkong", ask});
  world.post("shenzhen", ItemStored{"j9.1.c0"});
  world.wait(kRest);
  EXPECT_EQ(world.core("shenzhen").crossings().size(), 1U) << "its job is over, this one's has not come";
  world.wait(Duration::seconds(int64_t{31} * 86'400));
  EXPECT_TRUE(is_archived(world, "shenzhen", Table::kPastCrossing, "j9.1.c0")) << "it never came";
}

TEST(Archive, WhoAsksForWhatIsArchivedHearsThatItIsOverAndNobodyDecides) {
  TwoCities world(kRules, {}, rest_a_minute);
  world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  pb::PeerMessage fetched;
  *fetched.mutable_crossing_ask()->mutable_crossing() = *world.core("hongkong").crossing("j1.1.i1");
  pb::PeerMessage result;
  *result.mutable_crossing_ask()->mutable_crossing() = *world.core("shenzhen").crossing("j1.1.o0");
  result.mutable_crossing_ask()->mutable_crossing()->clear_theirs();
  world.wait(kRest);
  const size_t decided = world.booked("shenzhen", "decision", "j1.1.i1");
  world.post("shenzhen", PeerSaid{"hongkong", fetched});
  world.post("hongkong", PeerSaid{"shenzhen", result});
  EXPECT_EQ(world.core("shenzhen").peers().at(0).outbox, 1U) << "that it is over";
  EXPECT_EQ(world.core("hongkong").peers().at(0).outbox, 1U);
  world.settle();
  EXPECT_TRUE(world.core("shenzhen").crossings().empty());
  EXPECT_TRUE(world.core("hongkong").crossings().empty());
  EXPECT_EQ(world.booked("shenzhen", "decision", "j1.1.i1"), decided);
}

TEST(Archive, WhatArchivedRunsCostCountsTowardsTheMonthsCap) {
  TwoCities world(kRules, {}, [](CoreConfig& config) {
    rest_a_minute(config);
    config.monthly_caps["hongkong-university"] = 1;
  });
  world.submit("hongkong", "hongkong", "");
  while (world.happen() && world.core("hongkong").runs().begin()->second.state() != pb::RUN_COLLECTING) {
  }
  RunCollected collected{"j1.1", {}, {}};
  collected.usage.set_source("test");
  collected.usage.set_cost_micros(5'000'000);
  collected.usage.set_currency("CNY");
  world.post("hongkong", std::move(collected));
  world.settle();
  world.wait(kRest);
  EXPECT_TRUE(world.core("hongkong").runs().empty());
  const auto& rows = world.city("hongkong").rows;
  const auto row = rows.lower_bound({Table::kSpent, "hongkong-university/"});
  ASSERT_TRUE(row != rows.end() && row->first.first == Table::kSpent);
}

}  // namespace
}  // namespace hetao::federation
