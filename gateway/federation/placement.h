// Where a job may run: candidates, the crossings that each would need, and their verdicts.
#pragma once

#include "gateway/federation/state.h"

namespace hetao::federation {

struct Plan {
  const pb::Task& task;
  const pb::Principal& submitter;
  std::string project;
  std::string purpose;
  const std::vector<pb::Item>& inline_items;
  bool with_changes = false;  // verdicts say what would get a permit: for people, and slow
};

// Every region that could take the job, best first: permitted before held before forbidden, then fewer bytes
// to move, then at home. Pure. `unfit` names what speaks against a candidate whatever policy says.
std::vector<Candidate> candidates(const State& s, const Plan& plan, Instant now);

// One region alone.
Candidate candidate_at(const State& s, const Plan& plan, const std::string& region, Instant now);

// The item of an input that the submission brought along, labelled: code holds no data, anything else is
// unknown.
pb::Item brought_item(const State& s, const pb::Task& task, const pb::Item& inline_item);

// What is wrong with a task that no validation of its form can see: unknown datasets, kinds, sources.
std::optional<Error> check_task(const State& s, const pb::Task& task,
                                const std::vector<pb::Item>& inline_items);

}  // namespace hetao::federation
