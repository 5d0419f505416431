// The ledger on a real disk: what was appended is there after any end of the process, and what is served
// verifies.
#include "gateway/io/ledger_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "gateway/ledger/checkpoint.h"
#include "gateway/ledger/entry.h"
#include "gateway/ledger/tiles.h"
#include "gateway/ledger/wal.h"
#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

namespace fs = std::filesystem;
using testing_support::slurp;
using testing_support::spill;

class TheLedgersFiles : public ::testing::Test {
 protected:
  Result<std::unique_ptr<LedgerFiles>> try_open(const std::string& under = "data") const {
    return LedgerFiles::open({.folder = folder_ / (under + "/ledger"),
                              .keys_folder = folder_ / (under + "/keys"),
                              .origin = "hetao/shenzhen"});
  }
  std::unique_ptr<LedgerFiles> open(const std::string& under = "data") const {
    auto files = try_open(under);
    EXPECT_TRUE(files) << to_line(files.error());
    return files ? std::move(*files) : nullptr;
  }
  static Bytes entry(uint64_t sequence) {
    ledger::Entry made;
    made.sequence = sequence;
    made.time = {1'700'000'000'000'000};
    made.region = "shenzhen";
    made.kind = "admin";
    made.reason = "entry " + std::to_string(sequence);
    const std::string text = ledger::encode_entry(made).value();
    return {text.begin(), text.end()};
  }
  static void append(LedgerFiles& files, uint64_t count) {
    std::vector<Bytes> group;
    for (uint64_t i = 0; i < count; ++i) group.push_back(entry(files.size() + i));
    const auto done = files.append(std::move(group));
    ASSERT_TRUE(done) << to_line(done.error());
  }
  // The published checkpoint, checked with the key that stands beside it, and every entry under its root.
  static void expect_published(const LedgerFiles& files, uint64_t size) {
    const auto key = files.log_keys().front();
    const auto head = ledger::open_checkpoint(files.checkpoint(), {&key, 1});
    ASSERT_TRUE(head) << to_line(head.error());
    EXPECT_EQ(head->checkpoint.size, size);
    ledger::TileReader tiles(size, files.reader());
    for (uint64_t i = 0; i < size; i += 97) {
      const auto bundle = tiles.bundle(i / 256).value();
      const Digest leaf = ledger::leaf_hash(bundle[i % 256]);
      EXPECT_TRUE(ledger::prove_inclusion(tiles, i, size, leaf, head->checkpoint.root)) << i;
    }
  }

  // The head first: what is copied later can only be newer, as after a crash between two writes.
  void copy_as_a_crash_leaves_it(const std::string& name) const {
    const auto into = fs::copy_options::recursive | fs::copy_options::overwrite_existing;
    for (int tries = 0; tries < 20; ++tries) {  // temporary files come and go under the copier's hands
      std::error_code error;
      fs::remove_all(folder_ / name, error);
      fs::create_directories(folder_ / (name + "/ledger"));
      fs::copy(folder_ / "data/keys", folder_ / (name + "/keys"), into);
      for (const char* file : {"checkpoint", "signing", "tile", "wal"}) {
        const std::string from = folder_ / (std::string("data/ledger/") + file);
        if (!error && fs::exists(from)) fs::copy(from, folder_ / (name + "/ledger/" + file), into, error);
      }
      if (!error) return;
    }
    FAIL() << "no copy was possible";
  }

  testing_support::TemporaryFolder folder_;
};

TEST_F(TheLedgersFiles, HoldWhatWasAppendedBeforeTheyReturn) {
  auto files = open();
  append(*files, 3);
  EXPECT_EQ(files->size(), 3U);
  const std::string wal = slurp(folder_ / "data/ledger/wal");
  const auto content = ledger::recover_wal(as_bytes(wal)).value();
  EXPECT_EQ(content.first + content.entries.size(), 3U);
  EXPECT_EQ(content.entries.back(), entry(2));
}

// A file that is there already has no new size to sync; and a log at rest holds nothing but groups.
TEST_F(TheLedgersFiles, KeepRoomAheadInTheWriteAheadLogAndGiveItBackAtTheEnd) {
  const std::string wal = folder_ / "data/ledger/wal";
  auto files = open();
  append(*files, 3);
  const auto size = fs::file_size(wal);
  for (int i = 0; i < 50; ++i) append(*files, 1);
  EXPECT_EQ(fs::file_size(wal), size);
  const std::string at_work = slurp(wal);
  const auto content = ledger::recover_wal(as_bytes(at_work)).value();
  EXPECT_EQ(content.entries.size(), 53U);
  EXPECT_EQ(content.torn_bytes, 0U);
  EXPECT_LT(content.valid_bytes, size);
  files.reset();
  EXPECT_EQ(fs::file_size(wal), content.valid_bytes);
  // A power cut in the middle of a group: its first page is there, its second is not.
  fs::create_directories(folder_ / "cut");
  fs::copy(folder_ / "data", folder_ / "cut",
           fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  std::string torn = at_work;
  for (size_t i = content.valid_bytes; i < content.valid_bytes + 100; ++i) torn[i] = 'x';
  spill(folder_ / "cut/ledger/wal", torn);
  files = open("cut");
  EXPECT_EQ(files->size(), 53U);
  append(*files, 1);
  ASSERT_TRUE(files->publish_now());
  expect_published(*files, 54);
}

TEST_F(TheLedgersFiles, AreCompleteAgainAfterARestart) {
  ASSERT_TRUE(open()->append({entry(0)}));
  auto files = open();
  EXPECT_EQ(files->size(), 1U);
  append(*files, 600);
  ASSERT_TRUE(files->publish_now());
  expect_published(*files, 601);
  files.reset();
  files = open();
  EXPECT_EQ(files->size(), 601U);
  expect_published(*files, 601);
}

TEST_F(TheLedgersFiles, GiveEntriesFromTilesAndFromTheTailAlike) {
  auto files = open();
  append(*files, 300);
  ASSERT_TRUE(files->publish_now());
  append(*files, 5);
  const auto found = files->entries(298, 100).value();
  ASSERT_EQ(found.size(), 7U);
  for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(as_bytes(found[i]).size(), entry(298 + i).size());
  EXPECT_EQ(found.front(), as_text(entry(298)));
  EXPECT_EQ(found.back(), as_text(entry(304)));
  EXPECT_TRUE(files->entries(305, 1)->empty());
}

TEST_F(TheLedgersFiles, PublishByThemselvesWithinASecond) {
  auto files = open();
  append(*files, 2);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (files->published_size() < 2 && std::chrono::steady_clock::now() < deadline) ::usleep(1000);
  expect_published(*files, 2);
}

// The folder is copied as a crash would leave it, after every append and publication.
TEST_F(TheLedgersFiles, AreRecoveredFromACopyTakenAtAnyMoment) {
  auto files = open();
  for (uint64_t round = 0; round < 12; ++round) {
    append(*files, 1 + round * 40);
    if (round % 3 == 1) {
      ASSERT_TRUE(files->publish_now());
    }
    const uint64_t durable = files->size();
    const std::string name = "copy" + std::to_string(round);
    copy_as_a_crash_leaves_it(name);
    auto copy = open(name);
    ASSERT_NE(copy, nullptr);
    EXPECT_EQ(copy->size(), durable);
    append(*copy, 3);
    ASSERT_TRUE(copy->publish_now());
    expect_published(*copy, durable + 3);
  }
}

TEST_F(TheLedgersFiles, LoseATornLastGroupAndNothingElse) {
  ASSERT_TRUE(open()->append({entry(0)}));
  const std::string whole = slurp(folder_ / "data/ledger/wal");
  {
    auto files = open();
    ASSERT_TRUE(files->append({entry(1)}));
  }
  // As if the power had gone in the middle of the second group, before its checkpoint.
  fs::remove_all(folder_ / "torn");
  for (size_t extra : {size_t{1}, size_t{40}}) {
    fs::remove_all(folder_ / "torn");
    fs::create_directories(folder_ / "torn/ledger");
    fs::copy(folder_ / "data/keys", folder_ / "torn/keys", fs::copy_options::recursive);
    const std::string both = slurp(folder_ / "data/ledger/wal");
    spill(folder_ / "torn/ledger/wal", both.substr(0, whole.size() + extra));
    auto files = open("torn");
    ASSERT_NE(files, nullptr);
    EXPECT_EQ(files->size(), 1U);
    append(*files, 2);
    files.reset();
    EXPECT_EQ(open("torn")->size(), 3U);
  }
}

TEST_F(TheLedgersFiles, RefuseToStartWithoutTheirKey) {
  ASSERT_TRUE(open()->append({entry(0)}));
  fs::remove(folder_ / "data/keys/log.key");
  const auto files = try_open();
  ASSERT_FALSE(files);
  EXPECT_NE(files.error().why.find("is missing, but the ledger"), std::string::npos)
      << to_line(files.error());
}

TEST_F(TheLedgersFiles, RefuseToStartWhenTheWriteAheadLogIsGone) {
  {
    auto files = open();
    append(*files, 2);
    ASSERT_TRUE(files->publish_now());
  }
  fs::remove(folder_ / "data/ledger/wal");
  EXPECT_FALSE(try_open());
}

TEST_F(TheLedgersFiles, RefuseAShorterWriteAheadLogThanWasPublished) {
  std::string early;
  {
    auto files = open();
    early = slurp(folder_ / "data/ledger/wal");
    append(*files, 2);
    ASSERT_TRUE(files->publish_now());
  }
  spill(folder_ / "data/ledger/wal", early);
  const auto files = try_open();
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, ErrorCode::kVerification);
}

TEST_F(TheLedgersFiles, KeepTheirKeysToThemselvesAndShowTheRest) {
  open();
  for (const char* key : {"data/keys/log.key", "data/keys/witness.key"})
    EXPECT_EQ(fs::status(folder_ / key).permissions(), fs::perms::owner_read | fs::perms::owner_write) << key;
  auto files = open();
  append(*files, 1);
  ASSERT_TRUE(files->publish_now());
  EXPECT_TRUE(files->file("checkpoint"));
  EXPECT_TRUE(files->file("log.vkey"));
  EXPECT_TRUE(files->file("tile/0/000.p/1"));
  for (const char* path : {"wal", "signing", "../keys/log.key", "tile/../wal", "", "tile/0/../../wal"})
    EXPECT_FALSE(files->file(path)) << path;
}

TEST_F(TheLedgersFiles, StopForGoodAfterAFailedWrite) {
  auto files = open();
  std::vector<Bytes> bad(1);  // an empty entry is refused by the log itself
  ASSERT_FALSE(files->append(std::move(bad)));
  EXPECT_FALSE(files->append({entry(0)})) << "nothing is tried after an error";
}

}  // namespace
}  // namespace hetao::io
