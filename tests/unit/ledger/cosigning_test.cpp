#include "gateway/ledger/cosigning.h"

#include <gtest/gtest.h>

namespace hetao::ledger {
namespace {

constexpr Instant kStart{1'795'000'000'000'000};
Instant at(int64_t seconds) {
  return kStart + Duration::seconds(seconds);
}

class CosigningTest : public ::testing::Test {
 protected:
  CosigningTest() { machine.reachable(true); }
  // Asks and gets this answer.
  WitnessOutcome exchange(uint64_t published, int64_t now, const WitnessReply& reply) {
    EXPECT_TRUE(machine.ask(published, at(now)));
    return machine.take(reply, at(now));
  }
  Cosigning machine;
};

TEST_F(CosigningTest, AsksWithNothingFirstAndThenWithWhatTheWitnessRemembers) {
  const auto first = machine.ask(30, at(0));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->old_size, 0U);
  EXPECT_EQ(machine.take({409, "20\n"}, at(0)), WitnessOutcome::kAgain);
  const auto second = machine.ask(30, at(0));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->old_size, 20U);
  EXPECT_EQ(machine.take({200, "line\n"}, at(0)), WitnessOutcome::kCosigned);
  EXPECT_EQ(machine.cosigned_size(), 30U);
  const auto third = machine.ask(31, at(1));
  ASSERT_TRUE(third);
  EXPECT_EQ(third->old_size, 30U);
}

TEST_F(CosigningTest, OneQuestionIsOpenAtATime) {
  EXPECT_TRUE(machine.ask(30, at(0)));
  EXPECT_FALSE(machine.ask(31, at(1)));
  EXPECT_FALSE(machine.ask(31, at(11)));  // no answer came: a pause
  EXPECT_TRUE(machine.ask(31, at(14)));
}

TEST_F(CosigningTest, AnUnchangedCheckpointIsCosignedOnceAMinute) {
  EXPECT_EQ(exchange(30, 0, {200, ""}), WitnessOutcome::kCosigned);
  EXPECT_FALSE(machine.ask(30, at(59)));
  EXPECT_TRUE(machine.ask(30, at(60)));
}

TEST_F(CosigningTest, CosignaturesGrowStale) {
  EXPECT_FALSE(machine.is_fresh(at(0)));
  exchange(30, 0, {200, ""});
  EXPECT_TRUE(machine.is_fresh(at(300)));
  EXPECT_FALSE(machine.is_fresh(at(301)));
}

TEST_F(CosigningTest, WhatAnEarlierRunGotCountsForItsTimeButTheWitnessIsAskedAnew) {
  machine.remember(30, at(-10));
  EXPECT_TRUE(machine.is_fresh(at(0)));
  EXPECT_TRUE(machine.ask(30, at(0)));
}

TEST_F(CosigningTest, AWitnessThatHasSeenMoreSaysThatWeWereRolledBack) {
  EXPECT_EQ(exchange(30, 0, {409, "31\n"}), WitnessOutcome::kAhead);
  EXPECT_EQ(machine.theirs(), 31U);
}

TEST_F(CosigningTest, AProofThatDoesNotHoldIsAFork) {
  EXPECT_EQ(exchange(30, 0, {409, "20\n"}), WitnessOutcome::kAgain);
  EXPECT_EQ(exchange(30, 0, {422, "no"}), WitnessOutcome::kFork);
}

TEST_F(CosigningTest, NonsenseAndRefusalsMakeItWaitLongerEachTime) {
  EXPECT_EQ(exchange(30, 0, {409, "0\n"}), WitnessOutcome::kRefused);  // the size that it was asked with
  EXPECT_FALSE(machine.ask(30, at(1)));
  EXPECT_EQ(exchange(30, 2, {409, "many\n"}), WitnessOutcome::kRefused);
  EXPECT_FALSE(machine.ask(30, at(5)));
  EXPECT_EQ(exchange(30, 6, {403, ""}), WitnessOutcome::kRefused);
  EXPECT_FALSE(machine.ask(30, at(13)));
  EXPECT_EQ(exchange(30, 14, {200, ""}), WitnessOutcome::kCosigned);
}

TEST_F(CosigningTest, AHaltedOneAsksNothingUntilItBeginsAnew) {
  machine.halt();
  EXPECT_FALSE(machine.ask(30, at(0)));
  machine.begin_anew();
  const auto question = machine.ask(30, at(0));
  ASSERT_TRUE(question);
  EXPECT_EQ(question->old_size, 0U);
}

TEST_F(CosigningTest, AnAnswerToNoQuestionChangesNothing) {
  EXPECT_EQ(machine.take({200, ""}, at(0)), WitnessOutcome::kStray);
  EXPECT_EQ(machine.cosigned_size(), 0U);
}

}  // namespace
}  // namespace hetao::ledger
