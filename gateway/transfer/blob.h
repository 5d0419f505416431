// Blobs: what they are called, and how they are cut and hashed.
//
// A blob is cut in chunks of 1 MiB (limits::kChunkBytes), the last one may be shorter. Its digest is the root
// of the Merkle tree of RFC 6962 whose leaves are the chunks: SHA-256(0x00 || chunk), nodes SHA-256(0x01 ||
// left || right). The empty blob has no chunks, and the digest of the empty tree, SHA-256 of nothing. Chunks
// can be hashed in any order and on any thread. Written `sha256t:` and 64 hex digits. Functions are pure; a
// BlobHasher belongs to one thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/digest.h"
#include "gateway/base/limits.h"
#include "gateway/base/result.h"
#include "gateway/ledger/sha256.h"

namespace hetao::transfer {

std::string blob_digest_text(const Digest& digest);
std::optional<Digest> parse_blob_digest(std::string_view text);  // lower-case hex, nothing else

// The digest and size name the content; the leaves let it be checked chunk by chunk.
struct Blob {
  Digest digest;
  uint64_t size = 0;
  std::vector<Digest> leaves;
};

uint64_t chunk_count(uint64_t blob_size);
uint64_t chunk_offset(uint64_t index);
size_t chunk_size(uint64_t blob_size, uint64_t index);  // index < chunk_count

Digest chunk_leaf(ByteView chunk);
Digest zero_chunk_leaf(size_t size);  // of that many zero bytes, at most a chunk
Digest blob_root(std::span<const Digest> leaves);

// Do these leaves belong to this blob? Their number fits its size, and their root is its digest.
Result<void> check_leaves(const Blob& blob);

Blob hash_blob(ByteView content);

// The same for content that comes in pieces, one after the other.
class BlobHasher {
 public:
  void update(ByteView bytes);
  uint64_t size() const { return size_; }
  // The blob of everything so far. The object is then as new.
  Blob finish();

 private:
  ledger::Sha256 chunk_;
  uint64_t size_ = 0;
  std::vector<Digest> leaves_;
};

}  // namespace hetao::transfer
