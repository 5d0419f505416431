#include "policy/question.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <optional>

namespace hetao::policy {

namespace {

// A condition with as few cases as this is as many plain pieces; one with more stays a formula.
constexpr size_t kPlainCasesMax = 6;
constexpr size_t kNumbersMax = 60'000;  // of variables, and of groups

using Test = std::pair<uint32_t, const ClassSet*>;  // variable and the classes accepted
using Conjunction = std::vector<Test>;

// How many cases a condition has when it is written out.
double case_count(const Formula& formula) {
  if (formula.kind != Formula::Kind::kAll && formula.kind != Formula::Kind::kAny) return 1;
  double out = formula.kind == Formula::Kind::kAll ? 1 : 0;
  for (const Formula& part : formula.parts) {
    if (formula.kind == Formula::Kind::kAll) {
      out *= case_count(part);
    } else {
      out += case_count(part);
    }
  }
  return out;
}

std::span<const Formula> tests_of(const Formula& formula) {
  if (formula.kind == Formula::Kind::kTest) return {&formula, 1};
  if (formula.kind == Formula::Kind::kAll) return formula.parts;
  return {};
}

// Whether the tests that both make everywhere leave a request to both. Parts are sorted, tests first.
bool may_meet(const Formula& a, const Formula& b) {
  const auto mine = tests_of(a);
  const auto theirs = tests_of(b);
  size_t i = 0;
  size_t j = 0;
  while (i < mine.size() && j < theirs.size()) {
    const Formula& x = mine[i];
    const Formula& y = theirs[j];
    if (x.kind != Formula::Kind::kTest || y.kind != Formula::Kind::kTest) break;
    const auto order = std::make_pair(x.slot, x.member) <=> std::make_pair(y.slot, y.member);
    if (order == 0 && !x.classes.meets(y.classes)) return false;
    if (order <= 0) ++i;
    if (order >= 0) ++j;
  }
  return true;
}

class Builder {
 public:
  Builder(Question& question, const Universe& universe, const Pieces& pieces)
      : question_(&question), universe_(&universe), pieces_(&pieces) {}

  bool build() {
    choose();
    for (const Piece* piece : chosen_) collect(*piece->condition);
    for (uint32_t v = 0; v < question_->variables.size(); ++v) {
      make_groups(v);
      if (question_->variables[v].groups.size() > kNumbersMax) return false;
    }
    if (question_->variables.size() > kNumbersMax) return false;
    for (const Piece* piece : chosen_) add(*piece);
    make_rows();
    std::sort(question_->open.begin(), question_->open.end());
    return true;
  }

 private:
  using TestKey = std::pair<uint32_t, ClassSet>;

  // A request that no changed piece matches has the same outcome on both sides.
  void choose() {
    std::vector<const Piece*> changed;
    for (const Piece& piece : pieces_->pieces) {
      if (piece.sides != kBothSides) changed.push_back(&piece);
    }
    for (const Piece& piece : pieces_->pieces) {
      const bool matters =
          piece.sides != kBothSides || std::any_of(changed.begin(), changed.end(), [&](const Piece* other) {
            return may_meet(*piece.condition, *other->condition);
          });
      if (matters) chosen_.push_back(&piece);
    }
  }

  uint32_t variable_of(const Formula& test) {
    const auto [at, fresh] = numbers_.emplace(std::make_pair(test.slot, test.member),
                                              static_cast<uint32_t>(question_->variables.size()));
    if (fresh) {
      Question::Variable& added = question_->variables.emplace_back();
      added.slot = test.slot;
      added.member = test.member;
      accepted_.emplace_back();
    }
    return at->second;
  }

  void collect(const Formula& formula) {
    if (formula.kind == Formula::Kind::kTest) accepted_[variable_of(formula)].try_emplace(formula.classes);
    for (const Formula& part : formula.parts) collect(part);
  }

  // Classes that all tests treat alike become one group.
  void make_groups(uint32_t v) {
    Question::Variable& variable = question_->variables[v];
    const bool is_member = variable.member != Formula::kWhole;
    const Domain& domain = universe_->domains()[variable.slot];
    const ClassSet all = is_member ? ClassSet::range(0, 2) : domain.all();
    const Class end = is_member ? 2 : domain.size();
    std::vector<std::vector<uint32_t>> flips(end + 1);
    uint32_t number = 0;
    for (const auto& [classes, _] : accepted_[v]) {
      for (const auto& range : classes.ranges()) {
        flips[range.begin].push_back(number);
        flips[range.end].push_back(number);
      }
      ++number;
    }
    Bits running((accepted_[v].size() + 63) / 64);
    std::map<Bits, std::vector<Class>> alike;
    for (Class c = 0; c < end; ++c) {
      for (const uint32_t n : flips[c]) running[n / 64] ^= uint64_t{1} << (n % 64);
      if (all.contains(c)) alike[running].push_back(c);
    }
    std::vector<std::pair<Class, std::vector<Class>>> order;  // by their first class, so that cases read well
    for (auto& [_, classes] : alike) {
      const Class first = classes.front();
      order.emplace_back(first, std::move(classes));
    }
    std::sort(order.begin(), order.end());
    for (auto& [_, classes] : order) variable.groups.push_back(ClassSet::of(std::move(classes)));
    for (auto& [classes, groups] : accepted_[v]) {
      groups.resize((variable.groups.size() + 63) / 64);
      for (size_t g = 0; g < variable.groups.size(); ++g) {
        if (classes.contains(variable.groups[g].first())) put(groups, g);
      }
    }
  }

  uint32_t kind_of(const Piece& piece) {
    const auto [at, fresh] = kinds_.emplace(std::make_pair(piece.outcome, piece.sides),
                                            static_cast<uint32_t>(question_->kinds.size()));
    if (fresh) question_->kinds.push_back({piece.outcome, piece.sides, {}});
    return at->second;
  }

  void add(const Piece& piece) {
    const uint32_t kind = kind_of(piece);
    if (case_count(*piece.condition) > kPlainCasesMax) {
      question_->open.push_back({kind, number(*piece.condition)});
      return;
    }
    for (const Conjunction& one : written_out(*piece.condition)) {
      Question::Plain& plain = question_->plain.emplace_back();
      plain.kind = kind;
      for (const auto& [v, _] : one) plain.variables.push_back(v);
      tests_.push_back(one);
    }
  }

  // As conjunctions of tests, each of another variable.
  std::vector<Conjunction> written_out(const Formula& formula) {
    switch (formula.kind) {
      case Formula::Kind::kNever:
        return {};
      case Formula::Kind::kAlways:
        return {{}};
      case Formula::Kind::kTest:
        return {{{variable_of(formula), &formula.classes}}};
      case Formula::Kind::kAny: {
        std::vector<Conjunction> out;
        for (const Formula& part : formula.parts) {
          for (Conjunction& one : written_out(part)) out.push_back(std::move(one));
        }
        return out;
      }
      case Formula::Kind::kAll:
        break;
    }
    std::vector<Conjunction> out = {{}};
    for (const Formula& part : formula.parts) {
      std::vector<Conjunction> next;
      const std::vector<Conjunction> right = written_out(part);
      for (const Conjunction& a : out) {
        for (const Conjunction& b : right) {
          if (auto both = joined(a, b)) next.push_back(std::move(*both));
        }
      }
      out = std::move(next);
    }
    return out;
  }

  std::optional<Conjunction> joined(const Conjunction& a, const Conjunction& b) {
    Conjunction out = a;
    for (const auto& [v, classes] : b) {
      const auto twin =
          std::find_if(out.begin(), out.end(), [v](const Test& test) { return test.first == v; });
      if (twin == out.end()) {
        out.emplace_back(v, classes);
        continue;
      }
      ClassSet both = twin->second->intersect(*classes);
      if (both.empty()) return std::nullopt;
      narrowed_.push_back(std::move(both));
      twin->second = &narrowed_.back();
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  uint32_t number(const Formula& formula) {
    switch (formula.kind) {
      case Formula::Kind::kNever:
        return FormulaTable::kNever;
      case Formula::Kind::kAlways:
        return FormulaTable::kAlways;
      case Formula::Kind::kTest: {
        const uint32_t v = variable_of(formula);
        return question_->formulas.test(v, accepted_[v].at(formula.classes));
      }
      case Formula::Kind::kAll:
      case Formula::Kind::kAny:
        break;
    }
    std::vector<uint32_t> parts;
    for (const Formula& part : formula.parts) parts.push_back(number(part));
    return question_->formulas.combine(formula.kind, parts);
  }

  void make_rows() {
    const size_t words = (question_->plain.size() + 63) / 64;
    Bits every(words);
    for (size_t p = 0; p < question_->plain.size(); ++p) put(every, p);
    for (Question::Kind& kind : question_->kinds) kind.pieces.resize(words);
    question_->changed.resize(words);
    for (Question::Variable& variable : question_->variables) {
      variable.tested_by.resize(words);
      variable.rows.assign(variable.groups.size(), every);
    }
    for (size_t p = 0; p < question_->plain.size(); ++p) {
      Question::Kind& kind = question_->kinds[question_->plain[p].kind];
      put(kind.pieces, p);
      if (kind.sides != kBothSides) put(question_->changed, p);
      for (const auto& [v, classes] : tests_[p]) {
        Question::Variable& variable = question_->variables[v];
        put(variable.tested_by, p);
        for (size_t g = 0; g < variable.groups.size(); ++g) {
          if (!classes->contains(variable.groups[g].first()))
            variable.rows[g][p / 64] &= ~(uint64_t{1} << (p % 64));
        }
      }
    }
  }

  Question* question_;
  const Universe* universe_;
  const Pieces* pieces_;
  std::vector<const Piece*> chosen_;
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> numbers_;  // of variables, by slot and member
  std::vector<std::map<ClassSet, Bits>> accepted_;             // a variable: what tests accept, in groups
  std::map<std::pair<uint32_t, uint8_t>, uint32_t> kinds_;
  std::vector<Conjunction> tests_;  // a plain piece
  std::deque<ClassSet> narrowed_;
};

}  // namespace

bool meets(const Bits& a, const Bits& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if ((a[i] & b[i]) != 0) return true;
  }
  return false;
}

bool is_empty(const Bits& bits) {
  return std::all_of(bits.begin(), bits.end(), [](uint64_t word) { return word == 0; });
}

size_t hash_of(std::span<const uint64_t> words, size_t seed) {
  uint64_t h = seed * 0x9E3779B97F4A7C15U;
  for (const uint64_t word : words) {
    h = (h ^ word) * 0xD6E8FEB86659FD93U;
    h ^= h >> 32U;
  }
  return h;
}

FormulaTable::FormulaTable() {
  nodes_.resize(2);
  nodes_[kNever].kind = Formula::Kind::kNever;
  nodes_[kAlways].kind = Formula::Kind::kAlways;
}

uint32_t FormulaTable::keep(Node node) {
  size_t hash = hash_of(node.accepted, static_cast<size_t>(node.kind) * 1'000'003 + node.variable);
  for (const uint32_t part : node.parts) hash = hash * 0x9E3779B97F4A7C15U + part;
  const auto [begin, end] = by_hash_.equal_range(hash);
  for (auto at = begin; at != end; ++at) {
    const Node& other = nodes_[at->second];
    if (other.kind == node.kind && other.variable == node.variable && other.accepted == node.accepted &&
        other.parts == node.parts)
      return at->second;
  }
  const auto number = static_cast<uint32_t>(nodes_.size());
  by_hash_.emplace(hash, number);
  nodes_.push_back(std::move(node));
  return number;
}

uint32_t FormulaTable::test(uint32_t variable, Bits accepted) {
  Node node;
  node.kind = Formula::Kind::kTest;
  node.variable = variable;
  node.accepted = std::move(accepted);
  node.variables = {variable};
  return keep(std::move(node));
}

uint32_t FormulaTable::combine(Formula::Kind kind, const std::vector<uint32_t>& parts) {
  const uint32_t ends = kind == Formula::Kind::kAll ? kNever : kAlways;
  const uint32_t nothing = kind == Formula::Kind::kAll ? kAlways : kNever;
  Node node;
  node.kind = kind;
  for (const uint32_t part : parts) {
    if (part == ends) return ends;
    if (part == nothing) continue;
    if (nodes_[part].kind == kind) {
      node.parts.insert(node.parts.end(), nodes_[part].parts.begin(), nodes_[part].parts.end());
    } else {
      node.parts.push_back(part);
    }
  }
  std::sort(node.parts.begin(), node.parts.end());
  node.parts.erase(std::unique(node.parts.begin(), node.parts.end()), node.parts.end());
  if (node.parts.empty()) return nothing;
  if (node.parts.size() == 1) return node.parts.front();
  for (const uint32_t part : node.parts) {
    const auto& tested = nodes_[part].variables;
    node.variables.insert(node.variables.end(), tested.begin(), tested.end());
  }
  std::sort(node.variables.begin(), node.variables.end());
  node.variables.erase(std::unique(node.variables.begin(), node.variables.end()), node.variables.end());
  return keep(std::move(node));
}

uint32_t FormulaTable::restrict(uint32_t formula, uint32_t variable, uint32_t group) {
  {
    const Node& node = nodes_[formula];
    if (!std::binary_search(node.variables.begin(), node.variables.end(), variable)) return formula;
    if (node.kind == Formula::Kind::kTest) return has(node.accepted, group) ? kAlways : kNever;
  }
  const auto key = std::make_pair(formula, (uint64_t{variable} << 32U) | group);
  if (const auto known = restricted_.find(key); known != restricted_.end()) return known->second;
  const std::vector<uint32_t> parts = nodes_[formula].parts;  // a copy: the table grows below
  std::vector<uint32_t> left;
  left.reserve(parts.size());
  for (const uint32_t part : parts) left.push_back(restrict(part, variable, group));
  const uint32_t out = combine(nodes_[formula].kind, left);
  restricted_.emplace(key, out);
  return out;
}

Question::Question(const Universe& universe, const Pieces& pieces) {
  complete = Builder(*this, universe, pieces).build();
}

}  // namespace hetao::policy
