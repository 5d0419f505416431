// Peers that break the rules or bend them: each ends in a stated reason, within a stated cost.
#include "tests/unit/tunnel/hostile.h"

#include <gtest/gtest.h>

namespace hetao::tunnel {
namespace {

using namespace testing;

TEST(HostilePeer, ReplayedHelloOfAnOldSessionIsRefused) {
  // The whole talk of a peer in an old session, recorded.
  Config victim = config_of(Role::kAcceptor);
  Attack old_session(victim);
  old_session.open_session();
  const Bytes old_ready = encode_ready(1, old_session.victim.session.agreed().session);
  // Played again to a new session of the same gateway.
  victim.hello.nonce = nonce_of(42);
  Attack replay(victim);
  ASSERT_TRUE(replay.send(FrameType::kHello, 0, 0, replay.hello));
  replay.answers();
  replay.expect_cut(replay.send(FrameType::kReady, 0, 0, old_ready), Reason::kReplay);
}

TEST(HostilePeer, SecondHelloIsRefused) {
  Attack attack;
  attack.open_session();
  attack.expect_cut(attack.send(FrameType::kHello, 0, 0, attack.hello), Reason::kReplay);
}

TEST(HostilePeer, AnythingBeforeTheHelloIsRefused) {
  for (uint8_t type = 2; type < 140; ++type) {
    Attack attack;
    const auto result =
        attack.send(attack.forge.raw(type, 0, type == 4 || type == 5 || type == 6 ? 1 : 0, pattern(8)));
    EXPECT_FALSE(result) << int{type};
    EXPECT_EQ(attack.victim.session.state(), Session::State::kBroken);
  }
}

TEST(HostilePeer, DataBeforeReadyIsRefused) {
  Attack attack;
  ASSERT_TRUE(attack.send(FrameType::kHello, 0, 0, attack.hello));
  attack.expect_cut(attack.send(FrameType::kMessage, kFlagEnd, 0, pattern(5)), Reason::kProtocol);
}

TEST(HostilePeer, GarbageIsRefusedAtOnce) {
  Attack attack;
  attack.expect_cut(attack.send(Bytes{'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P', '/', '1', '.', '1'}),
                    Reason::kProtocol);
}

TEST(HostilePeer, FrameReplayedFromEarlierIsRefused) {
  Attack attack;
  attack.open_session();
  const Bytes frame = attack.forge.frame(FrameType::kMessage, kFlagEnd, 0, pattern(5));
  ASSERT_TRUE(attack.send(frame));
  attack.expect_cut(attack.send(frame), Reason::kReplay);
}

TEST(HostilePeer, GiantLengthCostsNothing) {
  Attack attack;
  attack.open_session();
  Bytes head(kHeaderBytes);
  encode_header({.length = 0xffffffff, .type = 5, .flags = 0, .sequence = attack.forge.sequence, .stream = 1},
                std::span<uint8_t, kHeaderBytes>(head.data(), kHeaderBytes));
  attack.expect_cut(attack.send(head), Reason::kFrameTooLarge);
}

TEST(HostilePeer, DataBeyondTheStreamsCreditIsRefused) {
  Config victim = config_of(Role::kAcceptor);
  victim.hello.limits.stream_window_bytes = 10'000;
  Attack attack(victim);
  attack.victim.consume_data = false;
  attack.open_session();
  ASSERT_TRUE(attack.send(FrameType::kOpen, 0, 1, Attack::open_payload()));
  ASSERT_TRUE(attack.send(FrameType::kData, 0, 1, pattern(10'000)));
  attack.expect_cut(attack.send(FrameType::kData, 0, 1, pattern(1)), Reason::kCredit);
  EXPECT_EQ(attack.victim.seen.data[1].size(), 10'000U);
}

TEST(HostilePeer, DataBeyondTheSessionsCreditIsRefused) {
  Config victim = config_of(Role::kAcceptor);
  victim.hello.limits.stream_window_bytes = 10'000;
  victim.hello.limits.session_window_bytes = 15'000;
  Attack attack(victim);
  attack.victim.consume_data = false;
  attack.open_session();
  ASSERT_TRUE(attack.send(FrameType::kOpen, 0, 1, Attack::open_payload()));
  ASSERT_TRUE(attack.send(FrameType::kOpen, 0, 3, Attack::open_payload()));
  ASSERT_TRUE(attack.send(FrameType::kData, 0, 1, pattern(10'000)));
  attack.expect_cut(attack.send(FrameType::kData, 0, 3, pattern(5'001)), Reason::kCredit);
}

TEST(HostilePeer, MessagesBeyondTheWindowAreRefused) {
  Attack attack;
  attack.victim.finish_messages = false;
  attack.open_session();
  Result<void> result;
  size_t sent = 0;
  while (result && sent < 1'000'000) {
    result = attack.send(FrameType::kMessage, kFlagEnd, 0, pattern(1));
    ++sent;
  }
  EXPECT_LE(sent, limits::kControlWindowBytes / (limits::kMessageOverheadBytes + 1) + 1);
  attack.expect_cut(result, Reason::kCredit);
}

TEST(HostilePeer, EndlessMessageIsRefused) {
  Attack attack;
  attack.open_session();
  Result<void> result;
  for (int i = 0; i < 100 && result; ++i) result = attack.send(FrameType::kMessage, 0, 0, pattern(65'536));
  attack.expect_cut(result, Reason::kMessageTooLarge);
}

TEST(HostilePeer, MoreStreamsThanGrantedAreRefused) {
  Attack attack;
  attack.open_session();
  Result<void> result;
  StreamId id = 1;
  for (; id < 2'000 && result; id += 2) result = attack.send(FrameType::kOpen, 0, id, Attack::open_payload());
  EXPECT_EQ(id / 2, limits::kStreamsDefault + 1);
  attack.expect_cut(result, Reason::kStreams);
}

TEST(HostilePeer, RapidResetIsCutAfterAtMostTwoHundredStreams) {
  Attack attack;
  attack.open_session();
  // The victim's owner stops each at once: no slot is ever short.
  attack.victim.on_event = [&](const Event& event) {
    if (const auto* reset = std::get_if<StreamReset>(&event))
      attack.victim.session.reset_stream(reset->id, Reason::kCancelled, "");
  };
  Result<void> result;
  int streams = 0;
  for (; streams < 1'000 && result; ++streams) {
    attack.now = attack.now + Duration::millis(1);
    const auto id = static_cast<StreamId>(2 * streams + 1);
    result = attack.send(FrameType::kOpen, 0, id, Attack::open_payload());
    if (result) result = attack.send(FrameType::kReset, 0, id, {});
    if (result) drain(attack.victim.session, attack.now);
  }
  EXPECT_LE(streams, 200);
  attack.expect_cut(result, Reason::kOddBehaviour);
}

TEST(HostilePeer, ResetStreamsStillTakeTheirSlotsUntilTheWorkHasStopped) {
  Attack attack;  // the victim's owner never answers a reset: its work goes on
  attack.open_session();
  Result<void> result;
  StreamId id = 1;
  for (; id < 10'000 && result; id += 2) {
    attack.now = attack.now + Duration::seconds(1);  // slow enough for the budget
    result = attack.send(FrameType::kOpen, 0, id, Attack::open_payload());
    if (result) result = attack.send(FrameType::kReset, 0, id, {});
  }
  EXPECT_EQ(id / 2, limits::kStreamsDefault + 1);
  attack.expect_cut(result, Reason::kStreams);
}

TEST(HostilePeer, OddBehaviourIsAskedToLeaveFirstAndCutLater) {
  Attack attack;
  attack.open_session();
  int pings = 0;
  while (attack.victim.session.state() == Session::State::kOpen) {
    ASSERT_TRUE(attack.send(FrameType::kPing, 0, 0, pattern(8)));
    ++pings;
  }
  EXPECT_EQ(attack.victim.session.state(), Session::State::kLeaving);
  EXPECT_GT(pings, 350);
  Result<void> result;
  for (; pings < 1'000 && result; ++pings) result = attack.send(FrameType::kPing, 0, 0, pattern(8));
  EXPECT_LE(pings, 502);
  attack.expect_cut(result, Reason::kOddBehaviour);
}

TEST(HostilePeer, ReconnectingDoesNotRefillTheBudget) {
  Config victim = config_of(Role::kAcceptor);
  victim.odd = std::make_shared<OddBudget>(kStart);
  int pings = 0;
  for (int connection = 0; connection < 10; ++connection) {
    Attack attack(victim);
    attack.open_session();
    for (int i = 0; i < 100; ++i)
      if (attack.send(FrameType::kPing, 0, 0, pattern(8))) ++pings;
  }
  EXPECT_LE(pings, 500);
}

TEST(HostilePeer, AMillionTinyFramesAreCutEarly) {
  Attack attack;
  attack.open_session();
  ASSERT_TRUE(attack.send(FrameType::kOpen, 0, 1, Attack::open_payload()));
  Result<void> result;
  int frames = 0;
  for (; frames < 1'000'000 && result; ++frames) {
    attack.now = attack.now + Duration{10};  // 100,000 a second
    result = attack.send(FrameType::kData, 0, 1, pattern(1));
    if (frames % 1'000 == 0) drain(attack.victim.session, attack.now);
  }
  EXPECT_LT(frames, 12'000);
  attack.expect_cut(result, Reason::kOddBehaviour);
}

TEST(HostilePeer, WindowGamesAreCut) {
  Attack attack;
  attack.open_session();
  Result<void> result;
  int grants = 0;
  for (; grants < 100'000 && result; ++grants)
    result = attack.send(FrameType::kCreditAll, 0, 0,
                         Attack::number(limits::kSessionWindowBytes + static_cast<uint64_t>(grants)));
  EXPECT_LE(grants, 600);
  attack.expect_cut(result, Reason::kOddBehaviour);
}

TEST(HostilePeer, CreditNeverShrinksNorOverflows) {
  Attack attack;
  attack.open_session();
  const auto id = *attack.victim.session.open_stream({}, Priority::kSmall);
  ASSERT_TRUE(attack.send(FrameType::kCredit, 0, id, Attack::number(UINT64_MAX)));
  ASSERT_TRUE(attack.send(FrameType::kCreditAll, 0, 0, Attack::number(UINT64_MAX)));
  ASSERT_TRUE(attack.send(FrameType::kCredit, 0, id, Attack::number(0)));
  EXPECT_EQ(attack.victim.session.write_stream(id, pattern(500'000)), 500'000U);
}

TEST(HostilePeer, FramesOnStreamsThatAreNotThereAreRefused) {
  const Bytes number = Attack::number(1'000'000'000);
  struct Case {
    FrameType type;
    StreamId id;
    Bytes payload;
  };
  const Case cases[] = {{FrameType::kData, 1, pattern(10)},
                        {FrameType::kData, 2, pattern(10)},
                        {FrameType::kReset, 1, {}},
                        {FrameType::kReset, 2, {}},
                        {FrameType::kCredit, 1, number},
                        {FrameType::kCredit, 2, number},
                        {FrameType::kOpen, 2, Attack::open_payload()}};
  for (const Case& c : cases) {
    Attack attack;
    attack.open_session();
    attack.expect_cut(attack.send(c.type, 0, c.id, c.payload), Reason::kProtocol);
  }
}

TEST(HostilePeer, StreamNumbersHaveToRise) {
  Attack attack;
  attack.open_session();
  ASSERT_TRUE(attack.send(FrameType::kOpen, 0, 5, Attack::open_payload()));
  attack.expect_cut(attack.send(FrameType::kOpen, 0, 3, Attack::open_payload()), Reason::kProtocol);
}

TEST(HostilePeer, DataAfterTheEndIsRefused) {
  Attack attack;
  attack.open_session();
  ASSERT_TRUE(attack.send(FrameType::kOpen, 0, 1, Attack::open_payload()));
  ASSERT_TRUE(attack.send(FrameType::kData, kFlagEnd, 1, pattern(1'000)));
  attack.expect_cut(attack.send(FrameType::kData, 0, 1, pattern(1'000)), Reason::kProtocol);
}

TEST(HostilePeer, UnknownPriorityEndsTheStreamAndNotTheSession) {
  Attack attack;
  attack.open_session();
  ASSERT_TRUE(
      attack.send(FrameType::kOpen, 0, 1, Attack::open_payload("x", static_cast<pb::StreamPriority>(9))));
  EXPECT_EQ(attack.victim.session.state(), Session::State::kOpen);
  EXPECT_TRUE(attack.victim.seen.opened.empty());
  const auto frames = attack.answers();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_TRUE(frames[0].header.is(FrameType::kReset));
}

TEST(HostilePeer, ExtensionFramesAreSkippedButNotForEver) {
  Attack attack;
  attack.open_session();
  ASSERT_TRUE(attack.send(attack.forge.raw(200, 0xf0, 77, pattern(100'000))));
  ASSERT_TRUE(attack.send(FrameType::kMessage, kFlagEnd, 0, pattern(3)));
  EXPECT_EQ(attack.victim.seen.messages.size(), 1U);
  Result<void> result;
  for (int i = 0; i < 1'000 && result; ++i) result = attack.send(attack.forge.raw(200, 0, 0, {}));
  attack.expect_cut(result, Reason::kOddBehaviour);
}

TEST(HostilePeer, TextsCannotForgeLogLinesNorGrow) {
  Attack attack;
  attack.open_session();
  pb::Goodbye goodbye;
  goodbye.set_reason(4'000'000'000);
  goodbye.set_text("bye\n2026-11-23 root logged in \x1b[2J");
  EXPECT_FALSE(
      attack.send(FrameType::kGoodbye, kFlagEnd, 0, as_bytes(goodbye.SerializeAsString())).has_value());
  const std::string line = to_line(attack.victim.session.receive({}, attack.now).error());
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_EQ(attack.victim.session.end_reason()->reason, Reason::kOther);
}

TEST(HostilePeer, GoodbyeAtOnceBeforeTheHelloIsUnderstood) {
  Attack attack;
  pb::Goodbye goodbye;
  goodbye.set_reason(static_cast<uint32_t>(Reason::kVersion));
  EXPECT_FALSE(
      attack.send(FrameType::kGoodbye, kFlagEnd, 0, as_bytes(goodbye.SerializeAsString())).has_value());
  EXPECT_EQ(attack.victim.session.end_reason()->reason, Reason::kVersion);
  EXPECT_FALSE(attack.victim.session.has_output()) << "nobody would read it";
}

TEST(HostilePeer, MemoryHeldForAPeerStaysWithinWhatItSent) {
  // Half a frame of every type: what is kept is bounded by one control payload.
  for (uint8_t type = 3; type <= 11; ++type) {
    Attack attack;
    attack.open_session();
    if (type == 5 || type == 6) {
      ASSERT_TRUE(attack.send(FrameType::kOpen, 0, 1, Attack::open_payload()));
    }
    const bool numbered = type >= 4 && type <= 6;
    const size_t size = type >= 7 && type <= 10 ? 8 : 1'000;
    Bytes frame = attack.forge.raw(type, 0, numbered ? 1 : 0, pattern(size));
    frame.resize(frame.size() / 2);
    ASSERT_TRUE(attack.send(frame)) << int{type};
    EXPECT_EQ(attack.victim.session.state(), Session::State::kOpen);
  }
}

// Every byte of an honest talk, spoilt: the session never does worse than end with a reason.
TEST(HostilePeer, AnySpoiltByteEndsInAReasonOrChangesOnlyContent) {
  const auto talk = [] {
    Attack honest;
    Bytes all = honest.forge.frame(FrameType::kHello, 0, 0, honest.hello);
    (void)honest.send(all);
    const auto frames = honest.answers();
    const auto add = [&](const Bytes& more) { all.insert(all.end(), more.begin(), more.end()); };
    add(honest.forge.frame(FrameType::kReady, 0, 0,
                           encode_ready(1, transcript_of(honest.hello, frames[0].payload))));
    add(honest.forge.frame(FrameType::kMessage, kFlagEnd, 0, pattern(5)));
    add(honest.forge.frame(FrameType::kOpen, 0, 1, Attack::open_payload()));
    add(honest.forge.frame(FrameType::kData, kFlagEnd, 1, pattern(20)));
    return all;
  }();
  for (size_t at = 0; at < talk.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Attack attack;
      Bytes spoilt = talk;
      spoilt[at] = static_cast<uint8_t>(spoilt[at] ^ (1U << bit));
      const auto result = attack.send(spoilt);
      if (!result) {
        EXPECT_TRUE(attack.victim.session.end_reason());
      } else {
        EXPECT_LE(attack.victim.seen.messages.size(), 1U);
      }
    }
  }
}

}  // namespace
}  // namespace hetao::tunnel
