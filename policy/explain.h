// Why a decision is what it is, and the smallest changes of the request that would get a permit. Pure and
// deterministic; the search is bounded and says when it gave up.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace hetao::policy {

struct AttributeChange {
  std::string attribute;
  std::string from;  // as text; empty: unknown
  std::string to;
  Words text;  // "a GBA standard contract on file"
};

// Changes that together get a permit.
struct Alternative {
  std::vector<AttributeChange> changes;
  std::string text(std::string_view language) const;  // all of them, joined
};

struct Explanation {
  Decision decision;
  std::vector<RuleHit> matching;     // every rule that applies, of whatever effect, strictest first
  std::vector<Alternative> changes;  // the fewest changes first; empty for a permit
  bool gave_up = false;              // the search's budget ended: there may be further or smaller ones
};

Explanation explain(const Policy& policy, const Request& request, Date today);

}  // namespace hetao::policy
