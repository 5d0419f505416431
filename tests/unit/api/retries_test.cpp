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
  EXPECT_EQ(retries->lost("d", now), "job1");
  EXPECT_EQ(retries->lost("d", now + Retries::kWindow + Duration::seconds(1)), std::nullopt);
}

}  // namespace
}  // namespace hetao::api
