// What an ItemMover is made of. Internal to it: item_sending.cpp has the way out, item_receiving.cpp the way
// in, item_mover.cpp what others see.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "gateway/io/arrivals.h"
#include "gateway/io/incoming_batch.h"
#include "gateway/io/incoming_blob.h"
#include "gateway/io/item_mover.h"
#include "gateway/io/outgoing_batch.h"
#include "gateway/io/outgoing_blob.h"
#include "gateway/io/small_blobs.h"

namespace hetao::io {

struct ItemFileFacts {
  std::string digest;
  uint64_t bytes = 0;
};
// Each content of an item once. A crossing without files still has to arrive: it is told by the empty blob.
std::vector<ItemFileFacts> files_of(const pb::Item& item);

struct ItemMover::Parts : std::enable_shared_from_this<Parts> {
  using File = ItemFileFacts;

  Parts(asio::any_io_executor e, Workers& w, BlobStore& b, Config c)
      : executor(std::move(e)), workers(w), blobs(b), arrivals(partial_folder(b)), config(std::move(c)) {}

  // --- the way out
  struct Sending {
    std::weak_ptr<PeerLink> link;
    std::string region;
    pb::Item item;
    std::set<std::shared_ptr<Outgoing>> moving;  // blobs and batches that are on their way
    bool large = false;                          // one of them takes the whole link
    uint64_t bytes_before = 0;                   // of what is done
    std::optional<BlobOutcome> failed;
    std::unique_ptr<asio::steady_timer> one_over;
    bool begun = false;
    bool cancelled = false;

    Awaitable<void> one_is_over();
    void cancel();
  };
  using SendingPtr = std::shared_ptr<Sending>;

  void begin_next();
  Awaitable<void> send(std::string crossing, SendingPtr job);
  Awaitable<BlobOutcome> send_files(std::string crossing, SendingPtr job);
  void begin_blob(const std::string& crossing, const SendingPtr& job, const File& file);
  void begin_batch(const std::string& crossing, const SendingPtr& job,
                   std::vector<transfer::BatchFile> files);
  void follow(const SendingPtr& job, const std::shared_ptr<Outgoing>& one, Awaitable<BlobOutcome> work);
  Awaitable<bool> permitted(std::string crossing, SendingPtr job);
  RatePass rate_of(const Sending& job, const std::string& crossing) const;
  Awaitable<BlobOutcome> send_blob(std::string crossing, SendingPtr job, std::shared_ptr<OutgoingBlob> blob,
                                   File file);
  Awaitable<BlobOutcome> send_batch(std::string crossing, SendingPtr job,
                                    std::shared_ptr<OutgoingBatch> batch);
  Awaitable<void> report_later(std::string crossing, std::string why);

  // --- the way in
  // What a crossing is to bring, as long as it is expected.
  struct Expecting {
    std::map<std::string, uint64_t, std::less<>> sizes;  // by digest
    std::set<std::string> missing;                       // not brought by this peer, as far as is known
    bool crossed_before = false;
  };
  struct Receiving {
    std::weak_ptr<PeerLink> link;
    std::string region;
    std::string crossing;
    std::shared_ptr<Incoming> moving;
    std::shared_ptr<IncomingBlob> blob;  // the same, if it is one
  };

  std::shared_ptr<StreamHandler> accept_blob(PeerLink& link, const std::string& region, tunnel::StreamId id,
                                             transfer::Offer offer);
  std::shared_ptr<StreamHandler> accept_batch(PeerLink& link, const std::string& region, tunnel::StreamId id,
                                              transfer::BatchOffer offer);
  Expecting* expecting_of(const std::string& region, const std::string& crossing);
  Awaitable<void> grant(std::string region, std::shared_ptr<IncomingBlob> blob);
  Awaitable<void> grant_batch(std::string region, std::string crossing, std::shared_ptr<IncomingBatch> batch);
  Awaitable<void> take_path(std::shared_ptr<IncomingBlob> blob);
  void received(uint64_t number, const BlobOutcome& outcome);
  bool is_complete(const Expecting& item) const;

  asio::any_io_executor executor;
  Workers& workers;
  BlobStore& blobs;
  Arrivals arrivals;
  Config config;
  OnFault tell_fault;
  std::map<std::string, SendingPtr> sending;  // by crossing
  std::deque<std::string> waiting;            // crossings
  size_t begun = 0;
  size_t streams_under_way = 0;
  std::map<uint64_t, Receiving> receiving;
  std::map<std::pair<std::string, std::string>, Expecting> expecting;  // by region and crossing
  std::set<std::string> partial_paths;                                 // in use
  uint64_t next_number = 1;
  uint64_t next_transfer = 1;

  // Whom a lane's stream belongs to; lanes ask from their own threads.
  static std::string lane_key(const std::string& region, const transfer::Offer& offer) {
    return region + " " + std::to_string(offer.transfer) + " " + offer.digest.hex() + " " + offer.crossing;
  }
  std::mutex lanes_mutex;
  std::map<std::string, std::weak_ptr<IncomingBlob>> by_lane_key;
};

}  // namespace hetao::io
