// A gateway whose disk was lost and that was restored from an older copy: what came after the copy is gone,
// what comes now must work again.
#include <gtest/gtest.h>

#include "tests/unit/federation/two_cities.h"

namespace hetao::federation {
namespace {

struct Copy {
  std::map<std::pair<Table, std::string>, std::string> rows;
  std::vector<ledger::Entry> entries;
};

Copy copy_of(TwoCities& cities, const std::string& region) {
  return {cities.city(region).rows, cities.city(region).entries};
}

void restore(TwoCities& cities, const std::string& region, const Copy& copy) {
  cities.city(region).rows = copy.rows;
  cities.city(region).entries = copy.entries;
  cities.restart(region);
  cities.settle();
}

void expect_complete(TwoCities& cities, const std::string& home, const std::string& place) {
  const std::string job = cities.submit(home, place, {});
  cities.settle();
  EXPECT_EQ(cities.job(job).state(), pb::JOB_COMPLETE)
      << home << " to " << place << ": " << cities.job(job).reason();
}

TEST(Restoration, NewJobsGoBothWaysAfterOneSideForgotMany) {
  TwoCities cities(kRules);
  cities.connect();
  expect_complete(cities, "hongkong", "shenzhen");
  const Copy old = copy_of(cities, "shenzhen");
  for (int i = 0; i < 3; ++i) {
    expect_complete(cities, "hongkong", "shenzhen");
    expect_complete(cities, "shenzhen", "hongkong");
  }
  restore(cities, "shenzhen", old);
  expect_complete(cities, "hongkong", "shenzhen");
  expect_complete(cities, "shenzhen", "hongkong");
}

TEST(Restoration, WhatWaitedInTheOutboxOfTheCopyIsSaidUnderNewNumbers) {
  TwoCities cities(kRules);
  cities.connect();
  expect_complete(cities, "shenzhen", "hongkong");
  cities.cut();
  const std::string waiting = cities.submit("shenzhen", "hongkong", {});
  cities.settle();
  const Copy old = copy_of(cities, "shenzhen");
  cities.connect();
  cities.settle();
  ASSERT_EQ(cities.job(waiting).state(), pb::JOB_COMPLETE);
  expect_complete(cities, "shenzhen", "hongkong");
  restore(cities, "shenzhen", old);
  expect_complete(cities, "shenzhen", "hongkong");
}

}  // namespace
}  // namespace hetao::federation
