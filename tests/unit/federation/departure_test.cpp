// A permit is good under the policy that it was given under, on its own day: what waited is decided again
// before it departs, on both sides.
#include <gtest/gtest.h>

#include "tests/unit/federation/two_cities.h"

namespace hetao::federation {
namespace {

std::string with_rule(const std::string& rule) {
  return std::string(kRules) + "  - " + rule + "\n";
}

const std::string kNoCode =
    with_rule("{id: X1, effect: forbid, title: no code, when: {action: cross, item.kind: code}}");
const std::string kCodeHeld =
    with_rule("{id: X2, effect: hold, title: code is looked at, when: {action: cross, item.kind: code}}");
const std::string kCodeDuty = with_rule(
    "{id: X3, effect: permit, title: code goes, when: {action: cross, item.kind: code}, "
    "obligations: [duty: {text: note it}]}");

class Departure : public testing::Test {
 protected:
  TwoCities world{kRules};

  // A program that both sides permit, and that waits in Hong Kong because releases are held.
  std::string waiting_job() {
    gate(true);
    std::string id = world.submit("hongkong", "shenzhen", "");
    world.settle();
    EXPECT_EQ(crossing("hongkong").theirs().effect(), "permit");
    EXPECT_EQ(sent(), 0U);
    return id;
  }
  void gate(bool held) {
    world.post("hongkong", ReleaseGate{"shenzhen", held, "not witnessed"});
    world.settle();
  }
  const pb::Crossing& crossing(const std::string& region) {
    return world.core(region).crossings().at("j1.1.c0");
  }
  size_t sent() const { return world.booked("hongkong", "departed", "j1.1.c0"); }
  void approve(const std::string& region) {
    ASSERT_EQ(world.open_reviews(region).size(), 1U);
    world.answer(region, world.open_reviews(region).front(), true, "reviewer");
    ASSERT_FALSE(world.told().error.has_value());
  }
};

TEST_F(Departure, WhatTheSenderForbidsSinceStays) {
  const std::string id = waiting_job();
  world.activate("hongkong", kNoCode);
  gate(false);
  EXPECT_EQ(sent(), 0U);
  EXPECT_EQ(world.when("hongkong sends j1.1.c0"), SIZE_MAX);
  EXPECT_EQ(crossing("hongkong").ours().policy_digest(), world.core("hongkong").policy_digest());
  EXPECT_EQ(crossing("shenzhen").state(), pb::CROSSING_REFUSED);
  EXPECT_EQ(world.job(id).state(), pb::JOB_SYSTEM_ERROR);
  EXPECT_NE(world.job(id).reason().find("X1"), std::string::npos) << world.job(id).reason();
  EXPECT_EQ(world.unrest(), "");
}

TEST_F(Departure, WhatTheReceiverForbidsSinceStays) {
  const std::string id = waiting_job();
  world.activate("shenzhen", kNoCode);
  gate(false);
  EXPECT_EQ(world.when("hongkong sends j1.1.c0"), SIZE_MAX);
  EXPECT_EQ(world.booked("shenzhen", "decision", "j1.1.c0", "forbid"), 1U);
  EXPECT_EQ(world.job(id).state(), pb::JOB_SYSTEM_ERROR);
  EXPECT_NE(world.job(id).reason().find("X1"), std::string::npos) << world.job(id).reason();
  EXPECT_EQ(world.unrest(), "");
}

TEST_F(Departure, WhatIsStillPermittedGoesUnderTheNewPolicies) {
  const std::string id = waiting_job();
  world.activate("hongkong", kCodeDuty);
  world.activate("shenzhen", kCodeDuty);
  gate(false);
  EXPECT_EQ(sent(), 1U);
  for (const char* region : {"hongkong", "shenzhen"}) {
    EXPECT_EQ(crossing(region).ours().policy_digest(), world.core(region).policy_digest());
    EXPECT_EQ(crossing(region).theirs().policy_digest(), world.core(region).policy_digest());
    EXPECT_EQ(world.booked(region, "decision", "j1.1.c0", "permit"), 2U);
    EXPECT_EQ(world.booked(region, "notice", "j1.1.c0"), 1U);
  }
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  EXPECT_EQ(world.unrest(), "");
}

TEST_F(Departure, WhatEitherSideHoldsSinceWaitsForItsReviewer) {
  const std::string id = waiting_job();
  world.activate("hongkong", kCodeHeld);
  world.activate("shenzhen", kCodeHeld);
  gate(false);
  EXPECT_EQ(crossing("hongkong").state(), pb::CROSSING_HELD);
  approve("hongkong");
  EXPECT_EQ(sent(), 0U);
  EXPECT_EQ(crossing("shenzhen").state(), pb::CROSSING_HELD);
  EXPECT_EQ(world.job(id).state(), pb::JOB_HELD);
  approve("shenzhen");
  EXPECT_EQ(sent(), 1U);
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  EXPECT_EQ(world.unrest(), "");
}

TEST_F(Departure, AHoldOfTheSenderThatIsRejectedEndsItOnBothSides) {
  const std::string id = waiting_job();
  world.activate("hongkong", kCodeHeld);
  gate(false);
  world.answer("hongkong", world.open_reviews("hongkong").front(), false, "reviewer");
  EXPECT_EQ(crossing("shenzhen").state(), pb::CROSSING_REFUSED);
  EXPECT_EQ(world.job(id).state(), pb::JOB_SYSTEM_ERROR);
  EXPECT_EQ(world.unrest(), "");
}

TEST_F(Departure, AnApprovalIsGoodForThePolicyThatTheReviewerKnew) {
  world.activate("hongkong", kCodeHeld);
  gate(true);
  const std::string id = world.submit("hongkong", "shenzhen", "");
  world.settle();
  approve("hongkong");
  world.wait(Duration::seconds(26 * 3600));  // another day, the same policy: the approval stands
  gate(false);
  EXPECT_EQ(sent(), 1U);
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  EXPECT_EQ(world.unrest(), "");
}

TEST_F(Departure, AnotherPolicyAsksTheReviewerAgain) {
  world.activate("hongkong", kCodeHeld);
  gate(true);
  world.submit("hongkong", "shenzhen", "");
  world.settle();
  approve("hongkong");
  world.activate("hongkong",
                 kCodeHeld + "  - {id: X9, effect: hold, title: more, when: {item.kind: code}}\n");
  gate(false);
  EXPECT_EQ(sent(), 0U);
  approve("hongkong");
  EXPECT_EQ(sent(), 1U);
  EXPECT_EQ(world.unrest(), "");
}

TEST_F(Departure, APermitThatEndedWhileItWaitedIsNoPermit) {
  const std::string until_tomorrow = with_rule(
      "{id: X4, effect: forbid, title: from tomorrow, valid: {from: 2025-11-26}, when: {action: "
      "cross, item.kind: code}}");
  world.activate("hongkong", until_tomorrow);
  const std::string id = waiting_job();
  world.wait(Duration::seconds(26 * 3600));
  gate(false);
  EXPECT_EQ(world.when("hongkong sends j1.1.c0"), SIZE_MAX);
  EXPECT_EQ(world.job(id).state(), pb::JOB_SYSTEM_ERROR);
  EXPECT_EQ(world.unrest(), "");
}

TEST_F(Departure, CountersFollowWhatIsDecidedAgain) {
  world.post("hongkong", ReleaseGate{"shenzhen", true, "not witnessed"});
  world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  EXPECT_EQ(world.counter("hongkong"), 100);
  world.activate("hongkong", with_rule("{id: X5, effect: forbid, title: too many, when: {action: cross, "
                                       "subjects.year_ordinary: {gte: 101}}}"));
  gate(false);
  EXPECT_EQ(world.counter("hongkong"), 100);  // its own hundred are not counted twice
  EXPECT_EQ(world.booked("hongkong", "departed", "j1.1.i1"), 1U);
  EXPECT_EQ(world.unrest(), "");
}

TEST_F(Departure, RestartsAndRepeatsChangeNothing) {
  world.copies = 2;
  const std::string id = waiting_job();
  world.activate("hongkong", kCodeDuty);
  world.activate("shenzhen", kCodeDuty);
  world.post("hongkong", ReleaseGate{"shenzhen", false, ""});
  for (int i = 0; i < 40; ++i) {
    world.restart(i % 2 == 0 ? "hongkong" : "shenzhen");
    for (int n = 0; n < 3; ++n) world.happen();
  }
  world.settle();
  world.wait(Duration::seconds(60));
  EXPECT_EQ(sent(), 1U);
  EXPECT_EQ(world.booked("shenzhen", "arrived", "j1.1.c0"), 1U);
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  EXPECT_EQ(world.unrest(), "");
}

}  // namespace
}  // namespace hetao::federation
