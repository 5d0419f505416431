// A pack's cases with what they bring about: what a Comparison compares.
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

const Case* Pieces::keep(Case one) {
  return &kept_->emplace_back(std::move(one));
}

void Pieces::add(const LoadedPack& pack, size_t pack_number, const Universe& universe, uint8_t sides) {
  const uint32_t otherwise = outcome_number({OutcomeClass::kDefault, pack.default_effect, {}});
  pieces.push_back({keep({}), otherwise, sides, Piece::kNoRule});
  for (uint32_t i = 0; i < pack.rules.size(); ++i) {
    const Rule& rule = pack.rules[i];
    auto cases = cases_of(pack, pack_number, i, universe);
    if (!cases) {
      complete = false;
      continue;
    }
    const auto add_all = [&](std::vector<Case>& list, bool possible) {
      const uint32_t outcome = outcome_number(class_of(rule, possible));
      for (Case& one : list) pieces.push_back({keep(std::move(one)), outcome, sides, i});
    };
    if (rule.effect != Effect::kHold) add_all(cases->certain, false);
    if (rule.effect != Effect::kPermit) add_all(cases->possible, true);
  }
}

void Pieces::merge_equal() {
  std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
    return std::tie(a.outcome, *a.one, a.rule) < std::tie(b.outcome, *b.one, b.rule);
  });
  std::vector<Piece> merged;
  for (const Piece& piece : pieces) {
    if (!merged.empty() && merged.back().outcome == piece.outcome && *merged.back().one == *piece.one) {
      merged.back().sides |= piece.sides;
    } else {
      merged.push_back(piece);
    }
  }
  pieces = std::move(merged);
}

}  // namespace hetao::policy
