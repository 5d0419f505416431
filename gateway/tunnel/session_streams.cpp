// Data streams of a session: opening, writing under credit, giving credit back, ending.
#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/tunnel/session.h"
#include "gateway/tunnel/wire_text.h"
#include "proto/tunnel.pb.h"

namespace hetao::tunnel {

namespace {

constexpr size_t kOpenOverheadBytes = 64;  // what OPEN carries besides the header
constexpr StreamId kStreamIdMax = 0x7fffffff;

Rank rank_of(Priority priority) {
  return priority == Priority::kSmall ? Rank::kSmall : Rank::kBulk;
}

size_t turn_of(Priority priority) {
  return priority == Priority::kSmall ? 0 : 1;
}

}  // namespace

Result<StreamId> Session::open_stream(ByteView header, Priority priority) {
  const auto refuse = [&](ErrorCode code, const char* why, const char* hint) {
    return fail(code, "stream to " + config_.peer_region + "/" + config_.peer_gateway, why, hint);
  };
  if (state_ != State::kOpen)
    return refuse(ErrorCode::kUnreachable, "the tunnel is not open", "it can be tried again");
  if (header.size() + kOpenOverheadBytes > limits::kControlPayloadBytesMax)
    return refuse(ErrorCode::kUsage, "its header is too large", "");
  if (ours_open_ >= peer_.limits.streams_max)
    return refuse(ErrorCode::kFailed, "as many are open as the peer accepts", "wait until one has closed");
  if (next_stream_ > kStreamIdMax)
    return refuse(ErrorCode::kFailed, "the numbers are used up", "connect again");
  const StreamId id = next_stream_;
  next_stream_ += 2;
  Stream& stream = streams_[id];
  stream.send = SendCredit(peer_.limits.stream_window_bytes);
  stream.receive = ReceiveWindow(config_.hello.limits.stream_window_bytes);
  stream.priority = priority;
  stream.ours = true;
  ++ours_open_;
  ++stats_.streams_opened;
  pb::StreamOpen open;
  open.set_priority(priority == Priority::kSmall ? pb::STREAM_SMALL : pb::STREAM_BULK);
  open.set_header(std::string(as_text(header)));
  // Before everything of any stream: numbers have to arrive in order, whatever the priorities.
  writer_.add(Rank::kControl, FrameType::kOpen, 0, id, as_bytes(open.SerializeAsString()));
  return id;
}

// Small streams may use all of the session's credit; bulk leaves them an eighth, so that a slow disk behind
// bulk doesn't hold them up.
uint64_t Session::writable_now(const Stream& stream) const {
  uint64_t all = send_all_.available();
  if (stream.priority == Priority::kBulk) {
    const uint64_t kept = peer_.limits.session_window_bytes / 8;
    all = all > kept ? all - kept : 0;
  }
  if (writer_.queued(rank_of(stream.priority)) >= config_.data_queued_bytes) return 0;
  return std::min(stream.send.available(), all);
}

size_t Session::write_stream(StreamId id, ByteView bytes) {
  const auto it = streams_.find(id);
  if (it == streams_.end() || !it->second.can_write()) return 0;
  Stream& stream = it->second;
  const size_t offered = bytes.size();
  while (!bytes.empty()) {
    const size_t part =
        static_cast<size_t>(std::min<uint64_t>({bytes.size(), data_frame_bytes_, writable_now(stream)}));
    if (part == 0) break;
    writer_.add(rank_of(stream.priority), FrameType::kData, 0, id, bytes.first(part));
    stream.send.spend(part);
    send_all_.spend(part);
    bytes = bytes.subspan(part);
  }
  if (!bytes.empty()) want_turn(id, stream);
  return offered - bytes.size();
}

size_t Session::write_stream(StreamId id, FrameBuffer& buffer) {
  const auto it = streams_.find(id);
  if (it == streams_.end() || !it->second.can_write()) return 0;
  Stream& stream = it->second;
  const size_t bytes = buffer.payload().size();
  if (bytes == 0 || bytes > data_frame_bytes_ || bytes > writable_now(stream)) {
    const size_t taken = write_stream(id, buffer.payload());
    buffer.drop_front(taken);
    return taken;
  }
  writer_.add_buffer(rank_of(stream.priority), 0, id, std::move(buffer));
  stream.send.spend(bytes);
  send_all_.spend(bytes);
  return bytes;
}

FrameBuffer Session::take_buffer() {
  if (auto used = writer_.used_buffer(data_frame_bytes_)) return std::move(*used);
  return FrameBuffer(data_frame_bytes_);
}

void Session::end_stream(StreamId id) {
  const auto it = streams_.find(id);
  if (it == streams_.end() || it->second.local_ended || it->second.local_reset) return;
  it->second.local_ended = true;
  it->second.wait = Wait::kNo;
  writer_.add(rank_of(it->second.priority), FrameType::kData, kFlagEnd, id, {});
  note_last_frame(id, it->second);
  close_if_done(it);
}

void Session::reset_stream(StreamId id, Reason reason, std::string_view text) {
  const auto it = streams_.find(id);
  if (it == streams_.end() || it->second.local_reset) return;
  Stream& stream = it->second;
  // When both sides have said their last, the peer doesn't know the number any more: we only let go of what
  // came.
  if (!stream.is_done()) {
    pb::StreamReset out;
    out.set_reason(static_cast<uint32_t>(reason));
    out.set_text(text_to_wire(text));
    writer_.add(rank_of(stream.priority), FrameType::kReset, 0, id, as_bytes(out.SerializeAsString()));
    note_last_frame(id, stream);
  }
  stream.local_reset = true;
  stream.wait = Wait::kNo;
  const uint64_t left = stream.receive.outstanding();
  stream.receive.consume(left);
  give_back(left);
  close_if_done(it);
}

void Session::consume(StreamId id, size_t bytes) {
  const auto it = streams_.find(id);
  if (it == streams_.end() || it->second.local_reset) return;  // given back when it was reset
  Stream& stream = it->second;
  stream.receive.consume(bytes);
  if (!stream.remote_ended && !stream.remote_reset)
    if (const auto grant = stream.receive.grant()) write_credit(FrameType::kCredit, id, *grant);
  give_back(bytes);
  close_if_done(it);
}

void Session::give_back(uint64_t bytes) {
  receive_all_.consume(bytes);
  if (const auto grant = receive_all_.grant()) write_credit(FrameType::kCreditAll, kControlStream, *grant);
}

void Session::note_last_frame(StreamId id, Stream& stream) {
  stream.last_frame = writer_.added(rank_of(stream.priority));
  ending_[turn_of(stream.priority)].push_back(id);
}

// Streams whose last frame has gone to the wire meanwhile.
void Session::close_written() {
  for (const Priority priority : {Priority::kSmall, Priority::kBulk}) {
    auto& ending = ending_[turn_of(priority)];
    while (!ending.empty()) {
      const auto it = streams_.find(ending.front());
      if (it != streams_.end()) {
        if (writer_.begun(rank_of(priority)) < it->second.last_frame) break;
        close_if_done(it);
      }
      ending.pop_front();
    }
  }
}

// A stream counts until our last frame has gone: an OPEN overtakes what is queued, and the peer counts in the
// order in which frames arrive.
void Session::close_if_done(Streams::iterator it) {
  const Stream& stream = it->second;
  if (!stream.is_done() || stream.receive.outstanding() > 0) return;
  if (writer_.begun(rank_of(stream.priority)) < stream.last_frame) return;
  events_.push_back(StreamClosed{it->first});
  --(stream.ours ? ours_open_ : theirs_open_);
  streams_.erase(it);
  move_to_end();
}

void Session::want_turn(StreamId id, Stream& stream) {
  if (stream.wait == Wait::kTurn) return;
  if (stream.send.available() == 0) {
    stream.wait = Wait::kCredit;
    return;
  }
  stream.wait = Wait::kTurn;
  turns_[turn_of(stream.priority)].push_back(id);
}

void Session::wake_writers() {
  wake_writers_of(Priority::kSmall);
  wake_writers_of(Priority::kBulk);
}

// Each stream that waits is told in its turn, and no more of them than there is room for.
void Session::wake_writers_of(Priority priority) {
  auto& turns = turns_[turn_of(priority)];
  size_t taken = writer_.queued(rank_of(priority));
  while (!turns.empty() && taken < config_.data_queued_bytes) {
    const auto it = streams_.find(turns.front());
    if (it != streams_.end() && it->second.wait == Wait::kTurn) {
      Stream& stream = it->second;
      if (stream.send.available() == 0) {
        stream.wait = Wait::kCredit;
      } else if (writable_now(stream) == 0) {
        return;  // the session's credit is used up
      } else {
        stream.wait = Wait::kNo;
        events_.push_back(StreamWritable{it->first});
        taken += data_frame_bytes_;
      }
    }
    turns.pop_front();
  }
}

}  // namespace hetao::tunnel
