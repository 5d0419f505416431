#include "gateway/ledger/leaf_pair.h"

#include <gtest/gtest.h>

#include "gateway/ledger/merkle.h"

namespace hetao::ledger {
namespace {

Bytes pattern(size_t size, size_t seed) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>((i + seed) * 131 + i / 251);
  return bytes;
}

TEST(LeafPair, GivesWhatEachLeafAloneHas) {
  for (size_t size = 0; size < 600; ++size) {
    const Bytes first = pattern(size, 1);
    const Bytes second = pattern(size, size + 7);
    const auto [a, b] = leaf_hashes(first, second);
    ASSERT_EQ(a, leaf_hash(first)) << size;
    ASSERT_EQ(b, leaf_hash(second)) << size;
  }
}

TEST(LeafPair, TakesLeavesOfUnequalSize) {
  const Bytes first = pattern(1'048'576, 1);
  const Bytes second = pattern(700'001, 2);
  const auto [a, b] = leaf_hashes(first, second);
  EXPECT_EQ(a, leaf_hash(first));
  EXPECT_EQ(b, leaf_hash(second));
}

}  // namespace
}  // namespace hetao::ledger
