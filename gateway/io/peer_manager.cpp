#include "gateway/io/peer_manager.h"

#include <openssl/rand.h>

#include <algorithm>
#include <tuple>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/io/peer_manager_parts.h"
#include "gateway/tunnel/features.h"

namespace hetao::io {

namespace {

constexpr Duration kRaceWindow = Duration::seconds(10);
constexpr auto kRecheckEvery = std::chrono::seconds(limits::kPeerRecheckSeconds);
constexpr auto kLeavePatience = std::chrono::seconds(1);  // of a peer that lied
constexpr auto kSampleEvery = std::chrono::seconds(1);

std::string host_of(const std::string& remote) {
  return remote.substr(0, remote.rfind(':'));
}

}  // namespace

// --- what peers do wrong
// -----------------------------------------------------------------------------------------------------

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
  if (reason == "digest")
    send_away(link, "bytes that are not what was announced");
  else
    link.charge(tunnel::Odd::kRepeatedOffer);
}

void PeerManager::Parts::send_away(PeerLink& link, const std::string& why) {
  link.goodbye(tunnel::Reason::kDigest, why);
  asio::co_spawn(executor, cut_soon(link.weak_from_this(), why), asio::detached);
}

void PeerManager::accuse(const std::string& region, const std::string& fault, const std::string& why) {
  const auto at = parts_->peers.find(region);
  if (at == parts_->peers.end()) return;
  const auto live = at->second.live;
  parts_->config.log("tunnel to " + region + ": it lies [" + fault + "]: " + printable(why));
  parts_->note({region, fault, why, live ? live->remote() : ""});
  if (live) parts_->send_away(*live, "an item that is not what it says");
}

// The reset that names the transfer has to go out first; who does not leave then is cut.
Awaitable<void> PeerManager::Parts::cut_soon(std::weak_ptr<PeerLink> link, std::string why) {
  const auto self = shared_from_this();
  asio::steady_timer pause(executor, kLeavePatience);
  co_await pause.async_wait(as_value);
  if (const auto still = link.lock()) still->cut(tunnel::Reason::kDigest, why);
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

// NOLINTNEXTLINE(bugprone-exception-escape): a timer that can't be cancelled is the end of the process anyway
PeerManager::~PeerManager() {
  stop();
  parts_->lane_threads.stop();
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
  asio::co_spawn(parts_->executor, parts_->sample_always(), asio::detached);
  for (const auto& [region, peer] : parts_->peers) {
    if (peer.address.address.port != 0)
      asio::co_spawn(parts_->executor, parts_->dial_always(region), asio::detached);
  }
}

tunnel::Config PeerManager::Parts::session_config(const certs::PeerFacts& facts,
                                                  std::shared_ptr<tunnel::OddBudget> odd) const {
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
  made.odd = std::move(odd);
  made.hello.features = {tunnel::kFeatureBatches, tunnel::kFeatureZstd};
  if (offers_bbr) made.hello.features.emplace_back(tunnel::kFeatureBbr);
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
  // Lanes are told apart by their first frame; one that names no session of ours must never pass for a
  // session.
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
  peer.dials_failed = 0;
  peer.down_told = false;
  ++stats.sessions;
  config.log("tunnel to " + region + ": up, " + link.remote() + ", dialled by " + dialled_by);
  config.on_up(region);
  if (config.on_checkpoint) config.on_checkpoint(region, link.session().peer().checkpoint);
  if (link.role() == tunnel::Role::kDialer)
    asio::co_spawn(executor, keep_lanes(region, link.shared_from_this()), asio::detached);
}

void PeerManager::Parts::ended(const std::string& region, PeerLink& link, const Error& why) {
  const tunnel::Stats counted = link.session().stats();
  Peer& peer = peers.at(region);
  peer.bytes_in += counted.bytes_in;
  peer.bytes_out += counted.bytes_out;
  for (const auto& lane : link.lanes())
    lane->post([](PeerLink& l) { l.cut(tunnel::Reason::kConnectionLost, "its session is over"); });
  link.lanes().clear();
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
    post_to_links([trust = config.tls->trust()](PeerLink& lane) { lane.recheck(*trust); });
  }
}

std::pair<uint64_t, uint64_t> PeerManager::Parts::bytes_of(const Peer& peer) const {
  uint64_t in = peer.bytes_in;
  uint64_t out = peer.bytes_out;
  const auto add = [&](const PeerLink& link) {
    in += link.counters()->bytes_in;
    out += link.counters()->bytes_out;
  };
  if (peer.live) add(*peer.live);
  if (peer.live)
    std::for_each(peer.live->lanes().begin(), peer.live->lanes().end(), [&](auto& l) { add(*l); });
  return {in, out};
}

Awaitable<void> PeerManager::Parts::sample_always() {
  const auto self = shared_from_this();
  sample_timer = std::make_unique<asio::steady_timer>(executor);
  auto before = std::chrono::steady_clock::now();
  while (!stopping) {
    sample_timer->expires_after(kSampleEvery);
    co_await sample_timer->async_wait(as_value);
    const auto now = std::chrono::steady_clock::now();
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now - before).count();
    before = now;
    for (auto& [region, peer] : peers) {
      const auto [in, out] = bytes_of(peer);
      const auto rate = [micros](uint64_t newer, uint64_t older) {
        return newer <= older || micros <= 0 ? 0
                                             : (newer - older) * 1'000'000 / static_cast<uint64_t>(micros);
      };
      peer.rate_in = rate(in, peer.sampled_in);
      peer.rate_out = rate(out, peer.sampled_out);
      peer.sampled_in = in;
      peer.sampled_out = out;
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
  parts_->post_to_links([](PeerLink& lane) { lane.goodbye(tunnel::Reason::kShuttingDown, ""); });
  if (parts_->recheck_timer) parts_->recheck_timer->cancel();
  if (parts_->sample_timer) parts_->sample_timer->cancel();
}

void PeerManager::stop() {
  drain();
  for (const auto& weak : parts_->links) {
    if (const auto link = weak.lock()) link->cut(tunnel::Reason::kShuttingDown, "");
  }
  parts_->post_to_links([](PeerLink& lane) { lane.cut(tunnel::Reason::kShuttingDown, ""); });
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
  parts_->post_to_links([trust = parts_->config.tls->trust()](PeerLink& lane) { lane.recheck(*trust); });
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
  for (const auto& [region, peer] : parts_->peers) {
    const auto [in, out] = parts_->bytes_of(peer);
    stats.bytes_in += in;
    stats.bytes_out += out;
  }
  stats.moving = parts_->items.active();
  return stats;
}

std::vector<LinkStatus> PeerManager::links() const {
  std::vector<LinkStatus> all;
  for (const auto& [region, peer] : parts_->peers) {
    LinkStatus& one = all.emplace_back();
    one.region = region;
    std::tie(one.bytes_in, one.bytes_out) = parts_->bytes_of(peer);
    one.dials_failed = peer.dials_failed;
    for (const ItemMover::Progress& moving : parts_->items.progress()) {
      if (moving.region == region)
        one.transfers.push_back({moving.crossing, moving.sending, moving.bytes_done, moving.bytes_total});
    }
    if (!peer.live) continue;
    const PeerLink& link = *peer.live;
    one.up = true;
    one.remote = link.remote();
    one.dialled_by = peer.dialled_by;
    one.lanes = static_cast<uint32_t>(peer.live->lanes().size());
    const auto& first = peer.live->lanes().empty() ? peer.live : peer.live->lanes().front();
    one.congestion_control = first->congestion_control();
    if (const int64_t micros = link.counters()->round_trip_micros; micros >= 0)
      one.round_trip = Duration{micros};
    one.segments_again = link.counters()->segments_again;
    for (const auto& lane : peer.live->lanes()) one.segments_again += lane->counters()->segments_again;
    one.bytes_per_second_in = peer.rate_in;
    one.bytes_per_second_out = peer.rate_out;
    one.certificate_ends = link.peer().not_after;
    one.policy_digest = link.session().peer().policy_digest;
  }
  return all;
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
