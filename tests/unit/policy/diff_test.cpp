// Diffs: exactly the requests whose decision changes, checked against brute sampling.
#include "policy/diff.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <cstdlib>

#include "gateway/base/text.h"
#include "policy/policy.h"
#include "policy/wire.h"
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

LoadedPack with_rules(const std::string& rules) {
  return load("policy: p\nversion: 1\ndefault: hold\nrules:\n" + rules);
}

// Reads what a case says of one attribute, independently of how it was printed.
bool says(const json::value& test, const Attribute& attribute, const Value* value, bool invalid) {
  const auto equals = [&](const json::value& constant) {
    return value != nullptr && to_json(*value) == constant;
  };
  if (!test.is_object()) return equals(test);
  const json::object& said = test.get_object();
  if (value == nullptr) {
    const bool has_default = !attribute.absent.empty() || attribute.name.starts_with("parameter.");
    if (has_default && !invalid) return said.contains("absent") || said.contains("or_absent");
    return said.contains("unknown") || said.contains("or_unknown");
  }
  if (said.contains("unknown") || said.contains("absent")) return false;
  const auto all_of = [&](const json::object& o) {
    const auto listed = [&](const char* key) {
      const auto& list = o.at(key).get_array();
      return std::any_of(list.begin(), list.end(), equals);
    };
    if (o.contains("in") && !listed("in")) return false;
    if (o.contains("not_in") && listed("not_in")) return false;
    const auto below = [&](const json::value& bound) {
      if (attribute.type == Type::kDate)
        return *parse_date(std::get<std::string>(*value)) < *parse_date(bound.get_string());
      return std::get<int64_t>(*value) < bound.get_int64();
    };
    if (o.contains("gte") && below(o.at("gte"))) return false;
    if (o.contains("lt") && !below(o.at("lt"))) return false;
    return true;
  };
  if (!said.contains("any_of")) {
    if (said.contains("matches_just")) return true;  // checked by the examples alone
    return all_of(said);
  }
  const auto& parts = said.at("any_of").get_array();
  return std::any_of(parts.begin(), parts.end(),
                     [&](const json::value& part) { return says(part, attribute, value, invalid); });
}

bool says_set(const json::object& test, const Value* value) {
  const std::vector<std::string> members =
      value == nullptr ? std::vector<std::string>{} : std::get<std::vector<std::string>>(*value);
  const auto has = [&](const json::value& member) {
    return std::find(members.begin(), members.end(), std::string(member.get_string())) != members.end();
  };
  if (const auto* all = test.if_contains("contains_all")) {
    if (!std::all_of(all->get_array().begin(), all->get_array().end(), has)) return false;
  }
  if (const auto* none = test.if_contains("contains_none")) {
    if (std::any_of(none->get_array().begin(), none->get_array().end(), has)) return false;
  }
  return true;
}

bool contains(const DiffCase& one, Request request, const Schema& schema) {
  if (request.find("time.date") == nullptr) request.set("time.date", to_string(kToday));
  for (const CaseTest& test : one.when) {
    const auto attribute = schema.resolve(test.attribute);
    const Value* value = request.find(test.attribute);
    const bool invalid = value != nullptr && !check_attribute(test.attribute, *value, schema);
    if (invalid) value = nullptr;
    const bool holds = attribute->type == Type::kSet ? says_set(test.test.get_object(), value)
                                                     : says(test.test, *attribute, value, invalid);
    if (!holds) return false;
  }
  return true;
}

struct Made {
  Effect effect = Effect::kForbid;
  std::vector<ObligationSpec> obligations;
  friend bool operator==(const Made&, const Made&) = default;
};

Made decide(const LoadedPack& pack, const Request& request) {
  naive::Outcome out = naive::decide(pack, request, kToday);
  std::sort(out.obligations.begin(), out.obligations.end());
  return {out.effect, out.obligations};
}

// What a case says of two decisions.
struct Change {
  Effect from = Effect::kForbid;
  Effect to = Effect::kForbid;
  std::vector<ObligationSpec> from_obligations;
  std::vector<ObligationSpec> to_obligations;
  friend bool operator==(const Change&, const Change&) = default;
};

Change change_of(const Made& before, const Made& after) {
  Change out{before.effect, after.effect, {}, {}};
  if (before.effect != after.effect) return out;
  std::set_difference(before.obligations.begin(), before.obligations.end(), after.obligations.begin(),
                      after.obligations.end(), std::back_inserter(out.from_obligations));
  std::set_difference(after.obligations.begin(), after.obligations.end(), before.obligations.begin(),
                      before.obligations.end(), std::back_inserter(out.to_obligations));
  return out;
}

Change change_of(const DiffCase& one) {
  return {one.from, one.to, one.from_obligations, one.to_obligations};
}

// Every example differs as its case says; a request is in exactly one case if its decision differs, and in
// none if it does not. Returns whether it differs.
bool check_request(const LoadedPack& a, const LoadedPack& b, const Diff& found, const Request& request) {
  const Made before = decide(a, request);
  const Made after = decide(b, request);
  const auto in = std::count_if(found.cases.begin(), found.cases.end(), [&](const DiffCase& one) {
    return contains(one, request, a.schema) && (one.whole || change_of(one) == change_of(before, after));
  });
  EXPECT_EQ(in, before != after ? 1 : 0) << json::serialize(to_json(request));
  return before != after;
}

void check_examples(const LoadedPack& a, const LoadedPack& b, const Diff& found) {
  for (const DiffCase& one : found.cases) {
    const Made before = decide(a, one.example);
    const Made after = decide(b, one.example);
    EXPECT_TRUE(before != after);
    EXPECT_EQ(change_of(before, after), change_of(one)) << json::serialize(to_json(one.example));
  }
}

TEST(Diff, TheSamePackHasNoDifference) {
  const LoadedPack pack = with_rules("  - {id: P, effect: permit, title: t, when: {action: cross}}\n");
  const Diff out = diff(pack, pack);
  EXPECT_FALSE(out.changed);
  EXPECT_FALSE(out.gave_up);
}

TEST(Diff, RewritingAConditionIsNoDifference) {
  const LoadedPack a = with_rules(
      "  - {id: P, effect: permit, title: t, when: {action: cross}, unless: {item.bytes: {gte: 10}, "
      "recipient.listed: true}}\n");
  const LoadedPack b = with_rules(
      "  - {id: Q1, effect: permit, title: u, when: {action: cross, item.bytes: {lt: 10}}}\n"
      "  - {id: Q2, effect: permit, title: u, when: {none: [{recipient.listed: true}, {action: place}]}}\n");
  EXPECT_FALSE(diff(a, b).changed) << json::serialize(to_json(diff(a, b)));
}

TEST(Diff, AThresholdMovedIsTheValuesBetween) {
  const auto pack = [](int limit) {
    return load("policy: p\nversion: 1\ndefault: hold\nparameters: {limit: {value: " + std::to_string(limit) +
                "}}\nrules:\n  - {id: F, effect: forbid, title: t, when: {action: cross, item.bytes: {gte: "
                "{parameter: limit}}}}\n"
                "  - {id: P, effect: permit, title: t, when: {action: cross}}\n");
  };
  const Diff out = diff(pack(10'000), pack(5'000));
  ASSERT_EQ(out.cases.size(), 1U);
  EXPECT_EQ(out.cases[0].from, Effect::kPermit);
  EXPECT_EQ(out.cases[0].to, Effect::kForbid);
  const json::object printed = to_json(out);
  EXPECT_EQ(json::serialize(printed.at("cases").at(0).at("when")),
            R"({"action":"cross","item.bytes":{"gte":5000,"lt":10000}})");
  EXPECT_EQ(json::serialize(printed.at("cases").at(0).at("example")),
            R"({"action":"cross","item.bytes":5000})");
}

TEST(Diff, AHoldThatBecomesAPermitIsSeen) {
  const LoadedPack a = with_rules("  - {id: H, effect: hold, title: t, when: {action: cross}}\n");
  const LoadedPack b = with_rules("  - {id: H, effect: permit, title: t, when: {action: cross}}\n");
  const Diff out = diff(a, b);
  ASSERT_EQ(out.cases.size(), 1U);  // an unknown action: the hold holds, as the default does
  EXPECT_EQ(out.cases[0].from, Effect::kHold);
  EXPECT_EQ(out.cases[0].to, Effect::kPermit);
}

TEST(Diff, ADefaultThatChangesIsSeen) {
  const LoadedPack a = load(
      "policy: p\nversion: 1\ndefault: hold\nrules:\n  - {id: P, effect: permit, title: t, when: {action: "
      "cross}}\n");
  const LoadedPack b =
      load("policy: p\nversion: 1\nrules:\n  - {id: P, effect: permit, title: t, when: {action: cross}}\n");
  const Diff out = diff(a, b);
  ASSERT_EQ(out.cases.size(), 1U);
  EXPECT_EQ(out.cases[0].to, Effect::kForbid);
}

TEST(Diff, ObligationsAreCompared) {
  const auto pack = [](const char* days) {
    return with_rules(std::string("  - {id: P, effect: permit, title: t, when: {action: cross}, obligations: "
                                  "[{delete-after: {duration: ") +
                      days +
                      "}}]}\n  - {id: Q, effect: permit, title: t, when: {project: x}, obligations: "
                      "[{delete-after: {duration: 7d}}]}\n");
  };
  const Diff out = diff(pack("30d"), pack("60d"));
  ASSERT_EQ(out.cases.size(), 1U);
  EXPECT_EQ(out.cases[0].from, out.cases[0].to);
  EXPECT_NE(json::serialize(to_json(out)).find("\"project\":{\"not_in\":[\"x\"],\"or_unknown\":true}"),
            std::string::npos)
      << json::serialize(to_json(out));
}

TEST(Diff, AnEnumValueThatOnePackDeclaresIsUnknownToTheOther) {
  const std::string rules =
      "rules:\n  - {id: P, effect: permit, title: t, when: {data.grade: {not_in: [core]}}}\n";
  const LoadedPack a = load("policy: p\nversion: 1\ndefault: hold\n" + rules);
  const LoadedPack b =
      load("policy: p\nversion: 1\ndefault: hold\nattributes: {data.grade: {values: [odd]}}\n" + rules);
  const Diff out = diff(a, b);
  ASSERT_EQ(out.cases.size(), 1U);
  EXPECT_EQ(to_text(*out.cases[0].example.find("data.grade")), "odd");
}

TEST(Diff, ASwitchFlippedChangesRequestsThatDoNotSay) {
  const auto pack = [](const char* value) {
    return load(std::string("policy: p\nversion: 1\ndefault: hold\nparameters: {on: {value: ") + value +
                "}}\nrules:\n  - {id: F, effect: forbid, title: t, when: {parameter.on: true}}\n");
  };
  const Diff out = diff(pack("false"), pack("true"));
  ASSERT_EQ(out.cases.size(), 1U);
  EXPECT_TRUE(out.cases[0].example.attributes().empty());
}

TEST(Diff, ABudgetThatEndsIsNeverNoDifference) {
  RandomWorld world(7);
  const LoadedPack a = load(world.pack_text(60));
  const LoadedPack b = load(world.pack_text(60));
  const Diff out = diff(a, b, {.nodes_max = 1, .cases_max = 10});
  EXPECT_TRUE(out.gave_up);
  EXPECT_TRUE(out.changed);
}

bool has_globs(const Diff& found) {
  return json::serialize(to_json(found)).find("matches_just") != std::string::npos;
}

// For random pairs of packs, once with cases that say all, once with cases of the changed rules' tests alone.
TEST(Diff, CasesAreExactlyTheRequestsThatDiffer) {
  const uint64_t pairs = std::getenv("HETAO_LONG") != nullptr ? 2'000 : 16;
  size_t differing = 0;
  size_t partial = 0;
  for (uint64_t seed = 0; seed < pairs; ++seed) {
    RandomWorld world(seed + 1'000'000);
    const std::string text = world.pack_text(1 + world.below(8));
    std::string other = text;
    if (world.chance(50))
      other += world.rule(100);
    else
      other = text.substr(0, text.rfind("  - id: R"));  // one rule less
    if (other.ends_with("rules:\n")) other += "  []\n";
    const LoadedPack a = load(text);
    const LoadedPack b = load(other);
    for (const size_t whole_max : {size_t{1'000'000}, size_t{0}}) {
      SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text + "\n---\n" + other);
      const Diff out = diff(a, b, {.cases_max = 1'000'000, .whole_max = whole_max});
      ASSERT_FALSE(out.gave_up);
      ASSERT_EQ(static_cast<size_t>(out.cases_total), out.cases.size());
      partial += static_cast<size_t>(
          std::count_if(out.cases.begin(), out.cases.end(), [](const DiffCase& one) { return !one.whole; }));
      check_examples(a, b, out);
      for (int i = 0; i < 200 && !has_globs(out); ++i)
        differing += check_request(a, b, out, world.request()) ? 1 : 0;
      ASSERT_FALSE(HasFailure());
    }
  }
  EXPECT_GT(differing, pairs);
  EXPECT_GT(partial, 0U);
}

// What an administrator does daily: a threshold of a rule that says little else moves, among many rules.
TEST(Diff, AMovedThresholdOfAWideRuleIsAShortList) {
  RandomWorld world(99);
  const std::string rest = world.pack_text(5);  // few enough that they leave room for it to matter
  const auto with = [&](const char* limit) {
    return load(rest + "  - {id: W, effect: forbid, title: t, when: {item.bytes: {gte: " + limit + "}}}\n");
  };
  const LoadedPack a = with("2000000");
  const LoadedPack b = with("3000000");
  const Diff out = diff(a, b);
  ASSERT_FALSE(out.gave_up);
  ASSERT_TRUE(out.changed);
  EXPECT_LE(out.cases.size(), 20U);
  check_examples(a, b, out);
  size_t differing = 0;
  for (int i = 0; i < 300; ++i) {
    Request request = world.request();
    request.set("item.bytes", int64_t{2'500'000});
    differing += check_request(a, b, out, request) ? 1 : 0;
  }
  EXPECT_GT(differing, 0U);
}

}  // namespace
}  // namespace hetao::policy
