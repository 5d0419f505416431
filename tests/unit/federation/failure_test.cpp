// What goes wrong: cancelled at every point, cut, repeated, restarted. Each comes to the end that it should.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/federation/two_cities.h"

namespace hetao::federation {
namespace {

constexpr int kFarEnough = 500;

void cancel(TwoCities& world, const std::string& home, const std::string& id) {
  CancelJob event{1'000'000, id, {}};
  event.who.set_user("researcher");
  world.post(home, event);
}

void let_happen(TwoCities& world, int count) {
  for (int i = 0; i < count; ++i) world.happen();
}

bool is_over(pb::JobState state) {
  return state == pb::JOB_COMPLETE || state == pb::JOB_CANCELLED;
}

TEST(Failure, AJobCanBeCancelledAtEveryPointAndLeavesNothing) {
  std::set<pb::JobState> cancelled_in;
  for (int after = 0; after < kFarEnough; ++after) {
    TwoCities world(kRules);
    const std::string id = world.submit("hongkong", "shenzhen", "hongkong-general");
    let_happen(world, after);
    const pb::JobState state = world.job(id).state();
    cancelled_in.insert(state);
    cancel(world, "hongkong", id);
    world.settle();
    world.wait(Duration::seconds(60));
    EXPECT_TRUE(is_over(world.job(id).state())) << "after " << after << " effects";
    EXPECT_EQ(world.unrest(), "") << "after " << after << " effects";
    if (state == pb::JOB_COMPLETE) break;
  }
  for (const pb::JobState state :
       {pb::JOB_QUEUED, pb::JOB_STAGING, pb::JOB_RUNNING, pb::JOB_RETURNING, pb::JOB_COMPLETE}) {
    if (state == pb::JOB_QUEUED) continue;  // what is permitted is offered in the step that accepts it
    EXPECT_TRUE(cancelled_in.contains(state)) << pb::JobState_Name(state);
  }
}

TEST(Failure, AHeldJobCanBeCancelledAndItsReviewCloses) {
  TwoCities world(kRules);
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-tagged");
  world.settle();
  ASSERT_EQ(world.job(id).state(), pb::JOB_HELD);
  cancel(world, "hongkong", id);
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_CANCELLED);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Failure, JobsQueueForAPeerThatIsDownAndGoWhenItIsBack) {
  TwoCities world(kRules);
  world.cut();
  world.settle();
  EXPECT_FALSE(world.core("hongkong").peers().front().up);
  EXPECT_EQ(world.core("hongkong").peers().front().why_down, "cut");
  const std::string id = world.submit("hongkong", "shenzhen", "shenzhen-general");
  world.settle();
  world.wait(Duration::seconds(600));
  ASSERT_FALSE(world.told().error.has_value());
  EXPECT_FALSE(is_over(world.job(id).state()));
  EXPECT_GT(world.core("hongkong").peers().front().outbox, 0U);
  EXPECT_TRUE(world.core("shenzhen").runs().empty());
  world.connect();
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  EXPECT_EQ(world.unrest(), "");
}

TEST(Failure, MoreThanAPeerCanAcknowledgeAtOnceWaitsItsTurnAndAllOfItEnds) {
  constexpr int kJobs = 1'100;
  TwoCities world(kRules);
  world.cut();
  world.settle();
  std::vector<std::string> jobs;
  for (int i = 0; i < kJobs; ++i) {
    jobs.push_back(world.submit("hongkong", "shenzhen", "shenzhen-general"));
    world.settle();
  }
  EXPECT_GE(world.core("hongkong").peers().front().outbox, static_cast<size_t>(kJobs));
  world.restart("hongkong");  // they wait on disk
  world.connect();
  for (int effects = 0; world.happen(); ++effects) ASSERT_LT(effects, 1'000 * kJobs);
  for (const std::string& id : jobs) ASSERT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << id;
  EXPECT_EQ(world.unrest(), "");
}

TEST(Failure, ACutAtEveryPointIsMadeGoodWhenThePeerIsBack) {
  for (int after = 0; after < kFarEnough; ++after) {
    TwoCities world(kRules);
    const std::string id = world.submit("hongkong", "shenzhen", "hongkong-general");
    let_happen(world, after);
    const bool over = world.job(id).state() == pb::JOB_COMPLETE;
    world.cut();
    world.settle();
    world.wait(Duration::seconds(60));
    world.connect();
    world.settle();
    world.wait(Duration::seconds(60));
    ASSERT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << "after " << after << ": " << world.job(id).reason();
    ASSERT_EQ(world.unrest(), "") << "after " << after << " effects";
    if (over) break;
  }
}

TEST(Failure, RepeatedMessagesChangeNothing) {
  TwoCities once(kRules);
  once.submit("hongkong", "shenzhen", "hongkong-general");
  once.settle();
  TwoCities thrice(kRules);
  thrice.copies = 3;
  const std::string id = thrice.submit("hongkong", "shenzhen", "hongkong-general");
  thrice.settle();
  EXPECT_EQ(thrice.job(id).state(), pb::JOB_COMPLETE);
  EXPECT_EQ(thrice.unrest(), "");
  for (const char* region : {"hongkong", "shenzhen"}) {
    std::multiset<std::string> booked[2];
    for (const ledger::Entry& e : once.city(region).entries)
      booked[0].insert(e.kind + e.crossing + e.decision);
    for (const ledger::Entry& e : thrice.city(region).entries)
      booked[1].insert(e.kind + e.crossing + e.decision);
    EXPECT_EQ(booked[0], booked[1]) << region;
    EXPECT_EQ(once.counter(region), thrice.counter(region)) << region;
  }
}

TEST(Failure, ASubmissionThatIsRepeatedIsOneJob) {
  TwoCities world(kRules);
  SubmitJob event;
  event.request = 7;
  event.id = "a";
  event.task.add_executors()->set_image("host");
  event.task.mutable_resources()->add_zones("hongkong");
  event.submitter.set_user("researcher");
  event.submitter.set_tenant("hongkong-university");
  event.idempotency_key = "once";
  event.request_digest = "the same";
  world.post("hongkong", event);
  event.id = "b";
  world.post("hongkong", event);
  world.settle();
  EXPECT_TRUE(world.told().repeated);
  EXPECT_EQ(world.told().id, "a");
  event.id = "c";
  event.request_digest = "another";
  world.post("hongkong", event);
  world.settle();
  ASSERT_TRUE(world.told().error.has_value());
  EXPECT_EQ(world.core("hongkong").jobs().size(), 1U);
}

// A core made from the stored rows is the core that wrote them, after every single effect of a job.
TEST(Failure, ARestartFindsTheSameState) {
  TwoCities world(kRules);
  world.submit("hongkong", "shenzhen", "hongkong-general");
  do {
    for (const char* region : {"hongkong", "shenzhen"}) {
      const City& city = world.city(region);
      Core again(city.config);
      for (const auto& [where, value] : city.rows) {
        ASSERT_TRUE(again.load(Record{where.first, where.second, value}).has_value());
      }
      const auto same = [](const auto& a, const auto& b) {
        return a.size() == b.size() &&
               std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) {
                 return x.first == y.first && x.second.SerializeAsString() == y.second.SerializeAsString();
               });
      };
      ASSERT_TRUE(same(again.jobs(), city.core->jobs())) << region;
      ASSERT_TRUE(same(again.runs(), city.core->runs())) << region;
      ASSERT_TRUE(same(again.crossings(), city.core->crossings())) << region;
      ASSERT_TRUE(same(again.reviews(), city.core->reviews())) << region;
      ASSERT_TRUE(same(again.counters(), city.core->counters())) << region;
      ASSERT_TRUE(same(again.datasets(), city.core->datasets())) << region;
    }
  } while (world.happen());
  EXPECT_EQ(world.unrest(), "");
}

TEST(Failure, ARestartAtEveryPointEndsTheJobAndStartsItOnce) {
  for (const char* region : {"hongkong", "shenzhen"}) {
    for (int after = 0; after < kFarEnough; ++after) {
      TwoCities world(kRules);
      const std::string id = world.submit("hongkong", "shenzhen", "hongkong-general");
      let_happen(world, after);
      const bool over = world.job(id).state() == pb::JOB_COMPLETE;
      world.restart(region);
      world.settle();
      for (int i = 0; i < 10; ++i) world.wait(Duration::seconds(20));
      ASSERT_EQ(world.job(id).state(), pb::JOB_COMPLETE)
          << region << " after " << after << ": " << world.job(id).reason();
      ASSERT_EQ(world.unrest(), "") << region << " after " << after << " effects";
      ASSERT_EQ(std::count(world.journal().begin(), world.journal().end(), "shenzhen starts j1.1"), 1);
      if (over) break;
    }
  }
}

}  // namespace
}  // namespace hetao::federation
