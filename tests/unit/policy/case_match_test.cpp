// A request lies in a case of a diff exactly when its decision changes; thresholds and days that rules name.
#include "policy/case_match.h"

#include <gtest/gtest.h>

#include "policy/cut_points.h"
#include "tests/unit/policy/random_pack.h"

namespace hetao::policy {
namespace {

constexpr Date kToday{20'780};  // 2026-11-23

LoadedPack load(const std::string& text) {
  auto pack = load_pack({{"pack.yaml", text}});
  if (!pack) throw std::runtime_error(to_line(pack.error().front()));
  return std::move(*pack);
}

TEST(CaseMatch, WordsMeanWhatTheySay) {
  const Value number = int64_t{12};
  const Value text = std::string("general");
  const Value set = std::vector<std::string>{"health", "genetic"};
  EXPECT_TRUE(meets(12, &number));
  EXPECT_FALSE(meets(13, &number));
  EXPECT_TRUE(meets(json::object{{"gte", 10}, {"lt", 20}}, &number));
  EXPECT_FALSE(meets(json::object{{"gte", 10}, {"lt", 12}}, &number));
  EXPECT_FALSE(meets(json::object{{"gte", 10}}, nullptr));
  EXPECT_TRUE(meets(json::object{{"gte", 10}, {"or_unknown", true}}, nullptr));
  EXPECT_TRUE(meets(json::object{{"unknown", true}}, nullptr));
  EXPECT_FALSE(meets(json::object{{"unknown", true}}, &number));
  EXPECT_TRUE(meets(json::object{{"known", true}}, &number));
  EXPECT_TRUE(meets(json::object{{"in", json::array{"public", "general"}}}, &text));
  EXPECT_FALSE(meets(json::object{{"not_in", json::array{"public", "general"}}}, &text));
  EXPECT_TRUE(
      meets(json::object{{"any_of", json::array{json::object{{"in", json::array{"general"}}}}}}, &text));
  EXPECT_TRUE(meets(json::object{{"contains_all", json::array{"health"}}}, &set));
  EXPECT_FALSE(meets(json::object{{"contains_none", json::array{"health"}}}, &set));
  EXPECT_TRUE(meets(json::object{{"contains_none", json::array{"health"}}}, nullptr));
}

TEST(CaseMatch, EveryExampleLiesInItsOwnCaseAlone) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    RandomWorld world(seed);
    const LoadedPack before = load(world.pack_text(4));
    const LoadedPack after = load(world.pack_text(4));
    const Diff found = diff(before, after);
    const CaseFinder finder(found, before.schema);
    const auto a = Policy::compile(before);
    const auto b = Policy::compile(after);
    const size_t step = 1 + found.cases.size() / 40;
    for (size_t i = 0; i < found.cases.size(); i += step) {
      Request request = found.cases[i].example;
      if (request.find("time.date") == nullptr) request.set("time.date", to_string(kToday));
      if (found.cases[i].whole) EXPECT_EQ(finder.find_all(request), std::vector<size_t>{i}) << seed;
      EXPECT_EQ(finder.find(request, a->decide(request, kToday), b->decide(request, kToday)), i) << seed;
    }
  }
}

TEST(CutPoints, ThresholdsAndDaysAreFoundInEveryCorner) {
  const LoadedPack pack = load(R"(policy: p
version: 1
default: hold
parameters: {limit: {value: 10000, valid: {until: 2026-12-31}}}
rules:
  - id: A
    effect: forbid
    title: t
    valid: {from: 2026-12-01}
    when: {any: [{subjects.year_sensitive: {gte: {parameter: limit}}}, {time.date: {gte: 2027-01-01}}]}
  - {id: B, effect: permit, title: t, when: {action: cross}, unless: {subjects.year_sensitive: {lte: 99}}}
)");
  const auto cuts = cut_points(pack, "subjects.year_sensitive");
  ASSERT_EQ(cuts.size(), 2U);
  EXPECT_EQ(cuts[0].value, 100);
  EXPECT_EQ(cuts[0].rule, "B");
  EXPECT_EQ(cuts[1].value, 10'000);
  EXPECT_TRUE(cut_points(pack, "item.bytes").empty());
  const auto days = coming_days(pack, kToday, 60);
  ASSERT_EQ(days.size(), 3U);
  EXPECT_EQ(days[0].what, "rule A");
  EXPECT_EQ(to_string(days[1].day), "2026-12-31");
  EXPECT_EQ(to_string(days[2].day), "2027-01-01");
  EXPECT_TRUE(coming_days(pack, Date{kToday.days + 60}, 60).empty());
}

}  // namespace
}  // namespace hetao::policy
