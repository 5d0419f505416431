// The two ends of one blob on its way over a link, with their disks. Internal to the item mover. Io thread
// only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/io/blob_store.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/peer_link.h"
#include "gateway/io/workers.h"
#include "gateway/transfer/receiver.h"
#include "gateway/transfer/sender.h"

namespace hetao::io {

// What became of a transfer.
struct BlobOutcome {
  bool ok = false;
  bool for_good = false;  // trying again can't help
  std::string why;
  std::string fault = {};  // "digest", "protocol": the peer's; empty: nobody's
};

// Sends one blob: reads chunks on worker threads, one ahead of the wire.
class OutgoingBlob : public StreamHandler, public std::enable_shared_from_this<OutgoingBlob> {
 public:
  OutgoingBlob(std::weak_ptr<PeerLink> link, Workers& workers, const BlobStore& blobs,
               asio::any_io_executor executor)
      : link_(std::move(link)), workers_(workers), blobs_(blobs), wake_(executor) {}

  // Until the receiver has it, or something prevents it.
  Awaitable<BlobOutcome> run(std::string digest, std::string crossing, tunnel::Priority priority);
  void cancel();

  void on_data(ByteView bytes) override;
  void on_end() override;
  void on_reset(tunnel::Reason reason, const std::string& text) override;
  void on_writable() override;
  void on_closed() override;

 private:
  struct Piece {
    Bytes record;  // header and payload
    std::string problem;
  };
  Awaitable<BlobOutcome> send_all(transfer::BlobSender& sender);
  Awaitable<bool> write(ByteView bytes);
  Awaitable<bool> send_chunk(const transfer::SendChunk& chunk);
  Awaitable<void> wait();
  Piece read_chunk(const transfer::SendChunk& chunk);
  void wake();

  std::weak_ptr<PeerLink> link_;
  Workers& workers_;
  const BlobStore& blobs_;
  asio::steady_timer wake_;
  tunnel::StreamId id_ = 0;
  Descriptor file_;
  std::string path_;
  transfer::ChunkPacker packer_;
  transfer::PackingChoice packing_;
  transfer::BlobSender* sender_ = nullptr;  // while it runs
  bool gone_ = false;                       // the stream is over, by whomever
  bool woken_ = false;
  BlobOutcome broken_;
};

// Receives one blob: checks and stores chunks on worker threads.
class IncomingBlob : public StreamHandler, public std::enable_shared_from_this<IncomingBlob> {
 public:
  using Done = std::function<void(const BlobOutcome&)>;

  IncomingBlob(std::weak_ptr<PeerLink> link, tunnel::StreamId id, Workers& workers, BlobStore& blobs,
               asio::any_io_executor executor, transfer::Offer offer, std::string partial_path, Done done);

  // The offer is granted: the transfer begins. Before that nothing is taken.
  void begin();
  void refuse(transfer::Refusal reason, std::string_view text, std::string fault = {});
  void cancel();  // and drops what arrived
  const transfer::Offer& offer() const { return offer_; }

  void on_data(ByteView bytes) override;
  void on_end() override;
  void on_reset(tunnel::Reason reason, const std::string& text) override;
  void on_writable() override;
  void on_closed() override;

 private:
  Awaitable<void> open_partial();
  Awaitable<void> check(transfer::CheckChunk chunk);
  Awaitable<void> store(transfer::StoreChunk chunk);
  Awaitable<void> adopt();
  Awaitable<void> keep_for_later();
  void spawn(Awaitable<void> work);
  void act();
  void on(transfer::ReserveSpace& action);
  void on(transfer::LeavesKnown& action);
  void on(transfer::SendAnswer& action);
  void on(transfer::CheckChunk& action);
  void on(transfer::StoreChunk& action);
  void on(transfer::StoreZeros& action);
  void on(transfer::GiveCredit& action);
  void on(transfer::Complete& action);
  void write_answers();
  void finish(BlobOutcome outcome);
  void fail_here(transfer::Refusal reason, const std::string& why);

  std::weak_ptr<PeerLink> link_;
  tunnel::StreamId id_;
  Workers& workers_;
  BlobStore& blobs_;
  asio::any_io_executor executor_;
  transfer::Offer offer_;
  std::string partial_path_;
  Done done_;
  std::optional<transfer::BlobReceiver> receiver_;
  std::shared_ptr<Descriptor> file_;
  Bytes answers_;
  Bytes early_;  // came before the offer was granted
  bool over_ = false;
  bool peer_ended_ = false;
};

}  // namespace hetao::io
