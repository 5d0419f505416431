#include "gateway/io/shell.h"

#include <openssl/rand.h>
#include <spdlog/spdlog.h>

#include <array>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/io/shell_parts.h"
#include "gateway/io/traced_handler.h"

namespace hetao::io {

namespace {

constexpr auto kStopPatience = std::chrono::seconds(5);
constexpr auto kAnswerPatience = std::chrono::seconds(60);
constexpr int64_t kClockSlackSeconds = 5;
constexpr size_t kSignInThreads = 4;

Instant wall_clock() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

}  // namespace

ShellParts::ShellParts(ShellConfig c)
    : config(std::move(c)),
      quick(std::make_unique<Workers>(std::max<size_t>(1, config.workers))),
      chunks(std::make_unique<Workers>(std::max<size_t>(1, config.workers))),
      bulk(std::make_unique<Workers>(std::max<size_t>(1, config.workers))),
      sign_in(std::make_unique<Workers>(kSignInThreads)),
      outside(std::make_unique<Workers>(std::max<size_t>(1, config.workers))),
      inspector(config.inspection_patterns),
      started_(wall_clock()) {}

ShellParts::~ShellParts() {
  if (http) http->stop();
  if (peers) peers->stop();
  // Work that was begun ends here; nothing resumes a coroutine any more.
  for (const auto& [name, slot] : platforms) slot->workers.stop();
  for (Workers* workers : {sign_in.get(), outside.get(), bulk.get(), chunks.get(), quick.get()})
    workers->stop();
  past.reset();  // the store is the last to close its file: only then it copies its log back
  gate.reset();
  forwarders.clear();
  index.reset();
  ledger.reset();
}

// --- the servers

Result<void> ShellParts::listen() {
  if (auto bound = http->listen(); !bound) return bound;
  return peers->listen();
}

Result<void> ShellParts::run() {
  peers->start();
  http->start();
  ready_ = true;
  for (const auto& [name, slot] : platforms) {
    spawn(sweep_orphans(*slot));
    spawn(look_at_supply(*slot));
  }
  spawn(check_counters());
  spawn(watch_witnesses());
  io.run();
  const std::lock_guard lock(fatal_mutex_);
  if (fatal_) return fail(*fatal_);
  return {};
}

// --- the step
// ----------------------------------------------------------------------------------------------------------

// The wall time of the start, carried on by a steady clock: a clock that is set moves no deadline.
Instant ShellParts::now() {
  const auto passed = std::chrono::steady_clock::now() - steady_start_;
  const Instant shown =
      started_ + Duration{std::chrono::duration_cast<std::chrono::microseconds>(passed).count()};
  const int64_t off_s = (wall_clock() - shown).micros / 1'000'000;
  if (off_s > told_off_s_ + kClockSlackSeconds || off_s < told_off_s_ - kClockSlackSeconds) {
    told_off_s_ = off_s;
    spdlog::warn(
        "the system's clock was set: it is {} s away from this gateway's, which goes on as it was; a restart "
        "takes the new time over",
        off_s);
  }
  return shown;
}

void ShellParts::post(federation::Event event, std::function<void()> after) {
  if (const auto* first = std::get_if<federation::ActivatePolicy>(&event)) keep_policy(*first->policy);
  if (const auto* next = std::get_if<federation::ActivatePack>(&event)) keep_policy(*next->policy);
  queued_.emplace_back(std::move(event), std::move(after));
  if (stepping_) return;  // the loop below takes it
  stepping_ = true;
  for (size_t i = 0; i < queued_.size(); ++i) {
    auto [next, then] = std::move(queued_[i]);
    std::vector<ChangedThing> changed = things_of(next);
    take_step(core->step(std::move(next), now()), std::move(then), std::move(changed));
  }
  queued_.clear();
  stepping_ = false;
}

// The tunnels of peers come and go without a record.
std::vector<ChangedThing> ShellParts::things_of(const federation::Event& event) {
  if (const auto* up = std::get_if<federation::PeerUp>(&event)) return {{ChangedKind::kPeer, up->region}};
  if (const auto* down = std::get_if<federation::PeerDown>(&event))
    return {{ChangedKind::kPeer, down->region}};
  return {};
}

void ShellParts::take_step(federation::Step step, std::function<void()> after,
                           std::vector<ChangedThing> things) {
  GateStep out;
  add_things(step.records, things);
  const bool changed = !step.records.empty() || !things.empty();
  std::vector<federation::Record> told;
  if (JobStory::matters(step.records)) told = step.records;
  out.records = std::move(step.records);
  for (const ledger::Entry& entry : step.entries) {
    if (auto saw = persons->saw(entry); !saw) {
      fail_for_good(std::move(saw.error()));
      return;
    }
    auto bytes = ledger::encode_entry(entry);
    if (!bytes) {
      // Acting without the entry would break the first promise; going on without acting would lose the step.
      fail_for_good(std::move(bytes.error()));
      return;
    }
    out.entries.push_back({entry.sequence, std::move(*bytes)});
  }
  auto effects = std::make_shared<std::vector<federation::Effect>>(std::move(step.effects));
  out.effects = [this, effects, changed, then = std::move(after), things = std::move(things),
                 told = std::move(told), left = past->leave(out.records)] {
    past->arrive(left);
    if (!told.empty()) story->tell(told, now());
    carry_out(std::move(*effects));
    if (then) then();
    for (const ChangedThing& thing : things) changes.add(thing);
    came_out(changed);
  };
  gate->pass(std::move(out));
}

// A step is durable and its effects are out: those who waited for that go on.
void ShellParts::came_out(bool changed) {
  const GateStats stats = gate->stats();
  const auto end = settling_.upper_bound(stats.steps - stats.waiting);
  for (auto at = settling_.begin(); at != end; ++at) at->second->timer.cancel();
  settling_.erase(settling_.begin(), end);
  if (!changed) return;
  ++change;
  for (const auto& waiter : changing_) waiter->timer.cancel();
  changing_.clear();
}

Awaitable<federation::Answer> ShellParts::ask(federation::Event event) {
  const uint64_t request = next_request_++;
  std::visit(
      [request](auto& e) {
        if constexpr (requires { e.request; })
          e.request = request;
        else
          HETAO_CHECK(false);  // nobody answers such an event
      },
      event);
  auto waiter = std::make_shared<Waiter>(io);
  waiter->timer.expires_after(kAnswerPatience);
  requests_[request] = waiter;
  post(std::move(event));
  if (!waiter->answer) co_await waiter->timer.async_wait(as_value);
  requests_.erase(request);
  if (waiter->answer) co_return std::move(*waiter->answer);
  federation::Answer unknown;
  unknown.request = request;
  unknown.error =
      Error{ErrorCode::kFailed, "request", "its outcome is not known: the gateway is slow or stopping",
            "ask again; the same Idempotency-Key gives the same job"};
  co_return unknown;
}

Awaitable<void> ShellParts::settled() {
  if (gate->idle()) co_return;
  auto waiter = std::make_shared<Waiter>(io);
  waiter->timer.expires_after(kAnswerPatience);
  settling_.emplace(gate->stats().steps, waiter);
  co_await waiter->timer.async_wait(as_value);
}

Awaitable<uint64_t> ShellParts::changed(uint64_t seen, Duration patience) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(patience.micros);
  while (change <= seen && !stopping_ && std::chrono::steady_clock::now() < until) {
    auto waiter = std::make_shared<Waiter>(io);
    waiter->timer.expires_at(until);
    changing_.insert(waiter);
    co_await waiter->timer.async_wait(as_value);
    changing_.erase(waiter);
  }
  co_return change;
}

void ShellParts::spawn(Awaitable<void> work) {
  asio::co_spawn(io, std::move(work), [](const std::exception_ptr& problem) {
    if (!problem) return;
    try {
      std::rethrow_exception(problem);
    } catch (const std::exception& e) {
      spdlog::error("work ended with an exception: {}", printable(e.what()));
    }
  });
}

// --- stop and reload
// -----------------------------------------------------------------------------------------------------

void ShellParts::fail_for_good(Error error) {
  {
    const std::lock_guard lock(fatal_mutex_);
    if (fatal_) return;
    error.hint = error.hint.empty() ? "the gateway stops, and reads what is on disk at the next start"
                                    : error.hint + "; the gateway stops";
    spdlog::critical("{}", to_line(error));
    fatal_ = std::move(error);
  }
  io.stop();
}

void ShellParts::begin_stop() {
  if (stopping_) return;
  stopping_ = true;
  spawn(stop_in_order());
}

Awaitable<void> ShellParts::stop_in_order() {
  http->drain();
  peers->drain();
  for (const auto& waiter : changing_) waiter->timer.cancel();
  witness_tick_.cancel();
  asio::steady_timer pause(io);
  const auto until = std::chrono::steady_clock::now() + kStopPatience;
  while (std::chrono::steady_clock::now() < until) {
    const bool quiet =
        http->stats().connections_open == 0 && gate->idle() && requests_.empty() && peers->all_gone();
    if (quiet) break;
    pause.expires_after(std::chrono::milliseconds(20));
    co_await pause.async_wait(as_value);
  }
  http->stop();
  peers->stop();
  io.stop();
}

void ShellParts::take_over(ReloadedConfig changed,
                           const std::function<void(std::vector<std::string>)>& done) {
  std::vector<std::string> said;
  reload_failed.clear();
  const bool is_whole = changed.policy.policy != nullptr;
  if (is_whole && changed.policy.policy->digest() != core->policy_digest()) {
    said.push_back("policy " + changed.policy.name +
                   " of the configuration is not in force: people activate policies (" +
                   "hetao policy propose)");
  }
  if (changed.https_tls) {
    config.https_tls = std::move(changed.https_tls);
    http->use(config.https_tls);
    said.emplace_back("HTTPS certificates are in force for new connections");
  }
  if (changed.tunnel_tls) {
    config.tunnel_tls = std::move(changed.tunnel_tls);
    peers->use(config.tunnel_tls);
    said.emplace_back("tunnel certificates and revocation lists are in force; peers were judged again");
  }
  if (is_whole) said.emplace_back("addresses, data_dir, peers, tenants, platforms and facts need a restart");
  done(std::move(said));
}

ShellStatus ShellParts::status() const {
  ShellStatus status;
  const GateStats stats = gate->stats();
  const HttpServerStats web = http->stats();
  const PeerManagerStats tunnels = peers->stats();
  status.ready = ready_ && !stopping_;
  if (!ready_) status.not_ready = "starting";
  if (stopping_) status.not_ready = "stopping";
  status.stopping = stopping_;
  status.steps = stats.steps;
  status.steps_waiting = stats.waiting;
  status.commits = stats.commits;
  status.records = stats.records;
  status.ledger_entries = ledger->size();
  status.ledger_published = ledger->published_size();
  status.http_connections = web.connections_open;
  status.http_requests = web.requests;
  status.tunnel_bytes_in = tunnels.bytes_in;
  status.tunnel_bytes_out = tunnels.bytes_out;
  status.faults = peers->faults();
  status.tunnels = peers->tunnels();
  status.reload_failed = reload_failed;
  status.counters_agree = counters_agree;
  status.links = peers->links();
  status.witnesses = desk->status();
  status.books = books->status();
  for (const auto& forwarder : forwarders) status.forwards.push_back(forwarder->status());
  status.ledger_indexed = index->size();
  status.started = started_;
  return status;
}

// --- Shell
// ---------------------------------------------------------------------------------------------------------------

Shell::Shell(std::unique_ptr<ShellParts> parts) : parts_(std::move(parts)) {}
Shell::~Shell() = default;

Result<std::unique_ptr<Shell>> Shell::create(ShellConfig config, std::unique_ptr<store::Store> store) {
  auto parts = std::make_unique<ShellParts>(std::move(config));
  if (auto opened = parts->open(std::move(store)); !opened) return fail(opened.error());
  return std::unique_ptr<Shell>(new Shell(std::move(parts)));
}

void Shell::set_handler(HttpHandler handler) {
  parts_->handler = traced(std::move(handler), [parts = parts_.get()] { return parts->now(); });
}

Result<void> Shell::listen() {
  return parts_->listen();
}

uint16_t Shell::https_port() const {
  return parts_->http->port();
}

uint16_t Shell::tunnel_port() const {
  return parts_->peers->port();
}

Result<void> Shell::run() {
  return parts_->run();
}

void Shell::stop() {
  asio::post(parts_->io, [parts = parts_.get()] { parts->begin_stop(); });
}

void Shell::reload(ReloadedConfig config, std::function<void(std::vector<std::string>)> done) {
  asio::post(parts_->io, [parts = parts_.get(), config = std::move(config),
                          done = std::move(done)]() mutable { parts->take_over(std::move(config), done); });
}

void Shell::reload_failed(std::string why) {
  asio::post(parts_->io, [parts = parts_.get(), why = std::move(why)]() mutable {
    parts->reload_failed = std::move(why);
  });
}

const federation::Core& Shell::core() const {
  return *parts_->core;
}

Instant Shell::now() {
  return parts_->now();
}

void Shell::post(federation::Event event) {
  parts_->post(std::move(event));
}

Awaitable<federation::Answer> Shell::ask(federation::Event event) {
  return parts_->ask(std::move(event));
}

Awaitable<void> Shell::settled() {
  return parts_->settled();
}

uint64_t Shell::change_number() const {
  return parts_->change;
}

Awaitable<uint64_t> Shell::changed(uint64_t seen, Duration patience) {
  return parts_->changed(seen, patience);
}

Awaitable<void> Shell::offload(std::function<void()> work) {
  return parts_->bulk->run(std::move(work));
}

Awaitable<void> Shell::on_disk(std::function<void()> work) {
  return parts_->quick->run(std::move(work));
}

Awaitable<void> Shell::call_out(std::function<void()> work) {
  return parts_->sign_in->run(std::move(work));
}

const ChangeFeed& Shell::changes() const {
  return parts_->changes;
}

Instant Shell::started() const {
  return parts_->started();
}

LogReader Shell::log_reader(const std::string& key, const pb::Run& run) const {
  return parts_->log_reader(key, run);
}

Awaitable<Inspection> Shell::inspect(pb::Item item, std::string profile) {
  Inspection found;
  const auto look = [&] { found = parts_->inspector.inspect(*parts_->blobs, item, profile); };
  co_await parts_->bulk->run(look);
  co_return found;
}

Awaitable<std::optional<inspection::Report>> Shell::evidence(pb::Item item) {
  std::optional<inspection::Report> found;
  const auto look = [&] { found = parts_->inspector.report(*parts_->blobs, item, ""); };
  co_await parts_->bulk->run(look);
  co_return found;
}

std::string Shell::fresh_id() {
  static constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string id(26, '0');
  auto millis = static_cast<uint64_t>(parts_->now().micros / 1000);
  for (size_t i = 10; i-- > 0; millis /= 32) id[i] = kDigits[millis % 32];
  std::array<unsigned char, 16> random{};
  HETAO_CHECK(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
  for (size_t i = 0; i < random.size(); ++i) id[10 + i] = kDigits[random[i] % 32U];
  return id;
}

std::shared_ptr<const policy::Policy> Shell::policy() const {
  return parts_->core->policy();
}

const std::string& Shell::policy_name() const {
  return parts_->core->policy_name();
}

const ShellConfig& Shell::config() const {
  return parts_->config;
}

ShellStatus Shell::status() const {
  return parts_->status();
}

Awaitable<void> Shell::cosigned(Duration patience) {
  return parts_->cosigned(patience);
}

WitnessDesk& Shell::desk() {
  return *parts_->desk;
}

WitnessStore& Shell::witness_store() {
  return *parts_->witness_store;
}

BookDesk& Shell::books() {
  return *parts_->books;
}

const LedgerIndex& Shell::index() const {
  return *parts_->index;
}

PersonRegister& Shell::persons() {
  return *parts_->persons;
}

BlobStore& Shell::blobs() {
  return *parts_->blobs;
}

PackStore& Shell::packs() {
  return *parts_->packs;
}

LedgerFiles& Shell::ledger() {
  return *parts_->ledger;
}

UploadStore& Shell::uploads() {
  return *parts_->uploads;
}

const Staging& Shell::staging() const {
  return parts_->staging;
}

Awaitable<Result<std::optional<std::string>>> Shell::past_row(federation::Table table, std::string key) {
  Result<std::optional<std::string>> found(std::nullopt);
  const auto look = [&] { found = parts_->past->find(table, key); };
  co_await parts_->quick->run(look);
  co_return found;
}

Awaitable<Result<std::vector<federation::Record>>> Shell::past_rows(federation::Table table, std::string from,
                                                                    std::string end, size_t most,
                                                                    bool last_ones) {
  Result<std::vector<federation::Record>> found;
  const auto look = [&] { found = parts_->past->rows(table, {from, end}, most, last_ones); };
  co_await parts_->quick->run(look);
  co_return found;
}

}  // namespace hetao::io
