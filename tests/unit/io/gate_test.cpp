// The gate between real files: no effect before its records and entries are on disk, effects in order, and
// nothing more after the first error.
#include "gateway/io/gate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>

#include "gateway/ledger/wal.h"
#include "gateway/store/archive.h"
#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

using federation::Table;
using testing_support::slurp;

// A real store that remembers what it made durable, and can fail like a disk.
class WatchedStore : public store::Store {
 public:
  explicit WatchedStore(std::unique_ptr<store::Store> real) : real_(std::move(real)) {}
  Result<void> load(const std::function<Result<void>(const federation::Record&)>& take) override {
    return real_->load(take);
  }
  Result<void> commit(const store::Batch& batch) override {
    if (commits == fail_at) return fail(ErrorCode::kFailed, "state.db", "disk I/O error");
    ++commits;
    auto done = real_->commit(batch);
    const std::lock_guard lock(mutex);
    for (const auto& record : batch.records) durable.push_back(record.key);
    return done;
  }
  Result<std::unique_ptr<store::Archive>> open_archive() override { return real_->open_archive(); }
  Result<store::EntryRange> kept_entries() override { return real_->kept_entries(); }
  Result<std::vector<store::PendingEntry>> entries_from(uint64_t first, size_t most) override {
    return real_->entries_from(first, most);
  }
  void forget_entries_below(uint64_t index) override { real_->forget_entries_below(index); }
  Result<std::optional<std::string>> note(std::string_view name) override { return real_->note(name); }
  Result<void> put_note(std::string_view name, std::string_view value) override {
    return real_->put_note(name, value);
  }

  bool holds(const std::string& key) {
    const std::lock_guard lock(mutex);
    return std::find(durable.begin(), durable.end(), key) != durable.end();
  }

  std::mutex mutex;
  std::vector<std::string> durable;
  std::atomic<int> commits{0};
  std::atomic<int> fail_at{-1};

 private:
  std::unique_ptr<store::Store> real_;
};

// The io thread is the test's own: it runs what the gate posts.
class Inbox {
 public:
  void post(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
    came_.notify_all();
  }
  bool run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!done()) {
      std::unique_lock lock(mutex_);
      if (!came_.wait_until(lock, deadline, [&] { return !work_.empty(); })) return false;
      auto next = std::move(work_.front());
      work_.pop_front();
      lock.unlock();
      next();
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<std::function<void()>> work_;
};

class TheGate : public ::testing::Test {
 protected:
  void open() {
    ledger_ = LedgerFiles::open({folder_ / "ledger", folder_ / "keys", "hetao/shenzhen"}).value();
    auto real = store::open_store(folder_ / "state.db", {"shenzhen"}).value();
    auto watched = std::make_unique<WatchedStore>(std::move(real));
    store_ = watched.get();
    ASSERT_TRUE(Gate::catch_up(*watched, *ledger_));
    gate_ = std::make_unique<Gate>(
        Gate::Config{
            .post = [this](std::function<void()> work) { inbox_.post(std::move(work)); },
            .on_fatal = [this](Error error) { inbox_.post([this, error] { fatal_.push_back(error); }); }},
        std::move(watched), *ledger_);
  }
  void close() {
    gate_.reset();
    ledger_.reset();
  }
  bool ledger_holds(const std::string& text) const {
    return slurp(folder_ / "ledger/wal").find(text) != std::string::npos;
  }
  GateStep step(const std::string& key, std::optional<uint64_t> entry = std::nullopt) {
    GateStep made;
    made.records = {{Table::kJob, key, "value of " + key}};
    if (entry) made.entries = {{*entry, "entry of " + key}};
    return made;
  }

  testing_support::TemporaryFolder folder_;
  Inbox inbox_;
  std::vector<Error> fatal_;
  std::unique_ptr<LedgerFiles> ledger_;
  WatchedStore* store_ = nullptr;
  std::unique_ptr<Gate> gate_;
};

TEST_F(TheGate, LetsNoEffectOutBeforeItsRecordAndItsEntryAreOnDisk) {
  open();
  int out = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string key = "job" + std::to_string(i);
    GateStep made = step(key, i);
    made.effects = [this, key, &out] {
      EXPECT_TRUE(store_->holds(key));
      EXPECT_TRUE(ledger_holds("entry of " + key));
      ++out;
    };
    gate_->pass(std::move(made));
  }
  ASSERT_TRUE(inbox_.run_until([&] { return out == 200; }));
  EXPECT_TRUE(gate_->idle());
  EXPECT_EQ(ledger_->size(), 200U);
}

TEST_F(TheGate, KeepsTheOrderAlsoOfStepsThatHaveNothingToRemember) {
  open();
  std::vector<int> order;
  for (int i = 0; i < 300; ++i) {
    GateStep made;
    if (i % 3 == 0) made = step("k" + std::to_string(i));
    made.effects = [&order, i] { order.push_back(i); };
    gate_->pass(std::move(made));
  }
  ASSERT_TRUE(inbox_.run_until([&] { return order.size() == 300; }));
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(TheGate, MakesManyStepsDurableWithFewCommits) {
  open();
  int out = 0;
  for (int i = 0; i < 2000; ++i) {
    GateStep made = step("k" + std::to_string(i));
    made.effects = [&out] { ++out; };
    gate_->pass(std::move(made));
  }
  ASSERT_TRUE(inbox_.run_until([&] { return out == 2000; }));
  EXPECT_LT(store_->commits, 400);
  EXPECT_EQ(gate_->stats().records, 2000U);
}

TEST_F(TheGate, LetsNothingOutAfterAFailedCommit) {
  open();
  store_->fail_at = 1;
  bool first = false;
  bool second = false;
  GateStep good = step("good", 0);
  good.effects = [&] { first = true; };
  gate_->pass(std::move(good));
  ASSERT_TRUE(inbox_.run_until([&] { return first; }));
  for (int i = 0; i < 3; ++i) {
    GateStep bad = step("bad" + std::to_string(i), 1 + i);
    bad.effects = [&] { second = true; };
    gate_->pass(std::move(bad));
  }
  ASSERT_TRUE(inbox_.run_until([&] { return !fatal_.empty(); }));
  GateStep late = step("late");
  late.effects = [&] { second = true; };
  gate_->pass(std::move(late));
  close();
  EXPECT_FALSE(second);
  EXPECT_EQ(fatal_.size(), 1U);
  EXPECT_FALSE(ledger_holds("entry of bad"));
}

TEST_F(TheGate, GivesTheLedgerWhatOnlyTheStoreHasAfterACrash) {
  open();
  bool out = false;
  GateStep made = step("a", 0);
  made.effects = [&] { out = true; };
  gate_->pass(std::move(made));
  ASSERT_TRUE(inbox_.run_until([&] { return out; }));
  close();
  {  // a crash between the store's commit and the ledger's sync
    auto store = store::open_store(folder_ / "state.db", {"shenzhen"}).value();
    ASSERT_TRUE(store->commit({.records = {}, .entries = {{1, "entry one"}, {2, "entry two"}}}));
  }
  open();
  EXPECT_EQ(ledger_->size(), 3U);
  EXPECT_EQ(ledger_->published_size(), 3U) << "peers, whom another node has shown them, would see a rollback";
  EXPECT_EQ(ledger_->entries(1, 2).value(), (std::vector<std::string>{"entry one", "entry two"}));
}

TEST_F(TheGate, RefusesAStoreAndALedgerThatDoNotBelongTogether) {
  open();
  bool out = false;
  GateStep made = step("a", 0);
  made.effects = [&] { out = true; };
  gate_->pass(std::move(made));
  ASSERT_TRUE(inbox_.run_until([&] { return out; }));
  close();
  const auto ledger = LedgerFiles::open({folder_ / "ledger", folder_ / "keys", "hetao/shenzhen"}).value();
  const auto fresh = store::open_store(folder_ / "fresh.db", {"shenzhen"}).value();
  EXPECT_FALSE(Gate::catch_up(*fresh, *ledger)) << "the store was lost";
  ASSERT_TRUE(fresh->commit({.records = {}, .entries = {{0, "another entry"}}}));
  EXPECT_FALSE(Gate::catch_up(*fresh, *ledger)) << "another history";
  const auto later = store::open_store(folder_ / "later.db", {"shenzhen"}).value();
  ASSERT_TRUE(later->commit({.records = {}, .entries = {{7, "far ahead"}}}));
  EXPECT_FALSE(Gate::catch_up(*later, *ledger)) << "the ledger was lost";
}

}  // namespace
}  // namespace hetao::io
