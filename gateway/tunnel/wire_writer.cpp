#include "gateway/tunnel/wire_writer.h"

#include <algorithm>
#include <numeric>

#include "gateway/base/check.h"

namespace hetao::tunnel {

namespace {

constexpr size_t kBlockBytes = size_t{16} << 10U;  // small frames share blocks of this size
constexpr size_t kSpareBuffersMax = 8;

std::span<uint8_t, kHeaderBytes> header_at(uint8_t* at) {
  return std::span<uint8_t, kHeaderBytes>(at, kHeaderBytes);
}

size_t frame_bytes_at(const uint8_t* at) {
  return kHeaderBytes + get_u32(ByteView(at, 4));
}

void stamp(uint8_t* at, uint16_t sequence) {
  at[6] = static_cast<uint8_t>(sequence >> 8U);
  at[7] = static_cast<uint8_t>(sequence);
}

}  // namespace

size_t WireWriter::queued() const {
  return std::accumulate(queues_.begin(), queues_.end(), size_t{0},
                         [](size_t sum, const Queue& q) { return sum + q.bytes; });
}

void WireWriter::retire(Block&& block) {
  if (block.capacity <= kBlockBytes || spare_.size() >= kSpareBuffersMax) return;
  FrameBuffer buffer;
  buffer.bytes_ = std::move(block.bytes);
  buffer.capacity_ = block.capacity - kHeaderBytes;
  spare_.push_back(std::move(buffer));
}

std::optional<FrameBuffer> WireWriter::used_buffer(size_t payload_bytes) {
  for (FrameBuffer& spare : spare_) {
    if (spare.capacity() < payload_bytes) continue;
    std::swap(spare, spare_.back());
    FrameBuffer buffer = std::move(spare_.back());
    spare_.pop_back();
    return buffer;
  }
  return std::nullopt;
}

WireWriter::Block& WireWriter::room_for(Queue& queue, size_t bytes) {
  if (queue.blocks.empty() || queue.blocks.back().capacity - queue.blocks.back().end < bytes) {
    const size_t capacity = std::max(bytes, kBlockBytes);
    queue.blocks.push_back({std::make_unique_for_overwrite<uint8_t[]>(capacity), capacity, 0, 0});
  }
  return queue.blocks.back();
}

void WireWriter::add(Rank rank, FrameType type, uint8_t flags, StreamId stream, ByteView payload) {
  Queue& queue = queue_of(rank);
  const size_t bytes = kHeaderBytes + payload.size();
  Block& block = room_for(queue, bytes);
  uint8_t* at = block.bytes.get() + block.end;
  encode_header({.length = static_cast<uint32_t>(payload.size()),
                 .type = static_cast<uint8_t>(type),
                 .flags = flags,
                 .sequence = 0,
                 .stream = stream},
                header_at(at));
  std::copy(payload.begin(), payload.end(), at + kHeaderBytes);
  block.end += bytes;
  queue.bytes += bytes;
  ++queue.added;
}

void WireWriter::add_buffer(Rank rank, uint8_t flags, StreamId stream, FrameBuffer&& buffer) {
  Queue& queue = queue_of(rank);
  const size_t payload_bytes = buffer.payload().size();
  Block block{std::move(buffer.bytes_), buffer.capacity_ + kHeaderBytes, buffer.begin_,
              buffer.end_ + kHeaderBytes};  // the header stands right before what is left of the payload
  encode_header({.length = static_cast<uint32_t>(payload_bytes),
                 .type = static_cast<uint8_t>(FrameType::kData),
                 .flags = flags,
                 .sequence = 0,
                 .stream = stream},
                header_at(block.bytes.get() + block.begin));
  queue.blocks.push_back(std::move(block));
  queue.bytes += kHeaderBytes + payload_bytes;
  ++queue.added;
  buffer = FrameBuffer();
}

// Adds views of whole frames of one queue, after `skip` bytes, and returns how many bytes they hold.
size_t WireWriter::plan_queue(size_t index, size_t skip, size_t bytes_max, uint16_t& sequence) {
  size_t total = 0;
  for (Block& block : queues_[index].blocks) {
    const size_t start = block.begin + skip;
    skip = 0;
    size_t end = start;
    while (end < block.end && total < bytes_max) {
      uint8_t* at = block.bytes.get() + end;
      stamp(at, sequence++);
      end += frame_bytes_at(at);
      total += frame_bytes_at(at);
    }
    if (end > start) views_.emplace_back(block.bytes.get() + start, end - start);
    if (total >= bytes_max) break;
  }
  if (total > 0) planned_.push_back({index, total});
  return total;
}

std::span<const ByteView> WireWriter::plan(size_t bytes_max) {
  views_.clear();
  planned_.clear();
  size_t total = cut_left_;
  if (cut_left_ > 0) {
    const Block& block = queues_[cut_queue_].blocks.front();
    views_.emplace_back(block.bytes.get() + block.begin, cut_left_);
  }
  uint16_t sequence = sequence_;
  for (size_t i = 0; i < kRanks && total < bytes_max; ++i)
    total += plan_queue(i, cut_left_ > 0 && cut_queue_ == i ? cut_left_ : 0, bytes_max - total, sequence);
  return views_;
}

void WireWriter::pop(size_t index, size_t bytes) {
  Queue& queue = queues_[index];
  queue.bytes -= bytes;
  while (bytes > 0) {
    Block& block = queue.blocks.front();
    const size_t taken = std::min(bytes, block.end - block.begin);
    block.begin += taken;
    bytes -= taken;
    if (block.begin < block.end) continue;
    retire(std::move(block));
    queue.blocks.pop_front();
  }
}

void WireWriter::consumed(size_t bytes) {
  const size_t rest_of_cut = std::min(bytes, cut_left_);
  if (rest_of_cut > 0) {
    pop(cut_queue_, rest_of_cut);
    cut_left_ -= rest_of_cut;
    bytes -= rest_of_cut;
  }
  for (Planned& planned : planned_) {
    while (bytes > 0 && planned.bytes > 0) {
      const Block& block = queues_[planned.queue].blocks.front();
      const size_t frame = frame_bytes_at(block.bytes.get() + block.begin);
      const size_t taken = std::min(frame, bytes);
      ++sequence_;
      ++queues_[planned.queue].begun;
      pop(planned.queue, taken);
      planned.bytes -= frame;
      bytes -= taken;
      if (taken == frame) continue;
      cut_queue_ = planned.queue;
      cut_left_ = frame - taken;
    }
  }
  HETAO_CHECK(bytes == 0);
}

void WireWriter::drop(size_t index) {
  Queue& queue = queues_[index];
  planned_.clear();
  const size_t keep = cut_left_ > 0 && cut_queue_ == index ? cut_left_ : 0;
  while (queue.blocks.size() > (keep > 0 ? 1U : 0U)) queue.blocks.pop_back();
  if (keep > 0) queue.blocks.front().end = queue.blocks.front().begin + keep;
  queue.bytes = keep;
}

void WireWriter::drop_data() {
  drop(static_cast<size_t>(Rank::kSmall));
  drop(static_cast<size_t>(Rank::kBulk));
}

void WireWriter::drop_control() {
  drop(static_cast<size_t>(Rank::kControl));
}

}  // namespace hetao::tunnel
