// Deadlines, keep-alive and round trips: a session whose clock the test turns.
#include <gtest/gtest.h>

#include "tests/unit/tunnel/hostile.h"
#include "tests/unit/tunnel/pair.h"

namespace hetao::tunnel {
namespace {

using namespace testing;

// Goes from deadline to deadline until the session says something is wrong, at most for `most`.
Result<void> run_clock(Session& session, Instant from, Duration most) {
  while (const auto next = session.next_deadline()) {
    if (*next - from > most) return {};
    if (auto ok = session.on_time(*next); !ok) return ok;
  }
  return {};
}

TEST(SessionTime, NoHelloInTimeIsTheEnd) {
  for (const Role role : {Role::kDialer, Role::kAcceptor}) {
    Session session(config_of(role), role, kStart);
    EXPECT_TRUE(session.on_time(kStart + Duration::millis(4'999)));
    const auto result = session.on_time(*session.next_deadline());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::kUnreachable);
    EXPECT_EQ(session.end_reason()->reason, Reason::kTimeout);
    EXPECT_FALSE(session.next_deadline());
  }
}

TEST(SessionTime, PingsMeasureTheRoundTrip) {
  Pair pair;
  ASSERT_TRUE(pair.settle());
  pair.now = *pair.dialer.session.next_deadline();
  EXPECT_EQ(pair.now - kStart, Duration::seconds(limits::kPingSeconds));
  ASSERT_TRUE(pair.dialer.session.on_time(pair.now));
  pair.now = pair.now + Duration::millis(30);
  ASSERT_TRUE(pair.settle());
  EXPECT_TRUE(pair.dialer.seen.has("round-trip 30000"));
  EXPECT_EQ(pair.dialer.session.stats().round_trip, Duration::millis(30));
}

TEST(SessionTime, TwoQuietSidesKeepEachOtherAliveForADay) {
  Pair pair;
  ASSERT_TRUE(pair.settle());
  const Instant end = kStart + Duration::seconds(86'400);
  while (pair.now < end) {
    pair.now = std::min(*pair.dialer.session.next_deadline(), *pair.acceptor.session.next_deadline());
    ASSERT_TRUE(pair.dialer.session.on_time(pair.now));
    ASSERT_TRUE(pair.acceptor.session.on_time(pair.now));
    ASSERT_TRUE(pair.settle());
  }
  EXPECT_EQ(pair.dialer.session.state(), Session::State::kOpen);
  EXPECT_EQ(pair.acceptor.session.stats().messages_in, 0U);
}

TEST(SessionTime, HalfOpenConnectionIsFoundBySilence) {
  Pair pair;
  ASSERT_TRUE(pair.settle());
  Session& session = pair.dialer.session;
  while (true) {  // what it writes goes nowhere, but the kernel takes it
    const auto next = session.next_deadline();
    ASSERT_TRUE(next);
    ASSERT_LE(*next - kStart, Duration::seconds(limits::kSilenceSecondsMax));
    if (!session.on_time(*next)) break;
    drain(session, *next);
  }
  EXPECT_EQ(session.end_reason()->reason, Reason::kTimeout);
}

TEST(SessionTime, PeerThatReadsNothingIsCut) {
  Attack attack;
  attack.open_session();
  const auto id = *attack.victim.session.open_stream({}, Priority::kBulk);
  ASSERT_GT(attack.victim.session.write_stream(id, pattern(900'000)), 0U);
  Result<void> result;
  for (int seconds = 1; seconds < 200 && result; ++seconds) {
    attack.now = kStart + Duration::seconds(seconds);
    result = attack.victim.session.on_time(attack.now);
    // It does talk, so silence is not what ends it.
    if (result && seconds % 10 == 0) result = attack.send(FrameType::kPing, 0, 0, Attack::number(1));
  }
  ASSERT_FALSE(result);
  EXPECT_EQ(attack.victim.session.end_reason()->text, "the peer reads nothing");
}

TEST(SessionTime, FrameThatComesByteByByteIsCutWithinTenSeconds) {
  Attack attack;
  attack.open_session();
  const Bytes frame = attack.forge.frame(FrameType::kMessage, kFlagEnd, 0, pattern(60'000));
  Result<void> result;
  int seconds = 0;
  for (; seconds < 100 && result; ++seconds) {  // one byte a second
    attack.now = kStart + Duration::seconds(seconds);
    result = attack.victim.session.on_time(attack.now);
    if (result) result = attack.send(Bytes{frame[static_cast<size_t>(seconds)]});
  }
  EXPECT_LE(seconds, 10);
  attack.expect_cut(result, Reason::kTimeout);
}

TEST(SessionTime, SlowButSteadyFrameIsNotCut) {
  Attack attack;
  attack.open_session();
  ASSERT_TRUE(attack.send(FrameType::kOpen, 0, 1, Attack::open_payload()));
  const Bytes frame = attack.forge.frame(FrameType::kData, kFlagEnd, 1, pattern(56'000));
  ByteView rest = frame;
  for (int second = 1; !rest.empty(); ++second) {  // 2 KB/s
    attack.now = kStart + Duration::seconds(second);
    ASSERT_TRUE(attack.victim.session.on_time(attack.now)) << second;
    const ByteView part = rest.first(std::min<size_t>(2'000, rest.size()));
    ASSERT_TRUE(attack.send(Bytes(part.begin(), part.end())));
    rest = rest.subspan(part.size());
    drain(attack.victim.session, attack.now);
  }
  EXPECT_TRUE(attack.victim.seen.has("ended 1"));
}

TEST(SessionTime, PeerThatNeverAnswersPingsIsCutThoughItTalks) {
  Attack attack;
  attack.open_session();
  Result<void> result;
  int seconds = 0;
  for (; seconds < 400 && result; ++seconds) {
    attack.now = kStart + Duration::seconds(seconds);
    result = attack.victim.session.on_time(attack.now);
    if (!result) break;
    drain(attack.victim.session, attack.now);
    if (seconds % (limits::kSilenceSecondsMax / 2) == 0)
      result = attack.send(FrameType::kMessage, kFlagEnd, 0, pattern(5));
  }
  EXPECT_LE(seconds, limits::kPingSeconds + limits::kPongSecondsMax);
  EXPECT_EQ(attack.victim.session.end_reason()->text, "no answer to a ping");
}

TEST(SessionTime, GoodbyeThatIsNotFollowedEndsAnyway) {
  Attack attack;
  attack.open_session();
  ASSERT_TRUE(attack.send(FrameType::kOpen, 0, 1, Attack::open_payload()));
  attack.victim.session.goodbye(Reason::kShuttingDown, "upgrade", attack.now);
  drain(attack.victim.session, attack.now);
  const auto result = run_clock(attack.victim.session, kStart, Duration::seconds(limits::kGoodbyeSecondsMax));
  ASSERT_FALSE(result);
  EXPECT_EQ(attack.victim.session.end_reason()->reason, Reason::kTimeout);
}

TEST(SessionTime, AClockThatJumpsBackDoesNoHarm) {
  Pair pair;
  ASSERT_TRUE(pair.settle());
  ASSERT_TRUE(pair.dialer.session.on_time(kStart + Duration::seconds(limits::kPingSeconds)));
  pair.now = kStart - Duration::seconds(3'600);
  ASSERT_TRUE(pair.dialer.session.send_message(as_bytes("x")));
  ASSERT_TRUE(pair.settle());
  EXPECT_TRUE(pair.dialer.session.on_time(pair.now));
  EXPECT_EQ(pair.acceptor.seen.messages.size(), 1U);
}

}  // namespace
}  // namespace hetao::tunnel
