// What a PeerManager is made of. Internal to it: peer_manager.cpp has the life of sessions, peer_connect.cpp
// how connections come to be.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gateway/io/peer_lanes.h"
#include "gateway/io/peer_link.h"
#include "gateway/io/peer_manager.h"

namespace hetao::io {

inline constexpr int64_t kBackoffFirstMillis = 250;
inline constexpr int64_t kBackoffMostMillis = 30'000;
inline constexpr Duration kHandshakePatience = Duration::seconds(limits::kTunnelHandshakeSecondsMax);

struct PeerManager::Parts : std::enable_shared_from_this<Parts> {
  Parts(asio::any_io_executor e, Workers& workers, BlobStore& blobs, Config c)
      : executor(std::move(e)),
        config(std::move(c)),
        acceptor(executor),
        items(executor, workers, blobs, config.items),
        offers_bbr(kernel_offers("bbr")),
        lane_threads(lane_thread_count()) {}
  static size_t lane_thread_count();

  struct Peer {
    PeerAddress address;
    std::shared_ptr<PeerLink> live;
    std::string dialled_by;  // whose dial the live link came from
    std::shared_ptr<tunnel::OddBudget> odd;
    std::unique_ptr<asio::steady_timer> wake;  // the dialler's
    std::map<uint32_t, std::shared_ptr<tunnel::OddBudget>>
        lane_odds;                     // a lane's own: it is on another thread
    std::set<uint32_t> lanes_running;  // that we dialled
    uint64_t dials_failed = 0;
    uint64_t bytes_in = 0;  // of connections that have ended
    uint64_t bytes_out = 0;
    uint64_t sampled_in = 0;  // of all, when the rates were last looked at
    uint64_t sampled_out = 0;
    uint64_t rate_in = 0;
    uint64_t rate_out = 0;
    int64_t backoff_millis = kBackoffFirstMillis;
    bool down_told = false;
  };

  Awaitable<void> dial_always(std::string region);
  Awaitable<Result<void>> dial(Peer& peer);
  Awaitable<void> accept_all();
  Awaitable<void> accept(tcp::socket socket, std::string address);
  Awaitable<void> recheck_always();
  Awaitable<void> sample_always();
  Awaitable<void> run_link(std::unique_ptr<TlsStream> stream, tunnel::Role role, Bytes early);
  tunnel::Config session_config(const certs::PeerFacts& facts, std::shared_ptr<tunnel::OddBudget> odd) const;
  // Bulk lanes.
  Awaitable<void> keep_lanes(std::string region, std::shared_ptr<PeerLink> control);
  void start_lane(const std::string& region, const std::shared_ptr<PeerLink>& control, uint32_t number);
  Awaitable<void> accept_lane(std::unique_ptr<TlsStream> stream, tunnel::HelloFacts hello, Bytes early);
  std::shared_ptr<tunnel::OddBudget> lane_odd(Peer& peer, uint32_t number) const;
  PeerLink::Owner lane_owner(const std::string& region, const std::shared_ptr<PeerLink>& control);
  void lane_opened(const std::shared_ptr<PeerLink>& control, const std::shared_ptr<PeerLink>& lane);
  void lane_ended(const std::string& region, const std::weak_ptr<PeerLink>& control, const PeerLink* lane,
                  const LinkCounters& counters);
  template <class Work>
  void post_to_links(Work work);
  std::pair<uint64_t, uint64_t> bytes_of(const Peer& peer) const;
  PeerLink::Owner owner_of(const std::string& region);
  void opened(const std::string& region, PeerLink& link);
  void ended(const std::string& region, PeerLink& link, const Error& why);
  void said(const std::string& region, PeerLink& link, Bytes bytes);
  void note(PeerFault fault);
  void refuse(PeerFault fault);
  void send_away(PeerLink& link, const std::string& why);
  Awaitable<void> cut_soon(std::weak_ptr<PeerLink> link, std::string why);
  void stream_fault(PeerLink& link, const std::string& region, const std::string& reason,
                    const std::string& why);
  bool has_key_of_another(const certs::PeerFacts& facts) const;
  bool newer_wins(const Peer& peer, const std::string& newer_dialled_by) const;

  asio::any_io_executor executor;
  Config config;
  tcp::acceptor acceptor;
  ItemMover items;
  std::map<std::string, Peer> peers;
  std::vector<std::weak_ptr<PeerLink>> links;  // control: all, also those not chosen
  std::vector<std::weak_ptr<PeerLink>> lanes;  // bulk: all
  std::map<std::string, size_t> strangers;     // connections that have not shown who they are, by address
  size_t strangers_total = 0;
  PeerManagerStats stats;
  PeerFaults faults;
  std::unique_ptr<asio::steady_timer> recheck_timer;
  std::unique_ptr<asio::steady_timer> sample_timer;
  bool offers_bbr;
  bool stopping = false;
  LaneThreads lane_threads;  // goes first
};

template <class Work>
void PeerManager::Parts::post_to_links(Work work) {
  for (const auto& weak : lanes) {
    if (const auto link = weak.lock()) link->post(work);
  }
}

}  // namespace hetao::io
