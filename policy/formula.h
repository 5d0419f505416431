// A rule's condition as a plain two-valued question about classes: "it is true", or "it can't be ruled out"
// (true or unknown). Kleene's logic makes both plain: a negated test is a test, and unknown is a class.
// What the analysis works on. Private to the room. Plain values.
#pragma once

#include <cstdint>
#include <vector>

#include "policy/cases.h"
#include "policy/class_set.h"
#include "policy/domain.h"
#include "policy/rule.h"

namespace hetao::policy {

// In a normal form: parts are sorted and none is of its parent's kind, no two tests of an `all` or an `any`
// are of one attribute, no test accepts everything or nothing.
struct Formula {
  enum class Kind : uint8_t { kNever, kAlways, kTest, kAll, kAny };
  static constexpr uint32_t kWhole = UINT32_MAX;

  Kind kind = Kind::kAlways;
  uint32_t slot = 0;
  uint32_t member = kWhole;  // of a set: the classes are 0 for "not in it" and 1 for "in it"
  ClassSet classes;
  std::vector<Formula> parts;  // of all and any, at least two

  size_t hash() const;
};

// 0: the same.
int compare(const Formula& a, const Formula& b);

Formula all_of(std::vector<Formula> parts);
Formula any_of(std::vector<Formula> parts, const Universe& universe);

Formula formula_of(const Case& one);
Formula formula_of(const Rule& rule, size_t pack, const Universe& universe, bool possible);

}  // namespace hetao::policy
