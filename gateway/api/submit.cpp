#include "gateway/api/submit.h"

#include <algorithm>

#include "gateway/api/handlers.h"
#include "gateway/api/past.h"
#include "gateway/api/problem.h"
#include "gateway/api/uploads.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/item.h"
#include "gateway/federation/table.h"
#include "gateway/io/asio.h"
#include "gateway/io/job_trace.h"
#include "gateway/io/log_line.h"
#include "gateway/ledger/sha256.h"
#include "proto/tes_json.h"

namespace hetao::api {

namespace {

// A task that was read, and what it brings along. `refused`: the answer to give instead.
struct Brought {
  pb::Task task;
  std::string project;
  std::vector<pb::Item> items;
  std::vector<std::string> warnings;
  std::optional<io::HttpResponse> refused;
};

tes::TaskRules rules_of(const Context& c) {
  tes::TaskRules rules;
  const auto purpose = c.backend.policy()->pack().schema.resolve("purpose");
  if (purpose) rules.purposes = purpose->values;
  return rules;
}

// The form of the task, with every mistake.
void read_task(const Context& c, Brought& out) {
  const auto value = parse_json(c.request.body, "task", limits::kTaskBytesMax);
  if (!value) {
    out.refused = problem(value.error());
    return;
  }
  auto read = tes::read_task(*value, rules_of(c));
  if (!read) {
    out.refused = problem(read.error());
    return;
  }
  out.task = std::move(read->task);
  out.warnings = std::move(read->warnings);
  auto project = project_of(c);
  if (!project) {
    out.refused = problem(project.error());
    return;
  }
  out.project = std::move(*project);
}

std::string file_url(const pb::Input& input) {
  return !input.has_content() && input.url().starts_with("file://") ? input.url() : std::string();
}

// Whether an input comes along with its task.
bool is_brought(const pb::Input& input) {
  return input.has_content() || !file_url(input).empty() || !upload_of(input.url()).empty();
}

// Stores one input as an item. Content is code unless a tag says otherwise; a file may be anything, so it is
// data without labels until a tag says what it is.
Result<void> store_input(Backend& backend, const std::string& tenant, const pb::Input& input,
                         std::vector<pb::Item>& items) {
  if (!is_brought(input)) return {};
  pb::Item item;
  item.set_name(input.path());
  if (input.has_content()) {
    const auto stored = backend.blobs().ingest_bytes(input.content());
    if (!stored) return fail(stored.error());
    pb::ItemFile& file = *item.add_files();
    file.set_digest(stored->digest);
    file.set_bytes(static_cast<int64_t>(stored->bytes));
  } else {
    item.set_kind("dataset");
    const std::string upload = upload_of(input.url());
    const auto files = upload.empty() ? backend.staging().ingest(file_url(input), backend.blobs())
                                      : ingest_upload(backend, tenant, upload);
    if (!files) return fail(files.error());
    for (const pb::ItemFile& file : *files) *item.add_files() = file;
  }
  federation::seal_item(item);
  items.push_back(std::move(item));
  return {};
}

// An input in a folder that jobs of the tenant share (gateway/io/shared_folder.h): nothing is brought along,
// and the job runs here. The item stands for it, without a file and without a label: unknown.
std::optional<tes::Mistakes> share_input(const Context& c, const io::SharedFolder& folder, int index,
                                         Brought& out) {
  const pb::Input& input = out.task.inputs(index);
  const std::string& here = c.backend.core().config().region;
  if (!io::mount_place(folder, file_url(input), input.path())) {
    return tes::Mistakes{{"/inputs/" + std::to_string(index) + "/path",
                          false,
                          "is another place in the shared folder than its URL names",
                          "a path that ends as the URL does below " + folder.path,
                          {}}};
  }
  auto& zones = *out.task.mutable_resources()->mutable_zones();
  if (zones.empty()) *zones.Add() = here;
  if (std::find(zones.begin(), zones.end(), here) == zones.end()) {
    return tes::Mistakes{{"/inputs/" + std::to_string(index) + "/url",
                          false,
                          "is a folder that jobs share in " + here + " alone",
                          "resources.zones with " + here,
                          {}}};
  }
  zones.Clear();
  *zones.Add() = here;
  pb::Item item;
  item.set_name(input.path());
  item.set_kind("dataset");
  item.set_digest(std::string(io::kSharedDigest));
  out.items.push_back(std::move(item));
  return std::nullopt;
}

// Disk work, on another thread.
std::optional<io::HttpResponse> store_inputs(const Context& c, Brought& out) {
  Backend& backend = c.backend;
  const std::string& tenant = c.caller.tenant;
  for (int i = 0; i < out.task.inputs_size(); ++i) {
    const std::string url = file_url(out.task.inputs(i));
    const auto* folder = url.empty() ? nullptr : io::shared_folder_of(c.config.shared_folders, url, tenant);
    if (folder != nullptr) {
      if (auto mistakes = share_input(c, *folder, i, out)) return problem(*mistakes);
      continue;
    }
    const auto stored = store_input(backend, tenant, out.task.inputs(i), out.items);
    if (stored) continue;
    if (stored.error().code == ErrorCode::kFailed) return problem(500, stored.error());
    return problem(tes::Mistakes{
        {"/inputs/" + std::to_string(i) + "/url", false, stored.error().why, {}, stored.error().hint}});
  }
  return std::nullopt;
}

io::Awaitable<void> bring(const Context& c, Brought& out) {
  read_task(c, out);
  if (out.refused) co_return;
  // Most small tasks bring nothing along: no other thread is woken for them.
  const auto& inputs = out.task.inputs();
  const bool stores = std::any_of(inputs.begin(), inputs.end(), is_brought);
  if (!stores) co_return;
  auto work = [&] { out.refused = store_inputs(c, out); };
  co_await c.backend.offload(work);
  if (out.refused) co_return;
  for (pb::Item& item : out.items) {
    if (item.digest() == io::kSharedDigest) continue;  // nothing was brought that could be read
    const io::Inspection found = co_await c.backend.inspect(item, "");
    for (const pb::Fact& fact : found.facts) federation::put_fact(*item.mutable_labels(), fact);
  }
}

std::string request_digest(const Caller& caller, const Brought& brought) {
  std::string all = caller.name_in_ledger() + '\0' + brought.project + '\0';
  all += brought.task.SerializeAsString();  // no maps: the same task gives the same bytes
  for (const pb::Item& item : brought.items) all += '\0' + item.digest();
  return ledger::sha256(as_bytes(all)).hex();
}

// Nothing: there is room for this submission.
std::optional<io::HttpResponse> turned_away(const Context& c) {
  const auto& core = c.backend.core();
  OpenJobs open;
  open.most = core.config().jobs_open_max;
  for (const auto& [tenant, count] : core.open_jobs()) {
    open.all += count;
    if (tenant == c.caller.tenant) open.tenant = count;
  }
  const auto away = c.admission.ask(c.caller.tenant, open);
  if (!away) return std::nullopt;
  io::HttpResponse response = problem(away->status, away->error);
  response.headers.set("Retry-After", std::to_string(away->retry_after_seconds));
  return response;
}

// What the core found wrong names a member of the task by its pointer.
io::HttpResponse refused_answer(const federation::Answer& answer) {
  const Error& error = *answer.error;
  if (error.code == ErrorCode::kForbidden) {
    const std::string booked = decision_id(answer.verdict);
    return refusal(error, answer.verdict, booked.empty() ? answer.id : booked);
  }
  if (error.code == ErrorCode::kUsage && error.what.starts_with('/')) {
    return problem(tes::Mistakes{{error.what, false, error.why, {}, error.hint}});
  }
  if (error.code == ErrorCode::kUsage && error.what.starts_with("Idempotency-Key"))
    return problem(409, error);
  return problem(error);
}

// The same submission again, when its job is in the archive: as the core answers while it is open.
void repeat(const pb::Job& job, const federation::SubmitJob& event, Submitted& out) {
  out.id = job.id();
  out.repeated = true;
  out.verdict = job.verdict();
  if (job.request_digest() == event.request_digest) return;
  federation::Answer answer;
  answer.error = federation::key_was_used(event.idempotency_key);
  out.refused = refused_answer(answer);
}

// Waits for an equal submission whose client has left; then takes its place. Who sends a key needs none.
io::Awaitable<std::optional<Retries::Place>> take_turn(const Context& c, const std::string& digest,
                                                       bool has_key) {
  constexpr Duration kLookAgain = Duration::millis(20);
  if (has_key) co_return std::nullopt;
  while (c.retries.is_orphaned(digest)) {
    const uint64_t seen = c.backend.change_number();
    co_await c.backend.changed(seen, kLookAgain);
  }
  co_return c.retries.enter(digest, c.request.caller);
}

// What an equal submission made whose answer was not heard.
io::Awaitable<bool> repeat_lost(const Context& c, const std::string& digest, Submitted& out) {
  c.retries.look_back(c.backend.core(), c.backend.started());
  const auto id = c.retries.claim_lost(digest, c.request.caller, c.backend.now());
  if (!id) co_return false;
  const FoundJob found = co_await find_job(c, *id);
  if (found.job == nullptr) co_return false;
  out.id = *id;
  out.repeated = true;
  out.verdict = found.job->verdict();
  co_return true;
}

// What the client said of itself goes with the job, so that logs and spans of both sides can tell it.
void remember_request(const Context& c, pb::Task& task) {
  const io::HttpHeaders& headers = c.request.headers;
  const auto only = [&](std::string_view name) {
    return headers.count(name) == 1 ? headers.get(name) : std::string_view();
  };
  // The server has taken the client's own id over if it is one.
  const std::string_view named = only("X-Request-Id");
  io::remember_origin(task, only("traceparent"), named == c.request.id ? named : std::string_view());
}

void tell_submitted(const Context& c, const std::string& job, const pb::Task& task) {
  io::log_info("job was submitted", {{"job", job},
                                     {"trace", to_hex(io::trace_of_job(job, task).context.trace)},
                                     {"request", c.request.id},
                                     {"tenant", c.caller.tenant}});
}

}  // namespace

io::Awaitable<Submitted> submit(const Context& c) {
  Submitted out;
  const std::string key(c.request.headers.get("idempotency-key"));
  if (key.size() > limits::kIdempotencyKeyBytesMax || printable(key) != key) {
    out.refused = problem({ErrorCode::kUsage, "Idempotency-Key", "is too long or holds control characters",
                           "at most 255 visible characters"});
    co_return out;
  }
  if (auto away = turned_away(c)) {
    out.refused = std::move(away);
    co_return out;
  }
  const Admission::Place place = c.admission.enter(c.caller.tenant);
  Brought brought;
  co_await bring(c, brought);
  if (brought.refused) {
    out.refused = std::move(brought.refused);
    co_return out;
  }
  federation::SubmitJob event;
  event.task = brought.task;
  remember_request(c, event.task);
  event.submitter = c.caller.principal();
  event.project = brought.project;
  event.idempotency_key = key;
  event.request_digest = request_digest(c.caller, brought);
  event.inline_items = std::move(brought.items);
  out.warnings = std::move(brought.warnings);
  const std::string digest = event.request_digest;
  const auto turn = co_await take_turn(c, digest, !key.empty());
  bool is_retry = false;
  if (key.empty()) is_retry = co_await repeat_lost(c, digest, out);
  if (is_retry) {
    co_await c.backend.settled();
  } else if (key.empty() && c.request.caller && c.request.caller->has_left()) {
    // Nobody would hear of the job, and the retry may be here already.
    out.refused = problem(408, {ErrorCode::kUnreachable, "job", "the client has left", "submit it again"});
    co_return out;
  } else {
    const auto past = co_await past_job_of_key(c.backend, event.submitter, key);
    if (!past) {
      out.refused = problem(503, past.error());
      co_return out;
    }
    if (*past) {
      repeat(**past, event, out);
      co_return out;
    }
    event.id = c.backend.fresh_id();
    const pb::Task task = event.task;
    const federation::Answer answer = co_await c.backend.ask(std::move(event));
    out.id = answer.id;
    if (!answer.error && !answer.repeated) tell_submitted(c, answer.id, task);
    out.repeated = answer.repeated;
    out.verdict = answer.verdict;
    if (answer.error) out.refused = refused_answer(answer);
  }
  if (key.empty() && !out.refused) out.told = c.retries.watch(digest, out.id, c.backend.now());
  co_return out;
}

io::Awaitable<io::HttpResponse> submit_job(const Context& c) {
  Submitted done = co_await submit(c);
  if (done.refused) co_return std::move(*done.refused);
  json::object out;
  out["id"] = done.id;
  const FoundJob found = co_await find_job(c, done.id);
  const pb::Job* job = found.job;
  out["state"] = job == nullptr ? "queued" : federation::to_word(job->state());
  out["decision"] = done.verdict.effect();
  out["repeated"] = done.repeated;
  if (job != nullptr) {
    put(out, "region", job->region());
    put(out, "platform", job->platform());
  }
  out["verdict"] = to_json(done.verdict);
  json::array warnings;
  for (const std::string& warning : done.warnings) warnings.emplace_back(warning);
  if (!warnings.empty()) out["warnings"] = std::move(warnings);
  io::HttpResponse response = json_answer(out);
  response.told = std::move(done.told);
  co_return response;
}

io::Awaitable<io::HttpResponse> tes_create(const Context& c) {
  Submitted done = co_await submit(c);
  if (done.refused) co_return std::move(*done.refused);
  json::object out;
  out["id"] = done.id;
  io::HttpResponse response = json_answer(out);
  response.told = std::move(done.told);
  co_return response;
}

io::Awaitable<io::HttpResponse> explain_task(const Context& c) {
  Brought brought;
  co_await bring(c, brought);
  if (brought.refused) co_return std::move(*brought.refused);
  const auto candidates = c.backend.core().explain(brought.task, c.caller.principal(), brought.project,
                                                   brought.items, c.backend.now());
  if (!candidates) {
    federation::Answer answer;
    answer.error = candidates.error();
    co_return refused_answer(answer);
  }
  json::object out;
  json::array list;
  for (const federation::Candidate& candidate : *candidates) list.push_back(to_json(candidate));
  const bool fits = !candidates->empty() && candidates->front().unfit.empty();
  out["decision"] = fits ? candidates->front().verdict.effect() : "forbid";
  // It is not policy that speaks against it, but what the platforms have.
  if (candidates->empty()) {
    out["unfit"] = "no region may take it";
  } else if (!fits && candidates->front().verdict.effect() != "forbid") {
    out["unfit"] = candidates->front().unfit;
  }
  out["candidates"] = std::move(list);
  json::array warnings;
  for (const std::string& warning : brought.warnings) warnings.emplace_back(warning);
  if (!warnings.empty()) out["warnings"] = std::move(warnings);
  io::HttpResponse response = json_answer(out);
  co_await c.backend.settled();
  co_return response;
}

}  // namespace hetao::api
