#include "gateway/transfer/blob.h"

#include <algorithm>
#include <array>

#include "gateway/base/check.h"
#include "gateway/ledger/merkle.h"

namespace hetao::transfer {

namespace {

using limits::kChunkBytes;
constexpr std::string_view kPrefix = "sha256t:";
constexpr std::array<uint8_t, 1> kLeafMark = {0};

}  // namespace

std::string blob_digest_text(const Digest& digest) {
  return std::string(kPrefix) + digest.hex();
}

std::optional<Digest> parse_blob_digest(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  if (std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'F'; })) return std::nullopt;
  return Digest::from_hex(text);
}

uint64_t chunk_count(uint64_t blob_size) {
  return blob_size / kChunkBytes + (blob_size % kChunkBytes != 0 ? 1 : 0);
}

uint64_t chunk_offset(uint64_t index) {
  return index * kChunkBytes;
}

size_t chunk_size(uint64_t blob_size, uint64_t index) {
  HETAO_CHECK(index < chunk_count(blob_size));
  return static_cast<size_t>(std::min<uint64_t>(kChunkBytes, blob_size - chunk_offset(index)));
}

Digest chunk_leaf(ByteView chunk) {
  HETAO_CHECK(!chunk.empty() && chunk.size() <= kChunkBytes);
  return ledger::leaf_hash(chunk);
}

Digest zero_chunk_leaf(size_t size) {
  HETAO_CHECK(size > 0 && size <= kChunkBytes);
  static constexpr std::array<uint8_t, 4'096> kZeros{};
  ledger::Sha256 hash;
  hash.update(kLeafMark);
  for (size_t left = size; left > 0;) {
    const size_t part = std::min(left, kZeros.size());
    hash.update(ByteView(kZeros).first(part));
    left -= part;
  }
  return hash.finish();
}

Digest blob_root(std::span<const Digest> leaves) {
  return leaves.empty() ? ledger::empty_root() : ledger::root_of(leaves);
}

Result<void> check_leaves(const Blob& blob) {
  const auto refuse = [&](std::string why) {
    return fail(ErrorCode::kVerification, "blob " + blob_digest_text(blob.digest), std::move(why));
  };
  if (blob.leaves.size() != chunk_count(blob.size))
    return refuse(std::to_string(blob.leaves.size()) + " chunk hashes for " + std::to_string(blob.size) +
                  " bytes");
  if (blob_root(blob.leaves) != blob.digest)
    return refuse("its chunk hashes do not have its digest as their root");
  return {};
}

Blob hash_blob(ByteView content) {
  BlobHasher hasher;
  hasher.update(content);
  return hasher.finish();
}

void BlobHasher::update(ByteView bytes) {
  while (!bytes.empty()) {
    const auto in_chunk = static_cast<size_t>(size_ % kChunkBytes);
    if (in_chunk == 0) chunk_.update(kLeafMark);
    const size_t part = std::min(bytes.size(), kChunkBytes - in_chunk);
    chunk_.update(bytes.first(part));
    size_ += part;
    bytes = bytes.subspan(part);
    if (size_ % kChunkBytes == 0) leaves_.push_back(chunk_.finish());
  }
}

Blob BlobHasher::finish() {
  if (size_ % kChunkBytes != 0) leaves_.push_back(chunk_.finish());
  Blob blob{blob_root(leaves_), size_, std::move(leaves_)};
  leaves_.clear();
  size_ = 0;
  return blob;
}

}  // namespace hetao::transfer
