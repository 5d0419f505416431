#include "policy/globs.h"

#include <algorithm>
#include <bitset>
#include <deque>
#include <map>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao::policy {

namespace {

constexpr size_t kStatesMax = 20'000;
constexpr size_t kCombinationsMax = 1'024;
constexpr size_t kExamplesTriedMax = 5'000;

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
    choose_letters();
  }

  using State = std::vector<uint64_t>;
  const std::vector<char>& letters() const { return letters_; }

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

  // One letter for each kind of byte that the globs tell apart; plain letters where there is a choice.
  void choose_letters() {
    std::map<std::vector<bool>, char> kinds;
    static constexpr std::string_view kPreferred =
        "xabcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    const auto consider = [&](unsigned byte) {
      std::vector<bool> kind;
      for (const auto& chain : chains_) {
        for (const Element& element : chain) kind.push_back(element.accepts.test(byte));
      }
      kinds.emplace(std::move(kind), static_cast<char>(byte));
    };
    for (const char c : kPreferred) consider(static_cast<unsigned char>(c));
    for (unsigned byte = 0x20; byte < 256; ++byte) consider(byte);
    for (unsigned byte = 0; byte < 0x20; ++byte) consider(byte);
    for (const auto& [_, letter] : kinds) letters_.push_back(letter);
  }

  std::vector<std::vector<Element>> chains_;
  std::vector<size_t> first_;
  size_t places_ = 0;
  std::vector<char> letters_;
};

bool is_taken(std::span<const std::string> sorted, const std::string& text) {
  return std::binary_search(sorted.begin(), sorted.end(), text);
}

// A text of the same combination that is not taken: longer ones, breadth first.
std::string free_example(const Automaton& automaton, std::span<const std::string> globs,
                         const GlobCombination& found, std::span<const std::string> taken) {
  std::deque<std::string> next = {found.example};
  std::string odd;  // free, but not UTF-8
  for (size_t tried = 0; tried < kExamplesTriedMax && !next.empty(); ++tried) {
    std::string text = std::move(next.front());
    next.pop_front();
    if (globs_matched(globs, text) == found.matched && !is_taken(taken, text) && !text.empty()) {
      if (is_utf8(text)) return text;
      if (odd.empty()) odd = text;
    }
    for (const char letter : automaton.letters()) {
      next.push_back(text + letter);
      next.push_back(letter + text);
      if (!text.empty()) next.push_back(text.substr(0, 1) + letter + text.substr(1));
    }
  }
  return odd.empty() ? found.example : odd;
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
  std::map<Automaton::State, std::string> seen;
  std::map<uint64_t, std::string> found;
  std::deque<const std::pair<const Automaton::State, std::string>*> next;
  next.push_back(&*seen.emplace(automaton.begin(), "").first);
  while (!next.empty()) {
    const auto& [state, text] = *next.front();
    next.pop_front();
    found.emplace(automaton.matched(state), text);
    if (found.size() > kCombinationsMax) return std::nullopt;
    for (const char letter : automaton.letters()) {
      const auto [at, fresh] = seen.emplace(automaton.step(state, letter), text + letter);
      if (!fresh) continue;
      if (seen.size() > kStatesMax) return std::nullopt;
      next.push_back(&*at);
    }
  }
  std::vector<std::string> taken(not_these.begin(), not_these.end());
  std::sort(taken.begin(), taken.end());
  std::vector<GlobCombination> out;
  for (const auto& [matched, example] : found) {
    GlobCombination combination{matched, example};
    combination.example = free_example(automaton, globs, combination, taken);
    out.push_back(std::move(combination));
  }
  return out;
}

}  // namespace hetao::policy
