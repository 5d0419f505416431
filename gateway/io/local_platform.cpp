#include "gateway/io/local_platform.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/tail.h"

namespace hetao::io {

namespace {

constexpr size_t kTailBytes = size_t{8} << 10U;  // kept with the job, of each stream

using federation::PlatformReply;
using platforms::ReplyKind;

PlatformReply reply_of(ReplyKind kind) {
  switch (kind) {
    case ReplyKind::kOk:
      return PlatformReply::kOk;
    case ReplyKind::kRefused:
      return PlatformReply::kRefused;
    case ReplyKind::kAbsent:
      return PlatformReply::kAbsent;
    case ReplyKind::kUnknown:
      return PlatformReply::kUnknown;
  }
  return PlatformReply::kUnknown;
}

const pb::Item* item_at(const pb::Run& run, const std::string& path) {
  for (const pb::Item& item : run.items()) {
    if (item.name() == path) return &item;
  }
  return nullptr;
}

Result<platforms::Mount> mount_of(const pb::Input& input, const pb::Run& run, const BlobStore& blobs) {
  const pb::Item* item = item_at(run, input.path());
  if (item == nullptr)
    return fail(ErrorCode::kFailed, "input " + input.path(), "its content is not here",
                "this is a fault of the gateway");
  platforms::Mount mount;
  mount.path = input.path();
  if (item->files_size() == 1 && item->files(0).path().empty()) {
    auto source = blobs.path_of(item->files(0).digest());
    if (!source) return fail(source.error());
    mount.source = std::move(*source);
    return mount;
  }
  mount.directory = true;
  for (const pb::ItemFile& file : item->files()) {
    auto source = blobs.path_of(file.digest());
    if (!source) return fail(source.error());
    mount.files.push_back({file.path(), std::move(*source)});
  }
  return mount;
}

platforms::ExecutorSpec executor_of(const pb::Executor& executor) {
  platforms::ExecutorSpec spec;
  spec.image = executor.image();
  spec.command.assign(executor.command().begin(), executor.command().end());
  spec.workdir = executor.workdir();
  spec.stdin_path = executor.stdin();
  spec.stdout_path = executor.stdout();
  spec.stderr_path = executor.stderr();
  for (const pb::Tag& variable : executor.env()) spec.env.emplace_back(variable.key(), variable.value());
  std::sort(spec.env.begin(), spec.env.end());
  spec.ignore_error = executor.ignore_error();
  return spec;
}

platforms::OutputSpec output_of(const pb::Output& output) {
  platforms::OutputSpec spec;
  spec.path = output.path();
  spec.path_prefix = output.path_prefix();
  if (output.type() == pb::FILE_TYPE_FILE) spec.type = platforms::OutputType::kFile;
  if (output.type() == pb::FILE_TYPE_DIRECTORY) spec.type = platforms::OutputType::kDirectory;
  return spec;
}

// In seconds; 0: the task does not say.
int64_t wall_time_of(const pb::Task& task) {
  for (const pb::Tag& parameter : task.resources().backend_parameters()) {
    if (parameter.key() != "wall_time") continue;
    return parse_duration(parameter.value()).value_or(Duration{}).micros / 1'000'000;
  }
  return 0;
}

// What was asked for, within what the platform gives to one job.
Result<int64_t> share_of(const char* what, int64_t asked, int64_t usual, int64_t most) {
  if (asked <= 0) return most > 0 ? std::min(usual, most) : usual;
  if (most > 0 && asked > most)
    return fail(
        ErrorCode::kUsage, what,
        "the job asks for " + std::to_string(asked) + ", this platform gives a job " + std::to_string(most));
  return asked;
}

}  // namespace

Result<platforms::RunSpec> run_spec_of(const std::string& key, const pb::Run& run,
                                       const LocalPlatformConfig& platform, const BlobStore& blobs) {
  const pb::Task& task = run.task();
  platforms::RunSpec spec;
  spec.key = key;
  spec.name = task.name();
  for (const pb::Executor& executor : task.executors()) spec.executors.push_back(executor_of(executor));
  for (const pb::Input& input : task.inputs()) {
    auto mount = mount_of(input, run, blobs);
    if (!mount) return fail(mount.error());
    spec.mounts.push_back(std::move(*mount));
  }
  for (const pb::Output& output : task.outputs()) spec.outputs.push_back(output_of(output));
  spec.volumes.assign(task.volumes().begin(), task.volumes().end());
  const platforms::RunLimits usual;
  const auto cores = share_of("cpu_cores", task.resources().cpu_cores(), usual.cpu_cores, platform.cpu_cores);
  if (!cores) return fail(cores.error());
  const auto ram = share_of("ram", task.resources().ram_bytes(), usual.ram_bytes, platform.ram_bytes);
  if (!ram) return fail(ram.error());
  const auto disk = share_of("disk", task.resources().disk_bytes(), usual.disk_bytes, platform.disk_bytes);
  if (!disk) return fail(disk.error());
  spec.limits.cpu_cores = *cores;
  spec.limits.ram_bytes = *ram;
  spec.limits.disk_bytes = *disk;
  const int64_t wall_most = std::max<int64_t>(1, platform.wall_time_max.micros / 1'000'000);
  const auto wall = share_of("wall_time", wall_time_of(task), wall_most, wall_most);
  if (!wall) return fail(wall.error());
  spec.limits.wall_seconds = *wall;
  spec.network = run.network_allowed();
  return spec;
}

pb::RunReport report_of(const platforms::RunStatus& status) {
  pb::RunReport report;
  for (const platforms::ExecutorLog& log : status.executors) {
    pb::ExecutorLog& made = *report.add_executors();
    made.set_started_micros(log.started.micros);
    made.set_ended_micros(log.ended.micros);
    made.set_exit_code(log.exit_code);
    made.set_signal(log.signal);
    made.set_reason(platforms::to_word(log.reason));
  }
  report.set_started_micros(status.started.micros);
  report.set_ended_micros(status.ended.micros);
  report.set_failure(status.failure);
  return report;
}

Result<std::unique_ptr<LocalPlatform>> LocalPlatform::open(LocalPlatformConfig config,
                                                           const std::string& folder, BlobStore& blobs) {
  runner::SpoolConfig spool_config;
  spool_config.folder = folder;
  spool_config.runner = config.runner;
  spool_config.sandbox.host_root_images = config.host_root_images;
  spool_config.sandbox.host_paths = config.host_paths;
  if (!config.podman.empty()) {
    spool_config.sandbox.podman = config.podman;
    spool_config.sandbox.podman_images = {"*"};
  }
  auto spool = runner::Spool::open(std::move(spool_config));
  if (!spool) return fail(spool.error());
  if (!config.host_root_images.empty()) {
    if (auto works = spool->check_sandbox(); !works) return fail(works.error());
  }
  return std::unique_ptr<LocalPlatform>(new LocalPlatform(std::move(config), std::move(*spool), blobs));
}

federation::RunSubmitted LocalPlatform::submit(const std::string& run, const pb::Run& spec) {
  const auto wanted = run_spec_of(run, spec, config_, blobs_);
  if (!wanted) return {run, PlatformReply::kRefused, {}, to_line(wanted.error())};
  const platforms::Reply reply = spool_.submit_held(*wanted);
  return {run, reply_of(reply.kind), reply.platform_id, reply.why};
}

federation::RunFound LocalPlatform::find(const std::string& run) {
  const platforms::Reply reply = spool_.find(run);
  return {run, reply_of(reply.kind), reply.platform_id};
}

federation::RunReleased LocalPlatform::release(const std::string& run) {
  const bool known = watched_.contains(run);
  if (!known && watched_.size() >= config_.runs_max)
    return {run, PlatformReply::kUnknown, "waits for a free place"};
  const platforms::Reply reply = spool_.release(run);
  // Held: the first status that poll() sees differs from it.
  if (reply.kind == ReplyKind::kOk && !known) watched_.emplace(run, platforms::RunStatus{});
  return {run, reply_of(reply.kind), reply.why};
}

std::vector<federation::RunObserved> LocalPlatform::cancel(const std::string& run) {
  const platforms::Reply reply = spool_.cancel(run);
  if (reply.kind == ReplyKind::kOk) {
    watched_.emplace(run, platforms::RunStatus{});
    return {};
  }
  if (reply.kind != ReplyKind::kAbsent) return {};  // asked again by the core
  watched_.erase(run);
  federation::RunObserved lost;
  lost.run = run;
  lost.lost = true;
  return {lost};
}

void LocalPlatform::remove(const std::string& run) {
  watched_.erase(run);
  const platforms::Reply reply = spool_.remove(run);
  // Still running: it is told to stop; the sweep at the next start takes the rest away.
  if (reply.kind == ReplyKind::kRefused) (void)spool_.cancel(run);
}

std::vector<std::string> LocalPlatform::list() {
  return spool_.list().value_or(std::vector<std::string>());
}

void LocalPlatform::add_tails(const std::string& run, pb::RunReport& report) const {
  const std::string folder = spool_.folder_of(run);
  for (int i = 0; i < report.executors_size(); ++i) {
    report.mutable_executors(i)->set_stdout_tail(
        tail_of_file(folder + "/stdout." + std::to_string(i), kTailBytes));
    report.mutable_executors(i)->set_stderr_tail(
        tail_of_file(folder + "/stderr." + std::to_string(i), kTailBytes));
  }
}

std::vector<federation::RunObserved> LocalPlatform::poll() {
  std::vector<federation::RunObserved> changes;
  std::vector<std::string> over;
  for (auto& [run, told] : watched_) {
    auto status = spool_.get(run);
    federation::RunObserved change;
    change.run = run;
    if (!status) {
      if (status.error().code != ErrorCode::kNotFound) continue;  // unreadable for the moment
      change.lost = true;
    } else {
      const bool waits =
          status->state == platforms::RunState::kHeld || status->state == platforms::RunState::kReleased;
      if (*status == told || waits) continue;
      told = *status;
      change.report = report_of(*status);
      add_tails(run, change.report);
      change.started = status->started.micros != 0;
      change.ended = status->state == platforms::RunState::kEnded;
      change.cancelled = status->state == platforms::RunState::kCancelled;
      change.lost = status->state == platforms::RunState::kLost;
    }
    if (change.ended || change.cancelled || change.lost) over.push_back(run);
    changes.push_back(std::move(change));
  }
  for (const std::string& run : over) watched_.erase(run);
  return changes;
}

void LocalPlatform::collect_output(const std::string& folder, const platforms::OutputResult& found,
                                   const pb::Output& wanted, int index, federation::RunCollected& out) {
  if (!found.note.empty()) out.notes.push_back("output " + wanted.path() + ": " + found.note);
  if (found.files.empty()) return;
  pb::Item item;
  item.set_name(std::to_string(index));
  for (const platforms::OutputFile& file : found.files) {
    auto opened = open_file(folder + "/" + file.stored, O_RDONLY | O_NOFOLLOW);
    auto stored = opened ? blobs_.ingest_file(opened->get(), file.path) : fail(opened.error());
    if (!stored) {
      out.notes.push_back("output " + file.path + ": " + to_line(stored.error()));
      return;  // an output with a hole in it is none
    }
    pb::ItemFile& kept = *item.add_files();
    kept.set_digest(stored->digest);
    kept.set_bytes(static_cast<int64_t>(stored->bytes));
    kept.set_path(file.path == wanted.path() ? "" : file.path);
  }
  // Below the output's own folder, or below its prefix.
  const std::string base = wanted.path_prefix().empty() ? wanted.path() : wanted.path_prefix();
  for (pb::ItemFile& file : *item.mutable_files()) {
    std::string path = file.path();
    if (path.starts_with(base)) path.erase(0, base.size());
    while (path.starts_with('/')) path.erase(0, 1);
    file.set_path(path);
  }
  out.items.push_back(std::move(item));
}

void LocalPlatform::collect_logs(const std::string& folder, size_t executors, federation::RunCollected& out) {
  pb::Item logs;
  logs.set_name("logs");
  for (size_t i = 0; i < executors; ++i) {
    for (const char* stream : {"stderr", "stdout"}) {
      const std::string name = std::string(stream) + "." + std::to_string(i);
      const auto file = open_file(folder + "/" + name, O_RDONLY | O_NOFOLLOW);
      if (!file) continue;
      const auto stored = blobs_.ingest_file(file->get(), name);
      if (!stored) {
        out.notes.push_back("log " + name + ": " + to_line(stored.error()));
        continue;
      }
      if (stored->bytes == 0) continue;
      pb::ItemFile& kept = *logs.add_files();
      kept.set_path(name);
      kept.set_digest(stored->digest);
      kept.set_bytes(static_cast<int64_t>(stored->bytes));
    }
  }
  if (logs.files_size() > 0) out.items.push_back(std::move(logs));
}

federation::RunCollected LocalPlatform::collect(const std::string& run, const pb::Run& spec) {
  federation::RunCollected out;
  out.run = run;
  const auto status = spool_.get(run);
  if (!status) {
    out.notes.push_back("outputs: " + to_line(status.error()));
    return out;
  }
  const std::string folder = spool_.folder_of(run);
  for (const std::string& note : status->notes) out.notes.push_back(note);
  for (int i = 0; i < spec.task().outputs_size() && static_cast<size_t>(i) < status->outputs.size(); ++i)
    collect_output(folder, status->outputs[static_cast<size_t>(i)], spec.task().outputs(i), i, out);
  collect_logs(folder, static_cast<size_t>(spec.task().executors_size()), out);
  return out;
}

}  // namespace hetao::io
