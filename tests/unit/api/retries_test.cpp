// A create whose answer was lost is the same job when the client repeats it.
#include "gateway/api/retries.h"

#include <gtest/gtest.h>

#include "tests/unit/api/test_gateway.h"

namespace hetao::api {
namespace {

constexpr const char* kTasks = "/ga4gh/tes/v1/tasks";

class Left final : public io::HttpCaller {
 public:
  bool has_left() const override { return true; }
};

io::HttpResponse create(TestGateway& gateway, const std::string& who, bool has_left = false) {
  io::HttpRequest request;
  request.method = "POST";
  request.target = kTasks;
  request.body = kLeastTask;
  request.headers.add("Authorization", "Bearer " + who);
  if (has_left) request.caller = std::make_shared<Left>();
  return gateway.send(std::move(request));
}

std::string id_of(const io::HttpResponse& response) {
  EXPECT_EQ(response.status, 200) << response.body;
  return std::string(object_of(response).at("id").as_string());
}

TEST(Retries, AnAnswerThatWasNotTakenIsGivenAgain) {
  TestGateway gateway;
  const auto first = create(gateway, gateway.submitter());
  ASSERT_TRUE(first.told);
  first.told(false);
  const auto again = create(gateway, gateway.submitter());
  EXPECT_EQ(id_of(again), id_of(first));
  again.told(false);
  EXPECT_EQ(id_of(create(gateway, gateway.submitter())), id_of(first)) << "as often as it is lost";
  EXPECT_EQ(gateway.core().jobs().size(), 1U);
}

TEST(Retries, TwoThatWereBothAnsweredAreTwoJobs) {
  TestGateway gateway;
  const auto first = create(gateway, gateway.submitter());
  first.told(true);
  EXPECT_NE(id_of(create(gateway, gateway.submitter())), id_of(first));
  const auto lost = create(gateway, gateway.submitter());
  lost.told(false);
  const auto heard = create(gateway, gateway.submitter());
  heard.told(true);
  EXPECT_NE(id_of(create(gateway, gateway.submitter())), id_of(lost))
      << "the retry was heard: this one is new";
}

TEST(Retries, SomebodyElsesOrAnotherTaskIsAnotherJob) {
  TestGateway gateway;
  const auto first = create(gateway, gateway.submitter());
  first.told(false);
  EXPECT_NE(id_of(create(gateway, gateway.token("bob", "hku", {"submitter"}))), id_of(first));
  const auto other =
      gateway.post(kTasks, gateway.submitter(),
                   R"({"name": "other", "executors": [{"image": "host", "command": ["true"]}]})");
  EXPECT_NE(id_of(other), id_of(first));
}

TEST(Retries, ForAClientThatHasLeftNothingIsBegun) {
  TestGateway gateway;
  EXPECT_EQ(create(gateway, gateway.submitter(), true).status, 408);
  EXPECT_TRUE(gateway.core().jobs().empty());
  EXPECT_EQ(create(gateway, gateway.submitter()).status, 200);
}

TEST(Retries, WhatIsUnderWayForAClientThatLeftIsWaitedFor) {
  auto retries = std::make_shared<Retries>();
  const Instant now{1'000'000'000};
  auto turn = retries->enter("d", std::make_shared<Left>());
  ASSERT_TRUE(turn);
  EXPECT_TRUE(retries->is_orphaned("d"));
  EXPECT_FALSE(retries->is_orphaned("other"));
  EXPECT_FALSE(retries->enter("d", nullptr)) << "the place is taken";
  retries->watch("d", "job1", now)(false);
  turn.reset();
  EXPECT_FALSE(retries->is_orphaned("d"));
  EXPECT_EQ(retries->claim_lost("d", nullptr, now + Retries::kWindow + Duration::seconds(1)), std::nullopt);
  EXPECT_EQ(retries->claim_lost("d", nullptr, now), "job1");
}

TEST(Retries, ALostAnswerIsOneClientsAtATime) {
  auto retries = std::make_shared<Retries>();
  const Instant now{1'000'000'000};
  retries->watch("d", "job1", now)(false);
  EXPECT_EQ(retries->claim_lost("d", std::make_shared<Left>(), now), "job1");
  EXPECT_EQ(retries->claim_lost("d", nullptr, now), "job1") << "who had it has left";
  EXPECT_EQ(retries->claim_lost("d", nullptr, now), std::nullopt) << "somebody is being told";
  retries->watch("d", "job1", now)(false);
  EXPECT_EQ(retries->claim_lost("d", nullptr, now), "job1") << "and did not hear";
  retries->watch("d", "job1", now)(true);
  EXPECT_EQ(retries->claim_lost("d", nullptr, now), std::nullopt);
}

// A core as a start finds it: jobs that were made, and ended, so many seconds before it.
class LookBack : public ::testing::Test {
 protected:
  static constexpr Instant kStart{1'795'000'000'000'000};

  void made(const std::string& id, int64_t seconds_before, const std::string& key = {},
            int64_t ended_before = -1) {
    pb::Job job;
    job.set_id(id);
    job.set_request_digest("d");
    job.set_idempotency_key(key);
    job.set_created_micros((kStart - Duration::seconds(seconds_before)).micros);
    job.add_history()->set_at_micros(job.created_micros());
    if (ended_before >= 0)
      job.add_history()->set_at_micros((kStart - Duration::seconds(ended_before)).micros);
    job.set_state(pb::JOB_COMPLETE);
    ASSERT_TRUE(core.load({federation::Table::kJob, id, job.SerializeAsString()}));
  }
  std::vector<std::string> claimed() {
    auto retries = std::make_shared<Retries>();
    retries->look_back(core, kStart);
    std::vector<std::string> all;
    while (const auto job = retries->claim_lost("d", nullptr, kStart)) all.push_back(*job);
    return all;
  }
  federation::Core core{federation::CoreConfig{}};
};

TEST_F(LookBack, TakesWhatWasMadeWhenTheGatewayWasLastHeardOfEachOnce) {
  made("job1", 60);
  made("job2", 39);
  made("job3", 31);
  made("job4", 30);
  EXPECT_EQ(claimed(), (std::vector<std::string>{"job2", "job3", "job4"}))
      << "the gateway was there 21 s after job1, and answered it";
}

TEST_F(LookBack, AJobWhoseEndTheGatewaySawWasAnswered) {
  made("job1", 60, {}, 40);
  EXPECT_TRUE(claimed().empty());
}

TEST_F(LookBack, AnotherJobsNewsTellThatTheGatewayWasThere) {
  made("job1", 60);
  made("job2", 55, "key", 45);
  EXPECT_TRUE(claimed().empty());
  made("job3", 44, "another key");
  made("job4", 43);
  EXPECT_EQ(claimed(), (std::vector<std::string>{"job4"})) << "who sends a key needs no guess";
}

TEST_F(LookBack, WhatNoClientWaitsForAnyMoreIsNobodysAnswer) {
  made("job1", 200);
  EXPECT_TRUE(claimed().empty());
}

TEST(Retries, AKeyWhoseJobMayBeInAnArchiveThatCantBeReadMakesNoSecondJob) {
  TestGateway gateway;
  gateway.archive_is_readable = false;
  const Asked asked{"POST", "/api/v1/jobs", gateway.submitter(), kLeastTask, {{"Idempotency-Key", "k-1"}}};
  const auto refused = gateway.ask(asked);
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_NE(refused.body.find("archive of ended jobs"), std::string::npos) << refused.body;
  EXPECT_TRUE(gateway.core().jobs().empty());
  gateway.archive_is_readable = true;
  const std::string id = id_of(gateway.ask(asked));
  EXPECT_EQ(id_of(gateway.ask(asked)), id) << "one job, once it can be read";
}

}  // namespace
}  // namespace hetao::api
