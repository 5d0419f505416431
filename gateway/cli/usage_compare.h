// Two regions' books of usage laid side by side: jobs of one that ran in the other stand in both, with the
// same figures, or somebody is asked why.
#pragma once

#include <string>
#include <vector>

#include "gateway/base/json.h"
#include "gateway/base/result.h"

namespace hetao::cli {

struct UsageComparison {
  size_t same = 0;
  std::vector<std::string> differences;  // one line each
};

// Both as GET /api/v1/usage answers. What concerns one of the two regions alone is passed over.
Result<UsageComparison> compare_usage(const json::object& ours, const json::object& theirs);

}  // namespace hetao::cli
