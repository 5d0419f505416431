#include "policy/globs.h"

#include <algorithm>
#include <bitset>
#include <deque>
#include <map>
#include <set>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao::policy {

namespace {

constexpr size_t kStatesMax = 20'000;
constexpr size_t kCombinationsMax = 1'024;
constexpr size_t kExampleStatesMax = 2'000'000;

using ByteSet = std::bitset<256>;

// One glob as a chain of elements; a star loops at its place.
struct Element {
  bool star = false;
  ByteSet accepts;
};

std::vector<Element> parse_glob(std::string_view glob) {
  std::vector<Element> out;
  for (size_t p = 0; p < glob.size();) {
    Element element;
    if (glob[p] == '*') {
      element.star = true;
      ++p;
    } else {
      // What one element accepts is asked of glob_match itself, so that the two can't disagree.
      size_t end = p + 1;
      if (glob[p] == '\\' && p + 1 < glob.size()) end = p + 2;
      if (glob[p] == '[') {
        const size_t close = glob.find(']', p + 2);
        if (close != std::string_view::npos) end = close + 1;
      }
      const std::string_view one = glob.substr(p, end - p);
      for (unsigned byte = 0; byte < 256; ++byte) {
        const char text = static_cast<char>(byte);
        if (glob_match(one, std::string_view(&text, 1))) element.accepts.set(byte);
      }
      p = end;
    }
    out.push_back(element);
  }
  return out;
}

// All globs side by side: a state is the set of reached places of each, as bits.
class Automaton {
 public:
  explicit Automaton(std::span<const std::string> globs) {
    for (const std::string& glob : globs) {
      first_.push_back(places_);
      chains_.push_back(parse_glob(glob));
      places_ += chains_.back().size() + 1;
    }
    sort_bytes();
  }

  using State = std::vector<uint64_t>;
  // For each kind of byte that the globs tell apart, its bytes; plain letters first.
  const std::vector<std::vector<char>>& kinds() const { return kinds_; }

  State begin() const {
    State state((places_ + 63) / 64);
    for (size_t g = 0; g < chains_.size(); ++g) reach(state, g, 0);
    return state;
  }

  State step(const State& from, char letter) const {
    State to(from.size());
    const auto byte = static_cast<unsigned char>(letter);
    for (size_t g = 0; g < chains_.size(); ++g) {
      for (size_t i = 0; i < chains_[g].size(); ++i) {
        if (!has(from, first_[g] + i)) continue;
        if (chains_[g][i].star) {
          reach(to, g, i);
        } else if (chains_[g][i].accepts.test(byte)) {
          reach(to, g, i + 1);
        }
      }
    }
    return to;
  }

  uint64_t matched(const State& state) const {
    uint64_t bits = 0;
    for (size_t g = 0; g < chains_.size(); ++g) {
      if (has(state, first_[g] + chains_[g].size())) bits |= uint64_t{1} << g;
    }
    return bits;
  }

 private:
  static bool has(const State& state, size_t place) {
    return ((state[place / 64] >> (place % 64)) & 1U) != 0;
  }

  // Marks a place, and through stars the ones after it.
  void reach(State& state, size_t glob, size_t index) const {
    while (true) {
      const size_t place = first_[glob] + index;
      state[place / 64] |= uint64_t{1} << (place % 64);
      if (index >= chains_[glob].size() || !chains_[glob][index].star) return;
      ++index;
    }
  }

  void sort_bytes() {
    std::map<std::vector<bool>, std::vector<char>> kinds;
    static constexpr std::string_view kPreferred =
        "xabcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    const auto add = [&](char letter) {
      std::vector<bool> kind;
      for (const auto& chain : chains_) {
        for (const Element& element : chain)
          kind.push_back(element.accepts.test(static_cast<unsigned char>(letter)));
      }
      kinds[std::move(kind)].push_back(letter);
    };
    for (const char c : kPreferred) add(c);
    const auto add_rest = [&](unsigned begin, unsigned end) {
      for (unsigned byte = begin; byte < end; ++byte) {
        const char c = static_cast<char>(byte);
        if (kPreferred.find(c) == std::string_view::npos) add(c);
      }
    };
    add_rest(0x20, 256);
    add_rest(0, 0x20);
    for (auto& [_, bytes] : kinds) kinds_.push_back(std::move(bytes));
  }

  std::vector<std::vector<Element>> chains_;
  std::vector<size_t> first_;
  size_t places_ = 0;
  std::vector<std::vector<char>> kinds_;
};

// The texts that may not be examples, as a tree of letters.
class Trie {
 public:
  static constexpr uint32_t kOff = UINT32_MAX;  // no such text begins so

  explicit Trie(std::span<const std::string> texts) : nodes_(1) {
    for (const std::string& text : texts) {
      uint32_t at = 0;
      for (const char letter : text) {
        const auto [edge, fresh] = nodes_[at].edges.emplace(letter, static_cast<uint32_t>(nodes_.size()));
        at = edge->second;
        if (fresh) nodes_.emplace_back();
      }
      nodes_[at].taken = true;
    }
  }

  bool is_taken(uint32_t at) const { return at != kOff && nodes_[at].taken; }
  const std::map<char, uint32_t>* edges(uint32_t at) const {
    return at == kOff ? nullptr : &nodes_[at].edges;
  }

 private:
  struct Node {
    std::map<char, uint32_t> edges;
    bool taken = false;
  };
  std::vector<Node> nodes_;
};

// Walks globs and taken texts together, breadth first, until each of the wanted combinations has a text that
// is not taken. What stays without one has none.
std::optional<std::vector<GlobCombination>> free_examples(const Automaton& automaton, const Trie& trie,
                                                          const std::set<uint64_t>& wanted) {
  struct Place {
    Automaton::State state;
    uint32_t node = 0;
    std::string text;
  };
  std::map<uint64_t, std::string> found;
  std::set<std::pair<Automaton::State, uint32_t>> seen;
  std::deque<Place> next;
  const auto visit = [&](Automaton::State state, uint32_t node, std::string text) {
    if (!seen.emplace(state, node).second) return;
    if (!trie.is_taken(node)) found.emplace(automaton.matched(state), text);
    next.push_back({std::move(state), node, std::move(text)});
  };
  visit(automaton.begin(), 0, "");
  while (!next.empty() && found.size() < wanted.size()) {
    if (seen.size() > kExampleStatesMax) return std::nullopt;
    const Place place = std::move(next.front());
    next.pop_front();
    const auto* edges = trie.edges(place.node);
    for (const auto& bytes : automaton.kinds()) {
      for (const char letter : bytes) {
        if (edges != nullptr && edges->contains(letter)) continue;
        visit(automaton.step(place.state, letter), Trie::kOff, place.text + letter);
        break;
      }
    }
    if (edges == nullptr) continue;
    for (const auto& [letter, child] : *edges)
      visit(automaton.step(place.state, letter), child, place.text + letter);
  }
  std::vector<GlobCombination> out;
  for (auto& [matched, text] : found) out.push_back({matched, std::move(text)});
  return out;
}

}  // namespace

uint64_t globs_matched(std::span<const std::string> globs, std::string_view text) {
  HETAO_CHECK(globs.size() <= 64);
  uint64_t bits = 0;
  for (size_t g = 0; g < globs.size(); ++g) {
    if (glob_match(globs[g], text)) bits |= uint64_t{1} << g;
  }
  return bits;
}

std::optional<std::vector<GlobCombination>> glob_combinations(std::span<const std::string> globs,
                                                              std::span<const std::string> not_these) {
  HETAO_CHECK(globs.size() <= limits::kPolicyGlobsMax);
  const Automaton automaton(globs);
  std::set<Automaton::State> seen = {automaton.begin()};
  std::set<uint64_t> combinations;
  std::deque<Automaton::State> next = {automaton.begin()};
  while (!next.empty()) {
    const Automaton::State state = std::move(next.front());
    next.pop_front();
    combinations.insert(automaton.matched(state));
    if (combinations.size() > kCombinationsMax || seen.size() > kStatesMax) return std::nullopt;
    for (const auto& bytes : automaton.kinds()) {
      Automaton::State after = automaton.step(state, bytes.front());
      if (seen.insert(after).second) next.push_back(std::move(after));
    }
  }
  return free_examples(automaton, Trie(not_these), combinations);
}

}  // namespace hetao::policy
