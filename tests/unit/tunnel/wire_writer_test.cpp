#include "gateway/tunnel/wire_writer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/unit/tunnel/pair.h"

namespace hetao::tunnel {
namespace {

using testing::pattern;

Bytes take(WireWriter& writer, size_t bytes) {
  Bytes out;
  for (const ByteView view : writer.plan(bytes)) out.insert(out.end(), view.begin(), view.end());
  out.resize(std::min(out.size(), bytes));
  writer.consumed(out.size());
  return out;
}

std::vector<FrameHeader> headers_of(ByteView wire) {
  std::vector<FrameHeader> headers;
  while (!wire.empty()) {
    headers.push_back(decode_header(wire.first<kHeaderBytes>()));
    wire = wire.subspan(kHeaderBytes + headers.back().length);
  }
  return headers;
}

TEST(WireWriter, ControlGoesBeforeSmallAndSmallBeforeBulk) {
  WireWriter writer;
  writer.add(Rank::kBulk, FrameType::kData, 0, 5, pattern(10));
  writer.add(Rank::kSmall, FrameType::kData, 0, 3, pattern(10));
  writer.add(Rank::kControl, FrameType::kPing, 0, 0, pattern(8));
  const auto headers = headers_of(take(writer, SIZE_MAX));
  ASSERT_EQ(headers.size(), 3U);
  EXPECT_EQ(headers[0].stream, 0U);
  EXPECT_EQ(headers[1].stream, 3U);
  EXPECT_EQ(headers[2].stream, 5U);
  for (uint16_t i = 0; i < 3; ++i) EXPECT_EQ(headers[i].sequence, i);
}

TEST(WireWriter, AFrameOnceBegunIsFinishedBeforeAnythingMoreUrgent) {
  WireWriter writer;
  writer.add(Rank::kBulk, FrameType::kData, 0, 5, pattern(1'000));
  writer.add(Rank::kBulk, FrameType::kData, 0, 7, pattern(1'000));
  Bytes wire = take(writer, 100);
  writer.add(Rank::kControl, FrameType::kPing, 0, 0, pattern(8));
  const Bytes rest = take(writer, SIZE_MAX);
  wire.insert(wire.end(), rest.begin(), rest.end());
  const auto headers = headers_of(wire);
  ASSERT_EQ(headers.size(), 3U);
  EXPECT_EQ(headers[0].stream, 5U);
  EXPECT_EQ(headers[1].stream, 0U);
  EXPECT_EQ(headers[2].stream, 7U);
}

TEST(WireWriter, WhatIsAddedBetweenPlanAndConsumedIsNotMistakenForWhatWasWritten) {
  WireWriter writer;
  writer.add(Rank::kBulk, FrameType::kData, 0, 5, pattern(1'000));
  Bytes wire;
  for (const ByteView view : writer.plan(SIZE_MAX)) wire.insert(wire.end(), view.begin(), view.end());
  writer.add(Rank::kControl, FrameType::kPing, 0, 0, pattern(8));
  writer.consumed(wire.size());
  const auto headers = headers_of(take(writer, SIZE_MAX));
  ASSERT_EQ(headers.size(), 1U);
  EXPECT_TRUE(headers[0].is(FrameType::kPing));
  EXPECT_EQ(headers[0].sequence, 1U);
}

TEST(WireWriter, ABufferGoesOutInPlaceAndComesBackToBeFilledAgain) {
  WireWriter writer;
  FrameBuffer buffer(100'000);
  const Bytes content = pattern(90'000);
  std::copy(content.begin(), content.end(), buffer.space().begin());
  buffer.set_size(content.size());
  buffer.drop_front(10);
  const uint8_t* memory = buffer.payload().data();
  writer.add_buffer(Rank::kBulk, kFlagEnd, 9, std::move(buffer));
  const auto views = writer.plan(SIZE_MAX);
  ASSERT_EQ(views.size(), 1U);
  EXPECT_EQ(views[0].data() + kHeaderBytes, memory);
  const Bytes wire(views[0].begin(), views[0].end());
  writer.consumed(wire.size());
  EXPECT_EQ(Bytes(wire.begin() + kHeaderBytes, wire.end()), Bytes(content.begin() + 10, content.end()));
  EXPECT_TRUE(writer.used_buffer(100'000));
  EXPECT_FALSE(writer.used_buffer(1));
}

TEST(WireWriter, DroppingKeepsTheRestOfAFrameThatWasBegun) {
  WireWriter writer;
  writer.add(Rank::kBulk, FrameType::kData, 0, 5, pattern(1'000));
  writer.add(Rank::kBulk, FrameType::kData, 0, 5, pattern(50'000));
  Bytes wire = take(writer, 500);
  writer.drop_data();
  writer.drop_control();
  writer.add(Rank::kControl, FrameType::kGoodbye, kFlagEnd, 0, {});
  const Bytes rest = take(writer, SIZE_MAX);
  wire.insert(wire.end(), rest.begin(), rest.end());
  const auto headers = headers_of(wire);
  ASSERT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers[0].length, 1'000U);
  EXPECT_TRUE(headers[1].is(FrameType::kGoodbye));
  EXPECT_EQ(writer.queued(), 0U);
}

TEST(WireWriter, EveryInterleavingGivesWholeFramesInSequenceAndInOrderWithinARank) {
  EXPECT_TRUE(rc::check([] {
    WireWriter writer;
    Bytes wire;
    std::array<uint32_t, kRanks> added{};
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1'000));
    for (const int step : steps) {
      const auto rank = static_cast<size_t>(step % 3);
      if (step % 4 == 3) {
        const Bytes some = take(writer, static_cast<size_t>(step) * 3 % 700 + 1);
        wire.insert(wire.end(), some.begin(), some.end());
      } else {
        // The number within its rank travels as stream number.
        writer.add(static_cast<Rank>(rank), FrameType::kData, static_cast<uint8_t>(rank << 4U), ++added[rank],
                   pattern(static_cast<size_t>(step % 300)));
      }
    }
    const Bytes rest = take(writer, SIZE_MAX);
    wire.insert(wire.end(), rest.begin(), rest.end());
    std::array<uint32_t, kRanks> seen{};
    uint16_t sequence = 0;
    for (const FrameHeader& header : headers_of(wire)) {
      RC_ASSERT(header.sequence == sequence++);
      RC_ASSERT(header.stream == ++seen[header.flags >> 4U]);
    }
    RC_ASSERT(seen == added);
    RC_ASSERT(writer.queued() == 0U);
  }));
}

}  // namespace
}  // namespace hetao::tunnel
