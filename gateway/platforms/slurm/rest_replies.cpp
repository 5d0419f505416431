// What slurmrestd says. An error object has its number under one of three names and its text under another
// three; a reply with errors may be a success, and one without may hold nothing.
#include <algorithm>
#include <array>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/platforms/json_value.h"
#include "gateway/platforms/slurm/rest.h"

namespace hetao::platforms::slurm {

namespace {

constexpr int64_t kMiB = int64_t{1} << 20U;

// Numbers of slurm_errno.h that mean something here.
constexpr int64_t kNoSuchJob = 2017;
constexpr int64_t kAlreadyDone = 2021;
constexpr int64_t kAccessDenied = 2002;
constexpr int64_t kFirstJobError = 2000;
constexpr int64_t kLastJobError = 2999;  // the controller looked at the request and said no
constexpr int64_t kFirstRestError = 9000;
constexpr int64_t kLastRestError = 9999;  // slurmrestd could not make sense of the request
// Not now: the controller is a standby, is at its limit of jobs, or is starting.
constexpr std::array<int64_t, 4> kNotNow = {11, 2016, 2020, 2027};

struct SlurmError {
  int64_t code = 0;
  std::string said;
};

std::vector<SlurmError> errors_of(const json::object& body) {
  std::vector<SlurmError> out;
  const json::value* errors = member(body, "errors");
  if (errors == nullptr || !errors->is_array()) return out;
  for (const json::value& one : errors->get_array()) {
    if (!one.is_object()) continue;
    const json::object& error = one.get_object();
    SlurmError read;
    for (const char* name : {"error_number", "error_code", "errno"}) {
      if (read.code == 0) read.code = number(error, name, 0);
    }
    for (const char* name : {"description", "error"}) {
      if (read.said.empty()) read.said = readable(text(error, name), 256);
    }
    out.push_back(std::move(read));
  }
  return out;
}

std::string words_of(const SlurmError& error) {
  return "Slurm says: " + (error.said.empty() ? "nothing" : error.said) + " (" + std::to_string(error.code) +
         ")";
}

// The body as an object; else why it is none.
Result<json::object> object_of(const HttpReply& reply) {
  if (reply.status == 0)
    return fail(ErrorCode::kUnreachable, "slurmrestd", "gave no answer: " + readable(reply.trouble, 256));
  auto value = parse_json(reply.body, "slurmrestd");
  if (value && value->is_object()) return std::move(value->get_object());
  const std::string said = readable(std::string_view(reply.body).substr(0, 256), 256);
  if (reply.status == 401)
    return fail(ErrorCode::kNotAllowed, "slurmrestd", "does not take the token: " + said,
                "look at token_file and user of the platform");
  return fail(ErrorCode::kFailed, "slurmrestd",
              "answered " + std::to_string(reply.status) + ": " + (said.empty() ? "nothing" : said));
}

bool has(const std::vector<SlurmError>& errors, int64_t code) {
  return std::any_of(errors.begin(), errors.end(), [&](const SlurmError& e) { return e.code == code; });
}

bool is_not_now(int64_t code) {
  return std::find(kNotNow.begin(), kNotNow.end(), code) != kNotNow.end();
}

bool is_surely_no(int64_t code) {
  return !is_not_now(code) && ((code >= kFirstJobError && code <= kLastJobError) ||
                               (code >= kFirstRestError && code <= kLastRestError));
}

// Old versions: the wait status itself. Newer ones take it apart.
int64_t wait_status_of(const json::object& job) {
  const json::value* code = member(job, "exit_code");
  if (code == nullptr || !code->is_object() || member(code->get_object(), "return_code") == nullptr)
    return std::clamp<int64_t>(number(job, "exit_code", 0), 0, 0xffff);
  const json::object& parts = code->get_object();
  int64_t signal = 0;
  if (const json::value* by = member(parts, "signal"); by != nullptr && by->is_object()) {
    signal = number(by->get_object(), "id", number(by->get_object(), "signal_id", 0));
  }
  return ((number(parts, "return_code", 0) & 0xff) << 8) | (signal & 0x7f);
}

}  // namespace

JobRecord job_of(const json::object& object) {
  JobRecord job;
  job.id = number(object, "job_id", 0);
  job.name = text(object, "name");
  job.comment = text(object, "comment");
  job.user = text(object, "user_name");
  const auto states = words(object, "job_state");
  job.state_word = states.empty() ? "" : states.front();
  job.state = state_of_word(job.state_word);
  for (const std::string& more : states) {
    if (state_of_word(more) == JobState::kCompleting) job.state = JobState::kCompleting;
    if (more == "REQUEUED" || more == "REQUEUE_HOLD") job.state = JobState::kPending;
  }
  job.reason = text(object, "state_reason");
  job.wait_status = wait_status_of(object);
  job.submit_seconds = number(object, "submit_time", 0);
  job.start_seconds = number(object, "start_time", 0);
  job.end_seconds = number(object, "end_time", 0);
  job.restarts = number(object, "restart_cnt", 0);
  job.cores = number(object, "cpus", 0);
  job.nodes = number(object, "node_count", 0);
  job.tres = text(object, "tres_alloc_str");
  if (job.tres.empty()) job.tres = text(object, "tres_req_str");
  job.ram_bytes = parse_memory(tres_value(job.tres, "mem"));
  job.gres = text(object, "tres_per_node");
  if (job.gres.empty()) job.gres = text(object, "tres_per_job");
  job.node_list = text(object, "nodes");
  job.held = job.state == JobState::kPending && job.reason == "JobHeldUser";
  return job;
}

SubmitReply read_submit(const HttpReply& reply) {
  SubmitReply out;
  const auto body = object_of(reply);
  if (!body) {
    out.why = to_line(body.error());
    // Plain text with 400 is the HTTP parser's: the request went no further.
    if (reply.status == 400) out.kind = ReplyKind::kRefused;
    return out;
  }
  const auto errors = errors_of(*body);
  out.id = number(*body, "job_id", 0);
  if (out.id > 0) {
    out.kind = ReplyKind::kOk;
    return out;
  }
  out.id = 0;
  if (errors.empty()) {
    out.why = "slurmrestd answered " + std::to_string(reply.status) + " without a job id";
    return out;
  }
  const SlurmError& first = errors.front();
  out.why = words_of(first);
  const bool refused =
      std::any_of(errors.begin(), errors.end(), [](const SlurmError& e) { return is_surely_no(e.code); });
  if (refused || reply.status == 400) out.kind = ReplyKind::kRefused;
  // A plugin's refusal comes as "unspecified": the controller answered, but that is all one knows.
  if (!refused && first.code == -1 && reply.status == 500) out.doubtful = true;
  return out;
}

JobReply read_job(const HttpReply& reply, int64_t id) {
  JobReply out;
  const auto body = object_of(reply);
  if (!body) {
    out.why = to_line(body.error());
    return out;
  }
  const json::value* jobs = member(*body, "jobs");
  if (jobs != nullptr && jobs->is_array()) {
    for (const json::value& one : jobs->get_array()) {
      if (!one.is_object()) continue;
      JobRecord job = job_of(one.get_object());
      if (job.id != id) continue;
      out.kind = ReplyKind::kOk;
      out.job = std::move(job);
      return out;
    }
  }
  const auto errors = errors_of(*body);
  // Only this number says that it is not there; the same words come with others while the controller is away.
  if (has(errors, kNoSuchJob)) out.kind = ReplyKind::kAbsent;
  out.why = errors.empty() ? "slurmrestd answered " + std::to_string(reply.status) + " without the job"
                           : words_of(errors.front());
  return out;
}

Reply read_change(const HttpReply& reply) {
  const auto body = object_of(reply);
  if (!body) return {ReplyKind::kUnknown, {}, to_line(body.error())};
  const auto errors = errors_of(*body);
  if (has(errors, kNoSuchJob)) return {ReplyKind::kAbsent, {}, words_of(errors.front())};
  if (reply.status == 200 || has(errors, kAlreadyDone)) return {ReplyKind::kOk, {}, {}};
  if (errors.empty())
    return {
        ReplyKind::kUnknown, {}, "slurmrestd answered " + std::to_string(reply.status) + " without a reason"};
  const bool denied = has(errors, kAccessDenied);
  return {denied ? ReplyKind::kRefused : ReplyKind::kUnknown, {}, words_of(errors.front())};
}

bool NodeRecord::is_up() const {
  const auto bad = [](std::string_view word) {
    return word == "down" || word == "drain" || word == "drained" || word == "draining" || word == "fail" ||
           word == "error" || word == "invalid" || word == "unknown" || word == "not_responding" ||
           word == "future" || word == "power_down" || word == "invalid_reg";
  };
  return !bad(state) && std::none_of(flags.begin(), flags.end(), bad);
}

Result<std::vector<NodeRecord>> read_nodes(const HttpReply& reply) {
  const auto body = object_of(reply);
  if (!body) return fail(body.error());
  const json::value* nodes = member(*body, "nodes");
  if (nodes == nullptr || !nodes->is_array()) return fail(ErrorCode::kFailed, "slurmrestd", "lists no nodes");
  const auto lower = [](std::string word) {
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    return word;
  };
  std::vector<NodeRecord> out;
  for (const json::value& one : nodes->get_array()) {
    if (!one.is_object()) continue;
    const json::object& object = one.get_object();
    NodeRecord node;
    node.name = text(object, "name");
    const auto states = words(object, "state");
    node.state = states.empty() ? "unknown" : lower(states.front());
    for (size_t i = 1; i < states.size(); ++i) node.flags.push_back(lower(states[i]));
    for (const std::string& word : words(object, "state_flags")) node.flags.push_back(lower(word));
    node.partitions = words(object, "partitions");
    node.cores = number(object, "cpus", 0);
    node.cores_used = number(object, "alloc_cpus", 0);
    node.ram_bytes = std::clamp<int64_t>(number(object, "real_memory", 0), 0, int64_t{1} << 40U) * kMiB;
    node.ram_used_bytes = std::clamp<int64_t>(number(object, "alloc_memory", 0), 0, int64_t{1} << 40U) * kMiB;
    node.gres = parse_gres(text(object, "gres"));
    node.gres_used = parse_gres(text(object, "gres_used"));
    out.push_back(std::move(node));
  }
  return out;
}

Result<std::vector<PartitionRecord>> read_partitions(const HttpReply& reply) {
  const auto body = object_of(reply);
  if (!body) return fail(body.error());
  const json::value* partitions = member(*body, "partitions");
  if (partitions == nullptr || !partitions->is_array())
    return fail(ErrorCode::kFailed, "slurmrestd", "lists no partitions");
  std::vector<PartitionRecord> out;
  for (const json::value& one : partitions->get_array()) {
    if (!one.is_object()) continue;
    const json::object& object = one.get_object();
    PartitionRecord partition;
    partition.name = text(object, "name");
    partition.up = text(object, "state") == "UP";
    partition.nodes = number(object, "total_nodes", 0);
    partition.cores = number(object, "total_cpus", 0);
    partition.minutes_max = std::max<int64_t>(0, number(object, "max_time_limit", 0));
    // Newer versions: objects of their own.
    if (const json::value* state = member(object, "partition"); state != nullptr && state->is_object()) {
      for (const std::string& word : words(state->get_object(), "state")) partition.up = word == "UP";
    }
    out.push_back(std::move(partition));
  }
  return out;
}

}  // namespace hetao::platforms::slurm
