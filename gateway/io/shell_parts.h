// What a Shell is made of. Internal to the shell; the only header that sees both the core and Asio.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/io/asio.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/gate.h"
#include "gateway/io/http_server.h"
#include "gateway/io/inspector.h"
#include "gateway/io/job_story.h"
#include "gateway/io/pack_store.h"
#include "gateway/io/past_rows.h"
#include "gateway/io/peer_manager.h"
#include "gateway/io/platform.h"
#include "gateway/io/shell.h"
#include "gateway/io/witness_desk.h"
#include "gateway/io/workers.h"

namespace hetao::io {

// A platform, the threads that its calls block, and the coroutine that watches its runs.
struct PlatformSlot {
  PlatformSlot(std::unique_ptr<Platform> made, asio::io_context& io)
      : platform(std::move(made)), workers(platform->calls_at_once()), timer(io), supply_timer(io) {}

  std::unique_ptr<Platform> platform;
  Workers workers;
  asio::steady_timer timer;
  asio::steady_timer supply_timer;
  bool watching = false;
  bool watch_wanted = false;
};

class ShellParts {
 public:
  explicit ShellParts(ShellConfig config);
  ~ShellParts();

  Result<void> open(std::unique_ptr<store::Store> store);
  Result<void> listen();
  Result<void> run();
  void begin_stop();
  void take_over(ReloadedConfig changed, const std::function<void(std::vector<std::string>)>& done);
  void fail_for_good(Error error);  // any thread

  Instant now();
  Instant started() const { return started_; }
  void post(federation::Event event, std::function<void()> after = nullptr);
  Awaitable<federation::Answer> ask(federation::Event event);
  Awaitable<void> settled();
  Awaitable<uint64_t> changed(uint64_t seen, Duration patience);
  Awaitable<void> cosigned(Duration patience);
  void witness_changed();
  LogReader log_reader(const std::string& key, const pb::Run& run) const;
  ShellStatus status() const;

  ShellConfig config;
  HttpHandler handler;
  // Destroyed last: what is under way in it refers to everything else.
  asio::io_context io{1};
  std::unique_ptr<Workers> quick;    // HTTP's files, lookups
  std::unique_ptr<Workers> chunks;   // of transfers between gateways
  std::unique_ptr<Workers> bulk;     // what takes long: ingest, inspection, collection, delivery
  std::unique_ptr<Workers> sign_in;  // identity providers
  std::unique_ptr<Workers> outside;  // stores outside: what may take hours
  std::optional<BlobStore> blobs;
  std::optional<PackStore> packs;
  ItemInspector inspector;
  std::unique_ptr<LedgerFiles> ledger;
  std::unique_ptr<WitnessStore> witness_store;
  std::unique_ptr<LedgerIndex> index;
  std::unique_ptr<PersonRegister> persons;
  std::vector<std::unique_ptr<EventForwarder>> forwarders;
  Staging staging;
  std::unique_ptr<UploadStore> uploads;
  StoreClient stores;
  std::optional<federation::Core> core;
  std::unique_ptr<PastRows> past;
  std::unique_ptr<Gate> gate;
  std::map<std::string, std::unique_ptr<PlatformSlot>> platforms;
  std::unique_ptr<PeerManager> peers;
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<WitnessDesk> desk;
  std::unique_ptr<BookDesk> books;
  std::unique_ptr<JobStory> story;
  uint64_t change = 0;
  ChangeFeed changes;
  std::string reload_failed;
  std::optional<bool> counters_agree;  // with the ledger; nothing: not compared yet

 private:
  struct Waiter {
    explicit Waiter(asio::io_context& context) : timer(context) {}
    asio::steady_timer timer;
    std::optional<federation::Answer> answer;
  };

  Result<void> lock_folder();
  Result<void> open_ledger(store::Store& store);
  Result<void> replay(std::unique_ptr<store::Store> store);
  Result<void> open_platforms();
  Result<void> open_policy();
  Awaitable<void> check_counters();
  void make_servers();
  void take_step(federation::Step step, std::function<void()> after, std::vector<ChangedThing> things = {});
  static std::vector<ChangedThing> things_of(const federation::Event& event);
  void came_out(bool changed);
  void spawn(Awaitable<void> work);
  // shell_platforms.cpp
  Result<void> add_platform(const std::string& name, Result<std::unique_ptr<Platform>> opened);
  Awaitable<void> watch_platform(PlatformSlot& slot);
  void watch(PlatformSlot& slot);
  Awaitable<void> sweep_orphans(PlatformSlot& slot);
  Awaitable<void> look_at_supply(PlatformSlot& slot);
  Awaitable<void> stop_in_order();
  PeerManager::Config peer_config();
  void recall_run(const pb::Offer& offer);
  void note_fault(const PeerFault& fault, uint64_t unwritten);

  // shell_witness.cpp
  Result<void> open_witness();
  WitnessDesk::Config desk_config();
  bool take_witness_message(const std::string& region, const pb::PeerMessage& message);
  Awaitable<void> watch_witnesses();
  Result<void> open_audit();
  BookDesk::Config book_config();
  void keep_policy(const policy::Policy& policy) const;
  void erase_overdue();
  Awaitable<void> do_elsewhere(std::function<void()> work, std::function<void()> then);

  // shell_effects.cpp: one for each kind of effect.
  void carry_out(std::vector<federation::Effect> effects);
  void on(federation::Answer& effect);
  void on(federation::SendMessage& effect);
  void on(federation::SendItem& effect);
  void on(federation::AccusePeer& effect);
  void on(federation::DropItem& effect);
  void on(federation::SubmitRun& effect);
  void on(federation::FindRun& effect);
  void on(federation::ReleaseRun& effect);
  void on(federation::CancelRun& effect);
  void on(federation::CollectRun& effect);
  void on(federation::RemoveRun& effect);
  void on(federation::InspectItem& effect);
  void on(federation::DeliverOutput& effect);
  void on(federation::FetchInput& effect);
  void on(federation::DropBlobs& effect);
  void on(federation::NotifyRole& effect);
  void on(federation::WakeAt& effect);
  Result<void> drop_blob(const std::string& digest, Duration decided_ago);  // worker threads
  PlatformSlot* platform_of(const std::string& name);
  // Runs `work` on `workers`, then posts the event that it made.
  template <class Made>
  Awaitable<void> work_and_post(Workers& workers, std::function<Made()> work) {
    Made made;
    const auto doing = [&] { made = work(); };
    co_await workers.run(doing);
    post(std::move(made));
  }
  Awaitable<void> release_run(federation::ReleaseRun wanted, PlatformSlot& slot);
  Awaitable<void> cancel_run(federation::CancelRun wanted, PlatformSlot& slot);
  void post_observed(federation::RunObserved observed);

  Descriptor lock_;
  std::chrono::steady_clock::time_point steady_start_ = std::chrono::steady_clock::now();
  int64_t told_off_s_ = 0;  // how far the system's clock was away when that was last said
  bool stepping_ = false;
  std::vector<std::pair<federation::Event, std::function<void()>>> queued_;  // posted while stepping
  uint64_t next_request_ = 1;
  std::unordered_map<uint64_t, std::shared_ptr<Waiter>> requests_;
  std::multimap<uint64_t, std::shared_ptr<Waiter>> settling_;  // by the step that has to come out
  std::set<std::shared_ptr<Waiter>> changing_;
  asio::steady_timer wake_{io};
  asio::steady_timer witness_tick_{io};
  Instant looked_for_overdue_;
  Instant started_;
  bool ready_ = false;
  bool stopping_ = false;
  std::mutex fatal_mutex_;
  std::optional<Error> fatal_;
};

}  // namespace hetao::io
