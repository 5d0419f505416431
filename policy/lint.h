// What is wrong with a pack although it loads: found by analysis of all possible requests, not by samples.
// Pure; bounded by a budget, and what was given up is reported.
#pragma once

#include <string>
#include <vector>

#include "policy/pack.h"

namespace hetao::policy {

enum class Severity { kNote, kWarning };

struct Finding {
  Severity severity = Severity::kWarning;
  // never-matches, shadowed, redundant, as-default, contradictory, gap, unknown-value, negative-permit,
  // expired, expires-soon, starts-soon, turns-soon, missing-title, missing-basis, unused-parameter, gave-up
  std::string code;
  std::string rule;  // may be empty
  Place place;
  std::string message;              // one line
  std::string hint;                 // what to do; may be empty
  std::vector<std::string> others;  // rules that it is about too
};

struct LintOptions {
  Date today;
  int expires_within_days = 90;
  uint64_t nodes_max = 200'000;  // of the analysis of one rule
};

std::vector<Finding> lint(const LoadedPack& pack, const LintOptions& options);

}  // namespace hetao::policy
