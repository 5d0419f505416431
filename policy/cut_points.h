// Where a pack's rules change their answer along one number or date: thresholds of counters, and days on
// which outcomes change without anyone's doing. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/pack.h"

namespace hetao::policy {

// From `value` on, a rule's comparison says something else than below.
struct CutPoint {
  std::string rule;
  Effect effect = Effect::kForbid;
  int64_t value = 0;  // dates: days since 1970-01-01
};

// By value, then rule. What rules say of `attribute` in `when` and `unless`.
std::vector<CutPoint> cut_points(const LoadedPack& pack, std::string_view attribute);

// A day on which a rule or parameter begins or ends to count, or a comparison with time.date changes.
struct ComingDay {
  Date day;
  std::string what;  // "rule P-GBA", "parameter min_cell"
  std::string text;  // "begins", "ends", "changes: it compares time.date"
};

// After `today`, within `days`; by day.
std::vector<ComingDay> coming_days(const LoadedPack& pack, Date today, int days);

}  // namespace hetao::policy
