// Keeps one live tunnel to each configured peer: dials those that have an address (back-off with jitter),
// accepts those that dial us, and proves both by certificate before a byte of theirs is read. Hands their
// messages up, ours down, and items to the ItemMover.
//
// When both sides dial at once, two sessions come up. Both sides keep the same one: a session that is older
// than ten seconds gives way to the newer (its peer would not dial if it still had it); else the one stays
// that the region with the smaller name has dialled. The other is cut as superseded. Peers are judged again
// every few seconds and at every reload: a revoked or expired one is cut.
//
// Beside that control link the dialler keeps bulk lanes, each a connection of its own on a lane thread; how
// many, and with which congestion control, follows from what the link shows. They live and die with the
// session. The manager itself belongs to the io thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/io/item_mover.h"
#include "gateway/io/link_status.h"
#include "gateway/io/peer_faults.h"
#include "gateway/io/shell_config.h"
#include "proto/peer.pb.h"

namespace hetao::io {

struct PeerManagerStats {
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t sessions = 0;  // that came up since the start
  size_t moving = 0;      // items and blobs
};

class PeerManager {
 public:
  struct Config {
    std::string region;
    std::string gateway;
    Endpoint listen;
    std::shared_ptr<const TlsContext> tls;
    std::vector<PeerAddress> peers;
    std::function<Instant()> clock;
    std::function<std::string()> policy_digest;
    std::function<std::string()> checkpoint;
    std::function<void(const std::string& region)> on_up;
    // With the newest checkpoint of its ledger, as its hello said it; after on_up.
    std::function<void(const std::string& region, const std::string& checkpoint)> on_checkpoint = nullptr;
    std::function<void(const std::string& region, const std::string& why)> on_down;
    // `done` gives the peer's credit back, once the message is dealt with.
    std::function<void(const std::string& region, pb::PeerMessage message, std::function<void()> done)>
        on_message;
    std::function<void(const std::string&)> log;
    // Worth an entry in the ledger; `unwritten` faults of the same kind came since the last one.
    std::function<void(const PeerFault&, uint64_t unwritten)> on_fault = nullptr;
    ItemMover::Config items;
    LinkTuning tuning;
  };

  PeerManager(boost::asio::any_io_executor executor, Workers& workers, BlobStore& blobs, Config config);
  ~PeerManager();

  Result<void> listen();
  uint16_t port() const;
  void start();
  // Says goodbye to all and dials no more; give it a moment before stop().
  void drain();
  void stop();

  void send_message(const std::string& region, const pb::PeerMessage& message);
  void send_item(const std::string& region, const std::string& crossing, pb::Item item);
  void drop_item(const std::string& crossing);
  // What it said can't be: it is told, cut, and written down.
  void accuse(const std::string& region, const std::string& fault, const std::string& why);
  // New connections use it; live peers are judged again by it at once.
  void use(std::shared_ptr<const TlsContext> tls);

  bool is_up(const std::string& region) const;
  bool all_gone() const;  // no connection is left
  PeerManagerStats stats() const;
  std::vector<LinkStatus> links() const;  // one for each peer
  const PeerFaults& faults() const;
  std::vector<PeerTunnel> tunnels() const;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace hetao::io
