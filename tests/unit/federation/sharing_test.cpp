// Who may use what together: data sets that are given on request, and projects across the boundary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/federation/access_request.h"
#include "gateway/federation/project.h"
#include "tests/unit/federation/two_cities.h"

namespace hetao::federation {
namespace {

using testing::HasSubstr;
using Say = AnswerAccess::Say;
using Act = ProjectAct::Say;

constexpr Duration kDay = Duration::seconds(86'400);

pb::Principal person(const std::string& tenant, const std::string& user = "p") {
  pb::Principal who;
  who.set_tenant(tenant);
  who.set_user(user);
  return who;
}

class Sharing : public testing::Test {
 protected:
  Sharing()
      : cities_(kRules, {}, [](CoreConfig& config) {
          config.platforms[0].price.set_currency("CNY");
          config.platforms[0].price.set_core_hour_micros(1'000'000);
        }) {
    pb::Dataset dataset = *cities_.core("shenzhen").dataset("shenzhen-general");
    dataset.set_on_request(true);
    cities_.post("shenzhen", RegisterDataset{0, dataset});
    cities_.settle();
  }

  // What the cities said to it; nothing: it was done.
  std::optional<Error> does(const std::string& region, Event event) {
    std::visit(
        [](auto& e) {
          if constexpr (requires { e.request; }) e.request = 77;
        },
        event);
    cities_.post(region, std::move(event));
    cities_.settle();
    return cities_.told().request == 77 ? cities_.told().error : std::nullopt;
  }

  std::optional<Error> ask(const std::string& id, const std::string& purpose = "research",
                           const std::string& tenant = "hongkong-university") {
    RequestAccess event;
    event.made.set_id(id);
    event.made.set_dataset("shenzhen-general");
    *event.made.mutable_who() = person(tenant);
    event.made.set_purpose(purpose);
    event.made.set_reason("to learn");
    event.made.set_until_micros(Instant{1'764'000'000'000'000}.micros + 30 * kDay.micros);
    return does("hongkong", std::move(event));
  }

  std::optional<Error> say(const std::string& region, const std::string& id, Say what,
                           const std::string& tenant, int64_t until = 0) {
    return does(region, AnswerAccess{0, id, what, until, "because", person(tenant)});
  }

  std::optional<Error> act(const std::string& region, Act what, const std::string& tenant,
                           const std::function<void(ProjectAct&)>& more = {}) {
    ProjectAct event;
    event.project = "joint";
    event.say = what;
    event.who = person(tenant);
    if (more) more(event);
    return does(region, std::move(event));
  }

  std::optional<Error> begin() {
    return act("hongkong", Act::kBegin, "hongkong-university", [](ProjectAct& event) {
      event.made.set_invited_region("shenzhen");
      event.made.set_invited_tenant("shenzhen-university");
    });
  }
  std::optional<Error> grant(const std::string& region, const std::string& dataset = "shenzhen-general") {
    return act(region, Act::kGrant, region + "-university",
               [&](ProjectAct& event) { event.data.set_dataset(dataset); });
  }
  void budget(const std::string& region, int64_t cny) {
    EXPECT_FALSE(act(region, Act::kBudget, region + "-university",
                     [&](ProjectAct& event) { event.budget_micros = cny * 1'000'000; }));
  }
  void open_with_data() {
    ASSERT_FALSE(begin());
    ASSERT_FALSE(act("shenzhen", Act::kAccept, "shenzhen-university"));
    ASSERT_FALSE(grant("hongkong"));
    ASSERT_FALSE(grant("shenzhen"));
    budget("hongkong", 100);
    budget("shenzhen", 100);
  }

  // Submits over the data set; why it was refused, or "".
  std::string submit(const std::string& project = {}, const std::string& purpose = "research",
                     const std::string& dataset = "shenzhen-general", const std::string& place = "shenzhen") {
    last_ = cities_.submit("hongkong", place, dataset, [&](pb::Task& task) {
      const auto add = [&](const char* key, const std::string& value) {
        if (value.empty()) return;
        pb::Tag& tag = *task.add_tags();
        tag.set_key(key);
        tag.set_value(value);
      };
      add("project", project);
      add("purpose", purpose);
    });
    cities_.settle();
    const auto& told = cities_.told();
    return told.error ? told.error->why + " " + told.error->hint : std::string();
  }

  const pb::Project& project(const std::string& region) {
    return cities_.core(region).projects().at("joint");
  }
  size_t entries(const std::string& region, const std::string& kind) {
    size_t count = 0;
    for (const ledger::Entry& entry : cities_.city(region).entries) count += entry.kind == kind ? 1 : 0;
    return count;
  }

  TwoCities cities_;
  std::string last_;
};

TEST_F(Sharing, ADataSetGivenOnRequestIsUsedByThoseAloneToWhomItWasGranted) {
  EXPECT_THAT(submit(), HasSubstr("hetao data request shenzhen-general --purpose research"));
  ASSERT_FALSE(ask("ar-1"));
  EXPECT_EQ(cities_.core("shenzhen").access_requests().at("ar-1").state(), pb::ACCESS_ASKED);
  EXPECT_NE(submit(), "") << "asking is not having";
  ASSERT_FALSE(say("shenzhen", "ar-1", Say::kGrant, "shenzhen-university"));
  EXPECT_EQ(cities_.core("hongkong").access_requests().at("ar-1").state(), pb::ACCESS_GRANTED);
  EXPECT_EQ(submit(), "");
  EXPECT_EQ(cities_.job(last_).state(), pb::JOB_COMPLETE) << cities_.job(last_).reason();
  EXPECT_THAT(submit({}, "commercial"), HasSubstr("for the purpose commercial"));
  EXPECT_EQ(entries("hongkong", "data-access"), 5U) << "asked, granted, and three jobs that were refused";
  EXPECT_EQ(entries("shenzhen", "data-access"), 2U);
  ASSERT_FALSE(say("shenzhen", "ar-1", Say::kRevoke, "shenzhen-university"));
  EXPECT_NE(submit(), "");
}

TEST_F(Sharing, AGrantEndsWithItsTerm) {
  ASSERT_FALSE(ask("ar-1"));
  const int64_t until = 1'764'000'000'000'000 + 2 * kDay.micros;
  ASSERT_FALSE(say("shenzhen", "ar-1", Say::kGrant, "shenzhen-university", until));
  EXPECT_EQ(submit(), "");
  cities_.wait(Duration{3 * kDay.micros});
  EXPECT_NE(submit(), "");
}

TEST_F(Sharing, OnlyTheOwnerAnswersAndOnlyOnce) {
  ASSERT_FALSE(ask("ar-1"));
  EXPECT_TRUE(say("hongkong", "ar-1", Say::kGrant, "shenzhen-university")) << "not where the data is";
  EXPECT_TRUE(say("shenzhen", "ar-1", Say::kGrant, "hongkong-university")) << "not the owner";
  ASSERT_FALSE(say("shenzhen", "ar-1", Say::kRefuse, "shenzhen-university"));
  EXPECT_TRUE(say("shenzhen", "ar-1", Say::kGrant, "shenzhen-university"));
  EXPECT_EQ(cities_.core("hongkong").access_requests().at("ar-1").answer_reason(), "because");
  EXPECT_TRUE(say("hongkong", "ar-1", Say::kWithdraw, "hongkong-university")) << "it is over";
  ASSERT_FALSE(ask("ar-2"));
  EXPECT_TRUE(say("hongkong", "ar-2", Say::kWithdraw, "shenzhen-university")) << "not who asked";
  ASSERT_FALSE(say("hongkong", "ar-2", Say::kWithdraw, "hongkong-university"));
  EXPECT_EQ(cities_.core("shenzhen").access_requests().at("ar-2").state(), pb::ACCESS_WITHDRAWN);
}

TEST_F(Sharing, APeerCanGrantItselfNothing) {
  ASSERT_FALSE(ask("ar-1"));
  pb::PeerMessage message;
  message.set_sequence(0);
  pb::AccessRequest& told = *message.mutable_access_news()->mutable_request();
  told = cities_.core("hongkong").access_requests().at("ar-1");
  told.set_state(pb::ACCESS_GRANTED);
  cities_.post("shenzhen", PeerSaid{"hongkong", message});
  EXPECT_EQ(cities_.core("shenzhen").access_requests().at("ar-1").state(), pb::ACCESS_ASKED);
  told.set_id("ar-new");
  cities_.post("shenzhen", PeerSaid{"hongkong", message});
  EXPECT_FALSE(cities_.core("shenzhen").access_requests().contains("ar-new"));
}

TEST_F(Sharing, AnAnswerReachesAHomeThatWasAway) {
  cities_.cut();
  RequestAccess event;
  event.made.set_id("ar-1");
  event.made.set_dataset("shenzhen-general");
  *event.made.mutable_who() = person("hongkong-university");
  event.made.set_purpose("research");
  event.made.set_until_micros(1'764'000'000'000'000 + kDay.micros);
  ASSERT_FALSE(does("hongkong", std::move(event)));
  EXPECT_TRUE(cities_.core("shenzhen").access_requests().empty());
  cities_.restart("hongkong");
  cities_.connect();
  cities_.settle();
  ASSERT_TRUE(cities_.core("shenzhen").access_requests().contains("ar-1"));
  ASSERT_FALSE(say("shenzhen", "ar-1", Say::kGrant, "shenzhen-university"));
  EXPECT_EQ(submit(), "");
}

TEST_F(Sharing, AProjectIsOpenWhenBothSidesHaveAccepted) {
  ASSERT_FALSE(begin());
  EXPECT_EQ(state_of(project("shenzhen")), "invited");
  EXPECT_THAT(submit("joint"), HasSubstr("it is invited"));
  EXPECT_TRUE(act("shenzhen", Act::kAccept, "hongkong-university")) << "not the one that was invited";
  ASSERT_FALSE(act("shenzhen", Act::kAccept, "shenzhen-university"));
  EXPECT_EQ(state_of(project("hongkong")), "open");
  EXPECT_THAT(submit("joint", "research", "", "hongkong"), HasSubstr("a budget of 0.00 CNY"));
  EXPECT_GE(entries("hongkong", "project"), 2U);
  EXPECT_GE(entries("shenzhen", "project"), 2U);
  EXPECT_TRUE(begin()) << "the name is taken";
}

TEST_F(Sharing, ADataSetIsTheProjectsWhenBothOwnersGrantIt) {
  ASSERT_FALSE(begin());
  ASSERT_FALSE(act("shenzhen", Act::kAccept, "shenzhen-university"));
  budget("hongkong", 100);
  budget("shenzhen", 100);
  EXPECT_THAT(submit("joint"), HasSubstr("not granted to project joint by both"));
  ASSERT_FALSE(grant("shenzhen"));
  EXPECT_NE(submit("joint"), "");
  ASSERT_FALSE(grant("hongkong"));
  EXPECT_EQ(submit("joint"), "");
  EXPECT_EQ(cities_.job(last_).state(), pb::JOB_COMPLETE) << cities_.job(last_).reason();
  EXPECT_NE(submit(), "") << "outside of the project nobody granted it";
  EXPECT_THAT(submit("joint", "research", "shenzhen-more"), HasSubstr("not granted to project"));
  ASSERT_FALSE(act("hongkong", Act::kRevoke, "hongkong-university",
                   [](ProjectAct& event) { event.data.set_dataset("shenzhen-general"); }));
  EXPECT_NE(submit("joint"), "");
}

TEST_F(Sharing, WhoIsNoMemberLearnsNothingAndRunsNothing) {
  open_with_data();
  const auto outsider = [&](const std::string& tenant) {
    return does("hongkong", ProjectAct{0, "joint", Act::kClose, {}, {}, 0, {}, "mine", person(tenant)});
  };
  ASSERT_TRUE(outsider("cuhk"));
  EXPECT_EQ(outsider("cuhk")->code, ErrorCode::kNotFound);
  ASSERT_FALSE(act("hongkong", Act::kMembers, "hongkong-university",
                   [](ProjectAct& event) { event.members = {"cuhk"}; }));
  EXPECT_EQ(outsider("cuhk")->code, ErrorCode::kNotAllowed) << "a member sees it, and does not change it";
  EXPECT_TRUE(is_member(project("shenzhen"), "cuhk"));
}

TEST_F(Sharing, TheBudgetIsTheLowerOfBothAndJobsDrawOnIt) {
  ASSERT_FALSE(begin());
  ASSERT_FALSE(act("shenzhen", Act::kAccept, "shenzhen-university"));
  budget("hongkong", 100);
  EXPECT_THAT(submit("joint", "research", "", "hongkong"),
              HasSubstr("a budget of 0.00 CNY that both owners grant"));
  budget("shenzhen", 1);
  EXPECT_EQ(budget_of(project("hongkong")), 1'000'000);
  EXPECT_EQ(budget_of(project("shenzhen")), 1'000'000);
  cities_.platform_does["hongkong"] = "";
  EXPECT_EQ(submit("joint", "research", "", "hongkong"), "");
  EXPECT_EQ(used_of(project("shenzhen")), used_of(project("hongkong"))) << "both sides see the same";
}

TEST_F(Sharing, WhatAJobWasExpectedToCostIsHeldUntilItEnds) {
  open_with_data();
  const std::string job = cities_.submit("hongkong", "hongkong", "", [](pb::Task& task) {
    pb::Tag& tag = *task.add_tags();
    tag.set_key("project");
    tag.set_value("joint");
    task.mutable_resources()->set_cpu_cores(60);
  });
  EXPECT_EQ(used_of(project("hongkong")), 60'000'000);
  cities_.submit("hongkong", "hongkong", "", [](pb::Task& task) {
    pb::Tag& tag = *task.add_tags();
    tag.set_key("project");
    tag.set_value("joint");
    task.mutable_resources()->set_cpu_cores(60);
  });
  cities_.settle();
  EXPECT_EQ(project("hongkong").sides(0).promised_micros(), 0);
  EXPECT_EQ(cities_.job(job).promised_micros(), 0);
  EXPECT_EQ(used_of(project("shenzhen")), used_of(project("hongkong")));
}

TEST_F(Sharing, EitherSideClosesAProject) {
  open_with_data();
  ASSERT_FALSE(act("shenzhen", Act::kClose, "shenzhen-university",
                   [](ProjectAct& event) { event.reason = "the term is over"; }));
  EXPECT_EQ(state_of(project("hongkong")), "closed");
  EXPECT_THAT(submit("joint"), HasSubstr("it is closed"));
  EXPECT_TRUE(grant("shenzhen")) << "nothing is granted to what is closed";
  cities_.restart("hongkong");
  cities_.settle();
  EXPECT_EQ(state_of(project("hongkong")), "closed");
  EXPECT_THAT(project("hongkong").sides(1).reason(), HasSubstr("the term is over"));
}

TEST_F(Sharing, ASideSpeaksForItselfAlone) {
  open_with_data();
  pb::PeerMessage message;
  pb::Project& told = *message.mutable_project_news()->mutable_project();
  told = project("hongkong");
  told.clear_sides();
  *told.add_sides() = *side_of(project("hongkong"), "shenzhen");
  told.mutable_sides(0)->set_version(1'000);
  told.mutable_sides(0)->set_budget_micros(7);
  cities_.post("shenzhen", PeerSaid{"hongkong", message});  // Hong Kong speaks as Shenzhen
  EXPECT_EQ(side_of(project("shenzhen"), "shenzhen")->budget_micros(), 100'000'000);
  *told.mutable_sides(0) = *side_of(project("hongkong"), "hongkong");
  told.mutable_sides(0)->set_version(1'000);
  told.mutable_sides(0)->set_budget_micros(-7);
  cities_.post("shenzhen", PeerSaid{"hongkong", message});
  EXPECT_EQ(budget_of(project("shenzhen")), 100'000'000) << "no amount";
  told.mutable_sides(0)->set_budget_micros(7);
  told.mutable_sides(0)->set_tenant("somebody");
  cities_.post("shenzhen", PeerSaid{"hongkong", message});
  EXPECT_EQ(side_of(project("shenzhen"), "hongkong")->tenant(), "hongkong-university");
}

TEST_F(Sharing, AnotherProjectOfTheSameNameIsNotMixedUp) {
  ASSERT_FALSE(begin());
  pb::PeerMessage message;
  pb::Project& told = *message.mutable_project_news()->mutable_project();
  told.set_id("joint");
  told.set_begun_in("shenzhen");
  told.set_invited_region("hongkong");
  told.set_invited_tenant("hongkong-university");
  pb::ProjectSide& side = *told.add_sides();
  side.set_region("shenzhen");
  side.set_tenant("shenzhen-university");
  side.set_state(pb::PROJECT_ACCEPTED);
  side.set_version(9);
  cities_.post("hongkong", PeerSaid{"shenzhen", message});
  EXPECT_EQ(project("hongkong").begun_in(), "hongkong");
  EXPECT_EQ(state_of(project("hongkong")), "invited");
}

TEST_F(Sharing, ANameThatIsNoProjectStaysALabel) {
  EXPECT_EQ(submit("some-label", "research", "shenzhen-more"), "");
  EXPECT_EQ(cities_.job(last_).project(), "some-label");
}

}  // namespace
}  // namespace hetao::federation
