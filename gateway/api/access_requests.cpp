// Requests for data sets that are given on request: researchers ask, owners answer where the data is.
#include <algorithm>
#include <array>

#include "gateway/api/handlers.h"
#include "gateway/api/people_names.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/share_limits.h"
#include "gateway/federation/access_request.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

using Say = federation::AnswerAccess::Say;

// Who asked, who owns, and who audits.
bool sees(const Context& c, const pb::AccessRequest& request) {
  if (c.caller.has(Role::kAuditor) || request.who().tenant() == c.caller.tenant) return true;
  const pb::Dataset* dataset = c.backend.core().dataset(request.dataset());
  return dataset != nullptr && dataset->owner_tenant() == c.caller.tenant;
}

json::object view_of(const Context& c, const pb::AccessRequest& request, PeopleNames& people) {
  json::object out{{"id", request.id()}, {"dataset", request.dataset()}};
  out["state"] = federation::to_word(request.state());
  out["in_force"] = federation::counts(request, c.backend.now());
  out["tenant"] = request.who().tenant();
  out["user"] = people.user(request.who());
  out["region"] = request.home_region();
  out["purpose"] = request.purpose();
  put(out, "reason", request.reason());
  put_time(out, "asked", request.asked_micros());
  put_time(out, "until", request.until_micros());
  put(out, "answered_by", request.answered_by());
  put(out, "answer", request.answer_reason());
  put_time(out, "answered", request.answered_micros());
  return out;
}

io::HttpResponse answer_with(const Context& c, const std::string& id) {
  const auto& all = c.backend.core().access_requests();
  const auto at = all.find(id);
  PeopleNames people(c);
  return json_answer(at == all.end() ? json::object() : view_of(c, at->second, people));
}

// A term in days from now; `otherwise` when it is not said.
Result<int64_t> days_member(const json::object& body, int64_t otherwise) {
  const json::value* value = body.if_contains("days");
  if (value == nullptr || value->is_null()) return otherwise;
  const int64_t days = value->is_int64() ? value->get_int64() : -1;
  if (days < 1 || days > limits::kAccessDaysMax)
    return fail(ErrorCode::kUsage, "/days", "is no term",
                "a whole number from 1 to " + std::to_string(limits::kAccessDaysMax));
  return days;
}

int64_t in_days(const Context& c, int64_t days) {
  return (c.backend.now() + Duration::seconds(days * 86'400)).micros;
}

struct Wanted {
  std::string purpose;
  std::string reason;
  int64_t days = 0;
};

Result<Wanted> read_wanted(const Context& c) {
  const auto body = object_body(c.request, {"purpose", "reason", "days"});
  if (!body) return fail(body.error());
  Wanted out;
  auto purpose = text_member(*body, "purpose", true, limits::kShareIdBytesMax);
  if (!purpose) return fail(purpose.error());
  const auto known = c.backend.policy()->pack().schema.resolve("purpose");
  const auto right =
      policy::check_attribute("purpose", policy::Value(*purpose), c.backend.policy()->pack().schema);
  if (known && !right) return fail(ErrorCode::kUsage, "/purpose", right.error().why, right.error().hint);
  auto reason = text_member(*body, "reason", true, limits::kShareTextBytesMax);
  if (!reason) return fail(reason.error());
  const auto days = days_member(*body, 90);
  if (!days) return fail(days.error());
  return Wanted{std::move(*purpose), std::move(*reason), *days};
}

}  // namespace

io::HttpResponse list_access(const Context& c) {
  const std::string state = c.query.get("state");
  const std::string dataset = c.query.get("dataset");
  json::array list;
  PeopleNames people(c);
  for (const auto& [id, request] : c.backend.core().access_requests()) {
    if (!sees(c, request) || (!state.empty() && state != federation::to_word(request.state()))) continue;
    if (!dataset.empty() && dataset != request.dataset()) continue;
    list.push_back(view_of(c, request, people));
  }
  return json_answer(json::object{{"requests", std::move(list)}});
}

io::HttpResponse get_access(const Context& c) {
  const auto& all = c.backend.core().access_requests();
  const auto at = all.find(c.at("id"));
  if (at == all.end() || !sees(c, at->second))
    return no_such("access request", c.at("id"), "`hetao data requests` lists them");
  return answer_with(c, at->first);
}

io::Awaitable<io::HttpResponse> request_access(const Context& c) {
  const auto wanted = read_wanted(c);
  if (!wanted) co_return problem(wanted.error());
  federation::RequestAccess event;
  event.made.set_id("ar-" + c.backend.fresh_id());
  event.made.set_dataset(c.at("id"));
  *event.made.mutable_who() = c.caller.principal();
  event.made.set_purpose(wanted->purpose);
  event.made.set_reason(wanted->reason);
  event.made.set_until_micros(in_days(c, wanted->days));
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  co_return answer_with(c, answer.id);
}

io::Awaitable<io::HttpResponse> answer_access(const Context& c) {
  static constexpr std::array<std::pair<std::string_view, Say>, 4> kSays = {{{"grant", Say::kGrant},
                                                                             {"refuse", Say::kRefuse},
                                                                             {"revoke", Say::kRevoke},
                                                                             {"withdraw", Say::kWithdraw}}};
  const auto say = std::find_if(kSays.begin(), kSays.end(),
                                [&](const auto& each) { return each.first == c.at("answer"); });
  if (say == kSays.end()) co_return plain_not_found();
  const auto& all = c.backend.core().access_requests();
  const auto known = all.find(c.at("id"));
  if (known == all.end() || !sees(c, known->second))
    co_return no_such("access request", c.at("id"), "`hetao data requests` lists them");
  if (say->second != Say::kWithdraw && !c.caller.has(Role::kDataOwner))
    co_return problem({ErrorCode::kNotAllowed, "access request " + c.at("id"),
                       "is the data owner's to answer", "`hetao whoami` shows your roles"});
  const auto body = object_body(c.request, {"reason", "days"});
  if (!body) co_return problem(body.error());
  // Who gives or takes away says why.
  auto reason = text_member(*body, "reason", say->second != Say::kWithdraw, limits::kShareTextBytesMax);
  if (!reason) co_return problem(reason.error());
  const auto days = days_member(*body, 0);
  if (!days) co_return problem(days.error());
  federation::AnswerAccess event;
  event.access = c.at("id");
  event.say = say->second;
  event.until_micros = *days == 0 ? 0 : in_days(c, *days);
  event.reason = std::move(*reason);
  event.who = c.caller.principal();
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  co_return answer_with(c, answer.id);
}

}  // namespace hetao::api
