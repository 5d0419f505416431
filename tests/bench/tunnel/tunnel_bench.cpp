// The tunnel itself, measured: the product's own TlsStream and PeerLink over loopback or a link, without
// transfers. Two processes, as two gateways are; each lane has a thread of its own.
//
//   bench_tunnel serve PKI PORT CONTROL_PORT THREADS         accepts, takes all that comes; control on a
//   thread apart bench_tunnel bulk PKI HOST:PORT LANES STREAMS BYTES      sends so much; prints seconds
//   bench_tunnel control PKI HOST:PORT CONTROL_PORT SECONDS  64-byte messages beside bulk; p50 and p99 in us
//   bench_tunnel streams PKI HOST:PORT COUNT                 opens so many; bytes of memory at each end
//   bench_tunnel handshakes PKI HOST:PORT THREADS SECONDS    full mutual handshakes; how many a second
//
// PKI is a folder with shenzhen/ and hongkong/ as `hetao certs init` and `issue` make them. Not a test.
#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "certs/trust.h"
#include "gateway/base/check.h"
#include "gateway/io/peer_lanes.h"
#include "gateway/io/peer_link.h"

namespace hetao::io {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string slurp(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::shared_ptr<const TlsContext> context_of(const std::string& pki, const std::string& own) {
  auto trust = std::make_shared<certs::TrustStore>();
  for (const char* region : {"shenzhen", "hongkong"}) {
    const std::string folder = pki + "/" + region + "/";
    HETAO_CHECK(trust->pin_ca(region, slurp(folder + "ca.crt")).has_value());
    HETAO_CHECK(trust->add_crl(region, slurp(folder + "crl.pem")).has_value());
  }
  const std::string folder = pki + "/" + own + "/";
  return TlsContext::tunnel({slurp(folder + "gw-1.crt"), slurp(folder + "gw-1.key")}, trust).value();
}

tunnel::Config session_config(const std::string& own, const std::string& peer) {
  tunnel::Config config;
  config.hello.region = own;
  config.hello.gateway = "gw-1";
  config.hello.limits.streams_max = limits::kStreamsMax;
  HETAO_CHECK(RAND_bytes(config.hello.nonce.bytes.data(), 32) == 1);
  config.peer_region = peer;
  config.peer_gateway = "gw-1";
  return config;
}

size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  size_t all = 0;
  size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

// --- the side that accepts
// -----------------------------------------------------------------------------------------------------

class Sink : public StreamHandler {
 public:
  Sink(std::weak_ptr<PeerLink> link, tunnel::StreamId id) : link_(std::move(link)), id_(id) {}
  void on_data(ByteView bytes) override {
    if (const auto link = link_.lock()) link->consume(id_, bytes.size());
  }
  void on_end() override {
    if (const auto link = link_.lock()) link->end_stream(id_);
  }
  void on_reset(tunnel::Reason, const std::string&) override {}
  void on_writable() override {}
  void on_closed() override {}

 private:
  std::weak_ptr<PeerLink> link_;
  tunnel::StreamId id_;
};

PeerLink::Owner sink_owner() {
  PeerLink::Owner owner;
  owner.clock = lane_clock;
  owner.on_open = [](PeerLink&) {};
  owner.on_message = [](PeerLink& link, const Bytes& message) {
    link.message_done(message.size());
    if (message.size() == 8) {  // asks for our memory
      const std::string text = std::to_string(resident_bytes());
      (void)link.send_message(as_bytes(text));
    } else {
      (void)link.send_message(message);
    }
  };
  owner.on_stream = [](PeerLink& link, tunnel::StreamId id, ByteView) -> std::shared_ptr<StreamHandler> {
    return std::make_shared<Sink>(link.weak_from_this(), id);
  };
  owner.on_end = [](PeerLink&, const Error&) {};
  return owner;
}

Awaitable<void> serve_one(std::unique_ptr<TlsStream> stream) {
  auto secured = co_await stream->handshake(Duration::seconds(10), lane_clock);
  if (!secured) co_return;
  auto link = std::make_shared<PeerLink>(std::move(stream), session_config("hongkong", "shenzhen"),
                                         tunnel::Role::kAcceptor, sink_owner());
  co_await link->run();
}

// Without threads: on the acceptor's own.
Awaitable<void> accept_all(tcp::acceptor& acceptor, LaneThreads* threads,
                           std::shared_ptr<const TlsContext> tls) {
  while (true) {
    const auto on = threads == nullptr ? acceptor.get_executor() : threads->next();
    tcp::socket socket(on);
    auto [error] = co_await acceptor.async_accept(socket, as_value);
    if (error) continue;
    asio::co_spawn(on, serve_one(std::make_unique<TlsStream>(std::move(socket), TlsEngine::server(tls))),
                   asio::detached);
  }
}

int serve(const std::string& pki, uint16_t port, uint16_t control_port, size_t thread_count) {
  asio::io_context context{1};
  LaneThreads threads(thread_count);
  tcp::acceptor acceptor(context);
  tcp::acceptor control(context);
  HETAO_CHECK(bind_acceptor(acceptor, {"0.0.0.0", port}).has_value());
  HETAO_CHECK(bind_acceptor(control, {"0.0.0.0", control_port}).has_value());
  const auto tls = context_of(pki, "hongkong");
  asio::co_spawn(context, accept_all(acceptor, &threads, tls), asio::detached);
  asio::co_spawn(context, accept_all(control, nullptr, tls), asio::detached);
  context.run();
  return 0;
}

// --- the side that dials
// -------------------------------------------------------------------------------------------------------

struct Target {
  std::string host;
  std::string port;
  std::shared_ptr<const TlsContext> tls;
};

Awaitable<std::unique_ptr<TlsStream>> connect(Target to) {
  tcp::socket socket(co_await asio::this_coro::executor);
  const tcp::endpoint at(asio::ip::make_address(to.host), static_cast<uint16_t>(std::stoi(to.port)));
  auto [error] = co_await socket.async_connect(at, as_value);
  HETAO_CHECK(!error);
  auto stream =
      std::make_unique<TlsStream>(std::move(socket), TlsEngine::client(to.tls, {.region = "hongkong"}));
  auto secured = co_await stream->handshake(Duration::seconds(10), lane_clock);
  HETAO_CHECK(secured.has_value());
  co_return std::move(stream);
}

// Writes zeros' worth of bytes to one stream, frame by frame, as fast as it takes them.
class Source : public StreamHandler, public std::enable_shared_from_this<Source> {
 public:
  Source(std::weak_ptr<PeerLink> link, uint64_t bytes, std::function<void()> done)
      : link_(std::move(link)), left_(bytes), done_(std::move(done)) {}
  void begin(tunnel::StreamId id) {
    id_ = id;
    on_writable();
  }
  void on_data(ByteView) override {}
  void on_end() override {}
  void on_reset(tunnel::Reason, const std::string&) override { std::abort(); }
  void on_writable() override {
    const auto link = link_.lock();
    while (link && left_ > 0) {
      if (buffer_.empty()) {
        buffer_ = link->take_buffer();
        (void)buffer_.space();
        buffer_.set_size(std::min<uint64_t>(left_, buffer_.capacity()));
      }
      const size_t taken = link->write_stream(id_, buffer_);
      left_ -= taken;
      if (!buffer_.empty()) return;
    }
    if (link && !ended_) link->end_stream(id_);
    ended_ = true;
  }
  void on_closed() override { done_(); }

 private:
  std::weak_ptr<PeerLink> link_;
  tunnel::StreamId id_ = 0;
  uint64_t left_;
  tunnel::FrameBuffer buffer_;
  bool ended_ = false;
  std::function<void()> done_;
};

PeerLink::Owner dial_owner(std::function<void(PeerLink&)> on_open) {
  PeerLink::Owner owner = sink_owner();
  owner.on_open = std::move(on_open);
  return owner;
}

void open_source(PeerLink& link, uint64_t bytes, std::function<void()> done) {
  const auto source = std::make_shared<Source>(link.weak_from_this(), bytes, std::move(done));
  source->begin(link.open_stream({}, tunnel::Priority::kBulk, source).value());
}

Awaitable<void> run_lane(Target to, PeerLink::Owner owner) {
  auto stream = co_await connect(std::move(to));
  prepare_socket(*stream, "");
  auto link = std::make_shared<PeerLink>(std::move(stream), session_config("shenzhen", "hongkong"),
                                         tunnel::Role::kDialer, std::move(owner));
  co_await link->run();
}

int bulk(const Target& to, size_t lanes, size_t streams, uint64_t bytes) {
  asio::io_context context{1};
  const auto work = asio::make_work_guard(context);
  LaneThreads threads(lanes);
  size_t open = 0;
  size_t done = 0;
  std::vector<std::shared_ptr<PeerLink>> links;
  Clock::time_point began;
  double took = 0;
  const auto one_done = [&] {
    asio::post(context, [&] {
      if (++done == streams) took = seconds_since(began), context.stop();
    });
  };
  const auto start = [&] {
    began = Clock::now();
    for (size_t i = 0; i < streams; ++i)
      links[i % lanes]->post([&, share = bytes / streams](PeerLink& l) { open_source(l, share, one_done); });
  };
  for (size_t i = 0; i < lanes; ++i) {
    asio::co_spawn(threads.next(), run_lane(to, dial_owner([&](PeerLink& link) {
                                              asio::post(context, [&, self = link.shared_from_this()] {
                                                links.push_back(self);
                                                if (++open == lanes) start();
                                              });
                                            })),
                   asio::detached);
  }
  context.run();
  std::printf("%.6f\n", took);
  threads.stop();
  return 0;
}

// Control has its own connection and thread; bulk saturates the rest.
int control(const Target& to, Target control_to, int seconds) {
  LaneThreads bulk_threads(2);
  for (int i = 0; i < 2; ++i)
    asio::co_spawn(bulk_threads.next(),
                   run_lane(to, dial_owner([](PeerLink& l) { open_source(l, uint64_t{1} << 50U, [] {}); })),
                   asio::detached);
  asio::io_context context{1};
  std::vector<int64_t> micros;
  Clock::time_point sent;
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  const Bytes message(64, 7);
  asio::steady_timer pause(context);
  PeerLink::Owner owner = dial_owner([&](PeerLink& link) {
    sent = Clock::now();
    (void)link.send_message(message);
  });
  owner.on_message = [&](PeerLink& link, const Bytes& answer) {
    micros.push_back(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - sent).count());
    link.message_done(answer.size());
    if (Clock::now() > end) return context.stop();
    pause.expires_after(std::chrono::milliseconds(2));
    pause.async_wait([&, self = link.shared_from_this()](const boost::system::error_code&) {
      sent = Clock::now();
      (void)self->send_message(message);
    });
  };
  asio::co_spawn(context, run_lane(std::move(control_to), std::move(owner)), asio::detached);
  context.run();
  std::sort(micros.begin(), micros.end());
  std::printf("%lld %lld %zu\n", static_cast<long long>(micros[micros.size() / 2]),
              static_cast<long long>(micros[micros.size() * 99 / 100]), micros.size());
  std::fflush(stdout);
  std::_Exit(0);  // the bulk goes on for ever
}

int streams(const Target& to, size_t count) {
  asio::io_context context{1};
  size_t before = 0;
  size_t theirs_before = 0;
  size_t asked = 0;
  PeerLink::Owner owner = dial_owner([&](PeerLink& link) {
    before = resident_bytes();
    (void)link.send_message(Bytes(8));
  });
  owner.on_message = [&](PeerLink& link, const Bytes& answer) {
    link.message_done(answer.size());
    const size_t theirs = std::stoull(std::string(as_text(answer)));
    if (asked++ == 0) {
      theirs_before = theirs;
      for (size_t i = 0; i < count; ++i) {
        auto sink = std::make_shared<Sink>(link.weak_from_this(), 0);
        const auto id = link.open_stream({}, tunnel::Priority::kBulk, sink);
        HETAO_CHECK(id.has_value());
        const Bytes some(512, 1);  // each is in use
        HETAO_CHECK(link.write_stream(*id, some) <= some.size());
      }
    }
    if (asked == 20) {  // all that was opened has long gone before
      std::printf("%zu %zu %u\n", resident_bytes() - before, theirs - theirs_before,
                  link.session().stats().streams_open);
      return context.stop();
    }
    (void)link.send_message(Bytes(8));
  };
  asio::co_spawn(context, run_lane(to, std::move(owner)), asio::detached);
  context.run();
  return 0;
}

Awaitable<void> shake_hands(Target to, Clock::time_point end, size_t& count) {
  while (Clock::now() < end) {
    auto stream = co_await connect(to);
    ++count;
    stream->abort();
  }
}

int handshakes(const Target& to, size_t threads, int seconds) {
  std::vector<size_t> counts(threads);
  std::vector<std::thread> running;
  const auto began = Clock::now();
  for (size_t i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      asio::io_context context{1};
      for (int each = 0; each < 4; ++each)
        asio::co_spawn(context, shake_hands(to, began + std::chrono::seconds(seconds), counts[i]),
                       asio::detached);
      context.run();
    });
  }
  for (auto& one : running) one.join();
  size_t total = 0;
  for (const size_t one : counts) total += one;
  std::printf("%.1f\n", static_cast<double>(total) / seconds_since(began));
  return 0;
}

int run(const std::vector<std::string>& words) {
  const std::string& what = words.at(0);
  if (what == "serve")
    return serve(words.at(1), static_cast<uint16_t>(std::stoi(words.at(2))),
                 static_cast<uint16_t>(std::stoi(words.at(3))), std::stoul(words.at(4)));
  const size_t colon = words.at(2).rfind(':');
  const Target to{words[2].substr(0, colon), words[2].substr(colon + 1), context_of(words[1], "shenzhen")};
  if (what == "bulk")
    return bulk(to, std::stoul(words.at(3)), std::stoul(words.at(4)), std::stoull(words.at(5)));
  if (what == "control") return control(to, {to.host, words.at(3), to.tls}, std::stoi(words.at(4)));
  if (what == "streams") return streams(to, std::stoul(words.at(3)));
  if (what == "handshakes") return handshakes(to, std::stoul(words.at(3)), std::stoi(words.at(4)));
  return 2;
}

}  // namespace
}  // namespace hetao::io

int main(int count, char** words) {
  if (count < 4) return std::fprintf(stderr, "usage: see tests/bench/tunnel/tunnel_bench.cpp\n"), 2;
  return hetao::io::run({words + 1, words + count});
}
