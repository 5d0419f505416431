// Builds a Matcher: cases into segments and partitions, then the rows.
#include <algorithm>
#include <bit>
#include <map>
#include <tuple>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "policy/matcher.h"

namespace hetao::policy {

namespace {

// A policy with fewer cases is read whole as quickly.
constexpr size_t kPartitionCasesMin = 512;

const Accept* accept_of(const Case& one, size_t slot) {
  const auto at = std::lower_bound(one.accepts.begin(), one.accepts.end(), slot,
                                   [](const Accept& a, size_t s) { return a.slot < s; });
  return at != one.accepts.end() && at->slot == slot ? &*at : nullptr;
}

// The one known class that a case asks of a slot; kUnknownClass if it does not ask for just one.
Class single_class(const Case& one, size_t slot) {
  const Accept* accept = accept_of(one, slot);
  if (accept == nullptr) return kUnknownClass;
  const uint64_t known = accept->classes.count() - (accept->classes.contains(kUnknownClass) ? 1 : 0);
  if (known != 1) return kUnknownClass;
  return accept->classes.ranges().back().end - 1;
}

}  // namespace

class MatcherBuilder {
 public:
  explicit MatcherBuilder(const LoadedPack& pack) : matcher_(std::make_unique<Matcher>()) {
    matcher_->pack_ = &pack;
  }
  tl::expected<std::unique_ptr<const Matcher>, Diagnostics> build();

 private:
  struct Placed {
    const Case* one = nullptr;
    uint32_t rule = 0;
    Class own = kUnknownClass;  // of the partition
    Matcher::Segment segment = Matcher::kForbid;
  };

  void make_intakes();
  void write_cases();
  void bind_obligations();
  void choose_partition();
  void place_all();
  void place(const Placed& placed);
  void pad_to_words(size_t words);
  void find_slots();
  void fill_rows();
  void fill_scalar(Matcher::Slot& slot);
  void fill_set(Matcher::Slot& slot);
  uint64_t* add_row();
  void report(const Rule& rule, std::string message, std::string hint);
  const std::vector<Case>& cases_in(Matcher::Segment segment, const RuleCases& rule) const;

  std::unique_ptr<Matcher> matcher_;
  Diagnostics mistakes_;
  std::vector<const Case*> case_of_;  // a bit; nullptr: padding
  std::vector<uint64_t> real_bits_;   // no padding
};

void MatcherBuilder::report(const Rule& rule, std::string message, std::string hint) {
  mistakes_.push_back(
      {rule.place.file, rule.place.line, rule.place.column, std::move(message), {}, std::move(hint)});
}

void MatcherBuilder::make_intakes() {
  for (const Domain& domain : matcher_->universe_.domains()) {
    Matcher::Intake& intake = matcher_->intakes_.emplace_back();
    intake.type = domain.attribute().type;
    intake.is_set = domain.is_set();
    intake.cuts = domain.cuts();
    intake.unnamed = domain.unnamed().value_or(kUnknownClass);
    intake.look = !domain.unnamed().has_value();
    if (intake.type != Type::kDate) intake.texts = &domain.table();
  }
}

void MatcherBuilder::write_cases() {
  const LoadedPack& pack = *matcher_->pack_;
  size_t total = 0;
  for (uint32_t i = 0; i < pack.rules.size(); ++i) {
    auto cases = cases_of(pack, 0, i, matcher_->universe_);
    if (!cases) {
      report(pack.rules[i],
             "rule " + pack.rules[i].id + " has more than " + std::to_string(limits::kPolicyCasesPerRuleMax) +
                 " cases when it is written out",
             "split it into several rules");
      continue;
    }
    total += cases->certain.size() + cases->possible.size();
    if (total > limits::kPolicyCasesMax) {
      report(pack.rules[i], "the pack has more than " + std::to_string(limits::kPolicyCasesMax) + " cases",
             "split it");
      return;
    }
    matcher_->expressions_.push_back(expression_of(pack.rules[i], 0, matcher_->universe_));
    matcher_->cases_.push_back(std::move(*cases));
  }
}

// Numbers kinds and keys, and the names of masks and regions, so that a decision merges by number.
void MatcherBuilder::bind_obligations() {
  const LoadedPack& pack = *matcher_->pack_;
  std::vector<std::string>& names = matcher_->obligation_names_;
  for (const Rule& rule : pack.rules) {
    for (const ObligationSpec& spec : rule.obligations) {
      matcher_->subjects_.push_back({spec.kind, spec.key, 0, {}});
      names.insert(names.end(), spec.names.begin(), spec.names.end());
    }
  }
  const auto make_unique = [](auto& list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  };
  make_unique(matcher_->subjects_);
  make_unique(names);
  if (names.size() > 64) {
    mistakes_.push_back(
        {"pack.yaml", 0, 0, "obligations name more than 64 kinds and regions in all", {}, {}});
    return;
  }
  for (const Rule& rule : pack.rules) {
    auto& bound = matcher_->obligations_.emplace_back();
    for (const ObligationSpec& spec : rule.obligations) {
      const ObligationSpec subject{spec.kind, spec.key, 0, {}};
      const auto at = std::lower_bound(matcher_->subjects_.begin(), matcher_->subjects_.end(), subject);
      BoundObligation one{&*at, static_cast<uint32_t>(at - matcher_->subjects_.begin()), spec.amount, 0};
      for (const std::string& name : spec.names) {
        const auto bit = std::lower_bound(names.begin(), names.end(), name) - names.begin();
        one.names |= uint64_t{1} << static_cast<unsigned>(bit);
      }
      bound.push_back(one);
    }
    std::sort(bound.begin(), bound.end(), [](const auto& a, const auto& b) { return a.subject < b.subject; });
  }
}

const std::vector<Case>& MatcherBuilder::cases_in(Matcher::Segment segment, const RuleCases& rule) const {
  static const std::vector<Case> kNone;
  switch (segment) {
    case Matcher::kForbid:
      return rule.effect == Effect::kForbid ? rule.certain : kNone;
    case Matcher::kForbidPossible:
      return rule.effect == Effect::kForbid && rule.possible != rule.certain ? rule.possible : kNone;
    case Matcher::kHold:
      return rule.effect == Effect::kHold ? rule.certain : kNone;
    case Matcher::kHoldPossible:
      return rule.effect == Effect::kHold && rule.possible != rule.certain ? rule.possible : kNone;
    case Matcher::kPermit:
      return rule.effect == Effect::kPermit ? rule.certain : kNone;
  }
  return kNone;
}

// The attribute that most cases bind to one value, if most do.
void MatcherBuilder::choose_partition() {
  std::map<size_t, size_t> bound;
  size_t total = 0;
  for (const RuleCases& rule : matcher_->cases_) {
    for (uint32_t s = 0; s < Matcher::kSegments; ++s) {
      for (const Case& one : cases_in(static_cast<Matcher::Segment>(s), rule)) {
        ++total;
        for (const Accept& accept : one.accepts) {
          if (matcher_->domain(accept.slot).size() > 16 && single_class(one, accept.slot) != kUnknownClass)
            ++bound[accept.slot];
        }
      }
    }
  }
  if (total < kPartitionCasesMin) return;
  size_t most = total / 2;
  for (const auto& [slot, count] : bound) {
    if (count <= most) continue;
    most = count;
    matcher_->partition_ = slot;
  }
}

void MatcherBuilder::place(const Placed& placed) {
  Matcher::Entry entry{placed.rule, UINT32_MAX, placed.segment};
  std::vector<Members> residual;
  for (const Members& members : placed.one->members) {
    if (members.any_of.size() > 1) residual.push_back(members);
  }
  if (!residual.empty()) {
    entry.residual = static_cast<uint32_t>(matcher_->residuals_.size());
    matcher_->residuals_.push_back(std::move(residual));
  }
  matcher_->entries_.push_back(entry);
  case_of_.push_back(placed.one);
}

void MatcherBuilder::pad_to_words(size_t words) {
  const size_t unit = words * 64;
  matcher_->entries_.resize((matcher_->entries_.size() + unit - 1) / unit * unit,
                            {UINT32_MAX, UINT32_MAX, Matcher::kForbid});
  case_of_.resize(matcher_->entries_.size(), nullptr);
}

void MatcherBuilder::place_all() {
  std::vector<Placed> all;
  for (const RuleCases& rule : matcher_->cases_) {
    for (uint32_t s = 0; s < Matcher::kSegments; ++s) {
      const auto segment = static_cast<Matcher::Segment>(s);
      for (const Case& one : cases_in(segment, rule)) {
        const bool split = matcher_->partition_ != SIZE_MAX;
        all.push_back(
            {&one, rule.rule, split ? single_class(one, matcher_->partition_) : kUnknownClass, segment});
      }
    }
  }
  std::sort(all.begin(), all.end(), [](const Placed& a, const Placed& b) {
    return std::tie(a.own, a.segment, a.rule, a.one) < std::tie(b.own, b.segment, b.rule, b.one);
  });
  Matcher& m = *matcher_;
  if (m.partition_ != SIZE_MAX) m.own_.resize(m.domain(m.partition_).size());
  const auto word = [&] { return static_cast<uint32_t>(m.entries_.size() / 64); };
  const auto word_end = [&] { return static_cast<uint32_t>((m.entries_.size() + 63) / 64); };
  size_t at = 0;
  for (uint32_t s = 0; s < Matcher::kSegments; ++s) {  // general ones
    m.general_[s].begin = word();
    for (; at < all.size() && all[at].own == kUnknownClass && all[at].segment == s; ++at) place(all[at]);
    m.general_[s].end = word_end();
    // Only what follows the forbids is read apart from them.
    if (s == Matcher::kForbid || s + 1 == Matcher::kSegments) pad_to_words(1);
  }
  while (at < all.size()) {
    Matcher::WordRange& own = m.own_[all[at].own];
    const Class mine = all[at].own;
    own.begin = word();
    for (; at < all.size() && all[at].own == mine; ++at) place(all[at]);
    own.end = word_end();
  }
  m.all_ = {0, word_end()};
  pad_to_words(1);
  // A block may be read past a range's end. Whole cache lines, and an odd number of them: rows that are read
  // together don't meet in one set of the cache.
  m.words_ = (m.entries_.size() / 64 + Matcher::kBlockWords) / 8 * 8 + 8;
  if (m.words_ / 8 % 2 == 0) m.words_ += 8;
  m.entries_.resize(m.words_ * 64, {UINT32_MAX, UINT32_MAX, Matcher::kForbid});
  case_of_.resize(m.entries_.size(), nullptr);
  real_bits_.resize(m.words_);
  for (size_t bit = 0; bit < case_of_.size(); ++bit) {
    if (case_of_[bit] != nullptr) real_bits_[bit / 64] |= uint64_t{1} << (bit % 64);
  }
}

void MatcherBuilder::find_slots() {
  std::vector<bool> tested(matcher_->universe_.domains().size());
  for (const Case* one : case_of_) {
    if (one == nullptr) continue;
    for (const Accept& accept : one->accepts) tested[accept.slot] = true;
    for (const Members& members : one->members) tested[members.slot] = true;
  }
  size_t rows = 0;
  size_t sets = 0;
  for (uint32_t slot = 0; slot < tested.size(); ++slot) {
    if (!tested[slot]) continue;
    Matcher::Slot added;
    added.slot = slot;
    added.is_set = matcher_->domain(slot).is_set();
    if (added.is_set) ++sets;
    rows += size_t{matcher_->domain(slot).size()} * (added.is_set ? 2 : 1) + 1;
    matcher_->slots_.push_back(std::move(added));
  }
  if (rows * matcher_->words_ * 8 > limits::kPolicyRowBytesMax) {
    mistakes_.push_back({"pack.yaml",
                         0,
                         0,
                         "the pack's rules and values need more than 1 GiB when compiled",
                         {},
                         "split it"});
  }
  if (sets > limits::kPolicySetsMax) {
    mistakes_.push_back({"pack.yaml",
                         0,
                         0,
                         "the rules test more than " + std::to_string(limits::kPolicySetsMax) + " sets",
                         {},
                         {}});
  }
}

uint64_t* MatcherBuilder::add_row() {
  auto& bits = matcher_->bits_;
  bits.resize(bits.size() + matcher_->words_);
  return bits.data() + bits.size() - matcher_->words_;
}

// Walks the classes in order and turns bits on and off where cases begin and end to accept them.
void MatcherBuilder::fill_scalar(Matcher::Slot& slot) {
  const Class classes = matcher_->domain(slot.slot).size();
  std::vector<uint64_t> running = real_bits_;
  std::vector<std::vector<uint32_t>> flips(classes + 1);
  for (uint32_t bit = 0; bit < case_of_.size(); ++bit) {
    const Accept* accept = case_of_[bit] == nullptr ? nullptr : accept_of(*case_of_[bit], slot.slot);
    if (accept == nullptr) continue;
    running[bit / 64] &= ~(uint64_t{1} << (bit % 64));
    for (const auto& range : accept->classes.ranges()) {
      flips[range.begin].push_back(bit);
      flips[range.end].push_back(bit);
    }
  }
  slot.first = matcher_->bits_.size() / matcher_->words_;
  size_t ones = 0;
  for (Class c = 0; c < classes; ++c) {
    for (const uint32_t bit : flips[c]) running[bit / 64] ^= uint64_t{1} << (bit % 64);
    std::copy(running.begin(), running.end(), add_row());
    for (const uint64_t word : running) ones += static_cast<size_t>(std::popcount(word));
  }
  slot.density =
      static_cast<double>(ones) / (static_cast<double>(classes) * static_cast<double>(case_of_.size()));
}

void MatcherBuilder::fill_set(Matcher::Slot& slot) {
  std::vector<uint64_t> empty(matcher_->words_, ~uint64_t{0});    // what the empty set is admitted to
  std::map<uint32_t, std::array<std::vector<uint32_t>, 2>> bits;  // by member: admits, rules out
  for (uint32_t bit = 0; bit < case_of_.size(); ++bit) {
    if (case_of_[bit] == nullptr) continue;
    for (const Members& members : case_of_[bit]->members) {
      if (members.slot != slot.slot) continue;
      if (!members.any_of.empty()) {
        empty[bit / 64] &= ~(uint64_t{1} << (bit % 64));
        for (const uint32_t member : members.any_of.front()) bits[member][0].push_back(bit);
      }
      for (const uint32_t member : members.none_of) bits[member][1].push_back(bit);
    }
  }
  slot.first = matcher_->bits_.size() / matcher_->words_;
  std::copy(empty.begin(), empty.end(), add_row());
  slot.members.assign(matcher_->domain(slot.slot).size(), {Matcher::kNoRow, Matcher::kNoRow});
  for (const auto& [member, both] : bits) {
    for (size_t kind = 0; kind < 2; ++kind) {
      if (both[kind].empty()) continue;
      slot.members[member][kind] = matcher_->bits_.size() / matcher_->words_;
      uint64_t* row = add_row();
      for (const uint32_t bit : both[kind]) row[bit / 64] |= uint64_t{1} << (bit % 64);
    }
  }
  size_t ones = 0;
  for (const uint64_t word : empty) ones += static_cast<size_t>(std::popcount(word));
  slot.density = static_cast<double>(ones) / static_cast<double>(case_of_.size());
}

void MatcherBuilder::fill_rows() {
  for (Matcher::Slot& slot : matcher_->slots_) slot.is_set ? fill_set(slot) : fill_scalar(slot);
  std::sort(matcher_->slots_.begin(), matcher_->slots_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.density, a.slot) < std::tie(b.density, b.slot);
  });
}

tl::expected<std::unique_ptr<const Matcher>, Diagnostics> MatcherBuilder::build() {
  const LoadedPack* const packs[] = {matcher_->pack_};
  auto universe = Universe::of(packs);
  if (!universe) return tl::unexpected<Diagnostics>(std::move(universe.error()));
  matcher_->universe_ = std::move(*universe);
  std::vector<std::string> names;
  for (const Domain& domain : matcher_->universe_.domains()) names.push_back(domain.attribute().name);
  matcher_->names_ = StringTable(names);
  matcher_->date_slot_ = *matcher_->universe_.find("time.date");
  make_intakes();
  write_cases();
  bind_obligations();
  if (mistakes_.empty()) {
    choose_partition();
    place_all();
    find_slots();
  }
  if (!mistakes_.empty()) return tl::unexpected<Diagnostics>(std::move(mistakes_));
  fill_rows();
  return std::unique_ptr<const Matcher>(std::move(matcher_));
}

tl::expected<std::unique_ptr<const Matcher>, Diagnostics> Matcher::build(const LoadedPack& pack) {
  return MatcherBuilder(pack).build();
}

}  // namespace hetao::policy
