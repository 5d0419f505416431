// Contiguous bytes, filled at the end and taken from the front; memory grows on demand up to a bound that the
// user keeps. Not thread-safe.
#pragma once

#include <cstring>
#include <memory>
#include <span>

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"

namespace hetao::io {

class FlatBuffer {
 public:
  size_t size() const { return tail_ - head_; }
  bool empty() const { return head_ == tail_; }
  ByteView view() const { return {bytes_.get() + head_, size()}; }

  // `size` writable bytes after the content. Moves the content to the front when that makes room.
  std::span<uint8_t> prepare(size_t size) {
    if (capacity_ - tail_ < size) make_room(size);
    return {bytes_.get() + tail_, size};
  }
  void commit(size_t size) {
    HETAO_CHECK(size <= capacity_ - tail_);
    tail_ += size;
  }
  void append(ByteView bytes) {
    if (bytes.empty()) return;
    std::memcpy(prepare(bytes.size()).data(), bytes.data(), bytes.size());
    commit(bytes.size());
  }
  void consume(size_t size) {
    HETAO_CHECK(size <= this->size());
    head_ += size;
    if (head_ == tail_) head_ = tail_ = 0;
  }

 private:
  void make_room(size_t wanted) {
    const size_t kept = size();
    if (capacity_ - kept >= wanted) {
      std::memmove(bytes_.get(), bytes_.get() + head_, kept);
    } else {
      size_t capacity = capacity_ == 0 ? kSmallest : capacity_;
      while (capacity - kept < wanted) capacity *= 2;
      // Not zeroed: every byte is written before it is read.
      std::unique_ptr<uint8_t[]> grown(new uint8_t[capacity]);
      if (kept != 0) std::memcpy(grown.get(), bytes_.get() + head_, kept);
      bytes_ = std::move(grown);
      capacity_ = capacity;
    }
    head_ = 0;
    tail_ = kept;
  }

  static constexpr size_t kSmallest = 4096;
  std::unique_ptr<uint8_t[]> bytes_;
  size_t capacity_ = 0;
  size_t head_ = 0;
  size_t tail_ = 0;
};

}  // namespace hetao::io
