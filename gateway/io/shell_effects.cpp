// The one interpreter of the core's effects. Each is carried out once its step is durable; what takes time
// goes to worker threads, and its outcome comes back as an event.
#include <spdlog/spdlog.h>

#include "gateway/base/text.h"
#include "gateway/federation/item.h"
#include "gateway/io/inspector.h"
#include "gateway/io/item_masker.h"
#include "gateway/io/shell_parts.h"

namespace hetao::io {

namespace {

constexpr std::string_view kResultScheme = "result:";

}  // namespace

void ShellParts::carry_out(std::vector<federation::Effect> effects) {
  for (federation::Effect& effect : effects) std::visit([this](auto& e) { on(e); }, effect);
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

void ShellParts::on(federation::AccusePeer& effect) {
  peers->accuse(effect.region, effect.fault, effect.why);
}

void ShellParts::on(federation::DropItem& effect) {
  peers->drop_item(effect.crossing);
}

void ShellParts::on(federation::InspectItem& effect) {
  spawn(work_and_post<federation::ItemInspected>(*bulk, [this, e = std::move(effect)] {
    federation::ItemInspected told{.crossing = e.crossing, .facts = {}, .summary = {}, .mask = e.mask};
    pb::Item item = e.item;
    if (!e.mask.empty()) {
      auto copy = masked_copy(inspector, *blobs, item, e.mask);
      if (copy)
        item = told.masked = std::move(*copy);
      else
        told.not_masked = to_line(copy.error());
    }
    Inspection found = inspector.inspect(*blobs, item, e.profile);
    told.facts = std::move(found.facts);
    told.summary = std::move(found.summary);
    return told;
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
    for (const pb::Fact& found : inspector.inspect(*blobs, made.item, "").facts)
      *made.item.add_labels() = found;
    return made;
  }));
}

// Unless an archived job holds it.
Result<void> ShellParts::drop_blob(const std::string& digest, Duration decided_ago) {
  const auto held = past->rows(federation::Table::kPastBlob, store::beginning_with(digest + "/"), 1);
  if (!held) return fail(held.error());
  return held->empty() ? blobs->remove(digest, decided_ago) : Result<void>();
}

void ShellParts::on(federation::DropBlobs& effect) {
  const Duration age = now() - effect.decided;
  spawn(work_and_post<federation::BlobsDropped>(*bulk, [this, age, e = std::move(effect)] {
    federation::BlobsDropped done{e.duties, true, {}};
    for (const std::string& digest : e.digests) {
      auto removed = drop_blob(digest, age);
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
