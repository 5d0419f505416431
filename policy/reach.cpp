// The upper part's leaves: which differences there are among the requests that are left. Each is looked for
// by a search that ends at the first request that shows it.
#include <algorithm>
#include <bit>
#include <set>
#include <tuple>

#include "policy/diagram.h"

namespace hetao::policy {

namespace {

// More combinations of obligations than that are not listed.
constexpr size_t kStandingsMax = 2'000;

// Short pieces weigh more, harmful ones far more than others.
double weight_of(size_t open_tests, bool harmful) {
  return (harmful ? 1.0 : 1e-6) / static_cast<double>(uint64_t{1} << std::min<size_t>(open_tests, 40));
}

}  // namespace

// All ends that any choice of the kinds that are still open could lead to.
const Diagram::Ends& Diagram::possible_ends(uint32_t before, uint32_t after, const Bits& kinds_alive) {
  const auto [at, fresh] = possible_.try_emplace(std::make_tuple(before, after, kinds_alive));
  Ends& out = at->second;
  if (!fresh) return out;
  std::vector<uint32_t> kinds;
  bool changes = false;
  for (uint32_t k = 0; k < question_.kinds.size(); ++k) {
    if (!has(kinds_alive, k)) continue;
    kinds.push_back(k);
    changes = changes || question_.kinds[k].sides != kBothSides;
  }
  std::set<std::pair<uint32_t, uint32_t>> met = {{before, after}};
  std::vector<std::pair<uint32_t, uint32_t>> open = {{before, after}};
  while (!open.empty() && !out.any) {
    const auto [one, other] = open.back();
    open.pop_back();
    for (const uint32_t kind : kinds) {
      std::pair<uint32_t, uint32_t> next = {with_kind(one, kind, kBefore), with_kind(other, kind, kAfter)};
      // What both sides owe alike makes no difference any more once the changes are settled.
      if (!changes) next = standings_.without_equal(next.first, next.second);
      if (met.insert(next).second) open.push_back(next);
    }
    out.any = met.size() > kStandingsMax;
  }
  std::set<uint32_t> ends;
  if (!out.any) {
    for (const auto& [one, other] : met) ends.insert(end(one, other));
  }
  out.ends = {ends.begin(), ends.end()};
  return out;
}

const std::vector<Diagram::Role>& Diagram::roles(const State& state, const Relevance& now, uint32_t target) {
  const auto [at, fresh] = roles_.try_emplace(std::make_tuple(state.before, state.after, now.alive, target));
  if (!fresh) return at->second;
  std::vector<Role> out(question_.kinds.size(), Role::kAny);
  for (uint32_t k = 0; k < out.size(); ++k) {
    if (!has(now.alive, k)) continue;
    Bits without = now.alive;
    without[k / 64] &= ~(uint64_t{1} << (k % 64));
    const uint32_t before = with_kind(state.before, k, kBefore);
    const uint32_t after = with_kind(state.after, k, kAfter);
    if (!possible_ends(before, after, now.alive).has(target)) {
      out[k] = Role::kHarmful;
    } else if (!possible_ends(state.before, state.after, without).has(target)) {
      out[k] = Role::kNeeded;
    }
  }
  return at->second = std::move(out);
}

// What every open piece says for each variable, and the needed piece with the fewest open tests.
Diagram::Aim Diagram::weigh(const State& state, const std::vector<Role>& roles) {
  Aim out;
  std::fill(scores_.begin(), scores_.end(), 0.0);
  size_t fewest = SIZE_MAX;
  for (size_t i = 0; i < state.alive.size(); ++i) {
    for (uint64_t word = state.alive[i]; word != 0; word &= word - 1) {
      const auto p = static_cast<uint32_t>(i * 64 + static_cast<size_t>(std::countr_zero(word)));
      const Question::Plain& piece = question_.plain[p];
      size_t left = 0;
      for (const uint32_t v : piece.variables) left += has(state.undecided, v) ? 1 : 0;
      const Role role = roles[piece.kind];
      if (role == Role::kNeeded && left < fewest) {
        fewest = left;
        out.wanted = p;
        out.own = piece.variables;
      }
      const double weight = weight_of(left, role == Role::kHarmful);
      if (role == Role::kHarmful) out.harmful.emplace_back(p, weight);
      for (const uint32_t v : piece.variables) {
        if (has(state.undecided, v)) scores_[v] += weight;
      }
    }
  }
  for (const Question::Open& open : state.open) {
    const auto tested = question_.formulas.variables(open.formula);
    const Role role = roles[open.kind];
    const double weight = weight_of(std::min<size_t>(tested.size(), 6), role == Role::kHarmful);
    for (const uint32_t v : tested) scores_[v] += weight;
    if (role != Role::kNeeded || tested.size() >= fewest) continue;
    fewest = tested.size();
    out.wanted = kEnd;
    out.own = tested;
  }
  return out;
}

// The variable to cut and its groups, the most promising first: a needed piece's, or else the one that does
// most about harmful pieces.
std::pair<uint32_t, std::vector<uint32_t>> Diagram::aim(const State& state, const std::vector<Role>& roles) {
  const Aim now = weigh(state, roles);
  const uint32_t best = best_of(now.own);
  const Question::Variable& variable = question_.variables[best];
  std::vector<std::tuple<bool, double, uint32_t>> order;
  for (uint32_t g = 0; g < variable.groups.size(); ++g) {
    double harm = 0;
    for (const auto& [p, weight] : now.harmful) harm += has(variable.rows[g], p) ? weight : 0;
    const bool lost = now.wanted != kEnd && !has(variable.rows[g], now.wanted);
    order.emplace_back(lost, harm, g);
  }
  std::sort(order.begin(), order.end());
  std::vector<uint32_t> groups;
  for (const auto& [lost, harm, g] : order) groups.push_back(g);
  return {best, std::move(groups)};
}

bool Diagram::try_groups(const State& state, uint32_t variable, const std::vector<uint32_t>& order,
                         uint32_t target) {
  const Question::Variable& cut_at = question_.variables[variable];
  const Bits still_tested = tested_without(state, variable);
  const Bits* allowed = nullptr;
  if (box_ != nullptr) {
    for (const auto& [v, groups] : *box_) allowed = v == variable ? &groups : allowed;
  }
  std::vector<std::vector<uint64_t>> tried;
  for (const uint32_t g : order) {
    if (allowed != nullptr && !has(*allowed, g)) continue;
    std::vector<uint64_t> left = left_by(state, variable, g);
    if (std::find(tried.begin(), tried.end(), left) != tried.end()) continue;
    tried.push_back(std::move(left));
    Bits group((cut_at.groups.size() + 63) / 64);
    put(group, g);
    path_.emplace_back(variable, std::move(group));
    if (reach(branch(state, variable, g, still_tested), target)) return true;
    path_.pop_back();
    if (gave_up_) return false;
  }
  return false;
}

bool Diagram::reach(State state, uint32_t target) {
  const Relevance& now = settle(state);
  if (now.same) return target == kSame;
  if (is_empty(state.alive) && state.open.empty()) return end(state.before, state.after) == target;
  if (!possible_ends(state.before, state.after, now.alive).has(target)) return false;
  if (failed_.contains(state)) return false;
  if (!spend(state)) return false;
  const auto [variable, order] = aim(state, roles(state, now, target));
  if (try_groups(state, variable, order, target)) return true;
  if (!gave_up_) failed_.insert(std::move(state));
  return false;
}

uint32_t Diagram::leaf(const State& state, const Relevance& now) {
  const Ends possible = possible_ends(state.before, state.after, now.alive);
  gave_up_ = gave_up_ || possible.any;
  Node node;
  for (const uint32_t target : possible.ends) {
    failed_.clear();
    path_.clear();
    if (reach(state, target)) node.leaf.push_back(target);
    if (gave_up_) return kSame;
  }
  path_.clear();
  if (node.leaf.empty() || (node.leaf.size() == 1 && node.leaf.front() == kSame)) return kSame;
  node.boxes = 1;
  return keep(std::move(node));
}

std::optional<Diagram::Cuts> Diagram::find(const Cuts& box, uint32_t end) {
  box_ = &box;
  failed_.clear();
  path_.clear();
  part_ = Part::kWhole;
  const bool found = reach(first_state(), end);
  box_ = nullptr;
  if (!found) return std::nullopt;
  return path_;
}

}  // namespace hetao::policy
