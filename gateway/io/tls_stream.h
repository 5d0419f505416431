// A TCP connection with TLS on it, for coroutines: a TlsEngine pumped over a socket. Every wait has a
// deadline, after which the connection is closed and the wait ends with an error.
//
// One coroutine may read while another writes. Memory: the engine's bounds, and as much again that is being
// sent. Everything on the io thread. Destroying it closes the socket.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/io/asio.h"
#include "gateway/io/awaitable.h"
#include "gateway/io/endpoint.h"
#include "gateway/io/tls/tls_engine.h"

namespace hetao::io {

// Closes a socket when a wait takes too long. Setting a deadline costs no timer operation most of the time.
class Watchdog {
 public:
  explicit Watchdog(tcp::socket& socket);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void arm(Duration patience);
  void disarm() { state_->armed = false; }
  bool barked() const { return state_->barked; }

 private:
  struct State {
    explicit State(tcp::socket& s) : timer(s.get_executor()), socket(&s) {}
    asio::steady_timer timer;
    tcp::socket* socket;  // null: gone
    std::chrono::steady_clock::time_point deadline;
    bool armed = false;
    bool waiting = false;
    bool barked = false;
  };
  static void wait(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

class TlsStream {
 public:
  TlsStream(tcp::socket socket, std::unique_ptr<TlsEngine> engine);

  // The same connection on another executor. Nobody may be waiting on the old object, which is of no use
  // after.
  static Result<std::unique_ptr<TlsStream>> moved_to(const asio::any_io_executor& executor,
                                                     std::unique_ptr<TlsStream> stream);

  // The time at which the peer's certificate is judged is asked for when it comes.
  Awaitable<Result<void>> handshake(Duration patience, std::function<Instant()> clock);
  // 0: the peer has ended orderly.
  Awaitable<Result<size_t>> read_some(std::span<uint8_t> out, Duration patience);
  // Until something came (or the end did), or for so long; the connection stays as it is.
  Awaitable<bool> wait_readable(Duration patience);
  // All of it.
  Awaitable<Result<void>> write(ByteView bytes, Duration patience);
  // Takes what the engine has room for, without waiting; flush() sends it. Answers how much.
  size_t offer(ByteView bytes) { return engine_->write(bytes); }
  size_t unsent() const { return engine_->output().size(); }  // taken, and not yet being sent
  // Sends what the engine has to send. Another coroutine may be doing that already: then it is left to it.
  Awaitable<Result<void>> flush(Duration patience);
  // Orderly end: close_notify, then the socket.
  Awaitable<void> close(Duration patience);
  // At once.
  void abort();

  // Why it ended, as a stable word: the engine's (see TlsFailure), "timeout", "network"; empty: it has not.
  std::string end_word() const;

  TlsEngine& engine() { return *engine_; }
  const std::string& remote() const { return remote_; }  // "127.0.0.1:4711"
  int native_handle() { return socket_.native_handle(); }
  bool is_open() const { return socket_.is_open(); }
  asio::any_io_executor executor() { return socket_.get_executor(); }

 private:
  Awaitable<Result<void>> receive(Duration patience);
  tl::unexpected<Error> broken(const boost::system::error_code& error, const Watchdog& dog) const;
  tl::unexpected<Error> failed() const;

  tcp::socket socket_;
  std::unique_ptr<TlsEngine> engine_;
  std::string remote_;
  FlatBuffer sending_;
  bool flushing_ = false;
  Watchdog read_dog_{socket_};
  Watchdog write_dog_{socket_};
};

// "HOST:PORT", for people.
std::string to_text(const tcp::endpoint& endpoint);

// Opens, binds and listens; the error names the address.
Result<void> bind_acceptor(tcp::acceptor& acceptor, const Endpoint& at);

}  // namespace hetao::io
