#include "gateway/ledger/wal.h"

#include <gtest/gtest.h>

#include <utility>

#include "gateway/ledger/merkle.h"
#include "tests/unit/ledger/support.h"

namespace hetao::ledger {
namespace {

using testing::bytes_of;

// Three groups, and where each of them ends.
struct Sample {
  Bytes bytes = encode_wal_header(1'000, empty_root());
  std::vector<Bytes> entries;
  std::vector<size_t> ends{kWalHeaderBytes};
  std::vector<size_t> counts{0};
};

Sample sample() {
  Sample out;
  WalWriter writer = WalWriter::after_header(out.bytes);
  const std::vector<std::vector<Bytes>> groups = {{bytes_of("alpha"), bytes_of("beta")},
                                                  {bytes_of("gamma")},
                                                  {bytes_of("delta"), bytes_of("e"), bytes_of("zeta")}};
  for (const auto& entries : groups) {
    const Bytes group = writer.encode_group(entries);
    out.bytes.insert(out.bytes.end(), group.begin(), group.end());
    out.entries.insert(out.entries.end(), entries.begin(), entries.end());
    out.ends.push_back(out.bytes.size());
    out.counts.push_back(out.entries.size());
  }
  return out;
}

TEST(Crc32c, HasThePublishedValues) {
  // RFC 3720 appendix B.4, and the usual check value.
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c(Bytes(32, 0)), 0x8a9136aaU);
  EXPECT_EQ(crc32c(Bytes(32, 0xff)), 0x62a8ab43U);
  EXPECT_EQ(crc32c(as_bytes("6789"), crc32c(as_bytes("12345"))), 0xe3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Wal, RecoversWhatWasWritten) {
  const Sample all = sample();
  const auto content = recover_wal(all.bytes);
  ASSERT_TRUE(content) << to_line(content.error());
  EXPECT_EQ(content->first, 1'000U);
  EXPECT_EQ(content->root, empty_root());
  EXPECT_EQ(content->entries, all.entries);
  EXPECT_EQ(content->valid_bytes, all.bytes.size());
  EXPECT_EQ(content->torn_bytes, 0U);
}

TEST(Wal, GoesOnAfterRecovery) {
  Sample all = sample();
  const auto content = recover_wal(all.bytes);
  WalWriter writer(content->first + content->entries.size(), content->last_crc);
  const Bytes group = writer.encode_group(std::vector<Bytes>{bytes_of("eta")});
  all.bytes.insert(all.bytes.end(), group.begin(), group.end());
  const auto again = recover_wal(all.bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->entries.size(), 7U);
}

TEST(Wal, CutAtEveryByteLosesTheTornGroupAlone) {
  const Sample all = sample();
  for (size_t cut = 0; cut <= all.bytes.size(); ++cut) {
    const auto content = recover_wal(ByteView(all.bytes).first(cut));
    if (cut < kWalHeaderBytes) {
      ASSERT_FALSE(content);
      continue;
    }
    ASSERT_TRUE(content) << cut;
    size_t whole = 0;
    while (whole + 1 < all.ends.size() && all.ends[whole + 1] <= cut) ++whole;
    EXPECT_EQ(content->entries.size(), all.counts[whole]) << cut;
    EXPECT_EQ(content->valid_bytes, all.ends[whole]);
    EXPECT_EQ(content->torn_bytes, cut - all.ends[whole]);
  }
}

// As after a power cut: the pages of the last group are on the disk or not, in any order; the rest is zeros.
TEST(Wal, AnyPartOfTheLastGroupMayBeMissing) {
  const Sample all = sample();
  for (size_t from = all.ends[2]; from < all.bytes.size(); ++from) {
    for (size_t to = from + 1; to <= all.bytes.size(); ++to) {
      Bytes bytes = all.bytes;
      bool changed = false;
      for (size_t at = from; at < to; ++at) changed |= std::exchange(bytes[at], uint8_t{0}) != 0;
      bytes.insert(bytes.end(), 500, 0);
      const auto content = recover_wal(bytes);
      ASSERT_TRUE(content);
      EXPECT_EQ(content->entries.size(), changed ? all.counts[2] : all.counts[3]);
    }
  }
}

TEST(Wal, APreallocatedTailOfZerosIsNoDamage) {
  Sample all = sample();
  all.bytes.insert(all.bytes.end(), 10'000, 0);
  const auto content = recover_wal(all.bytes);
  ASSERT_TRUE(content);
  EXPECT_EQ(content->entries, all.entries);
  EXPECT_EQ(content->torn_bytes, 0U);
}

TEST(Wal, EveryFlippedBitIsFoundOrCutsTheLastGroup) {
  const Sample all = sample();
  for (size_t at = 0; at < all.bytes.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes bad = all.bytes;
      bad[at] ^= static_cast<uint8_t>(1U << bit);
      const auto content = recover_wal(bad);
      if (at < all.ends[2]) {
        ASSERT_FALSE(content) << at << "." << bit;
        EXPECT_EQ(content.error().code, ErrorCode::kVerification);
      } else {
        ASSERT_TRUE(content) << at << "." << bit;
        EXPECT_EQ(content->entries.size(), all.counts[2]);
        EXPECT_EQ(content->valid_bytes, all.ends[2]);
      }
    }
  }
}

TEST(Wal, MissingRepeatedAndReorderedGroupsAreRefused) {
  const Sample all = sample();
  const auto part = [&](size_t i) {
    return Bytes(all.bytes.begin() + static_cast<std::ptrdiff_t>(i == 0 ? 0 : all.ends[i - 1]),
                 all.bytes.begin() + static_cast<std::ptrdiff_t>(all.ends[i]));
  };
  for (const std::vector<size_t>& order : std::vector<std::vector<size_t>>{
           {0, 2}, {0, 1, 3}, {0, 2, 1, 3}, {0, 1, 1}, {0, 1, 2, 2}, {0, 3, 2, 1}}) {
    Bytes bytes;
    for (const size_t i : order) {
      const Bytes group = part(i);
      bytes.insert(bytes.end(), group.begin(), group.end());
    }
    const auto content = recover_wal(bytes);
    ASSERT_FALSE(content);
    EXPECT_NE(content.error().what.find("wal, byte"), std::string::npos);
  }
}

TEST(Wal, AGroupOfAnotherFileWithTheSameIndexIsRefused) {
  const Sample all = sample();
  WalWriter other(1'000, 12'345);
  Bytes bytes(all.bytes.begin(), all.bytes.begin() + kWalHeaderBytes);
  const Bytes group = other.encode_group(std::vector<Bytes>{bytes_of("alpha")});
  bytes.insert(bytes.end(), group.begin(), group.end());
  EXPECT_FALSE(recover_wal(bytes));
}

}  // namespace
}  // namespace hetao::ledger
