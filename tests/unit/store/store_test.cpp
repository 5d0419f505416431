// What every store promises, over SQLite files and a real PostgreSQL server alike.
#include "gateway/store/store.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "tests/unit/store/postgres_server.h"
#include "tests/unit/store/rows.h"

namespace hetao::store {
namespace {

namespace fs = std::filesystem;
using federation::Record;
using federation::Table;

class EveryStore : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (is_postgres()) {
      if (!PostgresServer::missing().empty()) GTEST_SKIP() << PostgresServer::missing();
      url_ = PostgresServer::fresh_url();
      return;
    }
    std::string pattern = (fs::temp_directory_path() / "hetao-store-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    url_ = "sqlite:" + (folder_ / "state.db").string();
  }
  ~EveryStore() override {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }
  bool is_postgres() const { return GetParam() == std::string("postgresql"); }
  std::unique_ptr<Store> open() const {
    auto store = open_store(url_, {"shenzhen", {"gw-1", "gw-1:8443", "gw-1:9443"}});
    EXPECT_TRUE(store) << to_line(store.error());
    return store ? std::move(*store) : nullptr;
  }

  fs::path folder_;
  std::string url_;
};

INSTANTIATE_TEST_SUITE_P(Stores, EveryStore, ::testing::Values("sqlite", "postgresql"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(EveryStore, GivesBackExactlyWhatWasCommitted) {
  const std::string odd("a\0b\xff", 4);
  {
    auto store = open();
    Batch batch;
    batch.records = {put(Table::kJob, "j1", "one"), put(Table::kRun, "j1", "run"),
                     put(Table::kJob, "j2", odd), put(Table::kJob, "empty", "")};
    batch.entries = {{0, "first"}, {1, odd}};
    ASSERT_TRUE(store->commit(batch));
  }
  auto store = open();
  EXPECT_EQ(rows_of(*store), (Rows{{{Table::kJob, "j1"}, "one"},
                                   {{Table::kRun, "j1"}, "run"},
                                   {{Table::kJob, "j2"}, odd},
                                   {{Table::kJob, "empty"}, ""}}));
  EXPECT_EQ(store->entries_from(0, 100).value(), (std::vector<PendingEntry>{{0, "first"}, {1, odd}}));
}

TEST_P(EveryStore, KeepsTheNewestRecordOfAKeyAlsoWithinABatch) {
  auto store = open();
  Batch batch;
  batch.records = {put(Table::kJob, "a", "1"),       put(Table::kJob, "a", "2"),
                   put(Table::kJob, "b", "1"),       {Table::kJob, "b", std::nullopt},
                   {Table::kJob, "c", std::nullopt}, put(Table::kJob, "c", "back")};
  ASSERT_TRUE(store->commit(batch));
  EXPECT_EQ(rows_of(*store), (Rows{{{Table::kJob, "a"}, "2"}, {{Table::kJob, "c"}, "back"}}));
  Batch removal;
  removal.records = {{Table::kJob, "a", std::nullopt}};
  ASSERT_TRUE(store->commit(removal));
  EXPECT_EQ(rows_of(*store).size(), 1U);
}

TEST_P(EveryStore, ForgetsEntriesWithTheNextCommit) {
  auto store = open();
  Batch batch;
  batch.entries = {{0, "a"}, {1, "b"}, {2, "c"}};
  ASSERT_TRUE(store->commit(batch));
  store->forget_entries_below(2);
  EXPECT_EQ(store->entries_from(0, 100)->size(), 3U);
  ASSERT_TRUE(store->commit({}));
  if (store->is_shared()) {
    EXPECT_EQ(store->entries_from(0, 100)->size(), 3U) << "other nodes complete their ledgers from them";
  } else {
    EXPECT_EQ(store->entries_from(0, 100).value(), (std::vector<PendingEntry>{{2, "c"}}));
  }
}

TEST_P(EveryStore, TellsWhichEntriesItKeeps) {
  auto store = open();
  EXPECT_EQ(store->kept_entries()->first, store->kept_entries()->end);
  ASSERT_TRUE(store->commit({.records = {}, .entries = {{5, "a"}, {6, "b"}, {7, "c"}}}));
  EXPECT_EQ(store->kept_entries()->first, 5U);
  EXPECT_EQ(store->kept_entries()->end, 8U);
  EXPECT_EQ(store->entries_from(6, 1).value(), (std::vector<PendingEntry>{{6, "b"}}));
}

TEST_P(EveryStore, TakesLargeBatchesAndManyOfThem) {
  auto store = open();
  for (int round = 0; round < 3; ++round) {
    Batch batch;
    for (int i = 0; i < 6'000; ++i)
      batch.records.push_back(
          put(Table::kJob, std::to_string(i), std::string(500, static_cast<char>('a' + round))));
    ASSERT_TRUE(store->commit(batch));
  }
  const Rows rows = rows_of(*store);
  EXPECT_EQ(rows.size(), 6'000U);
  EXPECT_EQ(rows.at({Table::kJob, "17"}), std::string(500, 'c'));
}

TEST_P(EveryStore, KeepsNotes) {
  {
    auto store = open();
    EXPECT_EQ(store->note("ledger"), std::nullopt);
    ASSERT_TRUE(store->put_note("ledger", "one"));
    ASSERT_TRUE(store->put_note("ledger", "two"));
  }
  EXPECT_EQ(open()->note("ledger"), "two");
}

std::vector<std::string> keys_of(const Result<std::vector<Record>>& rows) {
  EXPECT_TRUE(rows) << to_line(rows.error());
  std::vector<std::string> keys;
  if (!rows) return keys;
  for (const Record& row : *rows) keys.push_back(row.key);
  return keys;
}

TEST_P(EveryStore, ReadsItsArchiveBesideCommitsAndLoadsNothingOfIt) {
  auto store = open();
  auto archive = store->open_archive();
  ASSERT_TRUE(archive) << to_line(archive.error());
  Batch batch;
  batch.records = {put(Table::kJob, "j1", "open"),
                   put(Table::kPastJob, "j2", "over"),
                   put(Table::kPastCrossing, "j2.1.c0", "c"),
                   put(Table::kPastCrossing, "j2.1.o0", "o"),
                   put(Table::kPastCrossing, "j20.1.o0", "other"),
                   put(Table::kPastBlob, "d/j2", "")};
  ASSERT_TRUE(store->commit(batch));
  EXPECT_EQ(rows_of(*store), (Rows{{{Table::kJob, "j1"}, "open"}}));
  EXPECT_EQ((*archive)->find(Table::kPastJob, "j2").value(), "over");
  EXPECT_EQ((*archive)->find(Table::kPastJob, "j1").value(), std::nullopt);
  EXPECT_EQ((*archive)->find(Table::kPastBlob, "d/j2").value(), "");
  const KeyRange range = beginning_with("j2.");
  EXPECT_EQ(keys_of((*archive)->rows(Table::kPastCrossing, range, 10)),
            (std::vector<std::string>{"j2.1.c0", "j2.1.o0"}));
  EXPECT_EQ(keys_of((*archive)->rows(Table::kPastCrossing, range, 1)), std::vector<std::string>{"j2.1.c0"});
  EXPECT_EQ(keys_of((*archive)->rows(Table::kPastCrossing, range, 1, true)),
            std::vector<std::string>{"j2.1.o0"});
  batch.records = {{Table::kJob, "j1", std::nullopt}, put(Table::kPastJob, "j1", "over too")};
  ASSERT_TRUE(store->commit(batch));
  EXPECT_EQ((*archive)->find(Table::kPastJob, "j1").value(), "over too");
  EXPECT_TRUE(rows_of(*store).empty());
}

TEST_P(EveryStore, RefusesTheDataOfAnotherRegion) {
  open().reset();
  const auto other = open_store(url_, {"hongkong"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kUsage);
  EXPECT_NE(other.error().why.find("belongs to region 'shenzhen'"), std::string::npos);
}

TEST_P(EveryStore, AFailedBatchChangesNothingThatANextStartReads) {
  {
    auto store = open();
    ASSERT_TRUE(store->commit({.records = {put(Table::kJob, "a", "1")}, .entries = {{0, "first"}}}));
    ASSERT_FALSE(store->commit({.records = {put(Table::kJob, "a", "2")}, .entries = {{0, "again"}}}));
  }
  EXPECT_EQ(rows_of(*open()), (Rows{{{Table::kJob, "a"}, "1"}}));
}

TEST(StoreUrl, IsCheckedWithoutTouchingAnything) {
  EXPECT_FALSE(check_store_url(""));
  EXPECT_TRUE(check_store_url("sqlite:/var/lib/hetao/state.db"));
  EXPECT_TRUE(check_store_url("postgresql://hetao@db.example/city?sslmode=verify-full"));
  const auto wrong = check_store_url("postgresql://db/hetao?no_such_word=1");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().why.find("no_such_word"), std::string::npos) << to_line(wrong.error());
}

TEST_P(EveryStore, TakesAllOfABatchOrNothingOfIt) {
  auto store = open();
  ASSERT_TRUE(store->commit({.records = {}, .entries = {{0, "a"}}}));
  const auto twice = store->commit({.records = {put(Table::kJob, "j", "x")}, .entries = {{0, "again"}}});
  ASSERT_FALSE(twice);
  EXPECT_TRUE(rows_of(*store).empty());
  EXPECT_EQ(store->entries_from(0, 100).value(), (std::vector<PendingEntry>{{0, "a"}}));
}

TEST_P(EveryStore, AnErrorOfTheTakerEndsLoading) {
  auto store = open();
  ASSERT_TRUE(
      store->commit({.records = {put(Table::kJob, "a", "1"), put(Table::kJob, "b", "1")}, .entries = {}}));
  int seen = 0;
  const auto loaded = store->load([&](const Record&) -> Result<void> {
    ++seen;
    return fail(ErrorCode::kFailed, "record", "unreadable");
  });
  EXPECT_FALSE(loaded);
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace hetao::store
