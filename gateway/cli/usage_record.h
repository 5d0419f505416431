// Usage records as the Open Grid Forum has them: GFD-R-P.204, "Usage Record Format Recommendation" 2.0 (XML).
// Accelerators and the attempt, for which it has no element, stand in a namespace of our own, as its
// extension framework provides.
#pragma once

#include <string>

#include "gateway/base/json.h"

namespace hetao::cli {

// The whole document, of the records of GET /api/v1/usage. `created`: RFC 3339.
std::string usage_records_xml(const json::array& records, const std::string& created);

}  // namespace hetao::cli
