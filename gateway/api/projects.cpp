// Projects across the boundary: an owner on each side, members, a budget and data sets that both owners
// grant.
#include <algorithm>
#include <array>

#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/share_limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/money.h"
#include "gateway/federation/project.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

using Say = federation::ProjectAct::Say;

bool sees(const Context& c, const pb::Project& project) {
  return c.caller.has(Role::kAuditor) || federation::is_member(project, c.caller.tenant);
}

const char* word_of(pb::ProjectState state) {
  switch (state) {
    case pb::PROJECT_ACCEPTED:
      return "accepted";
    case pb::PROJECT_DECLINED:
      return "declined";
    case pb::PROJECT_CLOSED:
      return "closed";
    default:
      return "invited";
  }
}

json::object view_of(const pb::ProjectSide& side) {
  json::object out{{"region", side.region()}, {"owner", side.tenant()}, {"state", word_of(side.state())}};
  json::array members;
  for (const std::string& member : side.members()) members.emplace_back(member);
  out["members"] = std::move(members);
  out["budget_cny"] = amount_view(side.budget_micros());
  out["promised_cny"] = amount_view(side.promised_micros());
  out["spent_cny"] = amount_view(side.spent_micros());
  json::array datasets;
  for (const pb::ProjectData& data : side.datasets()) {
    json::object one{{"dataset", data.dataset()}};
    put_time(one, "until", data.until_micros());
    datasets.push_back(std::move(one));
  }
  out["datasets"] = std::move(datasets);
  put(out, "changed_by", side.by());
  put_time(out, "changed", side.at_micros());
  put(out, "reason", side.reason());
  return out;
}

json::object view_of(const Context& c, const pb::Project& project) {
  json::object out{{"id", project.id()}, {"state", federation::state_of(project)}};
  put(out, "title", project.title());
  put(out, "purpose", project.purpose());
  out["begun_in"] = project.begun_in();
  put_time(out, "begun", project.begun_micros());
  out["budget_cny"] = amount_view(federation::budget_of(project));
  out["used_cny"] = amount_view(federation::used_of(project));
  json::array datasets;
  json::array sides;
  for (const pb::ProjectSide& side : project.sides()) sides.push_back(view_of(side));
  if (!project.sides().empty()) {
    for (const pb::ProjectData& data : project.sides(0).datasets()) {
      if (federation::is_granted(project, data.dataset(), c.backend.now()))
        datasets.emplace_back(data.dataset());
    }
  }
  out["datasets"] = std::move(datasets);
  out["sides"] = std::move(sides);
  return out;
}

io::HttpResponse answer_with(const Context& c, const std::string& id) {
  const auto& all = c.backend.core().projects();
  const auto at = all.find(id);
  return json_answer(at == all.end() ? json::object() : view_of(c, at->second));
}

bool is_id(std::string_view text) {
  const auto plain = [](char ch) { return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9'); };
  return !text.empty() && text.size() <= limits::kShareIdBytesMax && plain(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char ch) { return plain(ch) || ch == '.' || ch == '_' || ch == '-'; });
}

Error wrong(const char* pointer, std::string why, std::string hint) {
  return {ErrorCode::kUsage, pointer, std::move(why), std::move(hint)};
}

// Text members of a body, one after the other; the first mistake, if there is one.
class Texts {
 public:
  explicit Texts(const json::object& body) : body_(body) {}

  std::string take(std::string_view name, bool needed, size_t bytes_max = limits::kShareTextBytesMax) {
    auto text = text_member(body_, name, needed, bytes_max);
    if (text) return std::move(*text);
    if (!error) error = text.error();
    return {};
  }

  std::optional<Error> error;

 private:
  const json::object& body_;
};

// "1250.50" of a CNY, in millionths.
std::optional<int64_t> micros_of(const std::string& text) {
  constexpr int64_t kMost = int64_t{limits::kProjectBudgetCnyMax} * 1'000'000;
  const auto micros = federation::parse_amount(text);
  return micros && *micros <= kMost ? micros : std::nullopt;
}

std::optional<Error> read_members(const json::object& body, federation::ProjectAct& event) {
  const json::value* list = body.if_contains("members");
  if (list == nullptr || !list->is_array() || list->get_array().size() > limits::kProjectMembersMax)
    return wrong("/members", "is no list of tenants",
                 "at most " + std::to_string(limits::kProjectMembersMax) + " ids of tenants");
  for (const json::value& member : list->get_array()) {
    if (!member.is_string() || !is_id(member.get_string()))
      return wrong("/members", "holds something that is no id of a tenant", "");
    event.members.emplace_back(member.get_string());
  }
  return std::nullopt;
}

std::optional<Error> read_grant(const Context& c, const json::object& body, Texts& texts,
                                federation::ProjectAct& event) {
  event.data.set_dataset(texts.take("dataset", true, limits::kShareIdBytesMax));
  const json::value* days = body.if_contains("days");
  if (days == nullptr || days->is_null()) return std::nullopt;
  const int64_t number = days->is_int64() ? days->get_int64() : -1;
  if (number < 1 || number > limits::kAccessDaysMax)
    return wrong("/days", "is no term", "a whole number from 1 to " + std::to_string(limits::kAccessDaysMax));
  event.data.set_until_micros((c.backend.now() + Duration::seconds(number * 86'400)).micros);
  return std::nullopt;
}

// What goes with each act besides a reason.
std::optional<Error> read_act(const Context& c, const json::object& body, federation::ProjectAct& event) {
  Texts texts(body);
  event.reason = texts.take("reason", event.say == Say::kClose || event.say == Say::kDecline);
  std::optional<Error> error;
  if (event.say == Say::kMembers) error = read_members(body, event);
  if (event.say == Say::kGrant || event.say == Say::kRevoke) error = read_grant(c, body, texts, event);
  if (event.say == Say::kBudget) {
    const auto micros = micros_of(texts.take("cny", true, 32));
    if (micros) event.budget_micros = *micros;
    if (!micros && !texts.error) error = wrong("/cny", "is no amount", "a decimal such as \"1250.50\"");
  }
  return texts.error ? texts.error : error;
}

std::vector<std::string> members_of(Say say) {
  switch (say) {
    case Say::kMembers:
      return {"reason", "members"};
    case Say::kBudget:
      return {"reason", "cny"};
    case Say::kGrant:
    case Say::kRevoke:
      return {"reason", "dataset", "days"};
    default:
      return {"reason"};
  }
}

std::optional<Error> read_project(const json::object& body, federation::ProjectAct& event) {
  Texts texts(body);
  event.project = texts.take("id", true, limits::kShareIdBytesMax);
  event.made.set_title(texts.take("title", false));
  event.made.set_purpose(texts.take("purpose", false, limits::kShareIdBytesMax));
  event.made.set_invited_region(texts.take("region", true, limits::kShareIdBytesMax));
  event.made.set_invited_tenant(texts.take("tenant", true, limits::kShareIdBytesMax));
  event.reason = texts.take("reason", false);
  if (texts.error) return texts.error;
  if (!is_id(event.project))
    return wrong("/id", "is no name of a project", "lower-case letters, digits, '.', '_', '-'");
  if (!is_id(event.made.invited_tenant())) return wrong("/tenant", "is no id of a tenant", "");
  return std::nullopt;
}

}  // namespace

io::HttpResponse list_projects(const Context& c) {
  json::array list;
  for (const auto& [id, project] : c.backend.core().projects()) {
    if (sees(c, project)) list.push_back(view_of(c, project));
  }
  return json_answer(json::object{{"projects", std::move(list)}});
}

io::HttpResponse get_project(const Context& c) {
  const auto& all = c.backend.core().projects();
  const auto at = all.find(c.at("id"));
  if (at == all.end() || !sees(c, at->second))
    return no_such("project", c.at("id"), "`hetao project list` shows yours");
  return answer_with(c, at->first);
}

io::Awaitable<io::HttpResponse> begin_project(const Context& c) {
  const auto body = object_body(c.request, {"id", "title", "purpose", "region", "tenant", "reason"});
  if (!body) co_return problem(body.error());
  federation::ProjectAct event;
  if (const auto error = read_project(*body, event)) co_return problem(*error);
  event.who = c.caller.principal();
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  co_return answer_with(c, answer.id);
}

io::Awaitable<io::HttpResponse> act_on_project(const Context& c) {
  static constexpr std::array<std::pair<std::string_view, Say>, 7> kSays = {{{"accept", Say::kAccept},
                                                                             {"decline", Say::kDecline},
                                                                             {"close", Say::kClose},
                                                                             {"members", Say::kMembers},
                                                                             {"budget", Say::kBudget},
                                                                             {"grant", Say::kGrant},
                                                                             {"revoke", Say::kRevoke}}};
  const auto say =
      std::find_if(kSays.begin(), kSays.end(), [&](const auto& each) { return each.first == c.at("act"); });
  if (say == kSays.end()) co_return plain_not_found();
  federation::ProjectAct event;
  event.project = c.at("id");
  event.say = say->second;
  const auto body = object_body(c.request, members_of(event.say));
  if (!body) co_return problem(body.error());
  if (const auto error = read_act(c, *body, event)) co_return problem(*error);
  event.who = c.caller.principal();
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  co_return answer_with(c, answer.id);
}

}  // namespace hetao::api
