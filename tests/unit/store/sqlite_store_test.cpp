// SQLite files: what was committed is there after any cut, and what is not ours, or damaged, is refused.
#include "gateway/store/store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/store/rows.h"

namespace hetao::store {
namespace {

namespace fs = std::filesystem;
using federation::Record;
using federation::Table;

class SqliteFiles : public ::testing::Test {
 protected:
  SqliteFiles() {
    std::string pattern = (fs::temp_directory_path() / "hetao-store-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~SqliteFiles() override { fs::remove_all(folder_); }

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

// A power cut at any moment: the files are copied while the store is open, after each commit and with every
// length of the write-ahead log between the commits. Each copy must hold exactly a prefix of the commits.
TEST_F(SqliteFiles, EveryCutOfItsFilesHoldsAPrefixOfTheCommits) {
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
    const auto entries = copy->entries_from(0, 100).value();
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

TEST_F(SqliteFiles, RefusesANewerFormatAndLeavesItAlone) {
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

TEST_F(SqliteFiles, RefusesAnotherProgramsDatabase) {
  alter("CREATE TABLE theirs(x)");
  const auto theirs = open_store(path(), {"shenzhen"});
  ASSERT_FALSE(theirs);
  EXPECT_NE(theirs.error().why.find("another program's"), std::string::npos);
}

TEST_F(SqliteFiles, RefusesADamagedFileWithAWordOnWhatToDo) {
  std::ofstream(path()) << std::string(8192, 'x');
  const auto damaged = open_store(path(), {"shenzhen"});
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().hint.find("backup"), std::string::npos) << to_line(damaged.error());
}

TEST_F(SqliteFiles, RefusesASecondOpener) {
  auto first = open();
  ASSERT_TRUE(first->commit({.records = {put(Table::kJob, "a", "1")}, .entries = {}}));
  const auto second = open_store(path(), {"shenzhen"});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().hint.find("another program holds the file"), std::string::npos)
      << to_line(second.error());
}

TEST_F(SqliteFiles, GoesOnAfterAnInterruptedFirstStart) {
  std::ofstream(path()).close();  // made, and nothing more
  EXPECT_NE(open(), nullptr);
}

TEST_F(SqliteFiles, IsForItsUserAlone) {
  open().reset();
  EXPECT_EQ(fs::status(path()).permissions() & (fs::perms::group_all | fs::perms::others_all),
            fs::perms::none);
}

}  // namespace
}  // namespace hetao::store
