// What crosses, and who had to agree: jobs through two cores in memory.
#include <gtest/gtest.h>

#include "gateway/federation/facts.h"
#include "gateway/federation/item.h"
#include "tests/unit/federation/two_cities.h"

namespace hetao::federation {
namespace {

TEST(Crossing, AProgramArrivesBeforeItsJobStarts) {
  TwoCities world(kRules);
  const std::string id = world.submit("hongkong", "shenzhen", "shenzhen-general");
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  EXPECT_LT(world.when("shenzhen has j1.1.c0"), world.when("shenzhen submits j1.1"));
  EXPECT_LT(world.when("shenzhen submits j1.1"), world.when("shenzhen starts j1.1"));
  EXPECT_EQ(world.unrest(), "");
}

TEST(Crossing, BothSidesDecideBeforeAByteMoves) {
  TwoCities world(kRules);
  world.submit("hongkong", "shenzhen", "");
  world.settle();
  const size_t sent = world.when("hongkong sends j1.1.c0");
  EXPECT_LT(world.when("hongkong books decision permit j1.1.c0"), sent);
  EXPECT_LT(world.when("shenzhen books decision permit j1.1.c0"), sent);
  EXPECT_LT(world.when("hongkong books departed j1.1.c0"), sent);
  EXPECT_LT(sent, world.when("shenzhen books arrived j1.1.c0"));
  EXPECT_EQ(world.booked("hongkong", "departed", "j1.1.c0"), 1U);
  EXPECT_EQ(world.booked("shenzhen", "arrived", "j1.1.c0"), 1U);
}

TEST(Crossing, WhatAJobBringsAlongGoesTogetherOrNotAtAll) {
  TwoCities world(
      std::string(kRules) +
      "  - {id: H5, effect: hold, title: models are looked at, when: {action: cross, item.kind: model}}\n");
  pb::Item& model = world.also_brought.emplace_back();
  model.set_name("/job/model.bin");
  model.set_kind("model");
  put_fact(*model.mutable_labels(), fact("data.grade", "general"));
  pb::ItemFile& file = *model.add_files();
  file.set_digest("d-model");
  file.set_bytes(300);
  seal_item(model);
  const std::string id = world.submit("hongkong", "shenzhen", "");
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_HELD);
  EXPECT_EQ(world.core("hongkong").crossing("j1.1.c0")->state(), pb::CROSSING_ASKED);
  EXPECT_TRUE(world.core("shenzhen").crossings().empty()) << "the program may go, and waits for the model";
  for (const char* region : {"hongkong", "shenzhen"}) {
    ASSERT_EQ(world.open_reviews(region).size(), 1U) << region << ": " << world.job(id).reason();
    world.answer(region, world.open_reviews(region).front(), true, "reviewer");
  }
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  EXPECT_EQ(world.booked("shenzhen", "arrived", "j1.1.c0"), 1U);
  EXPECT_EQ(world.booked("shenzhen", "arrived", "j1.1.c1"), 1U);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Crossing, AJobAtHomeCrossesNothing) {
  TwoCities world(kRules);
  const std::string id = world.submit("hongkong", "hongkong", "hongkong-important");
  world.settle();
  EXPECT_EQ(world.job(id).state(), pb::JOB_COMPLETE) << world.job(id).reason();
  EXPECT_TRUE(world.core("hongkong").crossings().empty());
  EXPECT_EQ(world.counter("hongkong"), 0);
}

TEST(Crossing, WhatIsForbiddenIsRefusedAtOnceWithWhatWouldBeAllowed) {
  TwoCities world(kRules);
  world.submit("hongkong", "hongkong", "shenzhen-important");
  world.settle();
  ASSERT_TRUE(world.told().error.has_value());
  EXPECT_EQ(world.told().error->code, ErrorCode::kForbidden);
  EXPECT_NE(world.told().error->why.find("F1"), std::string::npos) << world.told().error->why;
  EXPECT_EQ(world.told().error->hint, "allowed instead: a passed security assessment");
  EXPECT_TRUE(world.core("hongkong").jobs().empty());
  EXPECT_TRUE(world.core("hongkong").crossings().empty());
  EXPECT_EQ(world.city("hongkong").entries.back().decision, "forbid");
}

TEST(Crossing, AForbidOfTheReceiverRefusesAndGivesCountersBack) {
  TwoCities world(kRules);
  const std::string stricter =
      std::string(kRules) +
      "  - {id: F9, effect: forbid, title: no people from abroad, when: {action: cross, "
      "crossing.to: CN, item.kind: dataset}}\n";
  world.activate("shenzhen", stricter);
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-general");
  bool reserved = false;
  do {
    reserved = reserved || world.counter("hongkong") == 100;
  } while (world.happen());
  EXPECT_TRUE(reserved);
  EXPECT_EQ(world.counter("hongkong"), 0);
  EXPECT_EQ(world.job(id).state(), pb::JOB_SYSTEM_ERROR);
  EXPECT_NE(world.job(id).reason().find("F9"), std::string::npos) << world.job(id).reason();
  EXPECT_EQ(world.when("shenzhen submits j1.1"), SIZE_MAX);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Crossing, AHoldWaitsForAReviewerWhoIsNotTheSubmitter) {
  TwoCities world(kRules);
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-tagged");
  world.settle();
  world.wait(Duration::seconds(3600));
  ASSERT_EQ(world.open_reviews("hongkong").size(), 1U);
  EXPECT_EQ(world.job(id).state(), pb::JOB_HELD);
  const std::string review = world.open_reviews("hongkong").front();
  world.answer("hongkong", review, true, "researcher");
  ASSERT_TRUE(world.told().error.has_value());
  EXPECT_EQ(world.told().error->code, ErrorCode::kNotAllowed);
  world.answer("hongkong", review, true, "reviewer", "");
  ASSERT_TRUE(world.told().error.has_value());
  EXPECT_EQ(world.told().error->code, ErrorCode::kUsage);
  EXPECT_EQ(world.job(id).state(), pb::JOB_HELD);
  world.answer("hongkong", review, true, "reviewer");
  EXPECT_FALSE(world.told().error.has_value());
  EXPECT_TRUE(world.open_reviews("hongkong").empty());
  // The other side's policy holds it too, and one city's reviewer does not speak for the other's.
  EXPECT_EQ(world.open_reviews("shenzhen").size(), 1U);
  EXPECT_EQ(world.when("shenzhen submits j1.1"), SIZE_MAX);
}

TEST(Crossing, ARejectionIsFinalAndTheJobSaysWhy) {
  TwoCities world(kRules);
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-tagged");
  world.settle();
  world.answer("hongkong", world.open_reviews("hongkong").front(), false, "reviewer", "names are in it");
  EXPECT_EQ(world.job(id).state(), pb::JOB_SYSTEM_ERROR);
  EXPECT_NE(world.job(id).reason().find("names are in it"), std::string::npos) << world.job(id).reason();
  EXPECT_EQ(world.counter("hongkong"), 0);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Crossing, AnApprovalIsGoodForOneItemOfOneJob) {
  TwoCities world(kRules);
  world.submit("hongkong", "shenzhen", "hongkong-tagged");
  world.settle();
  const std::string first = world.open_reviews("hongkong").front();
  EXPECT_EQ(world.core("hongkong").review(first)->item_digest(), "d-hongkong-tagged");
  world.answer("hongkong", first, true, "reviewer");
  world.answer("hongkong", first, true, "reviewer");
  ASSERT_TRUE(world.told().error.has_value());
  EXPECT_NE(world.told().error->why.find("already"), std::string::npos) << world.told().error->why;
  world.submit("hongkong", "shenzhen", "hongkong-tagged");
  world.settle();
  ASSERT_EQ(world.open_reviews("hongkong").size(), 1U);
  EXPECT_NE(world.open_reviews("hongkong").front(), first);
}

TEST(Crossing, AReviewerCannotLiftWhatHasBecomeForbidden) {
  TwoCities world(kRules);
  const std::string id = world.submit("hongkong", "shenzhen", "hongkong-tagged");
  world.settle();
  world.activate("hongkong", std::string(kRules) +
                                 "  - {id: F8, effect: forbid, title: since today, when: {action: cross, "
                                 "data.tags: {contains: look}}}\n");
  world.answer("hongkong", world.open_reviews("hongkong").front(), true, "reviewer");
  EXPECT_EQ(world.job(id).state(), pb::JOB_SYSTEM_ERROR);
  EXPECT_EQ(world.when("hongkong sends j1.1.i1"), SIZE_MAX);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Crossing, TwoJobsCannotBothPassAThresholdThatAdmitsOne) {
  const std::string rules = std::string(kRules) +
                            "  - {id: F7, effect: forbid, title: too many people, when: {action: cross, "
                            "subjects.year_ordinary: {gte: 150}}}\n";
  TwoCities world(rules);
  const std::string first = world.submit("shenzhen", "shenzhen", "hongkong-general");
  const std::string second = world.submit("shenzhen", "shenzhen", "hongkong-more");
  world.settle();
  EXPECT_EQ(world.job(first).state(), pb::JOB_COMPLETE) << world.job(first).reason();
  EXPECT_EQ(world.job(second).state(), pb::JOB_SYSTEM_ERROR);
  EXPECT_NE(world.job(second).reason().find("F7"), std::string::npos) << world.job(second).reason();
  EXPECT_EQ(world.counter("hongkong"), 100);
  EXPECT_EQ(world.unrest(), "");
}

TEST(Crossing, ExplainSaysWhatWouldBeAllowedAndBooksNothing) {
  TwoCities world(kRules);
  pb::Task task;
  pb::Input& data = *task.add_inputs();
  data.set_path("/data");
  data.set_url("dataset:shenzhen-important");
  task.mutable_resources()->add_zones("hongkong");
  const size_t before = world.city("hongkong").entries.size();
  const auto out = world.core("hongkong").explain(task, {}, "", {}, Instant{1'764'000'000'000'000});
  ASSERT_TRUE(out.has_value());
  ASSERT_EQ(out->front().crossings.size(), 1U);
  ASSERT_EQ(out->front().crossings.front().verdict.changes_size(), 1);
  EXPECT_EQ(out->front().crossings.front().verdict.changes(0).text(), "a passed security assessment");
  EXPECT_EQ(world.city("hongkong").entries.size(), before);
}

}  // namespace
}  // namespace hetao::federation
