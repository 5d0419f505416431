#include "gateway/tunnel/messages.h"

#include "gateway/base/limits.h"

namespace hetao::tunnel {

using limits::kMessageOverheadBytes;

const char* MessageSender::push(ByteView message, WireWriter& writer) {
  if (message.size() > message_bytes_max_) return "the message is larger than the peer accepts";
  if (waiting_.empty() && credit_.available() >= message.size() + kMessageOverheadBytes) {
    write(message, writer);
    return nullptr;
  }
  if (waiting_bytes_ + message.size() + kMessageOverheadBytes > queued_bytes_max_)
    return "the peer does not take its messages, and as many wait as may";
  waiting_.emplace_back(message.begin(), message.end());
  waiting_bytes_ += message.size() + kMessageOverheadBytes;
  return nullptr;
}

uint64_t MessageSender::raise_to(uint64_t limit, WireWriter& writer) {
  const uint64_t raised = credit_.raise_to(limit);
  if (raised > 0) flush(writer);
  return raised;
}

void MessageSender::flush(WireWriter& writer) {
  while (!waiting_.empty() && credit_.available() >= waiting_.front().size() + kMessageOverheadBytes) {
    waiting_bytes_ -= waiting_.front().size() + kMessageOverheadBytes;
    write(waiting_.front(), writer);
    waiting_.pop_front();
  }
}

void MessageSender::write(ByteView message, WireWriter& writer) {
  credit_.spend(message.size() + kMessageOverheadBytes);
  do {
    const size_t part = std::min(message.size(), limits::kControlPayloadBytesMax);
    const bool last = part == message.size();
    writer.add(Rank::kControl, FrameType::kMessage, last ? kFlagEnd : uint8_t{0}, kControlStream,
               message.first(part));
    message = message.subspan(part);
  } while (!message.empty());
}

Faulty<std::optional<Bytes>> MessageReader::take(const FramePart& part) {
  if (!in_message_ && !window_.take(kMessageOverheadBytes))
    return fault(Reason::kCredit, "more control messages than were granted");
  if (!window_.take(part.payload.size()))
    return fault(Reason::kCredit, "more bytes of messages than were granted");
  if (partial_.size() + part.payload.size() > message_bytes_max_)
    return fault(Reason::kMessageTooLarge,
                 "a control message of more than " + std::to_string(message_bytes_max_) + " bytes");
  if (part.payload.empty() && !part.header.has_end())
    return fault(Reason::kProtocol, "an empty part of a message that goes on");
  in_message_ = !part.header.has_end();
  partial_.insert(partial_.end(), part.payload.begin(), part.payload.end());
  if (in_message_) return std::nullopt;
  return std::exchange(partial_, Bytes());
}

void MessageReader::done(size_t message_bytes) {
  window_.consume(message_bytes + kMessageOverheadBytes);
}

}  // namespace hetao::tunnel
