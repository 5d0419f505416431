#include "policy/diagram.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "gateway/base/check.h"

namespace hetao::policy {

namespace {

using Obligations = std::vector<ObligationSpec>;

template <class Visit>
void each_bit(const Bits& bits, const Visit& visit) {
  for (size_t i = 0; i < bits.size(); ++i) {
    for (uint64_t word = bits[i]; word != 0; word &= word - 1)
      visit(static_cast<uint32_t>(i * 64 + static_cast<size_t>(std::countr_zero(word))));
  }
}

bool same_subject(const ObligationSpec& a, const ObligationSpec& b) {
  return a.kind == b.kind && a.key == b.key;
}

}  // namespace

uint32_t Standings::number(Standing standing) {
  const auto [at, fresh] = numbers_.emplace(standing, static_cast<uint32_t>(standings_.size()));
  if (fresh) standings_.push_back(std::move(standing));
  return at->second;
}

uint32_t Standings::with(uint32_t standing, uint32_t outcome) {
  const uint64_t key = (uint64_t{standing} << 32U) | outcome;
  if (const auto known = with_.find(key); known != with_.end()) return known->second;
  Standing next = standings_[standing];
  const OutcomeClass& added = (*outcomes_)[outcome];
  if (added.rank > next.rank) {
    next.rank = added.rank;
    next.effect = added.effect;
  }
  if (next.rank == OutcomeClass::kForbids) {
    next.obligations.clear();
  } else {
    for (const ObligationSpec& spec : added.obligations) merge_obligation(next.obligations, spec);
  }
  const uint32_t out = number(std::move(next));
  with_.emplace(key, out);
  return out;
}

uint32_t Standings::without_obligations(uint32_t standing) {
  return number({standings_[standing].rank, standings_[standing].effect, {}});
}

std::pair<uint32_t, uint32_t> Standings::without_equal(uint32_t a, uint32_t b) {
  Standing one = standings_[a];
  Standing other = standings_[b];
  const auto drop = [](std::vector<ObligationSpec>& from, const std::vector<ObligationSpec>& equal) {
    std::erase_if(from, [&](const ObligationSpec& spec) {
      return std::find(equal.begin(), equal.end(), spec) != equal.end();
    });
  };
  drop(one.obligations, standings_[b].obligations);
  drop(other.obligations, standings_[a].obligations);
  const uint32_t first = number(std::move(one));
  return {first, number(std::move(other))};
}

size_t Diagram::StateHash::operator()(const State& state) const {
  size_t h = hash_of(state.alive, (uint64_t{state.before} << 32U) | state.after);
  h = hash_of(state.undecided, h);
  for (const Question::Open& open : state.open)
    h = (h ^ ((uint64_t{open.kind} << 32U) | open.formula)) * 0xD6E8FEB86659FD93U;
  return h ^ (h >> 31U);
}

Diagram::Diagram(const Universe& universe, const Pieces& pieces, uint64_t nodes_max)
    : question_(universe, pieces),
      standings_(pieces.outcomes),
      left_(nodes_max),
      scores_(question_.variables.size()) {
  gave_up_ = !question_.complete;
  nodes_.emplace_back();  // kSame
}

// Whether nothing differs when this is all that is settled.
bool Diagram::is_same(uint32_t before, uint32_t after) const {
  const auto& a = standings_.at(before);
  const auto& b = standings_.at(after);
  return a.effect == b.effect && (a.effect == Effect::kForbid || a.obligations == b.obligations);
}

Outcome Diagram::outcome(uint32_t standing) const {
  return {standings_.at(standing).effect, standings_.at(standing).obligations};
}

Diagram::State Diagram::start() {
  State state;
  state.alive.resize((question_.plain.size() + 63) / 64);
  for (size_t p = 0; p < question_.plain.size(); ++p) put(state.alive, p);
  state.undecided.resize((question_.variables.size() + 63) / 64);
  for (size_t v = 0; v < question_.variables.size(); ++v) put(state.undecided, v);
  state.open = question_.open;
  // Nothing yet; the default's pieces say what that means.
  state.before = state.after = standings_.number({});
  return state;
}

// The default has the lowest rank: it stands until something else matches.
uint32_t Diagram::with_kind(uint32_t standing, uint32_t kind, Sides side) const {
  const Question::Kind& matched = question_.kinds[kind];
  if ((matched.sides & side) == 0) return standing;
  const OutcomeClass& outcome = standings_.outcome(matched.outcome);
  if (outcome.rank == OutcomeClass::kDefault && standings_.at(standing).rank == OutcomeClass::kDefault)
    return standings_.number({outcome.rank, outcome.effect, {}});
  return standings_.with(standing, matched.outcome);
}

void Diagram::match(State& state, uint32_t kind) {
  state.before = with_kind(state.before, kind, kBefore);
  state.after = with_kind(state.after, kind, kAfter);
}

bool Diagram::adds(uint32_t standing, uint32_t outcome) const {
  return standings_.with(standing, outcome) != standing;
}

// Whether an outcome that is on both sides alike could make an obligation equal that differs now.
bool Diagram::touches_difference(uint32_t before, uint32_t after, const OutcomeClass& outcome) const {
  const auto touches = [&](const std::vector<ObligationSpec>& list, const ObligationSpec& added) {
    return std::any_of(list.begin(), list.end(),
                       [&](const ObligationSpec& spec) { return same_subject(spec, added); });
  };
  return std::any_of(outcome.obligations.begin(), outcome.obligations.end(), [&](const auto& added) {
    return touches(standings_.at(before).obligations, added) ||
           touches(standings_.at(after).obligations, added);
  });
}

bool Diagram::kind_matters(const Question::Kind& kind, const Relevance& now, bool changes,
                           bool differs) const {
  const OutcomeClass& outcome = standings_.outcome(kind.outcome);
  const auto before = standings_.at(now.before).rank;
  const auto after = standings_.at(now.after).rank;
  if (kind.sides == kBothSides) {
    if (outcome.rank > std::min(before, after)) return true;
    if (differs) return false;
    if (changes) return adds(now.before, kind.outcome) || adds(now.after, kind.outcome);
    return touches_difference(now.before, now.after, outcome) &&
           (adds(now.before, kind.outcome) || adds(now.after, kind.outcome));
  }
  const bool first = kind.sides == kBefore;
  if (differs) return outcome.rank > (first ? before : after);
  return adds(first ? now.before : now.after, kind.outcome);
}

// Once all changes are settled, what may still match is on both sides alike. If nothing differs now,
// something has to match that makes a difference, such as a permit where one side held and the other's
// default holds.
void Diagram::find_needed(Relevance& now) const {
  const auto& before = standings_.at(now.before);
  const auto& after = standings_.at(now.after);
  if (before.effect != after.effect || before.obligations != after.obligations) return;
  const auto differs_with = [&](const OutcomeClass& added) {
    const Effect one = added.rank > before.rank ? added.effect : before.effect;
    const Effect other = added.rank > after.rank ? added.effect : after.effect;
    return one != other;
  };
  now.same = true;
  for (size_t k = 0; k < question_.kinds.size(); ++k) {
    const bool needed = has(now.alive, k) && differs_with(standings_.outcome(question_.kinds[k].outcome));
    now.needed.push_back(needed ? 1 : 0);
    now.same = now.same && !needed;
  }
}

const Diagram::Relevance& Diagram::relevance(const State& state, bool changes, const Bits& kinds_alive) {
  const auto [at, fresh] =
      relevance_.try_emplace(std::make_tuple(state.before, state.after, changes, kinds_alive));
  Relevance& out = at->second;
  if (!fresh) return out;
  out.before = state.before;
  out.after = state.after;
  out.changes = changes;
  out.alive = kinds_alive;
  auto top = OutcomeClass::kDefault;  // of what may still match
  for (size_t k = 0; k < question_.kinds.size(); ++k) {
    if (has(kinds_alive, k)) top = std::max(top, standings_.outcome(question_.kinds[k].outcome).rank);
  }
  const auto highest = std::max(standings_.at(out.before).rank, standings_.at(out.after).rank);
  // The effects differ for good when nothing open can bring both sides to the same rank.
  const bool differs = standings_.at(out.before).effect != standings_.at(out.after).effect && top < highest;
  if (differs || highest == OutcomeClass::kForbids) {
    out.before = standings_.without_obligations(out.before);
    out.after = standings_.without_obligations(out.after);
  } else if (!changes) {
    std::tie(out.before, out.after) = standings_.without_equal(out.before, out.after);
  }
  for (const Question::Kind& kind : question_.kinds)
    out.matters.push_back(kind_matters(kind, out, changes, differs) ? 1 : 0);
  if (!changes) find_needed(out);
  return out;
}

// Drops pieces that can change nothing any more, so that equal futures look equal.
const Diagram::Relevance& Diagram::settle(State& state) {
  const Relevance* last = nullptr;
  for (bool again = true; again;) {
    again = false;
    Bits alive((question_.kinds.size() + 63) / 64);
    bool changes = meets(state.alive, question_.changed);
    for (size_t k = 0; k < question_.kinds.size(); ++k) {
      if (meets(state.alive, question_.kinds[k].pieces)) put(alive, k);
    }
    for (const Question::Open& open : state.open) {
      put(alive, open.kind);
      changes = changes || question_.kinds[open.kind].sides != kBothSides;
    }
    const Relevance& now = relevance(state, changes, alive);
    last = &now;
    state.before = now.before;
    state.after = now.after;
    if (now.same) return now;
    for (size_t k = 0; k < question_.kinds.size(); ++k) {
      if (now.matters[k] != 0 || !has(alive, k)) continue;
      again = true;
      const Bits& pieces = question_.kinds[k].pieces;
      for (size_t i = 0; i < pieces.size(); ++i) state.alive[i] &= ~pieces[i];
      std::erase_if(state.open, [k](const Question::Open& open) { return open.kind == k; });
    }
  }
  Bits tested(state.undecided.size());
  each_bit(state.undecided, [&](uint32_t v) {
    if (meets(state.alive, question_.variables[v].tested_by)) put(tested, v);
  });
  state.undecided = std::move(tested);
  return *last;
}

// The variable that most short pieces test: cutting it settles most. While a change is open, one of the
// change's own, so that what no change touches ends at once.
uint32_t Diagram::choose(const State& state, const Relevance& now) {
  std::fill(scores_.begin(), scores_.end(), 0.0);
  const auto needed = [&now](uint32_t kind) { return !now.needed.empty() && now.needed[kind] != 0; };
  const std::vector<uint32_t>* shortest = nullptr;  // of changed pieces
  size_t fewest = SIZE_MAX;
  each_bit(state.alive, [&](uint32_t p) {
    const std::vector<uint32_t>& tested = question_.plain[p].variables;
    size_t left = 0;
    for (const uint32_t v : tested) left += has(state.undecided, v) ? 1 : 0;
    const double weight = 1.0 / static_cast<double>(uint64_t{1} << std::min<size_t>(left, 40));
    for (const uint32_t v : tested) {
      if (has(state.undecided, v)) scores_[v] += weight;
    }
    if (left < fewest && (has(question_.changed, p) || needed(question_.plain[p].kind))) {
      fewest = left;
      shortest = &tested;
    }
  });
  std::span<const uint32_t> own;
  for (const Question::Open& open : state.open) {
    const auto tested = question_.formulas.variables(open.formula);
    const double weight = 1.0 / static_cast<double>(uint64_t{1} << std::min<size_t>(tested.size(), 6));
    for (const uint32_t v : tested) scores_[v] += weight;
    if (tested.size() < fewest && (question_.kinds[open.kind].sides != kBothSides || needed(open.kind))) {
      fewest = tested.size();
      shortest = nullptr;
      own = tested;
    }
  }
  if (shortest != nullptr) own = *shortest;
  return best_of(own);
}

// The variable with the highest score, of `own` if there are any.
uint32_t Diagram::best_of(std::span<const uint32_t> own) const {
  uint32_t best = kEnd;
  const auto consider = [&](uint32_t v) {
    if (scores_[v] > 0 && (best == kEnd || scores_[v] > scores_[best])) best = v;
  };
  if (own.empty()) {
    for (uint32_t v = 0; v < scores_.size(); ++v) consider(v);
  } else {
    for (const uint32_t v : own) consider(v);
  }
  HETAO_CHECK(best != kEnd);  // something is open
  return best;
}

// `still_tested`: plain pieces that some other undecided variable is asked by.
Diagram::State Diagram::branch(const State& state, uint32_t variable, uint32_t group,
                               const Bits& still_tested) {
  State out = state;
  out.undecided[variable / 64] &= ~(uint64_t{1} << (variable % 64));
  const Bits& row = question_.variables[variable].rows[group];
  Bits sure(out.alive.size());
  for (size_t i = 0; i < sure.size(); ++i) {
    out.alive[i] &= row[i];
    sure[i] = out.alive[i] & ~still_tested[i];
    out.alive[i] &= still_tested[i];
  }
  for (uint32_t k = 0; k < question_.kinds.size() && !is_empty(sure); ++k) {
    if (meets(sure, question_.kinds[k].pieces)) match(out, k);
  }
  std::vector<Question::Open> left;
  for (const Question::Open& open : out.open) {
    const uint32_t formula = question_.formulas.restrict(open.formula, variable, group);
    if (formula == FormulaTable::kAlways) {
      match(out, open.kind);
    } else if (formula != FormulaTable::kNever) {
      left.push_back({open.kind, formula});
    }
  }
  std::sort(left.begin(), left.end());
  left.erase(std::unique(left.begin(), left.end()), left.end());
  out.open = std::move(left);
  return out;
}

uint32_t Diagram::end(uint32_t before, uint32_t after) {
  if (is_same(before, after)) return kSame;
  // Of equal effects the obligations that differ, of others none. What rank brought them about is all one.
  if (standings_.at(before).effect == standings_.at(after).effect)
    std::tie(before, after) = standings_.without_equal(before, after);
  const bool others = standings_.at(before).effect != standings_.at(after).effect;
  const auto said = [&](uint32_t standing) {
    const Standings::Standing all = standings_.at(standing);
    return standings_.number({OutcomeClass::kDefault, all.effect, others ? Obligations{} : all.obligations});
  };
  before = said(before);
  after = said(after);
  found_ = true;
  const auto [at, fresh] = ends_.emplace(std::make_pair(before, after), static_cast<uint32_t>(nodes_.size()));
  if (fresh) nodes_.push_back({kEnd, before, after, 1, {}, {}});
  return at->second;
}

uint32_t Diagram::keep(Node node) {
  size_t hash = node.variable;
  for (const uint32_t below : node.leaf) hash = hash * 0x9E3779B97F4A7C15U + below;
  for (const Edge& edge : node.edges) hash = hash_of(edge.groups, hash * 31 + edge.to);
  const auto [begin, end] = by_hash_.equal_range(hash);
  for (auto at = begin; at != end; ++at) {
    const Node& other = nodes_[at->second];
    if (other.variable == node.variable && other.edges == node.edges && other.leaf == node.leaf)
      return at->second;
  }
  for (const Edge& edge : node.edges) node.boxes += nodes_[edge.to].boxes;
  const auto number = static_cast<uint32_t>(nodes_.size());
  by_hash_.emplace(hash, number);
  nodes_.push_back(std::move(node));
  return number;
}

// Plain pieces that are asked by some other undecided variable.
Bits Diagram::tested_without(const State& state, uint32_t variable) const {
  Bits out(state.alive.size());
  each_bit(state.undecided, [&](uint32_t v) {
    if (v == variable) return;
    const Bits& tested = question_.variables[v].tested_by;
    for (size_t i = 0; i < tested.size(); ++i) out[i] |= tested[i];
  });
  return out;
}

// What a group leaves open: groups that leave the same are one branch.
std::vector<uint64_t> Diagram::left_by(const State& state, uint32_t variable, uint32_t group) {
  std::vector<uint64_t> out;
  out.reserve(state.alive.size() + state.open.size());
  const Bits& row = question_.variables[variable].rows[group];
  for (size_t i = 0; i < row.size(); ++i) out.push_back(state.alive[i] & row[i]);
  for (const Question::Open& open : state.open)
    out.push_back(question_.formulas.restrict(open.formula, variable, group));
  return out;
}

uint32_t Diagram::cut(const State& state, const Relevance& now) {
  const uint32_t variable = choose(state, now);
  const Question::Variable& cut_at = question_.variables[variable];
  const Bits still_tested = tested_without(state, variable);
  Node node;
  node.variable = variable;
  std::vector<std::pair<std::vector<uint64_t>, size_t>> tried;  // what a group leaves, with its edge
  for (uint32_t g = 0; g < cut_at.groups.size(); ++g) {
    std::vector<uint64_t> left = left_by(state, variable, g);
    const auto twin =
        std::find_if(tried.begin(), tried.end(), [&](const auto& t) { return t.first == left; });
    if (twin != tried.end()) {
      put(node.edges[twin->second].groups, g);
      continue;
    }
    const uint32_t to = visit(branch(state, variable, g, still_tested));
    if (gave_up_ || (part_ == Part::kFirst && found_)) return to;
    auto edge =
        std::find_if(node.edges.begin(), node.edges.end(), [to](const Edge& e) { return e.to == to; });
    if (edge == node.edges.end())
      edge = node.edges.insert(edge, {Bits((cut_at.groups.size() + 63) / 64), to});
    put(edge->groups, g);
    tried.emplace_back(std::move(left), static_cast<size_t>(edge - node.edges.begin()));
  }
  if (node.edges.size() == 1) return node.edges.front().to;
  return keep(std::move(node));
}

bool Diagram::spend(const State& state) {
  const uint64_t cost = 1 + (state.alive.size() + state.open.size()) / 16;
  if (left_ < cost) {
    gave_up_ = true;
    return false;
  }
  left_ -= cost;
  return true;
}

uint32_t Diagram::visit(State state) {
  const Relevance& now = settle(state);
  if (now.same) return kSame;
  if (part_ != Part::kUpper && is_empty(state.alive) && state.open.empty())
    return end(state.before, state.after);
  if (const auto known = seen_.find(state); known != seen_.end()) return known->second;
  if (!spend(state)) return kSame;
  const uint32_t out = part_ == Part::kUpper && !now.changes ? leaf(state, now) : cut(state, now);
  if (!gave_up_ && !(part_ == Part::kFirst && found_)) seen_.emplace(std::move(state), out);
  return out;
}

Diagram::State Diagram::first_state() {
  State state = start();
  // What tests nothing matches already.
  Bits tested(state.alive.size());
  for (const Question::Variable& variable : question_.variables) {
    for (size_t i = 0; i < tested.size(); ++i) tested[i] |= variable.tested_by[i];
  }
  Bits sure = state.alive;
  for (size_t i = 0; i < sure.size(); ++i) {
    sure[i] &= ~tested[i];
    state.alive[i] &= tested[i];
  }
  for (uint32_t k = 0; k < question_.kinds.size(); ++k) {
    if (meets(sure, question_.kinds[k].pieces)) match(state, k);
  }
  return state;
}

std::optional<uint32_t> Diagram::build(Part part) {
  if (gave_up_) return std::nullopt;
  part_ = part;
  const uint32_t root = visit(first_state());
  if (gave_up_) return std::nullopt;
  return root;
}

}  // namespace hetao::policy
