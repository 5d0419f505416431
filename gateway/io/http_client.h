// Outgoing HTTP to schedulers, over libcurl: TCP, TLS or a unix socket, connections kept open and shared by
// the calling threads, every call bounded in time and in bytes. Blocking; thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/platforms/http_call.h"

namespace hetao::io {

struct HttpClientConfig {
  std::string endpoint;  // "http://HOST:PORT", "https://HOST:PORT" or "unix:/PATH"
  std::string ca;        // file, for https; empty: the system's
  Duration patience = Duration::seconds(30);
  size_t bytes_max = size_t{512} << 20U;  // of an answer
};

class HttpClient {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // kUsage if the endpoint is none.
  static Result<std::unique_ptr<HttpClient>> open(HttpClientConfig config);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Never fails otherwise than by the reply's status 0. `body` goes as application/json. A request is never
  // repeated by itself.
  platforms::HttpReply send(const platforms::HttpCall& call, const Headers& headers);

  // For an answer without an end: `take` gets a 200's bytes as they come, until it answers false, `stop` is
  // set or `patience` is over. The reply's body is that of a refusal alone.
  using Take = std::function<bool(std::string_view)>;
  platforms::HttpReply stream(const platforms::HttpCall& call, const Headers& headers, const Take& take,
                              const std::atomic<bool>& stop, Duration patience);

 private:
  struct Handle;  // one connection
  struct Receiving;
  platforms::HttpReply carry_out(const platforms::HttpCall& call, const Headers& headers, Duration patience,
                                 Receiving& receiving);
  explicit HttpClient(HttpClientConfig config);
  std::unique_ptr<Handle> take();
  void give_back(std::unique_ptr<Handle> handle);

  HttpClientConfig config_;
  std::string base_;    // of URLs
  std::string socket_;  // path; empty: TCP
  std::mutex mutex_;
  std::vector<std::unique_ptr<Handle>> idle_;
};

}  // namespace hetao::io
