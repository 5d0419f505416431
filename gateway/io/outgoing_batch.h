// Sends a batch: many small files of one crossing over one stream of the control link, a record of up to
// 1 MiB at a time. Files are read and packed on a worker. Internal to the item mover; io thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/io/blob_store.h"
#include "gateway/io/moving.h"
#include "gateway/io/sending_stream.h"
#include "gateway/io/workers.h"
#include "gateway/transfer/batch_sender.h"
#include "gateway/transfer/chunk.h"

namespace hetao::io {

class OutgoingBatch : public SendingStream,
                      public Outgoing,
                      public std::enable_shared_from_this<OutgoingBatch> {
 public:
  OutgoingBatch(const std::shared_ptr<PeerLink>& link, Workers& workers, const BlobStore& blobs,
                const asio::any_io_executor& executor, transfer::BatchSender sender)
      : SendingStream(link, executor), workers_(workers), blobs_(blobs), sender_(std::move(sender)) {}

  // Until the receiver has all of it, or something prevents it.
  Awaitable<BlobOutcome> run(RatePass rate);
  void cancel() override;
  void lanes_changed() override {}
  uint64_t bytes_sent() const override { return sender_.bytes_sent(); }

  void on_data(ByteView bytes) override;

 private:
  struct Made {
    Bytes record;
    std::string problem;
  };
  Awaitable<BlobOutcome> send_all(RatePass rate);
  std::optional<BlobOutcome> outcome();
  Awaitable<void> send_files(const transfer::SendFiles& work, RatePass& rate);
  Made make_record(const transfer::SendFiles& work, bool pack);

  Workers& workers_;
  const BlobStore& blobs_;
  transfer::BatchSender sender_;
  transfer::PackingChoice packing_;
  std::string problem_;  // with our files
};

}  // namespace hetao::io
