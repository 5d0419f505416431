#include "gateway/ledger/merkle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/ledger/hash_pair.h"
#include "gateway/ledger/sha256.h"

namespace hetao::ledger {

namespace {

// The largest power of two below n, as its exponent (RFC 6962: k < n <= 2k). n > 1.
unsigned split_level(uint64_t n) {
  return static_cast<unsigned>(std::bit_width(n - 1)) - 1;
}

// The hash of leaves [begin, end), where begin is a multiple of the smallest power of two >= end - begin: the
// range is a row of complete subtrees, each smaller than the one before it.
Result<Digest> range_hash(uint64_t begin, uint64_t end, const HashReader& reader) {
  std::vector<Digest> parts;
  while (begin < end) {
    const auto level = static_cast<unsigned>(std::bit_width(end - begin)) - 1;
    auto part = reader(level, begin >> level);
    if (!part) return fail(std::move(part.error()));
    parts.push_back(*part);
    begin += uint64_t{1} << level;
  }
  HETAO_CHECK(!parts.empty());
  Digest hash = parts.back();
  for (size_t i = parts.size() - 1; i-- > 0;) hash = node_hash(parts[i], hash);
  return hash;
}

Result<void> append_range(Proof& proof, uint64_t begin, uint64_t end, const HashReader& reader) {
  auto hash = range_hash(begin, end, reader);
  if (!hash) return fail(std::move(hash.error()));
  proof.push_back(*hash);
  return {};
}

auto refuse(std::string what, std::string why) {
  return fail(ErrorCode::kVerification, std::move(what), std::move(why), "do not trust this log's operator");
}

std::string inclusion_name(uint64_t index, uint64_t size) {
  return "inclusion of entry " + std::to_string(index) + " in a tree of " + std::to_string(size);
}

std::string consistency_name(uint64_t old_size, uint64_t new_size) {
  return "consistency of sizes " + std::to_string(old_size) + " and " + std::to_string(new_size);
}

// What a consistency proof says both roots are.
struct Roots {
  Digest old_root;
  Digest new_root;
};

// Walks a consistency proof upward (RFC 9162, section 2.1.4.2, which verifies the proofs of RFC 6962, 2.1.2).
// 0 < old_size < new_size. Nothing when the proof has the wrong length.
std::optional<Roots> climb(uint64_t old_size, uint64_t new_size, std::span<const Digest> proof,
                           const Digest& old_root) {
  uint64_t node = old_size - 1;
  uint64_t last = new_size - 1;
  const auto shift = static_cast<unsigned>(std::countr_one(node));
  node >>= shift;
  last >>= shift;
  // A complete old tree is a subtree of the new one: its root is left out of the proof.
  const bool complete = std::has_single_bit(old_size);
  if (!complete && proof.empty()) return std::nullopt;
  const Digest seed = complete ? old_root : proof.front();
  Roots roots{seed, seed};
  for (const Digest& hash : proof.subspan(complete ? 0 : 1)) {
    if (last == 0) return std::nullopt;
    if ((node & 1U) != 0 || node == last) {
      roots.old_root = node_hash(hash, roots.old_root);
      roots.new_root = node_hash(hash, roots.new_root);
      while ((node & 1U) == 0 && node != 0) {
        node >>= 1U;
        last >>= 1U;
      }
    } else {
      roots.new_root = node_hash(roots.new_root, hash);
    }
    node >>= 1U;
    last >>= 1U;
  }
  if (last != 0) return std::nullopt;
  return roots;
}

}  // namespace

Digest leaf_hash(ByteView leaf) {
  static constexpr std::array<uint8_t, 1> kPrefix = {0x00};
  Sha256 hash;
  hash.update(kPrefix);
  hash.update(leaf);
  return hash.finish();
}

Digest node_hash(const Digest& left, const Digest& right) {
  std::array<uint8_t, 65> bytes;
  bytes[0] = 0x01;
  std::copy(left.bytes.begin(), left.bytes.end(), bytes.begin() + 1);
  std::copy(right.bytes.begin(), right.bytes.end(), bytes.begin() + 33);
  return sha256(bytes);
}

Digest empty_root() {
  return sha256({});
}

std::optional<Frontier> Frontier::from(uint64_t size, std::vector<Digest> hashes) {
  if (static_cast<size_t>(std::popcount(size)) != hashes.size()) return std::nullopt;
  Frontier frontier;
  frontier.size_ = size;
  frontier.hashes_ = std::move(hashes);
  return frontier;
}

Result<Frontier> Frontier::read(uint64_t size, const HashReader& reader) {
  Frontier frontier;
  frontier.size_ = size;
  uint64_t begin = 0;
  for (unsigned level = 64; level-- > 0;) {
    if ((size >> level & 1U) == 0) continue;
    auto hash = reader(level, begin >> level);
    if (!hash) return fail(std::move(hash.error()));
    frontier.hashes_.push_back(*hash);
    begin += uint64_t{1} << level;
  }
  return frontier;
}

void Frontier::append(const Digest& leaf) {
  Digest hash = leaf;
  for (uint64_t rest = size_; (rest & 1U) != 0; rest >>= 1U) {
    hash = node_hash(hashes_.back(), hash);
    hashes_.pop_back();
  }
  hashes_.push_back(hash);
  ++size_;
}

Digest Frontier::root() const {
  if (hashes_.empty()) return empty_root();
  Digest hash = hashes_.back();
  for (size_t i = hashes_.size() - 1; i-- > 0;) hash = node_hash(hashes_[i], hash);
  return hash;
}

MemoryTree::MemoryTree(std::span<const Digest> leaves) {
  std::vector<Digest> row(leaves.begin(), leaves.end());
  while (!row.empty()) {
    std::vector<Digest> above(row.size() / 2);
    hash_row(std::span(row).first(2 * above.size()), above);
    levels_.push_back(std::exchange(row, std::move(above)));
  }
}

void MemoryTree::append(const Digest& leaf) {
  Digest hash = leaf;
  for (size_t level = 0;; ++level) {
    if (level == levels_.size()) levels_.emplace_back();
    auto& row = levels_[level];
    row.push_back(hash);
    if (row.size() % 2 != 0) return;
    hash = node_hash(row[row.size() - 2], row.back());
  }
}

HashReader MemoryTree::reader() const {
  return [this](unsigned level, uint64_t index) -> Result<Digest> {
    HETAO_CHECK(level < levels_.size() && index < levels_[level].size());
    return levels_[level][index];
  };
}

Digest MemoryTree::root(uint64_t size) const {
  HETAO_CHECK(size <= this->size());
  return size == 0 ? empty_root() : range_hash(0, size, reader()).value();
}

Proof MemoryTree::inclusion_proof(uint64_t index, uint64_t size) const {
  HETAO_CHECK(index < size && size <= this->size());
  return ledger::inclusion_proof(index, size, reader()).value();
}

Proof MemoryTree::consistency_proof(uint64_t old_size, uint64_t new_size) const {
  HETAO_CHECK(old_size <= new_size && new_size <= this->size());
  return ledger::consistency_proof(old_size, new_size, reader()).value();
}

Digest root_of(std::span<const Digest> leaves) {
  if (leaves.empty()) return empty_root();
  std::vector<Digest> row(leaves.begin(), leaves.end());
  while (row.size() > 1) {
    const size_t pairs = row.size() / 2;
    const bool is_odd = row.size() % 2 != 0;
    hash_row(std::span(row).first(2 * pairs), std::span(row).first(pairs));
    if (is_odd) row[pairs] = row.back();  // goes up as it is
    row.resize(pairs + (is_odd ? 1 : 0));
  }
  return row.front();
}

Result<Digest> read_root(uint64_t size, const HashReader& reader) {
  if (size == 0) return empty_root();
  return range_hash(0, size, reader);
}

Result<Proof> inclusion_proof(uint64_t index, uint64_t size, const HashReader& reader) {
  if (index >= size)
    return fail(ErrorCode::kUsage, inclusion_name(index, size), "the tree has no such entry",
                "name an index below its size");
  Proof proof;
  uint64_t begin = 0;
  uint64_t end = size;
  // Downward from the root; each step leaves one sibling behind.
  while (end - begin > 1) {
    const uint64_t middle = begin + (uint64_t{1} << split_level(end - begin));
    const bool left = index < middle;
    if (auto done = append_range(proof, left ? middle : begin, left ? end : middle, reader); !done)
      return fail(std::move(done.error()));
    (left ? end : begin) = middle;
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Result<Proof> consistency_proof(uint64_t old_size, uint64_t new_size, const HashReader& reader) {
  if (old_size > new_size)
    return fail(ErrorCode::kUsage, consistency_name(old_size, new_size), "the old tree is the larger one",
                "give the smaller size first");
  Proof proof;
  if (old_size == 0 || old_size == new_size) return proof;
  uint64_t begin = 0;
  uint64_t end = new_size;
  while (old_size != end) {
    const uint64_t middle = begin + (uint64_t{1} << split_level(end - begin));
    const bool left = old_size <= middle;
    if (auto done = append_range(proof, left ? middle : begin, left ? end : middle, reader); !done)
      return fail(std::move(done.error()));
    (left ? end : begin) = middle;
  }
  if (begin != 0) {  // the old tree does not end as a subtree that both know from the start
    if (auto done = append_range(proof, begin, end, reader); !done) return fail(std::move(done.error()));
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Result<void> verify_inclusion(uint64_t index, uint64_t size, const Digest& leaf,
                              std::span<const Digest> proof, const Digest& root) {
  if (index >= size) return refuse(inclusion_name(index, size), "the tree has no such entry");
  uint64_t node = index;
  uint64_t last = size - 1;
  Digest hash = leaf;
  for (const Digest& sibling : proof) {
    if (last == 0) return refuse(inclusion_name(index, size), "the proof is too long");
    if ((node & 1U) != 0 || node == last) {
      hash = node_hash(sibling, hash);
      while ((node & 1U) == 0 && node != 0) {
        node >>= 1U;
        last >>= 1U;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1U;
    last >>= 1U;
  }
  if (last != 0) return refuse(inclusion_name(index, size), "the proof is too short");
  if (hash != root) return refuse(inclusion_name(index, size), "the proof leads to another root");
  return {};
}

Result<void> verify_consistency(uint64_t old_size, uint64_t new_size, std::span<const Digest> proof,
                                const Digest& old_root, const Digest& new_root) {
  const std::string name = consistency_name(old_size, new_size);
  if (old_size > new_size) return refuse(name, "the log has shrunk");
  if (old_size == 0 || old_size == new_size) {
    if (!proof.empty()) return refuse(name, "the proof has to be empty");
    if (old_size == 0 && old_root != empty_root())
      return refuse(name, "the old root is not that of an empty tree");
    if (old_size == new_size && old_root != new_root)
      return refuse(name, "two roots for one size: the log was forked");
    return {};
  }
  const auto roots = climb(old_size, new_size, proof, old_root);
  if (!roots) return refuse(name, "the proof has the wrong length");
  if (roots->old_root != old_root)
    return refuse(name, "the proof does not contain the old root: history was changed");
  if (roots->new_root != new_root) return refuse(name, "the proof leads to another new root");
  return {};
}

}  // namespace hetao::ledger
