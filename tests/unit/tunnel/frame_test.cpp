#include "gateway/tunnel/frame.h"

#include <gtest/gtest.h>

#include "tests/unit/tunnel/pair.h"

namespace hetao::tunnel {
namespace {

using testing::Forger;
using testing::pattern;

constexpr uint32_t kDataMax = 1U << 20U;

struct Whole {
  FrameHeader header;
  Bytes payload;
};

Faulty<std::vector<Whole>> read_in_pieces(ByteView wire, size_t piece) {
  FrameReader reader(kDataMax);
  std::vector<Whole> frames;
  while (!wire.empty()) {
    ByteView in = wire.first(std::min(piece, wire.size()));
    wire = wire.subspan(in.size());
    while (true) {
      const auto part = reader.next(in);
      if (!part) return tl::unexpected(part.error());
      if (!*part) break;
      if ((*part)->first) frames.push_back({(*part)->header, {}});
      Bytes& payload = frames.back().payload;
      payload.insert(payload.end(), (*part)->payload.begin(), (*part)->payload.end());
    }
    EXPECT_TRUE(in.empty());
  }
  EXPECT_FALSE(reader.in_frame());
  return frames;
}

Reason reason_for(const FrameHeader& header) {
  const auto checked = check_header(header, kDataMax);
  return checked ? Reason::kDone : checked.error().reason;
}

TEST(Frame, HeaderIsTwelveBytesBigEndian) {
  Bytes out(kHeaderBytes);
  const FrameHeader header{
      .length = 0x01020304, .type = 5, .flags = 1, .sequence = 0x0607, .stream = 0x08090a0b};
  encode_header(header, std::span<uint8_t, kHeaderBytes>(out.data(), kHeaderBytes));
  EXPECT_EQ(to_hex(out),
            "01020304050106070"
            "8090a0b");
  EXPECT_EQ(decode_header(std::span<const uint8_t, kHeaderBytes>(out.data(), kHeaderBytes)), header);
}

TEST(Frame, ReaderGivesTheSameFramesHoweverTheBytesAreCut) {
  Forger forge;
  Bytes wire;
  std::vector<Bytes> payloads = {pattern(1), pattern(300), {}, pattern(5'000), pattern(8), pattern(70'000)};
  const std::vector<FrameType> types = {FrameType::kHello, FrameType::kMessage, FrameType::kData,
                                        FrameType::kOpen,  FrameType::kPing,    FrameType::kData};
  for (size_t i = 0; i < types.size(); ++i) {
    const bool numbered = types[i] == FrameType::kData || types[i] == FrameType::kOpen;
    const Bytes frame = forge.frame(types[i], 0, numbered ? 3 : 0, payloads[i]);
    wire.insert(wire.end(), frame.begin(), frame.end());
  }
  for (const size_t piece : {1UL, 2UL, 3UL, 11UL, 12UL, 13UL, 100UL, 4'096UL, 1UL << 20U}) {
    const auto frames = read_in_pieces(wire, piece);
    ASSERT_TRUE(frames) << piece;
    ASSERT_EQ(frames->size(), types.size());
    for (size_t i = 0; i < types.size(); ++i) {
      EXPECT_TRUE((*frames)[i].header.is(types[i]));
      EXPECT_EQ((*frames)[i].payload, payloads[i]);
    }
  }
}

TEST(Frame, GiantLengthIsRefusedBeforeAnyPayload) {
  EXPECT_EQ(reason_for({.length = 0xffffffff, .type = 5, .stream = 1}), Reason::kFrameTooLarge);
  EXPECT_EQ(reason_for({.length = kDataMax + 1, .type = 5, .stream = 1}), Reason::kFrameTooLarge);
  EXPECT_EQ(reason_for({.length = kDataMax, .type = 5, .stream = 1}), Reason::kDone);
  EXPECT_EQ(reason_for({.length = 65'537, .type = 3}), Reason::kFrameTooLarge);
  EXPECT_EQ(reason_for({.length = 0xffffffff, .type = 200}), Reason::kFrameTooLarge);
}

TEST(Frame, UnknownTypesBelow128AreRefusedAndAboveSkipped) {
  EXPECT_EQ(reason_for({.type = 0}), Reason::kProtocol);
  EXPECT_EQ(reason_for({.type = 12}), Reason::kProtocol);
  EXPECT_EQ(reason_for({.type = 127}), Reason::kProtocol);
  EXPECT_EQ(reason_for({.type = 128}), Reason::kDone);
  EXPECT_EQ(reason_for({.type = 255}), Reason::kDone);
}

TEST(Frame, UnknownCriticalFlagsAreRefusedAndOthersIgnored) {
  EXPECT_EQ(reason_for({.type = 5, .flags = 1, .stream = 1}), Reason::kDone);
  EXPECT_EQ(reason_for({.type = 5, .flags = 2, .stream = 1}), Reason::kProtocol);
  EXPECT_EQ(reason_for({.length = 8, .type = 9, .flags = 1}), Reason::kProtocol);
  EXPECT_EQ(reason_for({.length = 8, .type = 9, .flags = 0xf0}), Reason::kDone);
}

TEST(Frame, StreamNumbersBelongToTheirTypes) {
  EXPECT_EQ(reason_for({.length = 1, .type = 1, .stream = 1}), Reason::kProtocol);
  EXPECT_EQ(reason_for({.length = 1, .type = 4, .stream = 0}), Reason::kProtocol);
  EXPECT_EQ(reason_for({.length = 1, .type = 5, .stream = 0}), Reason::kProtocol);
  EXPECT_EQ(reason_for({.length = 8, .type = 7, .stream = 0}), Reason::kDone);
  EXPECT_EQ(reason_for({.length = 7, .type = 7, .stream = 0}), Reason::kProtocol);
}

TEST(Frame, LostRepeatedOrReorderedFramesAreRefused) {
  for (const uint16_t wrong : {uint16_t{1}, uint16_t{65'535}}) {
    Forger forge;
    Bytes wire = forge.frame(FrameType::kPing, 0, 0, pattern(8));
    forge.sequence = static_cast<uint16_t>(forge.sequence + wrong);
    const Bytes next = forge.frame(FrameType::kPing, 0, 0, pattern(8));
    wire.insert(wire.end(), next.begin(), next.end());
    const auto frames = read_in_pieces(wire, SIZE_MAX);
    ASSERT_FALSE(frames);
    EXPECT_EQ(frames.error().reason, Reason::kReplay);
  }
}

TEST(Frame, SequenceWrapsAround) {
  Forger forge;
  FrameReader reader(kDataMax);
  for (uint32_t i = 0; i < 70'000; ++i) {
    const Bytes frame = forge.frame(FrameType::kPing, 0, 0, pattern(8));
    ByteView in = frame;
    const auto part = reader.next(in);
    ASSERT_TRUE(part && *part) << i;
  }
}

TEST(Frame, DataIsPassedThroughWithoutWaitingForTheWholeFrame) {
  Forger forge;
  const Bytes wire = forge.frame(FrameType::kData, kFlagEnd, 1, pattern(100'000));
  FrameReader reader(kDataMax);
  ByteView in = ByteView(wire).first(1'000);
  const auto part = reader.next(in);
  ASSERT_TRUE(part && *part);
  EXPECT_EQ((*part)->payload.size(), 1'000 - kHeaderBytes);
  EXPECT_EQ((*part)->payload.data(), wire.data() + kHeaderBytes) << "not copied";
  EXPECT_FALSE((*part)->last);
}

}  // namespace
}  // namespace hetao::tunnel
