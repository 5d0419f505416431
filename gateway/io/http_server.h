// The HTTPS listener: HTTP/1.1 over TLS 1.3 (RFC 9112), keep-alive, one request after the other on a
// connection. Parses with Beast over its own stream, hands complete requests to a handler, writes the
// answers.
//
// Bounds (limits.h): connections in all and of one address, bytes of a head and of a body, seconds of a
// handshake, of a head, of a body, of an idle connection, and of a client that does not read. What exceeds
// them is answered 408, 413, 431 or 400 where possible, and cut. Io thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/io/endpoint.h"
#include "gateway/io/http.h"
#include "gateway/io/tls/tls_context.h"
#include "gateway/io/workers.h"

namespace hetao::io {

struct HttpServerStats {
  uint64_t connections_open = 0;
  uint64_t connections = 0;
  uint64_t requests = 0;
  uint64_t handshakes_failed = 0;
  uint64_t turned_away = 0;  // over a bound of connections
};

class HttpServer {
 public:
  struct Config {
    Endpoint listen;
    std::shared_ptr<const TlsContext> tls;
    HttpHandler handler;
    std::function<Instant()> clock;
    std::function<void(const std::string&)> log;  // one line each
  };

  HttpServer(boost::asio::any_io_executor executor, Workers& workers, Config config);
  ~HttpServer();

  Result<void> listen();
  uint16_t port() const;
  void start();
  // No new connections and requests; those under way may finish.
  void drain();
  // Ends what is left.
  void stop();
  void use(std::shared_ptr<const TlsContext> tls);  // for new connections
  HttpServerStats stats() const;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace hetao::io
