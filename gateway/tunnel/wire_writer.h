// What waits to be written to the peer: three queues of whole frames (control, small, bulk), handed out in
// this order without copying. A frame that has been begun is finished first. Frames get their sequence number
// when they are handed out. Not thread-safe: one owner.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/tunnel/frame.h"
#include "gateway/tunnel/frame_buffer.h"

namespace hetao::tunnel {

enum class Rank : uint8_t { kControl = 0, kSmall = 1, kBulk = 2 };
inline constexpr size_t kRanks = 3;

class WireWriter {
 public:
  void add(Rank rank, FrameType type, uint8_t flags, StreamId stream, ByteView payload);

  // The whole payload of `buffer` as one DATA frame, without copying it. An empty buffer comes back from
  // used_buffer.
  void add_buffer(Rank rank, uint8_t flags, StreamId stream, FrameBuffer&& buffer);
  // A buffer of at least this size to fill again, if one has been written out.
  std::optional<FrameBuffer> used_buffer(size_t payload_bytes);

  // Bytes queued, headers included.
  size_t queued(Rank rank) const { return queues_[static_cast<size_t>(rank)].bytes; }
  size_t queued() const;
  // Frames ever added to a rank, and how many of them have gone to the wire, the one in progress included.
  uint64_t added(Rank rank) const { return queues_[static_cast<size_t>(rank)].added; }
  uint64_t begun(Rank rank) const { return queues_[static_cast<size_t>(rank)].begun; }

  // The next bytes for the wire: whole frames until `bytes_max` is reached, at least one. The views hold
  // until the next call that is not const; what they stand for is taken off by consumed, whatever is added in
  // between.
  std::span<const ByteView> plan(size_t bytes_max);
  void consumed(size_t bytes);

  // Forgets all frames of these ranks, but not the rest of one that has been begun.
  void drop_data();
  void drop_control();

 private:
  struct Block {
    std::unique_ptr<uint8_t[]> bytes;
    size_t capacity = 0;
    size_t begin = 0;
    size_t end = 0;
  };
  struct Queue {
    std::deque<Block> blocks;
    size_t bytes = 0;
    uint64_t added = 0;
    uint64_t begun = 0;
  };
  struct Planned {
    size_t queue;
    size_t bytes;
  };

  Queue& queue_of(Rank rank) { return queues_[static_cast<size_t>(rank)]; }
  Block& room_for(Queue& queue, size_t bytes);
  void retire(Block&& block);
  size_t plan_queue(size_t index, size_t skip, size_t bytes_max, uint16_t& sequence);
  void pop(size_t index, size_t bytes);
  void drop(size_t index);

  std::array<Queue, kRanks> queues_;
  std::vector<FrameBuffer> spare_;  // written out, to be filled again
  std::vector<ByteView> views_;
  std::vector<Planned> planned_;
  size_t cut_queue_ = 0;   // where a frame has been begun on the wire …
  size_t cut_left_ = 0;    // … and how many of its bytes are still queued
  uint16_t sequence_ = 0;  // of the next frame to be begun
};

}  // namespace hetao::tunnel
