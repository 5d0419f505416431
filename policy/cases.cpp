#include "policy/cases.h"

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"

namespace hetao::policy {

namespace {

using Cases = std::vector<Case>;

bool is_subset(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  return std::includes(b.begin(), b.end(), a.begin(), a.end());
}

// Removes what follows from the rest. False: nothing can satisfy it.
bool tidy(Members& members) {
  std::vector<std::vector<uint32_t>> groups;
  for (std::vector<uint32_t>& group : members.any_of) {
    std::vector<uint32_t> left;
    std::set_difference(group.begin(), group.end(), members.none_of.begin(), members.none_of.end(),
                        std::back_inserter(left));
    if (left.empty()) return false;
    groups.push_back(std::move(left));
  }
  std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
    return std::make_pair(a.size(), a) < std::make_pair(b.size(), b);
  });
  members.any_of.clear();
  for (const auto& group : groups) {
    const bool follows = std::any_of(members.any_of.begin(), members.any_of.end(),
                                     [&](const auto& kept) { return is_subset(kept, group); });
    if (!follows) members.any_of.push_back(group);
  }
  return true;
}

std::optional<Members> both_members(const Members& a, const Members& b) {
  Members out = a;
  out.any_of.insert(out.any_of.end(), b.any_of.begin(), b.any_of.end());
  out.none_of.clear();
  std::set_union(a.none_of.begin(), a.none_of.end(), b.none_of.begin(), b.none_of.end(),
                 std::back_inserter(out.none_of));
  if (!tidy(out)) return std::nullopt;
  return out;
}

// Merges two lists sorted by slot; `combine` joins the entries of one slot and may fail.
template <class Entry, class Combine>
bool merge_slots(const std::vector<Entry>& a, const std::vector<Entry>& b, std::vector<Entry>& out,
                 const Combine& combine) {
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (j == b.size() || (i < a.size() && a[i].slot < b[j].slot)) {
      out.push_back(a[i++]);
    } else if (i == a.size() || b[j].slot < a[i].slot) {
      out.push_back(b[j++]);
    } else {
      auto joined = combine(a[i++], b[j++]);
      if (!joined) return false;
      out.push_back(std::move(*joined));
    }
  }
  return true;
}

std::optional<Accept> both_accepts(const Accept& a, const Accept& b) {
  Accept out{a.slot, a.classes.intersect(b.classes)};
  if (out.classes.empty()) return std::nullopt;
  return out;
}

bool members_imply(const Members& narrow, const Members& wide) {
  if (!is_subset(wide.none_of, narrow.none_of)) return false;
  return std::all_of(wide.any_of.begin(), wide.any_of.end(), [&](const auto& group) {
    return std::any_of(narrow.any_of.begin(), narrow.any_of.end(),
                       [&](const auto& mine) { return is_subset(mine, group); });
  });
}

const Accept* find_slot(const std::vector<Accept>& list, size_t slot) {
  const auto at =
      std::lower_bound(list.begin(), list.end(), slot, [](const Accept& a, size_t s) { return a.slot < s; });
  return at != list.end() && at->slot == slot ? &*at : nullptr;
}

// If the two differ in the classes of one attribute alone, widens `into` to both.
bool absorb_neighbour(Case& into, const Case& other) {
  if (into.members != other.members || into.accepts.size() != other.accepts.size()) return false;
  size_t differing = SIZE_MAX;
  for (size_t i = 0; i < into.accepts.size(); ++i) {
    if (into.accepts[i].slot != other.accepts[i].slot) return false;
    if (into.accepts[i].classes == other.accepts[i].classes) continue;
    if (differing != SIZE_MAX) return false;
    differing = i;
  }
  if (differing == SIZE_MAX) return true;
  into.accepts[differing].classes = into.accepts[differing].classes.unite(other.accepts[differing].classes);
  return true;
}

// Writes conditions out for one pack.
class Writer {
 public:
  Writer(size_t pack, const Universe& universe, bool possible)
      : pack_(pack), universe_(&universe), possible_(possible) {}

  Cases condition(const Condition& condition, bool negated);
  Cases conjunction(std::vector<Cases> parts);
  Cases days(const Validity& valid);
  bool exceeded() const { return exceeded_; }

 private:
  Cases disjunction(std::vector<Cases> parts);
  Cases test(const Test& test, bool negated);
  Cases set_test(const Test& test, size_t slot, bool negated);
  Cases accept(size_t slot, ClassSet classes);
  void simplify(Cases& cases);

  size_t pack_;
  const Universe* universe_;
  bool possible_;
  bool exceeded_ = false;
};

// Above this, looking for cases that follow from each other costs more than it saves.
constexpr size_t kSimplifyMax = 512;

void Writer::simplify(Cases& cases) {
  std::sort(cases.begin(), cases.end());
  cases.erase(std::unique(cases.begin(), cases.end()), cases.end());
  if (cases.size() > kSimplifyMax) return;
  for (bool again = true; again;) {
    again = false;
    for (size_t i = 0; i < cases.size(); ++i) {
      for (size_t j = i + 1; j < cases.size();) {
        if (implies(cases[j], cases[i])) {
          cases.erase(cases.begin() + static_cast<std::ptrdiff_t>(j));
        } else if (implies(cases[i], cases[j]) || absorb_neighbour(cases[i], cases[j])) {
          if (implies(cases[i], cases[j])) cases[i] = cases[j];
          cases.erase(cases.begin() + static_cast<std::ptrdiff_t>(j));
          again = true;
        } else {
          ++j;
        }
      }
      // A slot that accepts all its classes says nothing.
      std::erase_if(cases[i].accepts,
                    [&](const Accept& a) { return a.classes.includes(universe_->domains()[a.slot].all()); });
    }
  }
  std::sort(cases.begin(), cases.end());
}

Cases Writer::accept(size_t slot, ClassSet classes) {
  const ClassSet all = universe_->domains()[slot].all();
  classes = classes.intersect(all);
  if (classes.empty()) return {};
  if (classes == all) return {Case{}};
  Case one;
  one.accepts.push_back({slot, std::move(classes)});
  return {one};
}

Cases Writer::days(const Validity& valid) {
  const auto slot = universe_->find("time.date");
  HETAO_CHECK(slot.has_value());
  const Domain& domain = universe_->domains()[*slot];
  const Class begin = valid.from ? domain.classify(int64_t{valid.from->days}) : 1;
  const Class end = valid.until ? domain.classify(int64_t{valid.until->days}) : domain.size();
  return accept(*slot, ClassSet::range(begin, std::max(begin, end)));
}

Cases Writer::set_test(const Test& test, size_t slot, bool negated) {
  const Domain& domain = universe_->domains()[slot];
  std::vector<uint32_t> members;
  for (const std::string& text : test.texts) members.push_back(domain.member(text));
  std::sort(members.begin(), members.end());
  Cases out;
  const auto add = [&](Members one) {
    one.slot = slot;
    out.push_back(Case{{}, {std::move(one)}});
  };
  if (test.op == Operator::kContainsAny && !negated) {
    add({0, {members}, {}});
  } else if (test.op == Operator::kContainsAny) {
    add({0, {}, members});
  } else if (!negated) {
    Members all;
    for (const uint32_t member : members) all.any_of.push_back({member});
    add(std::move(all));
  } else {
    for (const uint32_t member : members) add({0, {}, {member}});
  }
  return out;
}

Cases Writer::test(const Test& test, bool negated) {
  const size_t slot = universe_->slot(pack_, test.attribute);
  const Domain& domain = universe_->domains()[slot];
  if (domain.is_set()) return set_test(test, slot, negated != test.negated);
  Test turned = test;
  turned.negated = negated != test.negated;
  ClassSet classes = domain.accepted(turned, pack_);
  if (possible_) classes = classes.unite(domain.unknown_to(pack_));
  return accept(slot, std::move(classes));
}

Cases Writer::conjunction(std::vector<Cases> parts) {
  std::sort(parts.begin(), parts.end(), [](const Cases& a, const Cases& b) { return a.size() < b.size(); });
  Cases out = {Case{}};
  for (const Cases& part : parts) {
    if (out.size() * part.size() > 64 * limits::kPolicyCasesPerRuleMax) exceeded_ = true;
    if (exceeded_) return {};
    Cases next;
    for (const Case& left : out) {
      for (const Case& right : part) {
        if (auto joined = both(left, right)) next.push_back(std::move(*joined));
      }
    }
    simplify(next);
    out = std::move(next);
  }
  if (out.size() > limits::kPolicyCasesPerRuleMax) exceeded_ = true;
  return out;
}

Cases Writer::disjunction(std::vector<Cases> parts) {
  Cases out;
  for (Cases& part : parts) {
    std::move(part.begin(), part.end(), std::back_inserter(out));
    if (out.size() > 64 * limits::kPolicyCasesPerRuleMax) exceeded_ = true;
    if (exceeded_) return {};
  }
  simplify(out);
  if (out.size() > limits::kPolicyCasesPerRuleMax) exceeded_ = true;
  return out;
}

Cases Writer::condition(const Condition& condition, bool negated) {
  if (exceeded_) return {};
  if (condition.kind == Condition::Kind::kTest) return test(condition.test, negated);
  const bool turns = condition.kind == Condition::Kind::kNone;
  std::vector<Cases> parts;
  for (const Condition& member : condition.members)
    parts.push_back(this->condition(member, negated != turns));
  // none(a, b) is "not a and not b"; not all(a, b) is "not a or not b".
  const bool all = (condition.kind == Condition::Kind::kAny) == negated;
  return all ? conjunction(std::move(parts)) : disjunction(std::move(parts));
}

std::optional<Cases> write_out(const Rule& rule, size_t pack, const Universe& universe, bool possible) {
  Writer writer(pack, universe, possible);
  std::vector<Cases> parts;
  parts.push_back(writer.condition(rule.when, false));
  if (rule.unless) parts.push_back(writer.condition(*rule.unless, true));
  if (rule.valid.from || rule.valid.until) parts.push_back(writer.days(rule.valid));
  Cases out = writer.conjunction(std::move(parts));
  if (writer.exceeded()) return std::nullopt;
  return out;
}

}  // namespace

std::optional<Case> both(const Case& a, const Case& b) {
  Case out;
  out.accepts.reserve(a.accepts.size() + b.accepts.size());
  if (!merge_slots(a.accepts, b.accepts, out.accepts, both_accepts)) return std::nullopt;
  if (!merge_slots(a.members, b.members, out.members, both_members)) return std::nullopt;
  return out;
}

bool meet(const Case& a, const Case& b) {
  for (const Accept& mine : a.accepts) {
    const Accept* theirs = find_slot(b.accepts, mine.slot);
    if (theirs != nullptr && !mine.classes.meets(theirs->classes)) return false;
  }
  for (const Members& mine : a.members) {
    for (const Members& theirs : b.members) {
      if (mine.slot == theirs.slot && !both_members(mine, theirs)) return false;
    }
  }
  return true;
}

bool implies(const Case& narrow, const Case& wide) {
  for (const Accept& wanted : wide.accepts) {
    const Accept* mine = find_slot(narrow.accepts, wanted.slot);
    if (mine == nullptr || !wanted.classes.includes(mine->classes)) return false;
  }
  for (const Members& wanted : wide.members) {
    const auto mine = std::find_if(narrow.members.begin(), narrow.members.end(),
                                   [&](const Members& m) { return m.slot == wanted.slot; });
    if (mine == narrow.members.end() || !members_imply(*mine, wanted)) return false;
  }
  return true;
}

std::optional<RuleCases> cases_of(const LoadedPack& pack, size_t pack_number, uint32_t rule,
                                  const Universe& universe) {
  const Rule& source = pack.rules[rule];
  auto certain = write_out(source, pack_number, universe, false);
  auto possible = write_out(source, pack_number, universe, true);
  if (!certain || !possible) return std::nullopt;
  return RuleCases{rule, source.effect, std::move(*certain), std::move(*possible)};
}

}  // namespace hetao::policy
