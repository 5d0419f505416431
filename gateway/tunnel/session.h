// One connection (lane) between two gateways, as a pure state machine: bytes in, bytes out, time as a
// parameter. Owns the first exchange, the control stream, data streams with credit and priorities,
// keep-alive, limits, and an orderly end.
//
// Use: give received bytes to receive, then take every event with poll_event; write what output shows, tell
// consumed; call on_time at next_deadline. Whatever ends a session is stated: in the Error, in end_reason,
// and in a GOODBYE that output still holds. Memory is bounded by the configuration: data is never buffered on
// its way in. Source: proto/TUNNEL.md. Not thread-safe: one owner.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "gateway/base/result.h"
#include "gateway/tunnel/event.h"
#include "gateway/tunnel/hello.h"
#include "gateway/tunnel/messages.h"
#include "gateway/tunnel/odd_budget.h"
#include "gateway/tunnel/wire_writer.h"

namespace hetao::tunnel {

struct Timeouts {
  Duration hello = Duration::seconds(limits::kHelloSecondsMax);
  Duration frame = Duration::seconds(limits::kFrameSecondsMax);
  Duration ping = Duration::seconds(limits::kPingSeconds);
  Duration silence = Duration::seconds(limits::kSilenceSecondsMax);
  Duration pong = Duration::seconds(limits::kPongSecondsMax);
  Duration write_stall = Duration::seconds(limits::kWriteStallSecondsMax);
  Duration goodbye = Duration::seconds(limits::kGoodbyeSecondsMax);
};

struct Config {
  HelloFacts hello;         // what we say of ourselves, with the limits that we keep the peer to
  std::string peer_region;  // whom the certificate names; the hello has to say the same
  std::string peer_gateway;
  Timeouts timeouts;
  size_t data_frame_bytes = limits::kDataFrameBytesDefault;
  size_t data_queued_bytes = limits::kDataQueuedBytesDefault;  // a priority
  size_t messages_queued_bytes = limits::kControlWindowBytes;  // waiting for the peer's credit
  std::shared_ptr<OddBudget> odd;  // of the peer, shared by its lanes; made when there is none
};

struct Agreed {
  uint32_t version = 0;
  std::vector<std::string> features;
  Digest session;  // of a control lane: the name that its bulk lanes give; of a bulk lane: the one it gave
};

struct Stats {
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t frames_in = 0;
  uint64_t messages_in = 0;
  uint64_t messages_out = 0;
  uint64_t streams_opened = 0;
  uint64_t streams_accepted = 0;
  uint32_t streams_open = 0;
  std::optional<Duration> round_trip;  // smoothed
};

class Session {
 public:
  enum class State : uint8_t {
    kHello,  // the first exchange is not complete
    kOpen,
    kLeaving,   // one side said goodbye: what is open may finish
    kFinished,  // orderly end: close the connection
    kBroken,    // ended with a reason: write out the rest, close the connection
  };

  Session(Config config, Role role, Instant now);

  // Bytes from the peer. All events of the call before have to be taken. After an error no more is received.
  Result<void> receive(ByteView bytes, Instant now);
  std::optional<Event> poll_event();

  // Control messages. An error means the message was not taken; the session itself goes on.
  Result<void> send_message(ByteView message);
  void message_done(size_t message_bytes);

  // Data streams. Writes take what credit and the queue allow and say how much; when that is less than was
  // offered, a StreamWritable follows.
  Result<StreamId> open_stream(ByteView header, Priority priority);
  size_t write_stream(StreamId id, ByteView bytes);
  size_t write_stream(StreamId id, FrameBuffer& buffer);  // without a copy when all of it is taken
  FrameBuffer take_buffer();                              // of data_frame_bytes(), to be filled for it
  size_t data_frame_bytes() const { return data_frame_bytes_; }
  void end_stream(StreamId id);  // nothing more from our side
  // Stops both directions. Also the answer to StreamReset. Unknown numbers are ignored: the stream may just
  // have closed.
  void reset_stream(StreamId id, Reason reason, std::string_view text);
  void consume(StreamId id, size_t bytes);  // gives credit back
  bool has_stream(StreamId id) const { return streams_.contains(id); }

  // Bytes for the peer: at most about `bytes_max`, in whole frames. Views hold until the next call that is
  // not const.
  std::span<const ByteView> output(size_t bytes_max = size_t{512} << 10U) { return writer_.plan(bytes_max); }
  void consumed(size_t bytes, Instant now);
  bool has_output() const { return writer_.queued() > 0; }

  std::optional<Instant> next_deadline() const;
  Result<void> on_time(Instant now);

  // Orderly end: no new streams on either side, open ones may finish.
  void goodbye(Reason reason, std::string_view text, Instant now);
  // The end at once, stated to the peer: kBroken.
  void cut(Reason reason, std::string_view text);
  // Odd behaviour that the rooms above saw.
  Result<void> charge(Odd what, Instant now);
  // The connection is gone. An error when that came before the orderly end; every open stream gets its
  // StreamReset.
  Result<void> transport_closed();

  State state() const { return state_; }
  Role role() const { return role_; }
  const HelloFacts& ours() const { return config_.hello; }
  const HelloFacts& peer() const;  // after HelloDone
  const Agreed& agreed() const;    // after HelloDone
  Stats stats() const;
  // Why a broken session ended, or why one of the sides said goodbye.
  const std::optional<Fault>& end_reason() const { return end_reason_; }

 private:
  enum class Wait : uint8_t { kNo, kTurn, kCredit };
  struct Stream {
    SendCredit send;
    ReceiveWindow receive;
    Priority priority = Priority::kBulk;
    Wait wait = Wait::kNo;
    bool local_ended = false;
    bool local_reset = false;
    bool remote_ended = false;
    bool remote_reset = false;
    bool ours = false;
    uint64_t last_frame = 0;  // of ours, counted within its rank
    bool is_done() const { return (local_ended || local_reset) && (remote_ended || remote_reset); }
    bool can_write() const { return !local_ended && !local_reset && !remote_reset; }
  };
  using Streams = std::map<StreamId, Stream>;

  // session_frames.cpp: what a frame does
  Faulty<void> take_part(const FramePart& part);
  Faulty<void> on_hello(const FramePart& part);
  Faulty<void> on_ready(const FramePart& part);
  Faulty<void> on_message(const FramePart& part);
  Faulty<void> on_open(const FramePart& part);
  Faulty<void> on_data(const FramePart& part);
  Faulty<void> on_data_begin(const FramePart& part, Stream& stream);
  Faulty<void> on_reset(const FramePart& part);
  Faulty<void> on_credit(const FramePart& part);
  Faulty<void> on_credit_all(const FramePart& part);
  Faulty<void> on_ping(const FramePart& part);
  Faulty<void> on_pong(const FramePart& part);
  Faulty<void> on_goodbye(const FramePart& part);
  Faulty<void> spend_odd(Odd what);
  Faulty<void> judge_credit(uint64_t raised, uint64_t window);
  bool is_known_closed(StreamId id) const;

  // session_streams.cpp
  uint64_t writable_now(const Stream& stream) const;
  void want_turn(StreamId id, Stream& stream);
  void wake_writers();
  void wake_writers_of(Priority priority);
  void give_back(uint64_t bytes);
  void close_if_done(Streams::iterator it);
  void note_last_frame(StreamId id, Stream& stream);
  void close_written();

  // session.cpp
  void write_credit(FrameType type, StreamId id, uint64_t limit);
  void write_goodbye(Reason reason, std::string_view text, bool at_once);
  void move_to_end();
  Result<void> break_off(Fault why);
  void end_by_peer(const Fault& why);
  void lose_streams(const Fault& why);
  Error to_error(const Fault& why) const;
  void note_time(Instant now) { now_ = std::max(now_, now); }
  std::optional<Instant> frame_deadline() const;
  Faulty<void> check_deadlines();

  Config config_;
  Role role_;
  State state_ = State::kHello;
  Instant now_;

  Bytes our_hello_;
  HelloFacts peer_;
  Agreed agreed_;
  Digest transcript_;
  uint32_t agreed_version_ = 0;
  bool hello_seen_ = false;
  size_t data_frame_bytes_ = 0;

  FrameReader reader_;
  WireWriter writer_;
  std::deque<Event> events_;
  size_t views_held_ = 0;  // StreamData events not taken yet
  uint64_t frames_done_ = 0;
  std::optional<MessageSender> message_sender_;
  MessageReader message_reader_;

  Streams streams_;
  StreamId next_stream_;
  StreamId last_peer_stream_ = 0;
  uint32_t ours_open_ = 0;
  uint32_t theirs_open_ = 0;
  SendCredit send_all_;
  ReceiveWindow receive_all_;
  std::deque<StreamId> turns_[2];   // streams that wait to write, by priority
  std::deque<StreamId> ending_[2];  // streams whose last frame is queued, by priority

  Instant started_;
  Instant heard_;                         // last byte from the peer
  std::optional<Instant> frame_begun_;    // of a frame that is not complete
  std::optional<Instant> stalled_since_;  // output waits and nothing was taken
  std::optional<Instant> pinged_;         // a ping without its answer
  Instant next_ping_;
  uint64_t ping_number_ = 0;
  bool goodbye_sent_ = false;
  bool goodbye_received_ = false;
  Instant goodbye_deadline_;
  std::optional<Fault> end_reason_;
  Stats stats_;
};

}  // namespace hetao::tunnel
