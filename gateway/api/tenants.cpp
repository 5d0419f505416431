#include "gateway/api/tenants.h"

#include <map>
#include <set>

#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/federation/market.h"
#include "gateway/federation/spending.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

using federation::Table;

constexpr size_t kPastRowsAtOnce = 256;

struct Use {
  size_t open_jobs = 0;  // of this home
  int64_t runs = 0;      // that hold a place on this region's platforms
  int64_t cores = 0;
  int64_t accelerators = 0;
  int64_t spent_micros = 0;  // CNY, this month: what ended, and what is expected of what has not
};
using Uses = std::map<std::string, Use>;

void add_run(const federation::CoreConfig& config, const pb::Run& run, const std::string& month, Uses& uses) {
  Use& use = uses[run.tenant().id()];
  use.spent_micros += federation::counts_in_month(config, run, month);
  if (!federation::holds_place(run)) return;
  ++use.runs;
  use.cores += std::max<int64_t>(1, run.task().resources().cpu_cores());
  use.accelerators += run.accelerators();
}

// Runs that went to the archive while this was read are counted once: where they were first seen.
io::Awaitable<std::optional<Error>> add_past(const Context& c, const std::string& month,
                                             const std::set<std::string>& counted, Uses& uses) {
  std::string from;
  for (size_t got = kPastRowsAtOnce; got == kPastRowsAtOnce;) {
    const auto rows = co_await c.backend.past_rows(Table::kPastRun, from, "\x7f", kPastRowsAtOnce, false);
    if (!rows) co_return rows.error();
    for (const federation::Record& row : *rows) {
      from = row.key + '\0';
      pb::Run run;
      if (!counted.contains(row.key) && row.value && run.ParseFromString(*row.value))
        uses[run.tenant().id()].spent_micros +=
            federation::counts_in_month(c.backend.core().config(), run, month);
    }
    got = rows->size();
  }
  co_return std::nullopt;
}

json::object upload_use(const Context& c, const std::string& tenant) {
  uint64_t bytes = 0;
  size_t count = 0;
  for (const io::UploadFacts& upload : c.backend.uploads().list(tenant)) bytes += upload.length, ++count;
  json::object out{{"count", count}, {"bytes", bytes}};
  if (c.config.limits.upload_quota_bytes != 0) out["quota_bytes"] = c.config.limits.upload_quota_bytes;
  return out;
}

json::object tenant_view(const Context& c, const std::string& id, const Use& use, const OpenJobs& all) {
  const federation::CoreConfig& config = c.backend.core().config();
  json::object out{{"id", id}, {"configured", config.tenants.contains(id)}};
  if (const auto known = config.tenants.find(id); known != config.tenants.end()) {
    put(out, "name", known->second.name());
    out["facts"] = facts_json(known->second.facts());
  }
  if (id == config.operator_tenant) out["operator"] = true;
  const OpenJobs open{all.all, use.open_jobs, all.most};
  out["jobs"] = json::object{{"open", use.open_jobs}, {"further", further_jobs(open)}};
  json::object running{{"runs", use.runs}, {"cores", use.cores}, {"accelerators", use.accelerators}};
  if (const auto quota = config.quotas.find(id); quota != config.quotas.end()) {
    if (quota->second.cores > 0) running["cores_at_once"] = quota->second.cores;
    if (quota->second.accelerators > 0) running["accelerators_at_once"] = quota->second.accelerators;
  }
  out["running"] = std::move(running);
  json::object money{{"spent_cny", amount_view(use.spent_micros)}};
  if (const auto cap = config.monthly_caps.find(id); cap != config.monthly_caps.end())
    money["cap_cny"] = amount_view(cap->second);
  out["money"] = std::move(money);
  const auto& rates = c.config.limits.bytes_per_second_max;
  if (const auto rate = rates.find(id); rate != rates.end()) out["bytes_per_second_max"] = rate->second;
  out["uploads"] = upload_use(c, id);
  return out;
}

}  // namespace

io::Awaitable<io::HttpResponse> list_tenants(const Context& c) {
  const federation::Core& core = c.backend.core();
  const std::string month = federation::month_of(c.backend.now());
  Uses uses;
  std::set<std::string> counted;
  for (const auto& [id, tenant] : core.config().tenants) uses.try_emplace(id);
  OpenJobs all;
  all.most = core.config().jobs_open_max;
  for (const auto& [id, count] : core.open_jobs()) {
    uses[id].open_jobs = count;
    all.all += count;
  }
  for (const auto& [key, run] : core.runs()) {
    counted.insert(key);
    add_run(core.config(), run, month, uses);
  }
  if (const auto failed = co_await add_past(c, month, counted, uses)) co_return problem(*failed);
  co_await c.backend.settled();
  json::array tenants;
  for (const auto& [id, use] : uses) tenants.push_back(tenant_view(c, id, use, all));
  json::object out;
  out["region"] = core.config().region;
  out["month"] = month;
  out["jobs"] = json::object{{"open", all.all}, {"most", all.most}};
  out["requests"] = json::object{{"per_second", c.config.auth.requests_per_second},
                                 {"burst", c.config.auth.requests_burst}};
  out["tenants"] = std::move(tenants);
  co_return json_answer(out);
}

}  // namespace hetao::api
