#include "gateway/io/http_server.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <list>
#include <map>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/io/asio.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/tls_stream.h"

namespace hetao::io {

namespace http = boost::beast::http;

namespace {

constexpr size_t kReadBytes = size_t{64} << 10U;
constexpr size_t kFilePieceBytes = size_t{512} << 10U;
constexpr Duration kWritePatience = Duration::seconds(limits::kHttpWriteSecondsMax);
constexpr Duration kAcceptPause = Duration::millis(100);

// "Mon, 23 Nov 2026 11:55:51 GMT" (RFC 9110, section 5.6.7).
std::string http_date(Instant now) {
  const time_t seconds = now.micros / 1'000'000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  const size_t size = strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

// A header field from a handler can't forge another one.
bool is_field_safe(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

int status_of(const boost::system::error_code& error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit) return 431;
  if (error == http::error::bad_version) return 505;
  return 400;
}

HttpResponse plain_error(int status) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}};
  response.body = "{\"type\":\"about:blank\",\"title\":\"" + std::string(http_reason(status)) +
                  "\",\"status\":" + std::to_string(status) + "}";
  return response;
}

bool has_no_body(int status) {
  return status == 204 || status == 304 || status < 200;
}

std::string reason_of(const HttpResponse& response) {
  if (response.reason.empty()) return std::string(http_reason(response.status));
  std::string reason = response.reason;
  for (char& c : reason) {
    if (c < ' ' || c > '~') c = '?';
  }
  return reason;
}

// "Content-Length: 17", "Transfer-Encoding: chunked", or nothing: the body ends with the connection.
std::string length_of(const HttpResponse& response, bool can_chunk) {
  if (response.stream) return can_chunk ? "Transfer-Encoding: chunked\r\n" : "";
  const uint64_t bytes = response.file ? response.file->bytes : response.body.size();
  return "Content-Length: " + std::to_string(bytes) + "\r\n";
}

std::string head_of(const HttpResponse& response, bool can_chunk, bool keep_alive, Instant now) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " + reason_of(response) + "\r\n";
  for (const auto& [name, value] : response.headers.all()) {
    if (is_field_safe(name) && is_field_safe(value)) head += name + ": " + value + "\r\n";
  }
  if (!response.headers.has("Date")) head += "Date: " + http_date(now) + "\r\n";
  if (!has_no_body(response.status)) head += length_of(response, can_chunk);
  head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace

struct HttpServer::Parts : std::enable_shared_from_this<Parts> {
  Parts(asio::any_io_executor e, Workers& w, Config c)
      : executor(std::move(e)), workers(w), config(std::move(c)), acceptor(executor) {}

  struct Connection {
    Connection(tcp::socket socket, std::unique_ptr<TlsEngine> engine)
        : stream(std::move(socket), std::move(engine)) {}
    TlsStream stream;
    std::string address;
    bool idle = true;  // between two requests
  };
  using Connections = std::list<Connection>;
  using Parser = http::request_parser<http::string_body>;

  Awaitable<void> accept_all();
  Awaitable<void> serve(Connections::iterator connection);
  Awaitable<void> answer_all(Connection& connection);
  Awaitable<Result<bool>> read_request(Connection& connection, Bytes& buffer, size_t& filled, Parser& parser);
  Awaitable<Result<void>> fill(Connection& connection, Bytes& buffer, size_t& filled, Duration patience);
  HttpRequest request_of(Connection& connection, Parser& parser) const;
  Awaitable<HttpResponse> ask_handler(HttpRequest request);
  struct Manner {
    bool head_only = false;
    bool keep_alive = false;
    bool can_chunk = true;  // HTTP/1.1
  };
  Awaitable<Result<void>> write_response(Connection& connection, HttpResponse response, Manner manner);
  Awaitable<Result<void>> write_stream(Connection& connection, const HttpPieces& pieces, bool chunked);
  Awaitable<Result<void>> write_file(Connection& connection, FileRange range);
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
  const auto at = connections.emplace(connections.end(), std::move(socket), TlsEngine::server(config.tls));
  at->address = address;
  asio::co_spawn(executor, serve(at), [self = shared_from_this(), at](const std::exception_ptr& problem) {
    if (problem) {
      try {
        std::rethrow_exception(problem);
      } catch (const std::exception& e) {
        self->config.log(std::string("http: connection ended: ") + e.what());
      }
    }
    const auto count = self->by_address.find(at->address);
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
  TlsStream& stream = connection->stream;
  auto secured = co_await stream.handshake(Duration::seconds(limits::kHttpHandshakeSecondsMax), config.clock);
  if (!secured) {
    ++stats.handshakes_failed;
    stream.abort();
    co_return;
  }
  co_await answer_all(*connection);
  co_await stream.close(Duration::seconds(2));
}

Awaitable<void> HttpServer::Parts::answer_all(Connection& connection) {
  Bytes buffer(kReadBytes);
  size_t filled = 0;
  while (!draining) {
    Parser parser;
    parser.header_limit(limits::kHttpHeadBytesMax);
    parser.body_limit(limits::kHttpBodyBytesMax);
    parser.eager(true);
    auto complete = co_await read_request(connection, buffer, filled, parser);
    if (!complete) {
      // The status of a request that can't be taken is carried as the error's text; an empty one: nobody to
      // tell.
      if (complete.error().why.empty()) co_return;
      HttpResponse refusal = plain_error(std::stoi(complete.error().why));
      co_await write_response(connection, std::move(refusal), {});
      co_return;
    }
    if (!*complete) co_return;
    ++stats.requests;
    connection.idle = false;
    const bool keep_alive = parser.get().keep_alive();
    Manner manner;
    manner.head_only = parser.get().method() == http::verb::head;
    manner.can_chunk = parser.get().version() >= 11;
    HttpResponse response = co_await ask_handler(request_of(connection, parser));
    const bool stays = keep_alive && !draining && (manner.can_chunk || !response.stream);
    manner.keep_alive = stays;
    auto written = co_await write_response(connection, std::move(response), manner);
    connection.idle = true;
    if (!written || !stays) co_return;
  }
}

Awaitable<Result<void>> HttpServer::Parts::fill(Connection& connection, Bytes& buffer, size_t& filled,
                                                Duration patience) {
  auto size = co_await connection.stream.read_some(std::span(buffer).subspan(filled), patience);
  if (!size) co_return fail(ErrorCode::kUnreachable, "http", "");
  if (*size == 0) co_return fail(ErrorCode::kUnreachable, "http", "");
  filled += *size;
  co_return Result<void>();
}

// False: the client ended between two requests.
Awaitable<Result<bool>> HttpServer::Parts::read_request(Connection& connection, Bytes& buffer, size_t& filled,
                                                        Parser& parser) {
  const auto refuse = [](int status) { return fail(ErrorCode::kUsage, "http", std::to_string(status)); };
  bool continued = false;
  Instant began;
  while (!parser.is_done()) {
    if (filled == 0) {
      const int64_t patience = !parser.got_some()         ? limits::kHttpIdleSecondsMax
                               : !parser.is_header_done() ? limits::kHttpHeadSecondsMax
                                                          : limits::kHttpBodySecondsMax;
      auto more = co_await fill(connection, buffer, filled, Duration::seconds(patience));
      if (!more && !parser.got_some()) co_return false;
      if (!more) co_return fail(more.error());
    }
    const Instant now = config.clock();
    if (began.micros == 0) began = now;
    const int64_t allowed =
        parser.is_header_done() ? limits::kHttpBodySecondsMax : limits::kHttpHeadSecondsMax;
    if (now - began > Duration::seconds(allowed)) co_return refuse(408);
    boost::system::error_code error;
    const size_t used = parser.put(asio::const_buffer(buffer.data(), filled), error);
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(used),
              buffer.begin() + static_cast<std::ptrdiff_t>(filled), buffer.begin());
    filled -= used;
    if (error && error != http::error::need_more) co_return refuse(status_of(error));
    if (error == http::error::need_more) {
      if (filled == buffer.size()) co_return refuse(431);
      auto more = co_await fill(connection, buffer, filled, Duration::seconds(limits::kHttpHeadSecondsMax));
      if (!more) co_return fail(more.error());
      continue;
    }
    if (parser.is_header_done() && !parser.is_done() && !continued) {
      continued = true;
      if (boost::beast::iequals(parser.get()[http::field::expect], "100-continue")) {
        auto told =
            co_await connection.stream.write(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"), kWritePatience);
        if (!told) co_return fail(ErrorCode::kUnreachable, "http", "");
      }
    }
  }
  co_return true;
}

HttpRequest HttpServer::Parts::request_of(Connection& connection, Parser& parser) const {
  auto message = parser.release();
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message)
    request.headers.add(std::string(field.name_string()), std::string(field.value()));
  request.body = std::move(message.body());
  request.remote_address = connection.stream.remote();
  request.client = connection.stream.engine().peer();
  request.received = config.clock();
  return request;
}

Awaitable<HttpResponse> HttpServer::Parts::ask_handler(HttpRequest request) {
  const std::string what = request.method + " " + printable(std::string(request.path()));
  std::optional<HttpResponse> response;
  try {
    response = co_await config.handler(std::move(request));
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) throw;
    config.log("http: " + what + ": " + e.what());
  } catch (const std::exception& e) {
    config.log("http: " + what + ": " + e.what());
  }
  if (!response) response = plain_error(500);
  co_return std::move(*response);
}

Awaitable<Result<void>> HttpServer::Parts::write_response(Connection& connection, HttpResponse response,
                                                          Manner manner) {
  std::string out = head_of(response, manner.can_chunk, manner.keep_alive, config.clock());
  const bool with_body = !manner.head_only && !has_no_body(response.status);
  const bool follows = response.file || response.stream;
  if (with_body && !follows) out += response.body;
  auto written = co_await connection.stream.write(as_bytes(out), kWritePatience);
  if (!written || !with_body || !follows) co_return written;
  Result<void> sent;
  if (response.stream)
    sent = co_await write_stream(connection, response.stream, manner.can_chunk);
  else
    sent = co_await write_file(connection, *response.file);
  // The head has promised more: only a cut tells the client.
  if (!sent) connection.stream.abort();
  co_return sent;
}

Awaitable<Result<void>> HttpServer::Parts::write_file(Connection& connection, FileRange range) {
  Descriptor file;
  Bytes piece(std::min<uint64_t>(range.bytes, kFilePieceBytes));
  std::optional<Error> problem;
  while (range.bytes > 0) {
    size_t got = 0;
    const auto read_piece = [&] {
      if (!file) {
        auto opened = open_file(range.path, O_RDONLY);
        if (!opened) {
          problem = opened.error();
          return;
        }
        file = std::move(*opened);
      }
      const size_t wanted = std::min<uint64_t>(piece.size(), range.bytes);
      const ssize_t size = ::pread(file.get(), piece.data(), wanted, static_cast<off_t>(range.offset));
      if (size > 0) got = static_cast<size_t>(size);
      if (size <= 0)
        problem = Error{ErrorCode::kFailed, range.path, "is shorter than it was, or can't be read", ""};
    };
    co_await workers.run(read_piece);
    if (problem) {
      config.log("http: " + to_line(*problem));
      co_return fail(*problem);
    }
    auto written = co_await connection.stream.write(ByteView(piece).first(got), kWritePatience);
    if (!written) co_return written;
    range.offset += got;
    range.bytes -= got;
  }
  co_return Result<void>();
}

Awaitable<Result<void>> HttpServer::Parts::write_stream(Connection& connection, const HttpPieces& pieces,
                                                        bool chunked) {
  Result<std::string> piece;
  do {
    const auto make_piece = [&] { piece = pieces(); };
    co_await workers.run(make_piece);
    if (!piece) {
      config.log("http: " + to_line(piece.error()));
      co_return fail(piece.error());
    }
    std::string out = *piece;
    if (chunked) {
      std::array<char, 20> size{};
      std::snprintf(size.data(), size.size(), "%zx\r\n", piece->size());
      out = size.data() + *piece + "\r\n";
    }
    auto written = co_await connection.stream.write(as_bytes(out), kWritePatience);
    if (!written) co_return written;
  } while (!piece->empty());
  co_return Result<void>();
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
    if (connection.idle) connection.stream.abort();
  }
}

void HttpServer::stop() {
  drain();
  for (auto& connection : parts_->connections) connection.stream.abort();
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
