#include "policy/evaluate.h"

#include <algorithm>

#include "gateway/base/check.h"

namespace hetao::policy {

namespace {

Expression test_expression(const Test& test, size_t pack, const Universe& universe) {
  Expression out;
  out.slot = universe.slot(pack, test.attribute);
  const Domain& domain = universe.domains()[out.slot];
  if (!domain.is_set()) {
    out.kind = Expression::Kind::kClasses;
    out.accepted = domain.accepted(test, pack);
    out.unknown = domain.unknown_to(pack);
    return out;
  }
  out.kind =
      test.op == Operator::kContainsAll ? Expression::Kind::kContainsAll : Expression::Kind::kContainsAny;
  out.negated = test.negated;
  for (const std::string& text : test.texts) out.members.push_back(domain.member(text));
  return out;
}

Expression condition_expression(const Condition& condition, size_t pack, const Universe& universe) {
  if (condition.kind == Condition::Kind::kTest) return test_expression(condition.test, pack, universe);
  Expression out;
  out.kind = condition.kind == Condition::Kind::kAll   ? Expression::Kind::kAll
             : condition.kind == Condition::Kind::kAny ? Expression::Kind::kAny
                                                       : Expression::Kind::kNone;
  for (const Condition& member : condition.members)
    out.parts.push_back(condition_expression(member, pack, universe));
  return out;
}

Truth of_bool(bool value) {
  return value ? Truth::kTrue : Truth::kFalse;
}

Truth negate(Truth truth) {
  switch (truth) {
    case Truth::kFalse:
      return Truth::kTrue;
    case Truth::kUnknown:
      return Truth::kUnknown;
    case Truth::kTrue:
      return Truth::kFalse;
  }
  return Truth::kUnknown;
}

Truth evaluate_leaf(const Expression& e, const View& view) {
  if (e.kind == Expression::Kind::kClasses) {
    const Class at = view.classes[e.slot];
    if (e.unknown.contains(at)) return Truth::kUnknown;
    return of_bool(e.accepted.contains(at));
  }
  const auto& present = view.members[e.slot];
  const auto has = [&](uint32_t member) {
    return std::find(present.begin(), present.end(), member) != present.end();
  };
  const bool holds = e.kind == Expression::Kind::kContainsAll
                         ? std::all_of(e.members.begin(), e.members.end(), has)
                         : std::any_of(e.members.begin(), e.members.end(), has);
  return of_bool(holds != e.negated);
}

}  // namespace

Expression expression_of(const Rule& rule, size_t pack, const Universe& universe) {
  Expression out;
  out.parts.push_back(condition_expression(rule.when, pack, universe));
  if (rule.unless) {
    Expression none;
    none.kind = Expression::Kind::kNone;
    none.parts.push_back(condition_expression(*rule.unless, pack, universe));
    out.parts.push_back(std::move(none));
  }
  if (rule.valid.from || rule.valid.until) {
    const size_t slot = *universe.find("time.date");
    const Domain& domain = universe.domains()[slot];
    Expression days;
    days.kind = Expression::Kind::kClasses;
    days.slot = slot;
    const Class begin = rule.valid.from ? domain.classify(int64_t{rule.valid.from->days}) : 1;
    const Class end = rule.valid.until ? domain.classify(int64_t{rule.valid.until->days}) : domain.size();
    days.accepted = ClassSet::range(begin, std::max(begin, end));
    out.parts.push_back(std::move(days));
  }
  return out;
}

Truth evaluate(const Expression& e, const View& view) {
  switch (e.kind) {
    case Expression::Kind::kAll: {
      Truth worst = Truth::kTrue;
      for (const Expression& part : e.parts) {
        worst = std::min(worst, evaluate(part, view));
        if (worst == Truth::kFalse) break;
      }
      return worst;
    }
    case Expression::Kind::kAny:
    case Expression::Kind::kNone: {
      Truth best = Truth::kFalse;
      for (const Expression& part : e.parts) {
        best = std::max(best, evaluate(part, view));
        if (best == Truth::kTrue) break;
      }
      return e.kind == Expression::Kind::kAny ? best : negate(best);
    }
    case Expression::Kind::kClasses:
    case Expression::Kind::kContainsAny:
    case Expression::Kind::kContainsAll:
      return evaluate_leaf(e, view);
  }
  return Truth::kUnknown;
}

void find_unknown(const Expression& e, const View& view, std::vector<size_t>& slots) {
  if (evaluate(e, view) != Truth::kUnknown) return;
  if (e.kind == Expression::Kind::kClasses) {
    if (std::find(slots.begin(), slots.end(), e.slot) == slots.end()) slots.push_back(e.slot);
    return;
  }
  for (const Expression& part : e.parts) find_unknown(part, view, slots);
}

}  // namespace hetao::policy
