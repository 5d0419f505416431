// What permits oblige to: deleted in time with a receipt, no onward transfer, residency, two reviewers,
// notices.
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/federation/facts.h"
#include "gateway/federation/obligations.h"
#include "gateway/federation/table.h"
#include "tests/unit/federation/two_cities.h"

namespace hetao::federation {
namespace {

// General data may cross under these obligations.
std::string rules_with(const std::string& obligations) {
  return R"(
rules:
  - {id: H1, effect: hold, title: tagged data is looked at, when: {action: cross, data.tags: {contains: look}}}
  - {id: P1, effect: permit, title: general data, when: {action: cross, item.kind: dataset}, obligations: [)" +
         obligations + R"(]}
  - {id: P2, effect: permit, title: the rest, when: {action: cross, item.kind: {not_in: [dataset]}}}
  - {id: P3, effect: permit, title: platforms, when: {action: place}}
)";
}

size_t entries_of(TwoCities& world, const std::string& region, const std::string& kind) {
  const auto& entries = world.city(region).entries;
  return static_cast<size_t>(std::count_if(entries.begin(), entries.end(),
                                           [&](const ledger::Entry& entry) { return entry.kind == kind; }));
}

TEST(Obligations, WhatMustGoIsDeletedInTimeAndTheLedgerSaysSo) {
  TwoCities world(rules_with("delete-after: {duration: 2h}"));
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  ASSERT_EQ(world.job(id).state(), pb::JOB_COMPLETE);
  world.wait(Duration::seconds(7190));
  EXPECT_EQ(world.when("shenzhen drops d-hongkong-general"), SIZE_MAX);
  world.restart("shenzhen");
  world.settle();
  world.wait(Duration::seconds(20));
  EXPECT_NE(world.when("shenzhen drops d-hongkong-general"), SIZE_MAX);
  EXPECT_EQ(world.booked("shenzhen", "deleted", "j1.1.i1"), 1U);
  EXPECT_GT(world.core("shenzhen").crossing("j1.1.i1")->deleted_sequence(), 0U);
  world.wait(Duration::seconds(100'000));
  EXPECT_EQ(entries_of(world, "shenzhen", "deleted"), 1U) << "once";
  EXPECT_EQ(world.unrest(), "");
}

TEST(Obligations, ADeletionThatWasBegunIsEndedThoughTheClockIsSetBack) {
  TwoCities world(rules_with("delete-after: {duration: 2h}"));
  world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  world.answers_deletions = false;
  world.wait(Duration::seconds(7205));
  ASSERT_NE(world.when("shenzhen drops d-hongkong-general"), SIZE_MAX);
  ASSERT_EQ(world.booked("shenzhen", "deleted", "j1.1.i1"), 0U) << "the process ended before the receipt";
  world.answers_deletions = true;
  world.restart("shenzhen", Duration::seconds(-3600));
  world.settle();
  world.wait(Duration::seconds(1));
  EXPECT_EQ(world.booked("shenzhen", "deleted", "j1.1.i1"), 1U);
}

TEST(Obligations, WhatAJobStillReadsIsDeletedAfterIt) {
  TwoCities world(rules_with("delete-after: {duration: 0s}"));
  world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  world.wait(Duration::seconds(5));
  EXPECT_GT(world.when("shenzhen drops d-hongkong-general"), world.when("shenzhen starts j1.1"));
  EXPECT_EQ(world.booked("shenzhen", "deleted", "j1.1.i1"), 1U);
}

TEST(Obligations, ACopyThatAnotherJobMayKeepStays) {
  TwoCities world(rules_with("delete-after: {duration: 2h}"));
  world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  world.wait(Duration::seconds(3600));
  world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  world.wait(Duration::seconds(3601));
  EXPECT_EQ(world.booked("shenzhen", "deleted", "j1.1.i1"), 1U);
  EXPECT_EQ(world.when("shenzhen drops d-hongkong-general"), SIZE_MAX)
      << "the second copy's time is not over";
  world.wait(Duration::seconds(3600));
  EXPECT_NE(world.when("shenzhen drops d-hongkong-general"), SIZE_MAX);
  EXPECT_EQ(world.booked("shenzhen", "deleted", "j2.1.i1"), 1U);
}

TEST(Obligations, DataWithoutOnwardTransferComesBackButGoesNoFurther) {
  TwoCities world(rules_with("no-onward-transfer"), {"macao"});
  const std::string back = world.submit("hongkong", "shenzhen", "hongkong-general");
  const std::string onward = world.submit("hongkong", "shenzhen", "macao-general");
  world.settle();
  EXPECT_EQ(world.job(back).state(), pb::JOB_COMPLETE) << world.job(back).reason();
  EXPECT_EQ(world.job(onward).state(), pb::JOB_SYSTEM_ERROR);
  EXPECT_EQ(world.job(onward).failure_class(), failure::kOutput);
  EXPECT_EQ(world.booked("shenzhen", "departed", "j2.1.o0"), 0U);
  EXPECT_EQ(world.booked("shenzhen", "decision", "j2.1.o0", "forbid"), 1U);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Obligations, APermitForOtherRegionsIsNoneForThisOne) {
  TwoCities world(rules_with("residency: {regions: [macao, hongkong]}"), {"macao"});
  const std::string id = world.submit("hongkong", "shenzhen", "macao-general");
  world.settle();
  EXPECT_TRUE(world.told().error.has_value());
  EXPECT_EQ(world.core("hongkong").job(id), nullptr);
}

// A copy of the one file, as the shell makes it.
void mask_it(const InspectItem& effect, ItemInspected& found) {
  found.facts = {fact("inspection.findings", int64_t{effect.mask.empty() ? 2 : 0}),
                 fact("inspection.verdict", effect.mask.empty() ? "identifiers" : "clean")};
  if (effect.mask.empty()) return;
  found.masked = effect.item;
  found.masked.mutable_files(0)->set_digest("masked-" + effect.item.files(0).digest());
}

const ledger::Entry* entry_of(TwoCities& world, const std::string& region, const std::string& kind,
                              const std::string& crossing) {
  const auto& entries = world.city(region).entries;
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const ledger::Entry& entry) {
    return entry.kind == kind && entry.crossing == crossing;
  });
  return at == entries.end() ? nullptr : &*at;
}

TEST(Obligations, AnOfferDoesNotSayWhatItsProgramWasMaskedFrom) {
  TwoCities world(R"(
rules:
  - {id: P1, effect: permit, title: anything, when: {action: cross}, obligations: [mask: {kinds: [email]}]}
  - {id: P2, effect: permit, title: platforms, when: {action: place}}
)");
  world.inspection_finds = mask_it;
  world.submit("hongkong", "shenzhen", "");
  world.settle();
  const pb::Crossing& came = *world.core("shenzhen").crossing("j1.1.c0");
  EXPECT_EQ(came.item().digest(), "masked-d-code");
  EXPECT_EQ(find_fact(came.facts(), kMaskedFromFact), nullptr);
  EXPECT_NE(find_fact(world.core("hongkong").crossing("j1.1.c0")->facts(), kMaskedFromFact), nullptr);
}

TEST(Obligations, TheMaskedCopyCrossesAndBothDigestsAreBooked) {
  TwoCities world(
      rules_with("mask: {kinds: [hkid, email]}, inspect: {profile: personal-identifiers, at_most: 0}"));
  world.inspection_finds = mask_it;
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  const ledger::Entry* departed = entry_of(world, "hongkong", "departed", "j1.1.i1");
  const ledger::Entry* arrived = entry_of(world, "shenzhen", "arrived", "j1.1.i1");
  ASSERT_NE(departed, nullptr);
  ASSERT_NE(arrived, nullptr);
  EXPECT_EQ(departed->item_digest, "masked-d-hongkong-general");
  EXPECT_EQ(departed->extra.at("masked_from"), "d-hongkong-general");
  EXPECT_EQ(arrived->item_digest, "masked-d-hongkong-general");
  EXPECT_FALSE(arrived->extra.contains("masked_from")) << "with it, what was masked could be tried out";
  EXPECT_EQ(world.core("hongkong").dataset("hongkong-general")->digest(), "d-hongkong-general");
  EXPECT_EQ(world.unrest(), "");
}

TEST(Obligations, AMaskedResultComesHomeAsTheResultThatHomeWaitsFor) {
  TwoCities world(R"(
rules:
  - {id: P1, effect: permit, title: data, when: {action: cross, item.kind: dataset}}
  - {id: P2, effect: permit, title: programs, when: {action: cross, item.kind: code}}
  - {id: P3, effect: permit, title: results, when: {action: cross, item.kind: {not_in: [dataset, code]}},
     obligations: [mask: {kinds: [hkid]}]}
  - {id: P4, effect: permit, title: platforms, when: {action: place}}
)");
  world.inspection_finds = mask_it;
  const std::string id = world.submit("hongkong", "shenzhen", "shenzhen-general");
  world.settle();
  const pb::Job job = world.job(id);
  EXPECT_EQ(job.state(), pb::JOB_COMPLETE) << job.reason();
  const ledger::Entry* arrived = entry_of(world, "hongkong", "arrived", "j1.1.o0");
  ASSERT_NE(arrived, nullptr);
  ASSERT_GT(job.deliveries_size(), 0);
  for (const pb::Delivery& delivery : job.deliveries()) {
    EXPECT_EQ(delivery.state(), "available") << delivery.name();
    EXPECT_TRUE(delivery.files(0).digest().starts_with("masked-")) << delivery.name();
  }
  EXPECT_EQ(world.unrest(), "");
}

TEST(Obligations, WhatCannotBeMaskedIsHeld) {
  TwoCities world(rules_with("mask: {kinds: [name]}"));
  world.inspection_finds = [](const InspectItem& effect, ItemInspected& found) {
    if (!effect.mask.empty()) found.not_masked = "there is no kind 'name'";
  };
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_HELD);
  EXPECT_NE(world.core("hongkong").crossing("j1.1.i1")->ours().reason().find("no kind 'name'"),
            std::string::npos);
}

TEST(Obligations, AHoldIsNotApprovedPastMaskingThatAPolicyAsksForSince) {
  TwoCities world(kRules);
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-tagged");
  world.settle();
  ASSERT_EQ(world.open_reviews("hongkong").size(), 1U);
  world.activate("hongkong", rules_with("mask: {kinds: [hkid]}"));
  world.answer("hongkong", world.open_reviews("hongkong").front(), true, "first");
  world.settle();
  EXPECT_TRUE(world.told().error.has_value());
  EXPECT_EQ(world.booked("hongkong", "departed", "j1.1.i1"), 0U);
}

TEST(Obligations, MaskingThatTheSenderDidNotDoIsHeldByTheReceiver) {
  TwoCities world(kRules);
  world.activate("shenzhen", rules_with("mask: {kinds: [hkid]}"));
  world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  EXPECT_EQ(world.open_reviews("shenzhen").size(), 1U);
}

TEST(Obligations, ASmallGroupIsHeldOrForbidden) {
  const struct {
    const char* obligation;
    std::optional<int64_t> smallest;
    pb::JobState state;
  } kCases[] = {{"min-group: {least: 10}", 10, pb::JOB_COMPLETE},
                {"min-group: {least: 10}", 9, pb::JOB_HELD},
                {"min-group: {least: 10}", std::nullopt, pb::JOB_HELD},
                {"min-group: {least: 10, otherwise: forbid}", 9, pb::JOB_SYSTEM_ERROR},
                {"min-group: {least: 10, otherwise: forbid}", std::nullopt, pb::JOB_HELD},
                {"k-anonymity: {least: 5}", 5, pb::JOB_COMPLETE},
                {"k-anonymity: {least: 5}", 4, pb::JOB_HELD}};
  for (const auto& one : kCases) {
    TwoCities world(rules_with(one.obligation));
    world.inspection_finds = [&one](const InspectItem&, ItemInspected& found) {
      if (!one.smallest) return;
      found.facts.push_back(fact("result.k_anonymity", *one.smallest));
      found.facts.push_back(fact("result.min_group", *one.smallest));
    };
    const std::string id = world.submit("hongkong", "shenzhen", "hongkong-general");
    world.settle();
    EXPECT_EQ(world.job(id).state(), one.state) << one.obligation << ": " << world.job(id).reason();
  }
}

TEST(Obligations, AHoldThatNobodyAnswersIsToldToOthersOnce) {
  const std::string rules = R"(
rules:
  - {id: H1, effect: hold, title: datasets are looked at, when: {action: cross, item.kind: dataset}}
  - {id: P2, effect: permit, title: the rest, when: {action: cross, item.kind: {not_in: [dataset]}}}
  - {id: P3, effect: permit, title: platforms, when: {action: place}}
)";
  TwoCities world(rules, {}, [](CoreConfig& config) {
    config.hold_escalation = Duration::seconds(3'600);
    config.hold_expiry = Duration::seconds(7'200);
  });
  world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  world.wait(Duration::seconds(3'500));
  EXPECT_EQ(entries_of(world, "hongkong", "notice"), 0U);
  world.wait(Duration::seconds(200));
  EXPECT_EQ(entries_of(world, "hongkong", "notice"), 1U);
  EXPECT_EQ(world.open_reviews("hongkong").size(), 1U);
  world.wait(Duration::seconds(3'600));
  EXPECT_EQ(entries_of(world, "hongkong", "notice"), 1U);
  EXPECT_EQ(world.open_reviews("hongkong").size(), 0U) << "its time is over";
}

TEST(Obligations, NoticesAndDutiesStandOnTheLedger) {
  TwoCities world(rules_with("notify: {role: reviewer}, duty: {text: file it within ten working days}"));
  world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  EXPECT_EQ(world.booked("hongkong", "notice", "j1.1.i1"), 2U);
}

TEST(Obligations, AnItemIsReadFirstWherePermitsAskForIt) {
  TwoCities world(rules_with("inspect: {profile: personal-identifiers, at_most: 0}"));
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  EXPECT_EQ(world.booked("hongkong", "decision", "j1.1.i1", "permit"), 1U);
}

TEST(Obligations, WhatCouldNotBeReadFullyDoesNotKeepAnInspection) {
  TwoCities world(rules_with("inspect: {profile: personal-identifiers, at_most: 0}"));
  world.inspection_finds = [](const InspectItem&, ItemInspected& found) {
    pb::Fact none;
    none.set_name("inspection.findings");
    none.set_number(0);
    found.facts = {none, fact("inspection.verdict", "incomplete")};
  };
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_HELD);
  EXPECT_NE(world.core("hongkong").crossing("j1.1.i1")->ours().reason().find("not all of it could be read"),
            std::string::npos);
}

// A dataset is read before anybody is asked about it, where rules want to know what is in it.
constexpr const char* kRulesThatLook = R"(
rules:
  - {id: F1, effect: forbid, title: marked, when: {action: cross, item.kind: dataset, inspection.verdict: secret-mark}}
  - {id: P1, effect: permit, title: general data, when: {action: cross, item.kind: dataset, inspection.verdict: clean}}
  - {id: P2, effect: permit, title: the rest, when: {action: cross, item.kind: {not_in: [dataset]}}}
  - {id: P3, effect: permit, title: platforms, when: {action: place}}
)";

TEST(Obligations, AnItemIsReadFirstWhereRulesCanNotBeRuledOutWithoutIt) {
  TwoCities world(kRulesThatLook);
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  EXPECT_EQ(world.booked("hongkong", "decision", "j1.1.i1", "permit"), 1U);
  EXPECT_EQ(world.booked("hongkong", "decision", "j1.1.i1", "hold"), 0U) << "nobody is asked before";
}

TEST(Obligations, AnItemIsReadFirstWhereNoRuleDecidesWithoutIt) {
  std::string rules = kRulesThatLook;
  rules.erase(rules.find("  - {id: F1"), rules.find("  - {id: P1") - rules.find("  - {id: F1"));
  TwoCities world(rules);
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
}

TEST(Obligations, WhatTheReadingFindsDecides) {
  TwoCities world(kRulesThatLook);
  world.inspection_finds = [](const InspectItem&, ItemInspected& found) {
    found.facts = {fact("inspection.verdict", "secret-mark")};
  };
  world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  EXPECT_EQ(world.booked("hongkong", "decision", "j1.1.i1", "forbid"), 1U);
  EXPECT_EQ(world.when("hongkong sends j1.1.i1"), SIZE_MAX);
}

TEST(Obligations, AHoldThatAsksForTwoReviewersNeedsTwoPeople) {
  const std::string rules = R"(
rules:
  - {id: H1, effect: hold, title: two look at it, when: {action: cross, item.kind: dataset}, obligations: [review: {reviewers: 2}]}
  - {id: P2, effect: permit, title: the rest, when: {action: cross, item.kind: {not_in: [dataset]}}}
  - {id: P3, effect: permit, title: platforms, when: {action: place}}
)";
  TwoCities world(rules);
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-general");
  world.settle();
  ASSERT_EQ(world.open_reviews("hongkong").size(), 1U);
  const std::string review = world.open_reviews("hongkong").front();
  world.answer("hongkong", review, true, "first");
  EXPECT_EQ(world.when("hongkong sends j1.1.i1"), SIZE_MAX);
  world.answer("hongkong", review, true, "first");
  EXPECT_TRUE(world.told().error.has_value()) << "the same person again";
  EXPECT_EQ(world.when("hongkong sends j1.1.i1"), SIZE_MAX);
  world.answer("hongkong", review, true, "second");
  ASSERT_EQ(world.open_reviews("shenzhen").size(), 1U) << "Shenzhen's own two are asked as well";
  const std::string theirs = world.open_reviews("shenzhen").front();
  world.answer("shenzhen", theirs, true, "third");
  EXPECT_EQ(world.when("hongkong sends j1.1.i1"), SIZE_MAX);
  world.answer("shenzhen", theirs, true, "fourth");
  EXPECT_NE(world.when("hongkong sends j1.1.i1"), SIZE_MAX);
}

}  // namespace
}  // namespace hetao::federation
