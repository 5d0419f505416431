// What a decision was made from, so that it can be made again: the request without a mechanism, and the
// mechanisms on file that serve its crossing. A decision tries each and takes the best outcome; live
// decisions, shadow decisions and replays of the ledger go through the same function.
//
// In the ledger: `request` and `mechanisms` of a `decision` entry, as JSON of attribute values; no name of a
// person, no content. Pure functions, plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/base/time.h"
#include "gateway/ledger/entry.h"
#include "policy/policy.h"
#include "policy/request.h"

namespace hetao::federation {

struct Filing {
  std::string id;  // reference number
  std::string kind;
  std::string status;
  int64_t days_left = 0;
};

struct DecisionInputs {
  policy::Request request;
  std::vector<Filing> filings;  // by id
};

struct Outcome {
  policy::Decision decision;
  policy::Request request;  // with the mechanism that served best
  std::string served_by;    // its id; empty: none helps
};

// `today` is what time.date is when the request does not say.
Outcome decide_best(const policy::Policy& policy, const DecisionInputs& inputs, Date today);

// What is too large for an entry goes by its digest.
void note_inputs(ledger::Entry& entry, const DecisionInputs& inputs);
// The inverse; nothing: the entry does not hold them.
Result<std::optional<DecisionInputs>> inputs_of(const ledger::Entry& entry);

}  // namespace hetao::federation
