// How a shell comes to life: the lock, the replay, the platforms, the servers.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "gateway/base/text.h"
#include "gateway/io/shell_parts.h"
#include "gateway/store/store.h"

namespace hetao::io {

namespace {

constexpr const char* kLedgerKeyNote = "ledger_key";

void log_line(const std::string& line) {
  spdlog::info("{}", printable(line));
}

std::vector<std::string> vkeys_of(const LedgerFiles& ledger) {
  std::vector<std::string> out;
  for (const ledger::VerifierKey& key : ledger.log_keys()) out.push_back(ledger::print_vkey(key));
  return out;
}

bool have_one_in_common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const std::string& one) { return std::find(b.begin(), b.end(), one) != b.end(); });
}

bool is_there(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

Result<void> ShellParts::lock_folder() {
  if (auto made = make_folders(config.data_dir); !made) return made;
  const std::string path = config.data_dir + "/lock";
  auto file = open_file(path, O_RDWR | O_CREAT);
  if (!file) return fail(file.error());
  if (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_errno(path, "can't be locked");
    return fail(ErrorCode::kFailed, config.data_dir, "another gateway runs on this data directory",
                "stop it first, or give this one a data_dir of its own");
  }
  lock_ = std::move(*file);
  return {};
}

// The nodes of a region write one ledger: they must sign it with one key.
Result<void> ShellParts::open_ledger(store::Store& store) {
  const std::string keys = config.data_dir + "/keys";
  auto key_of_all = store.note(kLedgerKeyNote);
  if (!key_of_all) return fail(key_of_all.error());
  const std::string copy = store.is_shared()
                               ? "copy keys/log.key and keys/witness.key from another node of the region"
                               : "restore it from a backup";
  if (*key_of_all && !is_there(keys + "/log.key"))
    return fail(ErrorCode::kUsage, keys + "/log.key",
                "is missing, and the region's ledger is signed with " + **key_of_all, copy);
  auto opened = LedgerFiles::open({.folder = config.data_dir + "/ledger",
                                   .keys_folder = keys,
                                   .origin = origin_of_region(config.core.region),
                                   .sm2 = config.sm2});
  if (!opened) return fail(opened.error());
  ledger = std::move(*opened);
  ledger->on_failure([this](Error error) { fail_for_good(std::move(error)); });
  const std::vector<std::string> keys_now = vkeys_of(*ledger);
  if (store.is_shared() && *key_of_all && !have_one_in_common(keys_now, split(**key_of_all, '\n')))
    return fail(
        ErrorCode::kUsage, keys + "/log.key",
        "is another key than the region's ledger is signed with, " + split(**key_of_all, '\n').front(), copy);
  // While the key is changed there are two; either counts from then on.
  if (auto noted = store.put_note(kLedgerKeyNote, join(keys_now, "\n")); !noted) return noted;
  return Gate::catch_up(store, *ledger);
}

Result<void> ShellParts::replay(std::unique_ptr<store::Store> store) {
  if (store == nullptr) {
    auto opened = store::open_store(config.data_dir + "/state.db", {config.core.region});
    if (!opened) return fail(opened.error());
    store = std::move(*opened);
  }
  if (auto opened = open_ledger(*store); !opened) return opened;
  core.emplace(config.core);
  if (auto loaded = store->load([this](const federation::Record& record) { return core->load(record); });
      !loaded)
    return loaded;
  core->load_ledger_size(ledger->size());
  auto archive = store->open_archive();
  if (!archive) return fail(archive.error());
  past = std::make_unique<PastRows>(std::move(*archive));
  gate = std::make_unique<Gate>(
      Gate::Config{.post = [this](std::function<void()> work) { asio::post(io, std::move(work)); },
                   .on_fatal = [this](Error error) { fail_for_good(std::move(error)); }},
      std::move(store), *ledger);
  return {};
}

// An offer of a run that is over and archived, as after its home was restored from an older copy: the core
// has to know it, or it would run twice.
void ShellParts::recall_run(const pb::Offer& offer) {
  const std::string key = offer.job() + "." + std::to_string(offer.attempt());
  if (core->run(key) != nullptr) return;
  // One row, here and now: what a peer says is taken in its order.
  auto archived = past->find(federation::Table::kPastRun, key);
  if (!archived) return fail_for_good(archived.error());
  if (!archived->has_value()) return;
  if (auto loaded = core->load({federation::Table::kRun, key, std::move(*archived)}); !loaded)
    fail_for_good(loaded.error());
}

PeerManager::Config ShellParts::peer_config() {
  PeerManager::Config made;
  made.region = config.core.region;
  made.gateway = config.gateway;
  made.listen = config.tunnel_listen;
  made.tls = config.tunnel_tls;
  made.peers = config.peers;
  made.clock = [this] { return now(); };
  made.policy_digest = [this] { return core->policy_digest(); };
  made.checkpoint = [this] { return ledger->checkpoint(); };
  made.on_up = [this](const std::string& region) { post(federation::PeerUp{region}); };
  made.on_checkpoint = [this](const std::string& region, const std::string& checkpoint) {
    desk->peer_up(region, checkpoint);
    books->peer_up(region);
  };
  made.on_down = [this](const std::string& region, const std::string& why) {
    desk->peer_down(region);
    books->peer_down(region);
    post(federation::PeerDown{region, why});
  };
  made.on_message = [this](const std::string& region, pb::PeerMessage message, std::function<void()> done) {
    if (take_witness_message(region, message)) return done();
    if (message.has_offer()) recall_run(message.offer());
    post(federation::PeerSaid{region, std::move(message)}, std::move(done));
  };
  made.log = log_line;
  made.on_fault = [this](const PeerFault& fault, uint64_t unwritten) { note_fault(fault, unwritten); };
  made.items.settled = [this] { return settled(); };
  made.items.may_send = [this](std::string_view region, std::string_view crossing) {
    return core->may_send(region, crossing);
  };
  made.items.expected = [this](std::string_view region,
                               std::string_view crossing) -> std::optional<pb::Item> {
    const pb::Item* item = core->expected_item(region, crossing);
    if (item == nullptr) return std::nullopt;
    return *item;
  };
  made.items.is_expected = [this](std::string_view region, std::string_view crossing) {
    return core->expected_item(region, crossing) != nullptr;
  };
  made.items.crossed_before = [this](std::string_view region, const pb::Item& item) {
    return std::any_of(core->crossings().begin(), core->crossings().end(), [&](const auto& entry) {
      const pb::Crossing& known = entry.second;
      return known.state() == pb::CROSSING_DONE && known.item().digest() == item.digest() &&
             (known.from_region() == region || known.to_region() == region);
    });
  };
  made.items.on_stored = [this](const std::string& crossing) { post(federation::ItemStored{crossing}); };
  made.items.on_failed = [this](const std::string& crossing, const std::string& why, bool for_good) {
    post(federation::ItemFailed{crossing, why, for_good});
  };
  made.items.log = log_line;
  made.tuning = config.link_tuning;
  auto rates = std::make_shared<RateGate>();
  for (const PeerAddress& peer : config.peers) rates->limit_link(peer.region, peer.bytes_per_second_max);
  for (const auto& [tenant, rate] : config.tenant_bytes_per_second_max) rates->limit_tenant(tenant, rate);
  made.items.rate = [this, rates](const std::string& region, const std::string& crossing) {
    const auto at = core->crossings().find(crossing);
    return rates->pass(region, at == core->crossings().end() ? "" : at->second.exporter().id());
  };
  return made;
}

void ShellParts::note_fault(const PeerFault& fault, uint64_t unwritten) {
  federation::NoteAct act;
  act.kind = ledger::kind::kPeerFault;
  act.who = "tunnel";
  act.reason = fault.why;
  act.details = {{"fault", fault.reason}, {"remote", fault.remote}};
  if (!fault.region.empty()) act.details.emplace_back("region", fault.region);
  if (unwritten != 0) act.details.emplace_back("unwritten", std::to_string(unwritten));
  post(std::move(act));
}

void ShellParts::make_servers() {
  peers = std::make_unique<PeerManager>(io.get_executor(), *chunks, *blobs, peer_config());
  HttpServer::Config made;
  made.listen = config.https_listen;
  made.tls = config.https_tls;
  made.handler = [this](HttpRequest request) { return handler(std::move(request)); };
  made.clock = [this] { return now(); };
  made.log = log_line;
  http = std::make_unique<HttpServer>(io.get_executor(), *quick, std::move(made));
}

Result<void> ShellParts::open(std::unique_ptr<store::Store> store) {
  if (auto locked = lock_folder(); !locked) return locked;
  if (auto replayed = replay(std::move(store)); !replayed) return replayed;
  story = std::make_unique<JobStory>(*core, started_);
  auto opened = BlobStore::open(config.shared_folder() + "/blobs");
  if (!opened) return fail(opened.error());
  blobs.emplace(std::move(*opened));
  auto uploading = UploadStore::open(config.shared_folder() + "/uploads", *blobs, config.uploads);
  if (!uploading) return fail(uploading.error());
  uploads = std::move(*uploading);
  auto roots = Staging::open(config.staging_roots);
  if (!roots) return fail(roots.error());
  staging = std::move(*roots);
  stores = StoreClient(config.stores);
  if (auto ready = open_platforms(); !ready) return ready;
  make_servers();
  if (auto opened_witness = open_witness(); !opened_witness) return opened_witness;
  if (auto opened_audit = open_audit(); !opened_audit) return opened_audit;
  if (auto activated = open_policy(); !activated) return activated;
  take_step(core->resume(now()), nullptr);
  return {};
}

}  // namespace hetao::io
