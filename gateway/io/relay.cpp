#include "gateway/io/relay.h"

#include <list>
#include <thread>

#include "gateway/base/bytes.h"
#include "gateway/base/limits.h"
#include "gateway/io/asio.h"
#include "gateway/io/tls_stream.h"

namespace hetao::io {

namespace {

constexpr size_t kPieceBytes = size_t{64} << 10U;
constexpr auto kConnectPatience = std::chrono::seconds(5);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

struct Pair {
  Pair(tcp::socket a, const asio::any_io_executor& executor) : client(std::move(a)), leader(executor) {}
  tcp::socket client;
  tcp::socket leader;

  void cut() {
    boost::system::error_code ignored;
    client.close(ignored);
    leader.close(ignored);
  }
};

// One direction, until its end; the end is passed on too.
Awaitable<void> pump(std::shared_ptr<Pair> pair, tcp::socket& from, tcp::socket& to) {
  Bytes piece(kPieceBytes);
  boost::system::error_code ignored;
  while (true) {
    auto [error, size] = co_await from.async_read_some(asio::buffer(piece), as_value);
    if (error) break;
    size_t sent = 0;
    while (sent < size) {
      auto [broken, more] =
          co_await to.async_write_some(asio::buffer(piece.data() + sent, size - sent), as_value);
      if (broken) {
        pair->cut();
        co_return;
      }
      sent += more;
    }
  }
  to.shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace

struct Relay::Parts {
  struct Listener {
    Listener(asio::io_context& io, const Endpoint& at) : where(at), acceptor(io) {}
    Endpoint where;
    Endpoint target;
    tcp::acceptor acceptor;
  };

  ~Parts() {
    io.stop();
    if (thread.joinable()) thread.join();
  }
  Awaitable<void> accept_all(Listener& listener);
  Awaitable<void> carry(std::shared_ptr<Pair> pair, Endpoint target);
  Awaitable<bool> connect(std::shared_ptr<Pair> pair, Endpoint target);

  asio::io_context io{1};
  std::list<Listener> listeners;
  std::list<std::weak_ptr<Pair>> pairs;
  std::thread thread;
};

Awaitable<bool> Relay::Parts::connect(std::shared_ptr<Pair> pair, Endpoint target) {
  // Too late is as good as never: the socket is closed under the attempt.
  asio::steady_timer patience(io, kConnectPatience);
  patience.async_wait([pair](const boost::system::error_code& error) {
    if (!error) pair->cut();
  });
  tcp::resolver resolver(io);
  auto [unresolved, found] =
      co_await resolver.async_resolve(target.host, std::to_string(target.port), as_value);
  if (unresolved || !pair->client.is_open()) co_return false;
  for (const auto& address : found) {
    boost::system::error_code ignored;
    pair->leader.close(ignored);
    auto [error] = co_await pair->leader.async_connect(address.endpoint(), as_value);
    if (!error && pair->client.is_open()) co_return true;
    if (!pair->client.is_open()) co_return false;
  }
  co_return false;
}

Awaitable<void> Relay::Parts::carry(std::shared_ptr<Pair> pair, Endpoint target) {
  const bool connected = co_await connect(pair, std::move(target));
  if (!connected) {
    pair->cut();
    co_return;
  }
  boost::system::error_code ignored;
  pair->client.set_option(tcp::no_delay(true), ignored);
  pair->leader.set_option(tcp::no_delay(true), ignored);
  asio::co_spawn(io, pump(pair, pair->leader, pair->client), asio::detached);
  co_await pump(pair, pair->client, pair->leader);
}

Awaitable<void> Relay::Parts::accept_all(Listener& listener) {
  asio::steady_timer pause(io);
  while (true) {
    auto [error, socket] = co_await listener.acceptor.async_accept(as_value);
    if (error) {
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(as_value);
      continue;
    }
    pairs.remove_if([](const std::weak_ptr<Pair>& known) { return known.expired(); });
    if (listener.target.port == 0 || pairs.size() >= limits::kHttpConnectionsMax) continue;  // closes it
    auto pair = std::make_shared<Pair>(std::move(socket), io.get_executor());
    pairs.push_back(pair);
    asio::co_spawn(io, carry(std::move(pair), listener.target), asio::detached);
  }
}

Relay::Relay(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Relay::~Relay() = default;

Result<std::unique_ptr<Relay>> Relay::open(const std::vector<Endpoint>& listen) {
  auto parts = std::make_unique<Parts>();
  for (const Endpoint& where : listen) {
    Parts::Listener& listener = parts->listeners.emplace_back(parts->io, where);
    if (auto bound = bind_acceptor(listener.acceptor, where); !bound) return fail(bound.error());
  }
  for (Parts::Listener& listener : parts->listeners)
    asio::co_spawn(parts->io, parts->accept_all(listener), asio::detached);
  parts->thread = std::thread([raw = parts.get()] { raw->io.run(); });
  return std::unique_ptr<Relay>(new Relay(std::move(parts)));
}

void Relay::lead_to(std::vector<Endpoint> targets) {
  asio::post(parts_->io, [parts = parts_.get(), targets = std::move(targets)] {
    size_t index = 0;
    bool changed = false;
    for (Parts::Listener& listener : parts->listeners) {
      const Endpoint next = index < targets.size() ? targets[index] : Endpoint{};
      changed = changed || next.host != listener.target.host || next.port != listener.target.port;
      listener.target = next;
      ++index;
    }
    if (!changed) return;
    for (const auto& known : parts->pairs) {
      if (const auto pair = known.lock()) pair->cut();
    }
  });
}

std::vector<uint16_t> Relay::ports() const {
  std::vector<uint16_t> all;
  for (const Parts::Listener& listener : parts_->listeners)
    all.push_back(listener.acceptor.local_endpoint().port());
  return all;
}

}  // namespace hetao::io
