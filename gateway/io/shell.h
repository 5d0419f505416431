// The shell of a gateway: owns the io thread, the core, the gate and everything that touches the world. It
// turns what happens into events for the core, and carries out the core's effects once the gate has made
// their step durable.
//
// Lives in three calls: create() opens the data directory and replays it, run() works until stop(). The
// functions marked [io] are for the io thread only: handlers of HTTP requests run there. stop() and reload()
// may be called from any thread.
//
// Trust: data_dir belongs to the gateway's own user. Whoever can write there can forge jobs; what is in the
// ledger is proved by checkpoints and cosignatures alone.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/federation/core.h"
#include "gateway/io/awaitable.h"
#include "gateway/io/blob_store.h"
#include "gateway/io/book_desk.h"
#include "gateway/io/change_feed.h"
#include "gateway/io/http.h"
#include "gateway/io/inspector.h"
#include "gateway/io/ledger_files.h"
#include "gateway/io/ledger_index.h"
#include "gateway/io/link_status.h"
#include "gateway/io/log_piece.h"
#include "gateway/io/pack_store.h"
#include "gateway/io/peer_faults.h"
#include "gateway/io/person_register.h"
#include "gateway/io/shell_config.h"
#include "gateway/io/staging.h"
#include "gateway/io/upload_store.h"
#include "gateway/io/witness_desk.h"
#include "gateway/store/store.h"
#include "policy/policy.h"

namespace hetao::io {

class ShellParts;  // shell_parts.h: what the shell is made of; needs Asio

// Numbers for /metrics and /readyz.
struct ShellStatus {
  bool ready = false;     // replayed, policy active, listening
  std::string not_ready;  // why not
  bool stopping = false;
  uint64_t steps = 0;          // steps of the core since the start
  uint64_t steps_waiting = 0;  // not durable yet
  uint64_t commits = 0;        // groups of steps made durable
  uint64_t records = 0;
  uint64_t ledger_entries = 0;
  uint64_t ledger_published = 0;
  uint64_t http_connections = 0;
  uint64_t http_requests = 0;
  uint64_t tunnel_bytes_in = 0;
  uint64_t tunnel_bytes_out = 0;
  PeerFaults faults;
  std::vector<PeerTunnel> tunnels;     // that are up
  std::string reload_failed;           // why the last reload kept the old; empty: it did not
  std::optional<bool> counters_agree;  // with the ledger, at the start; nothing: not compared yet
  std::vector<LinkStatus> links;       // one for each peer
  std::vector<WitnessStatus> witnesses;
  std::vector<BookStatus> books;
  std::vector<ForwardStatus> forwards;
  uint64_t ledger_indexed = 0;
  Instant started;
};

class Shell {
 public:
  // Opens (or makes) the data directory, replays it, activates the policy. Nothing listens yet. Without a
  // store: data_dir/state.db.
  static Result<std::unique_ptr<Shell>> create(ShellConfig config,
                                               std::unique_ptr<store::Store> store = nullptr);
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  // Who answers HTTP requests; to be set before run().
  void set_handler(HttpHandler handler);

  // Binds the listeners; an error means that nothing was started. Ports given as 0 are chosen by the system.
  Result<void> listen();
  uint16_t https_port() const;   // after listen()
  uint16_t tunnel_port() const;  // after listen()
  // Works until stop(), or until something happened after which the gateway must not go on (then an error).
  Result<void> run();
  void stop();
  // What can be read again is taken over by the io thread; `done` hears, on that thread, what was and what
  // was not.
  void reload(ReloadedConfig config, std::function<void(std::vector<std::string>)> done);

  // A reload kept what was there, because of `why`: status() says so until the next one works. Any thread.
  void reload_failed(std::string why);

  // [io] The state of the newest step, which may not be durable yet: see settled().
  const federation::Core& core() const;
  // [io] Never goes back.
  Instant now();
  // [io] An event that nobody waits for.
  void post(federation::Event event);
  // [io] An event with a `request` field: fills it in, and answers when the step is durable.
  Awaitable<federation::Answer> ask(federation::Event event);
  // [io] Ends when every step made so far is durable: what was read before may then be told to others.
  Awaitable<void> settled();
  // [io] Grows whenever a durable step changed a record.
  uint64_t change_number() const;
  // [io] Ends when change_number() is above `seen`, or after `patience`; answers change_number().
  Awaitable<uint64_t> changed(uint64_t seen, Duration patience);
  // [io] Ends when the newest checkpoint has the cosignatures that it can get, or after `patience`.
  Awaitable<void> cosigned(Duration patience);
  // [io] Runs blocking work on another thread and goes on here afterwards. `work` must not touch the core.
  Awaitable<void> offload(std::function<void()> work);
  // [io] The same for what is quick: it does not wait behind inspections.
  Awaitable<void> on_disk(std::function<void()> work);
  // [io] The same for calls to identity providers: on threads of their own, so that nobody waits behind them.
  Awaitable<void> call_out(std::function<void()> work);
  // [io] What changed durably, newest last.
  const ChangeFeed& changes() const;
  // [io] Of a run that is under way on a platform of this region; empty when that platform is gone.
  LogReader log_reader(const std::string& key, const pb::Run& run) const;
  // [io] What an item holds, as labels `inspection.*`; reads blobs, on another thread.
  Awaitable<Inspection> inspect(pb::Item item, std::string profile);
  // [io] The same with places and masked excerpts. Nothing where the item's files are not here.
  Awaitable<std::optional<inspection::Report>> evidence(pb::Item item);

  // [io] Fresh id of 26 characters [0-9a-z] that sorts by time: 10 of milliseconds, 16 random.
  std::string fresh_id();
  Instant started() const;
  // [io] The policy in force; never null once created.
  std::shared_ptr<const policy::Policy> policy() const;
  const std::string& policy_name() const;
  const ShellConfig& config() const;
  // [io]
  ShellStatus status() const;

  // Thread-safe: for offload() and for handlers that only look.
  BlobStore& blobs();
  PackStore& packs();
  LedgerFiles& ledger();
  // [io] but for answer().
  WitnessDesk& desk();
  WitnessStore& witness_store();
  BookDesk& books();  // [io] but for story()
  const LedgerIndex& index() const;
  PersonRegister& persons();
  const Staging& staging() const;
  UploadStore& uploads();
  // [io] The archive: rows that the core let go of, whether their commit is durable yet or not.
  Awaitable<Result<std::optional<std::string>>> past_row(federation::Table table, std::string key);
  Awaitable<Result<std::vector<federation::Record>>> past_rows(federation::Table table, std::string from,
                                                               std::string end, size_t most, bool last_ones);

 private:
  explicit Shell(std::unique_ptr<ShellParts> parts);
  std::unique_ptr<ShellParts> parts_;
};

}  // namespace hetao::io
