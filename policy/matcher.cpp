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
    auto& rules = scratch.matched_[entry.segment];
    if (rules.empty() || rules.back() != entry.rule) rules.push_back(entry.rule);
  }
}

template <size_t kWords>
void Matcher::scan_block(uint32_t word, const Query& query, Scratch& scratch, const Rows& rows) const {
  std::array<uint64_t, kWords> acc;
  acc.fill(~uint64_t{0});
  for (const uint64_t* const r : rows.plain) {
    for (size_t i = 0; i < kWords; ++i) acc[i] &= r[word + i];
    // Where few words are read, a branch that nobody can predict costs more than the rest of the rows.
    if constexpr (kWords == kBlockWords) {
      uint64_t any = 0;
      for (size_t i = 0; i < kWords; ++i) any |= acc[i];
      if (any == 0) return;
    }
  }
  for (size_t s = 0; s < rows.set_count; ++s) {
    const Rows::Set& set = rows.sets[s];
    std::array<uint64_t, kWords> admitted;
    for (size_t i = 0; i < kWords; ++i) admitted[i] = set.base[word + i];
    for (const uint32_t member : *set.members) {
      const auto [admits, rules_out] = set.slot->members[member];
      if (admits != kNoRow) {
        for (size_t i = 0; i < kWords; ++i) admitted[i] |= row(admits)[word + i];
      }
      if (rules_out != kNoRow) {
        for (size_t i = 0; i < kWords; ++i) acc[i] &= ~row(rules_out)[word + i];
      }
    }
    for (size_t i = 0; i < kWords; ++i) acc[i] &= admitted[i];
  }
  for (uint32_t i = 0; i < kWords; ++i) {
    if (acc[i] != 0) take(word + i, acc[i], query, scratch);
  }
}

// A block may reach past the range's end: what it finds there matches as well, and is found once more at
// most (rules are made unique at the end).
void Matcher::scan(WordRange range, const Query& query, Scratch& scratch, const Rows& rows) const {
  uint32_t word = range.begin;
  for (; word + 4 < range.end; word += kBlockWords) scan_block<kBlockWords>(word, query, scratch, rows);
  if (word + 2 < range.end) return scan_block<4>(word, query, scratch, rows);
  if (word < range.end) scan_block<2>(word, query, scratch, rows);
}

namespace {

void sort_unique(std::vector<uint32_t>& rules) {
  if (rules.size() < 2) return;
  std::sort(rules.begin(), rules.end());
  rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
}

}  // namespace

// Certain ones first; each group in the pack's order.
void Matcher::gather_holds(Scratch& scratch) {
  auto& [forbid, forbid_possible, hold, hold_possible, permit] = scratch.matched_;
  auto& rules = scratch.rules_;
  rules.assign(hold.begin(), hold.end());
  sort_unique(rules);
  scratch.certain_ = rules.size();
  if (forbid_possible.empty() && hold_possible.empty()) return;
  hold_possible.insert(hold_possible.end(), forbid_possible.begin(), forbid_possible.end());
  sort_unique(hold_possible);
  for (const uint32_t rule : hold_possible) {
    const auto certain_end = rules.begin() + static_cast<std::ptrdiff_t>(scratch.certain_);
    if (!std::binary_search(rules.begin(), certain_end, rule)) rules.push_back(rule);
  }
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
      case ObligationKind::kMinGroup:
      case ObligationKind::kKAnonymity:
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

void Matcher::choose_rows(const Query& query, Scratch& scratch, Rows& rows) const {
  scratch.rows_.resize(slots_.size());
  const uint64_t** next = scratch.rows_.data();
  for (const Slot& slot : slots_) {
    if (!slot.is_set) {
      *next++ = row(slot.first + query.classes_[slot.slot]);
    } else if (query.members_[slot.slot].empty() || rows.set_count == rows.sets.size()) {
      *next++ = row(slot.first);
    } else {
      rows.sets[rows.set_count++] = {row(slot.first), &slot, &query.members_[slot.slot]};
    }
  }
  rows.plain = {scratch.rows_.data(), next};
}

Effect Matcher::decide(const Query& query, Scratch& scratch) const {
  for (auto& matched : scratch.matched_) matched.clear();
  scratch.rules_.clear();
  scratch.obligations_.clear();
  Rows rows;
  choose_rows(query, scratch, rows);

  const Class own = partition_ == SIZE_MAX ? kUnknownClass : query.classes_[partition_];
  const bool split = partition_ != SIZE_MAX && own != kUnknownClass;
  if (split) scan(own_[own], query, scratch, rows);
  scan(split || partition_ == SIZE_MAX ? general_[kForbid] : all_, query, scratch, rows);
  auto& rules = scratch.rules_;
  if (!scratch.matched_[kForbid].empty()) {
    rules.assign(scratch.matched_[kForbid].begin(), scratch.matched_[kForbid].end());
    sort_unique(rules);
    scratch.certain_ = rules.size();
    return Effect::kForbid;
  }
  if (split || partition_ == SIZE_MAX)
    scan({general_[kForbidPossible].begin, general_[kPermit].end}, query, scratch, rows);
  gather_holds(scratch);
  auto& permits = scratch.matched_[kPermit];
  sort_unique(permits);
  for (const uint32_t rule : rules) bind_obligations(rule, scratch);
  for (const uint32_t rule : permits) bind_obligations(rule, scratch);
  if (!rules.empty()) return Effect::kHold;
  rules.assign(permits.begin(), permits.end());
  scratch.certain_ = rules.size();
  return rules.empty() ? pack_->default_effect : Effect::kPermit;
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
