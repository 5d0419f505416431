// The HTTPS listener over loopback, asked by curl and by clients that misbehave.
#include "gateway/io/http_server.h"

#include <gtest/gtest.h>
#include <stdio.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "gateway/base/limits.h"
#include "gateway/io/asio.h"
#include "gateway/io/tls_stream.h"
#include "tests/unit/io/temporary_folder.h"
#include "tests/unit/io/test_certificates.h"

namespace hetao::io {
namespace {

using testing_support::slurp;
using testing_support::spill;

std::string run(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string out;
  char piece[4096];
  while (const size_t size = ::fread(piece, 1, sizeof piece, pipe)) out.append(piece, size);
  ::pclose(pipe);
  return out;
}

class TheHttpListener : public ::testing::Test {
 protected:
  TheHttpListener() {
    spill(folder_ / "ca.pem", region_.ca.certificate_pem);
    spill(folder_ / "big", std::string(3'000'000, 'b'));
    HttpServer::Config config;
    config.listen = {"127.0.0.1", 0};
    config.tls = testing_support::https_context(region_);
    config.clock = testing_support::wall_clock;
    config.log = [this](const std::string& line) { logged_ += line + "\n"; };
    config.handler = [this](HttpRequest request) { return answer(std::move(request)); };
    server_ = std::make_unique<HttpServer>(context_.get_executor(), workers_, std::move(config));
    const auto listening = server_->listen();
    EXPECT_TRUE(listening) << to_line(listening.error());
    server_->start();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~TheHttpListener() override {
    asio::post(context_, [this] { server_->stop(); });
    work_.reset();
    thread_.join();
    workers_.stop();
  }

  Awaitable<HttpResponse> answer(HttpRequest request) {
    ++handled_;
    HttpResponse response;
    response.headers = {{"Content-Type", "text/plain"}};
    if (request.path() == "/echo")
      response.body = request.method + " " + std::string(request.query()) + " " + request.body;
    if (request.path() == "/length") response.body = std::to_string(request.body.size());
    if (request.path() == "/who")
      response.body = request.client ? certs::to_uri(request.client->identity) : std::string("nobody");
    if (request.path() == "/file") response.file = FileRange{folder_ / "big", 1'000'000, 2'000'000};
    if (request.path() == "/stream") response.stream = pieces(100, false);
    if (request.path() == "/broken") response.stream = pieces(3, true);
    if (request.path() == "/gone") response.file = FileRange{folder_ / "nothing", 0, 10};
    if (request.path() == "/forge") response.headers.add("X-Forged", "a\r\nSet-Cookie: b");
    if (request.path() == "/refused") response.status = 403, response.reason = "rule \r\nx";
    if (request.path() == "/id") response.body = request.id;
    if (request.path() == "/sum" && request.incoming) {
      Bytes piece(1'000);
      uint64_t bytes = 0;
      while (true) {
        auto size = co_await request.incoming->read(piece);
        if (!size || *size == 0) break;
        bytes += *size;
      }
      response.body = std::to_string(bytes);
    }
    if (request.path() == "/unread" && request.incoming) response.status = 409;
    if (request.path() == "/live") {
      response.live = [](HttpOutgoing& out) -> Awaitable<void> {
        for (const char* piece : {"one ", "two ", "three"}) co_await out.write(piece);
      };
    }
    if (request.path() == "/throw") throw std::runtime_error("a secret");
    co_return response;
  }
  // Pieces of growing size, each of one letter.
  static HttpPieces pieces(size_t count, bool breaks) {
    return [made = size_t{0}, count, breaks]() mutable -> Result<std::string> {
      if (made == count && breaks) return fail(ErrorCode::kFailed, "pieces", "the disk is gone");
      if (made == count) return std::string();
      ++made;
      return std::string(made * 100, static_cast<char>('a' + made % 26));
    };
  }
  std::string url(const std::string& path) const {
    return "'https://127.0.0.1:" + std::to_string(server_->port()) + path + "'";
  }
  std::string curl(const std::string& arguments) const {
    return run("curl -sS --max-time 30 --cacert " + (folder_ / "ca.pem") + " " + arguments + " 2>&1");
  }
  // Sends raw bytes over TLS and answers all that comes back.
  std::string raw(const std::string& bytes) {
    asio::io_context own;
    std::string answer;
    asio::co_spawn(own, talk(own, bytes, answer), asio::detached);
    own.run();
    return answer;
  }
  Awaitable<void> talk(asio::io_context& own, std::string bytes, std::string& answer) {
    tcp::socket socket(own);
    co_await socket.async_connect({asio::ip::make_address("127.0.0.1"), server_->port()},
                                  asio::use_awaitable);
    const auto context = TlsContext::https_client(region_.ca.certificate_pem).value();
    TlsStream stream(std::move(socket), TlsEngine::client(context, {.server_name = "127.0.0.1"}));
    auto secured = co_await stream.handshake(Duration::seconds(10), testing_support::wall_clock);
    EXPECT_TRUE(secured) << to_line(secured.error());
    auto written = co_await stream.write(as_bytes(bytes), Duration::seconds(10));
    EXPECT_TRUE(written);
    uint8_t piece[4096];
    while (true) {
      auto size = co_await stream.read_some(piece, Duration::seconds(10));
      if (!size || *size == 0) break;
      answer.append(reinterpret_cast<const char*>(piece), *size);
    }
  }

  testing_support::TemporaryFolder folder_;
  testing_support::TestRegion region_{"shenzhen"};
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  Workers workers_{1};
  std::atomic<int> handled_{0};
  std::string logged_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

TEST_F(TheHttpListener, HandsOverRequestsAndWritesAnswers) {
  EXPECT_EQ(curl("-d 'a body' " + url("/echo?x=1&y=2")), "POST x=1&y=2 a body");
  EXPECT_EQ(curl("-X DELETE " + url("/echo")), "DELETE  ");
  const std::string head = curl("-I " + url("/echo"));
  EXPECT_NE(head.find("HTTP/1.1 200 OK"), std::string::npos) << head;
  EXPECT_NE(head.find("Date: "), std::string::npos);
  EXPECT_NE(head.find("Content-Length: "), std::string::npos);
}

TEST_F(TheHttpListener, KeepsAConnectionForManyRequests) {
  const std::string three =
      curl("-w '%{num_connects} ' " + url("/echo") + " " + url("/echo") + " " + url("/echo"));
  EXPECT_EQ(three, "GET  1 GET  0 GET  0 ");
  EXPECT_NE(raw("GET /echo HTTP/1.0\r\n\r\n").find("Connection: close"), std::string::npos);
}

TEST_F(TheHttpListener, TakesLargeBodiesAlsoWithExpectAndInChunks) {
  const std::string big = "--data-binary @" + (folder_ / "big") + " " + url("/length");
  EXPECT_EQ(curl("-H 'Expect: 100-continue' " + big), "3000000");
  EXPECT_EQ(curl("-H 'Transfer-Encoding: chunked' " + big), "3000000");
}

TEST_F(TheHttpListener, SendsPartsOfFiles) {
  curl("-o " + (folder_ / "got") + " " + url("/file"));
  EXPECT_EQ(slurp(folder_ / "got"), std::string(2'000'000, 'b'));
  EXPECT_NE(curl(url("/gone")).find("curl:"), std::string::npos) << "a cut, not an answer that looks whole";
}

TEST_F(TheHttpListener, SendsABodyThatIsMadeMeanwhile) {
  EXPECT_EQ(curl(url("/stream")).size(), 100U * 101 / 2 * 100);
  EXPECT_EQ(curl("--http1.0 " + url("/stream")).size(), 100U * 101 / 2 * 100);
  // The connection goes on after it; and an error is a cut, not an answer that looks whole.
  EXPECT_TRUE(curl(url("/stream") + " " + url("/echo")).ends_with("GET  "));
  EXPECT_NE(curl(url("/broken")).find("curl:"), std::string::npos);
  EXPECT_EQ(curl("-I " + url("/stream")).find("aaaa"), std::string::npos);
}

TEST_F(TheHttpListener, KnowsWhoseCertificateAClientShows) {
  const auto leaf = region_.issue("client", "alice");
  spill(folder_ / "alice.pem", leaf.certificate_pem);
  spill(folder_ / "alice.key", leaf.key_pem);
  EXPECT_EQ(curl(url("/who")), "nobody");
  EXPECT_EQ(
      curl("--cert " + (folder_ / "alice.pem") + " --key " + (folder_ / "alice.key") + " " + url("/who")),
      "spiffe://hetao/shenzhen/client/alice");
}

TEST_F(TheHttpListener, CutsOffClientsOfOtherRegions) {
  const testing_support::TestRegion other("hongkong");
  const auto leaf = other.issue("client", "mallory");
  spill(folder_ / "m.pem", leaf.certificate_pem);
  spill(folder_ / "m.key", leaf.key_pem);
  const int before = handled_;
  EXPECT_NE(curl("--cert " + (folder_ / "m.pem") + " --key " + (folder_ / "m.key") + " " + url("/who"))
                .find("curl:"),
            std::string::npos);
  EXPECT_EQ(handled_, before);
}

TEST_F(TheHttpListener, SpeaksNothingOlderThanTls13) {
  EXPECT_NE(curl("--tls-max 1.2 " + url("/who")).find("curl:"), std::string::npos);
}

TEST_F(TheHttpListener, HidesTheCauseOfAFailure) {
  const std::string answer = curl("-i " + url("/throw"));
  EXPECT_NE(answer.find("500 Internal Server Error"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("secret"), std::string::npos);
}

TEST_F(TheHttpListener, LetsNoAnswerForgeAHeader) {
  const std::string answer = curl("-i " + url("/forge")) + curl("-i " + url("/refused"));
  EXPECT_EQ(answer.find("Set-Cookie"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("\r\nx"), std::string::npos) << answer;
}

TEST_F(TheHttpListener, RefusesWhatIsTooLargeAndWhatIsNoRequest) {
  const int before = handled_;
  EXPECT_EQ(curl("-o /dev/null -w '%{http_code}' -H \"X: $(printf 'x%.0s' $(seq 1 40000))\" " + url("/echo")),
            "431");
  EXPECT_NE(raw("POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n").find("413 "),
            std::string::npos);
  for (const std::string bad :
       {"\r\n\r\n\r\n\r\n\x16\x03", "GET\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nA b: c\r\n\r\n", "GET / HTTP/1.1\r\nX: a\x01\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"})
    EXPECT_NE(raw(bad).find("HTTP/1.1 400"), std::string::npos) << bad;
  EXPECT_EQ(handled_, before);
}

TEST_F(TheHttpListener, LetsNobodySmuggleASecondRequest) {
  const std::string hidden = "GET /echo?hidden HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const std::string head :
       {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0x0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "GET /echo HTTP/1.1\r\n\r\n",
        "GET /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    const std::string answer = raw(head + hidden);
    EXPECT_EQ(answer.find("hidden"), std::string::npos) << head << answer;
    EXPECT_EQ(answer.find("HTTP/1.1 4") == 0 || answer.find("HTTP/1.1 501") == 0, true) << head << answer;
  }
  const std::string trailer =
      raw("POST /id HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: "
          "X-Request-Id\r\n\r\n"
          "0\r\nX-Request-Id: forged\r\n\r\n");
  EXPECT_EQ(trailer.find("forged"), std::string::npos) << "trailers are no headers";
}

TEST_F(TheHttpListener, SaysWhatIsWrongWithARequest) {
  const auto status = [&](const std::string& bytes) { return raw(bytes).substr(0, 12); };
  EXPECT_EQ(status("GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP/1.1 414");
  EXPECT_EQ(status("GET /" + std::string(70'000, 'a')), "HTTP/1.1 414");
  EXPECT_EQ(status("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), "HTTP/1.1 505");
  EXPECT_EQ(status("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: tea\r\n\r\n"),
            "HTTP/1.1 417");
  EXPECT_EQ(status("GET https://x/echo?a HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n"), "HTTP/1.1 200");
  EXPECT_EQ(status("PATCH /sum HTTP/1.1\r\nHost: x\r\nContent-Type: application/offset+octet-stream\r\n\r\n"),
            "HTTP/1.1 411");
}

TEST_F(TheHttpListener, TakesAPostWithoutALengthForOneWithoutABody) {
  const std::string both =
      raw("POST /echo HTTP/1.1\r\nHost: x\r\n\r\n"
          "GET /echo?next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(both.starts_with("HTTP/1.1 200")) << both;
  EXPECT_NE(both.find("next"), std::string::npos) << both;
}

TEST_F(TheHttpListener, GivesEveryRequestAnId) {
  EXPECT_EQ(curl("-H 'X-Request-Id: my-id.7' " + url("/id")), "my-id.7");
  EXPECT_NE(curl("-i -H 'X-Request-Id: my-id.7' " + url("/id")).find("X-Request-Id: my-id.7"),
            std::string::npos);
  EXPECT_EQ(curl("-H 'X-Request-Id: a b' " + url("/id")).substr(0, 2), "r-");
  EXPECT_NE(curl(url("/id")), curl(url("/id")));
  curl("-H 'X-Request-Id: broken-1' " + url("/throw"));
  EXPECT_NE(logged_.find("broken-1"), std::string::npos) << logged_;
}

TEST_F(TheHttpListener, HandsLargeBodiesOverPieceByPiece) {
  const std::string type = "-X PATCH -H 'Content-Type: application/offset+octet-stream' ";
  const std::string big = "--data-binary @" + (folder_ / "big") + " ";
  EXPECT_EQ(curl(type + big + url("/sum")), "3000000");
  EXPECT_EQ(curl(type + big + "-H 'Transfer-Encoding: chunked' " + url("/sum")), "3000000");
  EXPECT_EQ(curl(type + "-d '' " + url("/sum")), "0");
  // Who answers without reading ends the connection: the rest is no request.
  const std::string answer =
      raw("PATCH /unread HTTP/1.1\r\nHost: x\r\nContent-Type: "
          "application/offset+octet-stream\r\nContent-Length: 37\r\n\r\n"
          "GET /echo?hidden HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(answer.find("HTTP/1.1 409"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("hidden"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("100 Continue"), std::string::npos);
}

TEST_F(TheHttpListener, SendsAnswersForAsLongAsTheyAreMade) {
  EXPECT_EQ(curl(url("/live") + " " + url("/echo")), "one two threeGET  ");
  EXPECT_NE(curl("-i " + url("/live")).find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_EQ(curl("--http1.0 " + url("/live")), "one two three");
  EXPECT_EQ(curl("-I -o /dev/null -w '%{http_code}' " + url("/live")), "200");
}

TEST_F(TheHttpListener, AnswersRequestsThatComeInOnePieceOneAfterTheOther) {
  const std::string answer = raw(
      "GET /echo?1 HTTP/1.1\r\nHost: x\r\n\r\nGET /echo?2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const size_t first = answer.find("GET 1 ");
  const size_t second = answer.find("GET 2 ");
  EXPECT_NE(first, std::string::npos) << answer;
  EXPECT_NE(second, std::string::npos) << answer;
  EXPECT_LT(first, second);
}

TEST_F(TheHttpListener, SurvivesClientsThatLeaveAtAnyMoment) {
  for (int i = 0; i < 20; ++i) {
    asio::io_context own;
    tcp::socket socket(own);
    socket.connect({asio::ip::make_address("127.0.0.1"), server_->port()});
    const std::string part(static_cast<size_t>(i) * 7, '\x16');
    asio::write(socket, asio::buffer(part));
  }
  EXPECT_EQ(curl(url("/echo")), "GET  ");
}

}  // namespace
}  // namespace hetao::io
