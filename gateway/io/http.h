// HTTP/1.1 requests and responses as values, and the function that answers one. The server (http_server.h)
// owns sockets, TLS, parsing, limits and time; whoever answers sees only what stands here.
//
// Promises of the server: `method`, `target` and header names are well-formed tokens without control
// characters; `target` is in origin form and there is one Host (http_head.h); the body is complete and within
// the limit, or comes through `incoming`; header names compare without case. Source: RFC 9110, RFC 9112.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "certs/verify.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/io/awaitable.h"

namespace hetao::io {

class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);  // replaces every field of that name
  // The first field of that name; empty view when there is none (see has).
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  size_t count(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Bodies of this type may be larger than memory: the handler reads them piece by piece (RFC 9530's kin;
// tus 1.0).
inline constexpr std::string_view kStreamedType = "application/offset+octet-stream";

// A request's body on its way. A client that waits for "100 Continue" hears it at the first read.
class HttpIncoming {
 public:
  HttpIncoming() = default;
  HttpIncoming(const HttpIncoming&) = delete;
  HttpIncoming& operator=(const HttpIncoming&) = delete;
  virtual ~HttpIncoming() = default;

  // How much there is, if the client says it beforehand.
  virtual std::optional<uint64_t> length() const = 0;
  // The next bytes; 0: that was all. An error: the client is gone, silent, or sends no sound chunks.
  virtual Awaitable<Result<size_t>> read(std::span<uint8_t> into) = 0;
};

// An answer's body that is made while it is sent.
class HttpOutgoing {
 public:
  HttpOutgoing() = default;
  HttpOutgoing(const HttpOutgoing&) = delete;
  HttpOutgoing& operator=(const HttpOutgoing&) = delete;
  virtual ~HttpOutgoing() = default;

  // False: nobody listens any more.
  virtual Awaitable<bool> write(std::string_view bytes) = 0;
};

// Whoever asked, while the answer is being made.
class HttpCaller {
 public:
  HttpCaller() = default;
  HttpCaller(const HttpCaller&) = delete;
  HttpCaller& operator=(const HttpCaller&) = delete;
  virtual ~HttpCaller() = default;

  // Has ended or lost the connection: will hardly hear the answer.
  virtual bool has_left() const = 0;
};

struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // as sent: "/api/v1/jobs?state=RUNNING"
  HttpHeaders headers;
  std::string body;
  std::string remote_address;  // "127.0.0.1:40112", for logs
  std::optional<certs::PeerFacts>
      client;  // whom the client certificate proves; none was shown, or none is asked for
  Instant received;
  std::string id = {};                          // X-Request-Id: the client's own, or one that we made
  std::shared_ptr<HttpIncoming> incoming = {};  // instead of `body`, for kStreamedType; ends with the request
  std::shared_ptr<const HttpCaller> caller = {};  // null: nobody to be asked about

  // The target before '?', and after it; as sent, with percent-encoding.
  std::string_view path() const;
  std::string_view query() const;
};

// Bytes of a file on disk, sent without being loaded whole.
struct FileRange {
  std::string path;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  std::shared_ptr<void> keeper =
      {};  // whatever has to live until the bytes are sent, such as a temporary file
};

// A body that is made while it is sent: the next piece at each call, an empty one at the end. Called on
// another thread than the io thread, one call at a time; an error cuts the connection, so that the client
// sees that something is missing.
using HttpPieces = std::function<Result<std::string>()>;

// The server adds Date, Content-Length (or Transfer-Encoding: chunked), Connection and X-Request-Id, and
// leaves the body out for HEAD, 204 and 304.
struct HttpResponse {
  int status = 200;
  std::string reason = {};  // of the status line, visible ASCII; empty: http_reason(status)
  HttpHeaders headers;
  std::string body;
  std::optional<FileRange> file;  // instead of `body`
  HttpPieces stream = {};         // instead of both
  std::function<Awaitable<void>(HttpOutgoing&)> live =
      {};  // instead of all: on the io thread, for as long as it likes
  // Called once on the io thread, when it is known whether the client has taken the answer: not when it had
  // left before, or dropped the connection without reading it.
  std::function<void(bool taken)> told = {};
};

// Called on the io thread. What it throws becomes a 500 that says nothing of the cause; the cause is logged.
using HttpHandler = std::function<Awaitable<HttpResponse>(HttpRequest)>;

// "Not Found" for 404; "Unknown" for what RFC 9110 does not list.
std::string_view http_reason(int status);

}  // namespace hetao::io
