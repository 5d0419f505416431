// A sender and a receiver of one blob in memory, lanes that cut bytes where the test wants, and a disk that
// the test can fail. Used by the tests and the fuzzers of the transfer room.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/transfer/receiver.h"
#include "gateway/transfer/sender.h"

namespace hetao::transfer::testing {

constexpr size_t kMiB = limits::kChunkBytes;

inline Bytes noise(size_t bytes, uint32_t seed) {
  Bytes out(bytes);
  uint64_t x = seed * 0x9e3779b97f4a7c15ULL + 1;
  for (size_t i = 0; i < bytes; ++i) {
    x ^= x << 13U;
    x ^= x >> 7U;
    x ^= x << 17U;
    out[i] = static_cast<uint8_t>(x);
  }
  return out;
}

// A chunk of noise, of text that packs well, or of zeros, for each letter of "ntz".
inline Bytes content_of(std::string_view plan, size_t last_bytes = kMiB) {
  Bytes out;
  for (size_t i = 0; i < plan.size(); ++i) {
    const size_t size = i + 1 == plan.size() ? last_bytes : kMiB;
    Bytes chunk(size);
    if (plan[i] == 'n') chunk = noise(size, static_cast<uint32_t>(i + 1));
    if (plan[i] == 't') {
      const std::string line = "line " + std::to_string(i) + " of a table, quite regular; ";
      for (size_t k = 0; k < size; ++k) chunk[k] = static_cast<uint8_t>(line[k % line.size()]);
    }
    out.insert(out.end(), chunk.begin(), chunk.end());
  }
  return out;
}

struct World {
  explicit World(Bytes source_content, std::optional<Progress> before = std::nullopt, Bytes disk_before = {})
      : content(std::move(source_content)),
        sender(hash_blob(content), "crossing-1", 77),
        receiver(decode_offer(sender.offer()).value(), std::move(before)),
        disk(std::move(disk_before)) {
    disk.resize(content.size());
  }

  Bytes content;
  BlobSender sender;
  BlobReceiver receiver;
  Bytes disk;

  // What the test may bend.
  size_t piece = SIZE_MAX;  // bytes a lane hands over at a time
  uint32_t lanes = 1;
  bool pack = true;
  bool hold_checks = false;          // chunks to check are put aside
  std::vector<uint64_t> found_here;  // chunks that the receiver's owner has elsewhere
  uint64_t stop_after_chunks = UINT64_MAX;
  std::optional<size_t> spoil_at;  // a byte of the content that the sender lies about

  // What the test looks at.
  std::map<uint32_t, Bytes> to_receiver;  // on each lane, on its way
  Bytes to_sender;
  uint64_t wire_bytes = 0;
  uint64_t credit_due = 0;
  uint64_t chunks_on_wire = 0;
  std::vector<CheckChunk> held;
  uint64_t reserved = 0;
  bool complete = false;
  Result<void> sender_result;
  Result<void> receiver_result;

  void run() {
    for (bool busy = true; busy;) {
      busy = act();
      busy = send() || busy;
      busy = carry() || busy;
    }
  }

  bool act() {
    bool any = false;
    while (auto action = receiver.poll_action()) {
      any = true;
      std::visit([this](auto& a) { on(a); }, *action);
    }
    return any;
  }

  void on(ReserveSpace& a) {
    reserved = a.bytes;
    receiver.space_reserved();
  }
  void on(LeavesKnown&) { receiver.ask(found_here); }
  void on(SendAnswer& a) { to_sender.insert(to_sender.end(), a.record.begin(), a.record.end()); }
  void on(CheckChunk& a) {
    if (hold_checks) return held.push_back(std::move(a));
    if (receiver.progress().chunks_stored >= stop_after_chunks) return;  // the machine is gone
    receiver_result = receiver.chunk_checked(check_chunk(std::move(a)));
  }
  void on(StoreChunk& a) {
    std::copy(a.bytes.begin(), a.bytes.end(), disk.begin() + static_cast<std::ptrdiff_t>(a.offset));
    receiver.chunk_stored(a.index, std::move(a.bytes));
  }
  void on(StoreZeros& a) {
    const auto at = disk.begin() + static_cast<std::ptrdiff_t>(a.offset);
    std::fill(at, at + static_cast<std::ptrdiff_t>(a.size), uint8_t{0});
    receiver.zeros_stored(a.index, a.count);
  }
  void on(GiveCredit& a) { credit_due -= a.bytes; }
  void on(Complete&) {
    complete = true;
    receiver.completed();
  }

  bool send() {
    bool any = false;
    while (auto work = sender.next()) {
      any = true;
      if (auto* record = std::get_if<SendRecord>(&*work))
        put(0, record->record);
      else
        put_chunk(std::get<SendChunk>(*work));
    }
    return any;
  }

  void put_chunk(const SendChunk& work) {
    const uint32_t lane = static_cast<uint32_t>(chunks_on_wire++ % lanes);
    if (lane > 0 && !to_receiver.contains(lane))
      receiver_result = receiver.add_lane(decode_offer(sender.lane_header(lane)).value());
    Bytes bytes(content.begin() + static_cast<std::ptrdiff_t>(work.offset),
                content.begin() + static_cast<std::ptrdiff_t>(work.offset + work.size));
    if (spoil_at && *spoil_at >= work.offset && *spoil_at < work.offset + work.size)
      bytes[*spoil_at - work.offset] ^= 1;
    const auto packed = pack ? ChunkPacker().pack(bytes) : std::nullopt;
    const Bytes& payload = packed ? *packed : bytes;
    const auto head =
        chunk_record_header(work.index, packed ? Encoding::kZstd : Encoding::kRaw, payload.size());
    put(lane, head);
    put(lane, payload);
  }

  void put(uint32_t lane, ByteView bytes) {
    Bytes& way = to_receiver[lane];
    way.insert(way.end(), bytes.begin(), bytes.end());
    wire_bytes += bytes.size();
    credit_due += bytes.size();
  }

  bool carry() {
    bool any = false;
    for (auto& [lane, way] : to_receiver) {
      if (way.empty() || !receiver_result) continue;
      any = true;
      const size_t part = std::min(piece, way.size());
      receiver_result = receiver.receive(lane, ByteView(way).first(part));
      way.erase(way.begin(), way.begin() + static_cast<std::ptrdiff_t>(part));
    }
    if (!to_sender.empty()) {
      any = true;
      sender_result = sender.receive(std::exchange(to_sender, {}));
    }
    return any && receiver_result && sender_result;
  }
};

}  // namespace hetao::transfer::testing
