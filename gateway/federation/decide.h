// From a crossing to a verdict: the policy request, and the mechanism that serves best.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/federation/inputs.h"
#include "gateway/federation/state.h"
#include "policy/request.h"

namespace hetao::federation {

// The policy request of a crossing as this gateway sees it, without a mechanism.
policy::Request request_of(const State& s, const pb::Crossing& crossing, Instant now);

// All that a decision depends on besides the policy.
DecisionInputs inputs_of(const State& s, const pb::Crossing& crossing, Instant now);
// The policy request of using a platform (`action: place`).
policy::Request place_request(const State& s, const pb::Tenant& tenant, const pb::Principal& submitter,
                              std::string_view region, const std::vector<pb::Fact>& platform_facts,
                              Instant now);

// Days that a filing is still in force, today not counted; nothing: it has no end.
std::optional<int64_t> days_left(const pb::Mechanism& mechanism, int32_t today);

// Decides under the active policy, with the mechanism on file that gives the best outcome. Pure: books
// nothing. Without an active policy everything is forbidden.
pb::Verdict decide(const State& s, const pb::Crossing& crossing, Instant now);

// Adds what would get a permit instead to a verdict that is none. The search costs as much as hundreds of
// decisions: only for what a person will read, and once.
void add_changes(const State& s, const pb::Crossing& crossing, pb::Verdict& verdict, Instant now);

// Whether a job of this tenant may use a platform of this region (`action: place`).
pb::Verdict decide_place(const State& s, const pb::Tenant& tenant, const pb::Principal& submitter,
                         std::string_view region, const std::vector<pb::Fact>& platform_facts,
                         bool with_changes, Instant now);

// Writes the verdict into its ledger entry, with what it was made from.
void note_verdict(const State& s, ledger::Entry& entry, const pb::Crossing& crossing,
                  const pb::Verdict& verdict);

// The stricter of two: forbid over hold over permit.
bool is_stricter(const pb::Verdict& a, const pb::Verdict& b);

// "F05: Important data needs a passed security assessment [NDSR art. 37; DSL art. 31]".
std::string reason_line(const pb::Verdict& verdict);

// The error that a refused caller gets.
Error refusal(const std::string& what, const pb::Verdict& verdict);

}  // namespace hetao::federation
