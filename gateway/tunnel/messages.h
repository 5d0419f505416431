// The control stream's two ends: messages cut into MESSAGE frames within the peer's window, and put together
// again. Promises: strict order; at most `queued_bytes_max` wait for credit; a message is never kept beyond
// the stated size. Source: proto/TUNNEL.md. Not thread-safe: one owner.
#pragma once

#include <deque>
#include <optional>

#include "gateway/tunnel/credit.h"
#include "gateway/tunnel/wire_writer.h"

namespace hetao::tunnel {

class MessageSender {
 public:
  MessageSender(uint64_t window_bytes, uint32_t message_bytes_max, size_t queued_bytes_max)
      : credit_(window_bytes), message_bytes_max_(message_bytes_max), queued_bytes_max_(queued_bytes_max) {}

  // Null, or why the message is not taken.
  const char* push(ByteView message, WireWriter& writer);
  // False: a grant that says nothing new.
  uint64_t raise_to(uint64_t limit, WireWriter& writer);
  size_t waiting_bytes() const { return waiting_bytes_; }
  bool empty() const { return waiting_.empty(); }

 private:
  void flush(WireWriter& writer);
  void write(ByteView message, WireWriter& writer);

  SendCredit credit_;
  uint32_t message_bytes_max_;
  size_t queued_bytes_max_;
  std::deque<Bytes> waiting_;  // for credit
  size_t waiting_bytes_ = 0;
};

class MessageReader {
 public:
  MessageReader(uint64_t window_bytes, uint32_t message_bytes_max)
      : window_(window_bytes), message_bytes_max_(message_bytes_max) {}

  // A whole message when this part completes one.
  Faulty<std::optional<Bytes>> take(const FramePart& part);
  // The owner has dealt with a message of this size.
  void done(size_t message_bytes);
  std::optional<uint64_t> grant() { return window_.grant(); }

 private:
  ReceiveWindow window_;
  uint32_t message_bytes_max_;
  Bytes partial_;
  bool in_message_ = false;
};

}  // namespace hetao::tunnel
