#include "gateway/io/blob_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "gateway/io/arrivals.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/small_blobs.h"
#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

namespace fs = std::filesystem;
using testing_support::slurp;
using testing_support::spill;

class TheBlobStore : public ::testing::Test {
 protected:
  testing_support::TemporaryFolder folder_;
  BlobStore blobs_ = BlobStore::open(folder_ / "blobs").value();
};

std::string content_of(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 2654435761U >> 13U);
  return text;
}

TEST_F(TheBlobStore, NamesContentByItsDigestWhicheverWayItCame) {
  for (const size_t size : {size_t{0}, size_t{1}, limits::kChunkBytes, limits::kChunkBytes * 2 + 7}) {
    const std::string text = content_of(size);
    const auto stored = blobs_.ingest_bytes(text).value();
    EXPECT_EQ(stored.bytes, size);
    EXPECT_EQ(stored.digest, transfer::blob_digest_text(transfer::hash_blob(as_bytes(text)).digest));
    spill(folder_ / "source", text);
    const auto file = open_file(folder_ / "source", O_RDONLY).value();
    EXPECT_EQ(blobs_.ingest_file(file.get(), "source")->digest, stored.digest);
    EXPECT_EQ(slurp(blobs_.path_of(stored.digest).value()), text);
    EXPECT_TRUE(transfer::check_leaves(blobs_.describe(stored.digest).value()));
  }
}

TEST_F(TheBlobStore, FindsTheChunkHashesAgainWhenTheirFileIsGoneOrWrong) {
  const auto stored = blobs_.ingest_bytes(content_of(limits::kChunkBytes * 3)).value();
  const std::string leaves = blobs_.path_of(stored.digest).value() + ".leaves";
  ASSERT_TRUE(fs::exists(leaves));
  fs::permissions(leaves, fs::perms::owner_write, fs::perm_options::add);
  spill(leaves, std::string(96, 'x'));
  EXPECT_TRUE(transfer::check_leaves(blobs_.describe(stored.digest).value()));
  fs::remove(leaves);
  EXPECT_TRUE(transfer::check_leaves(blobs_.describe(stored.digest).value()));
}

TEST_F(TheBlobStore, SeesThatAStoredBlobWasAltered) {
  const auto stored = blobs_.ingest_bytes("harmless").value();
  const std::string path = blobs_.path_of(stored.digest).value();
  fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
  spill(path, "harmful!" + std::string(limits::kChunkBytes, '!'));
  EXPECT_EQ(blobs_.describe(stored.digest).error().code, ErrorCode::kVerification);
}

TEST_F(TheBlobStore, TakesOnlyDigestsAsNames) {
  for (const char* name : {"", "../../etc/passwd",
                           "sha256t:", "sha256t:../../../../../../../../../../../../etc/passwd1234567890"}) {
    EXPECT_FALSE(blobs_.path_of(name)) << name;
    EXPECT_FALSE(blobs_.has(name)) << name;
  }
}

TEST_F(TheBlobStore, MakesAPartialFileABlobInOneStep) {
  const std::string text = content_of(5000);
  const transfer::Blob blob = transfer::hash_blob(as_bytes(text));
  const std::string digest = transfer::blob_digest_text(blob.digest);
  spill(blobs_.partial_path(digest), text);
  EXPECT_FALSE(blobs_.has(digest));
  ASSERT_TRUE(blobs_.adopt_partial(blobs_.partial_path(digest), blob));
  EXPECT_EQ(blobs_.read(digest, 10'000).value(), text);
  EXPECT_FALSE(fs::exists(blobs_.partial_path(digest)));
}

TEST_F(TheBlobStore, KeepsManySmallOnesAtOnce) {
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i) texts.push_back("file " + std::to_string(i));
  const auto before = blobs_.ingest_bytes(texts[7]).value();
  std::vector<SmallBlob> small;
  for (const std::string& text : texts)
    small.push_back({transfer::hash_blob(as_bytes(text)).digest, as_bytes(text)});
  ASSERT_TRUE(keep_small(blobs_, small));
  ASSERT_TRUE(keep_small(blobs_, small)) << "twice is no error";
  for (const SmallBlob& one : small)
    EXPECT_EQ(blobs_.read(transfer::blob_digest_text(one.digest), 100).value(), as_text(one.bytes));
  EXPECT_EQ(blobs_.describe(before.digest).value().size, texts[7].size());
  EXPECT_TRUE(fs::is_empty(partial_folder(blobs_)));
}

TEST_F(TheBlobStore, RemembersWhatAPeerBroughtOfACrossing) {
  const Arrivals arrivals(partial_folder(blobs_));
  const Digest a = transfer::hash_blob(as_bytes("a")).digest;
  const Digest b = transfer::hash_blob(as_bytes("b")).digest;
  EXPECT_TRUE(arrivals.of("hongkong", "job.1.i0").empty());
  arrivals.note("hongkong", "job.1.i0", {&a, 1});
  arrivals.note("hongkong", "job.1.i0", {&b, 1});
  EXPECT_EQ(arrivals.of("hongkong", "job.1.i0"), (std::set<Digest>{a, b}));
  EXPECT_TRUE(arrivals.of("shenzhen", "job.1.i0").empty());
  EXPECT_TRUE(arrivals.of("hongkong", "job.1.i1").empty());
  for (const auto& entry : fs::directory_iterator(partial_folder(blobs_))) fs::resize_file(entry.path(), 63);
  EXPECT_EQ(arrivals.of("hongkong", "job.1.i0"), std::set<Digest>{a}) << "a torn end is left out";
  arrivals.forget("hongkong", "job.1.i0");
  EXPECT_TRUE(arrivals.of("hongkong", "job.1.i0").empty());
}

TEST_F(TheBlobStore, RemovesAndForgetsLeftovers) {
  const auto stored = blobs_.ingest_bytes("x").value();
  ASSERT_TRUE(blobs_.remove(stored.digest));
  EXPECT_FALSE(blobs_.has(stored.digest));
  EXPECT_TRUE(blobs_.remove(stored.digest)) << "twice is no error";
  spill(folder_ / "blobs/partial/.new-1-1", "half");
  const auto again = BlobStore::open(folder_ / "blobs");
  EXPECT_FALSE(fs::exists(folder_ / "blobs/partial/.new-1-1"));
}

}  // namespace
}  // namespace hetao::io
