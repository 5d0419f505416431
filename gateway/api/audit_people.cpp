// The people behind the ledger's names: who may be known, restricted, held and erased; and the monthly
// statement of a tenant.
#include <algorithm>

#include "gateway/api/audit_access.h"
#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/io/asio.h"
#include "gateway/ledger/note.h"

namespace hetao::api {

namespace {

constexpr size_t kPersonNameBytesMax = 256;

json::object person_view(const io::Person& person, const ledger::Retention& retention) {
  json::object out;
  out["name"] = person.name;
  out["state"] = person.state;
  out["commitment"] = person.commitment;
  put(out, "hold", person.hold);
  put_time(out, "first_seen", person.first_seen.micros);
  put_time(out, "last_seen", person.last_seen.micros);
  if (person.state != "erased")
    put_time(out, "kept_until", ledger::kept_until(person.seen, retention).micros);
  if (!person.same_as.empty()) out["same_as"] = json::array(person.same_as.begin(), person.same_as.end());
  put(out, "tenant", person.tenant);
  put(out, "user", person.user);
  return out;
}

std::string name_in_path(const Context& c) {
  return c.at("tenant") + "/" + c.at("name");
}

io::HttpResponse person_without_name(const Context& c, const std::string& name) {
  auto person = c.backend.persons().show(name);
  if (!person) return problem(person.error());
  person->tenant.clear();
  person->user.clear();
  return json_answer(person_view(*person, c.backend.retention()));
}

bool is_person_name(std::string_view name) {
  constexpr std::string_view kMark = "/u-";
  const size_t at = name.rfind(kMark);
  if (at == std::string_view::npos || at == 0 || printable(name) != name) return false;
  const std::string_view digits = name.substr(at + kMark.size());
  return digits.size() == 16 && digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<void> carry_out(const Context& c, const std::string& act, const std::string& name,
                       const std::string& reason) {
  io::PersonRegister& people = c.backend.persons();
  if (act == "restrict") return people.restrict(name);
  if (act == "hold")
    return people.hold({name, reason, c.caller.name_in_ledger(), c.backend.now(), {name}, {}, false});
  if (act == "release") return people.lift_hold(name);
  return people.erase(name, c.backend.now(), c.backend.retention());
}

}  // namespace

io::HttpResponse list_people(const Context& c) {
  json::array people;
  for (const io::Person& person : c.backend.persons().list())
    people.push_back(person_view(person, c.backend.retention()));
  note_access(c, "people");
  json::object periods;
  for (const ledger::EntryClass one : ledger::kEntryClasses)
    periods[ledger::to_word(one)] = to_string(c.backend.retention()[one]);
  json::object out;
  out["retention"] = std::move(periods);
  out["people"] = std::move(people);
  return json_answer(out);
}

// Lifting a name's veil is an act with a reason, in the ledger before the answer.
io::Awaitable<io::HttpResponse> show_person(const Context& c) {
  const std::string reason = c.query.get("reason");
  if (reason.empty() || reason.size() > limits::kTextFieldBytesMax)
    co_return problem(
        {ErrorCode::kUsage, "parameter reason", "says why a person's name is looked up", "give one"});
  const std::string name = name_in_path(c);
  const auto person = c.backend.persons().show(name);
  if (!person) co_return problem(person.error());
  auto error = co_await write_down(c, "audit-access", reason, {{"act", "person-shown"}, {"person", name}});
  if (error) co_return problem(*error);
  co_return json_answer(person_view(*person, c.backend.retention()));
}

io::Awaitable<io::HttpResponse> act_on_person(const Context& c) {
  static const std::vector<std::string> kActs = {"restrict", "hold", "release", "erase"};
  const std::string& act = c.at("act");
  if (std::find(kActs.begin(), kActs.end(), act) == kActs.end()) co_return plain_not_found();
  const auto body = object_body(c.request, {"reason"});
  if (!body) co_return problem(body.error());
  auto reason = text_member(*body, "reason", true, limits::kTextFieldBytesMax);
  if (!reason) co_return problem(reason.error());
  const std::string name = name_in_path(c);
  // Destroying a key can't be taken back: what would be refused is refused before it is written down as done.
  if (auto done = carry_out(c, act, name, *reason); !done) co_return problem(done.error());
  auto error = co_await write_down(c, act == "erase" ? "erased" : "admin", *reason,
                                   {{"act", "person-" + act}, {"person", name}});
  if (error) co_return problem(*error);
  co_return person_without_name(c, name);
}

// That two accounts are one person's: what that person may not do with one of them they may not do with the
// other either. The other account may be on a peer's side.
io::Awaitable<io::HttpResponse> link_person(const Context& c) {
  const auto body = object_body(c.request, {"reason", "other", "same"});
  if (!body) co_return problem(body.error());
  auto reason = text_member(*body, "reason", true, limits::kTextFieldBytesMax);
  if (!reason) co_return problem(reason.error());
  const auto other = text_member(*body, "other", true, kPersonNameBytesMax);
  if (!other) co_return problem(other.error());
  const json::value* same = body->if_contains("same");
  if (same == nullptr || !same->is_bool())
    co_return problem({ErrorCode::kUsage, "/same", "is neither true nor false", ""});
  const std::string name = name_in_path(c);
  if (!is_person_name(*other) || *other == name)
    co_return problem({ErrorCode::kUsage, "/other", "is no other name of a person in a ledger",
                       "TENANT/u- and 16 hexadecimal digits, as this or a peer's ledger has it"});
  io::PersonRegister& people = c.backend.persons();
  if (auto done = people.note_same(name, *other, same->get_bool()); !done) co_return problem(done.error());
  auto error = co_await write_down(
      c, "admin", *reason,
      {{"act", same->get_bool() ? "person-same" : "person-apart"}, {"person", name}, {"other", *other}});
  if (error) co_return problem(*error);
  co_return person_without_name(c, name);
}

namespace {

struct Sums {
  uint64_t out = 0, out_bytes = 0, in = 0, in_bytes = 0, permits = 0, holds = 0, forbids = 0, reviews = 0,
           jobs = 0;
};

void count(const ledger::Entry& entry, Sums& sums) {
  if (entry.kind == ledger::kind::kDeparted)
    ++sums.out, sums.out_bytes += static_cast<uint64_t>(entry.item_bytes);
  if (entry.kind == ledger::kind::kArrived)
    ++sums.in, sums.in_bytes += static_cast<uint64_t>(entry.item_bytes);
  if (entry.kind == ledger::kind::kReview) ++sums.reviews;
  if (entry.kind == ledger::kind::kJobState && entry.reason.starts_with("complete")) ++sums.jobs;
  if (entry.kind != ledger::kind::kDecision) return;
  sums.permits += entry.decision == "permit" ? 1 : 0;
  sums.holds += entry.decision == "hold" ? 1 : 0;
  sums.forbids += entry.decision == "forbid" ? 1 : 0;
}

// The first instant of a month in Shenzhen and Hong Kong.
std::optional<Instant> month_begins(const std::string& month) {
  return parse_date(month + "-01") ? parse_rfc3339(month + "-01T00:00:00+08:00") : std::nullopt;
}

std::string month_after(const std::string& month) {
  int year = std::stoi(month.substr(0, 4));
  int number = std::stoi(month.substr(5, 2)) + 1;
  if (number == 13) ++year, number = 1;
  return std::to_string(year) + (number < 10 ? "-0" : "-") + std::to_string(number);
}

}  // namespace

// A signed note: what this region's ledger says that the tenant's people moved in a month, and the checkpoint
// that it stands on. Its first line keeps it from being taken for a checkpoint.
io::Awaitable<io::HttpResponse> tenant_statement(const Context& c) {
  const std::string tenant = c.query.get("tenant");
  const std::string month = c.query.get("month");
  const auto since = month.size() == 7 ? month_begins(month) : std::nullopt;
  if (tenant.empty() || !since || tenant.find('\n') != std::string::npos)
    co_return problem({ErrorCode::kUsage, "parameters", "a tenant, and a month such as 2026-11", ""});
  ledger::EntryQuery query;
  query.tenant = tenant;
  query.since = since;
  query.until = month_begins(month_after(month));
  Sums sums;
  std::optional<Error> trouble;
  uint64_t size = 0;
  co_await c.backend.settled();
  auto work = [&] {
    std::optional<uint64_t> cursor = 0;
    while (cursor && !trouble) {
      const io::IndexPage page = c.backend.index().search(query, false, cursor, limits::kPageMax, SIZE_MAX);
      trouble = page.error;
      size = page.size;
      for (const io::IndexHit& hit : page.hits) count(hit.entry, sums);
      cursor = page.next;
    }
    if (!trouble) (void)c.backend.ledger().publish_now();
  };
  co_await c.backend.offload(work);
  if (trouble) co_return problem(500, *trouble);
  note_access(c, "statement");
  const auto number = [](const char* name, uint64_t value) {
    return std::string(name) + " " + std::to_string(value) + "\n";
  };
  std::string text = "hetao-statement/1\nregion " + c.backend.core().config().region + "\ntenant " +
                     printable(tenant) + "\nmonth " + month + " +08:00\n" + number("departed", sums.out) +
                     number("departed-bytes", sums.out_bytes) + number("arrived", sums.in) +
                     number("arrived-bytes", sums.in_bytes) + number("permitted", sums.permits) +
                     number("held", sums.holds) + number("forbidden", sums.forbids) +
                     number("reviewed", sums.reviews) + number("jobs-completed", sums.jobs) +
                     number("ledger-size", size);
  const auto note = ledger::parse_note(c.backend.ledger().checkpoint());
  if (note) text += "checkpoint " + to_base64(as_bytes(note->text)) + "\n";
  auto signed_text = c.backend.ledger().sign_statement(text);
  if (!signed_text) co_return problem(signed_text.error());
  co_return text_answer(std::move(*signed_text));
}

}  // namespace hetao::api
