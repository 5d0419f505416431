// Receives one blob: chunks come on the control link or on bulk lanes, are hashed two at a time and written
// on worker threads, and the file becomes the blob when all are there. Internal to the item mover.
//
// begin(), refuse(), cancel() and the handler of lane 0 belong to the io thread; lanes call from their own
// threads, workers from theirs. The receiver's state stands under one mutex; nobody is called with it held.
//
// What is stored is remembered on disk every few seconds and when the transfer breaks: a crash or a cut costs
// the chunks of these seconds.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gateway/io/blob_outcome.h"
#include "gateway/io/blob_store.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/moving.h"
#include "gateway/io/peer_link.h"
#include "gateway/io/workers.h"
#include "gateway/transfer/receiver.h"

namespace hetao::io {

class IncomingBlob : public StreamHandler,
                     public Incoming,
                     public std::enable_shared_from_this<IncomingBlob> {
 public:
  using Done = std::function<void(const BlobOutcome&)>;

  IncomingBlob(const std::shared_ptr<PeerLink>& link, tunnel::StreamId id, Workers& workers, BlobStore& blobs,
               asio::any_io_executor executor, transfer::Offer offer, std::string partial_path, Done done);

  // The offer is granted: the transfer begins. Before that nothing is taken. A blob that is here is not sent
  // again to a peer that had it from us or gave it to us (`peer_had_it`); another one first has to send some
  // chunks of our choice, so that knowing a digest is not enough to be believed to have the blob.
  void begin(bool peer_had_it);
  void refuse(transfer::Refusal reason, std::string_view text, std::string fault = {});
  void cancel() override;
  bool is_over() const { return over_; }
  const transfer::Offer& offer() const { return offer_; }
  const std::string& partial_path() const { return partial_path_; }
  void use_path(std::string path) { partial_path_ = std::move(path); }  // before begin()
  uint64_t bytes_stored() const override { return bytes_stored_; }
  uint64_t bytes_total() const override { return offer_.size; }

  void on_data(ByteView bytes) override;
  void on_end() override;
  void on_reset(tunnel::Reason reason, const std::string& text) override;
  void on_writable() override;
  void on_closed() override;

  // On the lane's thread. Null: it doesn't fit.
  std::shared_ptr<StreamHandler> add_lane(const std::shared_ptr<PeerLink>& lane, tunnel::StreamId id,
                                          const transfer::Offer& offer);

 private:
  class Lane;
  struct LaneSide {
    std::weak_ptr<PeerLink> link;
    tunnel::StreamId id = 0;
    size_t held = 0;  // bytes whose credit was not given back
    bool ended = false;
  };
  void lane_data(uint32_t lane, ByteView bytes);
  void lane_ended(uint32_t lane);
  void lane_lost(uint32_t lane);
  void give_credit(uint32_t lane, size_t bytes);
  void end_lane_if_done(LaneSide& side);

  Awaitable<void> open_partial();
  Awaitable<void> keep_for_later(BlobOutcome outcome);
  void work_on_chunks();
  std::vector<transfer::CheckChunk> next_checks();
  void store(std::vector<transfer::StoreChunk> chunks);
  void save_progress_now_and_then();
  void adopt();
  void complete();
  void spawn(Awaitable<void> work);
  void act();  // the mutex is held
  void on(transfer::ReserveSpace& action);
  void on(transfer::LeavesKnown& action);
  void on(transfer::SendAnswer& action);
  void on(transfer::CheckChunk& action);
  void on(transfer::StoreChunk& action);
  void on(transfer::StoreZeros& action);
  void on(transfer::GiveCredit& action);
  void on(transfer::Complete& action);
  void to_io_thread(std::function<void(IncomingBlob&)> work);
  void broke(const transfer::Failure& failure);
  void write_answers();
  void finish(BlobOutcome outcome);
  void fail_here(transfer::Refusal reason, const std::string& why);

  std::weak_ptr<PeerLink> link_;
  tunnel::StreamId id_;
  Workers& workers_;
  BlobStore& blobs_;
  asio::any_io_executor executor_;
  transfer::Offer offer_;
  bool takes_packed_;  // both sides speak zstd
  std::string partial_path_;
  Done done_;
  std::shared_ptr<Descriptor> file_;
  Bytes answers_;
  Bytes early_;  // came before the offer was granted
  std::atomic<bool> over_ = false;
  std::atomic<uint64_t> bytes_stored_ = 0;

  std::mutex mutex_;  // of what follows
  std::optional<transfer::BlobReceiver> receiver_;
  std::map<uint32_t, LaneSide> lanes_;
  std::deque<transfer::CheckChunk> checks_;
  std::vector<transfer::StoreChunk> stores_;
  size_t hashing_ = 0;   // workers that are at it
  bool failed_ = false;  // told the io thread
  bool saving_ = false;
  bool is_here_ = false;  // the peer only has to show that it has it too
  std::chrono::steady_clock::time_point saved_;
  std::optional<ReservedRoom> room_;
};

}  // namespace hetao::io
