// What jobs used and cost, from the platforms' own accounting: of the runs that this region carried, and of
// its jobs that ran elsewhere, as the other region told. Both sides show the same record of a job, so that
// their books can be laid side by side.
#include <array>
#include <map>

#include "gateway/api/handlers.h"
#include "gateway/api/people_names.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/text.h"
#include "gateway/federation/table.h"

namespace hetao::api {

namespace {

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
  Report(const Context& c, Filter filter) : core_(c.backend.core()), filter_(std::move(filter)), people_(c) {}

  void add(const std::string& job, uint32_t attempt, const pb::Principal& who, const std::string& tenant,
           const std::string& project, const std::string& home, const std::string& state,
           const pb::RunReport& report) {
    const pb::Usage& usage = report.usage();
    const Instant ended{report.ended_micros()};
    if (usage.source().empty() || ended < filter_.since || ended >= filter_.until) return;
    if (!filter_.tenant.empty() && tenant != filter_.tenant) return;
    if (!filter_.project.empty() && project != filter_.project) return;
    const Moved moved = moved_for(core_, job, report.region());
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

  json::object answer() && {
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
    return {
        {"region", core_.config().region}, {"totals", std::move(totals)}, {"records", std::move(records_)}};
  }

 private:
  const federation::Core& core_;
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

}  // namespace

io::HttpResponse get_usage(const Context& c) {
  const auto since = time_query(c.query, "since", Instant{0});
  if (!since) return problem(since.error());
  const auto until = time_query(c.query, "until", Instant{INT64_MAX});
  if (!until) return problem(until.error());
  const bool sees_all = c.caller.has(Role::kOperator) || c.caller.has(Role::kAuditor);
  Filter filter{*since, *until, sees_all ? c.query.get("tenant") : c.caller.tenant, c.query.get("project")};
  const federation::Core& core = c.backend.core();
  Report report(c, std::move(filter));
  for (const auto& [key, run] : core.runs()) {
    report.add(run.job(), run.attempt(), run.submitter(), run.tenant().id(), run.project(), run.home_region(),
               federation::to_word(run.state()), run.report());
  }
  for (const auto& [id, job] : core.jobs()) {
    if (job.region() == core.config().region) continue;  // its run stands above
    report.add(id, job.attempt(), job.submitter(), job.submitter().tenant(), job.project(),
               core.config().region, federation::to_word(job.state()), job.report());
  }
  return json_answer(std::move(report).answer());
}

}  // namespace hetao::api
