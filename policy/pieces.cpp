// A pack's conditions with what they bring about: what a Comparison compares.
#include <algorithm>
#include <tuple>

#include "policy/analysis.h"

namespace hetao::policy {

namespace {

OutcomeClass class_of(const Rule& rule, bool possible) {
  switch (rule.effect) {
    case Effect::kPermit:
      return {OutcomeClass::kPermits, Effect::kPermit, rule.obligations};
    case Effect::kHold:
      return {OutcomeClass::kHolds, Effect::kHold, rule.obligations};
    case Effect::kForbid:
      break;
  }
  if (possible) return {OutcomeClass::kHolds, Effect::kHold, {}};
  return {OutcomeClass::kForbids, Effect::kForbid, {}};
}

}  // namespace

uint32_t Pieces::outcome_number(OutcomeClass outcome) {
  std::sort(outcome.obligations.begin(), outcome.obligations.end());
  const auto at = std::find(outcomes.begin(), outcomes.end(), outcome);
  if (at != outcomes.end()) return static_cast<uint32_t>(at - outcomes.begin());
  outcomes.push_back(std::move(outcome));
  return static_cast<uint32_t>(outcomes.size() - 1);
}

const Formula* Pieces::keep(Formula one) {
  return &kept_->emplace_back(std::move(one));
}

void Pieces::add(const LoadedPack& pack, size_t pack_number, const Universe& universe, uint8_t sides) {
  const uint32_t otherwise = outcome_number({OutcomeClass::kDefault, pack.default_effect, {}});
  pieces.push_back({keep({}), otherwise, sides, Piece::kNoRule});
  for (uint32_t i = 0; i < pack.rules.size(); ++i) {
    const Rule& rule = pack.rules[i];
    const auto add_one = [&](bool possible) {
      Formula condition = formula_of(rule, pack_number, universe, possible);
      if (condition.kind == Formula::Kind::kNever) return;
      pieces.push_back({keep(std::move(condition)), outcome_number(class_of(rule, possible)), sides, i});
    };
    if (rule.effect != Effect::kHold) add_one(false);
    if (rule.effect != Effect::kPermit) add_one(true);
  }
}

void Pieces::merge_equal() {
  struct Entry {
    size_t hash = 0;
    const Piece* piece = nullptr;
  };
  std::vector<Entry> entries;
  entries.reserve(pieces.size());
  for (const Piece& piece : pieces) entries.push_back({piece.condition->hash(), &piece});
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.hash, a.piece->outcome, a.piece->rule, a.piece->sides) <
           std::tie(b.hash, b.piece->outcome, b.piece->rule, b.piece->sides);
  });
  std::vector<Piece> merged;
  size_t run = 0;  // where the pieces with the present hash begin in `merged`
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i == 0 || entries[i].hash != entries[i - 1].hash) run = merged.size();
    const Piece& piece = *entries[i].piece;
    const auto twin =
        std::find_if(merged.begin() + static_cast<std::ptrdiff_t>(run), merged.end(), [&](const Piece& m) {
          return m.outcome == piece.outcome && compare(*m.condition, *piece.condition) == 0;
        });
    if (twin == merged.end()) {
      merged.push_back(piece);
    } else {
      twin->sides |= piece.sides;
    }
  }
  pieces = std::move(merged);
}

}  // namespace hetao::policy
