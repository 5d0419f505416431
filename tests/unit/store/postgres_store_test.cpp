// What several nodes that share a PostgreSQL database may rely on, with a real server that is killed, stopped
// and set up wrongly.
#include <gtest/gtest.h>

#include "gateway/store/store.h"
#include "tests/unit/store/postgres_server.h"

namespace hetao::store {
namespace {

using federation::Record;
using federation::Table;

class SharedStore : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresServer::missing().empty()) GTEST_SKIP() << PostgresServer::missing();
    url_ = PostgresServer::fresh_url();
  }
  Claim claim(const std::string& node) const {
    auto claimed = claim_store(url_, {"shenzhen", {node, node + ":8443", node + ":9443"}});
    EXPECT_TRUE(claimed) << to_line(claimed.error());
    return claimed ? std::move(*claimed) : Claim{};
  }
  static Batch batch_of(const std::string& key, uint64_t entry) {
    return {.records = {{Table::kJob, key, "value"}}, .entries = {{entry, "entry of " + key}}};
  }
  static size_t count(Store& store) {
    size_t rows = 0;
    EXPECT_TRUE(store.load([&](const Record&) -> Result<void> {
      ++rows;
      return {};
    }));
    return rows;
  }

  std::string url_;
};

TEST_F(SharedStore, OneNodeLeadsAndTheOthersAreToldWho) {
  Claim first = claim("gw-1");
  ASSERT_NE(first.store, nullptr);
  Claim second = claim("gw-2");
  EXPECT_EQ(second.store, nullptr);
  EXPECT_EQ(second.held_by, (Leader{"gw-1", "gw-1:8443", "gw-1:9443"}));
  const auto impatient = open_store(url_, {"shenzhen", {"gw-2"}});
  ASSERT_FALSE(impatient);
  EXPECT_NE(impatient.error().why.find("gw-1"), std::string::npos);
}

TEST_F(SharedStore, TheNextNodeTakesOverEverything) {
  Claim first = claim("gw-1");
  ASSERT_TRUE(first.store->commit(batch_of("j1", 0)));
  first.store->forget_entries_below(1);
  ASSERT_TRUE(first.store->commit(batch_of("j2", 1)));
  first.store.reset();
  Claim second = claim("gw-2");
  ASSERT_NE(second.store, nullptr);
  EXPECT_EQ(count(*second.store), 2U);
  EXPECT_EQ(second.store->entries_from(0, 10)->size(), 2U);
  EXPECT_EQ(claim("gw-1").held_by.node, "gw-2");
}

TEST_F(SharedStore, WhoLostTheSessionCanCommitNothingAnyMore) {
  Claim first = claim("gw-1");
  ASSERT_TRUE(first.store->commit(batch_of("j1", 0)));
  EXPECT_TRUE(first.store->still_ours());
  PostgresServer::alter(url_,
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
                        "'hetao/shenzhen/gw-1'");
  // The session may need a moment to end; from then on another node leads.
  Claim second = claim("gw-2");
  for (int i = 0; i < 1'000 && second.store == nullptr; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    second = claim("gw-2");
  }
  ASSERT_NE(second.store, nullptr);
  ASSERT_TRUE(second.store->commit(batch_of("j2", 1)));
  EXPECT_FALSE(first.store->commit(batch_of("late", 2)));
  EXPECT_FALSE(first.store->still_ours());
  EXPECT_EQ(count(*second.store), 2U);
}

TEST_F(SharedStore, AnArchiveWhoseSessionWasCutIsReadThroughAnother) {
  Claim first = claim("gw-1");
  ASSERT_TRUE(first.store->commit({{{federation::Table::kPastJob, "j1", "over"}}, {}}));
  const auto archive = first.store->open_archive();
  ASSERT_TRUE(archive);
  PostgresServer::alter(url_,
                        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE "
                        "application_name = 'hetao/archive'");
  const auto found = (*archive)->find(federation::Table::kPastJob, "j1");
  ASSERT_TRUE(found) << to_line(found.error());
  EXPECT_EQ(*found, "over");
}

TEST_F(SharedStore, WhatWasCommittedOutlivesACrashOfTheServer) {
  Claim first = claim("gw-1");
  for (uint64_t i = 0; i < 50; ++i) ASSERT_TRUE(first.store->commit(batch_of("j" + std::to_string(i), i)));
  PostgresServer::crash_and_restart();
  ASSERT_EQ(PostgresServer::missing(), "");
  EXPECT_FALSE(first.store->commit(batch_of("late", 50)));
  Claim second = claim("gw-2");
  ASSERT_NE(second.store, nullptr);
  EXPECT_EQ(count(*second.store), 50U);
  EXPECT_EQ(second.store->kept_entries()->end, 50U);
}

TEST_F(SharedStore, AServerThatForgetsIsRefused) {
  for (const char* setting : {"fsync", "full_page_writes"}) {
    PostgresServer::crash_and_restart({std::string(setting) + "=off"});
    const auto unsafe = claim_store(url_, {"shenzhen", {"gw-1"}});
    ASSERT_FALSE(unsafe);
    EXPECT_NE(unsafe.error().why.find(std::string(setting) + "=off"), std::string::npos)
        << to_line(unsafe.error());
  }
  PostgresServer::crash_and_restart({"synchronous_commit=off"});
  Claim made_safe = claim("gw-1");
  ASSERT_NE(made_safe.store, nullptr) << "this one a session may put right";
  ASSERT_TRUE(made_safe.store->commit(batch_of("j1", 0)));
  PostgresServer::crash_and_restart();
  EXPECT_EQ(count(*claim("gw-1").store), 1U);
}

TEST_F(SharedStore, ANewerFormatIsRefusedAndLeftAlone) {
  claim("gw-1").store.reset();
  PostgresServer::alter(url_, "UPDATE hetao.meta SET value = '99' WHERE key = 'format'");
  const auto newer = claim_store(url_, {"shenzhen", {"gw-1"}});
  ASSERT_FALSE(newer);
  EXPECT_NE(newer.error().why.find("has format 99"), std::string::npos) << to_line(newer.error());
  EXPECT_EQ(PostgresServer::alter(url_, "SELECT value FROM hetao.meta WHERE key = 'leader'"), "gw-1");
}

TEST_F(SharedStore, AnotherProgramsSchemaIsRefused) {
  PostgresServer::alter(url_, "CREATE SCHEMA hetao; CREATE TABLE hetao.theirs(x int)");
  const auto theirs = claim_store(url_, {"shenzhen", {"gw-1"}});
  ASSERT_FALSE(theirs);
  EXPECT_NE(theirs.error().why.find("another program's"), std::string::npos) << to_line(theirs.error());
}

// A byte is turned in the middle of a page while the server is down: its checksum no longer fits.
TEST_F(SharedStore, ADamagedPageIsNamedAndNotGuessed) {
  {
    Claim first = claim("gw-1");
    for (uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(first.store->commit(batch_of("j" + std::to_string(i), i)));
  }
  const std::string file = PostgresServer::alter(url_, "SELECT pg_relation_filepath('hetao.record')");
  PostgresServer::stop();
  const std::string path = PostgresServer::folder() / "data" / file;
  FILE* table = std::fopen(path.c_str(), "r+b");
  ASSERT_NE(table, nullptr) << path;
  std::fseek(table, 8'000, SEEK_SET);
  const int byte = std::fgetc(table);
  std::fseek(table, 8'000, SEEK_SET);
  std::fputc(byte ^ 0x40, table);
  std::fclose(table);
  PostgresServer::start_again();
  ASSERT_EQ(PostgresServer::missing(), "");
  Claim claimed = claim("gw-1");
  ASSERT_NE(claimed.store, nullptr);
  const auto loaded = claimed.store->load([](const Record&) -> Result<void> { return {}; });
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().hint.find("backup"), std::string::npos) << to_line(loaded.error());
}

TEST_F(SharedStore, NoServerIsNamedWithoutThePassword) {
  const auto nobody = claim_store("postgresql://hetao:secret@/city?host=/nowhere", {"shenzhen", {"gw-1"}});
  ASSERT_FALSE(nobody);
  EXPECT_EQ(to_line(nobody.error()).find("secret"), std::string::npos) << to_line(nobody.error());
}

}  // namespace
}  // namespace hetao::store
