// Legal holds: matters for which no name may be erased (io/legal_holds.h). Placing and lifting one are acts
// with a reason, in the ledger.
#include <algorithm>
#include <set>

#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

constexpr size_t kMatterBytesMax = 128;
constexpr size_t kNamesMax = 1'000;
constexpr size_t kNameBytesMax = 256;
constexpr size_t kJobEntriesMax = 100'000;

json::array names_view(const std::vector<std::string>& names) {
  return json::array(names.begin(), names.end());
}

json::object hold_view(const io::LegalHold& hold) {
  json::object out;
  out["matter"] = hold.matter;
  out["reason"] = hold.reason;
  put(out, "by", hold.by);
  put_time(out, "since", hold.since.micros);
  out["people"] = names_view(hold.people);
  out["tenants"] = names_view(hold.tenants);
  out["everybody"] = hold.everybody;
  return out;
}

// A name for a matter is one line, so that the ledger and people can quote it.
Result<std::string> matter_member(const json::object& body) {
  auto matter = text_member(body, "matter", true, kMatterBytesMax);
  if (matter && printable(*matter) != *matter)
    return fail(ErrorCode::kUsage, "/matter", "has characters that can't be shown", "one line of text");
  return matter;
}

Result<std::vector<std::string>> names_member(const json::object& body, const char* name) {
  std::vector<std::string> out;
  const json::value* value = body.if_contains(name);
  if (value == nullptr) return out;
  const std::string pointer = std::string("/") + name;
  if (!value->is_array() || value->get_array().size() > kNamesMax)
    return fail(ErrorCode::kUsage, pointer, "is no list of at most " + std::to_string(kNamesMax) + " names",
                "");
  for (const json::value& one : value->get_array()) {
    if (!one.is_string() || one.get_string().empty() || one.get_string().size() > kNameBytesMax)
      return fail(ErrorCode::kUsage, pointer, "has what is no name", "");
    out.emplace_back(one.get_string());
  }
  return out;
}

Result<io::LegalHold> read_hold(const Context& c, const json::object& body) {
  auto matter = matter_member(body);
  if (!matter) return fail(matter.error());
  auto reason = text_member(body, "reason", true, limits::kTextFieldBytesMax);
  if (!reason) return fail(reason.error());
  auto people = names_member(body, "people");
  if (!people) return fail(people.error());
  auto tenants = names_member(body, "tenants");
  if (!tenants) return fail(tenants.error());
  const json::value* everybody = body.if_contains("everybody");
  if (everybody != nullptr && !everybody->is_bool())
    return fail(ErrorCode::kUsage, "/everybody", "is neither true nor false", "");
  return io::LegalHold{std::move(*matter),
                       std::move(*reason),
                       c.caller.name_in_ledger(),
                       c.backend.now(),
                       std::move(*people),
                       std::move(*tenants),
                       everybody != nullptr && everybody->get_bool()};
}

// Whom entries about the job name: those of this region, whose names are kept here, and others.
struct Named {
  std::set<std::string> here;
  std::set<std::string> elsewhere;
};

io::Awaitable<Result<Named>> people_of_job(const Context& c, const std::string& job) {
  ledger::EntryQuery query;
  query.job = job;
  co_await c.backend.settled();
  io::IndexPage page;
  auto work = [&] { page = c.backend.index().search(query, false, 0, kJobEntriesMax, SIZE_MAX); };
  co_await c.backend.offload(work);
  if (page.error) co_return fail(*page.error);
  std::set<std::string> known;
  for (io::Person& person : c.backend.persons().list())
    if (person.state != "erased") known.insert(std::move(person.name));
  Named named;
  for (const io::IndexHit& hit : page.hits) {
    const std::string& who = hit.entry.who;
    if (known.contains(who)) named.here.insert(who);
    if (!known.contains(who) && who.find("/u-") != std::string::npos) named.elsewhere.insert(who);
  }
  if (page.hits.empty())
    co_return fail(ErrorCode::kNotFound, "job " + printable(job), "is in no entry of this ledger");
  if (named.here.empty())
    co_return fail(ErrorCode::kUsage, "job " + printable(job), "names nobody whose name is kept here",
                   "ask the other side to hold it");
  co_return named;
}

std::string covered(const io::LegalHold& hold) {
  std::vector<std::string> all = hold.people;
  for (const std::string& tenant : hold.tenants) all.push_back("tenant " + tenant);
  if (hold.everybody) all.emplace_back("everybody");
  return readable(join(all, ", "), limits::kTextFieldBytesMax);
}

}  // namespace

io::HttpResponse list_holds(const Context& c) {
  json::array holds;
  for (const io::LegalHold& hold : c.backend.persons().holds()) holds.push_back(hold_view(hold));
  json::object out;
  out["holds"] = std::move(holds);
  return json_answer(out);
}

io::Awaitable<io::HttpResponse> place_hold(const Context& c) {
  const auto body = object_body(c.request, {"matter", "reason", "people", "tenants", "job", "everybody"});
  if (!body) co_return problem(body.error());
  auto hold = read_hold(c, *body);
  if (!hold) co_return problem(hold.error());
  const auto job = text_member(*body, "job", false, kNameBytesMax);
  if (!job) co_return problem(job.error());
  Named named;
  if (!job->empty()) {
    auto found = co_await people_of_job(c, *job);
    if (!found) co_return problem(found.error());
    named = std::move(*found);
    hold->people.insert(hold->people.end(), named.here.begin(), named.here.end());
  }
  std::sort(hold->people.begin(), hold->people.end());
  hold->people.erase(std::unique(hold->people.begin(), hold->people.end()), hold->people.end());
  // First the hold, then the entry: between the two nothing may be lost.
  if (auto placed = c.backend.persons().hold(*hold); !placed) co_return problem(placed.error());
  auto error =
      co_await write_down(c, "admin", hold->reason,
                          {{"act", "hold-placed"}, {"matter", hold->matter}, {"covers", covered(*hold)}});
  if (error) co_return problem(*error);
  json::object out = hold_view(*hold);
  if (!named.elsewhere.empty())
    out["elsewhere"] = names_view({named.elsewhere.begin(), named.elsewhere.end()});
  co_return json_answer(out);
}

io::Awaitable<io::HttpResponse> lift_hold(const Context& c) {
  const auto body = object_body(c.request, {"matter", "reason"});
  if (!body) co_return problem(body.error());
  const auto matter = text_member(*body, "matter", true, kNameBytesMax);
  if (!matter) co_return problem(matter.error());
  auto reason = text_member(*body, "reason", true, limits::kTextFieldBytesMax);
  if (!reason) co_return problem(reason.error());
  const auto holds = c.backend.persons().holds();
  const auto at =
      std::find_if(holds.begin(), holds.end(), [&](const auto& one) { return one.matter == *matter; });
  if (at == holds.end())
    co_return no_such("legal hold", *matter, "`hetao audit hold list` shows what is held");
  // First the entry, then the end of the hold: what is not written down holds on.
  auto error = co_await write_down(c, "admin", *reason, {{"act", "hold-lifted"}, {"matter", *matter}});
  if (error) co_return problem(*error);
  if (auto lifted = c.backend.persons().lift_hold(*matter); !lifted) co_return problem(lifted.error());
  co_return json_answer(hold_view(*at));
}

}  // namespace hetao::api
