// HTTP/1.1 requests and responses as values, and the function that answers one. The server (http_server.h)
// owns sockets, TLS, parsing, limits and time; whoever answers sees only what stands here.
//
// Promises of the server: `method`, `target` and header names are well-formed tokens without control
// characters; the body is complete and within the limit; header names compare without case. Source: RFC 9110,
// RFC 9112.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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

struct HttpRequest {
  std::string method;  // "GET"
  std::string target;  // as sent: "/api/v1/jobs?state=RUNNING"
  HttpHeaders headers;
  std::string body;
  std::string remote_address;  // "127.0.0.1:40112", for logs
  std::optional<certs::PeerFacts>
      client;  // whom the client certificate proves; none was shown, or none is asked for
  Instant received;

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

// The server adds Date, Content-Length (or Transfer-Encoding: chunked) and Connection, and leaves the body
// out for HEAD, 204 and 304.
struct HttpResponse {
  int status = 200;
  std::string reason = {};  // of the status line, visible ASCII; empty: http_reason(status)
  HttpHeaders headers;
  std::string body;
  std::optional<FileRange> file;  // instead of `body`
  HttpPieces stream = {};         // instead of both
};

// Called on the io thread. What it throws becomes a 500 that says nothing of the cause; the cause is logged.
using HttpHandler = std::function<Awaitable<HttpResponse>(HttpRequest)>;

// "Not Found" for 404; "Unknown" for what RFC 9110 does not list.
std::string_view http_reason(int status);

}  // namespace hetao::io
