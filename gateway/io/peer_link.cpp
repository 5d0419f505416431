#include "gateway/io/peer_link.h"

#include "gateway/io/socket_facts.h"

namespace hetao::io {

namespace {

constexpr size_t kReadBytes = size_t{256} << 10U;
// Small frames are put together before they are encrypted, so that they share a TLS record.
constexpr size_t kGatherBytes = size_t{16} << 10U;
// Encrypted and handed to the socket at a time: stays in the processor's cache.
constexpr size_t kSendBytes = size_t{256} << 10U;
constexpr Duration kCountEvery = Duration::millis(250);
constexpr auto kPulse = std::chrono::seconds(1);
constexpr Duration kFarewellPatience = Duration::seconds(2);  // of a peer that does not take our last words
// The session has deadlines of its own, which are shorter and say why.
constexpr Duration kReadPatience = Duration::seconds(2 * limits::kSilenceSecondsMax);
constexpr Duration kWritePatience = Duration::seconds(2 * limits::kWriteStallSecondsMax);

}  // namespace

PeerLink::PeerLink(std::unique_ptr<TlsStream> stream, tunnel::Config config, tunnel::Role role, Owner owner)
    : stream_(std::move(stream)),
      executor_(stream_->executor()),
      peer_(*stream_->engine().peer()),
      remote_(stream_->remote()),
      congestion_control_(io::congestion_control(stream_->native_handle())),
      session_(std::move(config), role, owner.clock()),
      owner_(std::move(owner)),
      wake_(executor_),
      pulse_(executor_) {}

Awaitable<void> PeerLink::run(Bytes early) {
  const auto self = shared_from_this();
  asio::steady_timer writer_gone(wake_.get_executor(), asio::steady_timer::time_point::max());
  bool writer_done = false;
  asio::co_spawn(wake_.get_executor(), write_all(),
                 [self, &writer_gone, &writer_done](const std::exception_ptr&) {
                   writer_done = true;
                   writer_gone.cancel();
                 });
  asio::co_spawn(wake_.get_executor(), watch_writer(), asio::detached);
  co_await read_all(std::move(early));
  while (!writer_done) co_await writer_gone.async_wait(as_value);
  pulse_.cancel();
  const auto closed = session_.transport_closed();
  if (!closed) note_end(closed.error());
  take_events();
  handlers_.clear();
  if (!ended_) note_end(Error{ErrorCode::kUnreachable, remote(), "the tunnel ended orderly", ""});
  count();
  owner_.on_end(*this, *ended_);
  stream_.reset();  // here, on its own thread
}

// For those who look on from other threads.
void PeerLink::count() {
  const tunnel::Stats stats = session_.stats();
  counters_->bytes_in = stats.bytes_in;
  counters_->bytes_out = stats.bytes_out;
  counters_->streams_open = stats.streams_open;
  const Instant now = owner_.clock();
  if (!stream_->is_open() || now - counted_ < kCountEvery) return;
  counted_ = now;
  const auto facts = tcp_facts(stream_->native_handle());
  if (!facts) return;
  counters_->round_trip_micros = facts->round_trip.micros;
  counters_->round_trip_min_micros = facts->round_trip_min.micros;
  counters_->segments_out = facts->segments_out;
  counters_->segments_again = facts->segments_again;
}

void PeerLink::note_end(Error why) {
  if (!ended_) ended_ = std::move(why);
}

std::string PeerLink::end_word() const {
  // A certificate that stopped being good says more than the session, which only sees a lost connection.
  const auto& reason = session_.end_reason();
  const bool is_stated = reason && reason->reason != tunnel::Reason::kConnectionLost;
  const auto& failure = stream_->engine().failure();
  // A peer that hears why it ends may hang up before we do.
  if (failure && !(failure->reason == "cut" && is_stated))
    return failure->reason == "protocol" ? "protocol-tls" : failure->reason;
  if (reason) return tunnel::to_word(reason->reason);
  return session_.state() == tunnel::Session::State::kFinished ? "done" : "connection-lost";
}

void PeerLink::kick() {
  kicked_ = true;
  if (!waiting_) return;
  waiting_ = false;
  wake_.cancel();
}

Awaitable<void> PeerLink::read_all(Bytes early) {
  Bytes buffer(kReadBytes);
  while (true) {
    Result<size_t> size = early.size();
    if (early.empty()) size = co_await stream_->read_some(buffer, kReadPatience);
    if (!size) note_end(size.error());
    if (!size || *size == 0) break;
    take_events();
    const ByteView bytes = early.empty() ? ByteView(buffer) : ByteView(early);
    auto received = session_.receive(bytes.first(*size), owner_.clock());
    early.clear();
    take_events();
    count();
    kick();
    if (!received) {
      note_end(received.error());
      break;
    }
  }
  reader_done_ = true;
  kick();
}

void PeerLink::fill_output() {
  while (session_.has_output() && stream_->unsent() < kSendBytes) {
    const size_t taken = offer_output();
    if (taken == 0) return;
    session_.consumed(taken, owner_.clock());
  }
}

// Encrypts what is due: large pieces where they stand, small ones put together.
size_t PeerLink::offer_output() {
  size_t taken = 0;
  gathered_.clear();
  const auto offer_gathered = [&] {
    const size_t part = stream_->offer(gathered_);
    taken += part;
    const bool all = part == gathered_.size();
    gathered_.clear();
    return all;
  };
  for (const ByteView view : session_.output(kSendBytes)) {
    if (gathered_.size() + view.size() <= kGatherBytes) {
      gathered_.insert(gathered_.end(), view.begin(), view.end());
      continue;
    }
    if (!gathered_.empty() && !offer_gathered()) return taken;
    if (view.size() < kGatherBytes) {
      gathered_.assign(view.begin(), view.end());
      continue;
    }
    const size_t part = stream_->offer(view);
    taken += part;
    if (part < view.size()) return taken;
  }
  if (!gathered_.empty()) offer_gathered();
  return taken;
}

Result<void> PeerLink::keep_time() {
  const auto deadline = session_.next_deadline();
  const Instant now = owner_.clock();
  if (!deadline || *deadline > now) return {};
  return session_.on_time(now);
}

// The writer keeps the session's time, but not while it waits for a peer that takes nothing: neither silence
// nor a stalled write nor the end of a revoked peer may wait for that.
Awaitable<void> PeerLink::watch_writer() {
  const auto self = shared_from_this();
  while (stream_ && stream_->is_open()) {
    pulse_.expires_after(kPulse);
    auto [stopped] = co_await pulse_.async_wait(as_value);
    if (stopped || !stream_) break;
    if (!writing_since_) continue;
    auto in_time = keep_time();
    if (!in_time) note_end(in_time.error());
    const auto state = session_.state();
    const bool is_over = state == tunnel::Session::State::kFinished ||
                         state == tunnel::Session::State::kBroken || stream_->engine().failure();
    if (!in_time || (is_over && owner_.clock() - *writing_since_ > kFarewellPatience)) stream_->abort();
  }
}

Awaitable<void> PeerLink::write_all() {
  using State = tunnel::Session::State;
  while (true) {
    kicked_ = false;
    if (auto in_time = keep_time(); !in_time) note_end(in_time.error());
    fill_output();
    take_events();
    writing_since_ = owner_.clock();
    auto flushed = co_await stream_->flush(kWritePatience);
    writing_since_.reset();
    count();
    if (!flushed) {
      note_end(flushed.error());
      break;
    }
    if (const auto& failure = stream_->engine().failure()) {
      note_end(failure->error);
      break;
    }
    const State state = session_.state();
    const bool over = state == State::kFinished || state == State::kBroken || reader_done_;
    if (over && !session_.has_output()) break;
    if (!stream_->is_open()) break;
    if (kicked_ || session_.has_output()) continue;
    const auto deadline = session_.next_deadline();
    const int64_t wait = deadline ? (*deadline - owner_.clock()).micros : Duration::seconds(60).micros;
    wake_.expires_after(std::chrono::microseconds(std::max<int64_t>(wait, 1'000)));
    waiting_ = true;
    co_await wake_.async_wait(as_value);
    waiting_ = false;
  }
  co_await stream_->close(Duration::seconds(2));
}

void PeerLink::take_events() {
  if (taking_events_) return;  // handlers call back into the session; the loop below sees what they cause
  taking_events_ = true;
  while (auto event = session_.poll_event()) std::visit([this](auto& e) { on(e); }, *event);
  taking_events_ = false;
}

void PeerLink::on(tunnel::HelloDone&) {
  opened_ = owner_.clock();
  owner_.on_open(*this);
}

void PeerLink::on(tunnel::Message& event) {
  owner_.on_message(*this, std::move(event.bytes));
}

void PeerLink::on(tunnel::StreamOpened& event) {
  auto handler = owner_.on_stream(*this, event.id, event.header);
  if (!handler) {
    session_.reset_stream(event.id, tunnel::Reason::kRefused, "not expected");
    return;
  }
  handlers_.emplace(event.id, std::move(handler));
}

void PeerLink::on(tunnel::StreamData& event) {
  const auto at = handlers_.find(event.id);
  if (at == handlers_.end()) return session_.consume(event.id, event.bytes.size());
  const auto handler = at->second;
  handler->on_data(event.bytes);
}

void PeerLink::on(tunnel::StreamEnded& event) {
  const auto at = handlers_.find(event.id);
  if (at == handlers_.end()) return session_.reset_stream(event.id, tunnel::Reason::kDone, "");
  const auto handler = at->second;
  handler->on_end();
}

void PeerLink::on(tunnel::StreamReset& event) {
  const auto at = handlers_.find(event.id);
  if (at != handlers_.end()) {
    const auto handler = at->second;
    handler->on_reset(event.reason, event.text);
  }
  session_.reset_stream(event.id, tunnel::Reason::kDone, "");
}

void PeerLink::on(tunnel::StreamWritable& event) {
  const auto at = handlers_.find(event.id);
  if (at == handlers_.end()) return;
  const auto handler = at->second;
  handler->on_writable();
}

void PeerLink::on(tunnel::StreamClosed& event) {
  const auto at = handlers_.find(event.id);
  if (at == handlers_.end()) return;
  const auto handler = at->second;
  handlers_.erase(at);
  handler->on_closed();
}

void PeerLink::on(tunnel::RoundTrip&) {}

void PeerLink::on(tunnel::PeerGoodbye& event) {
  // An answer to a goodbye of ours leaves our reason in place.
  const auto& reason = session_.end_reason();
  const bool is_theirs =
      event.at_once || !reason || (reason->reason == event.reason && reason->text == event.text);
  if (!is_theirs)
    return note_end(
        Error{ErrorCode::kUnreachable, remote(),
              std::string("asked to leave: ") + tunnel::to_word(reason->reason) + ": " + reason->text, ""});
  if (!ended_) ended_by_peer_ = true;
  note_end(Error{ErrorCode::kUnreachable, remote(),
                 std::string("the peer said goodbye: ") + tunnel::to_word(event.reason) +
                     (event.text.empty() ? "" : ": " + event.text),
                 ""});
}

Result<void> PeerLink::send_message(ByteView message) {
  auto taken = session_.send_message(message);
  kick();
  return taken;
}

void PeerLink::message_done(size_t bytes) {
  session_.message_done(bytes);
  kick();
}

Result<tunnel::StreamId> PeerLink::open_stream(ByteView header, tunnel::Priority priority,
                                               std::shared_ptr<StreamHandler> handler) {
  auto id = session_.open_stream(header, priority);
  if (id) handlers_.emplace(*id, std::move(handler));
  kick();
  return id;
}

size_t PeerLink::write_stream(tunnel::StreamId id, ByteView bytes) {
  const size_t taken = session_.write_stream(id, bytes);
  kick();
  return taken;
}

size_t PeerLink::write_stream(tunnel::StreamId id, tunnel::FrameBuffer& buffer) {
  const size_t taken = session_.write_stream(id, buffer);
  kick();
  return taken;
}

void PeerLink::end_stream(tunnel::StreamId id) {
  session_.end_stream(id);
  kick();
}

void PeerLink::reset_stream(tunnel::StreamId id, tunnel::Reason reason, std::string_view text) {
  session_.reset_stream(id, reason, text);
  kick();
}

void PeerLink::consume(tunnel::StreamId id, size_t bytes) {
  session_.consume(id, bytes);
  kick();
}

void PeerLink::goodbye(tunnel::Reason reason, std::string_view text) {
  session_.goodbye(reason, text, owner_.clock());
  kick();
}

void PeerLink::cut(tunnel::Reason reason, std::string_view text) {
  note_end(Error{ErrorCode::kUnreachable, remote(),
                 std::string("cut: ") + tunnel::to_word(reason) + ": " + std::string(text), ""});
  session_.cut(reason, text);
  kick();
}

void PeerLink::charge(tunnel::Odd what) {
  if (auto charged = session_.charge(what, owner_.clock()); !charged) note_end(charged.error());
  kick();
}

void PeerLink::recheck(const certs::TrustStore& trust) {
  if (!stream_ || stream_->engine().state() != TlsState::kOpen) return;
  if (stream_->engine().recheck(trust, owner_.clock()) == TlsState::kOpen) return;
  note_end(stream_->engine().failure()->error);
  kick();  // the writer sends the alert and closes
}

}  // namespace hetao::io
