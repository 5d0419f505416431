// Writes a rule's condition out as cases ("this and this and this"; disjunctive normal form), once for "its
// condition is true" and once for "it can't be ruled out" (true or unknown). Kleene's logic makes both of
// them plain two-valued questions about classes: a negated test is a test, and unknown is a class. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "policy/class_set.h"
#include "policy/domain.h"
#include "policy/rule.h"

namespace hetao::policy {

// The classes that one attribute may have.
struct Accept {
  size_t slot = 0;
  ClassSet classes;
  friend auto operator<=>(const Accept&, const Accept&) = default;
};

// What one set must have and must not have, as members' numbers, sorted.
struct Members {
  size_t slot = 0;
  std::vector<std::vector<uint32_t>> any_of;  // at least one of each group
  std::vector<uint32_t> none_of;
  friend auto operator<=>(const Members&, const Members&) = default;
};

// All of it has to hold. Sorted by slot; a slot that is not named is free.
struct Case {
  std::vector<Accept> accepts;
  std::vector<Members> members;
  friend auto operator<=>(const Case&, const Case&) = default;
};

bool implies(const Case& narrow, const Case& wide);
bool meet(const Case& a, const Case& b);                 // some request is in both
std::optional<Case> both(const Case& a, const Case& b);  // nullopt: no request is in both

struct RuleCases {
  uint32_t rule = 0;  // index into LoadedPack::rules
  Effect effect = Effect::kForbid;
  std::vector<Case> certain;   // its condition is true
  std::vector<Case> possible;  // true or unknown
};

// nullopt: more cases than limits::kPolicyCasesPerRuleMax.
std::optional<RuleCases> cases_of(const LoadedPack& pack, size_t pack_number, uint32_t rule,
                                  const Universe& universe);

}  // namespace hetao::policy
