// What each frame from the peer does to a session.
#include "gateway/base/check.h"
#include "gateway/tunnel/session.h"
#include "gateway/tunnel/wire_text.h"
#include "proto/tunnel.pb.h"

namespace hetao::tunnel {

namespace {

constexpr uint32_t kTinyDataBytes = 256;

template <class Pb>
bool parse(ByteView payload, Pb& out) {
  return out.ParseFromArray(payload.data(), static_cast<int>(payload.size()));
}

std::string on_stream(const char* what, StreamId id) {
  return std::string(what) + " on stream " + std::to_string(id);
}

}  // namespace

Faulty<void> Session::take_part(const FramePart& part) {
  const bool is_goodbye = part.header.is(FrameType::kGoodbye);
  if (state_ == State::kHello && !is_goodbye) {
    if (part.header.is(FrameType::kHello) && !hello_seen_) return on_hello(part);
    if (part.header.is(FrameType::kReady) && hello_seen_) return on_ready(part);
    return fault(Reason::kProtocol, "a frame before the first exchange was complete");
  }
  if (part.header.is_extension()) return part.first ? spend_odd(Odd::kExtension) : Faulty<void>{};
  switch (static_cast<FrameType>(part.header.type)) {
    case FrameType::kHello:
    case FrameType::kReady:
      return fault(Reason::kReplay, "the first exchange a second time");
    case FrameType::kMessage:
      return on_message(part);
    case FrameType::kOpen:
      return on_open(part);
    case FrameType::kData:
      return on_data(part);
    case FrameType::kReset:
      return on_reset(part);
    case FrameType::kCredit:
      return on_credit(part);
    case FrameType::kCreditAll:
      return on_credit_all(part);
    case FrameType::kPing:
      return on_ping(part);
    case FrameType::kPong:
      return on_pong(part);
    case FrameType::kGoodbye:
      return on_goodbye(part);
  }
  return fault(Reason::kProtocol, "frame of unknown type");
}

Faulty<void> Session::on_hello(const FramePart& part) {
  auto facts = decode_hello(part.payload);
  if (!facts) return tl::unexpected(facts.error());
  if (facts->region != config_.peer_region || facts->gateway != config_.peer_gateway)
    return fault(Reason::kIdentity, "the hello is of " + facts->region + "/" + facts->gateway +
                                        ", the certificate of " + config_.peer_region + "/" +
                                        config_.peer_gateway);
  if (facts->nonce == config_.hello.nonce) return fault(Reason::kReplay, "our own nonce came back");
  const auto version = agree_version(config_.hello, *facts);
  if (!version) return tl::unexpected(version.error());
  const bool dialer = role_ == Role::kDialer;
  if (dialer && (facts->purpose != config_.hello.purpose || facts->lane != config_.hello.lane ||
                 facts->session != config_.hello.session))
    return fault(Reason::kProtocol, "the hello answers for another lane");
  const Bytes theirs(part.payload.begin(), part.payload.end());
  if (!dialer) {  // the dialer chooses the lane
    config_.hello.purpose = facts->purpose;
    config_.hello.lane = facts->lane;
    config_.hello.session = facts->session;
    our_hello_ = encode_hello(config_.hello);
    writer_.add(Rank::kControl, FrameType::kHello, 0, kControlStream, our_hello_);
  }
  transcript_ = dialer ? transcript_of(our_hello_, theirs) : transcript_of(theirs, our_hello_);
  writer_.add(Rank::kControl, FrameType::kReady, 0, kControlStream, encode_ready(*version, transcript_));
  peer_ = std::move(*facts);
  hello_seen_ = true;
  agreed_version_ = *version;
  return {};
}

Faulty<void> Session::on_ready(const FramePart& part) {
  const auto ready = decode_ready(part.payload);
  if (!ready) return tl::unexpected(ready.error());
  if (ready->transcript != transcript_)
    return fault(Reason::kReplay, "the peer did not see the hellos of this connection");
  if (ready->version != agreed_version_)
    return fault(Reason::kVersion, "the peer settled on another version");
  agreed_ = {.version = agreed_version_,
             .features = agree_features(config_.hello, peer_),
             .session = peer_.purpose == Purpose::kControl ? transcript_ : peer_.session};
  data_frame_bytes_ = std::min<size_t>(config_.data_frame_bytes, peer_.limits.frame_bytes_max);
  send_all_ = SendCredit(peer_.limits.session_window_bytes);
  message_sender_.emplace(peer_.limits.control_window_bytes, peer_.limits.message_bytes_max,
                          config_.messages_queued_bytes);
  state_ = State::kOpen;
  next_ping_ = now_ + config_.timeouts.ping;
  our_hello_ = Bytes();
  events_.push_back(HelloDone{});
  return {};
}

Faulty<void> Session::on_message(const FramePart& part) {
  auto message = message_reader_.take(part);
  if (!message) return tl::unexpected(message.error());
  if (!message->has_value()) return {};
  ++stats_.messages_in;
  const bool empty = (*message)->empty();
  events_.push_back(Message{std::move(**message)});
  return empty ? spend_odd(Odd::kEmptyMessage) : Faulty<void>{};
}

Faulty<void> Session::on_open(const FramePart& part) {
  const StreamId id = part.header.stream;
  const StreamId parity = role_ == Role::kDialer ? 0 : 1;
  if (id % 2 != parity) return fault(Reason::kProtocol, on_stream("the other side's number: OPEN", id));
  if (id <= last_peer_stream_) return fault(Reason::kProtocol, on_stream("not in order: OPEN", id));
  if (theirs_open_ >= config_.hello.limits.streams_max)
    return fault(Reason::kStreams,
                 "more than " + std::to_string(config_.hello.limits.streams_max) + " streams at a time");
  pb::StreamOpen open;
  if (!parse(part.payload, open)) return fault(Reason::kProtocol, on_stream("OPEN that cannot be read", id));
  const bool small = open.priority() == pb::STREAM_SMALL;
  Stream& stream = streams_[id];
  stream.send = SendCredit(peer_.limits.stream_window_bytes);
  stream.receive = ReceiveWindow(config_.hello.limits.stream_window_bytes);
  stream.priority = small ? Priority::kSmall : Priority::kBulk;
  ++theirs_open_;
  ++stats_.streams_accepted;
  if (goodbye_sent_) {
    reset_stream(id, Reason::kShuttingDown, "no new streams after the goodbye");
    return spend_odd(Odd::kLateOpen);
  }
  last_peer_stream_ = id;
  if (!small && open.priority() != pb::STREAM_BULK) {
    reset_stream(id, Reason::kRefused, "unknown priority");
    return {};
  }
  const std::string& header = open.header();
  events_.push_back(StreamOpened{id, stream.priority, Bytes(header.begin(), header.end())});
  return {};
}

bool Session::is_known_closed(StreamId id) const {
  const bool is_ours = (id % 2 == 1) == (role_ == Role::kDialer);
  return is_ours ? id < next_stream_ : id <= last_peer_stream_;
}

Faulty<void> Session::on_data_begin(const FramePart& part, Stream& stream) {
  const StreamId id = part.header.stream;
  const uint32_t length = part.header.length;
  if (stream.remote_ended || stream.remote_reset)
    return fault(Reason::kProtocol, on_stream("DATA after the end", id));
  if (length > stream.receive.room())
    return fault(Reason::kCredit, on_stream("more bytes than were granted", id));
  if (length > receive_all_.room())
    return fault(Reason::kCredit, "more bytes than were granted on all streams");
  if (part.header.has_end()) return {};
  if (length == 0) return spend_odd(Odd::kEmptyData);
  return length < kTinyDataBytes ? spend_odd(Odd::kTinyData) : Faulty<void>{};
}

Faulty<void> Session::on_data(const FramePart& part) {
  const StreamId id = part.header.stream;
  const auto it = streams_.find(id);
  if (it == streams_.end())
    return fault(Reason::kProtocol,
                 on_stream(is_known_closed(id) ? "closed: DATA" : "never opened: DATA", id));
  Stream& stream = it->second;
  if (part.first)
    if (auto ok = on_data_begin(part, stream); !ok) return ok;
  if (!part.payload.empty()) {
    HETAO_CHECK(stream.receive.take(part.payload.size()) && receive_all_.take(part.payload.size()));
    if (stream.local_reset) {  // what was on its way
      stream.receive.consume(part.payload.size());
      give_back(part.payload.size());
    } else {
      events_.push_back(StreamData{id, part.payload});
      ++views_held_;
    }
  }
  if (!part.last || !part.header.has_end()) return {};
  stream.remote_ended = true;
  if (!stream.local_reset) events_.push_back(StreamEnded{id});
  close_if_done(it);
  return {};
}

Faulty<void> Session::on_reset(const FramePart& part) {
  const StreamId id = part.header.stream;
  pb::StreamReset in;
  if (!parse(part.payload, in)) return fault(Reason::kProtocol, on_stream("RESET that cannot be read", id));
  const auto it = streams_.find(id);
  if (it == streams_.end()) {
    if (!is_known_closed(id)) return fault(Reason::kProtocol, on_stream("never opened: RESET", id));
    return spend_odd(Odd::kLateReset);  // it may have crossed our END
  }
  Stream& stream = it->second;
  if (stream.remote_reset) return fault(Reason::kProtocol, on_stream("a second RESET", id));
  const bool is_answer = stream.local_reset;
  stream.remote_reset = true;
  stream.wait = Wait::kNo;
  if (!is_answer) events_.push_back(StreamReset{id, reason_of(in.reason()), text_from_wire(in.text())});
  close_if_done(it);
  return is_answer ? Faulty<void>{} : spend_odd(Odd::kReset);
}

Faulty<void> Session::judge_credit(uint64_t raised, uint64_t window) {
  if (raised == 0) return spend_odd(Odd::kUselessCredit);
  return raised < window / 16 ? spend_odd(Odd::kSmallCredit) : Faulty<void>{};
}

Faulty<void> Session::on_credit(const FramePart& part) {
  const StreamId id = part.header.stream;
  const uint64_t limit = get_u64(part.payload);
  if (id == kControlStream)
    return judge_credit(message_sender_->raise_to(limit, writer_), peer_.limits.control_window_bytes);
  const auto it = streams_.find(id);
  if (it == streams_.end()) {
    if (is_known_closed(id)) return {};  // it may have crossed our END
    return fault(Reason::kProtocol, on_stream("never opened: CREDIT", id));
  }
  const uint64_t raised = it->second.send.raise_to(limit);
  if (raised > 0 && it->second.wait == Wait::kCredit) {
    want_turn(id, it->second);
    wake_writers();
  }
  return judge_credit(raised, peer_.limits.stream_window_bytes);
}

Faulty<void> Session::on_credit_all(const FramePart& part) {
  const uint64_t raised = send_all_.raise_to(get_u64(part.payload));
  wake_writers();
  return judge_credit(raised, peer_.limits.session_window_bytes);
}

Faulty<void> Session::on_ping(const FramePart& part) {
  writer_.add(Rank::kControl, FrameType::kPong, 0, kControlStream, part.payload);
  return spend_odd(Odd::kPing);
}

Faulty<void> Session::on_pong(const FramePart& part) {
  if (!pinged_ || get_u64(part.payload) != ping_number_) return spend_odd(Odd::kStrayPong);
  const Duration time = now_ - *pinged_;
  const int64_t before = stats_.round_trip.value_or(time).micros;
  stats_.round_trip = Duration{before + (time.micros - before) / 8};
  pinged_.reset();
  events_.push_back(RoundTrip{time});
  return {};
}

Faulty<void> Session::on_goodbye(const FramePart& part) {
  pb::Goodbye in;
  if (!parse(part.payload, in)) return fault(Reason::kProtocol, "GOODBYE that cannot be read");
  const Reason reason = reason_of(in.reason());
  const std::string text = text_from_wire(in.text());
  const bool at_once = part.header.has_end();
  if (state_ == State::kHello && !at_once)
    return fault(Reason::kProtocol, "GOODBYE before the first exchange");
  if (goodbye_received_ && !at_once) return spend_odd(Odd::kRepeatedGoodbye);
  events_.push_back(PeerGoodbye{reason, text, in.last_stream(), at_once});
  goodbye_received_ = true;
  if (at_once) {
    end_by_peer({reason, text});
    return {};
  }
  if (!end_reason_) end_reason_ = Fault{reason, text};
  if (state_ == State::kOpen) goodbye_deadline_ = now_ + config_.timeouts.goodbye;
  state_ = State::kLeaving;
  if (!goodbye_sent_) write_goodbye(Reason::kDone, {}, false);
  return {};
}

Faulty<void> Session::spend_odd(Odd what) {
  switch (config_.odd->charge(what, now_)) {
    case OddBudget::Verdict::kFine:
      return {};
    case OddBudget::Verdict::kAskToLeave:
      if (state_ == State::kOpen) goodbye(Reason::kOddBehaviour, "odd behaviour too often", now_);
      return {};
    case OddBudget::Verdict::kCut:
      return fault(Reason::kOddBehaviour, "odd behaviour far too often");
  }
  return {};
}

}  // namespace hetao::tunnel
