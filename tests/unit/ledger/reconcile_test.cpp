#include "gateway/ledger/reconcile.h"

#include <gtest/gtest.h>

namespace hetao::ledger {
namespace {

constexpr int64_t kSecond = 1'000'000;
const Instant kEnd{10'000 * kSecond};

// Both books of the crossings between Shenzhen and Hong Kong, written as they happen.
class Books : public ::testing::Test {
 protected:
  Books() {
    note("shenzhen", "policy-activated", "", 0).policy_digest = "p1";
    note("hongkong", "policy-activated", "", 0).policy_digest = "q1";
  }
  Entry& note(const std::string& region, std::string_view kind, const std::string& crossing, int64_t at_s) {
    Entry& entry = entries.emplace_back();
    entry.region = region;
    entry.sequence = next[region]++;
    entry.kind = kind;
    entry.crossing = crossing;
    entry.job = "j-" + crossing;
    entry.time = {at_s * kSecond};
    entry.peer = region == "shenzhen" ? "hongkong" : "shenzhen";
    entry.direction = region == "shenzhen" ? "out" : "in";
    entry.policy_digest = region == "shenzhen" ? "p1" : "q1";
    return entry;
  }
  void permit(const std::string& region, const std::string& crossing, int64_t at_s) {
    note(region, "decision", crossing, at_s).decision = "permit";
  }
  Entry& item(const std::string& region, std::string_view kind, const std::string& crossing, int64_t at_s) {
    Entry& entry = note(region, kind, crossing, at_s);
    entry.item_digest = "d-" + crossing;
    entry.item_bytes = 100;
    return entry;
  }
  void whole(const std::string& crossing, int64_t at_s) {
    permit("shenzhen", crossing, at_s);
    permit("hongkong", crossing, at_s);
    item("shenzhen", "departed", crossing, at_s + 1);
    item("hongkong", "arrived", crossing, at_s + 2);
  }
  ReconcileReport report(ReconcileOptions options = {}) {
    Reconciler reconciler("shenzhen", "hongkong", options);
    for (const Entry& entry : entries) EXPECT_TRUE(reconciler.add(entry));
    return reconciler.report(kEnd);
  }
  std::vector<std::string> words() {
    std::vector<std::string> out;
    for (const Mismatch& m : report().mismatches) out.push_back(m.crossing + " " + to_word(m.finding));
    return out;
  }
  std::vector<Entry> entries;
  std::map<std::string, uint64_t> next;
};

using Words = std::vector<std::string>;

TEST_F(Books, ThatAgreeMatch) {
  for (int i = 0; i < 50; ++i) whole("c" + std::to_string(i), 10 + i);
  const auto out = report();
  EXPECT_EQ(out.matched, 50U);
  EXPECT_EQ(out.bytes_matched, 5'000U);
  EXPECT_TRUE(out.mismatches.empty());
}

TEST_F(Books, ALostDepartureIsMissing) {
  whole("ok", 10);
  permit("shenzhen", "c1", 20);
  item("shenzhen", "departed", "c1", 21);
  const auto out = report();
  ASSERT_EQ(out.mismatches.size(), 1U);
  EXPECT_EQ(out.mismatches[0].finding, Finding::kMissing);
  EXPECT_EQ(out.mismatches[0].job, "j-c1");
  EXPECT_EQ(out.mismatches[0].departed->sequence, 4U);
  EXPECT_FALSE(out.mismatches[0].arrived);
}

TEST_F(Books, AnArrivalThatNobodySentIsUnannounced) {
  permit("hongkong", "c1", 20);
  item("hongkong", "arrived", "c1", 21);
  EXPECT_EQ(words(), (Words{"c1 unannounced"}));
}

TEST_F(Books, AnotherDigestOrSizeIsAltered) {
  whole("c1", 10);
  entries.back().item_digest = "another";
  whole("c2", 10);
  entries.back().item_bytes = 99;
  const auto out = report();
  ASSERT_EQ(out.mismatches.size(), 2U);
  EXPECT_EQ(out.matched, 0U);
  for (const Mismatch& m : out.mismatches) {
    EXPECT_EQ(m.finding, Finding::kAltered);
    EXPECT_EQ(m.departed->region, "shenzhen");
    EXPECT_EQ(m.arrived->region, "hongkong");
  }
}

TEST_F(Books, ALateArrivalMatchesAndIsNamed) {
  whole("c1", 10);
  entries.back().time = {500 * kSecond};
  const auto out = report({.late_after = Duration::seconds(300)});
  ASSERT_EQ(out.mismatches.size(), 1U);
  EXPECT_EQ(out.mismatches[0].finding, Finding::kLate);
  EXPECT_EQ(out.matched, 1U);
}

TEST_F(Books, WhatIsYoungIsUnderWay) {
  permit("shenzhen", "c1", 9'990);
  item("shenzhen", "departed", "c1", 9'995);
  const auto out = report();
  EXPECT_EQ(out.under_way, 1U);
  EXPECT_TRUE(out.mismatches.empty());
}

TEST_F(Books, ABookingTwiceIsRepeated) {
  whole("c1", 10);
  item("hongkong", "arrived", "c1", 40);
  EXPECT_EQ(words(), (Words{"c1 repeated"}));
}

TEST_F(Books, AMoveWithoutAPermitBeforeItIsUndecided) {
  permit("hongkong", "c1", 10);
  item("shenzhen", "departed", "c1", 11);
  item("hongkong", "arrived", "c1", 12);
  permit("shenzhen", "c1", 13);  // too late
  EXPECT_EQ(words(), (Words{"c1 undecided"}));
}

TEST_F(Books, AReviewersApprovalIsAPermitAndARejectionTakesItBack) {
  note("shenzhen", "decision", "c1", 10).decision = "hold";
  note("shenzhen", "review", "c1", 11).decision = "approved";
  permit("hongkong", "c1", 11);
  item("shenzhen", "departed", "c1", 12);
  item("hongkong", "arrived", "c1", 13);
  EXPECT_EQ(words(), Words{});
  note("shenzhen", "decision", "c2", 10).decision = "permit";
  note("shenzhen", "review", "c2", 11).decision = "rejected";
  permit("hongkong", "c2", 11);
  item("shenzhen", "departed", "c2", 12);
  item("hongkong", "arrived", "c2", 13);
  EXPECT_EQ(words(), (Words{"c2 undecided"}));
}

TEST_F(Books, ADecisionUnderAPolicyThatWasNotActiveIsNamed) {
  whole("c1", 10);
  note("shenzhen", "policy-activated", "", 20).policy_digest = "p2";
  whole("c2", 30);  // Shenzhen still decides under p1
  EXPECT_EQ(words(), (Words{"c2 inactive-policy"}));
}

TEST_F(Books, ARecalledDepartureIsClosedUnlessItArrived) {
  permit("shenzhen", "c1", 10);
  item("shenzhen", "departed", "c1", 11);
  item("shenzhen", "recalled", "c1", 12);
  whole("c2", 10);
  item("shenzhen", "recalled", "c2", 15);
  const auto out = report();
  EXPECT_EQ(out.recalled, 1U);
  EXPECT_EQ(words(), (Words{"c2 unannounced"}));
}

TEST_F(Books, BothDirectionsAndOtherPeersAreToldApart) {
  whole("c1", 10);
  permit("shenzhen", "c2", 10);
  permit("hongkong", "c2", 10);
  item("hongkong", "departed", "c2", 11).direction = "out";
  item("shenzhen", "arrived", "c2", 12).direction = "in";
  item("shenzhen", "departed", "macau-one", 13).peer = "macau";
  const auto out = report();
  EXPECT_EQ(out.matched, 2U);
  EXPECT_TRUE(out.mismatches.empty());
}

TEST_F(Books, OfAThirdRegionAreRefused) {
  Reconciler reconciler("shenzhen", "hongkong");
  Entry entry;
  entry.region = "macau";
  EXPECT_EQ(reconciler.add(entry).error().code, ErrorCode::kUsage);
}

TEST_F(Books, BothSidesBookingTheSameSideIsAltered) {
  whole("c1", 10);
  entries.back().region = "shenzhen";
  entries.back().peer = "hongkong";
  entries.back().sequence = 99;
  EXPECT_EQ(words(), (Words{"c1 altered"}));
}

}  // namespace
}  // namespace hetao::ledger
