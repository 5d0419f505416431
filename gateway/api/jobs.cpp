#include "gateway/api/handlers.h"
#include "gateway/api/past.h"
#include "gateway/api/people_names.h"
#include "gateway/api/problem.h"
#include "gateway/api/tag_filter.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/federation/table.h"
#include "gateway/io/asio.h"
#include "gateway/ledger/sha256.h"

namespace hetao::api {

namespace {

std::string etag_of(const std::string& body) {
  return "\"" + ledger::sha256(as_bytes(body)).hex().substr(0, 32) + "\"";
}

json::object named(json::object view, const pb::Job& job, PeopleNames& people) {
  view["user"] = people.user(job.submitter());
  return view;
}

io::Awaitable<io::HttpResponse> job_answer(const Context& c) {
  const FoundJob found = co_await find_job(c, c.at("id"));
  if (found.job == nullptr) co_return no_such("job", c.at("id"), "`hetao jobs` lists yours");
  PeopleNames people(c);
  io::HttpResponse response = json_answer(named(job_whole(*found.core, *found.job), *found.job, people));
  response.headers.set("ETag", etag_of(response.body));
  co_return response;
}

}  // namespace

io::Awaitable<io::HttpResponse> list_jobs(const Context& c) {
  const auto limit = number_query(c.query, "limit", 1, limits::kPageMax, limits::kPageDefault);
  if (!limit) co_return problem(limit.error());
  const std::string state = c.query.get("state");
  const std::string prefix = c.query.get("name_prefix");
  const std::string project = c.query.get("project");
  const std::string user = c.query.get("user");
  const auto tags = TagFilter::of(c.query);
  if (!tags) co_return problem(tags.error());
  PeopleNames people(c);
  const auto takes = [&](const pb::Job& job) {
    return (state.empty() || state == federation::to_word(job.state())) &&
           job.task().name().starts_with(prefix) && tags->takes(job.task()) &&
           (project.empty() || job.project() == project) &&
           (user.empty() || people.is(job.submitter(), user));
  };
  const auto show = [&](const pb::Job& job) { return json::value(named(job_summary(job), job, people)); };
  auto page = co_await page_of_jobs(c, takes, show, static_cast<size_t>(*limit), c.query.get("cursor"));
  if (!page) co_return problem(page.error());
  json::object out;
  out["jobs"] = std::move(page->jobs);
  if (!page->next.empty()) out["next_cursor"] = page->next;
  co_await c.backend.settled();
  co_return json_answer(out);
}

io::Awaitable<io::HttpResponse> get_job(const Context& c) {
  const auto wait = number_query(c.query, "wait", 0, limits::kWaitSecondsMax, 0);
  if (!wait) co_return problem(wait.error());
  const std::string known(c.request.headers.get("if-none-match"));
  const Instant until = c.backend.now() + Duration::seconds(*wait);
  while (true) {
    const uint64_t seen = c.backend.change_number();
    io::HttpResponse response = co_await job_answer(c);
    const bool same = response.status == 200 && !known.empty() && response.headers.get("etag") == known;
    const Instant now = c.backend.now();
    if (!same) {
      co_await c.backend.settled();
      co_return response;
    }
    if (now >= until) {
      response.status = 304;
      response.body.clear();
      co_return response;
    }
    co_await c.backend.changed(seen, until - now);
  }
}

io::Awaitable<io::HttpResponse> cancel_job(const Context& c) {
  const std::string& id = c.at("id");
  const FoundJob found = co_await find_job(c, id);
  const pb::Job* job = found.job;
  // Who may see is not always who may cancel: auditors and reviewers of other tenants only look.
  if (job == nullptr || job->submitter().tenant() != c.caller.tenant) {
    co_return no_such("job", id, "`hetao jobs` lists yours");
  }
  if (found.kept != nullptr) co_return json_answer(job_summary(*job));  // over already
  federation::CancelJob event;
  event.job = id;
  event.who = c.caller.principal();
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  const pb::Job* after = c.backend.core().job(id);
  PeopleNames people(c);
  co_return json_answer(after == nullptr ? json::object() : named(job_summary(*after), *after, people));
}

io::Awaitable<io::HttpResponse> tes_cancel(const Context& c) {
  const io::HttpResponse done = co_await cancel_job(c);
  if (done.status != 200) co_return done;
  co_return json_answer(json::object());
}

}  // namespace hetao::api
