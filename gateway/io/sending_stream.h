// One data stream that we write: bytes go in as credit and the link's queue allow, within the rate. Base of
// all that sends. Belongs to the thread of its link.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/io/blob_outcome.h"
#include "gateway/io/peer_link.h"
#include "gateway/io/rate_gate.h"

namespace hetao::io {

class SendingStream : public StreamHandler {
 public:
  void on_reset(tunnel::Reason reason, const std::string& text) override;
  void on_writable() override { wake(); }
  void on_end() override { wake(); }
  void on_closed() override;

 protected:
  SendingStream(std::weak_ptr<PeerLink> link, const asio::any_io_executor& executor)
      : link_(std::move(link)), wake_(executor) {}

  // False: the stream is over.
  Awaitable<bool> write(ByteView bytes);
  Awaitable<bool> write(tunnel::FrameBuffer buffer);
  // Until so many bytes may go, or `stopped`.
  Awaitable<void> pass_rate(RatePass& rate, size_t bytes, std::function<bool()> stopped);
  Awaitable<void> wait();
  void wake();

  std::weak_ptr<PeerLink> link_;
  asio::steady_timer wake_;
  tunnel::StreamId id_ = 0;
  bool gone_ = false;  // the stream is over, by whomever
  BlobOutcome broken_;

 private:
  bool woken_ = false;
};

}  // namespace hetao::io
