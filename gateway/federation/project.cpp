#include "gateway/federation/project.h"

#include <algorithm>

#include "gateway/base/share_limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/exchange.h"
#include "gateway/federation/money.h"

namespace hetao::federation {

namespace {

using Say = ProjectAct::Say;

constexpr int64_t kMostMicros = limits::kProjectBudgetCnyMax * 1'000'000;

void refuse(State& s, uint64_t request, Error error) {
  if (request != 0) s.effect(Answer{request, std::move(error), {}, {}, false});
}

pb::ProjectSide* own_side(State& s, pb::Project& project) {
  for (pb::ProjectSide& side : *project.mutable_sides()) {
    if (s.is_self(side.region())) return &side;
  }
  return nullptr;
}

const pb::ProjectData* grant_of(const pb::ProjectSide& side, std::string_view dataset) {
  for (const pb::ProjectData& data : side.datasets()) {
    if (data.dataset() == dataset) return &data;
  }
  return nullptr;
}

// To the other side: the project's head, and our half.
void tell_other(State& s, const pb::Project& project) {
  for (const pb::ProjectSide& side : project.sides()) {
    if (s.is_self(side.region())) continue;
    pb::PeerMessage message;
    pb::Project& told = *message.mutable_project_news()->mutable_project();
    told = project;
    told.clear_sides();
    if (const pb::ProjectSide* own = side_of(project, s.config.region)) *told.add_sides() = *own;
    tell(s, side.region(), std::move(message));
  }
}

void book(State& s, const pb::Project& project, const pb::ProjectSide& side, const std::string& what) {
  ledger::Entry& entry = s.book("project");
  entry.who = side.by();
  entry.reason = what + (side.reason().empty() ? "" : ": " + side.reason());
  entry.extra["project"] = project.id();
  entry.extra["side"] = side.region();
  entry.extra["state"] = state_of(project);
  if (!s.is_self(side.region())) entry.peer = side.region();
}

const char* word_of(Say say) {
  switch (say) {
    case Say::kBegin:
      return "began";
    case Say::kAccept:
      return "accepted";
    case Say::kDecline:
      return "declined";
    case Say::kClose:
      return "closed";
    case Say::kMembers:
      return "changed the members";
    case Say::kBudget:
      return "changed the budget";
    case Say::kGrant:
      return "granted a data set";
    case Say::kRevoke:
      return "revoked a data set";
  }
  return "";
}

std::optional<Error> begin(State& s, const ProjectAct& event) {
  const std::string what = "project " + event.project;
  if (s.projects.contains(event.project))
    return Error{ErrorCode::kFailed, what, "that name is taken", "choose another"};
  if (!s.peers.contains(event.made.invited_region()))
    return Error{ErrorCode::kUsage, "/with/region", "no region " + event.made.invited_region() + " is a peer",
                 "`hetao peers` shows them"};
  if (s.projects.size() >= limits::kProjectsMax)
    return Error{ErrorCode::kFailed, what, "there are too many projects here", ""};
  pb::Project& project = s.edit_project(event.project);
  project = event.made;
  project.set_id(event.project);
  project.set_begun_in(s.config.region);
  project.set_begun_micros(s.now.micros);
  pb::ProjectSide& ours = *project.add_sides();
  ours.set_region(s.config.region);
  ours.set_tenant(event.who.tenant());
  ours.set_state(pb::PROJECT_ACCEPTED);
  pb::ProjectSide& theirs = *project.add_sides();
  theirs.set_region(project.invited_region());
  theirs.set_tenant(project.invited_tenant());
  theirs.set_state(pb::PROJECT_INVITED);
  return std::nullopt;
}

std::optional<Error> grant(State& s, pb::ProjectSide& side, const ProjectAct& event) {
  const std::string& id = event.data.dataset();
  const auto dataset = s.datasets.find(id);
  if (dataset == s.datasets.end() || dataset->second.retired())
    return Error{ErrorCode::kNotFound, "dataset " + id, "is not in the catalogue",
                 "`hetao data list` shows what is"};
  // Who owns it must be one of the two who grant, or have let the granting tenant use it: nobody gives away
  // what is another's.
  const pb::Project& project = s.projects.at(event.project);
  const bool is_owners = std::any_of(project.sides().begin(), project.sides().end(), [&](const auto& each) {
    return each.tenant() == dataset->second.owner_tenant();
  });
  if (!is_owners)
    return Error{ErrorCode::kNotAllowed, "dataset " + id,
                 "belongs to " + dataset->second.owner_tenant() + ", which is no owner of this project", ""};
  pb::ProjectData* kept = nullptr;
  for (pb::ProjectData& data : *side.mutable_datasets()) {
    if (data.dataset() == id) kept = &data;
  }
  if (kept == nullptr && side.datasets_size() >= static_cast<int>(limits::kProjectDatasetsMax))
    return Error{ErrorCode::kFailed, "project " + event.project, "has too many data sets", ""};
  if (kept == nullptr) kept = side.add_datasets();
  *kept = event.data;
  return std::nullopt;
}

std::optional<Error> revoke(pb::ProjectSide& side, const ProjectAct& event) {
  auto& all = *side.mutable_datasets();
  const auto at = std::find_if(all.begin(), all.end(),
                               [&](const auto& data) { return data.dataset() == event.data.dataset(); });
  if (at == all.end())
    return Error{ErrorCode::kNotFound, "dataset " + event.data.dataset(), "is not granted by this side", ""};
  all.erase(at);
  return std::nullopt;
}

Error wrong_time(const pb::Project& project) {
  return {ErrorCode::kFailed, "project " + project.id(), "is " + state_of(project), ""};
}

// The change itself. Nothing: it was made.
std::optional<Error> change(State& s, pb::Project& project, pb::ProjectSide& side, const ProjectAct& event) {
  const bool is_over = side.state() == pb::PROJECT_CLOSED || side.state() == pb::PROJECT_DECLINED;
  const bool is_invited = side.state() == pb::PROJECT_INVITED;
  const bool answers = event.say == Say::kAccept || event.say == Say::kDecline;
  if (is_over || is_invited != answers) return wrong_time(project);
  switch (event.say) {
    case Say::kAccept:
      side.set_state(pb::PROJECT_ACCEPTED);
      return std::nullopt;
    case Say::kDecline:
      side.set_state(pb::PROJECT_DECLINED);
      return std::nullopt;
    case Say::kClose:
      side.set_state(pb::PROJECT_CLOSED);
      return std::nullopt;
    case Say::kMembers:
      side.clear_members();
      for (const std::string& member : event.members) side.add_members(member);
      return std::nullopt;
    case Say::kBudget:
      side.set_budget_micros(event.budget_micros);
      return std::nullopt;
    case Say::kGrant:
      return grant(s, side, event);
    case Say::kRevoke:
      return revoke(side, event);
    case Say::kBegin:
      break;
  }
  return std::nullopt;
}

// What a peer says is taken within our bounds, or not at all.
bool is_sound(const pb::Project& told) {
  if (told.id().empty() || told.sides_size() != 1) return false;
  const pb::ProjectSide& side = told.sides(0);
  for (const std::string* text : {&told.id(), &told.begun_in(), &told.invited_region(),
                                  &told.invited_tenant(), &told.purpose(), &side.tenant(), &side.by()}) {
    if (text->size() > limits::kShareIdBytesMax) return false;
  }
  if (told.title().size() > limits::kShareTextBytesMax || side.reason().size() > limits::kShareTextBytesMax)
    return false;
  const auto is_amount = [](int64_t micros) { return micros >= 0 && micros <= kMostMicros; };
  return !side.tenant().empty() && pb::ProjectState_IsValid(side.state()) &&
         side.members_size() <= static_cast<int>(limits::kProjectMembersMax) &&
         side.datasets_size() <= static_cast<int>(limits::kProjectDatasetsMax) &&
         is_amount(side.budget_micros()) && is_amount(side.promised_micros()) &&
         is_amount(side.spent_micros());
}

// The other side began a project and names one of our tenants as its second owner.
void take_invitation(State& s, const std::string& from, const pb::Project& told) {
  const pb::ProjectSide& theirs = told.sides(0);
  if (told.begun_in() != from || !s.is_self(told.invited_region()) || told.invited_tenant().empty()) return;
  if (theirs.state() != pb::PROJECT_ACCEPTED || s.projects.size() >= limits::kProjectsMax) return;
  pb::Project& project = s.edit_project(told.id());
  project = told;
  pb::ProjectSide& ours = *project.add_sides();
  ours.set_region(s.config.region);
  ours.set_tenant(told.invited_tenant());
  ours.set_state(pb::PROJECT_INVITED);
  book(s, project, theirs, "invited " + ours.tenant());
}

}  // namespace

const pb::ProjectSide* side_of(const pb::Project& project, std::string_view region) {
  for (const pb::ProjectSide& side : project.sides()) {
    if (side.region() == region) return &side;
  }
  return nullptr;
}

std::string state_of(const pb::Project& project) {
  const auto any = [&](pb::ProjectState state) {
    return std::any_of(project.sides().begin(), project.sides().end(),
                       [&](const pb::ProjectSide& side) { return side.state() == state; });
  };
  if (any(pb::PROJECT_CLOSED)) return "closed";
  if (any(pb::PROJECT_DECLINED)) return "declined";
  return any(pb::PROJECT_INVITED) || project.sides_size() != 2 ? "invited" : "open";
}

bool is_member(const pb::Project& project, std::string_view tenant) {
  return std::any_of(project.sides().begin(), project.sides().end(), [&](const pb::ProjectSide& side) {
    return side.tenant() == tenant ||
           std::find(side.members().begin(), side.members().end(), tenant) != side.members().end();
  });
}

int64_t budget_of(const pb::Project& project) {
  int64_t least = kMostMicros;
  for (const pb::ProjectSide& side : project.sides()) least = std::min(least, side.budget_micros());
  return project.sides().empty() ? 0 : least;
}

int64_t used_of(const pb::Project& project) {
  int64_t used = 0;
  for (const pb::ProjectSide& side : project.sides()) used += side.promised_micros() + side.spent_micros();
  return used;
}

bool is_granted(const pb::Project& project, std::string_view dataset, Instant now) {
  return !project.sides().empty() &&
         std::all_of(project.sides().begin(), project.sides().end(), [&](const pb::ProjectSide& side) {
           const pb::ProjectData* data = grant_of(side, dataset);
           return data != nullptr && (data->until_micros() == 0 || now.micros < data->until_micros());
         });
}

std::optional<std::string> why_not_member(const State& s, const Use& use) {
  const auto known = s.projects.find(use.project);
  if (known == s.projects.end()) return std::nullopt;
  const pb::Project& project = known->second;
  // Who is no member learns nothing of it.
  if (!is_member(project, use.tenant)) return use.tenant + " is no member of it";
  if (const std::string state = state_of(project); state != "open") return "it is " + state;
  if (!project.purpose().empty() && project.purpose() != use.purpose)
    return "it is for the purpose " + project.purpose() + ", and the job's is " + use.purpose;
  return std::nullopt;
}

std::optional<std::string> why_not_in_project(const State& s, const pb::Dataset& dataset,
                                              const std::string& project, Instant now) {
  const auto known = s.projects.find(project);
  if (known == s.projects.end() || is_granted(known->second, dataset.id(), now)) return std::nullopt;
  return "dataset " + dataset.id() + " is not granted to project " + project + " by both of its owners";
}

bool is_given_to_project(const State& s, const pb::Dataset& dataset, const Use& use, Instant now) {
  const auto known = s.projects.find(use.project);
  return known != s.projects.end() && !why_not_member(s, use) && is_granted(known->second, dataset.id(), now);
}

void judge_budget(const State& s, const std::string& project, std::vector<Candidate>& places) {
  const auto known = s.projects.find(project);
  if (known == s.projects.end()) return;
  const int64_t budget = budget_of(known->second);
  const int64_t used = used_of(known->second);
  std::vector<Candidate> fit;
  std::vector<Candidate> unfit;
  for (Candidate& place : places) {
    const int64_t costs = in_cny(s, place.cost_micros, place.currency);
    if (place.unfit.empty() && costs != 0 && used + costs > budget)
      place.unfit = "project " + project + " has a budget of " + money_text(budget) +
                    " that both owners grant: " + money_text(used) +
                    " are spent or promised, and this job is expected to cost " + money_text(costs);
    (place.unfit.empty() ? fit : unfit).push_back(std::move(place));
  }
  places = std::move(fit);
  for (Candidate& place : unfit) places.push_back(std::move(place));
}

void promise(State& s, pb::Job& job, const Candidate& place) {
  const auto known = s.projects.find(job.project());
  const int64_t costs = in_cny(s, place.cost_micros, place.currency);
  if (known == s.projects.end() || costs == 0) return;
  job.set_promised_micros(costs);
  pb::Project& project = s.edit_project(known->first);
  pb::ProjectSide* side = own_side(s, project);
  if (side == nullptr) return;
  side->set_promised_micros(side->promised_micros() + costs);
  side->set_version(side->version() + 1);
  tell_other(s, project);
}

void settle_promise(State& s, pb::Job& job) {
  const auto known = s.projects.find(job.project());
  const pb::Usage& usage = job.report().usage();
  const int64_t spent = usage.source().empty() ? 0 : in_cny(s, usage.cost_micros(), usage.currency());
  if (known == s.projects.end() || (job.promised_micros() == 0 && spent == 0)) return;
  pb::Project& project = s.edit_project(known->first);
  pb::ProjectSide* side = own_side(s, project);
  if (side == nullptr) return;
  side->set_promised_micros(std::max<int64_t>(0, side->promised_micros() - job.promised_micros()));
  side->set_spent_micros(std::min(kMostMicros, side->spent_micros() + spent));
  side->set_version(side->version() + 1);
  job.set_promised_micros(0);
  tell_other(s, project);
}

void on_project_act(State& s, const ProjectAct& event) {
  if (event.say == Say::kBegin) {
    if (auto error = begin(s, event)) return refuse(s, event.request, std::move(*error));
  }
  const auto known = s.projects.find(event.project);
  const pb::ProjectSide* side = known == s.projects.end() ? nullptr : side_of(known->second, s.config.region);
  if (side == nullptr || side->tenant() != event.who.tenant()) {
    const bool sees = known != s.projects.end() && is_member(known->second, event.who.tenant());
    return refuse(s, event.request,
                  sees
                      ? Error{ErrorCode::kNotAllowed, "project " + event.project, "only its owners change it",
                              "ask " + (side == nullptr ? "them" : side->tenant())}
                      : Error{ErrorCode::kNotFound, "project " + event.project, "is not known here",
                              "`hetao project list` shows yours"});
  }
  pb::Project changed = known->second;
  pb::ProjectSide& ours = *own_side(s, changed);
  if (event.say != Say::kBegin) {
    if (auto error = change(s, changed, ours, event)) return refuse(s, event.request, std::move(*error));
  }
  ours.set_by(ledger_name(event.who));
  ours.set_at_micros(s.now.micros);
  ours.set_reason(event.reason);
  ours.set_version(ours.version() + 1);
  pb::Project& project = s.edit_project(event.project);
  project = changed;
  std::string what = word_of(event.say);
  if (event.say == Say::kGrant || event.say == Say::kRevoke) what += " " + event.data.dataset();
  if (event.say == Say::kBudget) what += " to " + money_text(event.budget_micros);
  book(s, project, *side_of(project, s.config.region), what);
  tell_other(s, project);
  if (event.request != 0) s.effect(Answer{event.request, std::nullopt, event.project, {}, false});
}

void on_project_news(State& s, const std::string& from, const pb::Project& told) {
  if (!is_sound(told) || told.sides(0).region() != from) return;
  const auto known = s.projects.find(told.id());
  if (known == s.projects.end()) return take_invitation(s, from, told);
  // A name that was taken here first stays what it is; the other side's invitation is never accepted.
  if (known->second.begun_in() != told.begun_in() || known->second.begun_micros() != told.begun_micros())
    return;
  const pb::ProjectSide& theirs = told.sides(0);
  pb::ProjectSide* kept = nullptr;
  for (pb::ProjectSide& side : *s.edit_project(told.id()).mutable_sides()) {
    if (side.region() == from) kept = &side;
  }
  if (kept == nullptr || kept->tenant() != theirs.tenant() || theirs.version() <= kept->version()) return;
  const bool is_counting = kept->by() == theirs.by() && kept->at_micros() == theirs.at_micros();
  *kept = theirs;
  if (!is_counting) book(s, known->second, *kept, from + " changed its side");
}

}  // namespace hetao::federation
