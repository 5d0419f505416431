#include "gateway/tunnel/session.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/unit/tunnel/pair.h"

namespace hetao::tunnel {
namespace {

using namespace testing;

TEST(Session, BothSidesKnowEachOtherAfterTheHello) {
  Config a = config_of(Role::kDialer);
  a.hello.policy_digest = "sha256:aa";
  a.hello.checkpoint = "hetao/hongkong\n12\nabc=\n";
  a.hello.features = {"zstd", "new-thing"};
  Config b = config_of(Role::kAcceptor);
  b.hello.features = {"zstd"};
  b.hello.limits.streams_max = 7;
  Pair pair(a, b);
  ASSERT_TRUE(pair.settle());
  EXPECT_TRUE(pair.dialer.seen.has("hello"));
  EXPECT_TRUE(pair.acceptor.seen.has("hello"));
  EXPECT_EQ(pair.acceptor.session.peer(), a.hello);
  EXPECT_EQ(pair.dialer.session.peer().limits.streams_max, 7U);
  EXPECT_EQ(pair.dialer.session.agreed().version, kVersion);
  EXPECT_EQ(pair.dialer.session.agreed().features, std::vector<std::string>{"zstd"});
  EXPECT_EQ(pair.dialer.session.agreed().session, pair.acceptor.session.agreed().session);
  EXPECT_FALSE(pair.dialer.session.agreed().session.is_zero());
}

TEST(Session, BulkLaneNamesItsSessionAndTheAcceptorLearnsIt) {
  Config a = config_of(Role::kDialer);
  a.hello.purpose = Purpose::kBulk;
  a.hello.lane = 3;
  a.hello.session = nonce_of(9);
  Pair pair(a);
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(pair.acceptor.session.peer().lane, 3U);
  EXPECT_EQ(pair.acceptor.session.agreed().session, nonce_of(9));
  EXPECT_EQ(pair.dialer.session.peer().purpose, Purpose::kBulk);
}

TEST(Session, NeighbouringVersionsAgreeOnTheOlderOne) {
  for (const uint32_t version : {1U, 2U, 3U}) {
    for (const uint32_t other : {version, version + 1}) {
      Config a = config_of(Role::kDialer);
      Config b = config_of(Role::kAcceptor);
      a.hello.version = version;
      a.hello.version_min = std::max(1U, version - 1);
      b.hello.version = other;
      b.hello.version_min = std::max(1U, other - 1);
      Pair pair(a, b);
      ASSERT_TRUE(pair.settle()) << version << " " << other;
      EXPECT_EQ(pair.dialer.session.agreed().version, version);
      EXPECT_EQ(pair.acceptor.session.agreed().version, version);
    }
  }
}

TEST(Session, VersionsTooFarApartAreRefusedAndBothSidesAreTold) {
  Config a = config_of(Role::kDialer);
  Config b = config_of(Role::kAcceptor);
  b.hello.version = 3;
  b.hello.version_min = 2;
  Pair pair(a, b);
  EXPECT_FALSE(pair.settle());
  EXPECT_EQ(pair.acceptor.session.end_reason()->reason, Reason::kVersion);
  (void)pair.carry(pair.acceptor, pair.dialer);
  EXPECT_TRUE(pair.dialer.seen.has("cut version"));
  EXPECT_EQ(pair.dialer.session.end_reason()->reason, Reason::kVersion);
}

TEST(Session, HelloOfSomebodyElseThanTheCertificateNamesIsRefused) {
  Config a = config_of(Role::kDialer);
  a.hello.region = "macau";
  Pair pair(a);
  const auto result = pair.settle();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNotAllowed);
  EXPECT_EQ(pair.acceptor.session.end_reason()->reason, Reason::kIdentity);
}

TEST(Session, OurOwnHelloReflectedIsRefused) {
  Config b = config_of(Role::kAcceptor);
  b.hello.nonce = nonce_of(1);  // the dialer's
  Pair pair(config_of(Role::kDialer), b);
  EXPECT_FALSE(pair.settle());
}

TEST(Session, MessagesOfEverySizeArriveWholeAndInOrder) {
  Pair pair;
  ASSERT_TRUE(pair.settle());
  std::vector<Bytes> sent;
  for (const size_t size : {1UL, 65'535UL, 65'536UL, 65'537UL, 200'000UL, 4UL << 20U, 3UL}) {
    sent.push_back(pattern(size, static_cast<uint32_t>(size)));
    ASSERT_TRUE(pair.dialer.session.send_message(sent.back())) << size;
  }
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(pair.acceptor.seen.messages, sent);
}

TEST(Session, MessageOverTheStatedSizeIsNotTaken) {
  Pair pair;
  ASSERT_TRUE(pair.settle());
  EXPECT_FALSE(pair.dialer.session.send_message(pattern((4UL << 20U) + 1)));
  EXPECT_EQ(pair.dialer.session.state(), Session::State::kOpen);
}

TEST(Session, MessagesWaitWhenThePeerDoesNotDealWithThemAndTheQueueIsBounded) {
  Config a = config_of(Role::kDialer);
  a.messages_queued_bytes = 1'000'000;
  Pair pair(a);
  ASSERT_TRUE(pair.settle());
  pair.acceptor.finish_messages = false;
  const Bytes message = pattern(100'000);
  size_t taken = 0;
  while (pair.dialer.session.send_message(message)) {
    ++taken;
    ASSERT_TRUE(pair.settle());
    ASSERT_LT(taken, 1'000U);
  }
  const size_t window = limits::kControlWindowBytes / (message.size() + limits::kMessageOverheadBytes);
  EXPECT_EQ(pair.acceptor.seen.messages.size(), window);
  EXPECT_EQ(taken, window + 9);
  for (size_t i = 0; i < window; ++i) pair.acceptor.session.message_done(message.size());
  pair.acceptor.finish_messages = true;
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(pair.acceptor.seen.messages.size(), taken);
}

TEST(Session, StreamCarriesBytesBothWaysAndCloses) {
  Pair pair;
  ASSERT_TRUE(pair.settle());
  const auto id = pair.dialer.session.open_stream(as_bytes("blob please"), Priority::kSmall);
  ASSERT_TRUE(id);
  EXPECT_EQ(*id, 1U);
  EXPECT_EQ(pair.dialer.session.write_stream(*id, as_bytes("question")), 8U);
  pair.dialer.session.end_stream(*id);
  ASSERT_TRUE(pair.settle());
  EXPECT_TRUE(pair.acceptor.seen.has("opened 1 blob please"));
  EXPECT_EQ(as_text(pair.acceptor.seen.data[1]), "question");
  EXPECT_TRUE(pair.acceptor.seen.has("ended 1"));
  EXPECT_EQ(pair.acceptor.session.write_stream(1, as_bytes("answer")), 6U);
  pair.acceptor.session.end_stream(1);
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(as_text(pair.dialer.seen.data[1]), "answer");
  EXPECT_TRUE(pair.dialer.seen.has("closed 1"));
  EXPECT_TRUE(pair.acceptor.seen.has("closed 1"));
  EXPECT_EQ(pair.dialer.session.stats().streams_open, 0U);
  EXPECT_EQ(pair.acceptor.session.stats().streams_open, 0U);
}

TEST(Session, AcceptorOpensEvenStreams) {
  Pair pair;
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(*pair.acceptor.session.open_stream({}, Priority::kBulk), 2U);
  EXPECT_EQ(*pair.acceptor.session.open_stream({}, Priority::kBulk), 4U);
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(pair.dialer.seen.opened, (std::vector<StreamId>{2, 4}));
}

TEST(Session, WritesStopAtTheStreamsCreditAndGoOnWhenItIsGivenBack) {
  Config b = config_of(Role::kAcceptor);
  b.hello.limits.stream_window_bytes = 10'000;
  Pair pair(config_of(Role::kDialer), b);
  ASSERT_TRUE(pair.settle());
  pair.acceptor.consume_data = false;
  const auto id = *pair.dialer.session.open_stream({}, Priority::kSmall);
  EXPECT_EQ(pair.dialer.session.write_stream(id, pattern(50'000)), 10'000U);
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(pair.dialer.session.write_stream(id, pattern(1)), 0U);
  pair.acceptor.session.consume(id, 4'000);
  ASSERT_TRUE(pair.settle());
  EXPECT_FALSE(pair.dialer.seen.has("writable 1")) << "less than half is not worth a frame";
  pair.acceptor.session.consume(id, 1'000);
  ASSERT_TRUE(pair.settle());
  EXPECT_TRUE(pair.dialer.seen.has("writable 1"));
  EXPECT_EQ(pair.dialer.session.write_stream(id, pattern(50'000)), 5'000U);
}

TEST(Session, SmallStreamsHaveCreditLeftWhenBulkHasUsedItsShare) {
  Config b = config_of(Role::kAcceptor);
  b.hello.limits.stream_window_bytes = 80'000;
  b.hello.limits.session_window_bytes = 80'000;
  Pair pair(config_of(Role::kDialer), b);
  ASSERT_TRUE(pair.settle());
  pair.acceptor.consume_data = false;
  const auto bulk = *pair.dialer.session.open_stream({}, Priority::kBulk);
  const auto small = *pair.dialer.session.open_stream({}, Priority::kSmall);
  EXPECT_EQ(pair.dialer.session.write_stream(bulk, pattern(100'000)), 70'000U);
  EXPECT_EQ(pair.dialer.session.write_stream(small, pattern(100'000)), 10'000U);
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(pair.acceptor.seen.data[small].size(), 10'000U);
}

TEST(Session, ResetIsAnsweredOnlyWhenTheWorkHasStoppedAndUntilThenTheSlotIsTaken) {
  Config b = config_of(Role::kAcceptor);
  b.hello.limits.streams_max = 1;
  Pair pair(config_of(Role::kDialer), b);
  ASSERT_TRUE(pair.settle());
  const auto id = *pair.dialer.session.open_stream({}, Priority::kBulk);
  pair.dialer.session.reset_stream(id, Reason::kCancelled, "not\nneeded");
  ASSERT_TRUE(pair.settle());
  EXPECT_TRUE(pair.acceptor.seen.has("reset 1 cancelled not needed"));
  EXPECT_FALSE(pair.dialer.session.open_stream({}, Priority::kBulk)) << "still counts";
  pair.acceptor.session.reset_stream(id, Reason::kCancelled, "stopped");
  ASSERT_TRUE(pair.settle());
  EXPECT_TRUE(pair.dialer.seen.has("closed 1"));
  EXPECT_TRUE(pair.acceptor.seen.has("closed 1"));
  EXPECT_TRUE(pair.dialer.session.open_stream({}, Priority::kBulk));
}

TEST(Session, AnOpenDoesNotOvertakeTheFrameThatFreedItsSlot) {
  Config b = config_of(Role::kAcceptor);
  b.hello.limits.streams_max = 1;
  Pair pair(config_of(Role::kDialer), b);
  ASSERT_TRUE(pair.settle());
  const auto id = *pair.dialer.session.open_stream({}, Priority::kBulk);
  ASSERT_TRUE(pair.settle());
  pair.acceptor.session.reset_stream(id, Reason::kNoSpace, "");
  ASSERT_TRUE(pair.settle());
  pair.dialer.session.reset_stream(id, Reason::kCancelled,
                                   "");  // both are done, but it is not on the wire yet
  EXPECT_FALSE(pair.dialer.session.open_stream({}, Priority::kSmall));
  ASSERT_TRUE(pair.settle());
  EXPECT_TRUE(pair.dialer.session.open_stream({}, Priority::kSmall));
  EXPECT_TRUE(pair.settle());
}

TEST(Session, BytesOnTheirWayToAResetStreamGiveTheSessionsCreditBack) {
  Config b = config_of(Role::kAcceptor);
  b.hello.limits.stream_window_bytes = 50'000;
  b.hello.limits.session_window_bytes = 50'000;
  Pair pair(config_of(Role::kDialer), b);
  ASSERT_TRUE(pair.settle());
  pair.acceptor.consume_data = false;
  for (int round = 0; round < 20; ++round) {
    const auto id = *pair.dialer.session.open_stream({}, Priority::kSmall);
    ASSERT_GT(pair.dialer.session.write_stream(id, pattern(30'000)), 0U) << round;
    ASSERT_TRUE(pair.carry(pair.dialer, pair.acceptor));
    ASSERT_GT(pair.dialer.session.write_stream(id, pattern(1'000)), 0U);
    pair.acceptor.session.reset_stream(id, Reason::kNoSpace, "disk full");  // crosses the second write
    ASSERT_TRUE(pair.settle());
    pair.dialer.session.reset_stream(id, Reason::kCancelled, "");
    ASSERT_TRUE(pair.settle());
    ASSERT_FALSE(pair.dialer.session.has_stream(id));
    ASSERT_FALSE(pair.acceptor.session.has_stream(id));
  }
}

TEST(Session, EndThatCrossesAResetClosesOnBothSides) {
  Pair pair;
  ASSERT_TRUE(pair.settle());
  const auto id = *pair.dialer.session.open_stream({}, Priority::kSmall);
  pair.dialer.session.end_stream(id);
  ASSERT_TRUE(pair.settle());
  pair.acceptor.session.end_stream(id);
  pair.dialer.session.reset_stream(id, Reason::kCancelled, "");
  ASSERT_TRUE(pair.settle());
  EXPECT_FALSE(pair.dialer.session.has_stream(id));
  EXPECT_FALSE(pair.acceptor.session.has_stream(id));
  EXPECT_EQ(pair.acceptor.session.state(), Session::State::kOpen);
}

TEST(Session, WaitingStreamsTakeTurns) {
  Config a = config_of(Role::kDialer);
  a.data_queued_bytes = 10'000;
  a.data_frame_bytes = 5'000;
  Pair pair(a);
  ASSERT_TRUE(pair.settle());
  std::map<StreamId, Bytes> sent;
  std::map<StreamId, size_t> done;
  for (uint32_t i = 0; i < 5; ++i) {
    const auto id = *pair.dialer.session.open_stream({}, Priority::kBulk);
    sent[id] = pattern(40'000, i);
  }
  const auto write_on = [&](StreamId id) {
    done[id] += pair.dialer.session.write_stream(id, ByteView(sent[id]).subspan(done[id]));
  };
  pair.dialer.on_event = [&](const Event& event) {
    if (const auto* writable = std::get_if<StreamWritable>(&event)) write_on(writable->id);
  };
  for (const auto& [id, bytes] : sent) write_on(id);
  pair.piece = 5'000;
  ASSERT_TRUE(pair.settle());
  for (const auto& [id, bytes] : sent) {
    EXPECT_EQ(pair.acceptor.seen.data[id], bytes) << id;
  }
  std::vector<std::string> turns;
  for (const std::string& line : pair.dialer.seen.lines)
    if (line.starts_with("writable")) turns.push_back(line);
  ASSERT_GE(turns.size(), 8U);
  EXPECT_NE(turns[0], turns[1]);
  EXPECT_NE(turns[1], turns[2]);
}

TEST(Session, ControlOvertakesQueuedBulk) {
  Pair pair;
  ASSERT_TRUE(pair.settle());
  const auto id = *pair.dialer.session.open_stream({}, Priority::kBulk);
  ASSERT_EQ(pair.dialer.session.write_stream(id, pattern(900'000)), 900'000U);
  ASSERT_TRUE(pair.dialer.session.send_message(as_bytes("cancel")));
  pair.piece = 1'000;
  ASSERT_TRUE(pair.carry(pair.dialer, pair.acceptor));
  EXPECT_EQ(pair.acceptor.seen.messages.size(), 1U);
}

TEST(Session, GoodbyeLetsWhatIsOpenFinishAndRefusesWhatIsNew) {
  Pair pair;
  ASSERT_TRUE(pair.settle());
  const auto id = *pair.dialer.session.open_stream({}, Priority::kBulk);
  ASSERT_TRUE(pair.settle());
  pair.acceptor.session.goodbye(Reason::kShuttingDown, "upgrade", pair.now);
  const auto late = *pair.dialer.session.open_stream({}, Priority::kBulk);  // crosses it
  ASSERT_TRUE(pair.settle());
  EXPECT_TRUE(pair.dialer.seen.has("goodbye shutting-down"));
  EXPECT_TRUE(pair.dialer.seen.has("reset 3 shutting-down no new streams after the goodbye"));
  EXPECT_FALSE(pair.dialer.session.open_stream({}, Priority::kBulk));
  EXPECT_EQ(pair.dialer.session.write_stream(id, pattern(1'000)), 1'000U);
  pair.dialer.session.end_stream(id);
  pair.dialer.session.reset_stream(late, Reason::kCancelled, "");
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(pair.acceptor.session.state(), Session::State::kLeaving);
  pair.acceptor.session.end_stream(id);
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(pair.acceptor.session.state(), Session::State::kFinished);
  EXPECT_EQ(pair.dialer.session.state(), Session::State::kFinished);
  EXPECT_TRUE(pair.dialer.session.transport_closed());
  EXPECT_TRUE(pair.acceptor.session.transport_closed());
}

TEST(Session, ConnectionThatEndsWithoutGoodbyeIsACutAndNotAnEnd) {
  Pair pair;
  ASSERT_TRUE(pair.settle());
  (void)pair.dialer.session.open_stream({}, Priority::kBulk);
  ASSERT_TRUE(pair.settle());
  const auto result = pair.acceptor.session.transport_closed();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnreachable);
  pair.acceptor.take_events();
  EXPECT_TRUE(pair.acceptor.seen.has("reset 1 connection-lost the connection ended without a goodbye"));
}

TEST(Session, CutTellsThePeerWhyEvenInMidFrame) {
  Pair pair;
  ASSERT_TRUE(pair.settle());
  const auto id = *pair.dialer.session.open_stream({}, Priority::kBulk);
  ASSERT_GT(pair.dialer.session.write_stream(id, pattern(900'000)), 0U);
  pair.piece = 1'000;
  ASSERT_TRUE(pair.carry(pair.dialer, pair.acceptor));
  pair.dialer.session.cut(Reason::kRevoked, "certificate revoked");
  pair.piece = SIZE_MAX;
  EXPECT_FALSE(pair.carry(pair.dialer, pair.acceptor));
  EXPECT_TRUE(pair.acceptor.seen.has("cut revoked"));
  EXPECT_LT(pair.acceptor.seen.data[id].size(), 300'000U) << "what was queued is not sent any more";
}

TEST(Session, TenThousandStreamsAreOpenAtOnce) {
  Config a = config_of(Role::kDialer);
  Config b = config_of(Role::kAcceptor);
  b.hello.limits.streams_max = 10'000;
  Pair pair(a, b);
  ASSERT_TRUE(pair.settle());
  for (int i = 0; i < 10'000; ++i)
    ASSERT_TRUE(pair.dialer.session.open_stream(as_bytes("h"), Priority::kSmall));
  EXPECT_FALSE(pair.dialer.session.open_stream({}, Priority::kSmall));
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(pair.acceptor.session.stats().streams_open, 10'000U);
  for (StreamId id = 1; id < 20'000; id += 2)
    ASSERT_EQ(pair.dialer.session.write_stream(id, as_bytes("x")), 1U);
  ASSERT_TRUE(pair.settle());
  EXPECT_EQ(pair.acceptor.seen.data.size(), 10'000U);
}

void must_hold(const Result<void>& result) {
  if (!result) RC_FAIL(to_line(result.error()));
}

// Any interleaving of opening, writing, ending, resetting, consuming and carrying any number of bytes: bytes
// arrive in order and unharmed, no side ever sees the other break a limit, and everything ends.
TEST(Session, EveryInterleavingKeepsOrderCreditAndLimits) {
  EXPECT_TRUE(rc::check([] {
    Config a = config_of(Role::kDialer);
    Config b = config_of(Role::kAcceptor);
    for (Config* c : {&a, &b}) {
      c->hello.limits.streams_max = 4;
      c->hello.limits.stream_window_bytes = 5'000;
      c->hello.limits.session_window_bytes = 12'000;
      c->data_queued_bytes = 3'000;
      c->data_frame_bytes = 1'000;
      c->odd = std::make_shared<OddBudget>(kStart, 1U << 30U, 1);
    }
    Pair pair(a, b);
    std::map<const End*, std::map<StreamId, Bytes>> sent;
    std::map<const End*, std::map<StreamId, size_t>> unconsumed;
    const auto follow = [&](End& end) {
      end.consume_data = false;
      end.on_event = [&](const Event& event) {
        if (const auto* data = std::get_if<StreamData>(&event))
          unconsumed[&end][data->id] += data->bytes.size();
        if (const auto* reset = std::get_if<StreamReset>(&event))
          end.session.reset_stream(reset->id, Reason::kCancelled, "");
      };
    };
    follow(pair.dialer);
    follow(pair.acceptor);
    must_hold(pair.settle());

    const auto steps = *rc::gen::container<std::vector<uint32_t>>(rc::gen::arbitrary<uint32_t>());
    uint32_t salt = 0;
    for (const uint32_t step : steps) {
      End& end = step % 2 == 0 ? pair.dialer : pair.acceptor;
      End& other = step % 2 == 0 ? pair.acceptor : pair.dialer;
      auto& streams = sent[&end];
      const auto pick = [&]() -> StreamId {
        if (streams.empty()) return 0;
        auto it = streams.begin();
        std::advance(it, (step >> 8U) % streams.size());
        return it->first;
      };
      switch ((step >> 1U) % 8) {
        case 0:
          if (const auto id = end.session.open_stream({}, step % 3 == 0 ? Priority::kSmall : Priority::kBulk))
            streams[*id], sent[&other][*id];
          break;
        case 1:
        case 2:
        case 3: {
          const StreamId id = pick();
          const Bytes bytes = pattern((step >> 8U) % 4'000 + 1, ++salt);
          const size_t taken = end.session.write_stream(id, bytes);
          RC_ASSERT(taken <= bytes.size());
          streams[id].insert(streams[id].end(), bytes.begin(),
                             bytes.begin() + static_cast<std::ptrdiff_t>(taken));
          break;
        }
        case 4:
          if ((step >> 8U) % 4 == 0)
            end.session.end_stream(pick());
          else if ((step >> 8U) % 16 == 1)
            end.session.reset_stream(pick(), Reason::kCancelled, "");
          else
            (void)end.session.send_message(pattern(step % 700 + 1, step));
          break;
        case 5:
          for (auto& [id, bytes] : unconsumed[&end]) end.session.consume(id, std::exchange(bytes, 0));
          break;
        default:
          pair.piece = (step >> 8U) % 3'000 + 1;
          must_hold(pair.carry(end, other));
          break;
      }
      pair.dialer.take_events();
      pair.acceptor.take_events();
    }
    // Heal: consume and end everything, then all is delivered and closed.
    pair.piece = SIZE_MAX;
    for (int round = 0; round < 50; ++round) {
      for (End* end : {&pair.dialer, &pair.acceptor})
        for (auto& [id, bytes] : unconsumed[end]) end->session.consume(id, std::exchange(bytes, 0));
      if (round == 20)
        for (End* end : {&pair.dialer, &pair.acceptor})
          for (const auto& [id, bytes] : sent[end]) end->session.end_stream(id);
      must_hold(pair.settle());
    }
    for (auto [from, to] :
         {std::pair(&pair.dialer, &pair.acceptor), std::pair(&pair.acceptor, &pair.dialer)}) {
      RC_ASSERT(from->session.stats().streams_open == 0U);
      for (const auto& [id, bytes] : sent[from]) {
        const Bytes& got = to->seen.data[id];
        RC_ASSERT(got.size() <= bytes.size());
        RC_ASSERT(std::equal(got.begin(), got.end(), bytes.begin()));
      }
    }
  }));
}

}  // namespace
}  // namespace hetao::tunnel
