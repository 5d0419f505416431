// What a program wrote elsewhere comes home as the item `logs`, a file a stream; a job that ran here has the
// end of its streams in its report, and while it runs in its folder.
#include "gateway/api/handlers.h"
#include "gateway/api/past.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/table.h"
#include "gateway/io/asio.h"
#include "gateway/io/tail.h"

namespace hetao::api {

namespace {

struct Wanted {
  std::string path;
  std::string* into = nullptr;
};

std::vector<Wanted> streams_of(const Context& c, pb::Job& job) {
  std::vector<Wanted> out;
  for (const pb::Delivery& output : job.deliveries()) {
    if (output.kind() != "logs" || output.state() != "available") continue;
    for (const pb::ItemFile& file : output.files()) {
      const auto path = c.backend.blobs().path_of(file.digest());
      if (!path) continue;
      for (int i = 0; i < job.report().executors_size(); ++i) {
        pb::ExecutorLog& log = *job.mutable_report()->mutable_executors(i);
        const std::string number = "." + std::to_string(i);
        if (file.path() == "stdout" + number) out.push_back({*path, log.mutable_stdout_tail()});
        if (file.path() == "stderr" + number) out.push_back({*path, log.mutable_stderr_tail()});
      }
    }
  }
  return out;
}

// The ends of what the executors of a job that is under way here have written so far. Blocks.
void add_live(const io::LogReader& reader, pb::Job& job) {
  constexpr auto kTail = static_cast<int64_t>(limits::kStreamTailBytesMax);
  for (int i = 0; i < job.task().executors_size(); ++i) {
    const std::string number = "." + std::to_string(i);
    const auto out = reader("stdout" + number, -kTail, limits::kStreamTailBytesMax);
    const auto err = reader("stderr" + number, -kTail, limits::kStreamTailBytesMax);
    if (!out && !err) return;  // this one has not begun
    while (job.report().executors_size() <= i) job.mutable_report()->add_executors();
    pb::ExecutorLog& log = *job.mutable_report()->mutable_executors(i);
    if (out) log.set_stdout_tail(to_utf8(out->bytes));
    if (err) log.set_stderr_tail(to_utf8(err->bytes));
  }
}

// The job with the end of its executors' streams, for the tenant that asked for it.
io::Awaitable<pb::Job> with_streams(const Context& c, const pb::Job& job) {
  pb::Job whole = job;
  // Contents are for the tenant that asked for them; auditors see facts, not data.
  if (job.submitter().tenant() != c.caller.tenant) co_return whole;
  // While it runs here, what it has written so far. From elsewhere nothing comes before the item `logs`.
  if (!federation::is_final(whole.state()) && whole.region() == c.backend.core().config().region) {
    const std::string key = whole.id() + "." + std::to_string(whole.attempt());
    const pb::Run* run = c.backend.core().run(key);
    const io::LogReader reader = run == nullptr ? io::LogReader() : c.backend.log_reader(key, *run);
    if (reader) co_await c.backend.on_disk([&] { add_live(reader, whole); });
    co_return whole;
  }
  const std::vector<Wanted> wanted = streams_of(c, whole);
  if (wanted.empty()) co_return whole;
  co_await c.backend.offload([&wanted] {
    for (const Wanted& each : wanted) *each.into = io::tail_of_file(each.path);
  });
  co_return whole;
}

}  // namespace

io::Awaitable<io::HttpResponse> job_logs(const Context& c) {
  const FoundJob found = co_await find_job(c, c.at("id"));
  const pb::Job* job = found.job;
  if (job == nullptr) co_return no_such("job", c.at("id"), "`hetao jobs` lists yours");
  const pb::Job whole = co_await with_streams(c, *job);
  co_await c.backend.settled();
  json::object out;
  out["complete"] = federation::is_final(whole.state());
  out["state"] = federation::to_word(whole.state());
  json::array executors;
  for (const pb::ExecutorLog& log : whole.report().executors()) executors.push_back(executor_view(log, true));
  out["executors"] = std::move(executors);
  json::array notes;
  for (const std::string& note : whole.notes()) notes.emplace_back(note);
  if (!notes.empty()) out["notes"] = std::move(notes);
  co_return json_answer(out);
}

io::Awaitable<io::HttpResponse> tes_get(const Context& c) {
  const auto view = tes_view(c.query);
  if (!view) co_return problem(view.error());
  const FoundJob found = co_await find_job(c, c.at("id"));
  const pb::Job* job = found.job;
  if (job == nullptr) co_return no_such("task", c.at("id"), "");
  const pb::Job whole = *view == tes::View::kFull ? co_await with_streams(c, *job) : *job;
  co_await c.backend.settled();
  co_return json_answer(tes::write_job(whole, *view));
}

}  // namespace hetao::api
