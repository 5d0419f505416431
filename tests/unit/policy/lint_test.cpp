// Lint: each kind of finding, and none where there is nothing.
#include "policy/lint.h"

#include <gtest/gtest.h>

#include "tests/unit/policy/naive.h"
#include "tests/unit/policy/random_pack.h"

namespace hetao::policy {
namespace {

constexpr Date kToday{20'780};  // 2026-11-23

LoadedPack load(const std::string& text) {
  auto pack = load_pack({{"pack.yaml", text}});
  if (!pack) throw std::runtime_error(to_line(pack.error().front()));
  return std::move(*pack);
}

// "code RULE other,other" of each warning.
std::vector<std::string> warnings(const std::string& rules, const std::string& head = "") {
  const LoadedPack pack = load("policy: p\nversion: 1\ndefault: hold\n" + head + "rules:\n" + rules);
  std::vector<std::string> out;
  for (const Finding& f : lint(pack, {.today = kToday})) {
    if (f.severity == Severity::kWarning)
      out.push_back(f.code + " " + f.rule + (f.others.empty() ? "" : " " + join(f.others, ",")));
  }
  return out;
}

using Texts = std::vector<std::string>;

TEST(Lint, ASoundPackHasNoWarnings) {
  EXPECT_EQ(warnings("  - {id: F, effect: forbid, title: t, when: {action: cross, data.grade: core}}\n"
                     "  - {id: H, effect: hold, title: t, when: {action: cross, item.bytes: {gte: 100}}}\n"
                     "  - {id: P, effect: permit, title: t, when: {action: cross, item.bytes: {lt: 100}}}\n"),
            Texts{});
}

TEST(Lint, RulesThatNeverMatch) {
  EXPECT_EQ(
      warnings("  - {id: P, effect: permit, title: t, when: {action: cross, all: [{action: place}]}}\n"),
      Texts{"never-matches P"});
  EXPECT_EQ(warnings("  - {id: P, effect: permit, title: t, when: {data.tags: {contains: a}}, unless: "
                     "{data.tags: {contains_any: [a, b]}}}\n"),
            Texts{"never-matches P"});
}

TEST(Lint, RulesThatStrongerOnesCover) {
  EXPECT_EQ(warnings("  - {id: F1, effect: forbid, title: t, when: {action: cross, item.bytes: {lt: 50}}}\n"
                     "  - {id: F2, effect: forbid, title: t, when: {action: cross, item.bytes: {gte: 50}}}\n"
                     "  - {id: F3, effect: forbid, title: t, when: {action: cross}}\n"
                     "  - {id: P, effect: permit, title: t, when: {action: cross, data.grade: general}}\n"),
            (Texts{"redundant F1 F3", "redundant F2 F3", "shadowed P F3"}));
}

TEST(Lint, RulesThatOthersMakeRedundant) {
  EXPECT_EQ(warnings("  - {id: P1, effect: permit, title: t, when: {action: cross}}\n"
                     "  - {id: P2, effect: permit, title: t, when: {action: cross, data.grade: general}}\n"),
            Texts{"redundant P2 P1"});
  EXPECT_EQ(warnings("  - {id: P1, effect: permit, title: t, when: {action: cross}}\n"
                     "  - {id: P2, effect: permit, title: t, when: {action: cross, data.grade: general}, "
                     "obligations: [no-network]}\n"),
            Texts{});
}

TEST(Lint, RulesThatContradictEachOther) {
  const Texts found = warnings(
      "  - {id: P, effect: permit, title: t, when: {action: cross, data.grade: general}}\n"
      "  - {id: F, effect: forbid, title: t, when: {all: [{data.grade: general}, {action: cross}]}}\n");
  EXPECT_EQ(found, (Texts{"shadowed P F", "contradictory F P"}));
}

TEST(Lint, ThresholdsThatLeaveAGap) {
  EXPECT_EQ(warnings("  - {id: P, effect: permit, title: t, when: {action: cross, item.bytes: {lt: 100}}}\n"
                     "  - {id: F, effect: forbid, title: t, when: {action: cross, item.bytes: {gt: 100}}}\n"),
            Texts{"gap P F"});
  EXPECT_EQ(warnings("  - {id: P, effect: permit, title: t, when: {action: cross, item.bytes: {lt: 100}}}\n"
                     "  - {id: F, effect: forbid, title: t, when: {action: cross, item.bytes: {gt: 100}}}\n"
                     "  - {id: H, effect: hold, title: t, when: {item.bytes: 100}}\n"),
            Texts{});
}

TEST(Lint, DaysThatHavePassedOrSoonWill) {
  EXPECT_EQ(
      warnings("  - {id: P, effect: permit, title: t, valid: {until: 2026-11-23}, when: {action: cross}}\n"
               "  - {id: Q, effect: permit, title: t, valid: {until: 2026-12-24}, when: {action: place}}\n"
               "  - {id: R, effect: permit, title: t, valid: {until: 2028-01-01}, when: {project: x}}\n"),
      (Texts{"expired P", "expires-soon Q"}));
  EXPECT_EQ(warnings("  - {id: P, effect: permit, title: t, when: {item.bytes: {lt: {parameter: a}}}}\n",
                     "parameters: {a: {value: 5, valid: {until: 2026-01-01}}}\n"),
            Texts{"expired "});
}

TEST(Lint, TestsOfTheDateThatSoonSayOtherwise) {
  EXPECT_EQ(
      warnings("  - {id: P, effect: permit, title: t, when: {action: cross, time.date: {lt: 2026-12-01}}}\n"
               "  - {id: Q, effect: permit, title: t, when: {action: place, time.date: {gte: 2026-11-23}}}\n"
               "  - {id: R, effect: permit, title: t, when: {project: x, time.date: {gte: 2027-06-01}}}\n"),
      Texts{"turns-soon P"});
}

TEST(Lint, ValuesThatAreNearlyKnown) {
  EXPECT_EQ(warnings("  - {id: P, effect: permit, title: t, when: {exporter.registered_in: Shenzen}}\n"),
            Texts{"unknown-value P"});
  EXPECT_EQ(warnings("  - {id: P, effect: permit, title: t, when: {exporter.registered_in: Reykjavik}}\n"),
            Texts{});
}

TEST(Lint, NotesOnNegativePermits) {
  const LoadedPack pack = load(
      "policy: p\nversion: 1\nrules:\n"
      "  - {id: P, effect: permit, title: t, basis: law, when: {crossing.to: {not_in: [US]}}, unless: "
      "{data.sectors: {contains: x}}}\n");
  Texts notes;
  for (const Finding& f : lint(pack, {.today = kToday})) notes.push_back(f.code);
  EXPECT_EQ(notes, (Texts{"missing-title", "negative-permit", "negative-permit"}));
}

TEST(Lint, ABudgetThatEndsIsReported) {
  RandomWorld world(3);
  const LoadedPack pack = load(world.pack_text(30));
  bool gave_up = false;
  for (const Finding& f : lint(pack, {.today = kToday, .nodes_max = 1})) {
    gave_up = gave_up || f.code == "gave-up";
    EXPECT_TRUE(f.code != "shadowed" && f.code != "redundant") << f.message;
  }
  EXPECT_TRUE(gave_up);
}

// Taking away a rule that lint calls useless changes no random request; those that it says nothing of do
// change one (found by the analysis itself, so not asked here).
TEST(Lint, RemovingAUselessRuleChangesNothing) {
  size_t useless = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    RandomWorld world(seed + 5'000);
    const LoadedPack pack = load(world.pack_text(8));
    for (const Finding& finding : lint(pack, {.today = kToday})) {
      if (finding.code != "shadowed" && finding.code != "redundant" && finding.code != "never-matches")
        continue;
      if (finding.code == "never-matches" && pack.rules.at(0).effect != Effect::kPermit) continue;
      ++useless;
      LoadedPack without = pack;
      std::erase_if(without.rules, [&](const Rule& rule) { return rule.id == finding.rule; });
      if (finding.code == "never-matches") continue;  // it may still hold what is unknown
      for (int i = 0; i < 300; ++i) {
        const Request request = world.request();
        const auto a = naive::decide(pack, request, kToday);
        const auto b = naive::decide(without, request, kToday);
        ASSERT_EQ(a.effect, b.effect) << "seed " << seed << " " << finding.message;
        ASSERT_EQ(a.obligations, b.obligations) << "seed " << seed << " " << finding.message;
      }
    }
  }
  EXPECT_GT(useless, 10U);
}

}  // namespace
}  // namespace hetao::policy
