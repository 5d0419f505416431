// One chunk on its way: packed by the sender when that pays, unpacked and checked by the receiver. Everything
// here is safe to call on any thread: no state is shared. A ChunkPacker belongs to one thread at a time.
#pragma once

#include <memory>
#include <optional>

#include "gateway/base/time.h"
#include "gateway/transfer/blob.h"
#include "gateway/transfer/record.h"

namespace hetao::transfer {

// What came from the wire and has to be checked.
struct CheckChunk {
  uint64_t index = 0;
  uint32_t lane = 0;
  Encoding encoding = Encoding::kRaw;
  Bytes payload;
  size_t size = 0;  // of the chunk
  Digest leaf;      // that it has to have
};

struct CheckedChunk {
  uint64_t index = 0;
  uint32_t lane = 0;
  size_t wire_bytes = 0;  // that its payload took on the wire
  Bytes bytes;
  std::string lie;  // what does not hold; empty: the bytes are the chunk
};

CheckedChunk check_chunk(CheckChunk&& chunk);
// Two at once, where the processor hashes two faster than one after the other.
std::vector<CheckedChunk> check_chunks(std::vector<CheckChunk>&& chunks);

// Compresses chunks with zstd, level 1.
class ChunkPacker {
 public:
  ChunkPacker();
  ~ChunkPacker();
  ChunkPacker(ChunkPacker&&) noexcept;
  ChunkPacker& operator=(ChunkPacker&&) noexcept;

  // Nothing when less than a sixteenth would be saved.
  std::optional<Bytes> pack(ByteView chunk);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Decides from what was measured whether packing pays: a chunk is worth trying when the time that it takes is
// less than the time that the link would need for the bytes saved. After a loss it is tried again later, and
// ever less often.
class PackingChoice {
 public:
  // Is the next chunk worth a try? Counts it.
  bool should_try();
  // What a try gave: `packed_bytes` is the size of the chunk when it could not be packed.
  void note_try(size_t chunk_bytes, size_t packed_bytes, Duration spent);
  // What the link carries; 0: not known, then only size counts.
  void note_link(uint64_t bytes_per_second) { link_bytes_per_second_ = bytes_per_second; }

 private:
  uint64_t link_bytes_per_second_ = 0;
  uint32_t skip_ = 0;     // chunks to send as they are before the next try
  uint32_t backoff_ = 1;  // how many to skip after the next loss
};

}  // namespace hetao::transfer
