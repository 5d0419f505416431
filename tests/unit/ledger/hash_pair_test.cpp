#include "gateway/ledger/hash_pair.h"

#include <gtest/gtest.h>

#include "gateway/ledger/merkle.h"

namespace hetao::ledger {
namespace {

Bytes pattern(size_t size, size_t seed) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>((i + seed) * 131 + i / 251);
  return bytes;
}

TEST(HashPair, GivesWhatEachLeafAloneHas) {
  for (size_t size = 0; size < 600; ++size) {
    const Bytes first = pattern(size, 1);
    const Bytes second = pattern(size, size + 7);
    const auto [a, b] = leaf_hashes(first, second);
    ASSERT_EQ(a, leaf_hash(first)) << size;
    ASSERT_EQ(b, leaf_hash(second)) << size;
  }
}

TEST(HashPair, TakesLeavesOfUnequalSize) {
  const Bytes first = pattern(1'048'576, 1);
  const Bytes second = pattern(700'001, 2);
  const auto [a, b] = leaf_hashes(first, second);
  EXPECT_EQ(a, leaf_hash(first));
  EXPECT_EQ(b, leaf_hash(second));
}

TEST(HashPair, GivesManyLeavesOfAnySizesTheirHashes) {
  std::vector<Bytes> leaves;
  for (size_t i = 0; i < 500; ++i) leaves.push_back(pattern(i * 37 % 411, i));
  const std::vector<ByteView> views(leaves.begin(), leaves.end());
  const std::vector<Digest> hashes = leaf_hashes(views);
  ASSERT_EQ(hashes.size(), leaves.size());
  for (size_t i = 0; i < leaves.size(); ++i) ASSERT_EQ(hashes[i], leaf_hash(leaves[i])) << i;
  EXPECT_TRUE(leaf_hashes(std::span<const ByteView>()).empty());
}

TEST(HashPair, GivesTheRowAboveARow) {
  for (size_t pairs = 0; pairs < 20; ++pairs) {
    std::vector<Digest> row;
    for (size_t i = 0; i < 2 * pairs; ++i) row.push_back(leaf_hash(pattern(i, pairs)));
    std::vector<Digest> above(pairs);
    hash_row(row, above);
    for (size_t i = 0; i < pairs; ++i) ASSERT_EQ(above[i], node_hash(row[2 * i], row[2 * i + 1]));
    hash_row(row, std::span(row).first(pairs));  // in place
    for (size_t i = 0; i < pairs; ++i) ASSERT_EQ(above[i], row[i]);
  }
}

}  // namespace
}  // namespace hetao::ledger
