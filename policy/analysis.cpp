#include "policy/analysis.h"

#include <algorithm>
#include <bit>
#include <map>
#include <tuple>

#include "gateway/base/check.h"

namespace hetao::policy {

namespace {

using Bits = std::vector<uint64_t>;

void put(Bits& bits, size_t at) {
  bits[at / 64] |= uint64_t{1} << (at % 64);
}
bool meets(const Bits& a, const Bits& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if ((a[i] & b[i]) != 0) return true;
  }
  return false;
}
bool is_empty(const Bits& bits) {
  return std::all_of(bits.begin(), bits.end(), [](uint64_t word) { return word == 0; });
}

template <class Visit>
void each_bit(const Bits& bits, const Visit& visit) {
  for (size_t i = 0; i < bits.size(); ++i) {
    for (uint64_t word = bits[i]; word != 0; word &= word - 1)
      visit(i * 64 + static_cast<size_t>(std::countr_zero(word)));
  }
}

// Expanding contains_any groups must not take the memory that the budget is for.
constexpr size_t kExpandedMax = 4'096;

}  // namespace

size_t Comparison::KeyHash::operator()(const Key& key) const {
  uint64_t h = key.level * 0x9E3779B97F4A7C15U;
  const auto mix = [&](const Bits& bits) {
    for (const uint64_t word : bits) {
      h = (h ^ word) * 0xD6E8FEB86659FD93U;
      h ^= h >> 32U;
    }
  };
  mix(key.state.alive);
  mix(key.state.before);
  mix(key.state.after);
  return h;
}

Comparison::Comparison(const Universe& universe, const Pieces& pieces, uint64_t nodes_max)
    : universe_(&universe), classes_(pieces.outcomes), nodes_max_(nodes_max), words_left_(nodes_max * 16) {
  gave_up_ = !pieces.complete;
  choose_pieces(pieces);
  if (gave_up_) return;
  for (uint32_t v = 0; v < variables_.size(); ++v) make_groups(v);
  order_levels();
  make_masks();
}

// A request that no changed piece matches has the same outcome on both sides. So only pieces that meet a
// changed one are looked at.
void Comparison::choose_pieces(const Pieces& pieces) {
  std::vector<const Piece*> changed;
  for (const Piece& piece : pieces.pieces) {
    if (piece.sides != kBothSides) changed.push_back(&piece);
  }
  for (const Piece& piece : pieces.pieces) {
    const bool matters = piece.sides != kBothSides ||
                         std::any_of(changed.begin(), changed.end(),
                                     [&](const Piece* other) { return meet(*piece.one, *other->one); });
    if (matters) flatten(piece);
    if (gave_up_) return;
  }
}

uint32_t Comparison::variable_of(size_t slot, uint32_t member) {
  for (uint32_t v = 0; v < variables_.size(); ++v) {
    if (variables_[v].slot == slot && variables_[v].member == member) return v;
  }
  Variable added;
  added.slot = slot;
  added.member = member;
  variables_.push_back(std::move(added));
  return static_cast<uint32_t>(variables_.size() - 1);
}

// Members of sets become variables of their own; "one of these" becomes as many pieces.
void Comparison::flatten(const Piece& piece) {
  FlatPiece flat;
  flat.outcome = piece.outcome;
  flat.sides = piece.sides;
  for (const Accept& accept : piece.one->accepts)
    flat.accepts.emplace_back(variable_of(accept.slot, UINT32_MAX), accept.classes);
  std::vector<FlatPiece> open = {std::move(flat)};
  for (const Members& members : piece.one->members) {
    for (const uint32_t member : members.none_of) {
      const uint32_t v = variable_of(members.slot, member);
      for (FlatPiece& each : open) each.accepts.emplace_back(v, ClassSet::one(0));
    }
    for (const auto& group : members.any_of) {
      if (open.size() * group.size() > kExpandedMax) {
        gave_up_ = true;
        return;
      }
      std::vector<FlatPiece> next;
      for (const FlatPiece& each : open) {
        for (const uint32_t member : group) {
          FlatPiece copy = each;
          const uint32_t v = variable_of(members.slot, member);
          const auto present = std::make_pair(v, ClassSet::one(1));
          if (std::find(copy.accepts.begin(), copy.accepts.end(), present) == copy.accepts.end())
            copy.accepts.push_back(present);
          next.push_back(std::move(copy));
        }
      }
      open = std::move(next);
    }
  }
  std::move(open.begin(), open.end(), std::back_inserter(pieces_));
}

// Classes that all pieces treat alike become one group.
void Comparison::make_groups(uint32_t v) {
  Variable& variable = variables_[v];
  const size_t words = (pieces_.size() + 63) / 64;
  const bool is_member = variable.member != UINT32_MAX;
  const Domain& domain = universe_->domains()[variable.slot];
  const ClassSet all = is_member ? ClassSet::range(0, 2) : domain.all();
  const Class end = is_member ? 2 : domain.size();
  variable.tested_by.resize(words);
  Bits running(words, 0);
  std::vector<std::vector<uint32_t>> flips(end + 1);
  for (uint32_t p = 0; p < pieces_.size(); ++p) {
    const auto at = std::find_if(pieces_[p].accepts.begin(), pieces_[p].accepts.end(),
                                 [&](const auto& accept) { return accept.first == v; });
    if (at == pieces_[p].accepts.end()) {
      put(running, p);
      continue;
    }
    put(variable.tested_by, p);
    if (pieces_[p].sides != kBothSides) variable.by_change = true;
    for (const auto& range : at->second.ranges()) {
      flips[range.begin].push_back(p);
      flips[range.end].push_back(p);
    }
  }
  std::map<Bits, std::vector<Class>> by_row;
  for (Class c = 0; c < end; ++c) {
    for (const uint32_t p : flips[c]) running[p / 64] ^= uint64_t{1} << (p % 64);
    if (all.contains(c)) by_row[running].push_back(c);
  }
  for (auto& [row, classes] : by_row) variable.groups.push_back({ClassSet::of(std::move(classes)), row});
}

// What the changed pieces test comes first, so that what no change touches ends at once; then what has most
// values, such as the tenant, so that what is left below is small.
void Comparison::order_levels() {
  for (uint32_t v = 0; v < variables_.size(); ++v) levels_.push_back(v);
  const auto rank = [&](uint32_t v) {
    const Variable& variable = variables_[v];
    return std::make_tuple(!variable.by_change, -static_cast<int64_t>(variable.groups.size()), variable.slot,
                           variable.member);
  };
  std::sort(levels_.begin(), levels_.end(), [&](uint32_t a, uint32_t b) { return rank(a) < rank(b); });
  std::vector<uint32_t> level_of(variables_.size());
  for (uint32_t level = 0; level < levels_.size(); ++level) level_of[levels_[level]] = level;
  for (FlatPiece& piece : pieces_) {
    for (const auto& [v, _] : piece.accepts) piece.last_level = std::max(piece.last_level, level_of[v] + 1);
  }
}

void Comparison::make_masks() {
  const size_t words = (pieces_.size() + 63) / 64;
  satisfied_at_.assign(levels_.size() + 1, Bits(words));
  of_class_.assign(classes_.size(), Bits(words));
  weaker_than_.assign(classes_.size(), Bits(words));
  changed_.resize(words);
  before_only_.resize(words);
  after_only_.resize(words);
  common_.resize(words);
  for (size_t p = 0; p < pieces_.size(); ++p) {
    const FlatPiece& piece = pieces_[p];
    for (size_t level = piece.last_level; level <= levels_.size(); ++level) put(satisfied_at_[level], p);
    put(of_class_[piece.outcome], p);
    if (piece.sides != kBothSides) put(changed_, p);
    put(piece.sides == kBothSides ? common_ : piece.sides == kBefore ? before_only_ : after_only_, p);
  }
  for (size_t c = 0; c < classes_.size(); ++c) {
    for (size_t p = 0; p < pieces_.size(); ++p) {
      const OutcomeClass& other = classes_[pieces_[p].outcome];
      const bool overruled = other.rank < classes_[c].rank &&
                             (classes_[c].rank == OutcomeClass::kForbids || other.obligations.empty());
      const bool adds_nothing = other.rank == classes_[c].rank && other.obligations.empty();
      if (pieces_[p].outcome == c || overruled || adds_nothing) put(weaker_than_[c], p);
    }
  }
}

Comparison::State Comparison::start() const {
  State state;
  const size_t class_words = (classes_.size() + 63) / 64;
  state.alive.resize((pieces_.size() + 63) / 64);
  for (size_t p = 0; p < pieces_.size(); ++p) put(state.alive, p);
  state.before.resize(class_words);
  state.after.resize(class_words);
  return state;
}

// Satisfied classes that a stronger one makes meaningless go, so that equal futures look equal.
void Comparison::drop_weaker(Bits& satisfied) const {
  OutcomeClass::Rank top = OutcomeClass::kDefault;
  bool richer = false;  // the top rank has a class with obligations
  each_bit(satisfied, [&](size_t c) {
    if (classes_[c].rank > top) richer = false;
    top = std::max(top, classes_[c].rank);
    if (classes_[c].rank == top && !classes_[c].obligations.empty()) richer = true;
  });
  const Bits all = satisfied;
  each_bit(all, [&](size_t c) {
    const bool overruled =
        classes_[c].rank < top && (top == OutcomeClass::kForbids || classes_[c].obligations.empty());
    const bool adds_nothing = classes_[c].rank == top && richer && classes_[c].obligations.empty();
    if (overruled || adds_nothing) satisfied[c / 64] &= ~(uint64_t{1} << (c % 64));
  });
}

// Moves pieces that nothing can stop any more into the satisfied classes, and drops what matters no more.
void Comparison::settle(uint32_t level, State& state) const {
  const Bits& done = satisfied_at_[level];
  for (size_t i = 0; i < state.alive.size(); ++i) {
    for (uint64_t word = state.alive[i] & done[i]; word != 0; word &= word - 1) {
      const FlatPiece& piece = pieces_[i * 64 + static_cast<size_t>(std::countr_zero(word))];
      if ((piece.sides & kBefore) != 0) put(state.before, piece.outcome);
      if ((piece.sides & kAfter) != 0) put(state.after, piece.outcome);
    }
    state.alive[i] &= ~done[i];
  }
  drop_weaker(state.before);
  drop_weaker(state.after);
  Bits weak_before(state.alive.size());
  Bits weak_after(state.alive.size());
  const auto unite = [](Bits& into, const Bits& from) {
    for (size_t i = 0; i < into.size(); ++i) into[i] |= from[i];
  };
  each_bit(state.before, [&](size_t c) { unite(weak_before, weaker_than_[c]); });
  each_bit(state.after, [&](size_t c) { unite(weak_after, weaker_than_[c]); });
  for (size_t i = 0; i < state.alive.size(); ++i) {
    const uint64_t dropped = (before_only_[i] & weak_before[i]) | (after_only_[i] & weak_after[i]) |
                             (common_[i] & weak_before[i] & weak_after[i]);
    state.alive[i] &= ~dropped;
  }
}

bool Comparison::is_same(const State& state) const {
  return state.before == state.after && !meets(state.alive, changed_);
}

Outcome Comparison::outcome_of(const Bits& satisfied) const {
  Outcome out;
  OutcomeClass::Rank top = OutcomeClass::kDefault;
  each_bit(satisfied, [&](size_t c) {
    if (classes_[c].rank >= top) out.effect = classes_[c].effect;
    top = std::max(top, classes_[c].rank);
  });
  if (top != OutcomeClass::kForbids) {
    each_bit(satisfied, [&](size_t c) {
      for (const ObligationSpec& spec : classes_[c].obligations) merge_obligation(out.obligations, spec);
    });
  }
  return out;
}

std::optional<bool> Comparison::differs() {
  if (gave_up_) return std::nullopt;
  return differs_from(0, start());
}

// Level by level; ends at the first difference.
std::optional<bool> Comparison::differs_from(uint32_t level, State state) {
  settle(level, state);
  if (is_same(state)) return false;
  while (level < levels_.size() && !meets(state.alive, variables_[levels_[level]].tested_by)) ++level;
  if (level == levels_.size() || is_empty(state.alive))
    return outcome_of(state.before) != outcome_of(state.after);
  Key key{level, std::move(state)};
  if (seen_.contains(key)) return false;
  const uint64_t cost = key.state.alive.size() + 2 * key.state.before.size() + 12;
  if (words_left_ < cost) {
    gave_up_ = true;
    return std::nullopt;
  }
  words_left_ -= cost;
  const Variable& variable = variables_[levels_[level]];
  std::map<Bits, bool> tried;
  for (const auto& group : variable.groups) {
    Bits alive = key.state.alive;
    for (size_t i = 0; i < alive.size(); ++i) alive[i] &= group.row[i];
    if (!tried.emplace(alive, true).second) continue;
    const auto found = differs_from(level + 1, {std::move(alive), key.state.before, key.state.after});
    if (!found || *found) return found;
  }
  seen_.insert(std::move(key));
  return false;
}

}  // namespace hetao::policy
