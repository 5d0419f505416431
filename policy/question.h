// What a Comparison is asked, in numbers: pieces whose conditions are conjunctions are bits ("plain"), other
// conditions are numbered formulas. Attributes (and members of sets) are variables, and their classes that no
// piece tells apart are one group. Private to the analysis. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "policy/analysis.h"

namespace hetao::policy {

using Bits = std::vector<uint64_t>;

inline bool has(const Bits& bits, size_t at) {
  return ((bits[at / 64] >> (at % 64)) & 1U) != 0;
}
inline void put(Bits& bits, size_t at) {
  bits[at / 64] |= uint64_t{1} << (at % 64);
}
bool meets(const Bits& a, const Bits& b);
bool is_empty(const Bits& bits);
size_t hash_of(std::span<const uint64_t> words, size_t seed);

// Conditions that are more than a conjunction: numbered, equal ones alike. Restricting one to a group of a
// variable gives another.
class FormulaTable {
 public:
  static constexpr uint32_t kNever = 0;
  static constexpr uint32_t kAlways = 1;

  FormulaTable();
  uint32_t test(uint32_t variable, Bits accepted);
  uint32_t combine(Formula::Kind kind, const std::vector<uint32_t>& parts);  // kAll or kAny
  uint32_t restrict(uint32_t formula, uint32_t variable, uint32_t group);
  std::span<const uint32_t> variables(uint32_t formula) const { return nodes_[formula].variables; }
  size_t size() const { return nodes_.size(); }

 private:
  struct Node {
    Formula::Kind kind = Formula::Kind::kAlways;
    uint32_t variable = 0;
    Bits accepted;                    // groups; of tests
    std::vector<uint32_t> parts;      // sorted
    std::vector<uint32_t> variables;  // sorted: all that it tests
  };
  uint32_t keep(Node node);

  std::vector<Node> nodes_;
  std::unordered_multimap<size_t, uint32_t> by_hash_;
  std::map<std::pair<uint32_t, uint64_t>, uint32_t> restricted_;
};

struct Question {
  // A kind of piece: what it brings about on which sides.
  struct Kind {
    uint32_t outcome = 0;
    uint8_t sides = kBothSides;
    Bits pieces;  // plain ones
  };
  struct Plain {
    std::vector<uint32_t> variables;  // sorted
    uint32_t kind = 0;
  };
  struct Open {
    uint32_t kind = 0;
    uint32_t formula = 0;
    friend auto operator<=>(const Open&, const Open&) = default;
  };
  struct Variable {
    size_t slot = 0;
    uint32_t member = Formula::kWhole;
    std::vector<ClassSet> groups;
    std::vector<Bits> rows;  // a group: plain pieces that it does not rule out
    Bits tested_by;          // plain pieces
  };

  // Only pieces that can hold together with one that is not on both sides.
  Question(const Universe& universe, const Pieces& pieces);

  std::vector<Variable> variables;
  std::vector<Plain> plain;
  std::vector<Kind> kinds;
  std::vector<Open> open;  // sorted
  FormulaTable formulas;
  Bits changed;           // plain pieces that are on one side alone
  bool complete = false;  // false: too much to number
};

}  // namespace hetao::policy
