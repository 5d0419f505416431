#include "gateway/io/peer_lanes.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <thread>

#include "gateway/io/give_way.h"
#include "gateway/io/socket_facts.h"
#include "gateway/tunnel/frame.h"

namespace hetao::io {

namespace {

constexpr uint32_t kLanesFar = 4;
// Between two numbers of lanes: TCP has to open its windows first.
constexpr int kNotesToSettle = 3;

}  // namespace

bool kernel_offers(const std::string& congestion_control) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const bool offers = use_congestion_control(socket, congestion_control);
  ::close(socket);
  return offers;
}

Instant lane_clock() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

struct LaneThreads::One {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
  std::thread thread{[this] {
    give_way();  // to control, when the processors are full
    context.run();
  }};
};

LaneThreads::LaneThreads(size_t threads) {
  for (size_t i = 0; i < threads; ++i) threads_.push_back(std::make_unique<One>());
}

LaneThreads::~LaneThreads() {
  stop();
}

asio::any_io_executor LaneThreads::next() {
  return threads_[turn_++ % threads_.size()]->context.get_executor();
}

void LaneThreads::stop() {
  for (const auto& one : threads_) one->context.stop();
  for (const auto& one : threads_) {
    if (one->thread.joinable()) one->thread.join();
  }
}

LaneChoice::LaneChoice(Link link) {
  const bool near = link.round_trip < kLongLink;
  grows_ = !near && !link.bbr;
  lanes_ = near ? static_cast<uint32_t>(std::min<size_t>(std::max<size_t>(link.threads, 1), kLanesFar))
                : kLanesFar;
}

void LaneChoice::note(uint64_t bytes, Duration time, bool busy) {
  if (!grows_ || !busy || time.micros <= 0) {
    settled_ = 0;
    return;
  }
  if (++settled_ < kNotesToSettle) return;
  settled_ = 0;
  const uint64_t rate = bytes * 1'000'000 / static_cast<uint64_t>(time.micros);
  // A fifth more for twice the lanes: less, and the link itself is what limits.
  const bool paid = rate >= best_rate_ + best_rate_ / 5;
  best_rate_ = std::max(best_rate_, rate);
  if (!paid || lanes_ >= limits::kLanesMax) {
    grows_ = false;
    return;
  }
  lanes_ = std::min(lanes_ * 2, limits::kLanesMax);
}

void prepare_socket(TlsStream& stream, const std::string& wanted) {
  const int socket = stream.native_handle();
  if (!wanted.empty()) {
    use_congestion_control(socket, wanted);
    return;
  }
  const auto facts = tcp_facts(socket);
  if (facts && facts->round_trip_min >= kLongLink) use_congestion_control(socket, "bbr");
}

bool has_first_frame(ByteView bytes) {
  if (bytes.size() < tunnel::kHeaderBytes) return false;
  const size_t length = get_u32(bytes);
  return length > limits::kControlPayloadBytesMax || bytes.size() >= tunnel::kHeaderBytes + length;
}

std::optional<tunnel::HelloFacts> first_hello(ByteView bytes) {
  if (!has_first_frame(bytes) || bytes[4] != static_cast<uint8_t>(tunnel::FrameType::kHello))
    return std::nullopt;
  const size_t length = get_u32(bytes);
  if (length > limits::kControlPayloadBytesMax) return std::nullopt;
  auto hello = tunnel::decode_hello(bytes.subspan(tunnel::kHeaderBytes, length));
  if (!hello) return std::nullopt;
  return std::move(*hello);
}

}  // namespace hetao::io
