// The shell's dealings with platforms: opening them, carrying out the core's wishes on threads of theirs, and
// watching what becomes of their runs. One that hangs keeps no other waiting.
#include <spdlog/spdlog.h>

#include "gateway/base/text.h"
#include "gateway/federation/table.h"
#include "gateway/io/kubernetes_platform.h"
#include "gateway/io/local_platform.h"
#include "gateway/io/shell_parts.h"
#include "gateway/io/simulated_platform.h"
#include "gateway/io/slurm_platform.h"

namespace hetao::io {

using federation::PlatformReply;

namespace {

bool is_run_over(const pb::Run* run) {
  return run == nullptr || federation::is_final(run->state());
}

template <class Made>
Result<std::unique_ptr<Platform>> as_platform(Result<std::unique_ptr<Made>> opened) {
  if (!opened) return fail(std::move(opened.error()));
  return std::unique_ptr<Platform>(std::move(*opened));
}

}  // namespace

Result<void> ShellParts::add_platform(const std::string& name, Result<std::unique_ptr<Platform>> opened) {
  if (!opened) {
    Error error = std::move(opened.error());
    error.what = "platform " + name + ": " + error.what;
    return fail(std::move(error));
  }
  platforms[name] = std::make_unique<PlatformSlot>(std::move(*opened), io);
  return {};
}

Result<void> ShellParts::open_platforms() {
  for (const LocalPlatformConfig& platform : config.platforms) {
    auto opened = LocalPlatform::open(platform, config.shared_folder() + "/runs/" + platform.name, *blobs);
    if (auto added = add_platform(platform.name, as_platform(std::move(opened))); !added) return added;
  }
  for (const SlurmPlatformConfig& platform : config.slurm_platforms) {
    auto opened = SlurmPlatform::open(platform, *blobs);
    if (auto added = add_platform(platform.name, as_platform(std::move(opened))); !added) return added;
  }
  for (const KubernetesPlatformConfig& platform : config.kubernetes_platforms) {
    auto opened = KubernetesPlatform::open(platform, *blobs);
    if (auto added = add_platform(platform.name, as_platform(std::move(opened))); !added) return added;
  }
  for (const std::string& name : config.simulated_platforms) {
    spdlog::warn("platform {}: is simulated: it runs nothing, and every job ends well", name);
    if (auto added = add_platform(name, std::make_unique<SimulatedPlatform>(name)); !added) return added;
  }
  return {};
}

PlatformSlot* ShellParts::platform_of(const std::string& name) {
  const auto at = platforms.find(name);
  return at == platforms.end() ? nullptr : at->second.get();
}

// --- what the core wants

void ShellParts::on(federation::SubmitRun& effect) {
  PlatformSlot* slot = platform_of(effect.platform);
  if (slot == nullptr)
    return post(
        federation::RunSubmitted{effect.run, PlatformReply::kRefused, {}, "there is no such platform"});
  spawn(work_and_post<federation::RunSubmitted>(
      slot->workers, [slot, e = std::move(effect)] { return slot->platform->submit(e.run, e.spec); }));
}

void ShellParts::on(federation::FindRun& effect) {
  PlatformSlot* slot = platform_of(effect.platform);
  if (slot == nullptr)
    return post(federation::RunFound{effect.run, PlatformReply::kAbsent, {}, effect.asked});
  spawn(work_and_post<federation::RunFound>(slot->workers, [slot, e = effect] {
    federation::RunFound found = slot->platform->find(e.run);
    found.asked = e.asked;
    return found;
  }));
}

// Watched from when the platform has it: a look that ran beside the call may have found nothing to watch.
Awaitable<void> ShellParts::release_run(federation::ReleaseRun wanted, PlatformSlot& slot) {
  federation::RunReleased released;
  const auto release = [&] { released = slot.platform->release(wanted.run, wanted.platform_id); };
  // Before further submissions: a job is not held longer than it must be, and what was submitted a moment ago
  // need not be looked up again.
  co_await slot.workers.run_first(release);
  post(std::move(released));
  watch(slot);
}

void ShellParts::on(federation::ReleaseRun& effect) {
  PlatformSlot* slot = platform_of(effect.platform);
  if (slot == nullptr) return post(federation::RunReleased{effect.run, PlatformReply::kAbsent, {}});
  spawn(release_run(std::move(effect), *slot));
}

Awaitable<void> ShellParts::cancel_run(federation::CancelRun wanted, PlatformSlot& slot) {
  std::vector<federation::RunObserved> told;
  const auto cancel = [&] { told = slot.platform->cancel(wanted.run, wanted.platform_id); };
  co_await slot.workers.run(cancel);
  for (federation::RunObserved& one : told) post_observed(std::move(one));
  watch(slot);
}

void ShellParts::on(federation::CancelRun& effect) {
  PlatformSlot* slot = platform_of(effect.platform);
  if (slot == nullptr) {
    federation::RunObserved lost;
    lost.run = effect.run;
    lost.lost = true;
    return post_observed(std::move(lost));
  }
  spawn(cancel_run(std::move(effect), *slot));
}

void ShellParts::on(federation::CollectRun& effect) {
  PlatformSlot* slot = platform_of(effect.platform);
  if (slot == nullptr)
    return post(federation::RunCollected{effect.run, {}, {"there is no such platform"}, {}});
  spawn(work_and_post<federation::RunCollected>(
      *bulk, [slot, e = std::move(effect)] { return slot->platform->collect(e.run, e.spec); }));
}

void ShellParts::on(federation::RemoveRun& effect) {
  PlatformSlot* slot = platform_of(effect.platform);
  if (slot == nullptr) return;
  spawn(slot->workers.run([slot, run = effect.run] { slot->platform->remove(run); }));
}

// --- what becomes of runs

void ShellParts::post_observed(federation::RunObserved observed) {
  // What a job printed is data: it crosses as the item `logs` or not at all, never with the news of a run.
  const pb::Run* run = core->run(observed.run);
  if (run == nullptr || run->home_region() != config.core.region) {
    for (pb::ExecutorLog& log : *observed.report.mutable_executors()) {
      log.clear_stdout_tail();
      log.clear_stderr_tail();
    }
  }
  post(std::move(observed));
}

LogReader ShellParts::log_reader(const std::string& key, const pb::Run& run) const {
  const auto at = platforms.find(run.platform());
  if (at == platforms.end()) return {};
  return [platform = at->second->platform.get(), key, id = run.platform_id()](
             const std::string& stream, int64_t from, size_t most) -> std::optional<LogPiece> {
    const auto file = platform->open_log(key, id, stream);
    if (!file) return std::nullopt;
    return read_log_piece(file->get(), from, most);
  };
}

// Looks at the runs that are under way; sleeps while there are none.
Awaitable<void> ShellParts::watch_platform(PlatformSlot& slot) {
  while (!stopping_) {
    slot.watch_wanted = false;
    bool any = false;
    std::vector<federation::RunObserved> seen;
    const auto look = [&] {
      seen = slot.platform->poll();
      any = slot.platform->is_watching();
    };
    co_await slot.workers.run(look);
    for (federation::RunObserved& one : seen) post_observed(std::move(one));
    if (!any && !slot.watch_wanted) break;
    slot.timer.expires_after(std::chrono::microseconds(slot.platform->poll_every().micros));
    co_await slot.timer.async_wait(as_value);
  }
  slot.watching = false;
}

void ShellParts::watch(PlatformSlot& slot) {
  slot.watch_wanted = true;  // also for a look that is under way and has missed it
  if (slot.watching) return;
  slot.watching = true;
  spawn(watch_platform(slot));
}

// Runs that the core does not know of, or is done with: nobody would ever end them.
Awaitable<void> ShellParts::sweep_orphans(PlatformSlot& slot) {
  std::vector<std::string> here;
  const auto list = [&] { here = slot.platform->list(); };
  co_await slot.workers.run(list);
  std::vector<std::string> orphans;
  for (const std::string& run : here) {
    if (is_run_over(core->run(run))) orphans.push_back(run);
  }
  if (orphans.empty()) co_return;
  spdlog::info("platform {}: removes {} runs without an owner", slot.platform->name(), orphans.size());
  const auto remove = [&] {
    for (const std::string& run : orphans) slot.platform->remove(run);
  };
  co_await slot.workers.run(remove);
}

// Tells the core what the platform has, at intervals; the core tells the peers.
Awaitable<void> ShellParts::look_at_supply(PlatformSlot& slot) {
  while (!stopping_) {
    pb::Platform supply;
    const auto look = [&] { supply = slot.platform->supply(); };
    co_await slot.workers.run(look);
    supply.set_name(slot.platform->name());
    if (supply.trouble().empty()) supply.set_seen_micros(now().micros);
    if (!supply.trouble().empty())
      spdlog::warn("platform {}: {}", supply.name(), printable(supply.trouble()));
    federation::SupplySeen seen;
    seen.platforms.push_back(std::move(supply));
    post(std::move(seen));
    slot.supply_timer.expires_after(std::chrono::microseconds(config.supply_every.micros));
    co_await slot.supply_timer.async_wait(as_value);
  }
}

}  // namespace hetao::io
