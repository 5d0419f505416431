#include "gateway/api/past.h"

#include <map>

#include "gateway/api/handlers.h"
#include "gateway/base/check.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

using federation::Record;
using federation::Table;

constexpr size_t kRowsAtOnce = 256;
constexpr size_t kRowsOfAJobMax = 100'000;
constexpr size_t kRowsOfAPageMax = 20'000;  // that are looked at
constexpr const char* kBehindAll = "\x7f";  // ids are digits and letters

bool is_shown(const Context& c, const pb::Job& job) {
  if (!may_see(c.caller, job)) return false;
  const auto project = c.path.find("project");  // /projects/NAME shows that project's jobs alone
  return project == c.path.end() || job.project() == project->second;
}

// The archived jobs with from <= id < end, the newest first; of one tenant, or of all.
io::Awaitable<Result<std::vector<Record>>> newest_jobs(Backend& backend, const std::string& tenant,
                                                       std::string from, std::string end) {
  if (tenant.empty())
    co_return co_await backend.past_rows(Table::kPastJob, std::move(from), std::move(end), kRowsAtOnce, true);
  const std::string prefix = tenant + "/";
  auto ids = co_await backend.past_rows(Table::kPastOfTenant, prefix + from, prefix + end, kRowsAtOnce, true);
  if (!ids) co_return fail(ids.error());
  std::vector<Record> jobs;
  for (const Record& row : *ids) {
    std::string id = row.key.substr(prefix.size());
    auto job = co_await backend.past_row(Table::kPastJob, id);
    if (!job) co_return fail(job.error());
    if (*job) jobs.push_back({Table::kPastJob, std::move(id), std::move(*job)});
  }
  co_return jobs;
}

void take_rows(federation::Core& core, const std::vector<Record>& rows) {
  for (const Record& row : rows)
    HETAO_CHECK(core.load({federation::present_of(row.table), row.key, row.value}).has_value());
}

}  // namespace

io::Awaitable<std::shared_ptr<const federation::Core>> past_family(Backend& backend, std::string id) {
  auto core = std::make_shared<federation::Core>(backend.core().config());
  const auto job = co_await backend.past_row(Table::kPastJob, id);
  if (job && *job) take_rows(*core, {{Table::kPastJob, id, *job}});
  for (const auto& [table, prefix] :
       {std::pair{Table::kPastRun, id}, {Table::kPastCrossing, id}, {Table::kPastReview, "rv-" + id}}) {
    const auto rows = co_await backend.past_rows(table, prefix + ".", prefix + "/", kRowsOfAJobMax, false);
    if (rows) take_rows(*core, *rows);
  }
  co_return core;
}

io::Awaitable<FoundJob> find_job(const Context& c, std::string id) {
  const federation::Core& core = c.backend.core();
  if (const pb::Job* open = core.job(id); open != nullptr)
    co_return is_shown(c, *open) ? FoundJob{open, &core, nullptr} : FoundJob{};
  FoundJob found;
  found.kept = co_await past_family(c.backend, id);
  found.core = found.kept.get();
  found.job = found.core->job(id);
  if (found.job == nullptr || !is_shown(c, *found.job)) co_return FoundJob{};
  co_return found;
}

io::Awaitable<Result<std::optional<pb::Job>>> past_job_of_key(Backend& backend,
                                                              const pb::Principal& submitter,
                                                              const std::string& key) {
  const std::string row = submitter.tenant() + "/" + submitter.user() + "/" + key;
  // A job that went to the archive while it was read there is looked for once more.
  for (uint64_t before = UINT64_MAX; before != backend.core().retired();) {
    before = backend.core().retired();
    if (key.empty() || backend.core().job_of_key(submitter, key) != nullptr) co_return std::nullopt;
    const auto id = co_await backend.past_row(Table::kPastIdempotency, row);
    if (!id) co_return fail(id.error());
    if (!*id) continue;
    const auto stored = co_await backend.past_row(Table::kPastJob, **id);
    if (!stored) co_return fail(stored.error());
    pb::Job job;
    if (*stored && job.ParseFromString(**stored)) co_return job;
  }
  co_return std::nullopt;
}

io::Awaitable<Result<JobPage>> page_of_jobs(const Context& c, std::function<bool(const pb::Job&)> takes,
                                            std::function<json::value(const pb::Job&)> show, size_t most,
                                            std::string below) {
  if (below.empty()) below = kBehindAll;
  // The core first: what goes to the archive meanwhile is found there again, and shown once.
  std::map<std::string, json::value, std::greater<>> found;
  const auto& open = c.backend.core().jobs();
  for (auto at = open.lower_bound(below); at != open.begin() && found.size() <= most;) {
    const auto& [id, job] = *--at;
    if (is_shown(c, job) && takes(job)) found.emplace(id, show(job));
  }
  const std::string from = found.size() > most ? found.rbegin()->first : std::string();
  const bool sees_all = c.caller.has(Role::kAuditor) || c.caller.has(Role::kReviewer);
  const std::string tenant = sees_all ? std::string() : c.caller.tenant;
  std::string seen = below;  // what is not below it was looked at
  bool ended = false;
  for (size_t read = 0; !ended && read < kRowsOfAPageMax;) {
    const auto rows = co_await newest_jobs(c.backend, tenant, from, seen);
    if (!rows) co_return fail(rows.error());
    for (const Record& row : *rows) {
      pb::Job job;
      if (!job.ParseFromString(*row.value)) continue;
      if (is_shown(c, job) && takes(job)) found.emplace(row.key, show(job));
    }
    read += rows->size();
    ended = rows->size() < kRowsAtOnce;
    seen = ended ? from : rows->back().key;
    const auto whole = found.begin();
    if (found.size() > most && std::next(whole, static_cast<std::ptrdiff_t>(most))->first >= seen) break;
  }
  JobPage page;
  for (auto& [id, view] : found) {
    if (id < seen) break;
    if (page.jobs.size() == most) co_return page;
    page.jobs.push_back(std::move(view));
    page.next = id;
  }
  page.next = ended ? std::string() : seen;
  co_return page;
}

}  // namespace hetao::api
