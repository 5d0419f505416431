// The compiled form of a policy: cases as bits, a row of bits for each class of each attribute, and the AND
// of one row an attribute as the decision. Private to the room. Immutable once built; safe to share.
//
// The cases stand in five segments: forbids that are certain, forbids that can't be ruled out, holds that are
// certain, holds that can't be ruled out, permits that are certain. Cases that bind one attribute (the
// "partition", such as the tenant) to a single value stand apart, those of a value together: a decision
// reads the general segments and its own value's cases.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "policy/cases.h"
#include "policy/domain.h"
#include "policy/evaluate.h"
#include "policy/policy.h"

namespace hetao::policy {

class Matcher {
 public:
  static tl::expected<std::unique_ptr<const Matcher>, Diagnostics> build(const LoadedPack& pack);

  Effect decide(const Query& query, Scratch& scratch) const;

  size_t slot(std::string_view attribute) const;
  const Universe& universe() const { return universe_; }
  const Domain& domain(size_t slot) const { return universe_.domains()[slot]; }
  // What a Query needs to turn a value into a class, close together.
  struct Intake {
    const StringTable* texts = nullptr;  // of texts that are not dates; of a set's members
    std::span<const int64_t> cuts;
    Class unnamed = kUnknownClass;
    bool look = false;  // a text that has no name must be looked at
    bool is_set = false;
    Type type = Type::kBoolean;
  };
  const Intake& intake(size_t slot) const { return intakes_[slot]; }
  size_t date_slot() const { return date_slot_; }
  Query query(const Request& request, Date today) const;
  std::span<const uint32_t> classes(const Query& query) const { return query.classes_; }
  View view(const Query& query) const { return {query.classes_, query.members_}; }

  // For explanations, which try other values.
  void set_class(Query& query, size_t slot, Class value) const { query.classes_[slot] = value; }
  bool sets_hold(const Case& one, const Query& query) const;

  Truth truth(uint32_t rule, const Query& query) const;
  // Attributes whose being unknown makes the rule's condition unknown; sorted names.
  std::vector<std::string> unknown_in(uint32_t rule, const Query& query) const;
  const std::vector<RuleCases>& cases() const { return cases_; }
  const std::vector<std::string>& obligation_names() const { return obligation_names_; }
  void bind_obligations(uint32_t rule, Scratch& scratch) const;

 private:
  friend class MatcherBuilder;

  static constexpr size_t kSegments = Scratch::kSegments;
  enum Segment : uint32_t { kForbid, kForbidPossible, kHold, kHoldPossible, kPermit };
  static constexpr size_t kBlockWords = 8;

  struct WordRange {
    uint32_t begin = 0;
    uint32_t end = 0;
  };
  struct Entry {
    uint32_t rule = 0;
    uint32_t residual = UINT32_MAX;  // into residuals_: sets that the rows don't settle
    Segment segment = kForbid;
  };
  // Rows of one slot. For a set, `first` is the row of the empty set, and a member has two rows: what it
  // admits besides, and what it rules out; kNoRow where that is nothing.
  struct Slot {
    uint32_t slot = 0;
    bool is_set = false;
    size_t first = 0;
    std::vector<std::array<size_t, 2>> members;
    double density = 1.0;
  };
  static constexpr size_t kNoRow = SIZE_MAX;

  struct Rows;
  void choose_rows(const Query& query, Scratch& scratch, Rows& rows) const;
  void scan(WordRange range, const Query& query, Scratch& scratch, const Rows& rows) const;
  template <size_t kWords>
  void scan_block(uint32_t word, const Query& query, Scratch& scratch, const Rows& rows) const;
  void take(uint32_t word, uint64_t bits, const Query& query, Scratch& scratch) const;
  static bool members_hold(const std::vector<Members>& all, const Query& query);
  static void gather_holds(Scratch& scratch);
  const uint64_t* row(size_t index) const { return bits_.data() + index * words_; }

  const LoadedPack* pack_ = nullptr;
  Universe universe_;
  std::vector<Intake> intakes_;  // a slot
  size_t date_slot_ = 0;
  StringTable names_;
  std::vector<RuleCases> cases_;
  std::vector<Expression> expressions_;                    // a rule's condition, for truth()
  std::vector<std::vector<BoundObligation>> obligations_;  // a rule's
  std::vector<ObligationSpec> subjects_;
  std::vector<std::string> obligation_names_;

  std::vector<Entry> entries_;  // a bit each; padding has rule UINT32_MAX
  std::vector<std::vector<Members>> residuals_;
  std::vector<uint64_t> bits_;
  size_t words_ = 0;
  std::vector<Slot> slots_;  // those that some case tests, the most selective first
  WordRange all_;
  std::array<WordRange, kSegments> general_;
  size_t partition_ = SIZE_MAX;  // slot
  std::vector<WordRange> own_;   // by the partition's class
};

}  // namespace hetao::policy
