// Frames of the tunnel: the fixed header, what each type may look like, and a reader that cuts a byte stream
// into them. Promises: a length is checked before a byte of payload is kept; never more than one control
// payload (64 KiB) is buffered; DATA payload is passed through in place. Source: proto/TUNNEL.md. Not
// thread-safe: one owner each.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "gateway/base/bytes.h"
#include "gateway/tunnel/reason.h"

namespace hetao::tunnel {

using StreamId = uint32_t;

inline constexpr size_t kHeaderBytes = 12;
inline constexpr StreamId kControlStream = 0;

enum class FrameType : uint8_t {
  kHello = 1,
  kReady = 2,
  kMessage = 3,
  kOpen = 4,
  kData = 5,
  kReset = 6,
  kCredit = 7,
  kCreditAll = 8,
  kPing = 9,
  kPong = 10,
  kGoodbye = 11,
  // 12 to 127: reserved; a reader that does not know one ends the session.
  // 128 to 255: extensions; a reader that does not know one skips it.
};

inline constexpr uint8_t kFirstExtension = 128;
inline constexpr uint8_t kFlagEnd = 1;  // MESSAGE: last part; DATA: last of this direction; GOODBYE: at once
inline constexpr uint8_t kCriticalFlags = 0x0F;  // unknown ones end the session; the upper four are ignored

struct FrameHeader {
  uint32_t length = 0;  // of the payload
  uint8_t type = 0;     // as on the wire: extensions have no name
  uint8_t flags = 0;
  uint16_t sequence = 0;  // counts the frames of a connection and direction, modulo 65,536
  StreamId stream = 0;

  bool operator==(const FrameHeader&) const = default;
  bool is(FrameType t) const { return type == static_cast<uint8_t>(t); }
  bool is_extension() const { return type >= kFirstExtension; }
  bool has_end() const { return (flags & kFlagEnd) != 0; }
};

void encode_header(const FrameHeader& header, std::span<uint8_t, kHeaderBytes> out);
FrameHeader decode_header(std::span<const uint8_t, kHeaderBytes> bytes);

// Is this header one that the protocol knows, with a length that its type allows? `data_bytes_max` is what
// the reader stated for DATA frames.
Faulty<void> check_header(const FrameHeader& header, uint32_t data_bytes_max);

// A whole control frame, or the next piece of a DATA or extension frame.
struct FramePart {
  FrameHeader header;
  ByteView payload;  // valid until the next call of FrameReader::next, and as long as the bytes it was given
  bool first = true;
  bool last = true;
};

class FrameReader {
 public:
  explicit FrameReader(uint32_t data_bytes_max) : data_bytes_max_(data_bytes_max) {}

  // Takes bytes off the front of `in`. Nothing: more bytes are needed, and `in` is empty.
  // After a fault the stream has no meaning any more: don't call again.
  Faulty<std::optional<FramePart>> next(ByteView& in);

  // Is a frame begun and not complete, and how many of its bytes are here?
  bool in_frame() const { return head_used_ > 0 || open_; }
  uint64_t frame_bytes() const { return frame_bytes_; }
  uint16_t next_sequence() const { return sequence_; }

 private:
  Faulty<bool> take_header(ByteView& in);
  std::optional<FramePart> take_piece(ByteView& in);
  std::optional<FramePart> take_whole(ByteView& in);
  void close_frame();

  uint32_t data_bytes_max_;
  std::array<uint8_t, kHeaderBytes> head_{};
  size_t head_used_ = 0;
  FrameHeader header_;
  bool open_ = false;   // the header is complete, the payload is not
  bool given_ = false;  // a piece of it was handed out
  uint32_t left_ = 0;   // payload bytes still to come
  uint64_t frame_bytes_ = 0;
  uint16_t sequence_ = 0;
  Bytes body_;  // a control payload that came in pieces
};

}  // namespace hetao::tunnel
