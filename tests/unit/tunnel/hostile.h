// A victim that plays the acceptor, and an attacker that dials it and has got through the first exchange
// honestly.
#pragma once

#include <gtest/gtest.h>

#include "proto/tunnel.pb.h"
#include "tests/unit/tunnel/pair.h"

namespace hetao::tunnel::testing {

struct Attack {
  explicit Attack(Config victim_config = config_of(Role::kAcceptor))
      : victim(std::move(victim_config), Role::kAcceptor),
        hello(encode_hello(config_of(Role::kDialer).hello)) {}

  End victim;
  Forger forge;
  Bytes hello;
  Instant now = kStart;

  Result<void> send(const Bytes& bytes) {
    auto ok = victim.session.receive(bytes, now);
    victim.take_events();
    return ok;
  }
  Result<void> send(FrameType type, uint8_t flags, StreamId stream, ByteView payload) {
    return send(forge.frame(type, flags, stream, payload));
  }

  // The frames that the victim has written.
  struct Frame {
    FrameHeader header;
    Bytes payload;
  };
  std::vector<Frame> answers() {
    const Bytes bytes = drain(victim.session, now);
    std::vector<Frame> frames;
    for (ByteView rest = bytes; !rest.empty();) {
      const FrameHeader header = decode_header(rest.first<kHeaderBytes>());
      const ByteView payload = rest.subspan(kHeaderBytes, header.length);
      frames.push_back({header, Bytes(payload.begin(), payload.end())});
      rest = rest.subspan(kHeaderBytes + header.length);
    }
    return frames;
  }

  void open_session() {
    ASSERT_TRUE(send(FrameType::kHello, 0, 0, hello));
    const auto frames = answers();
    ASSERT_EQ(frames.size(), 2U);
    ASSERT_TRUE(send(FrameType::kReady, 0, 0, encode_ready(1, transcript_of(hello, frames[0].payload))));
    ASSERT_TRUE(victim.seen.has("hello"));
  }

  static Bytes open_payload(std::string_view header = "x", pb::StreamPriority priority = pb::STREAM_BULK) {
    pb::StreamOpen open;
    open.set_priority(priority);
    open.set_header(std::string(header));
    const std::string text = open.SerializeAsString();
    return {text.begin(), text.end()};
  }
  static Bytes number(uint64_t n) {
    Bytes out;
    put_u64(out, n);
    return out;
  }

  // The session has to be broken for this reason, and has to say so to the peer.
  void expect_cut(const Result<void>& result, Reason reason) {
    EXPECT_FALSE(result);
    EXPECT_EQ(victim.session.state(), Session::State::kBroken);
    ASSERT_TRUE(victim.session.end_reason());
    EXPECT_EQ(to_word(victim.session.end_reason()->reason), std::string(to_word(reason)))
        << victim.session.end_reason()->text;
    const auto frames = answers();
    ASSERT_FALSE(frames.empty());
    EXPECT_TRUE(frames.back().header.is(FrameType::kGoodbye));
    EXPECT_TRUE(frames.back().header.has_end());
    pb::Goodbye goodbye;
    ASSERT_TRUE(
        goodbye.ParseFromArray(frames.back().payload.data(), static_cast<int>(frames.back().payload.size())));
    EXPECT_EQ(goodbye.reason(), static_cast<uint32_t>(reason));
    EXPECT_FALSE(goodbye.text().empty());
  }
};

}  // namespace hetao::tunnel::testing
