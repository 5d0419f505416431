#include "gateway/transfer/chunk.h"

#include <zstd.h>

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/ledger/hash_pair.h"

namespace hetao::transfer {

namespace {

constexpr int kLevel = 1;
constexpr size_t kWorthPart = 16;  // a sixteenth saved is worth the receiver's work
constexpr uint32_t kBackoffMax = 64;

bool is_worth(size_t chunk_bytes, size_t packed_bytes) {
  return packed_bytes + chunk_bytes / kWorthPart <= chunk_bytes;
}

}  // namespace

namespace {

// The chunk's bytes, not yet compared with its hash.
CheckedChunk unpack(CheckChunk& chunk) {
  CheckedChunk out{chunk.index, chunk.lane, chunk.payload.size(), {}, {}};
  switch (chunk.encoding) {
    case Encoding::kRaw:
      out.bytes = std::move(chunk.payload);
      break;
    case Encoding::kZstd: {
      out.bytes.resize(chunk.size);
      const size_t got =
          ZSTD_decompress(out.bytes.data(), out.bytes.size(), chunk.payload.data(), chunk.payload.size());
      if (ZSTD_isError(got) != 0 || got != chunk.size)
        out.lie = "chunk " + std::to_string(chunk.index) + " cannot be unpacked to its size";
      break;
    }
  }
  return out;
}

void compare(CheckedChunk& chunk, const Digest& found, const Digest& leaf) {
  if (chunk.lie.empty() && found != leaf)
    chunk.lie = "chunk " + std::to_string(chunk.index) + " does not have its hash";
}

bool can_hash(const CheckedChunk& chunk, size_t size) {
  return chunk.lie.empty() && chunk.bytes.size() == size && size > 0;
}

}  // namespace

CheckedChunk check_chunk(CheckChunk&& chunk) {
  CheckedChunk out = unpack(chunk);
  compare(out, can_hash(out, chunk.size) ? chunk_leaf(out.bytes) : Digest{}, chunk.leaf);
  return out;
}

std::vector<CheckedChunk> check_chunks(std::vector<CheckChunk>&& chunks) {
  std::vector<CheckedChunk> out;
  size_t at = 0;
  for (; at + 1 < chunks.size(); at += 2) {
    CheckedChunk a = unpack(chunks[at]);
    CheckedChunk b = unpack(chunks[at + 1]);
    std::pair<Digest, Digest> found;
    if (can_hash(a, chunks[at].size) && can_hash(b, chunks[at + 1].size))
      found = ledger::leaf_hashes(a.bytes, b.bytes);
    else
      found = {can_hash(a, chunks[at].size) ? chunk_leaf(a.bytes) : Digest{},
               can_hash(b, chunks[at + 1].size) ? chunk_leaf(b.bytes) : Digest{}};
    compare(a, found.first, chunks[at].leaf);
    compare(b, found.second, chunks[at + 1].leaf);
    out.push_back(std::move(a));
    out.push_back(std::move(b));
  }
  if (at < chunks.size()) out.push_back(check_chunk(std::move(chunks[at])));
  return out;
}

struct ChunkPacker::Context {
  Context() : zstd(ZSTD_createCCtx()) { HETAO_CHECK(zstd != nullptr); }
  ~Context() { ZSTD_freeCCtx(zstd); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ZSTD_CCtx* zstd;
};

ChunkPacker::ChunkPacker() : context_(std::make_unique<Context>()) {}
ChunkPacker::~ChunkPacker() = default;
ChunkPacker::ChunkPacker(ChunkPacker&&) noexcept = default;
ChunkPacker& ChunkPacker::operator=(ChunkPacker&&) noexcept = default;

std::optional<Bytes> ChunkPacker::pack(ByteView chunk) {
  const size_t room = chunk.size() - chunk.size() / kWorthPart;
  Bytes out(room);
  // What does not fit in the room is an error of zstd's, and not worth it for us.
  const size_t got =
      ZSTD_compressCCtx(context_->zstd, out.data(), out.size(), chunk.data(), chunk.size(), kLevel);
  if (ZSTD_isError(got) != 0 || !is_worth(chunk.size(), got)) return std::nullopt;
  out.resize(got);
  return out;
}

bool PackingChoice::should_try() {
  if (skip_ == 0) return true;
  --skip_;
  return false;
}

void PackingChoice::note_try(size_t chunk_bytes, size_t packed_bytes, Duration spent) {
  bool pays = is_worth(chunk_bytes, packed_bytes);
  if (pays && link_bytes_per_second_ > 0) {
    const uint64_t saved = chunk_bytes - packed_bytes;
    pays = static_cast<uint64_t>(std::max<int64_t>(spent.micros, 0)) <=
           saved * 1'000'000 / link_bytes_per_second_;
  }
  if (pays) {
    backoff_ = 1;
    return;
  }
  skip_ = backoff_;
  backoff_ = std::min(backoff_ * 2, kBackoffMax);
}

}  // namespace hetao::transfer
