#include "gateway/io/run_folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/io/tail.h"

namespace hetao::io {

namespace {

using federation::PlatformReply;
using platforms::ReplyKind;

constexpr size_t kTailBytes = size_t{8} << 10U;  // kept with the job, of each stream

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

bool is_shared(const pb::Input& input, const pb::Run& run) {
  const pb::Item* item = item_at(run, input.path());
  return item != nullptr && item->digest() == kSharedDigest;
}

// The whole folder that the platform shares with the tenant's jobs.
Result<platforms::Mount> shared_mount_of(const pb::Input& input, const pb::Run& run,
                                         const JobBounds& platform) {
  const SharedFolder* folder = shared_folder_of(platform.shared_folders, input.url(), run.tenant().id());
  const auto place = folder == nullptr ? std::nullopt : mount_place(*folder, input.url(), input.path());
  if (!place)
    return fail(ErrorCode::kUsage, "input " + input.path(), "this platform does not share " + input.url(),
                "its administrator lists shared_folders");
  return platforms::Mount{*place, platforms::MountMode::kReadWrite, true, folder->path, {}};
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

federation::PlatformReply reply_of(platforms::ReplyKind kind) {
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

Result<platforms::RunSpec> run_spec_of(const std::string& key, const pb::Run& run, const JobBounds& platform,
                                       const BlobStore& blobs) {
  const pb::Task& task = run.task();
  platforms::RunSpec spec;
  spec.key = key;
  spec.name = task.name();
  for (const pb::Executor& executor : task.executors()) spec.executors.push_back(executor_of(executor));
  for (const pb::Input& input : task.inputs()) {
    const bool shared = is_shared(input, run);
    auto mount = shared ? shared_mount_of(input, run, platform) : mount_of(input, run, blobs);
    if (!mount) return fail(mount.error());
    if (shared && std::find(spec.mounts.begin(), spec.mounts.end(), *mount) != spec.mounts.end()) continue;
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

pb::Usage usage_of(const platforms::RunStatus& status, const pb::Run& spec,
                   const platforms::RunLimits& limits) {
  pb::Usage usage;
  usage.set_source("runner");
  usage.set_platform_id(spec.platform_id());
  const int64_t micros = std::max<int64_t>(0, status.ended.micros - status.started.micros);
  usage.set_seconds(status.started.micros == 0 ? 0 : (micros + 999'999) / 1'000'000);
  usage.set_cores(std::max(spec.task().resources().cpu_cores(), limits.cpu_cores));
  usage.set_core_seconds(usage.cores() * usage.seconds());
  usage.set_ram_byte_seconds(std::max(spec.task().resources().ram_bytes(), limits.ram_bytes) *
                             usage.seconds());
  usage.set_accelerator(spec.accelerator());
  usage.set_accelerators(spec.accelerators());
  usage.set_accelerator_seconds(spec.accelerators() * usage.seconds());
  for (const platforms::ExecutorLog& log : status.executors)
    usage.set_cpu_micros(usage.cpu_micros() + log.cpu_micros);
  return usage;
}

RunFolder::RunFolder(const std::string& path, std::vector<uid_t> owners)
    : folder_(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), owners_(std::move(owners)) {}

Result<Descriptor> RunFolder::open(const std::string& name) const {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  if (!folder_) return fail(ErrorCode::kNotFound, name, "its run's folder is not there");
  Descriptor file(static_cast<int>(::syscall(SYS_openat2, folder_.get(), name.c_str(), &how, sizeof how)));
  if (!file) return fail_errno(name, "can't be opened");
  struct stat facts{};
  if (::fstat(file.get(), &facts) != 0) return fail_errno(name, "can't be looked at");
  // Whose file it is decides, not whose folder: a link to another's would be read with our rights.
  const bool is_ours =
      owners_.empty() || std::find(owners_.begin(), owners_.end(), facts.st_uid) != owners_.end();
  if (!S_ISREG(facts.st_mode) || !is_ours)
    return fail(ErrorCode::kFailed, name, "is no plain file of the run's own user");
  return file;
}

void RunFolder::collect_output(const platforms::OutputResult& found, const pb::Output& wanted, int index,
                               BlobStore& blobs, federation::RunCollected& out) const {
  if (!found.note.empty()) out.notes.push_back("output " + wanted.path() + ": " + found.note);
  if (found.files.empty()) return;
  pb::Item item;
  item.set_name(std::to_string(index));
  for (const platforms::OutputFile& file : found.files) {
    auto opened = open(file.stored);
    auto stored = opened ? blobs.ingest_file(opened->get(), file.path) : fail(opened.error());
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

void RunFolder::collect_logs(size_t executors, BlobStore& blobs, federation::RunCollected& out) const {
  pb::Item logs;
  logs.set_name("logs");
  for (size_t i = 0; i < executors; ++i) {
    for (const char* stream : {"stderr", "stdout"}) {
      const std::string name = std::string(stream) + "." + std::to_string(i);
      const auto file = open(name);
      if (!file) continue;
      const auto stored = blobs.ingest_file(file->get(), name);
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

federation::RunCollected RunFolder::collect(const std::string& run, const pb::Run& spec,
                                            const platforms::RunStatus& status, BlobStore& blobs) const {
  federation::RunCollected out;
  out.run = run;
  for (const std::string& note : status.notes) out.notes.push_back(note);
  for (int i = 0; i < spec.task().outputs_size() && static_cast<size_t>(i) < status.outputs.size(); ++i)
    collect_output(status.outputs[static_cast<size_t>(i)], spec.task().outputs(i), i, blobs, out);
  collect_logs(static_cast<size_t>(spec.task().executors_size()), blobs, out);
  return out;
}

std::string RunFolder::tail(const std::string& name) const {
  const auto file = open(name);
  return file ? tail_of_file(file->get(), kTailBytes) : std::string();
}

void RunFolder::add_tails(pb::RunReport& report) const {
  for (int i = 0; i < report.executors_size(); ++i) {
    report.mutable_executors(i)->set_stdout_tail(tail("stdout." + std::to_string(i)));
    report.mutable_executors(i)->set_stderr_tail(tail("stderr." + std::to_string(i)));
  }
}

}  // namespace hetao::io
