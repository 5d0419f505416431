// Explanations: matching rules, the smallest changes that get a permit, and that they do.
#include "policy/explain.h"

#include <gtest/gtest.h>

#include "tests/unit/policy/naive.h"
#include "tests/unit/policy/random_pack.h"

namespace hetao::policy {
namespace {

constexpr Date kToday{20'780};

Policy compile(const std::string& text) {
  auto pack = load_pack({{"pack.yaml", text}});
  if (!pack) throw std::runtime_error(to_line(pack.error().front()));
  return std::move(*Policy::compile(std::move(*pack)));
}

const char* const kRules = R"(policy: p
version: 1
default: hold
rules:
  - {id: F10, effect: forbid, title: {en: sensitive data needs a mechanism, zh-Hans: 敏感, zh-Hant: 敏感}, basis: [Provisions art. 8],
     when: {data.personal: sensitive, item.kind: {not_in: [aggregate]}, mechanism.kind: none}}
  - {id: F11, effect: forbid, title: not in force, when: {mechanism.kind: {not_in: [none]}, any: [{mechanism.status: {not_in: [effective]}}, {mechanism.days_left: {lt: 0}}]}}
  - {id: H05, effect: hold, title: small cells, when: {item.kind: aggregate, any: [{result.min_group: {lt: 10}}, {result.anonymity_assessed: false}]}}
  - {id: H01, effect: hold, title: grade unknown, when: {data.grade: {not_in: [public, general, important, core, state-secret]}}}
  - {id: F02, effect: forbid, title: core, when: {data.grade: core}}
  - {id: P10, effect: permit, title: gba, when: {data.personal: sensitive, mechanism.kind: {in: [gba-sc, security-assessment]}, mechanism.status: effective, mechanism.days_left: {gte: 0}}}
  - {id: P11, effect: permit, title: aggregates, when: {item.kind: aggregate, result.min_group: {gte: 10}, result.anonymity_assessed: true, data.personal: sensitive}}
)";

Request sensitive() {
  Request request;
  request.set("data.personal", std::string("sensitive"));
  request.set("item.kind", std::string("dataset"));
  request.set("mechanism.kind", std::string("none"));
  request.set("data.grade", std::string("general"));
  return request;
}

std::vector<std::string> texts(const Explanation& explanation, const char* language = "en") {
  std::vector<std::string> out;
  for (const Alternative& alternative : explanation.changes) out.push_back(alternative.text(language));
  return out;
}

TEST(Explain, NamesMechanismsAndAggregates) {
  const Policy policy = compile(kRules);
  const Explanation out = explain(policy, sensitive(), kToday);
  EXPECT_EQ(out.decision.effect, Effect::kForbid);
  ASSERT_EQ(out.matching.size(), 1U);
  EXPECT_EQ(out.matching[0].id, "F10");
  EXPECT_EQ(out.matching[0].basis, std::vector<std::string>{"Provisions art. 8"});
  const auto said = texts(out);
  ASSERT_GE(said.size(), 3U);
  EXPECT_NE(std::find(said.begin(), said.end(), "a GBA standard contract on file"), said.end());
  EXPECT_NE(std::find(said.begin(), said.end(), "a passed security assessment"), said.end());
  EXPECT_TRUE(std::any_of(said.begin(), said.end(),
                          [](const std::string& s) { return s.starts_with("only an aggregated result"); }));
  const auto zh = texts(out, "zh-Hant");
  EXPECT_NE(std::find(zh.begin(), zh.end(), "已備案的粵港澳大灣區標準合約"), zh.end());
}

TEST(Explain, FactsAreDeclaredButNeverAltered) {
  const Policy policy = compile(kRules);
  Request request = sensitive();
  request.set("mechanism.kind", std::string("gba-sc"));
  request.set("mechanism.status", std::string("effective"));
  request.set("mechanism.days_left", int64_t{5});
  request.erase("data.grade");
  const Explanation unknown = explain(policy, request, kToday);
  EXPECT_EQ(unknown.decision.effect, Effect::kHold);
  ASSERT_FALSE(unknown.changes.empty());
  for (const Alternative& a : unknown.changes) {
    ASSERT_EQ(a.changes.size(), 1U);
    EXPECT_EQ(a.changes[0].attribute, "data.grade");
    EXPECT_EQ(a.changes[0].from, "");
  }
  request.set("data.grade", std::string("core"));
  const Explanation core = explain(policy, request, kToday);
  EXPECT_EQ(core.decision.effect, Effect::kForbid);
  EXPECT_TRUE(core.changes.empty());  // core data is core data
}

TEST(Explain, APermitNeedsNoChange) {
  const Policy policy = compile(kRules);
  Request request = sensitive();
  request.set("mechanism.kind", std::string("gba-sc"));
  request.set("mechanism.status", std::string("effective"));
  request.set("mechanism.days_left", int64_t{0});
  const Explanation out = explain(policy, request, kToday);
  EXPECT_EQ(out.decision.effect, Effect::kPermit);
  EXPECT_TRUE(out.changes.empty());
}

// A person can bring about an aggregate, not that rows are an image; and can't let an assessment go stale.
TEST(Explain, ProposesOnlyWhatSomebodyWouldWant) {
  const Policy policy = compile(R"(policy: p
version: 1
default: hold
rules:
  - {id: F1, effect: forbid, title: rows, when: {data.personal: sensitive, item.kind: {not_in: [aggregate, image, code]}, mechanism.kind: {not_in: [gba-sc]}}}
  - {id: P1, effect: permit, title: contract, when: {mechanism.kind: gba-sc, mechanism.status: {in: [effective, unfiled-within-10wd]}}}
  - {id: P2, effect: permit, title: others, when: {item.kind: {in: [aggregate, image, code]}, impact_assessment: {in: [done, stale]}}}
)");
  const Explanation out = explain(policy, sensitive(), kToday);
  EXPECT_EQ(texts(out), (std::vector<std::string>{
                            "a GBA standard contract on file",
                            "an impact assessment that is up to date and only an aggregated result"}));
}

TEST(Explain, NeverProposesThatAMechanismRunsOut) {
  const Policy policy = compile(R"(policy: p
version: 1
default: hold
rules:
  - {id: F1, effect: forbid, title: outside, when: {mechanism.kind: gba-sc, mechanism.days_left: {gte: 0}}}
  - {id: P1, effect: permit, title: free, when: {data.personal: sensitive}}
)");
  Request request = sensitive();
  request.set("mechanism.kind", std::string("gba-sc"));
  request.set("mechanism.days_left", int64_t{585});
  const Explanation out = explain(policy, request, kToday);
  EXPECT_EQ(out.decision.effect, Effect::kForbid);
  EXPECT_FALSE(out.changes.empty());
  for (const Alternative& alternative : out.changes) {
    for (const AttributeChange& change : alternative.changes)
      EXPECT_NE(change.attribute, "mechanism.days_left") << change.to;
  }
}

TEST(Explain, AnExemptionListIsAWayOfItsOwn) {
  const Policy policy = compile(R"(policy: p
version: 1
default: hold
rules:
  - {id: F1, effect: forbid, title: no, when: {zone.list: {not_in: [listed-as-exempt]}, mechanism.kind: none}}
  - {id: H1, effect: hold, title: assess, when: {impact_assessment: {not_in: [done]}}}
  - {id: P1, effect: permit, title: contract, when: {mechanism.kind: cac-sc}}
  - {id: P2, effect: permit, title: exempt, when: {zone.list: listed-as-exempt}}
)");
  Request request = sensitive();
  request.set("zone.list", std::string("unverified"));
  request.set("impact_assessment", std::string("stale"));
  for (const Alternative& both : explain(policy, request, kToday).changes) {
    for (const AttributeChange& change : both.changes) EXPECT_NE(change.attribute, "zone.list");
  }
  request.set("impact_assessment", std::string("done"));
  const auto said = texts(explain(policy, request, kToday));
  EXPECT_EQ(said, (std::vector<std::string>{"a CAC standard contract on file",
                                            "data that the zone's pinned list exempts"}));
}

// Whatever is proposed gets a permit, changes only what may be changed, and no proposal contains another.
TEST(Explain, ProposalsGetAPermit) {
  size_t proposals = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    RandomWorld world(seed + 9'000);
    const Policy policy = compile(world.pack_text(10));
    for (int i = 0; i < 10; ++i) {
      const Request request = world.request();
      const Explanation out = explain(policy, request, kToday);
      for (const Alternative& alternative : out.changes) {
        ++proposals;
        ASSERT_FALSE(alternative.changes.empty());
        Request tried = request;
        bool whole = true;
        for (const AttributeChange& change : alternative.changes) {
          const auto attribute = policy.pack().schema.resolve(change.attribute);
          ASSERT_TRUE(attribute->change != Change::kNever);
          if (attribute->type == Type::kEnum)
            tried.set(change.attribute, change.to);
          else if (attribute->type == Type::kBoolean)
            tried.set(change.attribute, change.to == "true");
          else
            whole = false;  // a range: its words are for people
        }
        if (whole) {
          ASSERT_EQ(naive::decide(policy.pack(), tried, kToday).effect, Effect::kPermit) << "seed " << seed;
        }
      }
    }
  }
  EXPECT_GT(proposals, 20U);
}

}  // namespace
}  // namespace hetao::policy
