// The life of a policy change in the core: two persons, editions, roll-back, shadow, and what a restart
// finds; and the ledger decided again.
#include "gateway/federation/policy_life.h"

#include <gtest/gtest.h>

#include "gateway/federation/replay.h"
#include "tests/unit/federation/two_cities.h"

namespace hetao::federation {
namespace {

std::shared_ptr<const policy::Policy> compile(const std::string& rules, bool shadow = false) {
  auto pack =
      policy::load_pack({{"pack.yaml", std::string("policy: test\nversion: \"2\"\ndefault: forbid\n") +
                                           (shadow ? "shadow: true\n" : "")},
                         {"rules/rules.yaml", rules}});
  if (!pack) throw std::runtime_error(to_line(pack.error().front()));
  auto compiled = policy::Policy::compile(std::move(*pack));
  if (!compiled) throw std::runtime_error(to_line(compiled.error().front()));
  return std::make_shared<const policy::Policy>(std::move(*compiled));
}

std::string with_rule(const std::string& rule) {
  return std::string(kRules) + "  - " + rule + "\n";
}

const std::string kSealed =
    with_rule("{id: X1, effect: forbid, title: no code, when: {action: cross, item.kind: code}}");

pb::Principal person(const char* user) {
  pb::Principal who;
  who.set_user(user);
  who.set_tenant("hub");
  return who;
}

class Life : public testing::Test {
 protected:
  TwoCities world{kRules};
  const Core& core() { return world.core("hongkong"); }

  std::optional<Error> say(Event event) {
    std::visit(
        [](auto& e) {
          if constexpr (requires { e.request; }) e.request = 1;
        },
        event);
    world.post("hongkong", std::move(event));
    world.settle();
    return world.told().error;
  }

  ProposePolicy proposal(const std::shared_ptr<const policy::Policy>& policy, uint64_t edition = 0) {
    ProposePolicy event;
    event.proposal.mutable_pack()->set_digest(policy->digest());
    event.proposal.mutable_pack()->set_name("test");
    event.proposal.mutable_pack()->set_edition(edition);
    event.proposal.mutable_pack()->set_shadow(policy->pack().shadow);
    event.proposal.set_base_digest(core().policy_digest());
    event.proposal.set_diff_digest("d1");
    *event.proposal.mutable_proposer() = person("ann");
    return event;
  }

  std::optional<Error> answer(const std::string& id, const char* user,
                              AnswerProposal::Say what = AnswerProposal::Say::kApprove,
                              const std::string& diff = "") {
    return say(AnswerProposal{0, id, what, "", diff, "because", person(user)});
  }

  std::optional<Error> activate(const std::shared_ptr<const policy::Policy>& policy) {
    return say(ActivatePack{0, policy, person("ann"), ""});
  }

  void put_in_force(const std::shared_ptr<const policy::Policy>& policy, uint64_t edition = 0) {
    ASSERT_FALSE(say(proposal(policy, edition)).has_value());
    const std::string id = world.told().id;
    ASSERT_FALSE(answer(id, "bob").has_value());
    ASSERT_FALSE(activate(policy).has_value());
  }

  const ledger::Entry& last(const std::string& kind) {
    const auto& entries = world.city("hongkong").entries;
    for (auto at = entries.rbegin(); at != entries.rend(); ++at) {
      if (at->kind == kind) return *at;
    }
    throw std::runtime_error("no entry of kind " + kind);
  }
};

TEST_F(Life, OnlyASecondPersonApproves) {
  const auto policy = compile(kSealed);
  ASSERT_FALSE(say(proposal(policy)).has_value());
  const std::string id = world.told().id;
  EXPECT_EQ(activate(policy)->code, ErrorCode::kNotAllowed);
  EXPECT_EQ(answer(id, "ann")->code, ErrorCode::kNotAllowed);
  EXPECT_EQ(answer(id, "bob", AnswerProposal::Say::kApprove, "d2")->code, ErrorCode::kVerification);
  EXPECT_FALSE(answer(id, "bob", AnswerProposal::Say::kApprove, "d1").has_value());
  EXPECT_FALSE(activate(policy).has_value());
  EXPECT_EQ(core().policy_digest(), policy->digest());
  EXPECT_EQ(last("policy-activated").policy_digest, policy->digest());
  EXPECT_EQ(core().proposals().at(id).state(), pb::PROPOSAL_ACTIVE);
}

TEST_F(Life, WhatWasInForceComesBackWithoutASecondApproval) {
  const std::string first = core().policy_digest();
  const auto old = core().policy();
  put_in_force(compile(kSealed));
  ASSERT_FALSE(activate(old).has_value());
  EXPECT_EQ(core().policy_digest(), first);
  EXPECT_EQ(last("policy-activated").extra.at("rollback"), "true");
  EXPECT_TRUE(core().activations().rbegin()->second.rollback());
}

TEST_F(Life, AnOldEditionIsNotTakenAgain) {
  put_in_force(compile(kSealed), 5);
  const auto older = compile(with_rule("{id: X2, effect: forbid, title: t, when: {item.kind: model}}"));
  EXPECT_EQ(say(proposal(older, 5))->code, ErrorCode::kVerification);
  EXPECT_EQ(say(proposal(older, 4))->code, ErrorCode::kVerification);
  EXPECT_FALSE(say(proposal(older, 6)).has_value());
}

TEST_F(Life, AnApprovalEndsWithThePolicyThatItWasComparedWith) {
  const auto a = compile(kSealed);
  const auto b = compile(with_rule("{id: X2, effect: forbid, title: t, when: {item.kind: model}}"));
  ASSERT_FALSE(say(proposal(a)).has_value());
  ASSERT_FALSE(answer(world.told().id, "bob").has_value());
  ASSERT_FALSE(say(proposal(b)).has_value());
  const std::string id = world.told().id;
  ASSERT_FALSE(activate(a).has_value());
  EXPECT_EQ(answer(id, "bob")->code, ErrorCode::kFailed);
  EXPECT_FALSE(answer(id, "ann", AnswerProposal::Say::kWithdraw).has_value());
}

TEST_F(Life, APackWithFailingTestsIsNotProposed) {
  ProposePolicy event = proposal(compile(kSealed));
  event.proposal.set_tests_failed(1);
  EXPECT_EQ(say(event)->code, ErrorCode::kFailed);
  EXPECT_TRUE(core().proposals().empty());
}

TEST_F(Life, ARestartFindsWhatIsInForceAndBooksNothing) {
  const auto policy = compile(kSealed);
  put_in_force(policy);
  const size_t entries = world.city("hongkong").entries.size();
  world.city("hongkong").policy = policy;  // as its shell would load what the record names
  world.restart("hongkong");
  world.settle();
  EXPECT_EQ(core().policy_digest(), policy->digest());
  EXPECT_EQ(core().policy_record().active().digest(), policy->digest());
  EXPECT_EQ(core().activations().size(), 2U);
  EXPECT_EQ(world.city("hongkong").entries.size(), entries);
}

TEST_F(Life, TheShadowSpeaksBesideAndDecidesNothing) {
  const std::string active = core().policy_digest();
  const auto shadow = compile(kSealed, true);
  put_in_force(shadow);
  EXPECT_EQ(core().policy_digest(), active);
  const std::string job = world.submit("hongkong", "shenzhen", "");
  world.settle();
  EXPECT_EQ(world.job(job).state(), pb::JOB_COMPLETE);
  ShadowReport report(shadow->digest());
  for (const ledger::Entry& entry : world.city("hongkong").entries) report.take(entry);
  const auto at = report.changes().find({policy::Effect::kPermit, policy::Effect::kForbid});
  ASSERT_NE(at, report.changes().end());
  EXPECT_EQ(at->second.count, 1U);
  EXPECT_EQ(at->second.rules_after.at("X1"), 1U);
  EXPECT_FALSE(say(StopShadow{0, person("bob"), ""}).has_value());
  EXPECT_TRUE(say(StopShadow{0, person("bob"), ""}).has_value());
}

TEST_F(Life, AReplayUnderTheSamePolicyChangesNothing) {
  world.submit("hongkong", "shenzhen", "shenzhen-general");
  world.submit("hongkong", "hongkong", "shenzhen-general");
  world.submit("hongkong", "hongkong", "shenzhen-tagged");
  world.settle();
  for (const std::string& review : world.open_reviews("shenzhen"))
    world.answer("shenzhen", review, true, "reviewer");
  for (const char* region : {"hongkong", "shenzhen"}) {
    Replay replay(*world.core(region).policy(), Instant{});
    for (const ledger::Entry& entry : world.city(region).entries) replay.take(entry);
    const ReplayReport report = replay.finish();
    EXPECT_GT(report.decisions, 2U);
    EXPECT_EQ(report.decisions, report.replayable);
    EXPECT_TRUE(report.counters.empty());
    for (const Changes* changes : {&report.with_recorded_counters, &report.with_recomputed_counters}) {
      for (const auto& [effects, change] : *changes)
        EXPECT_EQ(effects.first, effects.second) << region << ": " << change.count;
    }
  }
}

TEST_F(Life, OneFlippedDecisionChangesTheCountersOfLaterOnes) {
  for (int i = 0; i < 3; ++i) world.submit("hongkong", "hongkong", "shenzhen-general");
  world.settle();
  // 100 persons each: recorded counters reach 300; under the candidate the second is refused, and the third
  // as well.
  const auto candidate =
      compile(with_rule("{id: X9, effect: forbid, title: t, when: {action: cross, subjects.year_ordinary: "
                        "{between: [150, 250]}}}"));
  Replay replay(*candidate, Instant{});
  for (const ledger::Entry& entry : world.city("shenzhen").entries) replay.take(entry);
  const ReplayReport report = replay.finish();
  const Effects flipped{policy::Effect::kPermit, policy::Effect::kForbid};
  EXPECT_EQ(report.with_recorded_counters.at(flipped).count, 1U);
  EXPECT_EQ(report.with_recomputed_counters.at(flipped).count, 2U);
  ASSERT_EQ(report.counters.size(), 1U);
  EXPECT_EQ(report.counters.begin()->second.recorded.ordinary, 300);
  EXPECT_EQ(report.counters.begin()->second.recomputed.ordinary, 100);
}

TEST_F(Life, CasesAreWeighedByWhatWasRecorded) {
  world.submit("hongkong", "shenzhen", "");
  world.submit("hongkong", "shenzhen", "");
  world.submit("hongkong", "hongkong", "shenzhen-general");
  world.submit("hongkong", "hongkong", "shenzhen-tagged");
  world.settle();
  for (const std::string& review : world.open_reviews("shenzhen"))
    world.answer("shenzhen", review, true, "reviewer");
  const std::string candidates[] = {
      kSealed, with_rule("{id: X2, effect: hold, title: t, when: {item.kind: result}}"),
      with_rule("{id: X3, effect: forbid, title: t, when: {data.tags: {contains: look}}}"),
      with_rule("{id: X4, effect: hold, title: t, when: {subjects.year_ordinary: {gte: 150}}}"),
      with_rule("{id: X5, effect: forbid, title: t, when: {time.date: {gte: 2020-01-01}, project: none}}")};
  for (const std::string& rules : candidates) {
    const auto candidate = compile(rules);
    const policy::Diff diff = policy::diff(core().policy()->pack(), candidate->pack());
    ASSERT_TRUE(diff.changed);
    CaseWeights weights(*core().policy(), *candidate, diff);
    Replay replay(*candidate, Instant{});
    for (const char* region : {"hongkong", "shenzhen"}) {
      for (const ledger::Entry& entry : world.city(region).entries) {
        weights.take(entry);
        replay.take(entry);
      }
    }
    std::map<Effects, uint64_t> weighed;
    for (size_t i = 0; i < diff.cases.size(); ++i) {
      if (weights.weights()[i] != 0) weighed[{diff.cases[i].from, diff.cases[i].to}] += weights.weights()[i];
    }
    const ReplayReport report = replay.finish();
    std::map<Effects, uint64_t> replayed;
    for (const auto& [effects, change] : report.with_recorded_counters) {
      if (effects.first != effects.second) replayed[effects] = change.count;
    }
    EXPECT_EQ(weighed, replayed) << rules;
    EXPECT_EQ(weights.replayable(), report.replayable);
  }
}

}  // namespace
}  // namespace hetao::federation
