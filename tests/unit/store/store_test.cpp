// The store on real SQLite files: what was committed is there after any cut, and what is not ours is refused.
#include "gateway/store/store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace hetao::store {
namespace {

namespace fs = std::filesystem;
using federation::Record;
using federation::Table;

class TheStore : public ::testing::Test {
 protected:
  TheStore() {
    std::string pattern = (fs::temp_directory_path() / "hetao-store-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~TheStore() override { fs::remove_all(folder_); }

  std::string path(const std::string& name = "state.db") const { return (folder_ / name).string(); }
  std::unique_ptr<Store> open(const std::string& name = "state.db") const {
    auto store = open_store(path(name), {"shenzhen"});
    EXPECT_TRUE(store) << to_line(store.error());
    return store ? std::move(*store) : nullptr;
  }
  // Runs SQL on a closed store's file.
  void alter(const char* sql) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }

  fs::path folder_;
};

using Rows = std::map<std::pair<Table, std::string>, std::string>;

Rows rows_of(Store& store) {
  Rows rows;
  const auto loaded = store.load([&](const Record& record) -> Result<void> {
    rows[{record.table, record.key}] = *record.value;
    return {};
  });
  EXPECT_TRUE(loaded) << to_line(loaded.error());
  return rows;
}

Record put(Table table, std::string key, std::string value) {
  return {table, std::move(key), std::move(value)};
}

TEST_F(TheStore, GivesBackExactlyWhatWasCommitted) {
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
  EXPECT_EQ(store->pending_entries().value(), (std::vector<PendingEntry>{{0, "first"}, {1, odd}}));
}

TEST_F(TheStore, KeepsTheNewestRecordOfAKeyAlsoWithinABatch) {
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

TEST_F(TheStore, ForgetsEntriesWithTheNextCommit) {
  auto store = open();
  Batch batch;
  batch.entries = {{0, "a"}, {1, "b"}, {2, "c"}};
  ASSERT_TRUE(store->commit(batch));
  store->forget_entries_below(2);
  EXPECT_EQ(store->pending_entries()->size(), 3U);
  ASSERT_TRUE(store->commit({}));
  EXPECT_EQ(store->pending_entries().value(), (std::vector<PendingEntry>{{2, "c"}}));
}

TEST_F(TheStore, TakesAllOfABatchOrNothingOfIt) {
  auto store = open();
  ASSERT_TRUE(store->commit({.records = {}, .entries = {{0, "a"}}}));
  const auto twice = store->commit({.records = {put(Table::kJob, "j", "x")}, .entries = {{0, "again"}}});
  ASSERT_FALSE(twice);
  EXPECT_TRUE(rows_of(*store).empty());
  EXPECT_EQ(store->pending_entries().value(), (std::vector<PendingEntry>{{0, "a"}}));
}

TEST_F(TheStore, AnErrorOfTheTakerEndsLoading) {
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

// A power cut at any moment: the files are copied while the store is open, after each commit and with every
// length of the write-ahead log between the commits. Each copy must hold exactly a prefix of the commits.
TEST_F(TheStore, EveryCutOfItsFilesHoldsAPrefixOfTheCommits) {
  constexpr int kCommits = 6;
  auto store = open();
  std::vector<uintmax_t> wal_bytes;
  for (int i = 0; i < kCommits; ++i) {
    const std::string n = std::to_string(i);
    Batch batch;
    batch.records = {put(Table::kJob, "job" + n, std::string(3000, 'x')), put(Table::kRun, "last", n)};
    batch.entries = {{static_cast<uint64_t>(i), "entry" + n}};
    ASSERT_TRUE(store->commit(batch));
    wal_bytes.push_back(fs::file_size(path("state.db-wal")));
  }
  ASSERT_GT(wal_bytes.back(), 0U);
  int complete = 0;
  std::vector<uintmax_t> cuts = wal_bytes;
  for (uintmax_t cut = 0; cut < wal_bytes.back(); cut += 1500) cuts.push_back(cut);
  for (const uintmax_t cut : cuts) {
    fs::create_directory(folder_ / "cut");
    fs::copy_file(path(), path("cut/state.db"));
    fs::copy_file(path("state.db-wal"), path("cut/state.db-wal"));
    fs::resize_file(path("cut/state.db-wal"), cut);
    // A cut before the first commit was durable may leave less than a database of ours; that start begins
    // anew.
    auto copy = open("cut/state.db");
    ASSERT_NE(copy, nullptr) << "cut at " << cut;
    const Rows rows = rows_of(*copy);
    const auto entries = copy->pending_entries().value();
    if (!rows.empty()) {
      const int last = std::stoi(rows.at({Table::kRun, "last"}));
      EXPECT_EQ(rows.size(), static_cast<size_t>(last) + 2) << "cut at " << cut;
      EXPECT_EQ(entries.size(), static_cast<size_t>(last) + 1) << "cut at " << cut;
      EXPECT_EQ(entries.back().bytes, "entry" + std::to_string(last));
      complete = std::max(complete, last + 1);
    } else {
      EXPECT_TRUE(entries.empty());
    }
    // What was durable by then is there.
    int durable = 0;
    for (const uintmax_t bytes : wal_bytes) durable += bytes <= cut ? 1 : 0;
    EXPECT_GE(static_cast<int>(entries.size()), durable) << "cut at " << cut;
    copy.reset();
    fs::remove_all(folder_ / "cut");
  }
  EXPECT_EQ(complete, kCommits);
}

TEST_F(TheStore, RefusesTheDataOfAnotherRegion) {
  open().reset();
  const auto other = open_store(path(), {"hongkong"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kUsage);
  EXPECT_NE(other.error().why.find("belongs to region 'shenzhen'"), std::string::npos);
}

TEST_F(TheStore, RefusesANewerFormatAndLeavesItAlone) {
  open().reset();
  alter("PRAGMA user_version = 2; CREATE TABLE from_the_future(x)");
  std::ifstream before_file(path(), std::ios::binary);
  const std::string before((std::istreambuf_iterator<char>(before_file)), {});
  const auto newer = open_store(path(), {"shenzhen"});
  ASSERT_FALSE(newer);
  EXPECT_NE(newer.error().why.find("has format 2"), std::string::npos) << to_line(newer.error());
  std::ifstream after_file(path(), std::ios::binary);
  EXPECT_EQ(before, std::string((std::istreambuf_iterator<char>(after_file)), {}));
}

TEST_F(TheStore, RefusesAnotherProgramsDatabase) {
  alter("CREATE TABLE theirs(x)");
  const auto theirs = open_store(path(), {"shenzhen"});
  ASSERT_FALSE(theirs);
  EXPECT_NE(theirs.error().why.find("another program's"), std::string::npos);
}

TEST_F(TheStore, RefusesADamagedFileWithAWordOnWhatToDo) {
  std::ofstream(path()) << std::string(8192, 'x');
  const auto damaged = open_store(path(), {"shenzhen"});
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().hint.find("backup"), std::string::npos) << to_line(damaged.error());
}

TEST_F(TheStore, RefusesASecondOpener) {
  auto first = open();
  ASSERT_TRUE(first->commit({.records = {put(Table::kJob, "a", "1")}, .entries = {}}));
  const auto second = open_store(path(), {"shenzhen"});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().hint.find("another program holds the file"), std::string::npos)
      << to_line(second.error());
}

TEST_F(TheStore, GoesOnAfterAnInterruptedFirstStart) {
  std::ofstream(path()).close();  // made, and nothing more
  EXPECT_NE(open(), nullptr);
}

TEST_F(TheStore, IsForItsUserAlone) {
  open().reset();
  EXPECT_EQ(fs::status(path()).permissions() & (fs::perms::group_all | fs::perms::others_all),
            fs::perms::none);
}

TEST(StoreUrl, SaysWhatIsNotAvailableYet) {
  const auto postgres = open_store("postgresql://db/hetao", {"shenzhen"});
  ASSERT_FALSE(postgres);
  EXPECT_NE(postgres.error().why.find("not available yet"), std::string::npos);
  EXPECT_FALSE(check_store_url(""));
  EXPECT_TRUE(check_store_url("sqlite:/var/lib/hetao/state.db"));
}

}  // namespace
}  // namespace hetao::store
