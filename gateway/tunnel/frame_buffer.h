// Memory for the payload of one DATA frame, with room for the frame's header in front, so that bytes read
// from disk (on any thread) go to the wire without another copy. A plain value that can be moved; not shared.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/tunnel/frame.h"

namespace hetao::tunnel {

class FrameBuffer {
 public:
  FrameBuffer() = default;
  explicit FrameBuffer(size_t payload_bytes_max)
      : bytes_(std::make_unique_for_overwrite<uint8_t[]>(kHeaderBytes + payload_bytes_max)),
        capacity_(payload_bytes_max) {}
  FrameBuffer(FrameBuffer&& other) noexcept { swap(other); }
  FrameBuffer& operator=(FrameBuffer&& other) noexcept {
    FrameBuffer gone(std::move(other));
    swap(gone);
    return *this;
  }

  size_t capacity() const { return capacity_; }
  // The whole room; fill its front and say how much with set_size. Forgets what was there.
  std::span<uint8_t> space() {
    begin_ = end_ = 0;
    return {bytes_.get() + kHeaderBytes, capacity_};
  }
  void set_size(size_t bytes) {
    HETAO_CHECK(begin_ == 0 && bytes <= capacity_);
    end_ = bytes;
  }
  ByteView payload() const {
    if (empty()) return {};
    return {bytes_.get() + kHeaderBytes + begin_, end_ - begin_};
  }
  void drop_front(size_t bytes) {
    HETAO_CHECK(bytes <= end_ - begin_);
    begin_ += bytes;
  }
  bool empty() const { return begin_ == end_; }

 private:
  friend class WireWriter;
  void swap(FrameBuffer& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
  }

  std::unique_ptr<uint8_t[]> bytes_;
  size_t capacity_ = 0;
  size_t begin_ = 0;  // of what is left of the payload
  size_t end_ = 0;
};

}  // namespace hetao::tunnel
