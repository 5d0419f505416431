#include "gateway/io/local_platform.h"

#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/io/run_folder.h"

namespace hetao::io {

using federation::PlatformReply;
using platforms::ReplyKind;

Result<std::unique_ptr<LocalPlatform>> LocalPlatform::open(LocalPlatformConfig config,
                                                           const std::string& folder, BlobStore& blobs) {
  runner::SpoolConfig spool_config;
  spool_config.folder = folder;
  spool_config.runner = config.runner;
  spool_config.runner_socket = config.runner_socket;
  spool_config.sandbox.host_root_images = config.host_root_images;
  spool_config.sandbox.host_paths = config.host_paths;
  spool_config.sandbox.containers = config.containers;
  auto spool = runner::Spool::open(std::move(spool_config));
  if (!spool) return fail(spool.error());
  if (auto there = spool->check_engines(); !there) return fail(there.error());
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

federation::RunReleased LocalPlatform::release(const std::string& run, const std::string& /*id*/) {
  const bool known = watched_.contains(run);
  if (!known && watched_.size() >= config_.runs_max)
    return {run, PlatformReply::kUnknown, "waits for a free place"};
  const platforms::Reply reply = spool_.release(run);
  // Held: the first status that poll() sees differs from it.
  if (reply.kind == ReplyKind::kOk && !known) watched_.emplace(run, platforms::RunStatus{});
  return {run, reply_of(reply.kind), reply.why};
}

std::vector<federation::RunObserved> LocalPlatform::cancel(const std::string& run,
                                                           const std::string& /*id*/) {
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
      RunFolder(spool_.folder_of(run)).add_tails(change.report);
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

pb::Platform LocalPlatform::supply() {
  pb::Platform supply;
  supply.set_nodes(1);
  supply.set_nodes_up(1);
  const int64_t cores = std::max<int64_t>(1, ::sysconf(_SC_NPROCESSORS_ONLN));
  supply.set_cores_total(cores);
  // The machine's own scheduler shares its cores: a run never waits for a free one.
  supply.set_cores_free(cores);
  struct sysinfo memory{};
  if (::sysinfo(&memory) == 0) {
    supply.set_ram_total_bytes(static_cast<int64_t>(memory.totalram) * memory.mem_unit);
    supply.set_ram_free_bytes(static_cast<int64_t>(memory.freeram + memory.bufferram) * memory.mem_unit);
  }
  return supply;
}

Result<Descriptor> LocalPlatform::open_log(const std::string& run, const std::string& /*id*/,
                                           const std::string& stream) const {
  return RunFolder(spool_.folder_of(run)).open(stream);
}

federation::RunCollected LocalPlatform::collect(const std::string& run, const pb::Run& spec) {
  const auto status = spool_.get(run);
  if (!status) return {run, {}, {"outputs: " + to_line(status.error())}, {}};
  auto collected = RunFolder(spool_.folder_of(run)).collect(run, spec, *status, blobs_);
  collected.usage = usage_of(*status, spec, {.cpu_cores = 1, .ram_bytes = 0});
  return collected;
}

}  // namespace hetao::io
