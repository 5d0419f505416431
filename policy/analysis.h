// Exact comparison of two sets of cases over all possible requests. Whether anything differs is found by one
// decision diagram: level by level an attribute's classes branch, and states in which the same cases are
// still alive are one node. What differs is found by splitting boxes (regions.cpp): as disjoint regions.
// Private to the room; used by diff and lint. Not thread-safe; one use an object.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

#include "policy/cases.h"
#include "policy/domain.h"

namespace hetao::policy {

// What matching cases of a kind bring about. Sorted by rank, then obligations.
struct OutcomeClass {
  enum Rank : uint8_t { kDefault, kPermits, kHolds, kForbids };
  Rank rank = kDefault;
  Effect effect = Effect::kForbid;
  std::vector<ObligationSpec> obligations;
  friend auto operator<=>(const OutcomeClass&, const OutcomeClass&) = default;
};

// The decision of a set of matching classes: the highest rank wins; permits' and holds' obligations add up.
struct Outcome {
  Effect effect = Effect::kForbid;
  std::vector<ObligationSpec> obligations;
  friend auto operator<=>(const Outcome&, const Outcome&) = default;
};

enum Sides : uint8_t { kBefore = 1, kAfter = 2, kBothSides = 3 };

struct Piece {
  const Case* one = nullptr;
  uint32_t outcome = 0;  // index into the classes
  uint8_t sides = kBothSides;
  uint32_t rule = kNoRule;

  static constexpr uint32_t kNoRule = UINT32_MAX;  // the default
};

// All cases of a pack with the outcomes that they bring about, the default included.
struct Pieces {
  std::vector<OutcomeClass> outcomes;
  std::vector<Piece> pieces;
  bool complete = true;  // false: some rule has too many cases

  uint32_t outcome_number(OutcomeClass outcome);
  void add(const LoadedPack& pack, size_t pack_number, const Universe& universe, uint8_t sides);
  const Case* keep(Case one);  // its address stays as long as any copy of these Pieces lives
  // Pieces that say the same become one, on the sides of both.
  void merge_equal();

 private:
  std::shared_ptr<std::deque<Case>> kept_ = std::make_shared<std::deque<Case>>();
};

// A box of requests: slots that it does not name are free. Where the effects differ, nobody compares
// obligations, and the outcomes have none.
struct Region {
  std::vector<Accept> accepts;
  std::vector<Members> members;  // any_of groups have one member each
  Outcome before;
  Outcome after;
};

class Comparison {
 public:
  // `pieces` are read during the calls below. Only what meets a difference is looked at.
  Comparison(const Universe& universe, const Pieces& pieces, uint64_t nodes_max);

  // Whether any request's outcome differs; nullopt: gave up.
  std::optional<bool> differs();

  // The regions, at most `most` of them; how many there are in all, in `total`. Sets gave_up(): then they are
  // not all.
  std::vector<Region> regions(size_t most, double& total);
  bool gave_up() const { return gave_up_; }

 private:
  friend class Splitter;
  using Bits = std::vector<uint64_t>;
  struct Variable {
    size_t slot = 0;
    uint32_t member = UINT32_MAX;  // of a set
    struct Group {
      ClassSet classes;  // of a set's member: 0 absent, 1 present
      Bits row;          // pieces that accept these classes
    };
    std::vector<Group> groups;
    Bits tested_by;  // pieces that say anything of it
    bool by_change = false;
  };
  struct State {
    Bits alive;   // pieces that may still match and are not yet satisfied
    Bits before;  // classes satisfied on each side
    Bits after;
    friend bool operator==(const State&, const State&) = default;
  };
  struct Key {
    uint32_t level = 0;
    State state;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };
  struct FlatPiece {
    std::vector<std::pair<uint32_t, ClassSet>> accepts;  // variable
    uint32_t outcome = 0;
    uint8_t sides = kBothSides;
    uint32_t last_level = 0;  // one past the last level that tests it
  };

  void choose_pieces(const Pieces& pieces);
  void flatten(const Piece& piece);
  uint32_t variable_of(size_t slot, uint32_t member);
  void make_groups(uint32_t variable);
  void order_levels();
  void make_masks();
  void settle(uint32_t level, State& state) const;
  void drop_weaker(Bits& satisfied) const;
  bool is_same(const State& state) const;
  Outcome outcome_of(const Bits& satisfied) const;
  State start() const;
  std::optional<bool> differs_from(uint32_t level, State state);

  const Universe* universe_;
  std::span<const OutcomeClass> classes_;
  uint64_t nodes_max_;
  uint64_t words_left_;  // of memory for states
  bool gave_up_ = false;
  std::vector<FlatPiece> pieces_;
  std::vector<Variable> variables_;
  std::vector<uint32_t> levels_;    // variables in order
  std::vector<Bits> satisfied_at_;  // by level: pieces that no later level tests
  std::vector<Bits> of_class_;      // by class: its pieces
  std::vector<Bits> weaker_than_;   // by class: pieces that matter no more once it is satisfied
  Bits changed_;
  Bits before_only_;
  Bits after_only_;
  Bits common_;
  std::unordered_set<Key, KeyHash> seen_;
};

}  // namespace hetao::policy
