// The Merkle tree of RFC 6962, section 2.1, pure: hashes, roots, proofs and their verification. The same tree
// serves the audit log (leaves are entries) and blobs (leaves are chunks).
//
// A complete subtree is named by (level, index): it covers the 2^level leaves from index * 2^level on.
// Whoever stores hashes hands them out by that name through a HashReader. All functions are pure; a Frontier
// or MemoryTree belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "gateway/base/digest.h"
#include "gateway/base/result.h"

namespace hetao::ledger {

Digest leaf_hash(ByteView leaf);                            // SHA-256(0x00 || leaf)
Digest node_hash(const Digest& left, const Digest& right);  // SHA-256(0x01 || left || right)
Digest empty_root();                                        // SHA-256 of nothing

// The hash of the complete subtree (level, index), or why it can't be had.
using HashReader = std::function<Result<Digest>(unsigned level, uint64_t index)>;

using Proof = std::vector<Digest>;

// The right edge of a growing tree: all that is needed to append and to know the root. O(log n) memory.
class Frontier {
 public:
  Frontier() = default;
  // The frontier of a tree of `size` leaves: hashes of its complete subtrees, largest first, one for each bit
  // set in `size`. Nothing when their number is wrong.
  static std::optional<Frontier> from(uint64_t size, std::vector<Digest> hashes);
  static Result<Frontier> read(uint64_t size, const HashReader& reader);

  void append(const Digest& leaf);
  uint64_t size() const { return size_; }
  Digest root() const;
  const std::vector<Digest>& hashes() const { return hashes_; }

 private:
  uint64_t size_ = 0;
  std::vector<Digest> hashes_;
};

// A tree kept whole in memory: roots and proofs at every size up to now. About 64 bytes a leaf.
class MemoryTree {
 public:
  MemoryTree() = default;
  explicit MemoryTree(std::span<const Digest> leaves);

  void append(const Digest& leaf);
  uint64_t size() const { return levels_.empty() ? 0 : levels_.front().size(); }
  Digest root() const { return root(size()); }
  Digest root(uint64_t size) const;  // size <= size()
  const Digest& leaf(uint64_t index) const { return levels_.front()[index]; }
  // A complete subtree that lies within size().
  const Digest& node(unsigned level, uint64_t index) const { return levels_[level][index]; }
  Proof inclusion_proof(uint64_t index, uint64_t size) const;           // index < size <= size()
  Proof consistency_proof(uint64_t old_size, uint64_t new_size) const;  // old_size <= new_size <= size()
  HashReader reader() const;                                            // lives no longer than the tree

 private:
  std::vector<std::vector<Digest>> levels_;  // of complete subtrees
};

// The root over these leaf hashes.
Digest root_of(std::span<const Digest> leaves);

// Proofs from stored hashes. They are only as good as the reader: check them against a signed root before
// use.
Result<Proof> inclusion_proof(uint64_t index, uint64_t size, const HashReader& reader);
Result<Proof> consistency_proof(uint64_t old_size, uint64_t new_size, const HashReader& reader);
Result<Digest> read_root(uint64_t size, const HashReader& reader);

// Errors are of code kVerification.
Result<void> verify_inclusion(uint64_t index, uint64_t size, const Digest& leaf,
                              std::span<const Digest> proof, const Digest& root);
Result<void> verify_consistency(uint64_t old_size, uint64_t new_size, std::span<const Digest> proof,
                                const Digest& old_root, const Digest& new_root);

}  // namespace hetao::ledger
