// Finds the regions of requests whose outcome differs, by splitting boxes: a box in which some case that
// could decide is neither sure to match nor sure not to is cut in two where that case's test says. Only boxes
// that a changed case meets are looked at, and the strongest effects are settled first, because they end
// most.
#include <algorithm>
#include <bit>

#include "policy/analysis.h"

namespace hetao::policy {

namespace {

bool has(const std::vector<uint64_t>& bits, size_t at) {
  return ((bits[at / 64] >> (at % 64)) & 1U) != 0;
}

}  // namespace

class Splitter {
 public:
  Splitter(const Comparison& comparison, size_t most, uint64_t nodes_max);
  void run();
  std::vector<Region> take() { return std::move(found_); }
  double total() const { return total_; }
  bool gave_up() const { return gave_up_; }

 private:
  using Bits = std::vector<uint64_t>;
  static constexpr size_t kNone = SIZE_MAX;
  // The box on one variable: its groups, the pieces that accept one of them, and those that accept all.
  struct Side {
    Bits groups;
    Bits any;
    Bits all;
  };
  // What is known of one side's decision: an effect, or the piece that has to be settled first.
  struct Standing {
    size_t open = kNone;
    OutcomeClass::Rank rank = OutcomeClass::kDefault;
    Effect effect = Effect::kForbid;
  };

  size_t nearest_open(const Bits& alive, const Bits& sure, const Bits& of, const Bits& side) const;
  size_t open_tests(size_t piece) const;
  Standing standing(const Bits& alive, const Bits& sure, const Bits& side, Effect otherwise) const;
  std::vector<ObligationSpec> obligations(const Bits& sure, const Bits& side) const;
  void narrow(Side& side, size_t variable) const;
  void look(const Bits& alive);
  void compare(const Bits& alive, const Bits& sure);
  size_t open_on(uint32_t variable, const Bits& alive) const;  // how many of these pieces
  void split(const Bits& alive, size_t piece);
  void emit(Outcome before, Outcome after);
  Region region() const;

  const Comparison& comparison_;
  size_t most_;
  uint64_t nodes_left_;
  bool gave_up_ = false;
  double total_ = 0;
  std::vector<Region> found_;
  std::vector<Side> box_;  // a variable
  size_t words_;
  Bits every_, before_, after_, obliging_;
  std::array<Bits, 4> of_rank_;
  std::array<Effect, 2> otherwise_ = {};
};

Splitter::Splitter(const Comparison& comparison, size_t most, uint64_t nodes_max)
    : comparison_(comparison),
      most_(most),
      nodes_left_(nodes_max),
      words_((comparison.pieces_.size() + 63) / 64) {
  for (Bits* bits : {&every_, &before_, &after_, &obliging_}) bits->resize(words_);
  for (Bits& bits : of_rank_) bits.resize(words_);
  const auto put = [](Bits& bits, size_t at) { bits[at / 64] |= uint64_t{1} << (at % 64); };
  for (size_t p = 0; p < comparison.pieces_.size(); ++p) {
    const auto& piece = comparison.pieces_[p];
    const OutcomeClass& outcome = comparison.classes_[piece.outcome];
    put(every_, p);
    put(of_rank_[outcome.rank], p);
    if ((piece.sides & kBefore) != 0) put(before_, p);
    if ((piece.sides & kAfter) != 0) put(after_, p);
    if (!outcome.obligations.empty()) put(obliging_, p);
    if (outcome.rank != OutcomeClass::kDefault) continue;
    if ((piece.sides & kBefore) != 0) otherwise_[0] = outcome.effect;
    if ((piece.sides & kAfter) != 0) otherwise_[1] = outcome.effect;
  }
  for (size_t v = 0; v < comparison.variables_.size(); ++v) {
    const size_t groups = comparison.variables_[v].groups.size();
    Side& side = box_.emplace_back();
    side.groups.resize((groups + 63) / 64);
    for (size_t g = 0; g < groups; ++g) put(side.groups, g);
    narrow(side, v);
  }
}

void Splitter::narrow(Side& side, size_t variable) const {
  side.any.assign(words_, 0);
  side.all = every_;
  for (size_t g = 0; g < side.groups.size(); ++g) {
    for (uint64_t word = side.groups[g]; word != 0; word &= word - 1) {
      const size_t group = g * 64 + static_cast<size_t>(std::countr_zero(word));
      const Bits& row = comparison_.variables_[variable].groups[group].row;
      for (size_t i = 0; i < words_; ++i) {
        side.any[i] |= row[i];
        side.all[i] &= row[i];
      }
    }
  }
}

size_t Splitter::open_tests(size_t piece) const {
  const auto& accepts = comparison_.pieces_[piece].accepts;
  return static_cast<size_t>(std::count_if(accepts.begin(), accepts.end(),
                                           [&](const auto& a) { return !has(box_[a.first].all, piece); }));
}

// Of the open pieces the one with the fewest open tests: the fewest cuts settle it.
size_t Splitter::nearest_open(const Bits& alive, const Bits& sure, const Bits& of, const Bits& side) const {
  size_t best = kNone;
  size_t fewest = SIZE_MAX;
  for (size_t i = 0; i < words_; ++i) {
    for (uint64_t open = alive[i] & ~sure[i] & of[i] & side[i]; open != 0; open &= open - 1) {
      const size_t piece = i * 64 + static_cast<size_t>(std::countr_zero(open));
      const size_t tests = open_tests(piece);
      if (tests >= fewest) continue;
      fewest = tests;
      best = piece;
      if (tests == 1) return best;
    }
  }
  return best;
}

Splitter::Standing Splitter::standing(const Bits& alive, const Bits& sure, const Bits& side,
                                      Effect otherwise) const {
  static constexpr OutcomeClass::Rank kRanks[] = {OutcomeClass::kForbids, OutcomeClass::kHolds,
                                                  OutcomeClass::kPermits};
  static constexpr Effect kEffects[] = {Effect::kForbid, Effect::kHold, Effect::kPermit};
  for (size_t r = 0; r < 3; ++r) {
    const Bits& of = of_rank_[kRanks[r]];
    for (size_t i = 0; i < words_; ++i) {
      if ((sure[i] & of[i] & side[i]) != 0) return {kNone, kRanks[r], kEffects[r]};
    }
    const size_t open = nearest_open(alive, sure, of, side);
    // A hold that may or may not match changes no effect where nothing else could be permitted.
    const bool matters = kEffects[r] != otherwise || kRanks[r] == OutcomeClass::kPermits || [&] {
      for (size_t i = 0; i < words_; ++i) {
        for (size_t weaker = r + 1; weaker < 3; ++weaker) {
          if ((alive[i] & of_rank_[kRanks[weaker]][i] & side[i]) != 0) return true;
        }
      }
      return false;
    }();
    if (open != kNone && matters) return {open, kRanks[r], kEffects[r]};
  }
  return {kNone, OutcomeClass::kDefault, otherwise};
}

std::vector<ObligationSpec> Splitter::obligations(const Bits& sure, const Bits& side) const {
  std::vector<ObligationSpec> out;
  for (size_t i = 0; i < words_; ++i) {
    for (uint64_t word = sure[i] & side[i] & obliging_[i]; word != 0; word &= word - 1) {
      const size_t p = i * 64 + static_cast<size_t>(std::countr_zero(word));
      for (const ObligationSpec& spec : comparison_.classes_[comparison_.pieces_[p].outcome].obligations)
        merge_obligation(out, spec);
    }
  }
  return out;
}

// Both sides' outcomes, where every changed piece is sure to match or not to.
void Splitter::compare(const Bits& alive, const Bits& sure) {
  const Standing before = standing(alive, sure, before_, otherwise_[0]);
  const Standing after = standing(alive, sure, after_, otherwise_[1]);
  const bool forbids_both = before.open == kNone && after.open == kNone && before.effect == Effect::kForbid &&
                            after.effect == Effect::kForbid;
  if (forbids_both) return;
  if (before.open != kNone) return split(alive, before.open);
  if (after.open != kNone) return split(alive, after.open);
  if (before.effect != after.effect) return emit({before.effect, {}}, {after.effect, {}});
  Outcome one{before.effect, obligations(sure, before_)};
  Outcome other{after.effect, obligations(sure, after_)};
  // What is open is on both sides alike: it adds the same to equal obligations.
  if (one.obligations == other.obligations) return;
  const size_t open = nearest_open(alive, sure, obliging_, every_);
  if (open != kNone) return split(alive, open);
  emit(std::move(one), std::move(other));
}

void Splitter::look(const Bits& alive) {
  if (nodes_left_ == 0) {
    gave_up_ = true;
    return;
  }
  --nodes_left_;
  bool met = false;
  for (size_t i = 0; i < words_; ++i) met = met || (alive[i] & comparison_.changed_[i]) != 0;
  if (!met) return;
  Bits sure = alive;
  for (const Side& side : box_) {
    for (size_t i = 0; i < words_; ++i) sure[i] &= side.all[i];
  }
  // Where both sides are sure to forbid, nothing below matters.
  bool forbids_before = false;
  bool forbids_after = false;
  for (size_t i = 0; i < words_; ++i) {
    const uint64_t forbids = sure[i] & of_rank_[OutcomeClass::kForbids][i];
    forbids_before = forbids_before || (forbids & before_[i]) != 0;
    forbids_after = forbids_after || (forbids & after_[i]) != 0;
  }
  if (forbids_before && forbids_after) return;
  const size_t changed = nearest_open(alive, sure, comparison_.changed_, every_);
  if (changed != kNone) return split(alive, changed);
  compare(alive, sure);
}

size_t Splitter::open_on(uint32_t variable, const Bits& alive) const {
  size_t out = 0;
  for (size_t i = 0; i < words_; ++i)
    out += static_cast<size_t>(std::popcount(alive[i] & ~box_[variable].all[i]));
  return out;
}

// Cuts the box where the piece's busiest open test says: what it accepts, then the rest.
void Splitter::split(const Bits& alive, size_t piece) {
  const auto& accepts = comparison_.pieces_[piece].accepts;
  // The test of the attribute that most other pieces leave open: cutting there settles most.
  uint32_t v = UINT32_MAX;
  size_t most = 0;
  for (const auto& [variable, _] : accepts) {
    if (has(box_[variable].all, piece)) continue;
    const size_t others = open_on(variable, alive);
    if (v != UINT32_MAX && others <= most) continue;
    most = others;
    v = variable;
  }
  Side whole = box_[v];
  Side inside = whole;
  Side outside = whole;
  for (size_t g = 0; g < comparison_.variables_[v].groups.size(); ++g) {
    if (!has(whole.groups, g)) continue;
    const bool accepted = has(comparison_.variables_[v].groups[g].row, piece);
    (accepted ? outside : inside).groups[g / 64] &= ~(uint64_t{1} << (g % 64));
  }
  for (Side* half : {&inside, &outside}) {
    box_[v].groups = half->groups;
    narrow(box_[v], v);
    Bits met = alive;
    for (size_t i = 0; i < words_; ++i) met[i] &= box_[v].any[i];
    look(met);
    if (gave_up_) break;
  }
  box_[v] = std::move(whole);
}

Region Splitter::region() const {
  Region out;
  for (size_t v = 0; v < box_.size(); ++v) {
    const auto& variable = comparison_.variables_[v];
    ClassSet classes;
    bool whole = true;
    for (size_t g = 0; g < variable.groups.size(); ++g) {
      if (((box_[v].groups[g / 64] >> (g % 64)) & 1U) != 0) {
        classes = classes.unite(variable.groups[g].classes);
      } else {
        whole = false;
      }
    }
    if (whole) continue;
    if (variable.member == UINT32_MAX) {
      out.accepts.push_back({variable.slot, std::move(classes)});
      continue;
    }
    auto at = std::find_if(out.members.begin(), out.members.end(),
                           [&](const Members& m) { return m.slot == variable.slot; });
    if (at == out.members.end()) at = out.members.insert(at, {variable.slot, {}, {}});
    if (classes.contains(1)) {
      at->any_of.push_back({variable.member});
    } else {
      at->none_of.push_back(variable.member);
    }
  }
  std::sort(out.accepts.begin(), out.accepts.end());
  std::sort(out.members.begin(), out.members.end());
  for (Members& members : out.members) {
    std::sort(members.any_of.begin(), members.any_of.end());
    std::sort(members.none_of.begin(), members.none_of.end());
  }
  return out;
}

void Splitter::emit(Outcome before, Outcome after) {
  total_ += 1;
  if (found_.size() >= most_) return;
  found_.push_back(region());
  found_.back().before = std::move(before);
  found_.back().after = std::move(after);
}

void Splitter::run() {
  Bits alive = every_;
  for (const Side& side : box_) {
    for (size_t i = 0; i < words_; ++i) alive[i] &= side.any[i];
  }
  look(alive);
}

std::vector<Region> Comparison::regions(size_t most, double& total) {
  total = 0;
  if (gave_up_) return {};
  Splitter splitter(*this, most, nodes_max_);
  splitter.run();
  total = splitter.total();
  gave_up_ = splitter.gave_up();
  return splitter.take();
}

}  // namespace hetao::policy
