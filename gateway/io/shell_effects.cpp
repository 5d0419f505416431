// The one interpreter of the core's effects. Each is carried out once its step is durable; what takes time
// goes to worker threads, and its outcome comes back as an event.
#include <spdlog/spdlog.h>

#include "gateway/base/text.h"
#include "gateway/federation/item.h"
#include "gateway/io/inspector.h"
#include "gateway/io/shell_parts.h"

namespace hetao::io {

using federation::PlatformReply;

namespace {

constexpr std::string_view kResultScheme = "result:";

}  // namespace

void ShellParts::carry_out(std::vector<federation::Effect> effects) {
  for (federation::Effect& effect : effects) std::visit([this](auto& e) { on(e); }, effect);
}

template <class Made>
Awaitable<void> ShellParts::work_and_post(Workers& workers, std::function<Made()> work) {
  Made made;
  const auto doing = [&] { made = work(); };
  co_await workers.run(doing);
  post(std::move(made));
}

LocalPlatform* ShellParts::platform_of(const std::string& name) {
  const auto at = platforms.find(name);
  return at == platforms.end() ? nullptr : at->second.get();
}

void ShellParts::on(federation::Answer& effect) {
  const auto at = requests_.find(effect.request);
  if (at == requests_.end()) return;  // whoever asked is gone
  at->second->answer = std::move(effect);
  at->second->timer.cancel();
}

void ShellParts::on(federation::SendMessage& effect) {
  peers->send_message(effect.region, effect.message);
}

void ShellParts::on(federation::SendItem& effect) {
  peers->send_item(effect.region, effect.crossing, std::move(effect.item));
}

void ShellParts::on(federation::DropItem& effect) {
  peers->drop_item(effect.crossing);
}

void ShellParts::on(federation::SubmitRun& effect) {
  LocalPlatform* platform = platform_of(effect.platform);
  if (platform == nullptr)
    return post(
        federation::RunSubmitted{effect.run, PlatformReply::kRefused, {}, "there is no such platform"});
  spawn(work_and_post<federation::RunSubmitted>(
      *scheduler, [platform, e = std::move(effect)] { return platform->submit(e.run, e.spec); }));
}

void ShellParts::on(federation::FindRun& effect) {
  LocalPlatform* platform = platform_of(effect.platform);
  if (platform == nullptr) return post(federation::RunFound{effect.run, PlatformReply::kAbsent, {}});
  spawn(work_and_post<federation::RunFound>(*scheduler,
                                            [platform, run = effect.run] { return platform->find(run); }));
}

void ShellParts::on(federation::ReleaseRun& effect) {
  LocalPlatform* platform = platform_of(effect.platform);
  if (platform == nullptr) return post(federation::RunReleased{effect.run, PlatformReply::kAbsent, {}});
  spawn(work_and_post<federation::RunReleased>(
      *scheduler, [platform, run = effect.run] { return platform->release(run); }));
  watch();
}

Awaitable<void> ShellParts::cancel_run(std::string run, LocalPlatform* platform) {
  std::vector<federation::RunObserved> told;
  const auto cancel = [&] { told = platform->cancel(run); };
  co_await scheduler->run(cancel);
  for (federation::RunObserved& one : told) post_observed(std::move(one));
}

void ShellParts::on(federation::CancelRun& effect) {
  LocalPlatform* platform = platform_of(effect.platform);
  if (platform == nullptr) {
    federation::RunObserved lost;
    lost.run = effect.run;
    lost.lost = true;
    return post_observed(std::move(lost));
  }
  spawn(cancel_run(effect.run, platform));
  watch();
}

void ShellParts::on(federation::CollectRun& effect) {
  LocalPlatform* platform = platform_of(effect.platform);
  if (platform == nullptr)
    return post(federation::RunCollected{effect.run, {}, {"there is no such platform"}});
  spawn(work_and_post<federation::RunCollected>(
      *bulk, [platform, e = std::move(effect)] { return platform->collect(e.run, e.spec); }));
}

void ShellParts::on(federation::RemoveRun& effect) {
  LocalPlatform* platform = platform_of(effect.platform);
  if (platform == nullptr) return;
  spawn(scheduler->run([platform, run = effect.run] { platform->remove(run); }));
}

void ShellParts::on(federation::InspectItem& effect) {
  spawn(work_and_post<federation::ItemInspected>(*bulk, [this, e = std::move(effect)] {
    Inspection found = inspect_item(*blobs, e.item, e.profile);
    return federation::ItemInspected{e.crossing, std::move(found.facts), std::move(found.summary)};
  }));
}

void ShellParts::on(federation::DeliverOutput& effect) {
  const std::string& url = effect.delivery.url();
  if (url.empty() || url.starts_with(kResultScheme))
    return post(federation::OutputDelivered{effect.job, effect.delivery.name(), true, {}});
  Workers& workers = effect.delivery.store().empty() ? *bulk : *outside;
  spawn(work_and_post<federation::OutputDelivered>(workers, [this, e = std::move(effect)] {
    const auto& files = e.delivery.files();
    const auto done = e.delivery.store().empty()
                          ? staging.deliver(e.delivery.url(), {files.begin(), files.end()}, *blobs)
                          : stores.deliver(e.delivery, *blobs);
    return federation::OutputDelivered{e.job, e.delivery.name(), done.has_value(),
                                       done ? std::string() : to_line(done.error())};
  }));
}

void ShellParts::on(federation::FetchInput& effect) {
  spawn(work_and_post<federation::InputFetched>(*outside, [this, e = std::move(effect)] {
    federation::InputFetched made{e.job, e.fetch.name(), {}, {}};
    auto files = stores.fetch(e.fetch, *blobs);
    if (!files) {
      made.failure = to_line(files.error());
      return made;
    }
    for (pb::ItemFile& file : *files) *made.item.add_files() = std::move(file);
    federation::seal_item(made.item);
    for (const pb::Fact& found : inspect_item(*blobs, made.item, "").facts) *made.item.add_labels() = found;
    return made;
  }));
}

void ShellParts::on(federation::DropBlobs& effect) {
  spawn(work_and_post<federation::BlobsDropped>(*bulk, [this, e = std::move(effect)] {
    federation::BlobsDropped done{e.duties, true, {}};
    for (const std::string& digest : e.digests) {
      auto removed = blobs->remove(digest);
      if (removed) continue;
      done.ok = false;
      done.why = to_line(removed.error());
      spdlog::warn("{}", done.why);
    }
    return done;
  }));
}

// The ledger has it as `notice`; whoever reads the log is told too.
void ShellParts::on(federation::NotifyRole& effect) {
  spdlog::info("notice for {}: {} ({})", effect.role, printable(effect.text), effect.crossing);
}

// Every step that has a next deadline says so: the newest one counts.
void ShellParts::on(federation::WakeAt& effect) {
  const int64_t wait = std::max<int64_t>((effect.at - now()).micros, 1'000);
  wake_.expires_after(std::chrono::microseconds(wait));
  wake_.async_wait([this](const boost::system::error_code& error) {
    if (!error) post(federation::TimePassed{});
  });
}

}  // namespace hetao::io
