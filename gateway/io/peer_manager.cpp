#include "gateway/io/peer_manager.h"

#include <openssl/rand.h>

#include <algorithm>
#include <map>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/io/peer_link.h"

namespace hetao::io {

namespace {

constexpr Duration kRaceWindow = Duration::seconds(10);
constexpr int64_t kBackoffFirstMillis = 250;
constexpr int64_t kBackoffMostMillis = 30'000;
constexpr auto kLeavePatience = std::chrono::seconds(1);  // of a peer that lied
constexpr auto kRecheckEvery = std::chrono::seconds(limits::kPeerRecheckSeconds);
constexpr Duration kHandshakePatience = Duration::seconds(limits::kTunnelHandshakeSecondsMax);

uint32_t random_number() {
  uint32_t number = 0;
  HETAO_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) == 1);
  return number;
}

// "protocol" of the TLS engine is noise of strangers; the session's is a peer's fault.
std::string word_of(const TlsStream& stream) {
  const std::string word = stream.end_word();
  if (word.empty()) return "cut";
  return word == "protocol" ? "protocol-tls" : word;
}

std::string host_of(const std::string& remote) {
  return remote.substr(0, remote.rfind(':'));
}

// Between half of it and all of it, so that two sides don't go on dialling at the same moments.
std::chrono::milliseconds jittered(int64_t millis) {
  return std::chrono::milliseconds(millis / 2 + static_cast<int64_t>(random_number()) % (millis / 2 + 1));
}

}  // namespace

struct PeerManager::Parts : std::enable_shared_from_this<Parts> {
  Parts(asio::any_io_executor e, Workers& workers, BlobStore& blobs, Config c)
      : executor(std::move(e)),
        config(std::move(c)),
        acceptor(executor),
        items(executor, workers, blobs, config.items) {}

  struct Peer {
    PeerAddress address;
    std::shared_ptr<PeerLink> live;
    std::string dialled_by;  // whose dial the live link came from
    std::shared_ptr<tunnel::OddBudget> odd;
    std::unique_ptr<asio::steady_timer> wake;  // the dialler's
    int64_t backoff_millis = kBackoffFirstMillis;
    bool down_told = false;
  };

  Awaitable<void> dial_always(std::string region);
  Awaitable<Result<void>> dial(Peer& peer);
  Awaitable<Result<tcp::socket>> connect(const Endpoint& to);
  Awaitable<void> accept_all();
  Awaitable<void> accept(tcp::socket socket, std::string address);
  Awaitable<void> recheck_always();
  Awaitable<void> run_link(std::unique_ptr<TlsStream> stream, tunnel::Role role);
  tunnel::Config session_config(const certs::PeerFacts& facts, Peer& peer) const;
  PeerLink::Owner owner_of(const std::string& region);
  void opened(const std::string& region, PeerLink& link);
  void ended(const std::string& region, PeerLink& link, const Error& why);
  void said(const std::string& region, PeerLink& link, Bytes bytes);
  void note(PeerFault fault);
  void refuse(PeerFault fault);
  Awaitable<void> cut_soon(std::weak_ptr<PeerLink> link);
  void stream_fault(PeerLink& link, const std::string& region, const std::string& reason,
                    const std::string& why);
  bool has_key_of_another(const certs::PeerFacts& facts) const;
  bool newer_wins(const Peer& peer, const std::string& newer_dialled_by) const;

  asio::any_io_executor executor;
  Config config;
  tcp::acceptor acceptor;
  ItemMover items;
  std::map<std::string, Peer> peers;
  std::vector<std::weak_ptr<PeerLink>> links;  // all, also those not chosen
  std::map<std::string, size_t> strangers;     // connections that have not shown who they are, by address
  size_t strangers_total = 0;
  PeerManagerStats stats;
  PeerFaults faults;
  std::unique_ptr<asio::steady_timer> recheck_timer;
  bool stopping = false;
};

void PeerManager::Parts::note(PeerFault fault) {
  fault.why = printable(fault.why);
  const auto unwritten = faults.may_note(fault, config.clock());
  if (unwritten && config.on_fault) config.on_fault(fault, *unwritten);
}

void PeerManager::Parts::refuse(PeerFault fault) {
  faults.refused(fault.reason);
  config.log("tunnel: refused " + fault.remote + " [" + fault.reason + "]: " + printable(fault.why));
  note(std::move(fault));
}

void PeerManager::Parts::stream_fault(PeerLink& link, const std::string& region, const std::string& reason,
                                      const std::string& why) {
  faults.stream(region, reason);
  config.log("tunnel to " + region + ": a stream was cut [" + reason + "]: " + printable(why));
  note({region, reason, why, link.remote()});
  if (reason == "digest") {
    link.goodbye(tunnel::Reason::kDigest, "bytes that are not what was announced");
    asio::co_spawn(executor, cut_soon(link.weak_from_this()), asio::detached);
  } else
    link.charge(tunnel::Odd::kRepeatedOffer);
}

// The reset that names the transfer has to go out first; who does not leave then is cut.
Awaitable<void> PeerManager::Parts::cut_soon(std::weak_ptr<PeerLink> link) {
  const auto self = shared_from_this();
  asio::steady_timer pause(executor, kLeavePatience);
  co_await pause.async_wait(as_value);
  if (const auto still = link.lock())
    still->cut(tunnel::Reason::kDigest, "bytes that are not what was announced");
}

PeerManager::PeerManager(asio::any_io_executor executor, Workers& workers, BlobStore& blobs, Config config)
    : parts_(std::make_shared<Parts>(std::move(executor), workers, blobs, std::move(config))) {
  for (const PeerAddress& address : parts_->config.peers) {
    Parts::Peer& peer = parts_->peers[address.region];
    peer.address = address;
    peer.odd = std::make_shared<tunnel::OddBudget>(parts_->config.clock());
    peer.wake = std::make_unique<asio::steady_timer>(parts_->executor);
  }
  const std::weak_ptr<Parts> weak = parts_;
  parts_->items.on_fault(
      [weak](PeerLink& link, const std::string& region, const std::string& reason, const std::string& why) {
        if (const auto parts = weak.lock()) parts->stream_fault(link, region, reason, why);
      });
}

PeerManager::~PeerManager() {
  stop();
}

Result<void> PeerManager::listen() {
  return bind_acceptor(parts_->acceptor, parts_->config.listen);
}

uint16_t PeerManager::port() const {
  boost::system::error_code ignored;
  return parts_->acceptor.local_endpoint(ignored).port();
}

void PeerManager::start() {
  asio::co_spawn(parts_->executor, parts_->accept_all(), asio::detached);
  asio::co_spawn(parts_->executor, parts_->recheck_always(), asio::detached);
  for (const auto& [region, peer] : parts_->peers) {
    if (peer.address.address.port != 0)
      asio::co_spawn(parts_->executor, parts_->dial_always(region), asio::detached);
  }
}

// --- coming to a connection
// ------------------------------------------------------------------------------------------

Awaitable<Result<tcp::socket>> PeerManager::Parts::connect(const Endpoint& to) {
  tcp::resolver resolver(executor);
  auto [error, found] = co_await resolver.async_resolve(to.host, std::to_string(to.port), as_value);
  if (error)
    co_return fail(ErrorCode::kUnreachable, to_text(to), "its address is not known: " + error.message());
  boost::system::error_code last = asio::error::host_not_found;
  for (const auto& candidate : found) {
    tcp::socket socket(executor);
    Watchdog dog(socket);
    dog.arm(kHandshakePatience);
    auto [failed] = co_await socket.async_connect(candidate.endpoint(), as_value);
    dog.disarm();
    if (!failed) co_return std::move(socket);
    last = dog.barked() ? make_error_code(boost::system::errc::timed_out) : failed;
  }
  co_return fail(ErrorCode::kUnreachable, to_text(to), last.message());
}

Awaitable<Result<void>> PeerManager::Parts::dial(Peer& peer) {
  auto socket = co_await connect(peer.address.address);
  if (!socket) co_return fail(socket.error());
  TlsTarget target;
  target.server_name = peer.address.address.host;
  target.region = peer.address.region;
  auto stream =
      std::make_unique<TlsStream>(std::move(*socket), TlsEngine::client(config.tls, std::move(target)));
  auto secured = co_await stream->handshake(kHandshakePatience, config.clock);
  if (!secured) {
    // Whoever answers at a peer's address with a bad certificate is worth as much alarm as one who dials.
    if (stream->engine().failure())
      refuse({peer.address.region, word_of(*stream), to_line(secured.error()), stream->remote()});
    stream->abort();
    co_return secured;
  }
  if (stopping) co_return Result<void>();
  co_await run_link(std::move(stream), tunnel::Role::kDialer);
  co_return Result<void>();
}

Awaitable<void> PeerManager::Parts::dial_always(std::string region) {
  const auto self = shared_from_this();
  Peer& peer = peers.at(region);
  while (!stopping) {
    if (!peer.live) {
      auto dialled = co_await dial(peer);
      if (!dialled && !stopping && !peer.live) {
        config.log("tunnel to " + region + ": " + to_line(dialled.error()));
        if (!peer.down_told) config.on_down(region, to_line(dialled.error()));
        peer.down_told = true;
      }
    }
    if (stopping) break;
    // While a session is up this waits for its end; then, and after a failure, it pauses before the next try.
    peer.wake->expires_after(peer.live ? std::chrono::milliseconds(kBackoffMostMillis)
                                       : jittered(peer.backoff_millis));
    if (!peer.live) peer.backoff_millis = std::min(peer.backoff_millis * 2, kBackoffMostMillis);
    co_await peer.wake->async_wait(as_value);
  }
}

Awaitable<void> PeerManager::Parts::accept_all() {
  const auto self = shared_from_this();
  asio::steady_timer pause(executor);
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(as_value);
    if (error == asio::error::operation_aborted || !acceptor.is_open()) co_return;
    if (error) {
      config.log("tunnel: accept: " + error.message());
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(as_value);
      continue;
    }
    boost::system::error_code gone;
    const std::string address = socket.remote_endpoint(gone).address().to_string();
    if (gone) continue;
    if (strangers_total >= limits::kTunnelConnectionsMax ||
        strangers[address] >= limits::kTunnelConnectionsOfAddressMax) {
      faults.refused("too-many");
      continue;
    }
    ++strangers[address];
    ++strangers_total;
    asio::co_spawn(executor, accept(std::move(socket), address), asio::detached);
  }
}

Awaitable<void> PeerManager::Parts::accept(tcp::socket socket, std::string address) {
  const auto self = shared_from_this();
  auto stream = std::make_unique<TlsStream>(std::move(socket), TlsEngine::server(config.tls));
  auto secured = co_await stream->handshake(kHandshakePatience, config.clock);
  if (--strangers[address] == 0) strangers.erase(address);
  --strangers_total;
  if (!secured) {
    refuse({"", word_of(*stream), to_line(secured.error()), stream->remote()});
    stream->abort();
    co_return;
  }
  if (!stopping) co_await run_link(std::move(stream), tunnel::Role::kAcceptor);
}

Awaitable<void> PeerManager::Parts::run_link(std::unique_ptr<TlsStream> stream, tunnel::Role role) {
  const certs::PeerFacts facts = *stream->engine().peer();
  const std::string region = facts.identity.region;
  const auto known = peers.find(region);
  if (known == peers.end()) {
    refuse({"", "not-a-peer", certs::to_uri(facts.identity) + " is no configured peer", stream->remote()});
    stream->abort();
    co_return;
  }
  if (has_key_of_another(facts)) {
    refuse({region, "shared-key", certs::to_uri(facts.identity) + " uses the key of another peer",
            stream->remote()});
    stream->abort();
    co_return;
  }
  auto link = std::make_shared<PeerLink>(std::move(stream), session_config(facts, known->second), role,
                                         owner_of(region));
  std::erase_if(links, [](const auto& old) { return old.expired(); });
  links.push_back(link);
  co_await link->run();
}

tunnel::Config PeerManager::Parts::session_config(const certs::PeerFacts& facts, Peer& peer) const {
  tunnel::Config made;
  made.hello.region = config.region;
  made.hello.gateway = config.gateway;
  made.hello.policy_digest = config.policy_digest();
  made.hello.checkpoint = config.checkpoint();
  made.hello.software = "hetao/0.1";
  HETAO_CHECK(RAND_bytes(made.hello.nonce.bytes.data(), static_cast<int>(made.hello.nonce.bytes.size())) ==
              1);
  made.peer_region = facts.identity.region;
  made.peer_gateway = facts.identity.name;
  made.odd = peer.odd;
  return made;
}

// --- a connection's life
// ---------------------------------------------------------------------------------------------

PeerLink::Owner PeerManager::Parts::owner_of(const std::string& region) {
  PeerLink::Owner owner;
  owner.clock = config.clock;
  const std::weak_ptr<Parts> weak = weak_from_this();
  owner.on_open = [weak, region](PeerLink& link) {
    if (const auto self = weak.lock()) self->opened(region, link);
  };
  owner.on_message = [weak, region](PeerLink& link, Bytes bytes) {
    if (const auto self = weak.lock()) self->said(region, link, std::move(bytes));
  };
  owner.on_stream = [weak, region](PeerLink& link, tunnel::StreamId id,
                                   ByteView header) -> std::shared_ptr<StreamHandler> {
    const auto self = weak.lock();
    if (!self || self->peers.at(region).live.get() != &link) return nullptr;
    return self->items.accept(link, region, id, header);
  };
  owner.on_end = [weak, region](PeerLink& link, const Error& why) {
    if (const auto self = weak.lock()) self->ended(region, link, why);
  };
  return owner;
}

bool PeerManager::Parts::has_key_of_another(const certs::PeerFacts& facts) const {
  std::vector<certs::PeerFacts> known;
  for (const auto& [region, peer] : peers) {
    if (peer.live) known.push_back(peer.live->peer());
  }
  return !certs::refuse_shared_key(facts, known);
}

bool PeerManager::Parts::newer_wins(const Peer& peer, const std::string& newer_dialled_by) const {
  if (newer_dialled_by == peer.dialled_by) return true;
  if (config.clock() - peer.live->opened() > kRaceWindow) return true;
  return newer_dialled_by == std::min(config.region, peer.address.region);
}

void PeerManager::Parts::opened(const std::string& region, PeerLink& link) {
  Peer& peer = peers.at(region);
  const std::string dialled_by = link.role() == tunnel::Role::kDialer ? config.region : region;
  if (stopping) return link.cut(tunnel::Reason::kShuttingDown, "");
  // Nobody asks for bulk lanes yet; one that names a session must never pass for a session of its own.
  if (link.session().peer().purpose != tunnel::Purpose::kControl)
    return link.cut(tunnel::Reason::kRefused, "no session of that name is open here");
  if (peer.live) {
    if (!newer_wins(peer, dialled_by))
      return link.cut(tunnel::Reason::kSuperseded, "another session is in use");
    const auto old = std::move(peer.live);
    peer.live = nullptr;
    if (host_of(old->remote()) != host_of(link.remote()))
      note({region, "two-addresses",
            "the same certificate spoke from " + old->remote() + " and now from " + link.remote(),
            link.remote()});
    items.link_lost(*old);
    config.on_down(region, "a newer session took over");
    old->cut(tunnel::Reason::kSuperseded, "a newer session took over");
  }
  peer.live = link.shared_from_this();
  peer.dialled_by = dialled_by;
  peer.backoff_millis = kBackoffFirstMillis;
  peer.down_told = false;
  ++stats.sessions;
  config.log("tunnel to " + region + ": up, " + link.remote() + ", dialled by " + dialled_by);
  config.on_up(region);
}

void PeerManager::Parts::ended(const std::string& region, PeerLink& link, const Error& why) {
  const tunnel::Stats counted = link.session().stats();
  stats.bytes_in += counted.bytes_in;
  stats.bytes_out += counted.bytes_out;
  Peer& peer = peers.at(region);
  const std::string word = link.end_word();
  const bool was_open = link.opened() != Instant{};
  if (was_open)
    faults.ended(region, word);
  else
    faults.refused(word);
  if (!link.ended_by_peer()) note({region, word, to_line(why), link.remote()});
  if (peer.live.get() != &link) {
    config.log("tunnel to " + region + ": a connection that was not in use ended [" + word +
               "]: " + printable(to_line(why)));
    return;
  }
  peer.live = nullptr;
  items.link_lost(link);
  config.log("tunnel to " + region + ": down [" + word + "]: " + printable(to_line(why)));
  peer.down_told = true;
  config.on_down(region, to_line(why));
  peer.wake->cancel();
}

void PeerManager::Parts::said(const std::string& region, PeerLink& link, Bytes bytes) {
  const size_t size = bytes.size();
  if (peers.at(region).live.get() != &link) return link.message_done(size);
  pb::PeerMessage message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(size)))
    return link.cut(tunnel::Reason::kProtocol, "a message that does not decode");
  config.on_message(region, std::move(message), [weak = link.weak_from_this(), size] {
    if (const auto still = weak.lock()) still->message_done(size);
  });
}

Awaitable<void> PeerManager::Parts::recheck_always() {
  const auto self = shared_from_this();
  recheck_timer = std::make_unique<asio::steady_timer>(executor);
  while (!stopping) {
    recheck_timer->expires_after(kRecheckEvery);
    co_await recheck_timer->async_wait(as_value);
    for (const auto& weak : links) {
      if (const auto link = weak.lock()) link->recheck(*config.tls->trust());
    }
  }
}

// --- orders
// ------------------------------------------------------------------------------------------------------------

void PeerManager::drain() {
  parts_->stopping = true;
  boost::system::error_code ignored;
  parts_->acceptor.close(ignored);
  for (const auto& weak : parts_->links) {
    if (const auto link = weak.lock()) link->goodbye(tunnel::Reason::kShuttingDown, "");
  }
  for (auto& [region, peer] : parts_->peers) peer.wake->cancel();
  if (parts_->recheck_timer) parts_->recheck_timer->cancel();
}

void PeerManager::stop() {
  drain();
  for (const auto& weak : parts_->links) {
    if (const auto link = weak.lock()) link->cut(tunnel::Reason::kShuttingDown, "");
  }
}

void PeerManager::send_message(const std::string& region, const pb::PeerMessage& message) {
  const auto at = parts_->peers.find(region);
  if (at == parts_->peers.end() || !at->second.live) return;  // best effort: the outbox repeats it
  const std::string bytes = message.SerializeAsString();
  if (auto sent = at->second.live->send_message(as_bytes(bytes)); !sent)
    parts_->config.log("tunnel to " + region + ": message not sent: " + to_line(sent.error()));
}

void PeerManager::send_item(const std::string& region, const std::string& crossing, pb::Item item) {
  const auto at = parts_->peers.find(region);
  if (at == parts_->peers.end() || !at->second.live) return;  // asked for again when the peer is up
  parts_->items.send(at->second.live, region, crossing, std::move(item));
}

void PeerManager::drop_item(const std::string& crossing) {
  parts_->items.drop(crossing);
}

void PeerManager::use(std::shared_ptr<const TlsContext> tls) {
  parts_->config.tls = std::move(tls);
  for (const auto& weak : parts_->links) {
    if (const auto link = weak.lock()) link->recheck(*parts_->config.tls->trust());
  }
}

bool PeerManager::is_up(const std::string& region) const {
  const auto at = parts_->peers.find(region);
  return at != parts_->peers.end() && at->second.live != nullptr;
}

bool PeerManager::all_gone() const {
  return std::all_of(parts_->links.begin(), parts_->links.end(),
                     [](const auto& link) { return link.expired(); });
}

PeerManagerStats PeerManager::stats() const {
  PeerManagerStats stats = parts_->stats;
  for (const auto& weak : parts_->links) {
    const auto link = weak.lock();
    if (!link) continue;
    stats.bytes_in += link->session().stats().bytes_in;
    stats.bytes_out += link->session().stats().bytes_out;
  }
  stats.moving = parts_->items.active();
  return stats;
}

const PeerFaults& PeerManager::faults() const {
  return parts_->faults;
}

std::vector<PeerTunnel> PeerManager::tunnels() const {
  std::vector<PeerTunnel> all;
  for (const auto& [region, peer] : parts_->peers) {
    if (!peer.live) continue;
    const certs::PeerFacts& facts = peer.live->peer();
    all.push_back({region, facts.identity.name, peer.live->remote(), facts.not_after});
  }
  return all;
}

}  // namespace hetao::io
