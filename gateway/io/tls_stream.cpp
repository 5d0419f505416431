#include "gateway/io/tls_stream.h"

#include <fcntl.h>

#include "gateway/base/check.h"

namespace hetao::io {

namespace {

constexpr size_t kReceiveBytes = size_t{256} << 10U;

std::chrono::microseconds to_chrono(Duration duration) {
  return std::chrono::microseconds(duration.micros);
}

// Asio opens sockets without close-on-exec: a runner that outlives us would hold our ports.
void keep_from_children(int socket) {
  ::fcntl(socket, F_SETFD, FD_CLOEXEC);
}

}  // namespace

std::string to_text(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

Result<void> bind_acceptor(tcp::acceptor& acceptor, const Endpoint& at) {
  const auto failed_to = [&](const char* doing, const boost::system::error_code& error) {
    return fail(ErrorCode::kFailed, to_text(at), std::string(doing) + ": " + error.message(),
                error == asio::error::address_in_use ? "another program listens there" : "");
  };
  boost::system::error_code error;
  const auto address = asio::ip::make_address(at.host == "localhost" ? "127.0.0.1" : at.host, error);
  if (error) return failed_to("is no address to listen on", error);
  const tcp::endpoint endpoint(address, at.port);
  acceptor.open(endpoint.protocol(), error);
  if (error) return failed_to("can't open a socket", error);
  keep_from_children(acceptor.native_handle());
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (!error) return {};
  const auto refusal = failed_to("can't listen", error);
  acceptor.close(error);
  return refusal;
}

Watchdog::Watchdog(tcp::socket& socket) : state_(std::make_shared<State>(socket)) {}

Watchdog::~Watchdog() {
  state_->socket = nullptr;
  state_->timer.cancel();
}

void Watchdog::arm(Duration patience) {
  const auto deadline = std::chrono::steady_clock::now() + to_chrono(patience);
  const bool sooner = deadline < state_->deadline;
  state_->deadline = deadline;
  state_->armed = true;
  if (state_->waiting && !sooner) return;  // wakes before, and then waits for the rest
  wait(state_);
}

void Watchdog::wait(const std::shared_ptr<State>& state) {
  state->waiting = true;
  state->timer.expires_at(state->deadline);
  state->timer.async_wait([state](const boost::system::error_code& error) {
    if (error || state->socket == nullptr) return;  // replaced by a later wait, or gone
    state->waiting = false;
    if (!state->armed) return;
    if (std::chrono::steady_clock::now() < state->deadline) return wait(state);
    state->barked = true;
    boost::system::error_code ignored;
    state->socket->close(ignored);
  });
}

TlsStream::TlsStream(tcp::socket socket, std::unique_ptr<TlsEngine> engine)
    : socket_(std::move(socket)), engine_(std::move(engine)) {
  keep_from_children(socket_.native_handle());
  boost::system::error_code ignored;
  remote_ = to_text(socket_.remote_endpoint(ignored));
  socket_.set_option(tcp::no_delay(true), ignored);
}

Result<std::unique_ptr<TlsStream>> TlsStream::moved_to(const asio::any_io_executor& executor,
                                                       std::unique_ptr<TlsStream> stream) {
  HETAO_CHECK(!stream->flushing_);
  boost::system::error_code error;
  const auto protocol = stream->socket_.local_endpoint(error).protocol();
  if (error) return fail(ErrorCode::kUnreachable, stream->remote_, error.message());
  const auto handle = stream->socket_.release(error);
  if (error) return fail(ErrorCode::kUnreachable, stream->remote_, error.message());
  return std::make_unique<TlsStream>(tcp::socket(executor, protocol, handle), std::move(stream->engine_));
}

tl::unexpected<Error> TlsStream::broken(const boost::system::error_code& error, const Watchdog& dog) const {
  if (dog.barked()) return fail(ErrorCode::kUnreachable, remote_, "took too long");
  if (error == asio::error::eof) return fail(ErrorCode::kUnreachable, remote_, "cut the connection");
  return fail(ErrorCode::kUnreachable, remote_, error.message());
}

std::string TlsStream::end_word() const {
  if (engine_->failure()) return engine_->failure()->reason;
  if (read_dog_.barked() || write_dog_.barked()) return "timeout";
  return socket_.is_open() ? "" : "network";
}

tl::unexpected<Error> TlsStream::failed() const {
  const auto& failure = engine_->failure();
  if (!failure) return fail(ErrorCode::kUnreachable, remote_, "the connection is closed");
  Error error = failure->error;
  error.what = remote_ + ": " + error.what;
  return fail(std::move(error));
}

Awaitable<Result<void>> TlsStream::receive(Duration patience) {
  const std::span<uint8_t> space = engine_->input_space(kReceiveBytes);
  if (space.empty()) co_return Result<void>();  // what is there has to be read first
  read_dog_.arm(patience);
  // A span into the engine's buffer: only this coroutine touches its input.
  auto [error, size] = co_await socket_.async_read_some(asio::buffer(space.data(), space.size()), as_value);
  read_dog_.disarm();
  if (error == asio::error::eof) {
    engine_->input_ended();
    co_return Result<void>();
  }
  if (error) co_return broken(error, read_dog_);
  engine_->input_filled(size);
  co_return Result<void>();
}

Awaitable<Result<void>> TlsStream::flush(Duration patience) {
  if (flushing_) co_return Result<void>();
  flushing_ = true;
  while (!engine_->output().empty()) {
    // The engine gets the other buffer: what is being sent must stay where it is.
    engine_->swap_output(sending_);
    while (!sending_.empty()) {
      const ByteView out = sending_.view();
      write_dog_.arm(patience);
      auto [error, size] = co_await socket_.async_write_some(asio::buffer(out.data(), out.size()), as_value);
      write_dog_.disarm();
      if (error) {
        flushing_ = false;
        co_return broken(error, write_dog_);
      }
      sending_.consume(size);
    }
  }
  flushing_ = false;
  co_return Result<void>();
}

Awaitable<Result<void>> TlsStream::handshake(Duration patience, std::function<Instant()> clock) {
  const auto give_up = std::chrono::steady_clock::now() + to_chrono(patience);
  while (true) {
    const TlsState state = engine_->handshake(clock());
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(give_up - std::chrono::steady_clock::now());
    const Duration rest{std::max<int64_t>(left.count(), 1)};
    auto flushed = co_await flush(rest);
    if (state == TlsState::kOpen) co_return flushed;
    if (state == TlsState::kFailed || state == TlsState::kEnded) co_return failed();
    if (!flushed) co_return flushed;
    auto received = co_await receive(rest);
    if (!received) co_return received;
  }
}

Awaitable<Result<size_t>> TlsStream::read_some(std::span<uint8_t> out, Duration patience) {
  while (true) {
    const size_t size = engine_->read(out);
    if (!engine_->output().empty()) {
      auto flushed = co_await flush(patience);
      if (!flushed) co_return fail(flushed.error());
    }
    if (size > 0) co_return size;
    if (engine_->state() == TlsState::kEnded) co_return size_t{0};
    if (engine_->state() == TlsState::kFailed) co_return failed();
    auto received = co_await receive(patience);
    if (!received) co_return fail(received.error());
  }
}

Awaitable<bool> TlsStream::wait_readable(Duration patience) {
  // The timer may have gone off already when the wait is over: then it finds that it is.
  const auto over = std::make_shared<bool>(false);
  asio::steady_timer timer(socket_.get_executor(), to_chrono(patience));
  timer.async_wait([over, this](const boost::system::error_code& error) {
    if (error || *over) return;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  });
  auto [error] = co_await socket_.async_wait(tcp::socket::wait_read, as_value);
  *over = true;
  timer.cancel();
  co_return !error;
}

Awaitable<Result<void>> TlsStream::write(ByteView bytes, Duration patience) {
  while (!bytes.empty()) {
    const size_t taken = engine_->write(bytes);
    bytes = bytes.subspan(taken);
    if (taken == 0 && engine_->output().empty()) co_return failed();
    auto flushed = co_await flush(patience);
    if (!flushed) co_return flushed;
  }
  co_return Result<void>();
}

Awaitable<void> TlsStream::close(Duration patience) {
  engine_->close();
  co_await flush(patience);
  abort();
}

void TlsStream::abort() {
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

}  // namespace hetao::io
