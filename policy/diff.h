// What a change of a pack changes: exactly the requests whose decision or obligations differ, as disjoint
// cases over the attributes that matter. Pure; bounded by a budget. "Gave up" is never "no difference".
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "policy/pack.h"

namespace hetao::policy {

// What a case says of one attribute, in words of the language.
struct CaseTest {
  std::string attribute;
  json::value test;  // a constant, or operators: {"in": [...]}, {"gte": 1, "lt": 9}, {"unknown": true}
};

// Requests that `when` describes and whose decision was `from` and becomes `to`.
struct DiffCase {
  std::vector<CaseTest> when;
  // True: all that `when` describes, and no other case's `when` meets it. False: those for which no rule that
  // stays as it is decides otherwise; another case may have the same `when` and another `from` or `to`.
  bool whole = true;
  Effect from = Effect::kForbid;
  Effect to = Effect::kForbid;
  // Where `from` and `to` are the same: the obligations that differ.
  std::vector<ObligationSpec> from_obligations;
  std::vector<ObligationSpec> to_obligations;
  Request example;
};

struct DiffOptions {
  uint64_t nodes_max = 1'000'000;  // states looked at
  size_t cases_max = 1'000;        // listed; the rest is counted
  size_t whole_max = 100;          // up to so many cases whose `when` says all, see DiffCase
};

struct CaseBoxes;  // the cases in the analysis's own terms, for CaseFinder

struct Diff {
  bool changed = false;  // false: proved that there is no difference. Always true when it gave up
  bool gave_up = false;  // the budget ended: there may be differences that are not listed
  std::vector<DiffCase> cases;
  double cases_total = 0;  // of which `cases` are listed
  std::shared_ptr<const CaseBoxes> boxes;
};

Diff diff(const LoadedPack& before, const LoadedPack& after, const DiffOptions& options = {});

}  // namespace hetao::policy
