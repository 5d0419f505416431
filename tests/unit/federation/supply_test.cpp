// What regions have, which of their platforms a task fits, what it costs, and who may spend how much.
#include "gateway/federation/supply.h"

#include <gtest/gtest.h>

#include "gateway/federation/fit.h"
#include "gateway/federation/money.h"

namespace hetao::federation {
namespace {

constexpr Instant kNow{1'795'656'922'000'000};  // 2026-11-26

pb::Task task_with(const std::string& kinds, const std::string& counts, int64_t cores = 1) {
  pb::Task task;
  task.mutable_resources()->set_cpu_cores(cores);
  const auto add = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    pb::Tag& tag = *task.mutable_resources()->add_backend_parameters();
    tag.set_key(key);
    tag.set_value(value);
  };
  add("accelerator", kinds);
  add("accelerators", counts);
  return task;
}

pb::Platform platform_with(const std::string& name, const std::string& kind, int64_t most, int64_t free) {
  pb::Platform platform;
  platform.set_name(name);
  platform.set_cpu_cores(64);
  platform.set_seen_micros(kNow.micros);
  platform.set_cores_total(128);
  platform.set_cores_free(128);
  pb::Accelerator& accelerator = *platform.add_accelerators();
  accelerator.set_kind(kind);
  accelerator.set_job_max(most);
  accelerator.set_total(most);
  accelerator.set_free(free);
  return platform;
}

TEST(Supply, EquivalentsAreReadWithTheirCounts) {
  const auto one = wanted_accelerators(task_with("ascend910b", "8"));
  EXPECT_EQ(one.kinds, std::vector<std::string>{"ascend910b"});
  EXPECT_EQ(one.counts, std::vector<int64_t>{8});
  const auto two = wanted_accelerators(task_with("ascend910b, a800", "8,4"));
  EXPECT_EQ(two.kinds, (std::vector<std::string>{"ascend910b", "a800"}));
  EXPECT_EQ(two.counts, (std::vector<int64_t>{8, 4}));
  EXPECT_EQ(wanted_accelerators(task_with("ascend910b, a800", "8")).counts, (std::vector<int64_t>{8, 8}));
  EXPECT_TRUE(wanted_accelerators(task_with("", "")).kinds.empty());
}

TEST(Supply, OfEquivalentsTheOneThatIsFreeIsTaken) {
  const std::vector<pb::Platform> platforms = {platform_with("npu", "ascend910b", 8, 0),
                                               platform_with("gpu", "a800", 8, 8)};
  const Fit fit = best_fit(platforms, task_with("ascend910b, a800", "8"), "shenzhen");
  EXPECT_EQ(fit.platform, "gpu");
  EXPECT_EQ(fit.accelerator, "a800");
  EXPECT_EQ(fit.wait_seconds, 0);
  const Fit busy = best_fit(platforms, task_with("ascend910b", "8"), "shenzhen");
  EXPECT_EQ(busy.platform, "npu");
  EXPECT_GT(busy.wait_seconds, 0);
}

TEST(Supply, WhatNobodyHasIsSaidInWords) {
  const std::vector<pb::Platform> platforms = {platform_with("npu", "ascend910b", 8, 8)};
  EXPECT_NE(best_fit(platforms, task_with("ascend910b", "9"), "sz")
                .why.find("has 8 ascend910b for a job, it asks for 9"),
            std::string::npos);
  EXPECT_NE(best_fit(platforms, task_with("h20", "1"), "sz").why.find("has no h20"), std::string::npos);
  EXPECT_NE(best_fit(platforms, task_with("", "", 65), "sz").why.find("64 cores"), std::string::npos);
  EXPECT_EQ(best_fit({}, task_with("", ""), "sz").why, "sz has no platform");
}

TEST(Supply, APriceIsMultipliedExactly) {
  pb::Price price;
  price.set_core_hour_micros(50'000);
  price.set_ram_gib_hour_micros(10'000);
  pb::AcceleratorPrice& each = *price.add_accelerators();
  each.set_kind("a800");
  each.set_hour_micros(9'800'000);
  EXPECT_EQ(cost_of(price, 8, int64_t{64} << 30U, "a800", 2, 3'600),
            8 * 50'000 + 64 * 10'000 + 2 * 9'800'000);
  EXPECT_EQ(cost_of(price, 8, 0, "", 0, 1'800), 200'000);
  EXPECT_EQ(cost_of({}, 8, 0, "", 0, 3'600), 0);
}

class ASmallFirm : public ::testing::Test {
 protected:
  ASmallFirm() {
    config_.region = "shenzhen";
    config_.monthly_caps["firm"] = 10'000'000;  // 10 CNY
  }
  static void add_run(State& s, const std::string& key, int64_t cost, Instant ended,
                      const std::string& currency) {
    pb::Run& run = s.edit_run(key);
    run.mutable_tenant()->set_id("firm");
    run.set_state(pb::RUN_DONE);
    run.mutable_report()->set_ended_micros(ended.micros);
    pb::Usage& usage = *run.mutable_report()->mutable_usage();
    usage.set_source("slurm");
    usage.set_cost_micros(cost);
    usage.set_currency(currency);
  }
  static Fit costing(int64_t cost) {
    Fit fit;
    fit.platform = "cluster";
    fit.cost_micros = cost;
    fit.currency = "CNY";
    return fit;
  }
  CoreConfig config_;
};

TEST_F(ASmallFirm, MaySpendItsCapAndNoMore) {
  State s(config_);
  add_run(s, "a.1", 4'000'000, kNow, "CNY");
  add_run(s, "b.1", 5'000'000, kNow, "HKD");  // 4.60 CNY
  add_run(s, "c.1", 90'000'000, kNow - Duration::seconds(31 * 86'400), "CNY");
  EXPECT_EQ(spent_this_month(s, "firm", kNow), 8'600'000);
  EXPECT_EQ(why_over_cap(s, "firm", costing(1'400'000), kNow), "");
  const std::string why = why_over_cap(s, "firm", costing(1'400'001), kNow);
  EXPECT_NE(why.find("10.00 CNY a month"), std::string::npos) << why;
  EXPECT_EQ(why_over_cap(s, "university", costing(1'000'000'000), kNow), "") << "who has no cap";
}

TEST_F(ASmallFirm, IsHeldToWhatIsUnderWayToo) {
  State s(config_);
  pb::Run& run = s.edit_run("a.1");
  run.mutable_tenant()->set_id("firm");
  run.set_state(pb::RUN_RUNNING);
  run.set_expected_cost_micros(9'000'000);
  run.set_expected_currency("CNY");
  EXPECT_NE(why_over_cap(s, "firm", costing(2'000'000), kNow), "");
}

TEST(SupplyShownToAPeer, IsWhatTheRegionWantsItToSee) {
  CoreConfig config;
  config.region = "shenzhen";
  config.peers = {{"hongkong", "HK"}, {"macao", "MO"}, {"elsewhere", "XX"}};
  PlatformConfig platform;
  platform.name = "cluster";
  platform.kind = "slurm";
  platform.accelerators = {{"a800", 4}};
  config.platforms = {platform};
  config.shows_supply = {{"macao", SupplyShown::kSizes}, {"elsewhere", SupplyShown::kNothing}};
  State s(config);
  pb::Platform seen = platform_with("cluster", "a800", 4, 3);
  seen.set_waiting(7);
  SupplySeen event;
  event.platforms.push_back(seen);
  on_supply_seen(s, event);
  EXPECT_EQ(supply_for(s, "hongkong").front().waiting(), 7);
  EXPECT_EQ(supply_for(s, "hongkong").front().accelerators(0).free(), 3);
  EXPECT_EQ(supply_for(s, "macao").front().waiting(), 0);
  EXPECT_EQ(supply_for(s, "macao").front().accelerators(0).total(), 4);
  EXPECT_EQ(supply_for(s, "macao").front().accelerators(0).free(), 0);
  EXPECT_TRUE(supply_for(s, "elsewhere").empty());
}

}  // namespace
}  // namespace hetao::federation
