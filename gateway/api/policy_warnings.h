// What will change decisions without anyone's doing, or soon needs a hand: filings that end, rules and
// parameters with dates, counters near a threshold. For status, metrics, and GET /api/v1/policy/warnings.
#pragma once

#include <string>
#include <vector>

#include "gateway/api/backend.h"
#include "gateway/base/json.h"

namespace hetao::api {

struct PolicyWarning {
  std::string kind;  // mechanism, rule, counter
  std::string what;  // "mechanism GBA-2025-17 (gba-sc)"
  std::string day;   // YYYY-MM-DD; empty where no day matters
  int64_t days_left = 0;
  std::string urgency;  // due, urgent, expired
  std::string text;
};

// Most urgent first.
std::vector<PolicyWarning> policy_warning_list(Backend& backend);
json::array policy_warnings(Backend& backend);

}  // namespace hetao::api
