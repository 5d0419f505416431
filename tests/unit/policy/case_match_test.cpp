// A request lies in a case of a diff exactly when its decision changes; thresholds and days that rules name.
#include "policy/case_match.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

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

TEST(CaseMatch, EveryExampleLiesInItsOwnCaseAlone) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    RandomWorld world(seed);
    const LoadedPack before = load(world.pack_text(4));
    const LoadedPack after = load(world.pack_text(4));
    const Diff found = diff(before, after);
    const CaseFinder finder(found);
    const auto a = Policy::compile(before);
    const auto b = Policy::compile(after);
    const size_t step = 1 + found.cases.size() / 40;
    for (size_t i = 0; i < found.cases.size(); i += step) {
      const Request& request = found.cases[i].example;
      if (found.cases[i].whole) EXPECT_EQ(finder.find_all(request, kToday), std::vector<size_t>{i}) << seed;
      EXPECT_EQ(finder.find(request, kToday, a->decide(request, kToday), b->decide(request, kToday)), i)
          << seed;
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
