// One client of the HTTPS listener: reads its requests one after the other, also those that came in one
// piece, and writes the answers. Parses with Beast over its own stream. Internal to http_server.cpp. Io
// thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/base/bytes.h"
#include "gateway/io/http_server.h"
#include "gateway/io/tls_stream.h"

namespace hetao::io {

class HttpConnection {
 public:
  HttpConnection(tcp::socket socket, std::unique_ptr<TlsEngine> engine, std::string address);

  TlsStream& stream() { return stream_; }
  const std::string& address() const { return address_; }
  bool is_idle() const { return idle_; }  // between two requests

  // What it takes of the server; outlives the call of serve().
  struct Surroundings {
    const HttpServer::Config& config;
    Workers& workers;
    HttpServerStats& stats;
    const bool& draining;
  };
  // Until the client, or the server, has enough.
  Awaitable<void> serve(Surroundings around);

 private:
  class Reading;
  class Caller;
  class Incoming;
  class Outgoing;

  Awaitable<bool> answer_one(Surroundings& around);
  void tell(bool taken);
  Awaitable<Result<bool>> read_head(Surroundings& around, Reading& reading);
  Awaitable<Result<void>> read_body(Surroundings& around, Reading& reading, std::string& body);
  Awaitable<Result<size_t>> read_piece(Reading& reading, std::span<uint8_t> into);
  Awaitable<void> let_finish(Surroundings& around, Reading& reading);
  Awaitable<Result<void>> fill(Duration patience);
  Awaitable<HttpResponse> ask_handler(Surroundings& around, HttpRequest request);
  Awaitable<void> refuse(Surroundings& around, int status, const std::string& id);
  Awaitable<Result<void>> write_response(Surroundings& around, HttpResponse response,
                                         const HttpRequest& facts, bool keep_alive);
  Awaitable<Result<void>> write_pieces(Surroundings& around, Outgoing& outgoing, const HttpPieces& pieces);
  Awaitable<Result<void>> write_file(Surroundings& around, FileRange range);

  TlsStream stream_;
  std::string address_;
  bool idle_ = true;
  std::function<void(bool)> told_;  // of the last answer, when it is not known yet whether it was taken
  Bytes buffer_;                    // what came and is not parsed yet stands at its beginning
  size_t filled_ = 0;
};

}  // namespace hetao::io
