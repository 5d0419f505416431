// Moves the files of items between gateways: reads, packs and sends blobs that the other side waits for, and
// receives, checks and stores those that are expected here. transfer::BlobSender and BlobReceiver decide;
// disks and hashing work on other threads.
//
// Not a byte goes out before `settled` and `may_send` agree, and none is taken before `settled` and
// `expected` do: the permits are durable then. A transfer that breaks leaves what arrived (checked, with its
// list of chunks), and goes on from there. Io thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/io/blob_store.h"
#include "gateway/io/peer_link.h"
#include "gateway/io/rate_gate.h"
#include "gateway/io/workers.h"
#include "proto/state.pb.h"

namespace hetao::io {

class ItemMover {
 public:
  struct Config {
    std::function<Awaitable<void>()> settled;
    std::function<bool(std::string_view region, std::string_view crossing)> may_send;
    // The item that is expected on this crossing from this region; nothing: refuse.
    std::function<std::optional<pb::Item>(std::string_view region, std::string_view crossing)> expected;
    // The same without looking at it closely, and whether it crossed between this region and us before.
    std::function<bool(std::string_view region, std::string_view crossing)> is_expected;
    std::function<bool(std::string_view region, const pb::Item& item)> crossed_before;
    std::function<void(const std::string& crossing)> on_stored;
    std::function<void(const std::string& crossing, const std::string& why, bool for_good)> on_failed;
    std::function<void(const std::string&)> log;
    // How fast this crossing may go to this region; none: as fast as it can.
    std::function<RatePass(const std::string& region, const std::string& crossing)> rate = {};
  };
  // One blob on its way.
  struct Progress {
    std::string region;
    std::string crossing;
    bool sending = false;
    uint64_t bytes_done = 0;
    uint64_t bytes_total = 0;  // of the item that is sent, of the blob that is received
  };
  // A stream that was refused or cut through the peer's fault: "unexpected", "digest", "protocol".
  using OnFault = std::function<void(PeerLink& link, const std::string& region, const std::string& reason,
                                     const std::string& why)>;

  ItemMover(asio::any_io_executor executor, Workers& workers, BlobStore& blobs, Config config);
  ~ItemMover();
  void on_fault(OnFault told);

  // Sends over this link; what is under way on it already is left alone. A failure that a retry may cure is
  // reported after a pause.
  void send(const std::shared_ptr<PeerLink>& link, const std::string& region, const std::string& crossing,
            pb::Item item);
  // Stops sending or receiving it, and drops what arrived in part.
  void drop(const std::string& crossing);
  // The peer opened a stream; null: refuse it.
  std::shared_ptr<StreamHandler> accept(PeerLink& link, const std::string& region, tunnel::StreamId id,
                                        ByteView header);
  // The same on a bulk lane, for chunks of a blob that this region has offered. Any thread.
  std::shared_ptr<StreamHandler> accept_lane(PeerLink& lane, const std::string& region, tunnel::StreamId id,
                                             ByteView header);
  // Bulk lanes of this control link have come or gone.
  void lanes_changed(const PeerLink& link);
  // The link is gone: its transfers end, without a report.
  void link_lost(const PeerLink& link);

  size_t active() const;
  std::vector<Progress> progress() const;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace hetao::io
