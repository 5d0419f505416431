// Yearly counters: reserved with the decision, given back when nothing crossed, and told again by the ledger.
#include "gateway/federation/counters.h"

#include <gtest/gtest.h>

#include "gateway/federation/facts.h"
#include "gateway/federation/inputs.h"
#include "tests/unit/federation/two_cities.h"

namespace hetao::federation {
namespace {

pb::Item item_of(const char* kind, const char* personal, std::optional<int64_t> ordinary,
                 std::optional<int64_t> sensitive) {
  pb::Item item;
  item.set_kind(kind);
  auto& labels = *item.mutable_labels();
  put_fact(labels, fact("data.personal", personal));
  if (ordinary) put_fact(labels, fact("data.subjects_ordinary", *ordinary));
  if (sensitive) put_fact(labels, fact("data.subjects_sensitive", *sensitive));
  return item;
}

const ledger::Entry& last_decision(const City& city, const std::string& crossing) {
  const ledger::Entry* found = nullptr;
  for (const ledger::Entry& entry : city.entries) {
    if (entry.kind == "decision" && entry.crossing == crossing) found = &entry;
  }
  if (found == nullptr) throw std::runtime_error("no decision of " + crossing);
  return *found;
}

TEST(Counters, PersonsOfASensitiveItemCountAsSensitive) {
  EXPECT_EQ(people_of(item_of("dataset", "sensitive", 40, 0)).sensitive, 40);
  EXPECT_EQ(people_of(item_of("dataset", "sensitive", 40, 0)).ordinary, 0);
  EXPECT_EQ(people_of(item_of("dataset", "sensitive", 30, 10)).ordinary, 30);
  EXPECT_EQ(people_of(item_of("dataset", "ordinary", 30, 10)).sensitive, 10);
  EXPECT_EQ(people_of(item_of("aggregate", "sensitive", 30, 10)).sensitive, 0);
  EXPECT_EQ(people_of(item_of("code", "sensitive", 30, 10)).ordinary, 0);
  EXPECT_EQ(people_of(item_of("dataset", "none", 30, 10)).sensitive, 0);
  EXPECT_FALSE(people_of(item_of("dataset", "sensitive", 30, std::nullopt)).sensitive.has_value());
}

TEST(Counters, AnEntryHoldsAllThatItsDecisionWasMadeFrom) {
  TwoCities world(kRules);
  RegisterMechanism filing;
  filing.mechanism.set_id("SZ-1");
  filing.mechanism.set_kind("security-assessment");
  filing.mechanism.set_exporter("shenzhen-*");
  filing.mechanism.set_recipient("*");
  filing.mechanism.set_status("effective");
  world.post("shenzhen", filing);
  world.post("hongkong", filing);
  world.submit("hongkong", "hongkong", "shenzhen-important");
  world.settle();
  const City& city = world.city("shenzhen");
  const ledger::Entry& entry = last_decision(city, "j1.1.i1");
  EXPECT_EQ(entry.decision, "permit");
  EXPECT_EQ(entry.extra.at("mechanism"), "SZ-1");
  const auto inputs = inputs_of(entry);
  ASSERT_TRUE(inputs.has_value() && inputs->has_value());
  ASSERT_EQ((*inputs)->filings.size(), 1U);
  const Outcome again = decide_best(*city.policy, **inputs, Date{});
  EXPECT_EQ(again.decision.effect, policy::Effect::kPermit);
  EXPECT_EQ(again.served_by, "SZ-1");
  EXPECT_EQ(people_of((*inputs)->request).ordinary, 100);
}

TEST(Counters, BytesAndJobsCountToo) {
  TwoCities world(kRules);
  world.submit("hongkong", "hongkong", "shenzhen-general");
  world.submit("hongkong", "hongkong", "shenzhen-general");
  world.settle();
  const auto& counters = world.core("shenzhen").counters();
  ASSERT_EQ(counters.size(), 1U);
  EXPECT_EQ(counters.begin()->second.ordinary(), 200);
  EXPECT_EQ(counters.begin()->second.bytes(), 2 * 4096);
  EXPECT_EQ(counters.begin()->second.jobs(), 2);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Counters, NoTwoJobsPassAThresholdThatAdmitsOne) {
  TwoCities world(
      std::string(kRules) +
      "  - {id: F8, effect: forbid, title: enough, when: {action: cross, subjects.year_ordinary: {gte: "
      "150}}}\n");
  world.submit("hongkong", "hongkong", "shenzhen-general");
  world.submit("hongkong", "hongkong", "shenzhen-general");
  world.settle();
  EXPECT_EQ(world.job("j1").state(), pb::JOB_COMPLETE);
  EXPECT_EQ(world.job("j2").state(), pb::JOB_SYSTEM_ERROR);
  EXPECT_EQ(world.counter("shenzhen"), 100);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Counters, WhatWaitsOverNewYearCountsInTheYearInWhichItLeaves) {
  TwoCities world(kRules);
  for (const char* region : {"shenzhen", "hongkong"}) {
    world.city(region).config.job_deadline = Duration::seconds(int64_t{400} * 86'400);
    world.city(region).config.hold_expiry = Duration::seconds(int64_t{400} * 86'400);
    world.restart(region);
  }
  world.settle();
  world.submit("hongkong", "hongkong", "shenzhen-tagged");
  world.settle();
  ASSERT_EQ(world.core("shenzhen").counters().begin()->second.ordinary(), 100);
  ASSERT_EQ(world.core("shenzhen").counters().begin()->second.year(), 2025);
  world.wait(Duration::seconds(int64_t{90} * 86'400));
  for (const char* region : {"shenzhen", "hongkong"}) {
    for (const std::string& review : world.open_reviews(region))
      world.answer(region, review, true, "reviewer");
  }
  world.settle();
  EXPECT_EQ(world.job("j1").state(), pb::JOB_COMPLETE) << world.job("j1").reason();
  int64_t of_2025 = 0;
  int64_t of_2026 = 0;
  for (const auto& [key, counter] : world.core("shenzhen").counters())
    (counter.year() == 2025 ? of_2025 : of_2026) += counter.ordinary();
  EXPECT_EQ(of_2025, 0);
  EXPECT_EQ(of_2026, 100);
  EXPECT_EQ(world.unrest(), "");
}

// Seed 202549 of the reference pack: the holder's clock was set past the job's deadline between two attempts,
// and the first one's item was in the archive when the second asked for it again.
TEST(Counters, WhatIsCountedAgainAfterTheArchiveIsWhatTheLedgerTells) {
  TwoCities world(kRules);
  world.city("shenzhen").config.job_deadline = Duration::seconds(600);
  world.city("shenzhen").config.retire_after = Duration::seconds(60);
  world.city("hongkong").config.retry_first = Duration::seconds(3'600);
  world.city("hongkong").config.retry_most = Duration::seconds(3'600);
  for (const char* region : {"shenzhen", "hongkong"}) world.restart(region);
  world.settle();
  world.platform_does["hongkong"] = "refuse";
  const std::string id = world.submit("hongkong", "hongkong", "shenzhen-general");
  world.settle();
  ASSERT_EQ(world.job(id).attempt(), 2U);
  world.wait(Duration::seconds(700));
  ASSERT_TRUE(world.core("shenzhen").crossings().empty());
  world.platform_does.clear();
  world.wait(Duration::seconds(3'600));
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  EXPECT_EQ(world.core("shenzhen").counters().begin()->second.jobs(), 2) << "rather twice than not at all";
  CounterBook book;
  for (const ledger::Entry& entry : world.city("shenzhen").entries) ASSERT_TRUE(book.take(entry).has_value());
  EXPECT_TRUE(compare_counters(world.core("shenzhen").counters(), book).empty());
}

TEST(Counters, ACounterThatWasTamperedWithIsFound) {
  TwoCities world(kRules);
  world.submit("hongkong", "hongkong", "shenzhen-general");
  world.settle();
  CounterBook book;
  for (const ledger::Entry& entry : world.city("shenzhen").entries) ASSERT_TRUE(book.take(entry).has_value());
  Table_of<pb::Counter> kept = world.core("shenzhen").counters();
  EXPECT_TRUE(compare_counters(kept, book).empty());
  kept.begin()->second.set_ordinary(99);
  ASSERT_EQ(compare_counters(kept, book).size(), 1U);
  EXPECT_EQ(compare_counters(kept, book).front().from_ledger.ordinary, 100);
  kept.clear();
  EXPECT_EQ(compare_counters(kept, book).size(), 1U);
}

}  // namespace
}  // namespace hetao::federation
