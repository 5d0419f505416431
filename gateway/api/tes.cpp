// GA4GH TES 1.1: reading. What real clients force is noted where it shows.
#include <algorithm>
#include <set>

#include "gateway/api/handlers.h"
#include "gateway/api/past.h"
#include "gateway/api/problem.h"
#include "gateway/api/tag_filter.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/facts.h"
#include "gateway/io/asio.h"
#include "proto/tes_json.h"

namespace hetao::api {

namespace {

struct TesFilter {
  std::string name_prefix;
  std::string state;
  std::string project;
  TagFilter tags;

  bool takes(const pb::Job& job) const {
    if (!job.task().name().starts_with(name_prefix)) return false;
    if (!state.empty() && state != tes::state_name(job.state())) return false;
    if (!project.empty() && job.project() != project) return false;
    return tags.takes(job.task());
  }
};

Result<TesFilter> filter_of(const Context& c) {
  static const std::vector<std::string> kStates = {"UNKNOWN",  "QUEUED",    "INITIALIZING",   "RUNNING",
                                                   "PAUSED",   "COMPLETE",  "EXECUTOR_ERROR", "SYSTEM_ERROR",
                                                   "CANCELED", "CANCELING", "PREEMPTED"};
  TesFilter filter;
  filter.name_prefix = c.query.get("name_prefix");
  filter.state = c.query.get("state");
  if (!filter.state.empty() && std::find(kStates.begin(), kStates.end(), filter.state) == kStates.end()) {
    return fail(ErrorCode::kUsage, "parameter state", "is no TES state", "one of " + join(kStates, ", "));
  }
  auto project = project_of(c);
  if (!project) return fail(project.error());
  filter.project = *project;
  auto tags = TagFilter::of(c.query);
  if (!tags) return fail(tags.error());
  filter.tags = std::move(*tags);
  return filter;
}

}  // namespace

io::HttpResponse tes_service_info(const Context& c) {
  const federation::CoreConfig& core = c.backend.core().config();
  json::object type;
  type["group"] = "org.ga4gh";
  type["artifact"] = "tes";
  type["version"] = "1.1.0";
  json::object organisation;
  organisation["name"] = c.config.organisation.empty() ? core.region : c.config.organisation;
  organisation["url"] =
      c.config.organisation_url.empty() ? "https://" + core.region + ".invalid" : c.config.organisation_url;
  json::object out;
  out["id"] = "hetao." + core.region;
  out["name"] = "Hetao " + core.region;
  out["type"] = std::move(type);
  out["description"] = "Federation gateway of region " + core.region;
  out["organization"] = std::move(organisation);
  out["version"] = c.config.version;
  // Toil takes what stands here for folders that its jobs share and write to, which copies can't be.
  std::set<std::string> folders;  // platforms may share the same one
  for (const io::SharedFolder& folder : c.config.shared_folders) folders.insert("file://" + folder.path);
  json::array storage;
  for (const std::string& url : folders) storage.emplace_back(url);
  out["storage"] = std::move(storage);
  json::array parameters;
  for (const std::string& name : tes::TaskRules().backend_parameters) parameters.emplace_back(name);
  out["tesResources_backend_parameters"] = std::move(parameters);
  return json_answer(out);
}

Result<tes::View> tes_view(const Query& query) {
  const std::string text = query.get("view");
  if (text.empty() || text == "MINIMAL") return tes::View::kMinimal;
  if (text == "BASIC") return tes::View::kBasic;
  if (text == "FULL") return tes::View::kFull;
  return fail(ErrorCode::kUsage, "parameter view", "is none of MINIMAL, BASIC, FULL");
}

io::Awaitable<io::HttpResponse> tes_list(const Context& c) {
  const auto view = tes_view(c.query);
  if (!view) co_return problem(view.error());
  const auto filter = filter_of(c);
  if (!filter) co_return problem(filter.error());
  const auto most = number_query(c.query, "page_size", 1, limits::kTesPageMax, limits::kTesPageDefault);
  if (!most) co_return problem(most.error());
  // Ids sort by time. Newest first, and a page goes on below the last id of the one before, so that new tasks
  // don't shift it.
  const auto takes = [&](const pb::Job& job) { return filter->takes(job); };
  const auto show = [&](const pb::Job& job) { return json::value(tes::write_job(job, *view)); };
  auto page = co_await page_of_jobs(c, takes, show, static_cast<size_t>(*most), c.query.get("page_token"));
  if (!page) co_return problem(page.error());
  json::object out;
  out["tasks"] = std::move(page->jobs);
  if (!page->next.empty()) out["next_page_token"] = page->next;
  co_await c.backend.settled();
  co_return json_answer(out);
}

}  // namespace hetao::api
