// Loading packs: every usual mistake with its place, all at once; what the digest covers; a pack's own tests.
#include "policy/pack.h"

#include <gtest/gtest.h>

#include "policy/policy.h"
#include "policy/tests_runner.h"

namespace hetao::policy {
namespace {

constexpr Date kToday{20'780};
const char* const kHead = "policy: p\nversion: 1\ndefault: hold\n";

std::string mistakes(std::vector<SourceFile> files) {
  const auto pack = load_pack(std::move(files));
  std::string out;
  if (!pack) {
    for (const Diagnostic& d : pack.error()) out += (out.empty() ? "" : "\n") + to_line(d);
  } else if (const auto policy = Policy::compile(*pack); !policy) {
    for (const Diagnostic& d : policy.error()) out += (out.empty() ? "" : "\n") + to_line(d);
  }
  return out.empty() ? "fine" : out;
}

std::string rule_mistakes(const std::string& rule) {
  return mistakes({{"pack.yaml", kHead}, {"rules/r.yaml", "rules:\n  - " + rule + "\n"}});
}

std::string when_mistakes(const std::string& when) {
  return rule_mistakes("{id: R, effect: permit, title: t, when: " + when + "}");
}

TEST(Pack, ARuleOfEveryOperatorLoads) {
  EXPECT_EQ(
      when_mistakes(
          "{action: cross, crossing.from: {in: [CN, HK]}, crossing.to: {not_in: [SG]}, item.bytes: {gt: 1, "
          "lte: 9}, "
          "time.date: {between: [2026-01-01, 2026-02-01]}, project: {matches: [\"a*\", b]}, data.sectors: "
          "{contains: "
          "x, contains_none: [y]}, any: [{all: [{data.tags: {contains_any: [a]}}]}, {none: [{data.tags: "
          "{contains_all: [a, b]}}]}]}"),
      "fine");
}

struct Mistake {
  const char* when;
  const char* says;
};

TEST(Pack, EveryMistakeInAConditionNamesItsPlace) {
  const Mistake kMistakes[] = {
      {"{data.grad: core}", "rules/r.yaml:2:46: unknown attribute \"data.grad\" (did you mean data.grade?)"},
      {"{data.grade: cor}",
       "rules/r.yaml:2:58: data.grade is \"cor\"; expected one of public, general, important, core, "
       "state-secret (did "
       "you mean core?)"},
      {"{item.bytes: \"5\"}", "rules/r.yaml:2:58: item.bytes is the text \"5\"; expected a whole number"},
      {"{item.bytes: 1e4}", "rules/r.yaml:2:58: item.bytes is \"1e4\"; expected a whole number"},
      {"{recipient.listed: yes}", "rules/r.yaml:2:64: recipient.listed is \"yes\"; expected true or false"},
      {"{crossing.from: china}",
       "rules/r.yaml:2:61: crossing.from is \"china\"; expected two capital letters such as CN or HK"},
      {"{time.date: {gte: tomorrow}}",
       "rules/r.yaml:2:63: time.date is \"tomorrow\"; expected a day such as 2026-11-23"},
      {"{item.bytes: {gtee: 5}}", "rules/r.yaml:2:59: unknown operator \"gtee\" (did you mean gte?)"},
      {"{data.grade: {gte: core}}",
       "rules/r.yaml:2:59: gte can't test data.grade, which is of type enum; expected a constant, in or "
       "not_in"},
      {"{data.sectors: {in: [a]}}",
       "rules/r.yaml:2:61: in can't test data.sectors, which is of type set; expected contains, "
       "contains_any, "
       "contains_all or contains_none"},
      {"{data.sectors: a}", "rules/r.yaml:2:60: data.sectors is a set (write {contains: ...})"},
      {"{crossing.from: [CN]}",
       "rules/r.yaml:2:61: crossing.from is compared with a list (write {in: [...]})"},
      {"{crossing.from: {in: []}}", "rules/r.yaml:2:66: in is an empty list; expected at least one value"},
      {"{item.bytes: {between: [1]}}",
       "rules/r.yaml:2:68: between has no two ends; expected a list [LOW, HIGH]; both are included"},
      {"{item.bytes: {between: [2, 1]}}", "rules/r.yaml:2:68: between is empty: its LOW is above its HIGH"},
      {"{item.bytes: {gte: {parameter: limt}}}",
       "rules/r.yaml:2:64: unknown parameter \"limt\" (declare it in pack.yaml)"},
      {"{parameter.on: true}",
       "rules/r.yaml:2:46: the pack declares no such parameter: \"parameter.on\" (pack.yaml may "
       "declare it)"},
      {"{any: []}", "rules/r.yaml:2:51: any is an empty list; expected at least one condition"},
      {"{any: {action: cross}}", "rules/r.yaml:2:51: any is a map; expected a list"},
      {"{all: [{}]}", "rules/r.yaml:2:52: a member of all is empty; expected a condition"},
      {"{action: }", "rules/r.yaml:2:54: action is nothing; expected one of cross, place"},
      {"[a]", "rules/r.yaml:2:45: when is a list; expected a map of keys and values"},
  };
  for (const Mistake& mistake : kMistakes)
    EXPECT_EQ(when_mistakes(mistake.when), mistake.says) << mistake.when;
}

TEST(Pack, EveryMistakeInARuleNamesItsPlace) {
  EXPECT_EQ(rule_mistakes("{id: R, effect: deny, title: t, when: {}}"),
            "rules/r.yaml:2:21: rule.effect is \"deny\"; expected one of permit, hold, forbid");
  EXPECT_EQ(rule_mistakes("{id: R, effect: hold, title: t}"),
            "rules/r.yaml:2:5: rule.when is missing (add `when:`)");
  EXPECT_EQ(rule_mistakes("{id: R, effect: hold, title: {zh-Hans: x}, when: {}}"),
            "rules/r.yaml:2:34: title.en is missing (add `en:`)");
  EXPECT_EQ(rule_mistakes("{id: R!, effect: hold, title: t, when: {}}").substr(0, 46),
            "rules/r.yaml:2:5: the rule id \"R!\" is no id; e");
  EXPECT_EQ(rule_mistakes("{id: R, effect: hold, title: t, wehn: {}, when: {}}"),
            "rules/r.yaml:2:37: unknown key \"rule.wehn\" (did you mean when?)");
  EXPECT_EQ(rule_mistakes("{id: R, effect: forbid, title: t, when: {}, obligations: [no-network]}"),
            "rules/r.yaml:2:62: a forbid has obligations (obligations belong to permits and holds)");
  EXPECT_EQ(
      rule_mistakes("{id: R, effect: hold, title: t, when: {}, obligations: [delete-aftr: {duration: 1d}]}"),
      "rules/r.yaml:2:61: unknown obligation \"delete-aftr\" (did you mean delete-after?)");
  EXPECT_EQ(rule_mistakes(
                "{id: R, effect: hold, title: t, when: {}, obligations: [{delete-after: {duration: soon}}]}"),
            "rules/r.yaml:2:87: duration is \"soon\"; expected a time such as 30d, 12h, 15m, 10s or 500ms");
  EXPECT_EQ(rule_mistakes(
                "{id: R, effect: hold, title: t, when: {}, valid: {from: 2026-02-01, until: 2026-02-01}}"),
            "rules/r.yaml:2:54: valid has no day: until is exclusive, and not after from");
}

TEST(Pack, AllMistakesOfAllFilesAreReportedAtOnce) {
  EXPECT_EQ(
      mistakes({{"pack.yaml", "policy: P\nversion: 1\ndefault: permit\nruels: []\n"},
                {"rules/b.yaml", "rules:\n  - {id: R, effect: hold, title: t, when: {x: 1}}\n"},
                {"rules/a.yaml",
                 "rules:\n  - {id: R, effect: hold, title: t, when: {}}\n  - {id: R, effect: hold, title: t, "
                 "when: {}}\n"},
                {"tests/t.yaml", "tests:\n  - {id: T, request: {actoin: cross}, decision: hold, rule: Q}\n"},
                {"extra.yaml", "a: 1\n"},
                {"README.md", "# not policy"}}),
      "extra.yaml: this file has no place in a pack (packs have pack.yaml, rules/*.yaml, tests/*.yaml)\n"
      "pack.yaml:1:9: the pack's name is \"P\"; expected small letters, digits and -\n"
      "pack.yaml:3:10: the default is permit; expected hold or forbid (what no rule decides is never "
      "permitted)\n"
      "pack.yaml:4:1: unknown key \"ruels\" (did you mean rules?)\n"
      "rules/b.yaml:2:44: unknown attribute \"x\" (pack.yaml may declare it)\n"
      "tests/t.yaml:2:23: unknown attribute \"actoin\" (did you mean action?)\n"
      "tests/t.yaml:2:61: the pack has no rule \"Q\" (did you mean R?)\n"
      "rules/a.yaml:3:5: the rule id R stands here a second time (the first is at rules/a.yaml:2)\n"
      "rules/b.yaml:2:5: the rule id R stands here a second time (the first is at rules/a.yaml:2)");
  EXPECT_EQ(mistakes({{"rules/a.yaml", "rules: []\n"}}),
            "pack.yaml: the pack has no pack.yaml (write one: policy, version, default)");
}

TEST(Pack, AConditionWithTooManyCasesIsRefused) {
  std::string unless;
  for (int i = 0; i < 14; ++i) {
    unless += (i > 0 ? ", " : "") + std::string("{inspection.findings.a") + std::to_string(i) +
              ": 1, inspection.findings.b" + std::to_string(i) + ": 1}";
  }
  EXPECT_EQ(when_mistakes("{none: [" + unless + "]}"),
            "rules/r.yaml:2:5: rule R has more than 4096 cases when it is written out (split it into several "
            "rules)");
}

TEST(Pack, TheDigestIsOfWhatIsSaid) {
  const auto digest = [](const std::string& text) { return load_pack({{"pack.yaml", text}})->digest.hex(); };
  const std::string base = digest("policy: p\nversion: 1\n");
  EXPECT_EQ(digest("# a comment\nversion:   1\npolicy: p\n"), base);
  EXPECT_NE(digest("policy: p\nversion: 2\n"), base);
  EXPECT_EQ(base.size(), 64U);
}

TEST(Pack, ParametersAndAttributesOfThePack) {
  const auto pack = load_pack(
      {{"pack.yaml",
        std::string(kHead) +
            "parameters: {a: {value: 5, source: law}, b: {value: true}, c: {value: \"5\"}}\n"
            "attributes: {site.badge: {type: enum, values: [red]}, data.grade: {values: [purple]}}\n"
            "rules:\n  - {id: R, effect: permit, title: t, when: {site.badge: red, data.grade: purple, "
            "item.bytes: {lt: {parameter: a}}, project: {parameter: c}}}\n"}});
  ASSERT_TRUE(pack);
  EXPECT_EQ(pack->parameters.at("a").value, Value(int64_t{5}));
  EXPECT_EQ(pack->parameters.at("c").value, Value(std::string("5")));
  EXPECT_EQ(
      mistakes({{"pack.yaml", std::string(kHead) + "attributes: {action: {type: enum, values: [x]}}\n"}}),
      "pack.yaml:4:23: unknown key \"attributes.action.type\" (known keys: values, absent)");
  EXPECT_EQ(mistakes({{"pack.yaml", std::string(kHead) + "attributes: {item.bytes: {values: [x]}}\n"}}),
            "pack.yaml:4:14: item.bytes is of type integer and takes no values");
}

TEST(PackTests, FailuresSayWhatWasExpectedAndGot) {
  auto pack = load_pack(
      {{"pack.yaml", kHead},
       {"rules/r.yaml",
        "rules:\n  - {id: F, effect: forbid, title: never, when: {action: place}}\n"
        "  - {id: P, effect: permit, title: fine, when: {action: cross}, obligations: [no-network]}\n"},
       {"tests/t.yaml",
        "tests:\n"
        "  - {id: T1, request: {action: cross}, decision: permit, rule: P, obligations: [no-network]}\n"
        "  - {id: T2, request: {action: cross}, decision: forbid, rule: F}\n"
        "  - {id: T3, request: {action: cross}, decision: permit, rules: [P], obligations: []}\n"
        "  - {id: T4, request: {}, decision: hold, rule: none}\n"}});
  ASSERT_TRUE(pack);
  const auto policy = Policy::compile(std::move(*pack));
  const TestReport report = run_tests(*policy, kToday);
  EXPECT_EQ(report.run, 4U);
  ASSERT_EQ(report.failures.size(), 3U);
  EXPECT_EQ(report.failures[0].message, "expected forbid by F, got permit by P: P: fine");
  EXPECT_EQ(report.failures[1].message, "expected the obligations [], got [no-network]");
  EXPECT_EQ(report.failures[2].message,
            "expected hold by no rule, got hold by F: can't rule out F: action is unknown");
  EXPECT_TRUE(report.unexercised.empty());
}

}  // namespace
}  // namespace hetao::policy
