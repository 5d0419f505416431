#include "gateway/tunnel/frame.h"

#include <algorithm>

#include "gateway/base/limits.h"

namespace hetao::tunnel {

namespace {

enum class OnStream : uint8_t { kZero, kNumbered, kAny };

struct Shape {
  const char* name;
  uint32_t bytes_min;
  uint32_t bytes_max;
  uint8_t flags;
  OnStream stream;
};

constexpr uint32_t kPayloadMax = limits::kControlPayloadBytesMax;
constexpr uint32_t kEndTextMax = limits::kReasonTextBytesMax + 64;

// Indexed by type minus one.
constexpr std::array<Shape, 11> kShapes = {{
    {"HELLO", 1, kPayloadMax, 0, OnStream::kZero},
    {"READY", 1, kPayloadMax, 0, OnStream::kZero},
    {"MESSAGE", 0, kPayloadMax, kFlagEnd, OnStream::kZero},
    {"OPEN", 0, kPayloadMax, 0, OnStream::kNumbered},
    {"DATA", 0, 0, kFlagEnd, OnStream::kNumbered},  // its maximum is the reader's
    {"RESET", 0, kEndTextMax, 0, OnStream::kNumbered},
    {"CREDIT", 8, 8, 0, OnStream::kAny},
    {"CREDIT_ALL", 8, 8, 0, OnStream::kZero},
    {"PING", 8, 8, 0, OnStream::kZero},
    {"PONG", 8, 8, 0, OnStream::kZero},
    {"GOODBYE", 0, kEndTextMax, kFlagEnd, OnStream::kZero},
}};

Faulty<void> check_length(const FrameHeader& header, const char* name, uint32_t min, uint32_t max) {
  if (header.length > max)
    return fault(Reason::kFrameTooLarge, std::string(name) + " frame of " + std::to_string(header.length) +
                                             " bytes, at most " + std::to_string(max) + " are allowed");
  if (header.length < min)
    return fault(Reason::kProtocol,
                 std::string(name) + " frame of only " + std::to_string(header.length) + " bytes");
  return {};
}

}  // namespace

void encode_header(const FrameHeader& header, std::span<uint8_t, kHeaderBytes> out) {
  for (size_t i = 0; i < 4; ++i) {
    const auto shift = static_cast<uint32_t>(24 - 8 * i);
    out[i] = static_cast<uint8_t>(header.length >> shift);
    out[8 + i] = static_cast<uint8_t>(header.stream >> shift);
  }
  out[4] = header.type;
  out[5] = header.flags;
  out[6] = static_cast<uint8_t>(header.sequence >> 8U);
  out[7] = static_cast<uint8_t>(header.sequence);
}

FrameHeader decode_header(std::span<const uint8_t, kHeaderBytes> bytes) {
  const ByteView view = bytes;
  return {.length = get_u32(view),
          .type = view[4],
          .flags = view[5],
          .sequence = get_u16(view.subspan(6)),
          .stream = get_u32(view.subspan(8))};
}

Faulty<void> check_header(const FrameHeader& header, uint32_t data_bytes_max) {
  if (header.is_extension()) return check_length(header, "extension", 0, data_bytes_max);
  if (header.type == 0 || header.type > kShapes.size())
    return fault(Reason::kProtocol, "frame of unknown type " + std::to_string(header.type));
  const Shape& shape = kShapes[header.type - 1U];
  const uint32_t max = header.is(FrameType::kData) ? data_bytes_max : shape.bytes_max;
  if (auto ok = check_length(header, shape.name, shape.bytes_min, max); !ok) return ok;
  if ((header.flags & kCriticalFlags & ~shape.flags) != 0)
    return fault(Reason::kProtocol, std::string(shape.name) + " frame with unknown flags");
  if (shape.stream == OnStream::kZero && header.stream != 0)
    return fault(Reason::kProtocol,
                 std::string(shape.name) + " frame on stream " + std::to_string(header.stream));
  if (shape.stream == OnStream::kNumbered && header.stream == 0)
    return fault(Reason::kProtocol, std::string(shape.name) + " frame on stream 0");
  return {};
}

Faulty<bool> FrameReader::take_header(ByteView& in) {
  const size_t taken = std::min(kHeaderBytes - head_used_, in.size());
  std::copy_n(in.begin(), taken, head_.begin() + static_cast<std::ptrdiff_t>(head_used_));
  in = in.subspan(taken);
  head_used_ += taken;
  frame_bytes_ = head_used_;
  if (head_used_ < kHeaderBytes) return false;
  header_ = decode_header(head_);
  if (auto ok = check_header(header_, data_bytes_max_); !ok) return tl::unexpected(ok.error());
  if (header_.sequence != sequence_)
    return fault(Reason::kReplay, "frame " + std::to_string(header_.sequence) + " where " +
                                      std::to_string(sequence_) +
                                      " was expected: lost, repeated or reordered");
  ++sequence_;
  head_used_ = 0;
  open_ = true;
  given_ = false;
  left_ = header_.length;
  return true;
}

void FrameReader::close_frame() {
  open_ = false;
  frame_bytes_ = 0;
}

std::optional<FramePart> FrameReader::take_piece(ByteView& in) {
  const size_t taken = std::min<size_t>(left_, in.size());
  if (taken == 0 && left_ > 0) return std::nullopt;
  FramePart part{header_, in.first(taken), !given_, taken == left_};
  in = in.subspan(taken);
  left_ -= static_cast<uint32_t>(taken);
  frame_bytes_ += taken;
  given_ = true;
  if (left_ == 0) close_frame();
  return part;
}

std::optional<FramePart> FrameReader::take_whole(ByteView& in) {
  if (left_ == header_.length) {
    body_.clear();
    if (in.size() >= left_) {  // all of it is here: no copy
      const FramePart part{header_, in.first(left_), true, true};
      in = in.subspan(left_);
      close_frame();
      return part;
    }
  }
  const size_t taken = std::min<size_t>(left_, in.size());
  body_.insert(body_.end(), in.begin(), in.begin() + static_cast<std::ptrdiff_t>(taken));
  in = in.subspan(taken);
  left_ -= static_cast<uint32_t>(taken);
  frame_bytes_ += taken;
  if (left_ > 0) return std::nullopt;
  close_frame();
  return FramePart{header_, body_, true, true};
}

Faulty<std::optional<FramePart>> FrameReader::next(ByteView& in) {
  if (!open_) {
    const auto complete = take_header(in);
    if (!complete) return tl::unexpected(complete.error());
    if (!*complete) return std::nullopt;
  }
  if (header_.is(FrameType::kData) || header_.is_extension()) return take_piece(in);
  return take_whole(in);
}

}  // namespace hetao::tunnel
