#include "gateway/io/upload_store.h"

#include <gtest/gtest.h>

#include <fstream>

#include "gateway/ledger/sha256.h"
#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

constexpr Instant kNow{1'800'000'000'000'000};

class Uploads : public ::testing::Test {
 protected:
  Uploads() { open(); }
  void open(UploadLimits limits = {}) {
    store_.reset();
    auto opened = UploadStore::open(folder_ / "uploads", blobs_, limits);
    ASSERT_TRUE(opened) << to_line(opened.error());
    store_ = std::move(*opened);
  }
  void create(const std::string& id, uint64_t length, const std::string& tenant = "hku") {
    const auto made = store_->create({id, tenant, "alice", "", length, 0, {}, {}}, kNow);
    ASSERT_TRUE(made) << to_line(made.error().error);
  }
  // The status: 204, or that of the refusal.
  int send(const std::string& id, uint64_t offset, const std::string& bytes,
           std::optional<UploadChecksum> checksum = {}, bool whole = true) {
    auto piece = store_->begin(id, offset, std::move(checksum));
    if (!piece) return piece.error().status;
    if (const auto written = piece->write(as_bytes(bytes)); !written) {
      (void)piece->end(false, kNow);
      return written.error().status;
    }
    const auto ended = piece->end(whole, kNow);
    return ended ? 204 : ended.error().status;
  }
  uint64_t offset(const std::string& id) const { return store_->find(id)->offset; }
  static UploadChecksum sum(const std::string& bytes) {
    const Digest digest = ledger::sha256(as_bytes(bytes));
    return {"sha256", Bytes(digest.bytes.begin(), digest.bytes.end())};
  }

  testing_support::TemporaryFolder folder_;
  BlobStore blobs_ = *BlobStore::open(folder_ / "blobs");
  std::unique_ptr<UploadStore> store_;
};

TEST_F(Uploads, ComeInPiecesAndOutliveARestart) {
  create("a", 10);
  EXPECT_EQ(send("a", 0, "01234"), 204);
  open();
  EXPECT_EQ(offset("a"), 5U);
  EXPECT_EQ(send("a", 4, "x"), 409);
  EXPECT_EQ(send("a", 6, "x"), 409);
  EXPECT_FALSE(store_->ingest("a", blobs_)) << "not complete";
  EXPECT_EQ(send("a", 5, "56789"), 204);
  const auto stored = store_->ingest("a", blobs_);
  ASSERT_TRUE(stored) << to_line(stored.error());
  EXPECT_EQ(blobs_.read(stored->digest, 100), "0123456789");
}

TEST_F(Uploads, TakeNoMoreThanWasSaid) {
  create("a", 4);
  EXPECT_EQ(send("a", 0, "12345"), 413);
  EXPECT_EQ(offset("a"), 0U);
  create("empty", 0);
  EXPECT_TRUE(store_->find("empty")->is_complete());
}

TEST_F(Uploads, APieceWhoseChecksumDoesNotHoldLeavesNothing) {
  create("a", 10);
  EXPECT_EQ(send("a", 0, "01234", sum("01234")), 204);
  EXPECT_EQ(send("a", 5, "5678x", sum("56789")), 460);
  EXPECT_EQ(offset("a"), 5U);
  EXPECT_EQ(send("a", 5, "567", sum("56789"), false), 460) << "a break in the middle";
  EXPECT_EQ(offset("a"), 5U);
  {  // A crash in the middle: nobody ends the piece.
    auto piece = store_->begin("a", 5, sum("56789"));
    ASSERT_TRUE(piece->write(as_bytes("567")));
    open();
  }
  EXPECT_EQ(offset("a"), 5U);
  EXPECT_EQ(send("a", 5, "56789", sum("56789")), 204);
}

TEST_F(Uploads, TheNewestWriterCounts) {
  create("a", 10);
  auto hanging = store_->begin("a", 0, {});
  ASSERT_TRUE(hanging->write(as_bytes("01")));
  EXPECT_EQ(send("a", 2, "23"), 204);
  EXPECT_FALSE(hanging->write(as_bytes("xx")));
  EXPECT_FALSE(hanging->end(true, kNow));
  EXPECT_EQ(offset("a"), 4U);
  EXPECT_TRUE(store_->remove("a"));
  EXPECT_FALSE(store_->find("a"));
  EXPECT_EQ(send("a", 4, "x"), 404);
}

TEST_F(Uploads, AreBoundedForEachTenant) {
  open({.quota_bytes = 100, .kept = Duration::seconds(60)});
  create("a", 60);
  const auto refused = store_->create({"b", "hku", "bo", "", 41, 0, {}, {}}, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 413);
  create("c", 100, "cuhk");
  store_->remove_overdue(kNow + Duration::seconds(59));
  EXPECT_TRUE(store_->find("a"));
  store_->remove_overdue(kNow + Duration::seconds(61));
  EXPECT_FALSE(store_->find("a"));
  create("b", 100);
  EXPECT_EQ(store_->list("hku").size(), 1U);
}

TEST_F(Uploads, NeedRoomOnTheDisk) {
  open({.quota_bytes = uint64_t{1} << 62U, .kept = Duration::seconds(60)});
  const auto refused = store_->create({"a", "hku", "bo", "", blobs_.free_bytes(), 0, {}, {}}, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 507);
}

}  // namespace
}  // namespace hetao::io
