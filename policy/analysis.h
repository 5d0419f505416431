// Exact comparison of two sets of conditions over all possible requests, by one decision diagram: an
// attribute's classes branch, and what leaves the same conditions open after the same was settled is one
// node. From the diagram follows whether anything differs, in how many disjoint boxes, and which.
// Private to the room; used by diff and lint. Not thread-safe; one use an object.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "policy/cases.h"
#include "policy/domain.h"
#include "policy/formula.h"

namespace hetao::policy {

// What matching conditions of a kind bring about. Sorted by rank, then obligations.
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
  const Formula* condition = nullptr;
  uint32_t outcome = 0;  // index into the classes
  uint8_t sides = kBothSides;
  uint32_t rule = kNoRule;

  static constexpr uint32_t kNoRule = UINT32_MAX;  // the default
};

// All conditions of a pack with the outcomes that they bring about, the default included.
struct Pieces {
  std::vector<OutcomeClass> outcomes;
  std::vector<Piece> pieces;

  uint32_t outcome_number(OutcomeClass outcome);
  void add(const LoadedPack& pack, size_t pack_number, const Universe& universe, uint8_t sides);
  const Formula* keep(Formula one);  // its address stays as long as any copy of these Pieces lives
  // Pieces that say the same become one, on the sides of both.
  void merge_equal();

 private:
  std::shared_ptr<std::deque<Formula>> kept_ = std::make_shared<std::deque<Formula>>();
};

// A box of requests: slots that it does not name are free. Where the effects differ, nobody compares
// obligations, and the outcomes have none; where they are the same, the outcomes have the obligations that
// differ.
struct Region {
  struct Box {
    std::vector<Accept> accepts;
    std::vector<Members> members;  // any_of groups have one member each
  };
  Box box;
  Box example;        // within the box; one of it differs so
  bool whole = true;  // all of the box differs so; false: where no other rule decides
  Outcome before;
  Outcome after;
};

class Diagram;

class Comparison {
 public:
  // `pieces` are read during the calls below. Only what meets a difference is looked at.
  Comparison(const Universe& universe, const Pieces& pieces, uint64_t nodes_max);
  ~Comparison();

  // Whether any request's outcome differs; nullopt: gave up.
  std::optional<bool> differs();

  // The regions, at most `most` of them; how many there are in all, in `total`. Disjoint where they are at
  // most `whole_max`. Where they would be more, the regions cut what the changed pieces test alone, and what
  // differs in one is told by its outcomes as well. Where it gave up they are not all.
  std::vector<Region> regions(size_t whole_max, size_t most, double& total);
  bool gave_up() const { return gave_up_; }

 private:
  std::vector<Region> whole_regions(size_t most, double& total);
  std::vector<Region> upper_regions(size_t most, double& total);

  const Universe* universe_;
  const Pieces* pieces_;
  uint64_t nodes_max_;
  bool gave_up_ = false;
  std::unique_ptr<Diagram> diagram_;
};

}  // namespace hetao::policy
