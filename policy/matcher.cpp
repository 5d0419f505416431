#include "policy/matcher.h"

#include <algorithm>
#include <bit>

#include "gateway/base/check.h"

namespace hetao::policy {

// The rows that one request chooses.
struct Matcher::Rows {
  std::span<const uint64_t* const> plain;
  // Of sets with named members: the row of the empty set, then for each member what it admits and rules
  // out (nullptr: nothing); groups end with a nullptr base.
  struct Set {
    const uint64_t* base = nullptr;
    const Slot* slot = nullptr;
    const std::vector<uint32_t>* members = nullptr;
  };
  std::array<Set, 16> sets;
  size_t set_count = 0;
};

size_t Matcher::slot(std::string_view attribute) const {
  const uint32_t found = names_.find(attribute);
  return found == StringTable::kNone ? Policy::kNoSlot : found;
}

Truth Matcher::truth(uint32_t rule, const Query& query) const {
  return evaluate(expressions_[rule], view(query));
}

std::vector<std::string> Matcher::unknown_in(uint32_t rule, const Query& query) const {
  std::vector<size_t> slots;
  find_unknown(expressions_[rule], view(query), slots);
  std::vector<std::string> names;
  for (const size_t slot : slots) names.push_back(domain(slot).attribute().name);
  std::sort(names.begin(), names.end());
  return names;
}

bool Matcher::sets_hold(const Case& one, const Query& query) const {
  return members_hold(one.members, query);
}

bool Matcher::members_hold(const std::vector<Members>& all, const Query& query) {
  const auto has_any = [&](size_t slot, const std::vector<uint32_t>& wanted) {
    const auto& present = query.members_[slot];
    return std::any_of(wanted.begin(), wanted.end(), [&](uint32_t member) {
      return std::find(present.begin(), present.end(), member) != present.end();
    });
  };
  return std::all_of(all.begin(), all.end(), [&](const Members& m) {
    return !has_any(m.slot, m.none_of) &&
           std::all_of(m.any_of.begin(), m.any_of.end(),
                       [&](const auto& group) { return has_any(m.slot, group); });
  });
}

void Matcher::take(uint32_t word, uint64_t bits, const Query& query, Scratch& scratch) const {
  while (bits != 0) {
    const auto bit = static_cast<uint32_t>(std::countr_zero(bits));
    bits &= bits - 1;
    const Entry& entry = entries_[word * 64 + bit];
    if (entry.rule == UINT32_MAX) continue;  // padding, where no attribute is tested at all
    if (entry.residual != UINT32_MAX && !members_hold(residuals_[entry.residual], query)) continue;
    auto& rules = scratch.rules_;
    if (std::find(rules.begin(), rules.end(), entry.rule) == rules.end()) rules.push_back(entry.rule);
  }
}

void Matcher::scan_range(WordRange range, const Query& query, Scratch& scratch, const Rows& rows) const {
  for (uint32_t w = range.begin; w < range.end; w += kBlockWords) {
    std::array<uint64_t, kBlockWords> acc;
    acc.fill(~uint64_t{0});
    bool alive = true;
    for (const uint64_t* const r : rows.plain) {
      uint64_t any = 0;
      for (size_t i = 0; i < kBlockWords; ++i) {
        acc[i] &= r[w + i];
        any |= acc[i];
      }
      if (any == 0) {
        alive = false;
        break;
      }
    }
    if (!alive) continue;
    for (size_t s = 0; s < rows.set_count; ++s) {
      const Rows::Set& set = rows.sets[s];
      std::array<uint64_t, kBlockWords> admitted;
      for (size_t i = 0; i < kBlockWords; ++i) admitted[i] = set.base[w + i];
      for (const uint32_t member : *set.members) {
        const auto [admits, rules_out] = set.slot->members[member];
        if (admits != kNoRow) {
          for (size_t i = 0; i < kBlockWords; ++i) admitted[i] |= row(admits)[w + i];
        }
        if (rules_out != kNoRow) {
          for (size_t i = 0; i < kBlockWords; ++i) acc[i] &= ~row(rules_out)[w + i];
        }
      }
      for (size_t i = 0; i < kBlockWords; ++i) acc[i] &= admitted[i];
    }
    for (uint32_t i = 0; i < kBlockWords && w + i < range.end; ++i) {
      if (acc[i] != 0) take(w + i, acc[i], query, scratch);
    }
  }
}

void Matcher::scan(Segment segment, const Query& query, Scratch& scratch, const Rows& rows) const {
  const Class own = partition_ == SIZE_MAX ? kUnknown : query.classes_[partition_];
  if (own == kUnknown) return scan_range(segments_[segment], query, scratch, rows);
  scan_range(general_[segment], query, scratch, rows);
  WordRange mine = own_[own][segment];
  mine.begin = std::max(mine.begin, general_[segment].end);
  if (mine.begin < mine.end) scan_range(mine, query, scratch, rows);
}

// Certain ones first; each group in the pack's order.
void Matcher::sort_holds(const Query& query, Scratch& scratch) const {
  static constexpr uint32_t kUncertain = uint32_t{1} << 31U;
  auto& rules = scratch.rules_;
  for (uint32_t& rule : rules) {
    const bool certain = cases_[rule].effect == Effect::kHold && truth(rule, query) == Truth::kTrue;
    if (certain) ++scratch.certain_;
    if (!certain) rule |= kUncertain;
  }
  std::sort(rules.begin(), rules.end());
  for (uint32_t& rule : rules) rule &= ~kUncertain;
}

void Matcher::bind_obligations(uint32_t rule, Scratch& scratch) const {
  auto& bound = scratch.obligations_;
  for (const BoundObligation& added : obligations_[rule]) {
    auto at = bound.begin();
    while (at != bound.end() && at->subject < added.subject) ++at;
    if (at == bound.end() || at->subject != added.subject) {
      bound.insert(at, added);
      continue;
    }
    switch (added.spec->kind) {
      case ObligationKind::kInspect:
      case ObligationKind::kDeleteAfter:
        at->amount = std::min(at->amount, added.amount);
        break;
      case ObligationKind::kKeepRecord:
      case ObligationKind::kReview:
        at->amount = std::max(at->amount, added.amount);
        break;
      case ObligationKind::kMask:
        at->names |= added.names;
        break;
      case ObligationKind::kResidency:
        at->names &= added.names;
        break;
      case ObligationKind::kNoNetwork:
      case ObligationKind::kNoOnwardTransfer:
      case ObligationKind::kNotify:
      case ObligationKind::kEncrypt:
      case ObligationKind::kDuty:
        break;
    }
  }
}

Effect Matcher::decide(const Query& query, Scratch& scratch) const {
  scratch.rules_.clear();
  scratch.obligations_.clear();
  scratch.rows_.clear();
  scratch.certain_ = 0;
  Rows rows;
  for (const Slot& slot : slots_) {
    if (slot.is_set && !query.members_[slot.slot].empty() && rows.set_count < rows.sets.size()) {
      rows.sets[rows.set_count++] = {row(slot.first), &slot, &query.members_[slot.slot]};
    } else if (slot.is_set) {
      scratch.rows_.push_back(row(slot.first));
    } else {
      scratch.rows_.push_back(row(slot.first + query.classes_[slot.slot]));
    }
  }
  rows.plain = scratch.rows_;

  scan(kForbid, query, scratch, rows);
  if (!scratch.rules_.empty()) {
    std::sort(scratch.rules_.begin(), scratch.rules_.end());
    scratch.certain_ = scratch.rules_.size();
    return Effect::kForbid;
  }
  scan(kForbidPossible, query, scratch, rows);
  scan(kHold, query, scratch, rows);
  sort_holds(query, scratch);
  const size_t holds = scratch.rules_.size();
  for (const uint32_t rule : scratch.rules_) bind_obligations(rule, scratch);
  scan(kPermit, query, scratch, rows);
  for (size_t i = holds; i < scratch.rules_.size(); ++i) bind_obligations(scratch.rules_[i], scratch);
  if (holds > 0) {
    scratch.rules_.resize(holds);
    return Effect::kHold;
  }
  std::sort(scratch.rules_.begin(), scratch.rules_.end());
  scratch.certain_ = scratch.rules_.size();
  return scratch.rules_.empty() ? pack_->default_effect : Effect::kPermit;
}

Query Matcher::query(const Request& request, Date today) const {
  Query out(*this, today);
  for (const auto& [name, value] : request.attributes()) {
    const size_t at = slot(name);
    if (at == Policy::kNoSlot) continue;
    if (const auto* flag = std::get_if<bool>(&value)) out.set(at, *flag);
    if (const auto* number = std::get_if<int64_t>(&value)) out.set(at, *number);
    if (const auto* text = std::get_if<std::string>(&value)) out.set(at, std::string_view(*text));
    if (const auto* members = std::get_if<std::vector<std::string>>(&value)) {
      for (const std::string& member : *members) out.add_member(at, member);
    }
  }
  return out;
}

}  // namespace hetao::policy
