// The TLS engine fed raw bytes in both roles, and two engines whose conversation is changed on the way. The
// first byte chooses: bit 0 the role, bit 1 whether a sound conversation goes first, the rest at which turn
// it is spoilt. Never crashes; never gives plaintext that no peer wrote.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/io/tls/pair.h"

namespace io = hetao::io;

namespace {

const io::testing::Cities& cities() {
  static const io::testing::Cities kCities;
  return kCities;
}

void feed_raw(io::TlsEngine& engine, hetao::ByteView input) {
  engine.handshake(io::testing::kNow);
  for (size_t at = 0; at < input.size();) {
    const size_t taken = engine.feed(input.subspan(at, std::min<size_t>(input.size() - at, 700)));
    at += taken;
    engine.handshake(io::testing::kNow);
    if (!io::testing::read_text(engine).empty()) std::abort();
    if (taken == 0) break;
  }
  engine.input_ended();
  engine.handshake(io::testing::kNow);
  (void)io::testing::read_text(engine);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const bool is_server = (data[0] & 1U) != 0;
  const unsigned spoilt_turn = data[0] >> 2U;
  const hetao::ByteView input(data + 1, size - 1);
  const auto client = io::TlsEngine::client(cities().hongkong, {.region = "shenzhen"});
  const auto server = io::TlsEngine::server(cities().shenzhen);
  io::TlsEngine& target = is_server ? *server : *client;
  if ((data[0] & 2U) == 0) {
    feed_raw(target, input);
    return 0;
  }
  client->handshake(io::testing::kNow);
  for (unsigned turn = 0; turn < spoilt_turn % 8; ++turn) {
    io::testing::carry(*client, *server);
    server->handshake(io::testing::kNow);
    io::testing::carry(*server, *client);
    client->handshake(io::testing::kNow);
  }
  feed_raw(target, input);
  return 0;
}
