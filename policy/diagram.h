// The decision diagram of a Question: which requests' outcomes differ, and how. A node cuts one variable's
// groups; two states that leave the same pieces open after the same was settled on both sides are one node.
// The whole diagram says exactly which requests differ. Where that would be too much to read, the upper part
// alone cuts what the changed pieces test, and its leaves say which differences there are below: each of them
// was found, or proved not to be there. Private to the analysis. Not thread-safe; one use an object.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "policy/question.h"

namespace hetao::policy {

// What is settled on one side, numbered: the strongest rank so far and the obligations that add up.
class Standings {
 public:
  struct Standing {
    OutcomeClass::Rank rank = OutcomeClass::kDefault;
    Effect effect = Effect::kForbid;
    std::vector<ObligationSpec> obligations;
    friend auto operator<=>(const Standing&, const Standing&) = default;
  };

  explicit Standings(const std::vector<OutcomeClass>& outcomes) : outcomes_(&outcomes) {}
  uint32_t number(Standing standing);
  uint32_t with(uint32_t standing, uint32_t outcome);  // that outcome's pieces match as well
  uint32_t without_obligations(uint32_t standing);
  // Without the obligations that are the same in both.
  std::pair<uint32_t, uint32_t> without_equal(uint32_t a, uint32_t b);
  const Standing& at(uint32_t standing) const { return standings_[standing]; }
  const OutcomeClass& outcome(uint32_t number) const { return (*outcomes_)[number]; }

 private:
  const std::vector<OutcomeClass>* outcomes_;
  std::vector<Standing> standings_;
  std::map<Standing, uint32_t> numbers_;
  std::unordered_map<uint64_t, uint32_t> with_;
};

class Diagram {
 public:
  static constexpr uint32_t kSame = 0;  // the node where nothing differs
  static constexpr uint32_t kEnd = UINT32_MAX;

  struct Edge {
    Bits groups;
    uint32_t to = kSame;
    friend auto operator<=>(const Edge&, const Edge&) = default;
  };
  struct Node {
    uint32_t variable = kEnd;  // kEnd: an end, where `before` and `after` differ
    uint32_t before = 0;
    uint32_t after = 0;
    double boxes = 0;  // paths to what is not kSame
    std::vector<Edge> edges;
    std::vector<uint32_t> leaf;  // of the upper part's: the ends below, sorted; kSame among them
  };

  Diagram(const Universe& universe, const Pieces& pieces, uint64_t nodes_max);

  enum class Part { kWhole, kUpper, kFirst };  // kFirst: ends at the first difference
  // The root, with kFirst any node but kSame where something differs; nullopt: gave up.
  std::optional<uint32_t> build(Part part);

  using Cuts = std::vector<std::pair<uint32_t, Bits>>;  // variables and their groups
  // A path within `box` to the end; nullopt: gave up. There has to be one.
  std::optional<Cuts> find(const Cuts& box, uint32_t end);
  bool gave_up() const { return gave_up_; }

  const Question& question() const { return question_; }
  const Node& node(uint32_t number) const { return nodes_[number]; }
  size_t size() const { return nodes_.size(); }
  Outcome outcome(uint32_t standing) const;

 private:
  struct State {
    Bits alive;                        // plain pieces that may still match and are not yet sure to
    Bits undecided;                    // variables that these test and that are not yet cut
    std::vector<Question::Open> open;  // the other pieces
    uint32_t before = 0;
    uint32_t after = 0;
    friend bool operator==(const State&, const State&) = default;
  };
  struct StateHash {
    size_t operator()(const State& state) const;
  };
  // What the standings make of the kinds of pieces that are still open.
  struct Relevance {
    uint32_t before = 0;
    uint32_t after = 0;
    std::vector<char> matters;  // a kind
    std::vector<char> needed;  // a kind: one of these has to match for anything to differ; empty: none has to
    bool same = false;         // whatever else matches, nothing differs
    bool changes = false;      // changed pieces are open
    Bits alive;                // kinds that are open
  };

  State start();
  uint32_t visit(State state);
  uint32_t cut(const State& state, const Relevance& now);
  const Relevance& settle(State& state);
  const Relevance& relevance(const State& state, bool changes, const Bits& kinds_alive);
  bool kind_matters(const Question::Kind& kind, const Relevance& now, bool changes, bool differs) const;
  bool adds(uint32_t standing, uint32_t outcome) const;
  bool touches_difference(uint32_t before, uint32_t after, const OutcomeClass& outcome) const;
  bool is_same(uint32_t before, uint32_t after) const;
  void find_needed(Relevance& now) const;
  void match(State& state, uint32_t kind);
  uint32_t choose(const State& state, const Relevance& now);

  // What a kind of piece means for reaching an end.
  enum class Role : char { kAny, kHarmful, kNeeded };
  State first_state();
  uint32_t leaf(const State& state, const Relevance& now);
  bool reach(State state, uint32_t target);
  bool try_groups(const State& state, uint32_t variable, const std::vector<uint32_t>& order, uint32_t target);
  struct Ends {
    std::vector<uint32_t> ends;  // sorted
    bool any = false;            // too many to list: it may be any
    bool has(uint32_t end) const { return any || std::binary_search(ends.begin(), ends.end(), end); }
  };
  const Ends& possible_ends(uint32_t before, uint32_t after, const Bits& kinds_alive);
  const std::vector<Role>& roles(const State& state, const Relevance& now, uint32_t target);
  struct Aim {
    uint32_t wanted = kEnd;                            // a plain piece
    std::span<const uint32_t> own;                     // variables of the needed piece
    std::vector<std::pair<uint32_t, double>> harmful;  // plain pieces and their weights
  };
  Aim weigh(const State& state, const std::vector<Role>& roles);
  uint32_t best_of(std::span<const uint32_t> own) const;
  std::pair<uint32_t, std::vector<uint32_t>> aim(const State& state, const std::vector<Role>& roles);
  bool spend(const State& state);
  Bits tested_without(const State& state, uint32_t variable) const;
  std::vector<uint64_t> left_by(const State& state, uint32_t variable, uint32_t group);
  uint32_t with_kind(uint32_t standing, uint32_t kind, Sides side) const;
  State branch(const State& state, uint32_t variable, uint32_t group, const Bits& still_tested);
  uint32_t end(uint32_t before, uint32_t after);
  uint32_t keep(Node node);

  Question question_;
  mutable Standings standings_;  // adding to it changes nothing that it said
  uint64_t left_;                // states
  bool gave_up_ = false;
  Part part_ = Part::kWhole;
  bool found_ = false;
  std::vector<Node> nodes_;
  std::unordered_multimap<size_t, uint32_t> by_hash_;
  std::unordered_map<State, uint32_t, StateHash> seen_;
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> ends_;
  std::map<std::tuple<uint32_t, uint32_t, bool, Bits>, Relevance> relevance_;
  std::vector<double> scores_;
  std::map<std::tuple<uint32_t, uint32_t, Bits>, Ends> possible_;
  std::map<std::tuple<uint32_t, uint32_t, Bits, uint32_t>, std::vector<Role>> roles_;
  std::unordered_set<State, StateHash> failed_;  // of the present search
  Cuts path_;
  const Cuts* box_ = nullptr;
};

}  // namespace hetao::policy
