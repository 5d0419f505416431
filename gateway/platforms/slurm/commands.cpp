#include "gateway/platforms/slurm/commands.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "gateway/base/text.h"
#include "gateway/base/time.h"

namespace hetao::platforms::slurm {

namespace {

constexpr int64_t kMiB = int64_t{1} << 20U;
constexpr std::string_view kNone = "(null)";
// What sbatch and friends say when the controller did not get to say anything.
constexpr std::array<std::string_view, 8> kNoAnswer = {
    "timed out", "Unable to contact",      "Zero Bytes", "Communication", "onnection", "socket",
    "Transport", "temporarily unavailable"};
constexpr std::string_view kNoSuchJob = "Invalid job id";

using Fields = std::map<std::string, std::string, std::less<>>;

// "A=1 B=two words C=3": a key is a word with '=' in it, what follows up to the next key is its value.
Fields fields_of(std::string_view line) {
  Fields out;
  std::string* last = nullptr;
  for (const std::string& word : split(line, ' ')) {
    const size_t equals = word.find('=');
    const bool starts = equals != std::string::npos && equals > 0 && word[0] >= 'A' && word[0] <= 'Z';
    if (starts) {
      last = &out.try_emplace(word.substr(0, equals), word.substr(equals + 1)).first->second;
    } else if (last != nullptr && !word.empty()) {
      *last += " " + word;
    }
  }
  return out;
}

std::string field(const Fields& fields, std::string_view name) {
  const auto at = fields.find(name);
  return at == fields.end() || at->second == kNone ? std::string() : at->second;
}

int64_t leading_number(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Seconds since 1970, as asked for; an ISO time otherwise ("2026-11-26T01:35:22", "Unknown").
int64_t seconds_of(const std::string& text) {
  if (text.find('T') == std::string::npos) return std::max<int64_t>(0, leading_number(text));
  const auto instant = parse_rfc3339(text + "Z");
  return instant ? instant->micros / 1'000'000 : 0;
}

// "3:0": exit code and signal.
int64_t wait_status_of(const std::string& code) {
  const size_t colon = code.find(':');
  const int64_t signal =
      colon == std::string::npos ? 0 : leading_number(std::string_view(code).substr(colon + 1));
  return ((leading_number(code) & 0xff) << 8) | (signal & 0x7f);
}

std::string before(const std::string& text, char end) {
  return text.substr(0, text.find(end));
}

JobRecord job_of_fields(const Fields& fields) {
  JobRecord job;
  job.id = leading_number(field(fields, "JobId"));
  job.name = field(fields, "JobName");
  if (job.name.empty()) job.name = field(fields, "Name");
  job.comment = field(fields, "Comment");
  job.user = before(field(fields, "UserId"), '(');
  job.state_word = field(fields, "JobState");
  job.state = state_of_word(job.state_word);
  job.reason = field(fields, "Reason");
  job.wait_status = wait_status_of(field(fields, "ExitCode"));
  job.submit_seconds = seconds_of(field(fields, "SubmitTime"));
  job.start_seconds = seconds_of(field(fields, "StartTime"));
  job.end_seconds = seconds_of(field(fields, "EndTime"));
  job.restarts = leading_number(field(fields, "Restarts"));
  job.cores = leading_number(field(fields, fields.contains("NumCPUs") ? "NumCPUs" : "ProcCnt"));
  job.nodes = leading_number(field(fields, fields.contains("NumNodes") ? "NumNodes" : "NodeCnt"));
  job.tres = field(fields, fields.contains("TRES") ? "TRES" : "Tres");
  job.ram_bytes = parse_memory(tres_value(job.tres, "mem"));
  job.gres = field(fields, "TresPerNode");
  job.node_list = field(fields, "NodeList");
  job.held = job.state == JobState::kPending && job.reason == "JobHeldUser";
  return job;
}

bool says(const CommandOutcome& outcome, std::string_view words) {
  return outcome.err.find(words) != std::string::npos || outcome.out.find(words) != std::string::npos;
}

std::string said(const CommandOutcome& outcome) {
  if (outcome.exit_code < 0) return outcome.trouble;
  const std::string& text = outcome.err.empty() ? outcome.out : outcome.err;
  return readable(std::string_view(text).substr(0, 256), 256);
}

}  // namespace

Command sbatch_command(const JobRequest& request, bool as_user) {
  Command command;
  auto& words = command.words;
  const auto option = [&](const char* name, const std::string& value) {
    if (!value.empty()) words.push_back(std::string(name) + "=" + value);
  };
  words = {"sbatch", "--parsable", "--hold", "--no-requeue", "--export=PATH", "--nodes=1", "--ntasks=1"};
  option("--job-name", name_of(request.key));
  option("--comment", request.comment);
  option("--chdir", request.work_folder);
  option("--output", request.output_file);
  option("--error", request.output_file);
  option("--cpus-per-task", std::to_string(std::max<int64_t>(1, request.cores)));
  option("--time", std::to_string(std::max<int64_t>(1, request.minutes)));
  if (request.ram_bytes > 0) option("--mem", std::to_string((request.ram_bytes + kMiB - 1) / kMiB) + "M");
  option("--gres", request.gres);
  option("--partition", request.route.partition);
  option("--account", request.route.account);
  option("--qos", request.route.qos);
  option("--reservation", request.route.reservation);
  option("--constraint", request.route.constraint);
  if (as_user) {
    option("--uid", request.route.user);
    // Else it would be ours, and the node refuses to start a job in a group that is not its user's.
    if (request.group >= 0) option("--gid", std::to_string(request.group));
  }
  command.input = request.script;
  return command;
}

Command show_job_command(int64_t id) {
  return {{"scontrol", "-o", "show", "job", std::to_string(id)}, {}};
}

Command show_jobs_command() {
  return {{"scontrol", "-o", "show", "jobs"}, {}};
}

Command release_command(int64_t id) {
  return {{"scontrol", "release", std::to_string(id)}, {}};
}

Command cancel_command(int64_t id) {
  return {{"scancel", std::to_string(id)}, {}};
}

Command accounting_command(int64_t id) {
  return {{"sacct", "-X", "-n", "-P", "-D", "-j", std::to_string(id),
           "--format=JobIDRaw,JobName,State,ExitCode,Submit,Start,End,AllocCPUS,AllocTRES,NodeList,User"},
          {}};
}

Command show_nodes_command() {
  return {{"scontrol", "-d", "-o", "show", "nodes"}, {}};
}

Command show_queue_command() {
  return {{"squeue", "-h", "-t", "pending,running", "-o", "%t"}, {}};
}

QueueReply read_shown_queue(const CommandOutcome& outcome) {
  QueueReply queue;
  if (outcome.exit_code != 0) return queue;
  queue.known = true;
  for (const std::string& state : split(outcome.out, '\n')) {
    if (state == "R") ++queue.running;
    if (state == "PD") ++queue.waiting;
  }
  return queue;
}

SubmitReply read_sbatch(const CommandOutcome& outcome) {
  SubmitReply reply;
  reply.why = said(outcome);
  if (outcome.exit_code == 0) {
    reply.id = leading_number(outcome.out);
    if (reply.id > 0) {
      reply.kind = ReplyKind::kOk;
      reply.why.clear();
    }
    return reply;
  }
  if (outcome.exit_code < 0) return reply;
  const bool no_answer = std::any_of(kNoAnswer.begin(), kNoAnswer.end(),
                                     [&](std::string_view words) { return says(outcome, words); });
  if (no_answer) return reply;
  if (says(outcome, "Unspecified error")) {
    reply.doubtful = true;
  } else if (says(outcome, "sbatch: error:") || says(outcome, "sbatch: fatal:")) {
    reply.kind = ReplyKind::kRefused;
  }
  return reply;
}

JobReply read_shown_job(const CommandOutcome& outcome, int64_t id) {
  JobReply reply;
  reply.why = said(outcome);
  if (outcome.exit_code == 0) {
    for (const std::string& line : split(outcome.out, '\n')) {
      if (!line.starts_with("JobId=")) continue;
      JobRecord job = job_of_fields(fields_of(line));
      if (job.id != id) continue;
      reply.kind = ReplyKind::kOk;
      reply.job = std::move(job);
      return reply;
    }
    return reply;
  }
  if (outcome.exit_code > 0 && says(outcome, kNoSuchJob)) reply.kind = ReplyKind::kAbsent;
  return reply;
}

Result<std::vector<JobRecord>> read_shown_jobs(const CommandOutcome& outcome,
                                               std::string_view comment_prefix) {
  if (outcome.exit_code != 0) return fail(ErrorCode::kUnreachable, "scontrol show jobs", said(outcome));
  std::vector<JobRecord> out;
  if (!outcome.out.empty() && !outcome.out.ends_with('\n'))
    return fail(ErrorCode::kFailed, "scontrol show jobs", "its answer was cut short");
  for (const std::string& line : split(outcome.out, '\n')) {
    if (line.find(comment_prefix) == std::string::npos) continue;
    JobRecord job = job_of_fields(fields_of(line));
    if (job.id > 0 && job.comment.starts_with(comment_prefix)) out.push_back(std::move(job));
  }
  return out;
}

Reply read_changed(const CommandOutcome& outcome) {
  if (outcome.exit_code == 0) return {ReplyKind::kOk, {}, {}};
  if (outcome.exit_code < 0) return {ReplyKind::kUnknown, {}, said(outcome)};
  if (says(outcome, kNoSuchJob)) return {ReplyKind::kAbsent, {}, said(outcome)};
  if (says(outcome, "already completing or completed") || says(outcome, "already finished"))
    return {ReplyKind::kOk, {}, {}};
  const bool denied = says(outcome, "Access/permission denied");
  return {denied ? ReplyKind::kRefused : ReplyKind::kUnknown, {}, said(outcome)};
}

Result<std::vector<NodeRecord>> read_shown_nodes(const CommandOutcome& outcome) {
  if (outcome.exit_code != 0) return fail(ErrorCode::kUnreachable, "scontrol show nodes", said(outcome));
  std::vector<NodeRecord> out;
  for (const std::string& line : split(outcome.out, '\n')) {
    if (!line.starts_with("NodeName=")) continue;
    const Fields fields = fields_of(line);
    NodeRecord node;
    node.name = field(fields, "NodeName");
    std::string states = field(fields, "State");
    std::transform(states.begin(), states.end(), states.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    node.flags = split(states, '+');
    node.state = node.flags.front();
    node.flags.erase(node.flags.begin());
    if (node.state.ends_with('*')) {
      node.state.pop_back();
      node.flags.emplace_back("not_responding");
    }
    node.partitions = split(field(fields, "Partitions"), ',');
    node.cores = leading_number(field(fields, "CPUTot"));
    node.cores_used = leading_number(field(fields, "CPUAlloc"));
    node.ram_bytes = parse_memory(field(fields, "RealMemory"));
    node.ram_used_bytes = parse_memory(field(fields, "AllocMem"));
    node.gres = parse_gres(field(fields, "Gres"));
    node.gres_used = parse_gres(field(fields, "GresUsed"));
    out.push_back(std::move(node));
  }
  return out;
}

JobReply read_accounting(const CommandOutcome& outcome, int64_t id, std::string_view key) {
  JobReply reply;
  reply.why = said(outcome);
  if (outcome.exit_code != 0) return reply;
  for (const std::string& line : split(outcome.out, '\n')) {
    const auto parts = split(line, '|');
    if (parts.size() < 11 || leading_number(parts[0]) != id || parts[1] != name_of(key)) continue;
    JobRecord& job = reply.job;
    job.id = id;
    job.name = parts[1];
    job.state_word = parts[2];
    job.state = state_of_word(parts[2]);
    job.wait_status = wait_status_of(parts[3]);
    job.submit_seconds = seconds_of(parts[4]);
    job.start_seconds = seconds_of(parts[5]);
    job.end_seconds = seconds_of(parts[6]);
    job.cores = leading_number(parts[7]);
    job.tres = parts[8];
    job.ram_bytes = parse_memory(tres_value(job.tres, "mem"));
    job.node_list = parts[9];
    job.user = parts[10];
    reply.kind = ReplyKind::kOk;
  }
  if (reply.kind != ReplyKind::kOk) reply.kind = ReplyKind::kAbsent;
  return reply;
}

std::optional<JobRecord> read_completion_line(std::string_view line, int64_t id, std::string_view key) {
  if (!line.starts_with("JobId=" + std::to_string(id) + " ")) return std::nullopt;
  JobRecord job = job_of_fields(fields_of(line));
  if (job.id != id || job.name != name_of(key)) return std::nullopt;
  return job;
}

}  // namespace hetao::platforms::slurm
