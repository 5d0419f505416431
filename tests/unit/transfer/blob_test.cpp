#include "gateway/transfer/blob.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "gateway/ledger/merkle.h"
#include "tests/unit/transfer/world.h"

namespace hetao::transfer {
namespace {

using testing::kMiB;
using testing::noise;

TEST(Blob, EmptyBlobHasTheDigestOfTheEmptyTree) {
  const Blob blob = hash_blob({});
  EXPECT_EQ(blob_digest_text(blob.digest),
            "sha256t:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_TRUE(blob.leaves.empty());
  EXPECT_TRUE(check_leaves(blob));
}

TEST(Blob, SmallBlobIsOneLeafOfRfc6962) {
  const Blob blob = hash_blob(as_bytes("abc"));
  EXPECT_EQ(blob.digest, ledger::sha256(as_bytes(std::string_view("\0abc", 4))));
}

TEST(Blob, LargerBlobIsATreeOverItsChunks) {
  const Bytes content = noise(2 * kMiB + 5, 1);
  const Blob blob = hash_blob(content);
  const ByteView view = content;
  const Digest a = ledger::leaf_hash(view.first(kMiB));
  const Digest b = ledger::leaf_hash(view.subspan(kMiB, kMiB));
  const Digest c = ledger::leaf_hash(view.subspan(2 * kMiB));
  EXPECT_EQ(blob.leaves, (std::vector<Digest>{a, b, c}));
  EXPECT_EQ(blob.digest, ledger::node_hash(ledger::node_hash(a, b), c));
}

TEST(Blob, HasherGivesTheSameHoweverTheBytesAreCut) {
  EXPECT_TRUE(rc::check([] {
    const Bytes content = noise(*rc::gen::inRange<size_t>(0, 3 * kMiB), 7);
    BlobHasher hasher;
    for (ByteView rest = content; !rest.empty();) {
      const size_t part = *rc::gen::inRange<size_t>(1, std::max<size_t>(2, rest.size() + 1));
      hasher.update(rest.first(std::min(part, rest.size())));
      rest = rest.subspan(std::min(part, rest.size()));
    }
    const Blob blob = hasher.finish();
    const Blob whole = hash_blob(content);
    RC_ASSERT(blob.digest == whole.digest && blob.leaves == whole.leaves && blob.size == content.size());
    RC_ASSERT(hasher.finish().digest == hash_blob({}).digest);
  }));
}

TEST(Blob, DigestTextHasOneSpelling) {
  const Digest digest = hash_blob(as_bytes("x")).digest;
  const std::string text = blob_digest_text(digest);
  EXPECT_EQ(parse_blob_digest(text), digest);
  std::string upper = text;
  upper[10] = 'A';
  for (const std::string& bad : {text.substr(1), text + "0", text.substr(0, text.size() - 1),
                                 "sha256:" + digest.hex(), upper, std::string()})
    EXPECT_FALSE(parse_blob_digest(bad)) << bad;
}

TEST(Blob, ZeroChunksAreKnownByTheirHash) {
  for (const size_t size : {size_t{1}, size_t{4'095}, size_t{4'097}, kMiB})
    EXPECT_EQ(zero_chunk_leaf(size), chunk_leaf(Bytes(size))) << size;
}

TEST(Blob, LeavesThatAreNotTheBlobsAreRefused) {
  Blob blob = hash_blob(noise(3 * kMiB, 3));
  EXPECT_TRUE(check_leaves(blob));
  Blob shorter = blob;
  shorter.leaves.pop_back();
  EXPECT_FALSE(check_leaves(shorter));
  Blob other = blob;
  other.leaves[1].bytes[5] ^= 1;
  EXPECT_FALSE(check_leaves(other));
  Blob larger = blob;
  larger.size = 3 * kMiB + 1;
  EXPECT_FALSE(check_leaves(larger));
}

}  // namespace
}  // namespace hetao::transfer
