#include "gateway/federation/access_request.h"

#include <algorithm>

#include "gateway/base/share_limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/exchange.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/item.h"
#include "gateway/federation/project.h"

namespace hetao::federation {

namespace {

void refuse(State& s, uint64_t request, Error error) {
  if (request != 0) s.effect(Answer{request, std::move(error), {}, {}, false});
}

void answer(State& s, uint64_t request, const std::string& id) {
  if (request != 0) s.effect(Answer{request, std::nullopt, id, {}, false});
}

void book(State& s, const pb::AccessRequest& request, const std::string& who, const std::string& what) {
  ledger::Entry& entry = s.book("data-access");
  entry.who = who;
  entry.reason = what;
  entry.extra["access"] = request.id();
  entry.extra["dataset"] = request.dataset();
  entry.extra["tenant"] = request.who().tenant();
  entry.extra["purpose"] = request.purpose();
  if (!s.is_self(request.home_region())) entry.peer = request.home_region();
  entry.extra["until"] = to_rfc3339(Instant{request.until_micros()});
}

void tell(State& s, const std::string& region, const pb::AccessRequest& request) {
  pb::PeerMessage message;
  *message.mutable_access_news()->mutable_request() = request;
  federation::tell(s, region, std::move(message));
}

size_t open_of(const State& s, const std::string& tenant) {
  return static_cast<size_t>(
      std::count_if(s.access_requests.begin(), s.access_requests.end(), [&](const auto& one) {
        return one.second.state() == pb::ACCESS_ASKED && one.second.who().tenant() == tenant;
      }));
}

bool is_full(const State& s, const std::string& tenant) {
  return s.access_requests.size() >= limits::kAccessRequestsMax ||
         open_of(s, tenant) >= limits::kAccessOpenOfTenantMax;
}

std::string shortened(const std::string& text) {
  return readable(text, limits::kShareTextBytesMax);
}

// A peer's tenant asks, or asks no more. It can speak of its own requests alone.
void take_ask(State& s, const std::string& from, const pb::AccessRequest& told) {
  const auto known = s.access_requests.find(told.id());
  if (known != s.access_requests.end()) {
    const pb::AccessRequest& kept = known->second;
    const bool ends = told.state() == pb::ACCESS_WITHDRAWN && kept.home_region() == from &&
                      (kept.state() == pb::ACCESS_ASKED || kept.state() == pb::ACCESS_GRANTED);
    if (!ends) return;
    pb::AccessRequest& request = s.edit_access_request(told.id());
    request.set_state(pb::ACCESS_WITHDRAWN);
    return book(s, request, ledger_name(request.who()), "withdrawn");
  }
  if (told.state() != pb::ACCESS_ASKED || is_full(s, told.who().tenant())) return;
  pb::AccessRequest& request = s.edit_access_request(told.id());
  request = told;
  request.set_home_region(from);
  request.set_purpose(shortened(told.purpose()));
  request.set_reason(shortened(told.reason()));
  request.clear_answered_by();
  request.clear_answer_reason();
  request.clear_answered_micros();
  book(s, request, ledger_name(request.who()), "asked for " + request.dataset() + ": " + request.reason());
}

// The owner's answer, from where the data set is.
void take_answer(State& s, const std::string& from, const pb::AccessRequest& told) {
  const auto known = s.access_requests.find(told.id());
  if (known == s.access_requests.end() || !s.is_self(known->second.home_region())) return;
  const auto dataset = s.datasets.find(known->second.dataset());
  if (dataset == s.datasets.end() || dataset->second.region() != from) return;
  if (known->second.state() == pb::ACCESS_WITHDRAWN) return;
  pb::AccessRequest& request = s.edit_access_request(told.id());
  request.set_state(told.state());
  request.set_until_micros(std::min(request.until_micros(), told.until_micros()));
  request.set_answered_by(readable(told.answered_by(), limits::kShareIdBytesMax));
  request.set_answer_reason(shortened(told.answer_reason()));
  request.set_answered_micros(told.answered_micros());
  book(s, request, request.answered_by(),
       std::string(to_word(request.state())) + ": " + request.answer_reason());
}

Error no_such(const std::string& id) {
  return {ErrorCode::kNotFound, "access request " + id, "is not known here",
          "`hetao data requests` lists them"};
}

Error not_yours(const std::string& id, const std::string& why) {
  return {ErrorCode::kNotAllowed, "access request " + id, why, ""};
}

// Nothing: what the person says may be said now.
std::optional<Error> why_not_answer(const State& s, const pb::AccessRequest& request,
                                    const AnswerAccess& event) {
  using Say = AnswerAccess::Say;
  const bool is_open = request.state() == pb::ACCESS_ASKED;
  if (event.say == Say::kWithdraw) {
    if (!s.is_self(request.home_region()) || request.who().tenant() != event.who.tenant())
      return no_such(event.access);
    if (!is_open && request.state() != pb::ACCESS_GRANTED)
      return Error{ErrorCode::kFailed, "access request " + event.access,
                   std::string("is ") + to_word(request.state()) + " already", ""};
    return std::nullopt;
  }
  const auto dataset = s.datasets.find(request.dataset());
  if (dataset == s.datasets.end() || !s.is_self(dataset->second.region()))
    return not_yours(event.access, "is answered where the data set is");
  if (dataset->second.owner_tenant() != event.who.tenant())
    return not_yours(event.access, "is about a data set of another tenant");
  const bool fits = event.say == Say::kRevoke ? request.state() == pb::ACCESS_GRANTED : is_open;
  if (!fits)
    return Error{ErrorCode::kFailed, "access request " + event.access,
                 std::string("is ") + to_word(request.state()) + " already", ""};
  return std::nullopt;
}

pb::AccessState state_of(AnswerAccess::Say say) {
  switch (say) {
    case AnswerAccess::Say::kGrant:
      return pb::ACCESS_GRANTED;
    case AnswerAccess::Say::kRefuse:
      return pb::ACCESS_REFUSED;
    case AnswerAccess::Say::kRevoke:
      return pb::ACCESS_REVOKED;
    case AnswerAccess::Say::kWithdraw:
      return pb::ACCESS_WITHDRAWN;
  }
  return pb::ACCESS_REFUSED;
}

bool is_granted(const State& s, const pb::Dataset& dataset, const Use& use, Instant now) {
  return std::any_of(s.access_requests.begin(), s.access_requests.end(), [&](const auto& one) {
    const pb::AccessRequest& request = one.second;
    return request.dataset() == dataset.id() && request.who().tenant() == use.tenant &&
           request.purpose() == use.purpose && counts(request, now);
  });
}

}  // namespace

const char* to_word(pb::AccessState state) {
  switch (state) {
    case pb::ACCESS_ASKED:
      return "asked";
    case pb::ACCESS_GRANTED:
      return "granted";
    case pb::ACCESS_REFUSED:
      return "refused";
    case pb::ACCESS_WITHDRAWN:
      return "withdrawn";
    case pb::ACCESS_REVOKED:
      return "revoked";
    default:
      return "unknown";
  }
}

bool counts(const pb::AccessRequest& request, Instant now) {
  return request.state() == pb::ACCESS_GRANTED && now.micros < request.until_micros();
}

void on_request_access(State& s, const RequestAccess& event) {
  const std::string what = "dataset " + event.made.dataset();
  const auto dataset = s.datasets.find(event.made.dataset());
  if (dataset == s.datasets.end() || dataset->second.retired())
    return refuse(s, event.request,
                  {ErrorCode::kNotFound, what, "is not in the catalogue", "`hetao data list` shows what is"});
  if (dataset->second.owner_tenant() == event.made.who().tenant())
    return refuse(s, event.request, {ErrorCode::kFailed, what, "is your own tenant's", ""});
  if (!dataset->second.on_request())
    return refuse(s, event.request,
                  {ErrorCode::kFailed, what, "needs no request: policy alone decides about its use",
                   "`hetao explain` says what it decides"});
  if (is_full(s, event.made.who().tenant()))
    return refuse(s, event.request,
                  {ErrorCode::kFailed, what, "too many requests wait for an answer", "withdraw some"});
  pb::AccessRequest& request = s.edit_access_request(event.made.id());
  request = event.made;
  request.set_home_region(s.config.region);
  request.set_asked_micros(s.now.micros);
  request.set_state(pb::ACCESS_ASKED);
  book(s, request, ledger_name(request.who()), "asked for " + request.dataset() + ": " + request.reason());
  if (!s.is_self(dataset->second.region())) tell(s, dataset->second.region(), request);
  answer(s, event.request, request.id());
}

void on_answer_access(State& s, const AnswerAccess& event) {
  const auto known = s.access_requests.find(event.access);
  if (known == s.access_requests.end()) return refuse(s, event.request, no_such(event.access));
  if (auto error = why_not_answer(s, known->second, event))
    return refuse(s, event.request, std::move(*error));
  pb::AccessRequest& request = s.edit_access_request(event.access);
  request.set_state(state_of(event.say));
  if (event.until_micros != 0) request.set_until_micros(std::min(request.until_micros(), event.until_micros));
  request.set_answered_by(ledger_name(event.who));
  request.set_answer_reason(event.reason);
  request.set_answered_micros(s.now.micros);
  book(s, request, request.answered_by(),
       std::string(to_word(request.state())) + (event.reason.empty() ? "" : ": " + event.reason));
  const auto dataset = s.datasets.find(request.dataset());
  const std::string there = dataset == s.datasets.end() ? std::string() : dataset->second.region();
  for (const std::string& region : {request.home_region(), there}) {
    if (!region.empty() && !s.is_self(region)) tell(s, region, request);
  }
  answer(s, event.request, event.access);
}

void on_access_news(State& s, const std::string& from, const pb::AccessRequest& told) {
  if (told.id().empty() || told.id().size() > limits::kShareIdBytesMax ||
      told.dataset().size() > limits::kShareIdBytesMax || told.who().tenant().empty() ||
      told.who().tenant().size() > limits::kShareIdBytesMax)
    return;
  const auto dataset = s.datasets.find(told.dataset());
  if (dataset != s.datasets.end() && s.is_self(dataset->second.region())) return take_ask(s, from, told);
  take_answer(s, from, told);
}

std::optional<std::string> why_not_use(const State& s, const pb::Dataset& dataset, const Use& use,
                                       Instant now) {
  if (dataset.owner_tenant() == use.tenant) return std::nullopt;
  if (auto why = why_not_in_project(s, dataset, use.project, now)) return why;
  if (!dataset.on_request() || is_granted(s, dataset, use, now)) return std::nullopt;
  if (is_given_to_project(s, dataset, use, now)) return std::nullopt;
  return "dataset " + dataset.id() + " is given on request, and " + dataset.owner_tenant() +
         " has granted it to nobody of " + use.tenant + " for the purpose " + use.purpose;
}

std::optional<Error> why_not_shared(const State& s, const Plan& plan, Instant now) {
  const Use use{plan.submitter.tenant(), plan.purpose, plan.project};
  if (auto why = why_not_member(s, use))
    return Error{ErrorCode::kNotAllowed, "project " + plan.project, *why, "`hetao project show` tells more"};
  for (int i = 0; i < plan.task.inputs_size(); ++i) {
    const auto dataset = s.datasets.find(dataset_of(plan.task.inputs(i)));
    if (dataset == s.datasets.end()) continue;
    const auto why = why_not_use(s, dataset->second, use, now);
    if (!why) continue;
    const bool is_project = s.projects.contains(plan.project);
    return Error{ErrorCode::kNotAllowed, "/inputs/" + std::to_string(i) + "/url", *why,
                 is_project ? "both owners of the project grant it: hetao project grant " + plan.project +
                                  " " + dataset->first
                            : "ask its owner: hetao data request " + dataset->first + " --purpose " +
                                  plan.purpose + " --days 90 --reason TEXT"};
  }
  return std::nullopt;
}

}  // namespace hetao::federation
