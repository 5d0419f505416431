// A job's attempts: another place, within a budget, and never a second start; and what time ends.
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/federation/table.h"
#include "tests/unit/federation/two_cities.h"

namespace hetao::federation {
namespace {

const std::vector<std::string> kMacao = {"macao"};

void away_from_home(CoreConfig& config) {
  if (config.region == "hongkong") config.platforms.clear();
}

size_t starts(const TwoCities& world, const std::string& run) {
  return static_cast<size_t>(
      std::count_if(world.journal().begin(), world.journal().end(),
                    [&](const std::string& line) { return line.ends_with(" starts " + run); }));
}

TEST(Attempts, APlaceThatRefusesIsFollowedByAnother) {
  TwoCities world(kRules, kMacao, away_from_home);
  world.platform_does["macao"] = "refuse";
  const std::string id = world.submit("hongkong", "", "");
  world.settle();
  world.wait(Duration::seconds(5));
  const pb::Job& job = world.job(id);
  EXPECT_EQ(job.state(), pb::JOB_COMPLETE) << job.reason();
  EXPECT_EQ(job.region(), "shenzhen");
  ASSERT_EQ(job.attempts_size(), 1);
  EXPECT_EQ(job.attempts(0).failure_class(), failure::kRefused);
  EXPECT_EQ(job.attempts(0).region(), "macao");
  EXPECT_EQ(world.unrest(), "");
}

TEST(Attempts, TheBudgetEndsAJobThatEveryPlaceRefuses) {
  TwoCities world(kRules);
  world.platform_does["shenzhen"] = "refuse";
  const std::string id = world.submit("hongkong", "shenzhen", "");
  world.settle();
  for (int i = 0; i < 10; ++i) world.wait(Duration::seconds(60));
  EXPECT_EQ(world.job(id).state(), pb::JOB_SYSTEM_ERROR);
  EXPECT_EQ(world.job(id).failure_class(), failure::kRefused);
  EXPECT_EQ(world.job(id).attempts_size(), 3);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Attempts, WhatAPolicyForbidsInOnePlaceIsTriedInAnotherAndNotThereAgain) {
  TwoCities world(kRules, kMacao, away_from_home);
  world.activate("macao", std::string(kRules) +
                              "  - {id: F9, effect: forbid, title: no programs, when: {action: cross, "
                              "crossing.to: MO}}\n");
  const std::string id = world.submit("hongkong", "", "");
  world.settle();
  world.wait(Duration::seconds(5));
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  EXPECT_EQ(world.job(id).region(), "shenzhen");
  EXPECT_EQ(world.job(id).attempts(0).failure_class(), failure::kPolicy);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Attempts, ALostRunIsNotRepeatedUnlessItsTaskSaysThatItMayBe) {
  for (const bool preemptible : {false, true}) {
    TwoCities world(kRules, kMacao, away_from_home);
    world.platform_does["macao"] = "lose";
    const std::string id = world.submit(
        "hongkong", "", "", [&](pb::Task& task) { task.mutable_resources()->set_preemptible(preemptible); });
    world.settle();
    for (int i = 0; i < 5; ++i) world.wait(Duration::seconds(20));
    EXPECT_EQ(world.job(id).state(), preemptible ? pb::JOB_COMPLETE : pb::JOB_SYSTEM_ERROR);
    EXPECT_EQ(starts(world, id + ".1"), 1U);
    EXPECT_EQ(starts(world, id + ".2"), preemptible ? 1U : 0U);
    if (!preemptible) {
      EXPECT_EQ(world.job(id).failure_class(), failure::kLost);
    }
    EXPECT_EQ(world.unrest(), "");
  }
}

TEST(Attempts, AnOfferThatNobodyAnswersGoesElsewhereAndIsNeverStartedTwice) {
  TwoCities world(kRules, kMacao, away_from_home);
  world.cut_off("macao");
  // Macao is asked although it is away: it was up when the job was decided.
  world.connect_again("macao");
  const std::string id = world.submit("hongkong", "", "");
  world.cut_off("macao");
  world.settle();
  ASSERT_EQ(world.job(id).state(), pb::JOB_OFFERED);
  ASSERT_EQ(world.job(id).region(), "macao");
  world.wait(Duration::seconds(601));
  world.wait(Duration::seconds(5));
  EXPECT_EQ(world.job(id).region(), "shenzhen");
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  world.connect_again("macao");
  world.settle();
  EXPECT_EQ(starts(world, id + ".1"), 0U);
  EXPECT_EQ(starts(world, id + ".2"), 1U);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Attempts, AJobWaitsForTheOnlyPlaceThatMayTakeIt) {
  TwoCities world(kRules);
  world.cut();
  const std::string id = world.submit("hongkong", "shenzhen", "");
  world.settle();
  for (int i = 0; i < 20; ++i) world.wait(Duration::seconds(3600));
  EXPECT_EQ(world.job(id).state(), pb::JOB_OFFERED);
  world.connect();
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Attempts, AJobThatIsNotAtItsEndInTimeExpiresAndStopsOnBothSides) {
  TwoCities world(kRules, {}, [](CoreConfig& config) { config.job_deadline = Duration::seconds(100); });
  world.cut();
  const std::string id = world.submit("hongkong", "shenzhen", "");
  world.settle();
  world.wait(Duration::seconds(99));
  EXPECT_EQ(world.job(id).state(), pb::JOB_OFFERED);
  world.wait(Duration::seconds(2));
  EXPECT_EQ(world.job(id).state(), pb::JOB_EXPIRED);
  EXPECT_EQ(world.job(id).failure_class(), failure::kDeadline);
  world.connect();
  world.settle();
  EXPECT_EQ(starts(world, id + ".1"), 0U);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Attempts, ACancelledJobIsOverThoughItsPlaceIsSilent) {
  TwoCities world(kRules);
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-tagged");
  world.settle();
  ASSERT_EQ(world.job(id).state(), pb::JOB_HELD);
  world.cut();
  CancelJob cancel{1, id, {}};
  cancel.who.set_user("researcher");
  world.post("hongkong", cancel);
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_CANCELLING);
  world.wait(Duration::seconds(61));
  EXPECT_EQ(world.job(id).state(), pb::JOB_CANCELLED) << "nobody polls for ever";
  world.connect();
  world.settle();
  EXPECT_TRUE(is_final(world.core("shenzhen").run(id + ".1")->state()));
  EXPECT_EQ(starts(world, id + ".1"), 0U);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Attempts, AHoldThatNobodyAnswersExpiresOnBothSides) {
  for (const char* dataset : {"hongkong-tagged", "shenzhen-tagged"}) {
    TwoCities world(kRules, {}, [](CoreConfig& config) { config.hold_expiry = Duration::seconds(600); });
    const std::string place = std::string(dataset).starts_with("hongkong") ? "shenzhen" : "hongkong";
    const std::string id = world.submit("hongkong", place, dataset);
    world.settle();
    ASSERT_EQ(world.job(id).state(), pb::JOB_HELD);
    world.wait(Duration::seconds(599));
    EXPECT_EQ(world.job(id).state(), pb::JOB_HELD);
    world.wait(Duration::seconds(2));
    EXPECT_EQ(world.job(id).state(), pb::JOB_EXPIRED) << dataset;
    EXPECT_EQ(world.job(id).failure_class(), failure::kHoldExpired);
    EXPECT_EQ(world.unrest(), "");
  }
}

TEST(Attempts, APeerThatHasLeftTheFederationEndsWhatWaitsForIt) {
  TwoCities world(kRules, kMacao);
  world.cut_off("shenzhen");
  const std::string id = world.submit("hongkong", "shenzhen", "");
  world.settle();
  City& home = world.city("hongkong");
  std::erase_if(home.config.peers, [](const PeerConfig& peer) { return peer.region == "shenzhen"; });
  world.restart("hongkong");
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_SYSTEM_ERROR);
  EXPECT_EQ(world.job(id).failure_class(), failure::kPeerGone);
  for (const auto& [crossing, known] : world.core("hongkong").crossings()) {
    EXPECT_TRUE(is_final(known.state())) << crossing;
  }
}

TEST(Regions, AThirdRegionsDataGoesStraightToWhereTheJobRuns) {
  TwoCities world(kRules, kMacao);
  const std::string id = world.submit("hongkong", "shenzhen", "macao-general");
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  EXPECT_EQ(world.booked("macao", "departed", "j1.1.i1"), 1U);
  EXPECT_EQ(world.booked("shenzhen", "arrived", "j1.1.i1"), 1U);
  EXPECT_EQ(world.booked("shenzhen", "departed", "j1.1.o0"), 1U) << "onward is a crossing of its own";
  EXPECT_EQ(world.booked("hongkong", "arrived", "j1.1.o0"), 1U);
  EXPECT_EQ(world.booked("hongkong", "arrived", "j1.1.i1"), 0U);
  EXPECT_EQ(world.unrest(), "");
}

}  // namespace
}  // namespace hetao::federation
