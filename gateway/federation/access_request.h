// Requests for data sets that are given on request: asked where the researcher is, answered by the owner
// where the data is, kept on both sides, every step on the ledger. And the question that they answer: may
// this tenant use this data set.
#pragma once

#include <optional>
#include <string>

#include "gateway/federation/placement.h"
#include "gateway/federation/state.h"

namespace hetao::federation {

void on_request_access(State& s, const RequestAccess& event);
void on_answer_access(State& s, const AnswerAccess& event);
void on_access_news(State& s, const std::string& from, const pb::AccessRequest& told);

// Who wants to use a data set, and for what.
struct Use {
  std::string tenant;
  std::string purpose;
  std::string project;
};

// Why not; nothing: its owner lets it, by a grant, by a project or because it asks for no request. Asked on
// every side that handles the data set.
std::optional<std::string> why_not_use(const State& s, const pb::Dataset& dataset, const Use& use,
                                       Instant now);

// What speaks against a job because of projects and data sets that are given on request; says how to ask.
std::optional<Error> why_not_shared(const State& s, const Plan& plan, Instant now);

// "asked", "granted", …
const char* to_word(pb::AccessState state);
// Whether it gives the right now.
bool counts(const pb::AccessRequest& request, Instant now);

}  // namespace hetao::federation
