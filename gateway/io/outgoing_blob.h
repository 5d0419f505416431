// Sends one blob over a session: the offer on the control link, its chunks there or on the bulk lanes, which
// take the next chunk whenever they can. Internal to the item mover.
//
// An OutgoingBlob belongs to the io thread, an OutgoingLane to its lane's. What they share stands in an
// OutgoingShare, under its mutex.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "gateway/io/blob_store.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/moving.h"
#include "gateway/io/sending_stream.h"
#include "gateway/io/workers.h"
#include "gateway/transfer/chunk.h"
#include "gateway/transfer/sender.h"

namespace hetao::io {

// One blob being sent, for all its streams. Any thread.
class OutgoingShare {
 public:
  OutgoingShare(transfer::Blob blob, std::string crossing, uint64_t transfer, Descriptor file,
                std::string path, RatePass rate, bool may_pack);

  // The sender's state, by itself.
  template <class Use>
  auto with_sender(Use use) {
    const std::lock_guard lock(mutex_);
    return use(sender_);
  }
  std::optional<transfer::SendChunk> next_chunk();
  bool should_pack();
  void note_packing(size_t bytes, size_t packed_bytes, Duration spent);
  void note_sent(size_t wire_bytes, bool packed);
  // The file is damaged or gone: the transfer ends with this.
  void note_problem(std::string problem);
  std::string problem() const;
  void stop();
  bool stopped() const;
  uint64_t bytes_sent();

  // Reads if that needs no waiting for a disk.
  bool read_at_once(std::span<uint8_t> out, uint64_t offset) const;
  Result<void> read(std::span<uint8_t> out, uint64_t offset) const;
  RatePass& rate() { return rate_; }

 private:
  mutable std::mutex mutex_;
  transfer::BlobSender sender_;
  Descriptor file_;
  std::string path_;
  bool in_memory_ = false;
  bool may_pack_;  // both sides speak zstd
  transfer::PackingChoice packing_;
  std::chrono::steady_clock::time_point measured_from_;
  uint64_t measured_bytes_ = 0;
  size_t plain_chunks_ = 0;
  bool stopped_ = false;
  std::string problem_;
  RatePass rate_;
};

// A stream that chunks are written to.
class ChunkStream : public SendingStream {
 protected:
  ChunkStream(std::weak_ptr<PeerLink> link, Workers& workers, const asio::any_io_executor& executor)
      : SendingStream(std::move(link), executor), workers_(workers) {}
  Awaitable<bool> send_chunk(OutgoingShare& share, transfer::SendChunk chunk);

  Workers& workers_;

 private:
  Awaitable<bool> send_packed(OutgoingShare& share, transfer::SendChunk chunk);
  Awaitable<bool> send_plain(OutgoingShare& share, transfer::SendChunk chunk);
};

class OutgoingLane : public ChunkStream, public std::enable_shared_from_this<OutgoingLane> {
 public:
  OutgoingLane(const std::shared_ptr<PeerLink>& link, Workers& workers, std::shared_ptr<OutgoingShare> share,
               uint32_t lane)
      : ChunkStream(link, workers, link->executor()), share_(std::move(share)), lane_(lane) {}

  // On the lane's executor, until its stream is closed. False: it could not be opened.
  Awaitable<bool> run();
  void stop();  // on the lane's executor

  void on_data(ByteView bytes) override;  // receivers send nothing here

 private:
  std::shared_ptr<OutgoingShare> share_;
  uint32_t lane_;
};

class OutgoingBlob : public ChunkStream, public Outgoing, public std::enable_shared_from_this<OutgoingBlob> {
 public:
  OutgoingBlob(const std::shared_ptr<PeerLink>& link, Workers& workers, const BlobStore& blobs,
               asio::any_io_executor executor)
      : ChunkStream(link, workers, executor), blobs_(blobs), executor_(std::move(executor)) {}

  // Until the receiver has it, or something prevents it.
  Awaitable<BlobOutcome> run(std::string digest, std::string crossing, tunnel::Priority priority,
                             uint64_t transfer, RatePass rate);
  void cancel() override;
  void lanes_changed() override { wake(); }
  uint64_t bytes_sent() const override { return share_ ? share_->bytes_sent() : 0; }

  void on_data(ByteView bytes) override;

 private:
  Awaitable<BlobOutcome> send_all();
  std::optional<BlobOutcome> outcome();
  void start_lanes(PeerLink& link);
  void lane_over(const PeerLink* lane, bool opened);

  const BlobStore& blobs_;
  asio::any_io_executor executor_;
  std::shared_ptr<OutgoingShare> share_;
  bool uses_lanes_ = false;
  bool lanes_carried_ = false;  // since the word that all has gone
  uint32_t next_lane_ = 1;
  struct BusyLane {
    std::weak_ptr<PeerLink> link;
    std::weak_ptr<OutgoingLane> lane;
  };
  std::map<const PeerLink*, BusyLane> busy_lanes_;
  std::set<const PeerLink*> useless_lanes_;
};

}  // namespace hetao::io
