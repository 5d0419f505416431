#include "gateway/tunnel/hello.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "gateway/tunnel/wire_writer.h"
#include "proto/tunnel.pb.h"
#include "tests/unit/tunnel/pair.h"

namespace hetao::tunnel {
namespace {

using namespace testing;

HelloFacts full_hello() {
  HelloFacts facts = config_of(Role::kDialer).hello;
  facts.features = {"zstd"};
  facts.policy_digest = "sha256:00ff";
  facts.checkpoint = "hetao/hongkong\n12\nq6s=\n";
  facts.purpose = Purpose::kBulk;
  facts.lane = 2;
  facts.session = nonce_of(7);
  return facts;
}

TEST(Hello, SurvivesTheWire) {
  const auto back = decode_hello(encode_hello(full_hello()));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, full_hello());
}

TEST(Hello, FieldsOfANewerVersionAreIgnored) {
  Bytes wire = encode_hello(full_hello());
  const Bytes unknown = {0xfa, 0x01, 3, 'n', 'e', 'w'};  // field 31, bytes
  wire.insert(wire.end(), unknown.begin(), unknown.end());
  const auto back = decode_hello(wire);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, full_hello());
}

TEST(Hello, EachBrokenFieldIsNamed) {
  struct Case {
    void (*spoil)(pb::Hello&);
    const char* said;
    Reason reason = Reason::kProtocol;
  };
  const Case cases[] = {
      {[](pb::Hello& h) { h.set_version(0); }, "versions"},
      {[](pb::Hello& h) { h.set_version_min(9); }, "versions"},
      {[](pb::Hello& h) { h.set_version_min(0); }, "versions"},
      {[](pb::Hello& h) { h.set_region(""); }, "region"},
      {[](pb::Hello& h) { h.set_region("hong kong"); }, "region"},
      {[](pb::Hello& h) { h.set_gateway("a\nforged log line"); }, "gateway"},
      {[](pb::Hello& h) { h.set_gateway(std::string(129, 'a')); }, "gateway"},
      {[](pb::Hello& h) { h.set_software("a b"); }, "software"},
      {[](pb::Hello& h) { h.set_policy_digest("\x1b[31m"); }, "policy"},
      {[](pb::Hello& h) { h.add_features(""); }, "features"},
      {[](pb::Hello& h) {
         for (int i = 0; i < 65; ++i) h.add_features("f");
       },
       "features"},
      {[](pb::Hello& h) { h.set_checkpoint(std::string(20'000, 'a')); }, "checkpoint"},
      {[](pb::Hello& h) { h.set_nonce("short"); }, "nonce"},
      {[](pb::Hello& h) { h.set_nonce(std::string(32, '\0')); }, "nonce"},
      {[](pb::Hello& h) { h.set_session("short"); }, "session"},
      {[](pb::Hello& h) { h.set_purpose(pb::LANE_PURPOSE_UNSPECIFIED); }, "purpose"},
      {[](pb::Hello& h) { h.set_purpose(static_cast<pb::LanePurpose>(77)); }, "purpose"},
      {[](pb::Hello& h) { h.set_lane(0); }, "lane"},
      {[](pb::Hello& h) { h.set_purpose(pb::LANE_CONTROL); }, "lane"},
      {[](pb::Hello& h) { h.clear_limits(); }, "limits", Reason::kLimits},
      {[](pb::Hello& h) { h.mutable_limits()->set_frame_bytes_max(100); }, "frames", Reason::kLimits},
      {[](pb::Hello& h) { h.mutable_limits()->set_control_window_bytes(5'000); }, "window", Reason::kLimits},
      {[](pb::Hello& h) { h.mutable_limits()->set_session_window_bytes(5'000); }, "window", Reason::kLimits},
      {[](pb::Hello& h) { h.mutable_limits()->set_session_window_bytes(UINT64_MAX); }, "window",
       Reason::kLimits},
  };
  for (const Case& c : cases) {
    pb::Hello hello;
    const Bytes wire = encode_hello(full_hello());
    ASSERT_TRUE(hello.ParseFromArray(wire.data(), static_cast<int>(wire.size())));
    c.spoil(hello);
    const auto back = decode_hello(as_bytes(hello.SerializeAsString()));
    ASSERT_FALSE(back) << c.said;
    EXPECT_EQ(back.error().reason, c.reason) << c.said;
    EXPECT_NE(back.error().text.find(c.said), std::string::npos) << back.error().text;
  }
}

TEST(Hello, TranscriptDependsOnEveryByteOfBothHellosAndOnWhoDialled) {
  const Bytes a = {1, 2};
  const Bytes b = {3};
  EXPECT_NE(transcript_of(a, b), transcript_of(b, a));
  EXPECT_NE(transcript_of(Bytes{1, 2}, Bytes{3}), transcript_of(Bytes{1}, Bytes{2, 3}));
  EXPECT_EQ(transcript_of(a, b), transcript_of(a, b));
}

// The frames in golden/ are what version 1 writes, for ever: every later version reads them.
std::string golden(const std::string& name) {
  std::ifstream file(std::string(HETAO_SOURCE_DIR) + "/tests/unit/tunnel/golden/" + name + ".hex");
  std::string hex;
  for (std::string line; std::getline(file, line);)
    if (!line.starts_with("#")) hex += line;
  return hex;
}

TEST(GoldenFrames, VersionOneIsWrittenAndReadAsItAlwaysWas) {
  Config dialer = config_of(Role::kDialer);
  dialer.hello.features = {"zstd"};
  dialer.hello.policy_digest = "sha256:00ff";
  dialer.hello.checkpoint = "hetao/hongkong\n12\nq6s=\n";
  Pair pair(dialer);
  const auto expect_golden = [](const std::string& name, const Bytes& wire) {
    EXPECT_EQ(to_hex(wire), golden(name)) << name;
  };
  const auto hop = [&](const std::string& name, End& from, End& to) {
    const Bytes wire = drain(from.session, pair.now);
    expect_golden(name, wire);
    ASSERT_TRUE(to.session.receive(wire, pair.now)) << name;
    to.take_events();
  };
  hop("hello-dialer", pair.dialer, pair.acceptor);
  hop("hello-ready-acceptor", pair.acceptor, pair.dialer);
  hop("ready-dialer", pair.dialer, pair.acceptor);
  ASSERT_TRUE(pair.dialer.session.send_message(as_bytes("message")));
  hop("message", pair.dialer, pair.acceptor);
  const auto id = *pair.dialer.session.open_stream(as_bytes("header"), Priority::kBulk);
  pair.dialer.session.write_stream(id, as_bytes("data"));
  pair.dialer.session.end_stream(id);
  hop("open-data-end", pair.dialer, pair.acceptor);
  pair.acceptor.session.reset_stream(id, Reason::kNoSpace, "disk full");
  hop("reset", pair.acceptor, pair.dialer);
  pair.now = pair.now + Duration::seconds(limits::kPingSeconds);
  ASSERT_TRUE(pair.dialer.session.on_time(pair.now));
  hop("ping", pair.dialer, pair.acceptor);
  hop("pong", pair.acceptor, pair.dialer);
  pair.dialer.session.goodbye(Reason::kShuttingDown, "upgrade", pair.now);
  hop("goodbye", pair.dialer, pair.acceptor);
  hop("goodbye-answer", pair.acceptor, pair.dialer);
  EXPECT_EQ(pair.dialer.session.state(), Session::State::kFinished);
}

TEST(GoldenFrames, CreditIsWrittenAsItAlwaysWas) {
  WireWriter writer;
  Bytes number;
  put_u64(number, 0x0102030405060708);
  writer.add(Rank::kControl, FrameType::kCredit, 0, 3, number);
  writer.add(Rank::kControl, FrameType::kCreditAll, 0, 0, number);
  Bytes wire;
  for (const ByteView view : writer.plan(SIZE_MAX)) wire.insert(wire.end(), view.begin(), view.end());
  EXPECT_EQ(to_hex(wire), golden("credit"));
}

}  // namespace
}  // namespace hetao::tunnel
