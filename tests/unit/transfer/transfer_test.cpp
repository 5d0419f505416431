#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "gateway/transfer/rate.h"
#include "tests/unit/transfer/world.h"

namespace hetao::transfer {
namespace {

using namespace testing;

void expect_arrived(World& world) {
  EXPECT_TRUE(world.sender_result);
  EXPECT_TRUE(world.receiver_result);
  EXPECT_TRUE(world.complete);
  EXPECT_EQ(world.sender.state(), BlobSender::State::kReceived);
  EXPECT_EQ(world.receiver.state(), BlobReceiver::State::kDone);
  EXPECT_TRUE(world.disk == world.content);
  EXPECT_EQ(world.credit_due, 0U) << "every byte's credit is given back";
  EXPECT_EQ(world.receiver.progress().bytes_stored, world.content.size());
}

TEST(Transfer, BlobsOfEverySizeArrive) {
  for (const size_t size : {size_t{0}, size_t{1}, kMiB - 1, kMiB, kMiB + 1, 5 * kMiB + 17}) {
    World world(noise(size, 5));
    world.run();
    expect_arrived(world);
    EXPECT_EQ(world.reserved, size) << "space is reserved before the first byte";
  }
}

TEST(Transfer, BlobArrivesInPiecesOfOneByte) {
  World world(noise(3'000, 1));
  world.piece = 1;
  world.run();
  expect_arrived(world);
}

TEST(Transfer, BlobArrivesOverManyLanes) {
  World world(content_of("nntnnnznt", 17));
  world.lanes = 4;
  world.piece = 100'000;
  world.run();
  expect_arrived(world);
}

TEST(Transfer, ZerosAreNotSent) {
  World world(content_of("zzzzzzzz", 1'000));
  world.run();
  expect_arrived(world);
  EXPECT_EQ(world.chunks_on_wire, 0U);
  EXPECT_EQ(world.wire_bytes, 0U);
  EXPECT_EQ(world.receiver.progress().bytes_not_sent, world.content.size());
}

TEST(Transfer, TextIsPackedAndNoiseIsNot) {
  World world(content_of("tn"));
  world.run();
  expect_arrived(world);
  EXPECT_GT(world.wire_bytes, kMiB);
  EXPECT_LT(world.wire_bytes, kMiB + kMiB / 10);
}

TEST(Transfer, ManyPackedChunksAreUnpackedOnlyAFewAtATime) {
  World world(content_of(std::string(40, 't')));
  world.hold_checks = true;
  world.run();
  EXPECT_EQ(world.held.size(), limits::kChunksInHandMax);
  EXPECT_EQ(world.chunks_on_wire, 40U);
  world.hold_checks = false;
  for (CheckChunk& check : std::exchange(world.held, {})) world.on(check);
  world.run();
  expect_arrived(world);
}

TEST(Transfer, MoreThanAThousandChunksHaveTheirHashesSentFirst) {
  // A sender that claims more chunks than fit in an offer; only their hashes matter here.
  Blob blob;
  blob.size = (limits::kLeavesInOfferMax + 40'000) * kMiB;
  const Digest zeros = zero_chunk_leaf(kMiB);
  blob.leaves.assign(limits::kLeavesInOfferMax + 40'000, zeros);
  blob.digest = blob_root(blob.leaves);
  BlobSender sender(blob, "crossing-1", 1);
  const auto offer = decode_offer(sender.offer());
  ASSERT_TRUE(offer);
  EXPECT_TRUE(offer->leaves.empty());
  BlobReceiver receiver(*offer);
  bool complete = false;
  for (int round = 0; round < 100 && !complete; ++round) {
    while (auto action = receiver.poll_action()) {
      if (std::holds_alternative<ReserveSpace>(*action)) receiver.space_reserved();
      if (std::holds_alternative<LeavesKnown>(*action)) receiver.ask({});
      if (auto* hole = std::get_if<StoreZeros>(&*action)) receiver.zeros_stored(hole->index, hole->count);
      if (auto* answer = std::get_if<SendAnswer>(&*action)) {
        ASSERT_TRUE(sender.receive(answer->record));
      }
      if (std::holds_alternative<Complete>(*action)) complete = true;
    }
    while (auto work = sender.next()) ASSERT_TRUE(receiver.receive(0, std::get<SendRecord>(*work).record));
  }
  EXPECT_TRUE(complete);
}

TEST(Transfer, WhatTheReceiverHasElsewhereIsNotSent) {
  World world(content_of("nnnn"));
  world.found_here = {1, 3};
  world.run();
  EXPECT_FALSE(world.complete);
  for (const uint64_t index : {1UL, 3UL}) {
    const auto from = static_cast<std::ptrdiff_t>(index * kMiB);
    std::copy_n(world.content.begin() + from, kMiB, world.disk.begin() + from);
    world.receiver.chunk_stored(index);
  }
  world.run();
  expect_arrived(world);
  EXPECT_EQ(world.chunks_on_wire, 2U);
}

TEST(Transfer, AChunkThatWasNotElsewhereAfterAllIsAskedForAgain) {
  World world(content_of("nn"));
  world.found_here = {0};
  world.run();
  world.receiver.chunk_lost(0);
  world.run();
  expect_arrived(world);
  EXPECT_EQ(world.chunks_on_wire, 2U);
}

TEST(Transfer, ReceiverThatHasItAllSaysSo) {
  BlobSender sender(hash_blob(noise(5'000, 1)), "c", 1);
  ASSERT_TRUE(sender.receive(have_record()));
  EXPECT_EQ(sender.state(), BlobSender::State::kHad);
  EXPECT_FALSE(sender.next());
}

TEST(Transfer, FullDiskIsSaidBeforeTheFirstByte) {
  World world(noise(5 * kMiB, 1));
  const auto first = world.receiver.poll_action();
  ASSERT_TRUE(first && std::holds_alternative<ReserveSpace>(*first));
  world.receiver.refuse(Refusal::kNoSpace, "needs 5.2 MB, 1.0 MB are free");
  world.run();
  EXPECT_EQ(world.wire_bytes, 0U);
  EXPECT_EQ(world.sender.state(), BlobSender::State::kRefused);
  EXPECT_EQ(world.sender.refused_reason(), static_cast<uint32_t>(Refusal::kNoSpace));
  EXPECT_EQ(world.sender.refused_text(), "needs 5.2 MB, 1.0 MB are free");
}

TEST(Transfer, BrokenTransferGoesOnFromTheLastGoodChunkWhereverItBroke) {
  const Bytes content = content_of("ntznnztnn", 700);
  for (uint64_t stop = 0; stop <= 9; ++stop) {
    World first(content);
    first.stop_after_chunks = stop;
    first.run();
    const Bytes saved = encode_progress(first.receiver.unfinished());
    auto progress = decode_progress(saved);
    ASSERT_TRUE(progress) << stop;
    World second(content, *progress, first.disk);
    second.run();
    expect_arrived(second);
    EXPECT_EQ(second.reserved, content.size() - first.receiver.progress().bytes_stored);
    const uint64_t sent_first = std::min<uint64_t>(first.receiver.progress().chunks_stored, 9);
    EXPECT_LE(second.chunks_on_wire + sent_first, 9U) << "no good chunk is sent twice";
  }
}

TEST(Transfer, ProgressOfAnotherBlobIsIgnored) {
  World other(noise(3 * kMiB, 9));
  other.run();
  World world(noise(3 * kMiB, 1), other.receiver.unfinished());
  world.run();
  expect_arrived(world);
  EXPECT_EQ(world.chunks_on_wire, 3U);
}

TEST(Transfer, SpoiltProgressIsRefusedAtEveryBit) {
  World world(content_of("nz", 5));
  world.run();
  const Bytes saved = encode_progress(world.receiver.unfinished());
  for (size_t at = 0; at < saved.size(); ++at) {
    Bytes spoilt = saved;
    spoilt[at] ^= 4;
    EXPECT_FALSE(decode_progress(spoilt)) << at;
    EXPECT_FALSE(decode_progress(ByteView(saved).first(at))) << at;
  }
}

TEST(Transfer, ALostLanesChunkComesAgainOnAnother) {
  World world(content_of("nnnn"));
  world.act();
  world.carry();
  const auto first = std::get<SendChunk>(*world.sender.next());
  ASSERT_TRUE(world.receiver.add_lane(decode_offer(world.sender.lane_header(1)).value()));
  const auto head = chunk_record_header(first.index, Encoding::kRaw, first.size);
  ASSERT_TRUE(world.receiver.receive(1, head));
  ASSERT_TRUE(world.receiver.receive(1, ByteView(world.content).first(1'000)));
  world.receiver.lane_lost(1);
  world.sender.send_again(first.index);
  world.run();
  expect_arrived(world);
}

TEST(Transfer, AChunkThatComesOnTwoLanesIsStoredOnce) {
  World world(content_of("nn"));
  world.act();
  world.carry();
  const auto first = std::get<SendChunk>(*world.sender.next());
  ASSERT_TRUE(world.receiver.add_lane(decode_offer(world.sender.lane_header(1)).value()));
  const auto head = chunk_record_header(first.index, Encoding::kRaw, first.size);
  const ByteView chunk = ByteView(world.content).first(first.size);
  world.credit_due += 2 * (head.size() + chunk.size());
  ASSERT_TRUE(world.receiver.receive(1, head));
  ASSERT_TRUE(world.receiver.receive(0, head));  // the sender thinks lane 1 is gone
  ASSERT_TRUE(world.receiver.receive(0, chunk));
  ASSERT_TRUE(world.receiver.receive(1, chunk));
  world.run();
  expect_arrived(world);
}

TEST(LyingSender, AnySpoiltChunkIsFoundAndNamedAndNothingOfItStored) {
  for (const bool pack : {false, true}) {
    for (const size_t at : {size_t{0}, kMiB - 1, kMiB, 2 * kMiB + 3}) {
      World world(content_of("tnt", 10'000));
      world.pack = pack;
      world.spoil_at = at;
      world.run();
      ASSERT_FALSE(world.receiver_result);
      EXPECT_EQ(world.receiver_result.error().code, ErrorCode::kVerification);
      ASSERT_TRUE(world.receiver.failure());
      EXPECT_EQ(world.receiver.failure()->reason, Refusal::kDigest);
      EXPECT_NE(world.receiver.failure()->text.find("chunk " + std::to_string(at / kMiB)), std::string::npos);
      EXPECT_FALSE(world.complete);
      EXPECT_NE(world.disk[at], static_cast<uint8_t>(world.content[at] ^ 1));
    }
  }
}

struct Liar {
  explicit Liar(size_t size = 3 * kMiB)
      : blob(hash_blob(noise(size, 1))), receiver(Offer{blob.digest, size, "c", blob.leaves, 0, 1}) {
    while (auto action = receiver.poll_action()) {
      if (std::holds_alternative<ReserveSpace>(*action)) receiver.space_reserved();
      if (std::holds_alternative<LeavesKnown>(*action)) receiver.ask({});
    }
  }
  Result<void> send(const RecordHeader& header) { return receiver.receive(0, encode_record_header(header)); }
  void expect_failed(const Result<void>& result, Refusal reason = Refusal::kProtocol) {
    EXPECT_FALSE(result);
    EXPECT_EQ(receiver.state(), BlobReceiver::State::kFailed);
    ASSERT_TRUE(receiver.failure());
    EXPECT_EQ(receiver.failure()->reason, reason) << receiver.failure()->text;
  }
  Blob blob;
  BlobReceiver receiver;
};

TEST(LyingSender, RecordsThatWereNotAskedForAreRefusedBeforeTheirPayload) {
  constexpr auto kMiB32 = static_cast<uint32_t>(kMiB);
  const RecordHeader cases[] = {
      {RecordKind::kChunk, Encoding::kRaw, kMiB32, 3},  // beyond the blob
      {RecordKind::kChunk, Encoding::kRaw, kMiB32, UINT64_MAX},
      {RecordKind::kChunk, Encoding::kRaw, 0xffffffff, 0},  // giant
      {RecordKind::kChunk, Encoding::kRaw, kMiB32 - 1, 0},  // short
      {RecordKind::kChunk, Encoding::kZstd, 0, 0},
      {RecordKind::kChunk, Encoding::kZstd, kMiB32, 0},  // packed and not smaller
      {RecordKind::kLeaves, Encoding::kRaw, 32, 0},      // known already
      {RecordKind::kAnswer, Encoding::kRaw, 5, 0},
      {RecordKind::kReceipt, Encoding::kRaw, 5, 0},
  };
  for (const RecordHeader& header : cases) {
    Liar liar;
    liar.expect_failed(liar.send(header));
  }
}

TEST(LyingSender, ChunkBeforeAnythingWasAskedForIsRefused) {
  const Blob blob = hash_blob(noise(kMiB, 1));
  BlobReceiver receiver(Offer{blob.digest, blob.size, "c", blob.leaves, 0, 1});
  EXPECT_FALSE(receiver.receive(0, encode_record_header({RecordKind::kChunk, Encoding::kRaw, 1U << 20U, 0})));
}

TEST(LyingSender, UnknownRecordsAndReservedBitsAreRefused) {
  for (const size_t at : {0UL, 1UL, 2UL, 3UL}) {
    Liar liar;
    RecordHeaderBytes bytes = encode_record_header({RecordKind::kChunk, Encoding::kRaw, 1U << 20U, 0});
    bytes[at] = 0xee;
    liar.expect_failed(liar.receiver.receive(0, bytes));
  }
}

TEST(LyingSender, PackedChunkThatUnpacksToMoreIsFound) {
  Liar liar;
  const Bytes bomb_source(4 * kMiB);
  const Bytes bomb = *ChunkPacker().pack(bomb_source);
  ASSERT_TRUE(liar.send({RecordKind::kChunk, Encoding::kZstd, static_cast<uint32_t>(bomb.size()), 0}));
  ASSERT_TRUE(liar.receiver.receive(0, bomb));
  auto action = liar.receiver.poll_action();
  while (action && !std::holds_alternative<CheckChunk>(*action)) action = liar.receiver.poll_action();
  ASSERT_TRUE(action);
  liar.expect_failed(liar.receiver.chunk_checked(check_chunk(std::move(std::get<CheckChunk>(*action)))),
                     Refusal::kDigest);
}

TEST(LyingSender, PackedChunkWithoutAgreementIsRefused) {
  const Bytes content = content_of("t");
  BlobSender sender(hash_blob(content), "c", 1);
  BlobReceiver receiver(decode_offer(sender.offer()).value(), std::nullopt, false);
  while (auto action = receiver.poll_action()) {
    if (std::holds_alternative<ReserveSpace>(*action)) receiver.space_reserved();
    if (std::holds_alternative<LeavesKnown>(*action)) receiver.ask({});
  }
  EXPECT_FALSE(receiver.receive(0, chunk_record_header(0, Encoding::kZstd, 5'000)));
  ASSERT_TRUE(receiver.failure());
  EXPECT_EQ(receiver.failure()->reason, Refusal::kProtocol);
}

TEST(LyingSender, HashesThatAreNotTheBlobsAreRefusedBeforeAnyChunk) {
  Blob blob;
  blob.leaves.assign(2'000, chunk_leaf(noise(kMiB, 1)));
  blob.size = 2'000 * kMiB;
  blob.digest = blob_root(blob.leaves);
  blob.leaves[1'999].bytes[0] ^= 1;
  BlobSender sender(blob, "c", 1);
  BlobReceiver receiver(decode_offer(sender.offer()).value());
  while (auto action = receiver.poll_action()) {
    if (std::holds_alternative<ReserveSpace>(*action)) receiver.space_reserved();
    if (auto* answer = std::get_if<SendAnswer>(&*action)) {
      ASSERT_TRUE(sender.receive(answer->record));
    }
  }
  const auto result = receiver.receive(0, std::get<SendRecord>(*sender.next()).record);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kVerification);
  EXPECT_TRUE(receiver.unfinished().leaves.empty()) << "they are not kept for a later try";
  EXPECT_TRUE(decode_progress(encode_progress(receiver.unfinished())));
}

TEST(LyingSender, OffersThatContradictThemselvesAreRefused) {
  const Blob blob = hash_blob(noise(2 * kMiB, 1));
  const Offer good{blob.digest, blob.size, "crossing", blob.leaves, 0, 1};
  EXPECT_TRUE(decode_offer(encode_offer(good)));
  Offer bad = good;
  bad.size = limits::kBlobBytesMax + 1;
  EXPECT_FALSE(decode_offer(encode_offer(bad)));
  bad = good;
  bad.leaves.pop_back();
  EXPECT_FALSE(decode_offer(encode_offer(bad)));
  bad = good;
  bad.digest.bytes[0] ^= 1;
  EXPECT_FALSE(decode_offer(encode_offer(bad)));
  bad = good;
  bad.crossing = "a\nb";
  EXPECT_FALSE(decode_offer(encode_offer(bad)));
  bad = Offer{blob.digest, 0, "c", {}, 0, 1};
  EXPECT_FALSE(decode_offer(encode_offer(bad))) << "nothing does not have this digest";
  EXPECT_FALSE(decode_offer(as_bytes("\xff\xff\xff")));
}

TEST(LyingSender, ForeignLaneEndsTheTransfer) {
  Liar liar;
  Offer lane{liar.blob.digest, liar.blob.size, "another crossing", {}, 1, 1};
  liar.expect_failed(liar.receiver.add_lane(lane));
}

TEST(LyingReceiver, AskingForEverIsRefused) {
  const Blob blob = hash_blob(noise(3 * kMiB, 1));
  BlobSender sender(blob, "c", 1);
  const Bytes want =
      answer_record({.kind = Answer::Kind::kWant, .all = true, .missing = {}, .reason = 0, .text = {}});
  Result<void> result;
  int rounds = 0;
  for (; rounds < 100 && result; ++rounds) {
    result = sender.receive(want);
    while (sender.next()) {
    }
  }
  EXPECT_FALSE(result);
  EXPECT_LE(rounds, 5);
}

TEST(LyingReceiver, ReceiptForSomethingElseIsRefused) {
  const Blob blob = hash_blob(noise(kMiB, 1));
  for (const Bytes& receipt :
       {receipt_record(Digest{}, blob.size), receipt_record(blob.digest, blob.size - 1)}) {
    BlobSender sender(blob, "c", 1);
    EXPECT_FALSE(sender.receive(receipt));
    EXPECT_EQ(sender.state(), BlobSender::State::kBroken);
  }
}

TEST(LyingReceiver, SetsOfChunksThatDoNotFitAreRefused) {
  const Blob blob = hash_blob(noise(3 * kMiB, 1));
  for (const Bytes& missing : {Bytes{}, Bytes{1, 0}, Bytes{0x08}, Bytes{0xff}}) {
    BlobSender sender(blob, "c", 1);
    EXPECT_FALSE(sender.receive(answer_record(
        {.kind = Answer::Kind::kWant, .all = false, .missing = missing, .reason = 0, .text = {}})));
  }
}

TEST(Packing, IsTriedLessAndLessOftenWhereItDoesNotPayAndFoundAgain) {
  PackingChoice choice;
  int tries = 0;
  for (int i = 0; i < 1'000; ++i) {
    if (!choice.should_try()) continue;
    ++tries;
    choice.note_try(kMiB, kMiB, Duration::millis(3));
  }
  EXPECT_LE(tries, 25);
  while (!choice.should_try()) {
  }
  choice.note_try(kMiB, kMiB / 3, Duration::millis(3));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(choice.should_try());
}

TEST(Packing, PaysOnASlowLinkAndNotOnAFastOne) {
  PackingChoice slow;
  slow.note_link(10'000'000);
  slow.note_try(kMiB, kMiB / 2, Duration::millis(3));  // saves 52 ms
  EXPECT_TRUE(slow.should_try());
  PackingChoice fast;
  fast.note_link(2'500'000'000);
  fast.note_try(kMiB, kMiB / 2, Duration::millis(3));  // saves 0.2 ms
  EXPECT_FALSE(fast.should_try());
}

TEST(RateLimits, EveryLimitHolds) {
  const Instant start{1'000'000};
  RateLimits limits;
  auto tenant = std::make_shared<TokenBucket>(1'000, 1'000, start);
  limits.add(tenant);
  limits.add(std::make_shared<TokenBucket>(10'000, 500, start));
  EXPECT_EQ(limits.take_up_to(800, start), 500U);
  EXPECT_EQ(limits.take_up_to(800, start), 0U);
  EXPECT_EQ(limits.ready_at(100, start), start + Duration::millis(10));
  EXPECT_EQ(limits.take_up_to(800, start + Duration::seconds(1)), 500U);
  EXPECT_EQ(tenant->level(start + Duration::seconds(1)), 500U);
}

TEST(Transfer, AnyMixOfChunksLanesPiecesAndBreaksArrives) {
  EXPECT_TRUE(rc::check([] {
    const auto plan = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ntz")));
    const Bytes content = content_of(plan.substr(0, 4), *rc::gen::inRange<size_t>(1, kMiB));
    World first(content);
    first.lanes = *rc::gen::inRange<uint32_t>(1, 4);
    first.piece = *rc::gen::inRange<size_t>(1'000, 3 * kMiB);
    first.stop_after_chunks = *rc::gen::inRange<uint64_t>(0, 8);
    first.run();
    World second(content, first.receiver.unfinished(), first.disk);
    second.lanes = *rc::gen::inRange<uint32_t>(1, 4);
    second.piece = *rc::gen::inRange<size_t>(1'000, 3 * kMiB);
    second.run();
    RC_ASSERT(second.complete);
    RC_ASSERT(second.disk == content);
    RC_ASSERT(second.sender.state() == BlobSender::State::kReceived);
  }));
}

}  // namespace
}  // namespace hetao::transfer
