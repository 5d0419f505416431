// Decisions: the semantics of the language, and agreement with the naive evaluator.
#include <gtest/gtest.h>

#include <cstdlib>

#include "policy/policy.h"
#include "tests/unit/policy/naive.h"
#include "tests/unit/policy/random_pack.h"

namespace hetao::policy {
namespace {

constexpr Date kToday{20'780};  // 2026-11-23

std::string mistakes_of(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& d : diagnostics) out += to_line(d) + "\n";
  return out;
}

Policy compile(const std::string& text) {
  auto pack = load_pack({{"pack.yaml", text}});
  if (!pack) throw std::runtime_error(mistakes_of(pack.error()));
  auto policy = Policy::compile(std::move(*pack));
  if (!policy) throw std::runtime_error(mistakes_of(policy.error()));
  return std::move(*policy);
}

Policy with_rules(const std::string& rules) {
  return compile("policy: p\nversion: 1\ndefault: hold\nrules:\n" + rules);
}

std::vector<std::string> ids(const Decision& decision) {
  std::vector<std::string> out;
  for (const RuleHit& hit : decision.rules) out.push_back(hit.id);
  return out;
}

using Ids = std::vector<std::string>;

const char* const kGbaRules = R"(
  - {id: F05, effect: forbid, title: assessed only, when: {action: cross, data.grade: important, mechanism.kind: {not_in: [security-assessment]}}}
  - {id: H01, effect: hold, title: small cells, when: {item.kind: aggregate, result.min_group: {lt: 10}}}
  - {id: P01, effect: permit, title: general, when: {action: cross, data.grade: general}, obligations: [no-network, {delete-after: {duration: 30d}}]}
  - {id: P02, effect: permit, title: codes, when: {item.kind: code}, unless: {recipient.listed: true}, obligations: [{delete-after: {duration: 7d}}]}
)";

TEST(Decide, ForbidBeatsHoldBeatsPermit) {
  const Policy policy = with_rules(kGbaRules);
  Request request;
  request.set("action", std::string("cross"));
  request.set("data.grade", std::string("important"));
  request.set("mechanism.kind", std::string("none"));
  request.set("item.kind", std::string("aggregate"));
  request.set("result.min_group", int64_t{3});
  EXPECT_EQ(policy.decide(request, kToday).effect, Effect::kForbid);
  request.set("data.grade", std::string("general"));
  const Decision held = policy.decide(request, kToday);
  EXPECT_EQ(held.effect, Effect::kHold);
  EXPECT_EQ(ids(held), Ids{"H01"});
  request.set("result.min_group", int64_t{10});
  EXPECT_EQ(ids(policy.decide(request, kToday)), Ids{"P01"});
}

TEST(Decide, UnknownForbidHoldsAndNamesWhatIsUnknown) {
  const Policy policy = with_rules(kGbaRules);
  Request request;
  request.set("action", std::string("cross"));
  request.set("data.grade", std::string("important"));
  request.set("item.kind", std::string("dataset"));
  const Decision decision = policy.decide(request, kToday);
  EXPECT_EQ(decision.effect, Effect::kHold);
  ASSERT_EQ(ids(decision), Ids{"F05"});
  EXPECT_EQ(decision.rules[0].effect, Effect::kHold);
  EXPECT_EQ(decision.rules[0].because_unknown, Ids{"mechanism.kind"});
  EXPECT_EQ(decision.reason, "can't rule out F05: mechanism.kind is unknown");
}

TEST(Decide, UnknownPermitDoesNotApply) {
  const Policy policy = with_rules(kGbaRules);
  Request request;
  request.set("item.kind", std::string("code"));
  request.set("action", std::string("place"));
  EXPECT_EQ(ids(policy.decide(request, kToday)), Ids{});
  request.set("recipient.listed", false);
  EXPECT_EQ(ids(policy.decide(request, kToday)), Ids{"P02"});
}

TEST(Decide, WhatDoesNotMatterMayBeAbsent) {
  const Policy policy = with_rules(kGbaRules);
  Request request;
  request.set("action", std::string("cross"));
  request.set("data.grade", std::string("general"));
  request.set("item.kind", std::string("dataset"));
  EXPECT_EQ(ids(policy.decide(request, kToday)), Ids{"P01"});
}

TEST(Decide, ValuesThatNobodyDeclaredAreUnknown) {
  const Policy policy = with_rules(
      "  - {id: P, effect: permit, title: t, when: {data.grade: {not_in: [important, core, "
      "state-secret]}}}\n");
  Request request;
  request.set("data.grade", std::string("imporant"));
  EXPECT_EQ(policy.decide(request, kToday).effect, Effect::kHold);
  request.set("data.grade", int64_t{3});
  EXPECT_EQ(policy.decide(request, kToday).effect, Effect::kHold);
  request.set("data.grade", std::string("general"));
  EXPECT_EQ(policy.decide(request, kToday).effect, Effect::kPermit);
}

TEST(Decide, TheStricterObligationWins) {
  const Policy policy = with_rules(kGbaRules);
  Request request;
  request.set("action", std::string("cross"));
  request.set("data.grade", std::string("general"));
  request.set("item.kind", std::string("code"));
  request.set("recipient.listed", false);
  const Decision decision = policy.decide(request, kToday);
  EXPECT_EQ(ids(decision), (Ids{"P01", "P02"}));
  ASSERT_EQ(decision.obligations.size(), 2U);
  EXPECT_EQ(decision.obligations[0].name, "delete-after");
  EXPECT_EQ(decision.obligations[0].parameters.at("duration"), "7d");
  EXPECT_EQ(decision.obligations[1].name, "no-network");
}

TEST(Decide, DefaultDecidesWhatNoRuleDoes) {
  Request request;
  EXPECT_EQ(with_rules("  []\n").decide(request, kToday).effect, Effect::kHold);
  const Decision decision = compile("policy: p\nversion: 1\n").decide(request, kToday);
  EXPECT_EQ(decision.effect, Effect::kForbid);
  EXPECT_EQ(decision.reason, "no rule decides");
}

TEST(Decide, ValidityEndsBeforeUntil) {
  const Policy policy = with_rules(
      "  - {id: P, effect: permit, title: t, valid: {from: 2026-01-01, until: 2026-11-24}, when: {}}\n");
  const Request none;
  EXPECT_EQ(policy.decide(none, date_of(2025, 12, 31)).effect, Effect::kHold);
  EXPECT_EQ(policy.decide(none, date_of(2026, 1, 1)).effect, Effect::kPermit);
  EXPECT_EQ(policy.decide(none, date_of(2026, 11, 23)).effect, Effect::kPermit);
  EXPECT_EQ(policy.decide(none, date_of(2026, 11, 24)).effect, Effect::kHold);
  Request said;
  said.set("time.date", std::string("2026-03-01"));
  EXPECT_EQ(policy.decide(said, date_of(2030, 1, 1)).effect, Effect::kPermit);
}

TEST(Decide, AnAbsentParameterIsThePacks) {
  const Policy policy = compile(
      "policy: p\nversion: 1\ndefault: hold\nparameters: {controls: {value: false}, limit: {value: "
      "10}}\nrules:\n"
      "  - {id: F, effect: forbid, title: t, when: {parameter.controls: true, item.bytes: {gte: {parameter: "
      "limit}}}}\n"
      "  - {id: P, effect: permit, title: t, when: {}}\n");
  Request request;
  request.set("item.bytes", int64_t{10});
  EXPECT_EQ(policy.decide(request, kToday).effect, Effect::kPermit);
  request.set("parameter.controls", true);
  EXPECT_EQ(policy.decide(request, kToday).effect, Effect::kForbid);
  request.set("item.bytes", int64_t{9});
  EXPECT_EQ(policy.decide(request, kToday).effect, Effect::kPermit);
}

TEST(Decide, BoundariesOfComparisons) {
  const Policy policy = with_rules(
      "  - {id: LT, effect: permit, title: t, when: {item.bytes: {lt: 10}}}\n"
      "  - {id: LTE, effect: permit, title: t, when: {item.bytes: {lte: 10}}}\n"
      "  - {id: GT, effect: permit, title: t, when: {item.bytes: {gt: 10}}}\n"
      "  - {id: GTE, effect: permit, title: t, when: {item.bytes: {gte: 10}}}\n"
      "  - {id: BETWEEN, effect: permit, title: t, when: {item.bytes: {between: [9, 10]}}}\n");
  Request request;
  request.set("item.bytes", int64_t{9});
  EXPECT_EQ(ids(policy.decide(request, kToday)), (Ids{"LT", "LTE", "BETWEEN"}));
  request.set("item.bytes", int64_t{10});
  EXPECT_EQ(ids(policy.decide(request, kToday)), (Ids{"LTE", "GTE", "BETWEEN"}));
  request.set("item.bytes", int64_t{11});
  EXPECT_EQ(ids(policy.decide(request, kToday)), (Ids{"GT", "GTE"}));
  request.set("item.bytes", INT64_MIN);
  EXPECT_EQ(ids(policy.decide(request, kToday)), (Ids{"LT", "LTE"}));
  request.set("item.bytes", INT64_MAX);
  EXPECT_EQ(ids(policy.decide(request, kToday)), (Ids{"GT", "GTE"}));
}

TEST(Decide, SetsAreNeverUnknown) {
  const Policy policy = with_rules(
      "  - {id: ANY, effect: permit, title: t, when: {data.sectors: {contains_any: [a, b]}}}\n"
      "  - {id: ALL, effect: permit, title: t, when: {data.sectors: {contains_all: [a, b]}}}\n"
      "  - {id: NONE, effect: permit, title: t, when: {data.sectors: {contains_none: [a, b]}}}\n"
      "  - {id: NOT-ALL, effect: permit, title: t, when: {}, unless: {data.sectors: {contains_all: [a, "
      "b]}}}\n");
  Request request;
  EXPECT_EQ(ids(policy.decide(request, kToday)), (Ids{"NONE", "NOT-ALL"}));
  request.set("data.sectors", std::vector<std::string>{"b", "z"});
  EXPECT_EQ(ids(policy.decide(request, kToday)), (Ids{"ANY", "NOT-ALL"}));
  request.set("data.sectors", std::vector<std::string>{"b", "a"});
  EXPECT_EQ(ids(policy.decide(request, kToday)), (Ids{"ANY", "ALL"}));
}

TEST(Decide, ATextWhereASetIsExpectedIsASetOfOne) {
  const Policy policy =
      with_rules("  - {id: F, effect: forbid, title: t, when: {data.sectors: {contains: secret}}}\n");
  Request request;
  request.set("data.sectors", std::string("secret"));
  EXPECT_EQ(policy.decide(request, kToday).effect, Effect::kForbid);
}

TEST(Decide, AQueryDecidesAsItsRequest) {
  const Policy policy = with_rules(kGbaRules);
  Query query = policy.query(kToday);
  Scratch scratch;
  query.set(policy.slot("action"), "cross");
  query.set(policy.slot("data.grade"), "general");
  query.set(policy.slot("item.kind"), "dataset");
  query.set(policy.slot("no.such.attribute"), "x");
  EXPECT_EQ(policy.decide(query, scratch), Effect::kPermit);
  ASSERT_EQ(scratch.rules().size(), 1U);
  EXPECT_EQ(policy.pack().rules[scratch.rules()[0]].id, "P01");
  ASSERT_EQ(scratch.obligations().size(), 2U);
  query.clear();
  query.set(policy.slot("action"), "cross");
  query.set(policy.slot("data.grade"), "important");
  query.set(policy.slot("item.kind"), "dataset");
  EXPECT_EQ(policy.decide(query, scratch), Effect::kHold);
  EXPECT_EQ(scratch.certain(), 0U);
}

std::string describe(const Request& request) {
  std::string out;
  for (const auto& [name, value] : request.attributes()) out += name + "=" + to_text(value) + " ";
  return out;
}

void compare(const Policy& policy, const Request& request, const std::string& text) {
  const Decision fast = policy.decide(request, kToday);
  const naive::Outcome slow = naive::decide(policy.pack(), request, kToday);
  std::vector<Obligation> owed;
  for (const ObligationSpec& spec : slow.obligations) owed.push_back(to_obligation(spec));
  std::sort(owed.begin(), owed.end(), [](const auto& a, const auto& b) {
    return std::tie(a.name, a.parameters) < std::tie(b.name, b.parameters);
  });
  ASSERT_EQ(to_word(fast.effect), std::string(to_word(slow.effect))) << describe(request) << "\n" << text;
  ASSERT_EQ(ids(fast), slow.rules) << describe(request) << "\n" << text;
  ASSERT_EQ(fast.obligations, owed) << describe(request) << "\n" << text;
}

// 100,000 requests to 1,000 random packs; ten times as many with HETAO_LONG=1. Among so many there are a few
// with a rule that is larger than a rule may be.
TEST(Decide, AgreesWithTheNaiveEvaluator) {
  const uint64_t packs = std::getenv("HETAO_LONG") != nullptr ? 10'000 : 1'000;
  uint64_t compared = 0;
  for (uint64_t seed = 0; compared < packs; ++seed) {
    RandomWorld world(seed);
    const std::string text = world.pack_text(1 + world.below(seed % 20 == 0 ? 60 : 12));
    auto pack = load_pack({{"pack.yaml", text}});
    ASSERT_TRUE(pack) << mistakes_of(pack.error());
    const auto policy = Policy::compile(std::move(*pack));
    if (!policy) {
      ASSERT_NE(mistakes_of(policy.error()).find("cases when it is written out"), std::string::npos)
          << mistakes_of(policy.error()) << text;
      ASSERT_LT(seed, packs + packs / 100) << "more than one pack in a hundred is refused";
      continue;
    }
    ++compared;
    for (int i = 0; i < 100; ++i) {
      ASSERT_NO_FATAL_FAILURE(compare(*policy, world.request(), text)) << "seed " << seed;
    }
  }
}

// Large enough that the matcher reads by partitions.
TEST(Decide, AgreesWithTheNaiveEvaluatorByPartitions) {
  RandomWorld world(4711);
  std::string text =
      "policy: p\nversion: 1\nattributes: {site.level: {type: enum, values: [low, high]}, site.since: {type: "
      "date}, data.grade: {values: [odd]}}\n"
      "parameters: {limit: {value: 7}, switch: {value: true}, home: {value: CN}, day: {value: "
      "\"2026-06-01\"}}\nrules:\n";
  for (size_t i = 0; i < 900; ++i) {
    std::string rule = world.rule(i);
    if (i % 10 != 0)
      rule.insert(rule.find("when: {") + 7, "exporter.tenant: t" + std::to_string(i % 60) +
                                                (rule.find("when: {}") == std::string::npos ? ", " : ""));
    text += rule;
  }
  const Policy policy = compile(text);
  for (int i = 0; i < 2'000; ++i) {
    Request request = world.request();
    if (world.chance(90)) request.set("exporter.tenant", "t" + std::to_string(world.below(70)));
    ASSERT_NO_FATAL_FAILURE(compare(policy, request, text));
  }
}

}  // namespace
}  // namespace hetao::policy
