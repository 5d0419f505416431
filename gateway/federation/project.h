// Projects across the boundary: an owner on each side, members of both, a budget and data sets that both
// owners grant one by one. Each side keeps the whole project and speaks for its own half alone, so the halves
// can't contradict each other: what both say holds, and either ends it.
//
// A name that is no project is what it was before: a label that jobs carry.
#pragma once

#include <optional>
#include <string>

#include "gateway/federation/access_request.h"
#include "gateway/federation/state.h"

namespace hetao::federation {

void on_project_act(State& s, const ProjectAct& event);
void on_project_news(State& s, const std::string& from, const pb::Project& told);

// "open", "invited", "declined", "closed".
std::string state_of(const pb::Project& project);
const pb::ProjectSide* side_of(const pb::Project& project, std::string_view region);
bool is_member(const pb::Project& project, std::string_view tenant);
// What both sides let it cost, and what has been spent and promised of it, in millionths of a CNY.
int64_t budget_of(const pb::Project& project);
int64_t used_of(const pb::Project& project);
// Both sides' grants are in force.
bool is_granted(const pb::Project& project, std::string_view dataset, Instant now);

// Why the tenant may not work in this project; nothing: it may, or the name is no project.
std::optional<std::string> why_not_member(const State& s, const Use& use);
// A project's jobs read what was granted to it, and what is their tenant's own.
std::optional<std::string> why_not_in_project(const State& s, const pb::Dataset& dataset,
                                              const std::string& project, Instant now);
bool is_given_to_project(const State& s, const pb::Dataset& dataset, const Use& use, Instant now);

// Places whose expected cost the project, if it is one, can't pay any more are unfit, and stand last: who has
// no money left for one place may have it for another.
void judge_budget(const State& s, const std::string& project, std::vector<Candidate>& places);
// The budget holds what the job is expected to cost, from its submission to its end.
void promise(State& s, pb::Job& job, const Candidate& place);
void settle_promise(State& s, pb::Job& job);

}  // namespace hetao::federation
