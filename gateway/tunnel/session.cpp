// Life of a session: start, time, end. Frames are in session_frames.cpp, streams in session_streams.cpp.
#include "gateway/tunnel/session.h"

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/tunnel/wire_text.h"
#include "proto/tunnel.pb.h"

namespace hetao::tunnel {

namespace {

bool is_over(Session::State state) {
  return state == Session::State::kFinished || state == Session::State::kBroken;
}

}  // namespace

Session::Session(Config config, Role role, Instant now)
    : config_(std::move(config)),
      role_(role),
      now_(now),
      data_frame_bytes_(config_.data_frame_bytes),
      reader_(config_.hello.limits.frame_bytes_max),
      message_reader_(config_.hello.limits.control_window_bytes, config_.hello.limits.message_bytes_max),
      next_stream_(role == Role::kDialer ? 1 : 2),
      receive_all_(config_.hello.limits.session_window_bytes),
      started_(now),
      heard_(now),
      next_ping_(now + config_.timeouts.ping),
      goodbye_deadline_(now) {
  HETAO_CHECK(check_hello(config_.hello).has_value());
  HETAO_CHECK(!config_.peer_region.empty() && !config_.peer_gateway.empty());
  HETAO_CHECK(config_.data_frame_bytes > 0 && config_.data_queued_bytes > 0);
  if (!config_.odd) config_.odd = std::make_shared<OddBudget>(now);
  if (role_ == Role::kDialer) {
    our_hello_ = encode_hello(config_.hello);
    writer_.add(Rank::kControl, FrameType::kHello, 0, kControlStream, our_hello_);
  }
}

Error Session::to_error(const Fault& why) const {
  ErrorCode code = ErrorCode::kFailed;
  if (why.reason == Reason::kConnectionLost || why.reason == Reason::kTimeout) code = ErrorCode::kUnreachable;
  if (why.reason == Reason::kIdentity || why.reason == Reason::kRevoked) code = ErrorCode::kNotAllowed;
  if (why.reason == Reason::kDigest || why.reason == Reason::kReplay) code = ErrorCode::kVerification;
  return {code,
          "tunnel to " + config_.peer_region + "/" + config_.peer_gateway,
          why.text + " [" + to_word(why.reason) + "]",
          {}};
}

Result<void> Session::receive(ByteView bytes, Instant now) {
  HETAO_CHECK(views_held_ == 0);
  if (is_over(state_))
    return fail(to_error(end_reason_.value_or(Fault{Reason::kDone, "the session is over"})));
  note_time(now);
  if (!bytes.empty()) heard_ = now_;
  stats_.bytes_in += bytes.size();
  const uint64_t frames_before = frames_done_;
  while (state_ != State::kFinished) {  // what comes after the end is nobody's
    const auto part = reader_.next(bytes);
    if (!part) return break_off(part.error());
    if (!part->has_value()) break;
    if ((*part)->first) ++stats_.frames_in;
    if ((*part)->last) ++frames_done_;
    if (auto ok = take_part(**part); !ok) return break_off(ok.error());
    if (state_ == State::kBroken) return fail(to_error(*end_reason_));
  }
  if (!reader_.in_frame())
    frame_begun_.reset();
  else if (!frame_begun_ || frames_done_ != frames_before)
    frame_begun_ = now_;
  move_to_end();
  return {};
}

std::optional<Event> Session::poll_event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  if (std::holds_alternative<StreamData>(event)) --views_held_;
  return event;
}

Result<void> Session::send_message(ByteView message) {
  const auto refuse = [&](const char* why) {
    return fail(ErrorCode::kUnreachable, "message to " + config_.peer_region + "/" + config_.peer_gateway,
                why, "it can be sent again later");
  };
  if (state_ != State::kOpen) return refuse("the tunnel is not open");
  if (const char* why = message_sender_->push(message, writer_)) return refuse(why);
  ++stats_.messages_out;
  return {};
}

void Session::message_done(size_t message_bytes) {
  message_reader_.done(message_bytes);
  const auto grant = message_reader_.grant();
  if (grant && !is_over(state_)) write_credit(FrameType::kCredit, kControlStream, *grant);
}

void Session::write_credit(FrameType type, StreamId id, uint64_t limit) {
  Bytes payload;
  put_u64(payload, limit);
  writer_.add(Rank::kControl, type, 0, id, payload);
}

void Session::consumed(size_t bytes, Instant now) {
  note_time(now);
  if (bytes == 0) return;
  writer_.consumed(bytes);
  stats_.bytes_out += bytes;
  stalled_since_.reset();
  if (has_output()) stalled_since_ = now_;
  if (is_over(state_)) return;
  close_written();
  wake_writers();
  move_to_end();
}

std::optional<Instant> Session::frame_deadline() const {
  if (!frame_begun_) return std::nullopt;
  const auto earned =
      static_cast<int64_t>(reader_.frame_bytes()) * 1'000'000 / limits::kFrameBytesPerSecondMin;
  const Duration pace{limits::kFrameGraceSeconds * 1'000'000 + earned};
  return *frame_begun_ + std::min(config_.timeouts.frame, pace);
}

std::optional<Instant> Session::next_deadline() const {
  if (is_over(state_)) return std::nullopt;
  Instant next = heard_ + config_.timeouts.silence;
  if (state_ == State::kHello)
    next = std::min(next, started_ + config_.timeouts.hello);
  else
    next = std::min(next, next_ping_);
  if (const auto frame = frame_deadline()) next = std::min(next, *frame);
  if (pinged_) next = std::min(next, *pinged_ + config_.timeouts.pong);
  if (has_output()) next = std::min(next, stalled_since_.value_or(now_) + config_.timeouts.write_stall);
  if (state_ == State::kLeaving) next = std::min(next, goodbye_deadline_);
  return next;
}

Faulty<void> Session::check_deadlines() {
  const auto late = [](const char* why) { return fault(Reason::kTimeout, why); };
  if (state_ == State::kHello && now_ >= started_ + config_.timeouts.hello) return late("no hello in time");
  if (now_ >= heard_ + config_.timeouts.silence) return late("not a byte for too long");
  if (const auto frame = frame_deadline(); frame && now_ >= *frame) return late("a frame comes too slowly");
  if (pinged_ && now_ >= *pinged_ + config_.timeouts.pong) return late("no answer to a ping");
  if (stalled_since_ && now_ >= *stalled_since_ + config_.timeouts.write_stall)
    return late("the peer reads nothing");
  if (state_ == State::kLeaving && now_ >= goodbye_deadline_)
    return late("not done in time after the goodbye");
  return {};
}

Result<void> Session::on_time(Instant now) {
  if (is_over(state_)) return {};
  note_time(now);
  if (auto ok = check_deadlines(); !ok) return break_off(ok.error());
  if (state_ != State::kHello && now_ >= next_ping_) {
    if (!pinged_) {
      Bytes payload;
      put_u64(payload, ++ping_number_);
      writer_.add(Rank::kControl, FrameType::kPing, 0, kControlStream, payload);
      pinged_ = now_;
    }
    next_ping_ = now_ + config_.timeouts.ping;
  }
  if (has_output() && !stalled_since_) stalled_since_ = now_;
  return {};
}

void Session::write_goodbye(Reason reason, std::string_view text, bool at_once) {
  pb::Goodbye out;
  out.set_reason(static_cast<uint32_t>(reason));
  out.set_text(text_to_wire(text));
  out.set_last_stream(last_peer_stream_);
  writer_.add(Rank::kControl, FrameType::kGoodbye, at_once ? kFlagEnd : uint8_t{0}, kControlStream,
              as_bytes(out.SerializeAsString()));
  goodbye_sent_ = true;
}

void Session::goodbye(Reason reason, std::string_view text, Instant now) {
  note_time(now);
  if (is_over(state_) || goodbye_sent_) return;
  if (state_ == State::kHello) return cut(reason, text);
  if (!end_reason_) end_reason_ = Fault{reason, std::string(text)};
  if (state_ == State::kOpen) goodbye_deadline_ = now_ + config_.timeouts.goodbye;
  state_ = State::kLeaving;
  write_goodbye(reason, text, false);
}

void Session::move_to_end() {
  if (state_ != State::kLeaving || !goodbye_received_ || !goodbye_sent_) return;
  if (!streams_.empty() || has_output() || !message_sender_->empty()) return;
  state_ = State::kFinished;
}

Result<void> Session::break_off(Fault why) {
  HETAO_CHECK(!is_over(state_));
  const bool tell = why.reason != Reason::kConnectionLost;
  writer_.drop_data();
  if (state_ != State::kHello || !tell) writer_.drop_control();
  if (tell) write_goodbye(why.reason, why.text, true);
  lose_streams(why);
  state_ = State::kBroken;
  end_reason_ = std::move(why);
  return fail(to_error(*end_reason_));
}

// The peer has stated why; nothing that we could say would be read.
void Session::end_by_peer(const Fault& why) {
  writer_.drop_data();
  writer_.drop_control();
  lose_streams(why);
  state_ = State::kBroken;
  end_reason_ = Fault{why.reason, "the peer ended the session: " + why.text};
}

void Session::lose_streams(const Fault& why) {
  for (const auto& [id, stream] : streams_)
    if (!stream.local_reset && !stream.remote_reset) events_.push_back(StreamReset{id, why.reason, why.text});
  streams_.clear();
  ours_open_ = theirs_open_ = 0;
}

void Session::cut(Reason reason, std::string_view text) {
  if (!is_over(state_)) (void)break_off({reason, std::string(text)});
}

Result<void> Session::charge(Odd what, Instant now) {
  if (is_over(state_)) return {};
  note_time(now);
  if (auto ok = spend_odd(what); !ok) return break_off(ok.error());
  return {};
}

Result<void> Session::transport_closed() {
  if (state_ == State::kFinished) return {};
  if (state_ == State::kBroken) return fail(to_error(*end_reason_));
  if (state_ == State::kLeaving && goodbye_sent_ && goodbye_received_ && streams_.empty()) {
    state_ = State::kFinished;
    return {};
  }
  return break_off({Reason::kConnectionLost, "the connection ended without a goodbye"});
}

const HelloFacts& Session::peer() const {
  HETAO_CHECK(hello_seen_);
  return peer_;
}

const Agreed& Session::agreed() const {
  HETAO_CHECK(agreed_.version > 0);
  return agreed_;
}

Stats Session::stats() const {
  Stats stats = stats_;
  stats.streams_open = static_cast<uint32_t>(streams_.size());
  return stats;
}

}  // namespace hetao::tunnel
