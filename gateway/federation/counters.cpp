#include "gateway/federation/counters.h"

#include <boost/json/serialize.hpp>

#include "gateway/base/json.h"
#include "gateway/federation/facts.h"

namespace hetao::federation {

namespace {

People count(const std::string& personal, const std::string& kind, std::optional<int64_t> ordinary,
             std::optional<int64_t> sensitive) {
  if (personal != "ordinary" && personal != "sensitive") return {0, 0};
  if (kind == "code" || kind == "image" || kind == "aggregate") return {0, 0};
  if (personal == "sensitive" && sensitive == 0 && ordinary) return {0, ordinary};
  return {ordinary, sensitive};
}

CounterBook::Totals totals_of(const pb::Counter& counter) {
  return {counter.ordinary(), counter.sensitive(), counter.bytes(), counter.jobs()};
}

// Whether another crossing of the same job counts for the same exporter and year: a job counts once.
bool job_counts_already(const State& s, const pb::Crossing& crossing, int year) {
  const std::string prefix = crossing.job() + ".";
  for (auto at = s.crossings.lower_bound(prefix); at != s.crossings.end() && at->first.starts_with(prefix);
       ++at) {
    if (at->first != crossing.id() && at->second.reserved_year() == year &&
        at->second.exporter().id() == crossing.exporter().id()) {
      return true;
    }
  }
  return false;
}

std::optional<std::string> text_in(const policy::Request& request, std::string_view name) {
  const policy::Value* value = request.find(name);
  if (value == nullptr || !std::holds_alternative<std::string>(*value)) return std::nullopt;
  return std::get<std::string>(*value);
}

std::optional<int64_t> number_in(const policy::Request& request, std::string_view name) {
  const policy::Value* value = request.find(name);
  if (value == nullptr || !std::holds_alternative<int64_t>(*value)) return std::nullopt;
  return std::get<int64_t>(*value);
}

tl::unexpected<Error> bad_entry(const ledger::Entry& entry) {
  return fail(ErrorCode::kVerification, "ledger entry " + std::to_string(entry.sequence),
              "\"counted\" is not what a gateway writes", "it was written by another program");
}

std::optional<int64_t> amount_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

}  // namespace

People people_of(const pb::Item& item) {
  const FactList& labels = item.labels();
  return count(text_of(labels, "data.personal"), item.kind(), number_of(labels, "data.subjects_ordinary"),
               number_of(labels, "data.subjects_sensitive"));
}

People people_of(const policy::Request& request) {
  return count(text_in(request, "data.personal").value_or(""), text_in(request, "item.kind").value_or(""),
               number_in(request, "data.subjects_ordinary"), number_in(request, "data.subjects_sensitive"));
}

std::string counter_key(std::string_view tenant, int year) {
  return std::string(tenant) + "/" + std::to_string(year);
}

void fill_counter_facts(const State& s, pb::Crossing& crossing) {
  const int year = year_of(shanghai_date(s.now));
  const auto at = s.counters.find(counter_key(crossing.exporter().id(), year));
  const CounterBook::Totals used = at == s.counters.end() ? CounterBook::Totals{} : totals_of(at->second);
  const People adds = people_of(crossing.item());
  FactList& facts = *crossing.mutable_facts();
  // Unknown subjects: the counter after this item is unknown too.
  if (adds.ordinary) put_fact(facts, fact("subjects.year_ordinary", used.ordinary + *adds.ordinary));
  if (adds.sensitive) put_fact(facts, fact("subjects.year_sensitive", used.sensitive + *adds.sensitive));
  put_fact(facts, fact("exporter.year_bytes", used.bytes + crossing.item().bytes()));
  put_fact(facts, fact("exporter.year_jobs", used.jobs + (job_counts_already(s, crossing, year) ? 0 : 1)));
}

bool reserve_counters(State& s, pb::Crossing& crossing) {
  if (crossing.reserved_year() != 0) return false;
  const int year = year_of(shanghai_date(s.now));
  const People adds = people_of(crossing.item());
  const bool first_of_job = !job_counts_already(s, crossing, year);
  crossing.set_reserved_year(year);
  crossing.set_reserved_ordinary(adds.ordinary.value_or(0));
  crossing.set_reserved_sensitive(adds.sensitive.value_or(0));
  crossing.set_reserved_bytes(crossing.item().bytes());
  pb::Counter& counter = s.edit_counter(counter_key(crossing.exporter().id(), year));
  counter.set_tenant(crossing.exporter().id());
  counter.set_year(year);
  counter.set_ordinary(counter.ordinary() + crossing.reserved_ordinary());
  counter.set_sensitive(counter.sensitive() + crossing.reserved_sensitive());
  counter.set_bytes(counter.bytes() + crossing.reserved_bytes());
  if (first_of_job) counter.set_jobs(counter.jobs() + 1);
  return first_of_job;
}

void note_reservation(ledger::Entry& entry, const pb::Crossing& crossing, bool job_begins) {
  if (crossing.reserved_year() == 0) return;
  json::object counted = {{"tenant", crossing.exporter().id()},
                          {"year", crossing.reserved_year()},
                          {"ordinary", crossing.reserved_ordinary()},
                          {"sensitive", crossing.reserved_sensitive()},
                          {"bytes", crossing.reserved_bytes()}};
  if (job_begins) counted["jobs"] = 1;
  entry.extra["counted"] = json::serialize(counted);
}

void take_back_counters(State& s, pb::Crossing& crossing) {
  const int year = crossing.reserved_year();
  if (year == 0) return;
  crossing.set_reserved_year(0);
  pb::Counter& counter = s.edit_counter(counter_key(crossing.exporter().id(), year));
  counter.set_ordinary(counter.ordinary() - crossing.reserved_ordinary());
  counter.set_sensitive(counter.sensitive() - crossing.reserved_sensitive());
  counter.set_bytes(counter.bytes() - crossing.reserved_bytes());
  if (!job_counts_already(s, crossing, year)) counter.set_jobs(counter.jobs() - 1);
  crossing.set_reserved_ordinary(0);
  crossing.set_reserved_sensitive(0);
  crossing.set_reserved_bytes(0);
}

void release_counters(State& s, pb::Crossing& crossing) {
  if (crossing.reserved_year() == 0) return;
  ledger::Entry& entry = s.book(std::string(ledger::kind::kCounterReleased));
  entry.job = crossing.job();
  entry.crossing = crossing.id();
  entry.who = ledger_name(crossing.submitter());
  entry.reason = crossing.reason();
  entry.extra["tenant"] = crossing.exporter().id();
  entry.extra["year"] = std::to_string(crossing.reserved_year());
  take_back_counters(s, crossing);
}

Result<std::optional<CounterBook::Reservation>> reservation_of(const ledger::Entry& entry) {
  const auto at = entry.extra.find("counted");
  if (at == entry.extra.end()) return std::optional<CounterBook::Reservation>();
  const auto parsed = parse_json(at->second, "counted");
  if (!parsed || !parsed->is_object()) return bad_entry(entry);
  const json::object& object = parsed->get_object();
  const json::value* tenant = object.if_contains("tenant");
  const auto year = amount_in(object, "year");
  const auto ordinary = amount_in(object, "ordinary");
  const auto sensitive = amount_in(object, "sensitive");
  const auto bytes = amount_in(object, "bytes");
  if (tenant == nullptr || !tenant->is_string() || !year || *year < 1 || *year > 9999 || !ordinary ||
      !sensitive || !bytes) {
    return bad_entry(entry);
  }
  return CounterBook::Reservation{
      std::string(tenant->get_string()), static_cast<int>(*year), *ordinary, *sensitive, *bytes, entry.job,
      amount_in(object, "jobs") == 1};
}

Result<void> CounterBook::take(const ledger::Entry& entry) {
  if (entry.crossing.empty()) return {};
  const auto reservation = reservation_of(entry);
  if (!reservation) return fail(reservation.error());
  // A sender's decision says what the crossing holds from now on: without `counted` that is nothing.
  const bool says = entry.kind == ledger::kind::kCounterReleased ||
                    (entry.kind == ledger::kind::kDecision && entry.direction == "out");
  if (*reservation) {
    reserve(entry.crossing, **reservation);
  } else if (says) {
    release(entry.crossing);
  }
  return {};
}

void CounterBook::reserve(const std::string& crossing, Reservation reservation) {
  release(crossing);
  const std::string key = counter_key(reservation.tenant, reservation.year);
  Totals& totals = totals_[key];
  totals.ordinary += reservation.ordinary;
  totals.sensitive += reservation.sensitive;
  totals.bytes += reservation.bytes;
  std::set<std::string>& counts_by = jobs_[key][reservation.job];
  if (reservation.job_begins) counts_by.clear();
  if (counts_by.empty()) ++totals.jobs;
  counts_by.insert(crossing);
  held_[crossing] = std::move(reservation);
}

void CounterBook::release(const std::string& crossing) {
  const auto at = held_.find(crossing);
  if (at == held_.end()) return;
  const std::string key = counter_key(at->second.tenant, at->second.year);
  Totals& totals = totals_[key];
  totals.ordinary -= at->second.ordinary;
  totals.sensitive -= at->second.sensitive;
  totals.bytes -= at->second.bytes;
  auto& jobs = jobs_[key];
  const auto job = jobs.find(at->second.job);
  if (job != jobs.end() && job->second.erase(crossing) != 0 && job->second.empty()) {
    jobs.erase(job);
    --totals.jobs;
  }
  if (totals == Totals{}) totals_.erase(key);
  held_.erase(at);
}

CounterBook::Totals CounterBook::of(std::string_view tenant, int year) const {
  const auto at = totals_.find(counter_key(tenant, year));
  return at == totals_.end() ? Totals{} : at->second;
}

bool CounterBook::counts_job(std::string_view tenant, int year, const std::string& job) const {
  const auto at = jobs_.find(counter_key(tenant, year));
  return at != jobs_.end() && at->second.contains(job);
}

std::vector<CounterMismatch> compare_counters(const Table_of<pb::Counter>& kept, const CounterBook& book) {
  std::vector<CounterMismatch> out;
  for (const auto& [key, counter] : kept) {
    const auto told = book.totals().find(key);
    const CounterBook::Totals totals = told == book.totals().end() ? CounterBook::Totals{} : told->second;
    if (totals_of(counter) != totals) out.push_back({key, totals_of(counter), totals});
  }
  for (const auto& [key, totals] : book.totals()) {
    if (!kept.contains(key)) out.push_back({key, {}, totals});
  }
  return out;
}

}  // namespace hetao::federation
