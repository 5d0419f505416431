// Which combinations of a set of globs (gateway/base/text.h's glob_match) texts can match: found by running
// all of them as one automaton. Pure, bounded.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetao::policy {

struct GlobCombination {
  uint64_t matched = 0;  // a bit a glob
  std::string example;   // a shortest text that matches just these
};

// Every combination that some text besides `not_these` has, sorted by `matched`. nullopt: more states than
// the budget.
std::optional<std::vector<GlobCombination>> glob_combinations(std::span<const std::string> globs,
                                                              std::span<const std::string> not_these);

// The combination of one text.
uint64_t globs_matched(std::span<const std::string> globs, std::string_view text);

}  // namespace hetao::policy
