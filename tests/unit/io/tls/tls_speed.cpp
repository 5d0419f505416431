// Prints what the engine does in memory, both ends on one thread: full mutual handshakes a second, and bulk
// bytes a second. Built with -DHETAO_BENCH=ON; not a test.
#include <cstdio>
#include <ctime>

#include "tests/unit/io/tls/pair.h"

namespace hetao::io {
namespace {

// Processor time, so that a busy machine doesn't change the answer.
double now_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double seconds_since(double start) {
  return now_seconds() - start;
}

void measure_handshakes(const testing::Cities& cities) {
  constexpr double kSeconds = 3;
  size_t count = 0;
  const auto start = now_seconds();
  while (seconds_since(start) < kSeconds) {
    const auto client = TlsEngine::client(cities.hongkong, {.region = "shenzhen"});
    const auto server = TlsEngine::server(cities.shenzhen);
    testing::shake_hands(*client, *server);
    HETAO_CHECK(client->state() == TlsState::kOpen && server->state() == TlsState::kOpen);
    ++count;
  }
  std::printf("handshakes, mutual, both ends on one core: %.0f/s\n",
              static_cast<double>(count) / seconds_since(start));
}

void measure_bulk(const testing::Cities& cities, size_t block) {
  const auto client = TlsEngine::client(cities.hongkong, {.region = "shenzhen"});
  const auto server = TlsEngine::server(cities.shenzhen);
  testing::shake_hands(*client, *server);
  const Bytes plaintext(block, 42);
  Bytes received(block);
  constexpr size_t kTotal = size_t{4} << 30U;
  double writing = 0;
  double reading = 0;
  for (size_t done = 0; done < kTotal;) {
    const auto before = now_seconds();
    const size_t taken = client->write(plaintext);
    writing += seconds_since(before);
    testing::carry(*client, *server);
    const auto between = now_seconds();
    size_t read = 0;
    while (read < taken) read += server->read(std::span(received).subspan(read));
    reading += seconds_since(between);
    done += taken;
  }
  const double total = static_cast<double>(kTotal) / 1e9;
  std::printf("bulk in blocks of %zu KiB: write %.2f GB/s, read %.2f GB/s, both on one core %.2f GB/s\n",
              block >> 10U, total / writing, total / reading, total / (writing + reading));
}

}  // namespace
}  // namespace hetao::io

int main() {
  const hetao::io::testing::Cities cities;
  hetao::io::measure_handshakes(cities);
  hetao::io::measure_bulk(cities, size_t{64} << 10U);
  hetao::io::measure_bulk(cities, size_t{256} << 10U);
  return 0;
}
