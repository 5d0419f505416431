#include "gateway/io/http_server.h"

#include <list>
#include <map>

#include "gateway/base/limits.h"
#include "gateway/io/asio.h"
#include "gateway/io/http_connection.h"
#include "gateway/io/tls_stream.h"

namespace hetao::io {

namespace {

constexpr Duration kAcceptPause = Duration::millis(100);

}  // namespace

struct HttpServer::Parts : std::enable_shared_from_this<Parts> {
  Parts(asio::any_io_executor e, Workers& w, Config c)
      : executor(std::move(e)), workers(w), config(std::move(c)), acceptor(executor) {}

  using Connections = std::list<HttpConnection>;

  Awaitable<void> accept_all();
  Awaitable<void> serve(Connections::iterator connection);
  void admit(tcp::socket socket);

  asio::any_io_executor executor;
  Workers& workers;
  Config config;
  tcp::acceptor acceptor;
  Connections connections;
  std::map<std::string, size_t> by_address;
  HttpServerStats stats;
  bool draining = false;
};

void HttpServer::Parts::admit(tcp::socket socket) {
  boost::system::error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (error) return;
  const std::string address = remote.address().to_string();
  if (connections.size() >= limits::kHttpConnectionsMax ||
      by_address[address] >= limits::kHttpConnectionsOfAddressMax) {
    ++stats.turned_away;
    return;
  }
  ++by_address[address];
  ++stats.connections;
  const auto at =
      connections.emplace(connections.end(), std::move(socket), TlsEngine::server(config.tls), address);
  asio::co_spawn(executor, serve(at), [self = shared_from_this(), at](const std::exception_ptr& problem) {
    if (problem) {
      try {
        std::rethrow_exception(problem);
      } catch (const std::exception& e) {
        self->config.log(std::string("http: connection ended: ") + e.what());
      }
    }
    const auto count = self->by_address.find(at->address());
    if (--count->second == 0) self->by_address.erase(count);
    self->connections.erase(at);
  });
}

Awaitable<void> HttpServer::Parts::accept_all() {
  const auto self = shared_from_this();
  asio::steady_timer pause(executor);
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(as_value);
    if (!error) {
      admit(std::move(socket));
      continue;
    }
    if (error == asio::error::operation_aborted || !acceptor.is_open()) co_return;
    // Out of descriptors or the like: those that are open may end meanwhile.
    config.log("http: accept: " + error.message());
    pause.expires_after(std::chrono::microseconds(kAcceptPause.micros));
    co_await pause.async_wait(as_value);
  }
}

Awaitable<void> HttpServer::Parts::serve(Connections::iterator connection) {
  const auto self = shared_from_this();
  TlsStream& stream = connection->stream();
  auto secured = co_await stream.handshake(Duration::seconds(limits::kHttpHandshakeSecondsMax), config.clock);
  if (!secured) {
    ++stats.handshakes_failed;
    stream.abort();
    co_return;
  }
  const HttpConnection::Surroundings around{config, workers, stats, draining};
  co_await connection->serve(around);
  co_await stream.close(Duration::seconds(2));
}

HttpServer::HttpServer(asio::any_io_executor executor, Workers& workers, Config config)
    : parts_(std::make_shared<Parts>(std::move(executor), workers, std::move(config))) {}

HttpServer::~HttpServer() {
  stop();
}

Result<void> HttpServer::listen() {
  return bind_acceptor(parts_->acceptor, parts_->config.listen);
}

uint16_t HttpServer::port() const {
  boost::system::error_code ignored;
  return parts_->acceptor.local_endpoint(ignored).port();
}

void HttpServer::start() {
  asio::co_spawn(parts_->executor, parts_->accept_all(), asio::detached);
}

void HttpServer::drain() {
  parts_->draining = true;
  boost::system::error_code ignored;
  parts_->acceptor.close(ignored);
  for (auto& connection : parts_->connections) {
    if (connection.is_idle()) connection.stream().abort();
  }
}

void HttpServer::stop() {
  drain();
  for (auto& connection : parts_->connections) connection.stream().abort();
}

void HttpServer::use(std::shared_ptr<const TlsContext> tls) {
  parts_->config.tls = std::move(tls);
}

HttpServerStats HttpServer::stats() const {
  HttpServerStats stats = parts_->stats;
  stats.connections_open = parts_->connections.size();
  return stats;
}

}  // namespace hetao::io
