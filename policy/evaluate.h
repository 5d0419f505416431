// One rule's condition against one request, in Kleene's three values: for explanations, and to tell a hold
// that is certain from one that can't be ruled out. Private to the room. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "policy/cases.h"
#include "policy/domain.h"

namespace hetao::policy {

enum class Truth { kFalse, kUnknown, kTrue };

// A request as classes.
struct View {
  std::span<const uint32_t> classes;               // a slot
  std::span<const std::vector<uint32_t>> members;  // a slot; of sets
};

struct Expression {
  enum class Kind { kAll, kAny, kNone, kClasses, kContainsAny, kContainsAll };
  Kind kind = Kind::kAll;
  std::vector<Expression> parts;
  size_t slot = 0;
  ClassSet accepted;              // kClasses: true
  ClassSet unknown;               // kClasses: unknown
  std::vector<uint32_t> members;  // of sets
  bool negated = false;           // of sets
};

Expression expression_of(const Rule& rule, size_t pack, const Universe& universe);
Truth evaluate(const Expression& expression, const View& view);
// Adds the slots whose being unknown makes the expression unknown.
void find_unknown(const Expression& expression, const View& view, std::vector<size_t>& slots);

}  // namespace hetao::policy
