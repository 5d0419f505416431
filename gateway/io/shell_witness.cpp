// The witness desk in the shell: its messages through the tunnels, its entries through the core, its work on
// other threads.
#include <spdlog/spdlog.h>

#include "gateway/base/text.h"
#include "gateway/io/adopt_files.h"
#include "gateway/io/shell_parts.h"
#include "gateway/io/witness_http.h"

namespace hetao::io {

namespace {

constexpr auto kTick = std::chrono::seconds(1);
constexpr Duration kLookForOverdueEvery = Duration::seconds(3'600);
constexpr auto kLookAgain = std::chrono::milliseconds(20);

}  // namespace

Result<void> ShellParts::open_witness() {
  auto opened = WitnessStore::open(config.shared_folder() + "/witness", ledger->witness_key());
  if (!opened) return fail(opened.error());
  witness_store = std::move(*opened);
  if (auto adopted = witness_store->adopt(config.data_dir + "/witness"); !adopted) return adopted;
  for (const auto& [region, keys] : config.witness.log_keys) {
    if (auto configured = witness_store->configure(origin_of_region(region), keys); !configured)
      return configured;
  }
  if (config.witness.policy) {
    std::map<std::string, std::vector<ledger::VerifierKey>> logs;
    for (const ledger::PolicyLog& log : config.witness.policy->logs) logs[log.key.name].push_back(log.key);
    logs.erase(origin_of_region(config.core.region));
    for (const auto& [origin, keys] : logs) {
      if (auto configured = witness_store->configure(origin, keys); !configured) return configured;
    }
  }
  desk = std::make_unique<WitnessDesk>(desk_config(), *witness_store, *ledger);
  ledger->on_published([this] { asio::post(io, [this] { witness_changed(); }); });
  if (desk->wants_to_ask_first()) {
    gate->hold();
    desk->ask_first();
  }
  return {};
}

WitnessDesk::Config ShellParts::desk_config() {
  WitnessDesk::Config made;
  made.rules = config.witness;
  made.region = config.core.region;
  for (const PeerAddress& peer : config.peers) made.peers.push_back(peer.region);
  made.now = [this] { return now(); };
  made.send = [this](const std::string& region, const pb::PeerMessage& message) {
    peers->send_message(region, message);
  };
  made.note = [this](std::string kind, std::string reason,
                     std::vector<std::pair<std::string, std::string>> details) {
    post(federation::NoteAct{0, std::move(kind), "witness", std::move(reason), std::move(details)});
  };
  made.gate = [this](const std::string& region, bool held, const std::string& why) {
    if (held) spdlog::warn("nothing is released to {}: {}", region, printable(why));
    post(federation::ReleaseGate{region, held, why});
  };
  made.refuse_to_append = [this](Error error) { fail_for_good(std::move(error)); };
  made.may_append = [this] { gate->go_on(); };
  made.offload = [this](std::function<void()> work, std::function<void()> then) {
    spawn(do_elsewhere(std::move(work), std::move(then)));
  };
  made.post = post_to_witness;
  made.get = get_from_witness;
  made.log = [](const std::string& line) { spdlog::info("{}", printable(line)); };
  return made;
}

Awaitable<void> ShellParts::do_elsewhere(std::function<void()> work, std::function<void()> then) {
  co_await quick->run(std::move(work));
  then();
}

bool ShellParts::take_witness_message(const std::string& region, const pb::PeerMessage& message) {
  if (message.has_witness_ask()) desk->on_ask(region, message.witness_ask());
  if (message.has_witness_reply()) desk->on_reply(region, message.witness_reply());
  if (message.has_book_ask()) books->on_ask(region, message.book_ask());
  if (message.has_book_page()) books->on_page(region, message.book_page());
  return message.has_witness_ask() || message.has_witness_reply() || message.has_book_ask() ||
         message.has_book_page();
}

void ShellParts::witness_changed() {
  if (!stopping_) desk->tick();
}

Awaitable<void> ShellParts::watch_witnesses() {
  while (!stopping_) {
    desk->tick();
    books->tick();
    if (now() - looked_for_overdue_ >= kLookForOverdueEvery) erase_overdue();
    witness_tick_.expires_after(kTick);
    co_await witness_tick_.async_wait(as_value);
  }
}

// --- search, books, people, and whoever listens
// -----------------------------------------------------------------------------------

Result<void> ShellParts::open_audit() {
  const std::string& folder = config.shared_folder();
  auto opened_index = LedgerIndex::open(config.data_dir + "/index", *ledger);
  if (!opened_index) return fail(opened_index.error());
  index = std::move(*opened_index);
  auto opened_persons = PersonRegister::open(folder + "/persons", folder + "/keys");
  if (!opened_persons) return fail(opened_persons.error());
  persons = std::move(*opened_persons);
  if (auto adopted = persons->adopt(config.data_dir + "/persons", config.data_dir + "/keys"); !adopted)
    return adopted;
  auto opened_books = BookDesk::open(book_config(), *ledger, *witness_store);
  if (!opened_books) return fail(opened_books.error());
  books = std::move(*opened_books);
  for (const char* kept : {"/forward", "/policies"}) {
    if (auto adopted = adopt_files(config.data_dir + kept, folder + kept); !adopted) return adopted;
  }
  for (const ForwardTarget& target : config.forward) {
    auto forwarder =
        EventForwarder::open(target, folder + "/forward", config.core.region + "." + config.gateway,
                             origin_of_region(config.core.region), *ledger);
    if (!forwarder) return fail(forwarder.error());
    forwarders.push_back(std::move(*forwarder));
  }
  return make_folders(folder + "/policies");
}

BookDesk::Config ShellParts::book_config() {
  WitnessDesk::Config like = desk_config();
  BookDesk::Config made;
  made.region = config.core.region;
  made.peers = std::move(like.peers);
  made.folder = config.data_dir + "/books";
  made.now = std::move(like.now);
  made.send = std::move(like.send);
  made.note = std::move(like.note);
  made.offload = std::move(like.offload);
  made.log = std::move(like.log);
  return made;
}

// What decided is kept as text, so that evidence can show it: its digest is what the entries name.
void ShellParts::keep_policy(const policy::Policy& policy) const {
  const std::string path = config.shared_folder() + "/policies/" + policy.digest();
  const std::string& text = policy.pack().canonical;
  if (read_file(path, text.size() + 1)) return;
  if (auto written = write_durably(path, as_bytes(text), 0644); !written)
    spdlog::warn("{}", to_line(written.error()));
}

void ShellParts::erase_overdue() {
  quick->post([this, at = now()] { uploads->remove_overdue(at); });
  looked_for_overdue_ = now();
  for (const std::string& name : persons->overdue(now(), config.retention)) {
    if (auto erased = persons->erase(name, now(), config.retention); !erased) {
      spdlog::warn("{}", to_line(erased.error()));
      continue;
    }
    post(federation::NoteAct{0, "erased", "retention", "the retention period is over", {{"person", name}}});
  }
}

Awaitable<void> ShellParts::cosigned(Duration patience) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(patience.micros);
  asio::steady_timer pause(io);
  while (!desk->is_cosigned() && !stopping_ && std::chrono::steady_clock::now() < until) {
    pause.expires_after(kLookAgain);
    co_await pause.async_wait(as_value);
  }
}

}  // namespace hetao::io
