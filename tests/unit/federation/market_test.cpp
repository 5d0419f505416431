// Offers of compute, quotas, and whose turn it is: seen from outside, in three cities.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/federation/supply.h"
#include "gateway/federation/table.h"
#include "tests/unit/federation/two_cities.h"

namespace hetao::federation {
namespace {

using testing::HasSubstr;

constexpr const char* kPlace = "shenzhen";  // where everything runs here
constexpr const char* kTenant = "hongkong-university";

pb::Principal an_operator() {
  pb::Principal who;
  who.set_user("op");
  who.set_tenant("shenzhen-hub");
  return who;
}

// Hong Kong and Macao send jobs; Shenzhen runs them until the test ends them.
class Market : public ::testing::Test {
 protected:
  void open(const std::function<void(CoreConfig&)>& change = {}) {
    world_.emplace(kRules, std::vector<std::string>{"macao"}, change);
    world_->platform_does[kPlace] = "keep";
  }

  static pb::ComputeOffer cores(int64_t count, const std::string& id = "o1") {
    pb::ComputeOffer offer;
    offer.set_id(id);
    offer.set_platform("cluster");
    offer.set_count(count);
    return offer;
  }
  Answer publish(const pb::ComputeOffer& offer) {
    world_->post(kPlace, PublishOffer{77, offer, an_operator()});
    world_->settle();
    return world_->told();
  }
  void withdraw(const std::string& id) {
    world_->post(kPlace, WithdrawOffer{78, id, an_operator()});
    world_->settle();
  }

  std::string submit(const std::string& home = "hongkong", int cores = 1) {
    const std::string id = world_->submit(
        home, kPlace, "", [&](pb::Task& task) { task.mutable_resources()->set_cpu_cores(cores); });
    world_->settle();
    return id;
  }
  const pb::Run& run(const std::string& job) const { return *world_->core(kPlace).run(job + ".1"); }
  bool runs(const std::string& job) const { return run(job).state() == pb::RUN_RUNNING; }
  bool waits(const std::string& job) const { return run(job).state() == pb::RUN_WAITING; }
  void end(const std::string& job) { world_->end_run(kPlace, job + ".1"); }
  int64_t taken(const std::string& id = "o1") const {
    for (const pb::ComputeOffer& offer : world_->core(kPlace).offers()) {
      if (offer.id() == id) return offer.taken();
    }
    return -1;
  }
  size_t booked(const std::string& kind) const {
    const auto& entries = world_->city(kPlace).entries;
    return static_cast<size_t>(std::count_if(entries.begin(), entries.end(),
                                             [&](const ledger::Entry& entry) { return entry.kind == kind; }));
  }

  mutable std::optional<TwoCities> world_;
};

TEST_F(Market, AnOfferHoldsWhatItSaysAndWhoComesLaterHasHisTurnLater) {
  open();
  ASSERT_FALSE(publish(cores(1)).error);
  const std::string first = submit();
  const std::string second = submit();
  EXPECT_TRUE(runs(first));
  EXPECT_EQ(run(first).offer(), "o1");
  EXPECT_EQ(taken(), 1);
  ASSERT_TRUE(waits(second));
  EXPECT_EQ(world_->job(second).state(), pb::JOB_STAGING) << "no reviewer is needed";
  EXPECT_THAT(world_->job(second).reason(), HasSubstr("waits for its turn: offer o1 of cluster is taken"));
  end(first);
  EXPECT_TRUE(runs(second));
  EXPECT_EQ(taken(), 1);
  end(second);
  EXPECT_EQ(taken(), 0);
  EXPECT_EQ(world_->job(second).state(), pb::JOB_COMPLETE);
  EXPECT_EQ(booked("offer-published"), 1U);
  EXPECT_EQ(booked("reserved"), 2U);
  EXPECT_EQ(world_->unrest(), "");
}

TEST_F(Market, WhatRunsUnderAnOfferCostsWhatTheOfferSaid) {
  open([](CoreConfig& config) {
    for (PlatformConfig& platform : config.platforms) {
      platform.price.set_currency("CNY");
      platform.price.set_core_hour_micros(9'000'000);
    }
  });
  pb::ComputeOffer dear = cores(8, "dear");
  dear.mutable_price()->set_currency("CNY");
  dear.mutable_price()->set_core_hour_micros(3'000'000);
  pb::ComputeOffer cheap = cores(8, "cheap");
  cheap.mutable_price()->set_currency("HKD");
  cheap.mutable_price()->set_core_hour_micros(2'000'000);
  publish(dear);
  publish(cheap);
  const std::string job = submit("hongkong", 2);
  EXPECT_EQ(run(job).offer(), "cheap");
  EXPECT_EQ(run(job).expected_cost_micros(), 4'000'000);
  EXPECT_EQ(run(job).expected_currency(), "HKD");
  withdraw("cheap");
  ASSERT_TRUE(runs(job)) << "what has begun goes on";
  State state(world_->city(kPlace).config);
  pb::Usage used;
  used.set_cores(2);
  used.set_seconds(1'800);
  EXPECT_EQ(priced(state, run(job), used).cost_micros(), 2'000'000) << "as agreed when it began";
  EXPECT_EQ(priced(state, run(job), used).currency(), "HKD");
}

TEST_F(Market, WhomNothingIsOfferedToIsToldAtOnceAndInExplainBefore) {
  open();
  pb::ComputeOffer offer = cores(4);
  offer.add_tenants("macao-*");
  publish(offer);
  pb::Task task;
  task.mutable_resources()->add_zones(kPlace);
  pb::Principal who;
  who.set_tenant(kTenant);
  const auto places = world_->core("hongkong").explain(task, who, "", {}, Instant{1'764'000'000'000'000});
  ASSERT_TRUE(places);
  EXPECT_THAT(places->front().unfit, HasSubstr("offer o1 of cluster is made to others"));
  EXPECT_EQ(places->front().lost, places->front().unfit);
  submit();
  ASSERT_TRUE(world_->told().error);
  EXPECT_THAT(to_line(*world_->told().error), HasSubstr("is made to others"));
  EXPECT_TRUE(runs(submit("macao")));
}

TEST_F(Market, MoreThanIsEverOfferedAtOnceIsRefusedInWords) {
  open();
  publish(cores(4));
  submit("hongkong", 5);
  ASSERT_TRUE(world_->told().error);
  EXPECT_THAT(to_line(*world_->told().error), HasSubstr("is of 4 at once"));
}

TEST_F(Market, AnOfferThatNamesNoBeginningBeginsNow) {
  open();
  ASSERT_FALSE(publish(cores(1)).error);
  const pb::ComputeOffer offer = world_->core(kPlace).offers().front();
  EXPECT_GT(offer.from_micros(), 0);
  EXPECT_EQ(offer.from_micros(), offer.published_micros());
}

TEST_F(Market, AnOfferBeginsAndEndsByTheClock) {
  open();
  pb::ComputeOffer offer = cores(1);
  const int64_t now = 1'764'000'000'000'000;
  offer.set_from_micros(now + 100'000'000);
  offer.set_until_micros(now + 300'000'000);
  ASSERT_FALSE(publish(offer).error);
  const std::string early = submit();
  ASSERT_TRUE(waits(early));
  EXPECT_THAT(world_->job(early).reason(), HasSubstr("waits for an offer of cluster to begin"));
  world_->wait(Duration::seconds(101));
  EXPECT_TRUE(runs(early));
  world_->wait(Duration::seconds(200));
  EXPECT_TRUE(runs(early)) << "what has begun goes on";
  EXPECT_EQ(booked("offer-ended"), 1U);
  EXPECT_TRUE(world_->core(kPlace).offers().empty());
  EXPECT_TRUE(runs(submit())) << "where nothing is offered, jobs are taken as they come";
}

TEST_F(Market, AJobThatWouldOutliveAnOfferIsNoneForIt) {
  open();
  pb::ComputeOffer offer = cores(1);
  offer.set_until_micros(1'764'000'000'000'000 + int64_t{3'600} * 1'000'000);
  publish(offer);
  world_->submit("hongkong", kPlace, "", [](pb::Task& task) {
    pb::Tag& time = *task.mutable_resources()->add_backend_parameters();
    time.set_key("wall_time");
    time.set_value("2h");
  });
  world_->settle();
  ASSERT_TRUE(world_->told().error);
  EXPECT_THAT(to_line(*world_->told().error), HasSubstr("before it would"));
}

TEST_F(Market, AWithdrawnOfferFreesThoseWhoWaitedForIt) {
  open();
  publish(cores(1));
  const std::string first = submit();
  const std::string second = submit();
  ASSERT_TRUE(waits(second));
  withdraw("o1");
  EXPECT_TRUE(runs(first));
  EXPECT_TRUE(runs(second)) << "nothing is offered any more: as they come";
  EXPECT_EQ(booked("offer-withdrawn"), 1U);
}

TEST_F(Market, WhoseOfferIsGoneWhileOthersAreLeftIsRefused) {
  open();
  publish(cores(1));
  pb::ComputeOffer others = cores(1, "o2");
  others.add_tenants("macao-*");
  publish(others);
  submit();
  const std::string second = submit();
  ASSERT_TRUE(waits(second));
  withdraw("o1");
  world_->wait(Duration::seconds(5));
  EXPECT_EQ(run(second).state(), pb::RUN_REFUSED);
  EXPECT_THAT(run(second).reason(), HasSubstr("is for it any more"));
}

TEST_F(Market, TheTenantThatHoldsLeastComesFirst) {
  open();
  publish(cores(2));
  const std::string a = submit();
  const std::string b = submit();
  const std::string c = submit();
  const std::string other = submit("macao");
  ASSERT_TRUE(runs(a) && runs(b) && waits(c) && waits(other));
  end(a);
  EXPECT_TRUE(runs(other)) << "it came later, and its tenant holds nothing";
  EXPECT_TRUE(waits(c));
  end(b);
  EXPECT_TRUE(runs(c));
}

TEST_F(Market, NobodyPassesALargeJobThatIsFirst) {
  open();
  publish(cores(2));
  const std::string small = submit();
  const std::string large = submit("macao", 2);
  const std::string later = submit();
  ASSERT_TRUE(runs(small) && waits(large));
  EXPECT_TRUE(waits(later)) << "there is room for it, and it would keep the large one waiting for ever";
  end(small);
  EXPECT_TRUE(runs(large));
  end(large);
  EXPECT_TRUE(runs(later));
}

TEST_F(Market, AQuotaHoldsWithAndWithoutOffers) {
  open([](CoreConfig& config) { config.quotas[kTenant] = {.cores = 2, .accelerators = 0}; });
  const std::string first = submit("hongkong", 2);
  const std::string second = submit();
  EXPECT_TRUE(runs(first));
  ASSERT_TRUE(waits(second));
  EXPECT_THAT(world_->job(second).reason(), HasSubstr("hongkong-university holds 2 of its 2 cores here"));
  EXPECT_TRUE(runs(submit("macao", 8))) << "who has no quota";
  end(first);
  EXPECT_TRUE(runs(second));
}

TEST_F(Market, MoreThanAQuotaIsRefusedAtOnce) {
  open([](CoreConfig& config) { config.quotas[kTenant] = {.cores = 2, .accelerators = 0}; });
  const std::string job = submit("hongkong", 3);
  world_->wait(Duration::seconds(5));
  EXPECT_EQ(run(job).state(), pb::RUN_REFUSED);
  EXPECT_THAT(run(job).reason(), HasSubstr("may hold 2 cores here at once, and it asks for 3"));
}

TEST_F(Market, ARestartForgetsNeitherWhoHoldsNorWhoWaits) {
  open();
  publish(cores(1));
  const std::string first = submit();
  const std::string second = submit();
  world_->restart(kPlace);
  world_->settle();
  EXPECT_EQ(taken(), 1);
  ASSERT_TRUE(waits(second));
  end(first);
  EXPECT_TRUE(runs(second));
}

TEST_F(Market, ACancelledJobWaitsNoMore) {
  open();
  publish(cores(1));
  const std::string first = submit();
  const std::string second = submit();
  const std::string third = submit();
  world_->post("hongkong", CancelJob{0, second, {}});
  world_->settle();
  EXPECT_EQ(world_->job(second).state(), pb::JOB_CANCELLED);
  end(first);
  EXPECT_TRUE(runs(third));
}

TEST_F(Market, APeerIsToldWhatItMayKnow) {
  open([](CoreConfig& config) {
    if (config.region == kPlace) config.shows_supply["macao"] = SupplyShown::kNothing;
  });
  pb::ComputeOffer ours = cores(1, "for-macao");
  ours.add_regions("macao");
  publish(ours);
  publish(cores(3, "for-all"));
  const auto told = [&](const std::string& region) {
    std::vector<std::string> ids;
    for (const PeerState& peer : world_->core(region).peers()) {
      for (const pb::ComputeOffer& offer : peer.offers) ids.push_back(offer.id() + offer.published_by());
    }
    return ids;
  };
  EXPECT_EQ(told("hongkong"), std::vector<std::string>{"for-all"});
  EXPECT_EQ(told("macao"), std::vector<std::string>{});
  withdraw("for-all");
  EXPECT_EQ(told("hongkong"), std::vector<std::string>{});
}

TEST_F(Market, NumbersOfAPeerThatNobodyCouldReckonWithArePassedOver) {
  open();
  pb::PeerMessage message;
  pb::RegionNews& news = *message.mutable_region_news();
  news.add_platforms()->set_name("cluster");
  *news.add_offers() = cores(1, "good");
  *news.add_offers() = cores(int64_t{1} << 62U, "large");
  *news.add_offers() = cores(1, "old");
  news.mutable_offers(2)->set_from_micros(INT64_MIN);
  *news.add_offers() = cores(1, "taken");
  news.mutable_offers(3)->set_taken(INT64_MIN);
  world_->post("hongkong", PeerSaid{kPlace, message});
  for (const PeerState& peer : world_->core("hongkong").peers()) {
    if (peer.region != kPlace) continue;
    ASSERT_EQ(peer.offers.size(), 1U);
    EXPECT_EQ(peer.offers[0].id(), "good");
  }
}

TEST_F(Market, WhatCanNotBeOfferedIsRefusedInWords) {
  open();
  pb::ComputeOffer offer = cores(1);
  offer.set_platform("cloud");
  EXPECT_THAT(to_line(publish(offer).error.value()), HasSubstr("platform \"cloud\": is none of shenzhen"));
  offer = cores(1);
  offer.set_accelerator("a800");
  EXPECT_THAT(to_line(publish(offer).error.value()), HasSubstr("is not on cluster"));
  EXPECT_THAT(to_line(publish(cores(0)).error.value()), HasSubstr("count"));
  offer = cores(1);
  offer.mutable_price()->set_currency("CNY");
  offer.mutable_price()->set_core_hour_micros(int64_t{1} << 60U);
  EXPECT_THAT(to_line(publish(offer).error.value()), HasSubstr("out of bounds"));
  offer = cores(1);
  offer.set_until_micros(1);
  EXPECT_THAT(to_line(publish(offer).error.value()), HasSubstr("until"));
  withdraw("nothing");
  EXPECT_EQ(world_->told().error.value().code, ErrorCode::kNotFound);
  EXPECT_TRUE(world_->core(kPlace).offers().empty());
}

}  // namespace
}  // namespace hetao::federation
