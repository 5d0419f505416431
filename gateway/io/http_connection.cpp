#include "gateway/io/http_connection.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <charconv>
#include <utility>

#include "gateway/base/access_limits.h"
#include "gateway/base/text.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/http_answer.h"
#include "gateway/io/http_head.h"
#include "gateway/io/random_number.h"
#include "gateway/io/socket_facts.h"

namespace hetao::io {

namespace http = boost::beast::http;

namespace {

constexpr size_t kReadBytes = size_t{64} << 10U;
constexpr size_t kFilePieceBytes = size_t{512} << 10U;
constexpr uint64_t kDroppedBytesMax = uint64_t{16} << 20U;
constexpr Duration kDroppedPatience = Duration::seconds(5);
constexpr Duration kWritePatience = Duration::seconds(limits::kHttpWriteSecondsMax);

tl::unexpected<Error> gone() {
  return fail(ErrorCode::kUnreachable, "http", "the client is gone");
}

// A request that can't be taken: the status travels as the error's `what`.
tl::unexpected<Error> refusal(int status) {
  return fail(ErrorCode::kUsage, std::to_string(status), "no request that can be taken");
}

int status_of(const Error& error) {
  return error.code == ErrorCode::kUsage ? std::stoi(error.what) : 0;
}

std::string request_id(const HttpRequest& request) {
  const std::string_view given = request.headers.get("X-Request-Id");
  if (is_request_id(given) && request.headers.count("X-Request-Id") == 1) return std::string(given);
  const uint64_t number = (uint64_t{random_number()} << 32U) | random_number();
  std::array<char, 17> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, 16).ptr;
  return "r-" + std::string(text.data(), end);
}

}  // namespace

// One request while it is being read.
class HttpConnection::Reading {
 public:
  Reading() {
    parser.header_limit(limits::kHttpHeadBytesMax);
    // Bodies are bounded by whoever reads them.
    parser.body_limit(boost::none);
  }

  std::optional<uint64_t> length() const {
    const auto told = parser.content_length();
    return told ? std::optional<uint64_t>(*told) : std::nullopt;
  }

  http::request_parser<http::buffer_body> parser;
  HttpRequest request;
  Instant began;
  bool wants_continue = false;
  bool broken = false;  // what follows can't be told from this request's body
};

// For the handler; may outlive the connection.
class HttpConnection::Caller final : public HttpCaller {
 public:
  explicit Caller(HttpConnection& connection) : connection_(&connection) {}

  bool has_left() const override {
    return connection_ == nullptr || tcp_peer(connection_->stream_.native_handle()) != TcpPeer::kThere;
  }
  void end() { connection_ = nullptr; }

 private:
  HttpConnection* connection_;
};

class HttpConnection::Incoming final : public HttpIncoming {
 public:
  Incoming(HttpConnection& connection, Reading& reading) : connection_(&connection), reading_(&reading) {}

  std::optional<uint64_t> length() const override {
    return connection_ == nullptr ? std::nullopt : reading_->length();
  }
  Awaitable<Result<size_t>> read(std::span<uint8_t> into) override {
    if (connection_ == nullptr) co_return gone();
    auto size = co_await connection_->read_piece(*reading_, into);
    co_return size;
  }
  // The request is answered: whoever kept this reads nothing more.
  void end() { connection_ = nullptr; }

 private:
  HttpConnection* connection_;
  Reading* reading_;
};

// Chunks for a client that knows them; else the end of the connection is the end of the body.
class HttpConnection::Outgoing final : public HttpOutgoing {
 public:
  Outgoing(TlsStream& stream, bool chunked) : stream_(stream), chunked_(chunked) {}

  Awaitable<bool> write(std::string_view bytes) override {
    if (broken_ || bytes.empty()) co_return !broken_;
    std::string framed(bytes);
    if (chunked_) {
      std::array<char, 16> size{};
      const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
      framed = std::string(size.data(), end) + "\r\n" + framed + "\r\n";
    }
    auto written = co_await stream_.write(as_bytes(framed), kWritePatience);
    broken_ = !written;
    co_return !broken_;
  }
  Awaitable<bool> finish() {
    if (broken_ || !chunked_) co_return !broken_;
    auto written = co_await stream_.write(as_bytes("0\r\n\r\n"), kWritePatience);
    co_return written.has_value();
  }

 private:
  TlsStream& stream_;
  bool chunked_;
  bool broken_ = false;
};

HttpConnection::HttpConnection(tcp::socket socket, std::unique_ptr<TlsEngine> engine, std::string address)
    : stream_(std::move(socket), std::move(engine)), address_(std::move(address)), buffer_(kReadBytes) {}

Awaitable<void> HttpConnection::serve(Surroundings around) {
  bool more = true;
  while (more && !around.draining) more = co_await answer_one(around);
  tell(tcp_peer(stream_.native_handle()) != TcpPeer::kReset);
}

void HttpConnection::tell(bool taken) {
  if (auto told = std::exchange(told_, nullptr)) told(taken);
}

// False: the connection ends.
Awaitable<bool> HttpConnection::answer_one(Surroundings& around) {
  Reading reading;
  auto complete = co_await read_head(around, reading);
  if (complete && !*complete) co_return false;
  HttpRequest& request = reading.request;
  const bool keep_alive = complete && reading.parser.get().keep_alive();
  std::shared_ptr<Incoming> incoming;
  if (complete && request.headers.get("Content-Type") == kStreamedType) {
    incoming = std::make_shared<Incoming>(*this, reading);
    request.incoming = incoming;
  } else if (complete) {
    auto read = co_await read_body(around, reading, request.body);
    if (!read) complete = fail(read.error());
  }
  if (!complete) {
    const int status = status_of(complete.error());
    if (status != 0) co_await refuse(around, status, request.id);
    co_return false;
  }
  ++around.stats.requests;
  idle_ = false;
  const HttpRequest facts{request.method, request.target, {}, {}, {}, {}, {}, request.id, {}};
  const bool is_old = reading.parser.get().version() < 11;
  const auto caller = std::make_shared<Caller>(*this);
  request.caller = caller;
  HttpResponse response = co_await ask_handler(around, std::move(request));
  if (incoming) incoming->end();
  told_ = std::move(response.told);
  if (told_ && caller->has_left()) tell(false);
  caller->end();
  // What the handler left of the body would be read as the next request.
  const bool is_clean = reading.parser.is_done() && !reading.broken;
  const bool ends_by_closing = (response.stream || response.live) && is_old;
  const bool stays = keep_alive && is_clean && !ends_by_closing && !around.draining;
  auto written = co_await write_response(around, std::move(response), facts, stays);
  if (!written) tell(false);
  if (written && !is_clean) co_await let_finish(around, reading);
  idle_ = true;
  const bool goes_on = written && stays;
  co_return goes_on;
}

// Who is still sending would not hear the answer if we hung up at once: a little more is read, and dropped.
Awaitable<void> HttpConnection::let_finish(Surroundings& around, Reading& reading) {
  if (reading.wants_continue || reading.broken) co_return;
  Bytes dropped(kReadBytes);
  uint64_t bytes = 0;
  const Instant began = around.config.clock();
  while (bytes < kDroppedBytesMax && around.config.clock() - began < kDroppedPatience) {
    auto size = co_await read_piece(reading, dropped);
    if (!size || *size == 0) co_return;
    bytes += *size;
  }
}

Awaitable<Result<void>> HttpConnection::fill(Duration patience) {
  auto size = co_await stream_.read_some(std::span(buffer_).subspan(filled_), patience);
  if (!size || *size == 0) co_return gone();
  filled_ += *size;
  co_return Result<void>();
}

// False: the client ended between two requests.
Awaitable<Result<bool>> HttpConnection::read_head(Surroundings& around, Reading& reading) {
  auto& parser = reading.parser;
  bool some = filled_ > 0;
  bool has_line = false;
  while (!parser.is_header_done()) {
    if (some) {
      const Instant now = around.config.clock();
      if (reading.began.micros == 0) reading.began = now;
      if (now - reading.began > Duration::seconds(limits::kHttpHeadSecondsMax)) co_return refusal(408);
      boost::system::error_code error;
      const size_t used = parser.put(asio::const_buffer(buffer_.data(), filled_), error);
      if (error == http::error::header_limit)
        co_return refusal(has_line ? 431 : status_of_long_head(as_text(ByteView(buffer_).first(filled_))));
      has_line = has_line || used > 0;  // the parser takes whole lines
      if (error && error != http::error::need_more)
        co_return refusal(error == http::error::bad_version ? 505 : 400);
      std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(used),
                buffer_.begin() + static_cast<std::ptrdiff_t>(filled_), buffer_.begin());
      filled_ -= used;
      if (parser.is_header_done()) break;
      if (filled_ == buffer_.size()) co_return refusal(431);
    }
    const int64_t patience = some ? limits::kHttpHeadSecondsMax : limits::kHttpIdleSecondsMax;
    auto more = co_await fill(Duration::seconds(patience));
    if (!more && !some) co_return false;
    if (!more) co_return fail(more.error());
    tell(true);
    some = true;
  }
  const auto& message = parser.get();
  HttpRequest& request = reading.request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message)
    request.headers.add(std::string(field.name_string()), std::string(field.value()));
  request.remote_address = stream_.remote();
  request.client = stream_.engine().peer();
  request.received = around.config.clock();
  request.id = request_id(request);
  const HttpHeadFacts facts{message.version(), parser.chunked(), parser.content_length().has_value()};
  if (const int status = judge_head(request, facts); status != 0) co_return refusal(status);
  reading.wants_continue = request.headers.has("Expect") && !parser.is_done();
  parser.eager(true);
  co_return true;
}

// The next bytes of the body; 0: that was all.
Awaitable<Result<size_t>> HttpConnection::read_piece(Reading& reading, std::span<uint8_t> into) {
  auto& parser = reading.parser;
  if (reading.wants_continue) {
    reading.wants_continue = false;
    auto told = co_await stream_.write(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"), kWritePatience);
    if (!told) co_return gone();
  }
  auto& body = parser.get().body();
  while (!parser.is_done()) {
    if (filled_ == 0) {
      auto more = co_await fill(Duration::seconds(limits::kUploadStallSecondsMax));
      if (!more) reading.broken = true;
      if (!more) co_return fail(more.error());
    }
    body.data = into.data();
    body.size = into.size();
    boost::system::error_code error;
    const size_t used = parser.put(asio::const_buffer(buffer_.data(), filled_), error);
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(used),
              buffer_.begin() + static_cast<std::ptrdiff_t>(filled_), buffer_.begin());
    filled_ -= used;
    if (error && error != http::error::need_more && error != http::error::need_buffer) {
      reading.broken = true;
      co_return refusal(400);
    }
    const size_t got = into.size() - body.size;
    if (got > 0) co_return got;
    if (error != http::error::need_more) continue;
    if (filled_ == buffer_.size()) {
      reading.broken = true;
      co_return refusal(431);
    }
    auto more = co_await fill(Duration::seconds(limits::kUploadStallSecondsMax));
    if (!more) reading.broken = true;
    if (!more) co_return fail(more.error());
  }
  co_return size_t{0};
}

Awaitable<Result<void>> HttpConnection::read_body(Surroundings& around, Reading& reading, std::string& body) {
  const auto told = reading.length();
  if (told && *told > limits::kHttpBodyBytesMax) co_return refusal(413);
  Bytes piece(reading.parser.is_done() ? 0 : kReadBytes);
  const Instant began = around.config.clock();
  while (!reading.parser.is_done()) {
    auto size = co_await read_piece(reading, piece);
    if (!size) co_return fail(size.error());
    if (body.size() + *size > limits::kHttpBodyBytesMax) co_return refusal(413);
    body.append(reinterpret_cast<const char*>(piece.data()), *size);
    if (around.config.clock() - began > Duration::seconds(limits::kHttpBodySecondsMax))
      co_return refusal(408);
  }
  co_return Result<void>();
}

Awaitable<HttpResponse> HttpConnection::ask_handler(Surroundings& around, HttpRequest request) {
  const std::string what =
      "http: " + request.id + ": " + request.method + " " + printable(std::string(request.path())) + ": ";
  std::optional<HttpResponse> response;
  try {
    response = co_await around.config.handler(std::move(request));
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) throw;
    around.config.log(what + e.what());
  } catch (const std::exception& e) {
    around.config.log(what + e.what());
  }
  if (!response) response = plain_error(500);
  if (response->status >= 500) around.config.log(what + std::to_string(response->status));
  co_return std::move(*response);
}

Awaitable<void> HttpConnection::refuse(Surroundings& around, int status, const std::string& id) {
  HttpRequest facts;
  facts.id = id;
  HttpResponse response = plain_error(status);
  auto written = co_await write_response(around, std::move(response), facts, false);
  (void)written;
}

Awaitable<Result<void>> HttpConnection::write_response(Surroundings& around, HttpResponse response,
                                                       const HttpRequest& facts, bool keep_alive) {
  if (!facts.id.empty() && !response.headers.has("X-Request-Id"))
    response.headers.add("X-Request-Id", facts.id);
  const bool with_body = facts.method != "HEAD" && !has_no_body(response.status);
  const bool unknown_length = response.stream || response.live;
  BodyFraming framing = BodyFraming::kLength;
  if (unknown_length) framing = keep_alive ? BodyFraming::kChunks : BodyFraming::kUntilClosed;
  const uint64_t bytes = response.file ? response.file->bytes : response.body.size();
  std::string out = head_of(response, framing, bytes, keep_alive, around.config.clock());
  if (with_body && !response.file && !unknown_length) out += response.body;
  auto written = co_await stream_.write(as_bytes(out), kWritePatience);
  if (!written || !with_body) co_return written;
  Result<void> sent;
  if (response.live || response.stream) {
    Outgoing outgoing(stream_, framing == BodyFraming::kChunks);
    if (response.live)
      co_await response.live(outgoing);
    else
      sent = co_await write_pieces(around, outgoing, response.stream);
    if (sent) {
      const bool whole = co_await outgoing.finish();
      if (!whole) sent = gone();
    }
  } else if (response.file) {
    sent = co_await write_file(around, *response.file);
  }
  // The head has promised more: only a cut tells the client.
  if (!sent) stream_.abort();
  co_return sent;
}

Awaitable<Result<void>> HttpConnection::write_pieces(Surroundings& around, Outgoing& outgoing,
                                                     const HttpPieces& pieces) {
  while (true) {
    Result<std::string> piece;
    const auto make_piece = [&] { piece = pieces(); };
    co_await around.workers.run(make_piece);
    if (!piece) {
      around.config.log("http: " + to_line(piece.error()));
      co_return fail(piece.error());
    }
    if (piece->empty()) co_return Result<void>();
    const bool taken = co_await outgoing.write(*piece);
    if (!taken) co_return gone();
  }
}

Awaitable<Result<void>> HttpConnection::write_file(Surroundings& around, FileRange range) {
  Descriptor file;
  Bytes piece(std::min<uint64_t>(range.bytes, kFilePieceBytes));
  std::optional<Error> problem;
  while (range.bytes > 0) {
    size_t got = 0;
    const auto read_one = [&] {
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
    co_await around.workers.run(read_one);
    if (problem) {
      around.config.log("http: " + to_line(*problem));
      co_return fail(*problem);
    }
    auto written = co_await stream_.write(ByteView(piece).first(got), kWritePatience);
    if (!written) co_return written;
    range.offset += got;
    range.bytes -= got;
  }
  co_return Result<void>();
}

}  // namespace hetao::io
