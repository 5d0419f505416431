#include "policy/formula.h"

#include <algorithm>
#include <tuple>

#include "gateway/base/check.h"

namespace hetao::policy {

namespace {

Formula never() {
  Formula out;
  out.kind = Formula::Kind::kNever;
  return out;
}

Formula test_of(size_t slot, uint32_t member, ClassSet classes, const ClassSet& all) {
  classes = classes.intersect(all);
  if (classes.empty()) return never();
  if (classes == all) return {};
  Formula out;
  out.kind = Formula::Kind::kTest;
  out.slot = static_cast<uint32_t>(slot);
  out.member = member;
  out.classes = std::move(classes);
  return out;
}

ClassSet all_classes(const Formula& test, const Universe& universe) {
  return test.member == Formula::kWhole ? universe.domains()[test.slot].all() : ClassSet::range(0, 2);
}

// Puts the parts of parts of the same kind in their place, and sorts.
std::vector<Formula> flat(std::vector<Formula> parts, Formula::Kind kind) {
  std::vector<Formula> out;
  for (Formula& part : parts) {
    if (part.kind == kind) {
      std::move(part.parts.begin(), part.parts.end(), std::back_inserter(out));
    } else {
      out.push_back(std::move(part));
    }
  }
  std::sort(out.begin(), out.end(), [](const Formula& a, const Formula& b) { return compare(a, b) < 0; });
  return out;
}

bool same_attribute(const Formula& a, const Formula& b) {
  return a.kind == Formula::Kind::kTest && b.kind == Formula::Kind::kTest && a.slot == b.slot &&
         a.member == b.member;
}

Formula wrap(std::vector<Formula> parts, Formula::Kind kind) {
  if (parts.size() == 1) return std::move(parts.front());
  Formula out;
  out.kind = kind;
  out.parts = std::move(parts);
  return out;
}

class Writer {
 public:
  Writer(size_t pack, const Universe& universe, bool possible)
      : pack_(pack), universe_(&universe), possible_(possible) {}

  Formula condition(const Condition& condition, bool negated) const {
    if (condition.kind == Condition::Kind::kTest) return test(condition.test, negated);
    const bool turns = condition.kind == Condition::Kind::kNone;
    std::vector<Formula> parts;
    parts.reserve(condition.members.size());
    for (const Condition& member : condition.members)
      parts.push_back(this->condition(member, negated != turns));
    // none(a, b) is "not a and not b"; not all(a, b) is "not a or not b".
    const bool all = (condition.kind == Condition::Kind::kAny) == negated;
    return all ? all_of(std::move(parts)) : any_of(std::move(parts), *universe_);
  }

  Formula days(const Validity& valid) const {
    const auto slot = universe_->find("time.date");
    HETAO_CHECK(slot.has_value());
    const Domain& domain = universe_->domains()[*slot];
    const Class begin = valid.from ? domain.classify(int64_t{valid.from->days}) : 1;
    const Class end = valid.until ? domain.classify(int64_t{valid.until->days}) : domain.size();
    return test_of(*slot, Formula::kWhole, ClassSet::range(begin, std::max(begin, end)), domain.all());
  }

 private:
  Formula test(const Test& test, bool negated) const {
    const size_t slot = universe_->slot(pack_, test.attribute);
    const Domain& domain = universe_->domains()[slot];
    if (domain.is_set()) return set_test(test, slot, negated != test.negated);
    ClassSet classes;
    if (negated) {
      Test turned = test;
      turned.negated = !test.negated;
      classes = domain.accepted(turned, pack_);
    } else {
      classes = domain.accepted(test, pack_);
    }
    if (possible_) classes = classes.unite(domain.unknown_to(pack_));
    return test_of(slot, Formula::kWhole, std::move(classes), domain.all());
  }

  Formula set_test(const Test& test, size_t slot, bool negated) const {
    const Domain& domain = universe_->domains()[slot];
    std::vector<Formula> parts;
    for (const std::string& text : test.texts)
      parts.push_back(
          test_of(slot, domain.member(text), ClassSet::one(negated ? 0 : 1), ClassSet::range(0, 2)));
    const bool all = (test.op == Operator::kContainsAll) != negated;
    return all ? all_of(std::move(parts)) : any_of(std::move(parts), *universe_);
  }

  size_t pack_;
  const Universe* universe_;
  bool possible_;
};

}  // namespace

int compare(const Formula& a, const Formula& b) {
  const auto key = [](const Formula& f) { return std::make_tuple(f.kind, f.slot, f.member, f.parts.size()); };
  if (const auto order = key(a) <=> key(b); order != 0) return order < 0 ? -1 : 1;
  if (const auto order = a.classes <=> b.classes; order != 0) return order < 0 ? -1 : 1;
  for (size_t i = 0; i < a.parts.size(); ++i) {
    if (const int order = compare(a.parts[i], b.parts[i]); order != 0) return order;
  }
  return 0;
}

size_t Formula::hash() const {
  uint64_t h = static_cast<uint64_t>(kind) + 1;
  const auto mix = [&h](uint64_t word) {
    h = (h ^ word) * 0x9E3779B97F4A7C15U;
    h ^= h >> 29U;
  };
  mix(slot);
  mix(member);
  for (const auto& range : classes.ranges()) mix((uint64_t{range.begin} << 32U) | range.end);
  for (const Formula& part : parts) mix(part.hash());
  return h;
}

Formula all_of(std::vector<Formula> parts) {
  std::vector<Formula> out;
  for (Formula& part : flat(std::move(parts), Formula::Kind::kAll)) {
    if (part.kind == Formula::Kind::kNever) return part;
    if (part.kind == Formula::Kind::kAlways) continue;
    if (!out.empty() && same_attribute(out.back(), part)) {
      out.back().classes = out.back().classes.intersect(part.classes);
      if (out.back().classes.empty()) return never();
      continue;
    }
    if (!out.empty() && compare(out.back(), part) == 0) continue;
    out.push_back(std::move(part));
  }
  if (out.empty()) return {};
  return wrap(std::move(out), Formula::Kind::kAll);
}

Formula any_of(std::vector<Formula> parts, const Universe& universe) {
  std::vector<Formula> out;
  for (Formula& part : flat(std::move(parts), Formula::Kind::kAny)) {
    if (part.kind == Formula::Kind::kAlways) return part;
    if (part.kind == Formula::Kind::kNever) continue;
    if (!out.empty() && same_attribute(out.back(), part)) {
      out.back().classes = out.back().classes.unite(part.classes);
      if (out.back().classes == all_classes(out.back(), universe)) return {};
      continue;
    }
    if (!out.empty() && compare(out.back(), part) == 0) continue;
    out.push_back(std::move(part));
  }
  if (out.empty()) return never();
  return wrap(std::move(out), Formula::Kind::kAny);
}

Formula formula_of(const Case& one) {
  std::vector<Formula> parts;
  const auto test = [](size_t slot, uint32_t member, ClassSet classes) {
    Formula out;
    out.kind = Formula::Kind::kTest;
    out.slot = static_cast<uint32_t>(slot);
    out.member = member;
    out.classes = std::move(classes);
    return out;
  };
  for (const Accept& accept : one.accepts)
    parts.push_back(test(accept.slot, Formula::kWhole, accept.classes));
  for (const Members& members : one.members) {
    for (const uint32_t member : members.none_of)
      parts.push_back(test(members.slot, member, ClassSet::one(0)));
    for (const auto& group : members.any_of) {
      std::vector<Formula> any;
      for (const uint32_t member : group) any.push_back(test(members.slot, member, ClassSet::one(1)));
      std::sort(any.begin(), any.end(), [](const auto& a, const auto& b) { return compare(a, b) < 0; });
      parts.push_back(wrap(std::move(any), Formula::Kind::kAny));
    }
  }
  return all_of(std::move(parts));
}

Formula formula_of(const Rule& rule, size_t pack, const Universe& universe, bool possible) {
  const Writer writer(pack, universe, possible);
  std::vector<Formula> parts;
  parts.push_back(writer.condition(rule.when, false));
  if (rule.unless) parts.push_back(writer.condition(*rule.unless, true));
  if (rule.valid.from || rule.valid.until) parts.push_back(writer.days(rule.valid));
  return all_of(std::move(parts));
}

}  // namespace hetao::policy
