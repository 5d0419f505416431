#include "policy/diff.h"

#include <algorithm>
#include <tuple>

#include "policy/case_boxes.h"

namespace hetao::policy {

namespace {

json::value describe_members(const Members& members, const Domain& domain) {
  json::array present;
  json::array absent;
  for (const auto& group : members.any_of) present.emplace_back(domain.member_name(group.front()));
  for (const uint32_t member : members.none_of) absent.emplace_back(domain.member_name(member));
  json::object out;
  if (!present.empty()) out["contains_all"] = std::move(present);
  if (!absent.empty()) out["contains_none"] = std::move(absent);
  return out;
}

// A value of the region that reads well: a known one where there is one.
void set_example_of(const Accept& accept, const Domain& domain, Request& request) {
  const ClassSet known = accept.classes.intersect(ClassSet::range(1, domain.known_end()));
  if (!known.empty()) return set_example(request, domain, known.first());
  set_example(request, domain, accept.classes.first());
}

DiffCase case_of(const Region& region, const Universe& universe) {
  DiffCase out;
  for (const Accept& accept : region.box.accepts) {
    const Domain& domain = universe.domains()[accept.slot];
    out.when.push_back({domain.attribute().name, domain.describe(accept.classes)});
  }
  for (const Members& members : region.box.members) {
    const Domain& domain = universe.domains()[members.slot];
    out.when.push_back({domain.attribute().name, describe_members(members, domain)});
  }
  for (const Accept& accept : region.example.accepts)
    set_example_of(accept, universe.domains()[accept.slot], out.example);
  for (const Members& members : region.example.members) {
    const Domain& domain = universe.domains()[members.slot];
    std::vector<std::string> present;
    for (const auto& group : members.any_of) present.push_back(domain.member_name(group.front()));
    if (!present.empty()) out.example.set(domain.attribute().name, std::move(present));
  }
  std::sort(out.when.begin(), out.when.end(),
            [](const CaseTest& a, const CaseTest& b) { return a.attribute < b.attribute; });
  out.whole = region.whole;
  out.from = region.before.effect;
  out.to = region.after.effect;
  out.from_obligations = region.before.obligations;
  out.to_obligations = region.after.obligations;
  return out;
}

}  // namespace

Diff diff(const LoadedPack& before, const LoadedPack& after, const DiffOptions& options) {
  Diff out;
  const LoadedPack* const packs[] = {&before, &after};
  auto universe = Universe::of(packs);
  if (!universe) {
    out.changed = true;
    out.gave_up = true;
    return out;
  }
  Pieces pieces;
  pieces.add(before, 0, *universe, kBefore);
  pieces.add(after, 1, *universe, kAfter);
  pieces.merge_equal();
  Comparison comparison(*universe, pieces, options.nodes_max);
  std::vector<Region> regions = comparison.regions(options.whole_max, options.cases_max, out.cases_total);
  out.gave_up = comparison.gave_up();
  out.changed = out.gave_up || !regions.empty();
  // What is loosened first: that is what a reviewer must not miss.
  std::sort(regions.begin(), regions.end(), [](const Region& a, const Region& b) {
    const auto rank = [](const Region& r) {
      return std::make_tuple(static_cast<int>(r.after.effect) - static_cast<int>(r.before.effect),
                             r.after.effect);
    };
    return rank(a) < rank(b);
  });
  auto boxes = std::make_shared<CaseBoxes>();
  for (Region& region : regions) {
    out.cases.push_back(case_of(region, *universe));
    boxes->boxes.push_back(std::move(region.box));
  }
  boxes->universe = std::move(*universe);
  out.boxes = std::move(boxes);
  return out;
}

}  // namespace hetao::policy
