#include "gateway/ledger/merkle.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "gateway/ledger/sha256.h"

namespace hetao::ledger {
namespace {

// The eight leaves and their roots that implementations of RFC 6962 have used as test vectors since the first
// one.
const std::vector<std::string> kLeaves = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
const std::vector<std::string> kRoots = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                         "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                         "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                         "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::vector<Digest> vector_leaves() {
  std::vector<Digest> leaves;
  for (const std::string& leaf : kLeaves) leaves.push_back(leaf_hash(*from_hex(leaf)));
  return leaves;
}

std::vector<Digest> some_leaves(size_t count) {
  std::vector<Digest> leaves;
  for (size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(as_bytes("leaf " + std::to_string(i))));
  return leaves;
}

// RFC 6962 section 2.1, word by word: slow, and the measure of everything else.
namespace rfc {
using Leaves = std::span<const Digest>;
size_t split(size_t n) {
  size_t k = 1;
  while (2 * k < n) k *= 2;
  return k;
}
Digest mth(Leaves d) {
  if (d.empty()) return sha256({});
  if (d.size() == 1) return d[0];
  const size_t k = split(d.size());
  return node_hash(mth(d.first(k)), mth(d.subspan(k)));
}
Proof path(size_t m, Leaves d) {
  if (d.size() == 1) return {};
  const size_t k = split(d.size());
  Proof proof = m < k ? path(m, d.first(k)) : path(m - k, d.subspan(k));
  proof.push_back(m < k ? mth(d.subspan(k)) : mth(d.first(k)));
  return proof;
}
Proof subproof(size_t m, Leaves d, bool whole) {
  if (m == d.size()) return whole ? Proof{} : Proof{mth(d)};
  const size_t k = split(d.size());
  Proof proof = m <= k ? subproof(m, d.first(k), whole) : subproof(m - k, d.subspan(k), false);
  proof.push_back(m <= k ? mth(d.subspan(k)) : mth(d.first(k)));
  return proof;
}
}  // namespace rfc

TEST(Sha256, HasThePublishedValues) {
  EXPECT_EQ(sha256(as_bytes("abc")).hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256({}).hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_base64(empty_root().view()), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

TEST(Sha256, InPiecesIsTheSameAsAtOnceAndStartsAnewAfterwards) {
  const std::string text(1'000, 'x');
  Sha256 hash;
  for (int round = 0; round < 2; ++round) {
    for (size_t at = 0; at < text.size(); at += 77)
      hash.update(as_bytes(std::string_view(text).substr(at, 77)));
    EXPECT_EQ(hash.finish(), sha256(as_bytes(text)));
  }
}

TEST(MerkleTree, HasTheKnownRoots) {
  const auto leaves = vector_leaves();
  Frontier frontier;
  MemoryTree tree(leaves);
  EXPECT_EQ(frontier.root(), empty_root());
  EXPECT_EQ(tree.root(0), empty_root());
  for (size_t i = 0; i < leaves.size(); ++i) {
    frontier.append(leaves[i]);
    EXPECT_EQ(frontier.root().hex(), kRoots[i]);
    EXPECT_EQ(tree.root(i + 1).hex(), kRoots[i]);
    EXPECT_EQ(root_of(std::span(leaves).first(i + 1)).hex(), kRoots[i]);
  }
}

TEST(MerkleTree, HasTheKnownInclusionProof) {
  const Proof proof = MemoryTree(vector_leaves()).inclusion_proof(5, 8);
  ASSERT_EQ(proof.size(), 3U);
  EXPECT_EQ(proof[0].hex(), "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
  EXPECT_EQ(proof[1].hex(), "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
  EXPECT_EQ(proof[2].hex(), "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
}

TEST(MerkleTree, AgreesWithTheRfcWordByWordAtEverySmallSize) {
  const auto leaves = some_leaves(70);
  const MemoryTree tree(leaves);
  for (size_t size = 1; size <= leaves.size(); ++size) {
    const auto part = std::span(leaves).first(size);
    ASSERT_EQ(tree.root(size), rfc::mth(part));
    for (size_t index = 0; index < size; ++index)
      ASSERT_EQ(tree.inclusion_proof(index, size), rfc::path(index, part));
    for (size_t old_size = 1; old_size <= size; ++old_size)
      ASSERT_EQ(tree.consistency_proof(old_size, size), rfc::subproof(old_size, part, true));
  }
}

TEST(MerkleProofs, HoldForEveryIndexAndEverySizeUpTo600) {
  const auto leaves = some_leaves(600);
  const MemoryTree tree(leaves);
  for (uint64_t size = 0; size <= leaves.size(); ++size) {
    const Digest root = tree.root(size);
    for (uint64_t index = 0; index < size; ++index)
      ASSERT_TRUE(verify_inclusion(index, size, leaves[index], tree.inclusion_proof(index, size), root));
    for (uint64_t old_size = 0; old_size <= size; ++old_size)
      ASSERT_TRUE(verify_consistency(old_size, size, tree.consistency_proof(old_size, size),
                                     tree.root(old_size), root));
  }
}

// Every proof of a few trees, spoilt in every way: each is refused.
TEST(MerkleProofs, SpoiltOnesAreRefused) {
  const auto leaves = some_leaves(40);
  const MemoryTree tree(leaves);
  std::mt19937_64 random(7);
  const auto flip = [&](Digest digest) {
    digest.bytes[random() % 32] ^= static_cast<uint8_t>(1U << random() % 8);
    return digest;
  };
  for (uint64_t size = 1; size <= leaves.size(); ++size) {
    const Digest root = tree.root(size);
    for (uint64_t index = 0; index < size; ++index) {
      const Proof good = tree.inclusion_proof(index, size);
      const auto refused = [&](uint64_t i, uint64_t n, const Digest& leaf, const Proof& proof,
                               const Digest& top) {
        const auto held = verify_inclusion(i, n, leaf, proof, top);
        return !held && held.error().code == ErrorCode::kVerification;
      };
      EXPECT_TRUE(refused(index, size, flip(leaves[index]), good, root));
      EXPECT_TRUE(refused(index, size, leaves[index], good, flip(root)));
      EXPECT_TRUE(refused(size, size, leaves[index], good, root));
      if (size > 1) {
        EXPECT_TRUE(refused((index + 1) % size, size, leaves[index], good, root));
      }
      for (size_t i = 0; i < good.size(); ++i) {
        Proof bad = good;
        bad[i] = flip(bad[i]);
        EXPECT_TRUE(refused(index, size, leaves[index], bad, root));
      }
      Proof longer = good;
      longer.push_back(root);
      EXPECT_TRUE(refused(index, size, leaves[index], longer, root));
      if (good.empty()) continue;
      Proof shorter = good;
      shorter.pop_back();
      EXPECT_TRUE(refused(index, size, leaves[index], shorter, root));
    }
    for (uint64_t old_size = 1; old_size < size; ++old_size) {
      const Proof good = tree.consistency_proof(old_size, size);
      const Digest old_root = tree.root(old_size);
      EXPECT_FALSE(verify_consistency(old_size, size, good, flip(old_root), root));
      EXPECT_FALSE(verify_consistency(old_size, size, good, old_root, flip(root)));
      EXPECT_FALSE(verify_consistency(size, old_size, good, root, old_root));
      EXPECT_FALSE(verify_consistency(old_size, size, {}, old_root, root));
      for (size_t i = 0; i < good.size(); ++i) {
        Proof bad = good;
        bad[i] = flip(bad[i]);
        EXPECT_FALSE(verify_consistency(old_size, size, bad, old_root, root));
      }
      Proof longer = good;
      longer.push_back(root);
      EXPECT_FALSE(verify_consistency(old_size, size, longer, old_root, root));
    }
  }
}

TEST(MerkleProofs, TwoRootsForOneSizeAreNamedAFork) {
  const auto held = verify_consistency(3, 3, {}, leaf_hash(as_bytes("a")), leaf_hash(as_bytes("b")));
  ASSERT_FALSE(held);
  EXPECT_NE(held.error().why.find("forked"), std::string::npos);
}

TEST(MerkleProofs, SizesNear64BitsDoNotOverflow) {
  EXPECT_FALSE(verify_inclusion(UINT64_MAX - 1, UINT64_MAX, Digest{}, Proof(64), Digest{}));
  EXPECT_FALSE(verify_inclusion(0, UINT64_MAX, Digest{}, {}, Digest{}));
  EXPECT_FALSE(verify_consistency(1, UINT64_MAX, Proof(63), Digest{}, Digest{}));
  EXPECT_FALSE(verify_consistency(UINT64_MAX - 1, UINT64_MAX, Proof(64), Digest{}, Digest{}));
  EXPECT_FALSE(verify_consistency(uint64_t{1} << 63U, UINT64_MAX, Proof(3), Digest{}, Digest{}));
}

TEST(Frontier, IsReadBackFromHashesAndGoesOn) {
  const auto leaves = some_leaves(300);
  const MemoryTree tree(leaves);
  for (uint64_t size = 0; size < leaves.size(); ++size) {
    auto read = Frontier::read(size, tree.reader());
    ASSERT_TRUE(read);
    auto same = Frontier::from(size, read->hashes());
    ASSERT_TRUE(same);
    EXPECT_EQ(same->root(), tree.root(size));
    same->append(leaves[size]);
    EXPECT_EQ(same->root(), tree.root(size + 1));
  }
  EXPECT_FALSE(Frontier::from(3, {Digest{}}));
}

TEST(MerkleProofs, AskingBeyondTheTreeIsAnErrorAndReadersErrorsComeThrough) {
  const MemoryTree tree(some_leaves(5));
  EXPECT_EQ(inclusion_proof(5, 5, tree.reader()).error().code, ErrorCode::kUsage);
  EXPECT_EQ(consistency_proof(5, 4, tree.reader()).error().code, ErrorCode::kUsage);
  const HashReader broken = [](unsigned, uint64_t) -> Result<Digest> {
    return fail(ErrorCode::kNotFound, "tile", "gone");
  };
  EXPECT_EQ(inclusion_proof(1, 5, broken).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(consistency_proof(2, 5, broken).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Frontier::read(5, broken).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace hetao::ledger
