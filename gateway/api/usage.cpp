// What jobs used and cost, from the platforms' own accounting: of the runs that this region carried, and of
// its jobs that ran elsewhere, as the other region told. Both sides show the same record of a job, so that
// their books can be laid side by side.
#include <array>
#include <map>
#include <set>

#include "gateway/api/handlers.h"
#include "gateway/api/past.h"
#include "gateway/api/people_names.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/text.h"
#include "gateway/federation/table.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

using federation::Table;

constexpr size_t kPastRowsAtOnce = 256;

struct Filter {
  Instant since;
  Instant until;
  std::string tenant;  // empty: all
  std::string project;
};

struct Totals {
  int64_t jobs = 0, seconds = 0, core_seconds = 0, ram_byte_seconds = 0, accelerator_seconds = 0;
  int64_t bytes_in = 0, bytes_out = 0, cost_micros = 0;
};

struct Moved {
  int64_t in = 0;  // to the place where it ran
  int64_t out = 0;
};

Moved moved_for(const federation::Core& core, const std::string& job, const std::string& place) {
  Moved moved;
  const auto& all = core.crossings();
  const std::string prefix = job + ".";
  for (auto at = all.lower_bound(prefix); at != all.end() && at->first.starts_with(prefix); ++at) {
    if (at->second.state() != pb::CROSSING_DONE) continue;
    (at->second.to_region() == place ? moved.in : moved.out) += at->second.item().bytes();
  }
  return moved;
}

class Report {
 public:
  Report(const Context& c, Filter filter) : filter_(std::move(filter)), people_(c) {}

  // What a core knows of runs in `region` and of its jobs elsewhere.
  void add(const federation::Core& core, const std::string& region) {
    for (const auto& [key, run] : core.runs()) {
      add(core, run.job(), run.attempt(), run.submitter(), run.tenant().id(), run.project(),
          run.home_region(), federation::to_word(run.state()), run.report());
    }
    for (const auto& [id, job] : core.jobs()) {
      if (job.region() == region) continue;  // its run stands above
      add(core, id, job.attempt(), job.submitter(), job.submitter().tenant(), job.project(), region,
          federation::to_word(job.state()), job.report());
    }
  }

  // Whether anything that a report could say of it belongs here.
  bool wants(const pb::RunReport& report) const {
    const Instant ended{report.ended_micros()};
    return !report.usage().source().empty() && ended >= filter_.since && ended < filter_.until;
  }

  json::object answer(const std::string& region) && {
    json::array totals;
    for (const auto& [key, sum] : totals_) {
      totals.push_back(json::object{{"tenant", key[0]},
                                    {"project", key[1]},
                                    {"region", key[2]},
                                    {"jobs", sum.jobs},
                                    {"seconds", sum.seconds},
                                    {"core_seconds", sum.core_seconds},
                                    {"ram_byte_seconds", sum.ram_byte_seconds},
                                    {"accelerator_seconds", sum.accelerator_seconds},
                                    {"bytes_in", sum.bytes_in},
                                    {"bytes_out", sum.bytes_out},
                                    {"cost", amount_view(sum.cost_micros)},
                                    {"currency", key[3]}});
    }
    return {{"region", region}, {"totals", std::move(totals)}, {"records", std::move(records_)}};
  }

 private:
  void add(const federation::Core& core, const std::string& job, uint32_t attempt, const pb::Principal& who,
           const std::string& tenant, const std::string& project, const std::string& home,
           const std::string& state, const pb::RunReport& report) {
    if (!wants(report)) return;
    const pb::Usage& usage = report.usage();
    if (!filter_.tenant.empty() && tenant != filter_.tenant) return;
    if (!filter_.project.empty() && project != filter_.project) return;
    const Moved moved = moved_for(core, job, report.region());
    json::object one{{"job", job},
                     {"attempt", attempt},
                     {"tenant", tenant},
                     {"project", project},
                     {"home", home},
                     {"region", report.region()},
                     {"platform", report.platform()},
                     {"platform_id", usage.platform_id()},
                     {"source", usage.source()},
                     {"state", state}};
    put(one, "user", people_.user(who));
    put_time(one, "started", report.started_micros());
    put_time(one, "ended", report.ended_micros());
    one["seconds"] = usage.seconds();
    one["cores"] = usage.cores();
    one["core_seconds"] = usage.core_seconds();
    one["ram_byte_seconds"] = usage.ram_byte_seconds();
    one["accelerator"] = usage.accelerator();
    one["accelerators"] = usage.accelerators();
    one["accelerator_seconds"] = usage.accelerator_seconds();
    one["cpu_seconds"] = usage.cpu_micros() / 1'000'000;
    one["bytes_in"] = moved.in;
    one["bytes_out"] = moved.out;
    one["cost"] = amount_view(usage.cost_micros());
    one["currency"] = usage.currency();
    records_.push_back(std::move(one));
    Totals& sum = totals_[{tenant, project, report.region(), usage.currency()}];
    ++sum.jobs;
    sum.seconds += usage.seconds();
    sum.core_seconds += usage.core_seconds();
    sum.ram_byte_seconds += usage.ram_byte_seconds();
    sum.accelerator_seconds += usage.accelerator_seconds();
    sum.bytes_in += moved.in;
    sum.bytes_out += moved.out;
    sum.cost_micros += usage.cost_micros();
  }

  Filter filter_;
  PeopleNames people_;
  json::array records_;
  std::map<std::array<std::string, 4>, Totals> totals_;
};

// "2026-11-26" (a day of Shanghai begins), or an RFC 3339 time.
Result<Instant> time_query(const Query& query, std::string_view name, Instant otherwise) {
  constexpr int64_t kDayMicros = int64_t{86'400} * 1'000'000;
  constexpr int64_t kShanghaiMicros = int64_t{8} * 3'600 * 1'000'000;
  const std::string* text = query.find(name);
  if (text == nullptr) return otherwise;
  if (const auto date = parse_date(*text)) return Instant{date->days * kDayMicros - kShanghaiMicros};
  if (const auto time = parse_rfc3339(*text)) return *time;
  return fail(ErrorCode::kUsage, "parameter " + std::string(name), "is no date or time",
              "2026-11-26, or 2026-11-26T08:00:00+08:00");
}

// Whose report an archived row has, if `report` wants it: the job's id.
std::string job_of(const federation::Record& row, const Report& report) {
  pb::Run run;
  pb::Job job;
  if (row.table == Table::kPastRun)
    return run.ParseFromString(*row.value) && report.wants(run.report()) ? run.job() : std::string();
  return job.ParseFromString(*row.value) && report.wants(job.report()) ? job.id() : std::string();
}

// The archive, a part at a time. A job that goes there meanwhile is counted once: in the core, where it was.
io::Awaitable<std::optional<Error>> add_past(const Context& c, const std::string& region, Report& report) {
  std::set<std::string> counted;
  const auto& jobs = c.backend.core().jobs();
  for (auto at = jobs.begin(); at != jobs.end(); ++at) counted.insert(at.key());
  for (const auto& [key, run] : c.backend.core().runs()) counted.insert(run.job());
  for (const Table table : {Table::kPastRun, Table::kPastJob}) {
    std::string from;
    for (size_t got = kPastRowsAtOnce; got == kPastRowsAtOnce;) {
      const auto rows = co_await c.backend.past_rows(table, from, "\x7f", kPastRowsAtOnce, false);
      if (!rows) co_return rows.error();
      for (const federation::Record& row : *rows) {
        from = row.key + '\0';
        const std::string id = job_of(row, report);
        if (id.empty() || !counted.insert(id).second) continue;
        const auto family = co_await past_family(c.backend, id);
        report.add(*family, region);
      }
      got = rows->size();
    }
  }
  co_return std::nullopt;
}

}  // namespace

io::Awaitable<io::HttpResponse> get_usage(const Context& c) {
  const auto since = time_query(c.query, "since", Instant{0});
  if (!since) co_return problem(since.error());
  const auto until = time_query(c.query, "until", Instant{INT64_MAX});
  if (!until) co_return problem(until.error());
  const bool sees_all = c.caller.has(Role::kOperator) || c.caller.has(Role::kAuditor);
  const std::string asked = c.query.get("tenant");
  if (!sees_all && !asked.empty() && asked != c.caller.tenant)
    co_return problem({ErrorCode::kNotAllowed, "usage of tenant " + printable(asked),
                       "operators and auditors alone see other tenants", "leave the tenant out"});
  Filter filter{*since, *until, sees_all ? asked : c.caller.tenant, c.query.get("project")};
  const std::string region = c.backend.core().config().region;
  Report report(c, std::move(filter));
  report.add(c.backend.core(), region);
  if (const auto failed = co_await add_past(c, region, report)) co_return problem(*failed);
  co_await c.backend.settled();
  co_return json_answer(std::move(report).answer(region));
}

}  // namespace hetao::api
