#include "gateway/io/ledger_index.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

using testing_support::TemporaryFolder;

constexpr uint64_t kEntries = ledger::kSegmentEntries + 1'000;

Bytes entry_of(uint64_t sequence) {
  ledger::Entry entry;
  entry.sequence = sequence;
  entry.time = {1'795'000'000'000'000 + static_cast<int64_t>(sequence)};
  entry.region = "shenzhen";
  entry.kind = sequence % 3 == 0 ? "decision" : "job-state";
  entry.job = "j-" + std::to_string(sequence / 10);
  const std::string text = ledger::encode_entry(entry).value();
  return {text.begin(), text.end()};
}

class LedgerIndexTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    files_ = std::move(LedgerFiles::open({*folder_ / "ledger", *folder_ / "keys", "hetao/shenzhen"}))
                 .value()
                 .release();
    for (uint64_t i = 0; i < kEntries; i += 4'096) {
      std::vector<Bytes> group;
      for (uint64_t j = i; j < std::min(i + 4'096, kEntries); ++j) group.push_back(entry_of(j));
      ASSERT_TRUE(files_->append(std::move(group)));
    }
  }
  static void TearDownTestSuite() {
    delete files_;
    delete folder_;
  }
  static std::unique_ptr<LedgerIndex> open() {
    return std::move(LedgerIndex::open(*folder_ / "index", *files_)).value();
  }
  static void wait_for(const LedgerIndex& index) {
    for (int i = 0; i < 6'000 && index.size() < kEntries; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_EQ(index.size(), kEntries);
  }
  static std::vector<uint64_t> all(const LedgerIndex& index, const ledger::EntryQuery& query, bool descending,
                                   size_t limit) {
    std::vector<uint64_t> found;
    std::optional<uint64_t> cursor;
    do {
      const IndexPage page = index.search(query, descending, cursor, limit, SIZE_MAX);
      EXPECT_FALSE(page.error);
      for (const IndexHit& hit : page.hits) found.push_back(hit.index);
      cursor = page.next;
    } while (cursor);
    return found;
  }
  inline static TemporaryFolder* folder_ = nullptr;
  inline static LedgerFiles* files_ = nullptr;
};

TEST_F(LedgerIndexTest, PagesOverSegmentsInBothOrders) {
  const auto index = open();
  wait_for(*index);
  ledger::EntryQuery query;
  query.job = "j-6553";  // the last entries of the first segment, and the first ones behind it
  const std::vector<uint64_t> expected = {65530, 65531, 65532, 65533, 65534,
                                          65535, 65536, 65537, 65538, 65539};
  EXPECT_EQ(all(*index, query, false, 3), expected);
  EXPECT_EQ(all(*index, query, true, 3), std::vector<uint64_t>(expected.rbegin(), expected.rend()));
  query.kind = "decision";
  EXPECT_EQ(all(*index, query, false, 100), (std::vector<uint64_t>{65532, 65535, 65538}));
}

TEST_F(LedgerIndexTest, AnswersBeforeItIsBuiltAndAfterItsFilesAreSpoilt) {
  {
    const auto index = open();
    ledger::EntryQuery query;
    query.job = "j-7";
    EXPECT_EQ(all(*index, query, true, 100).size(), 10U);
    wait_for(*index);
  }
  ASSERT_TRUE(std::filesystem::exists(*folder_ / "index/0"));
  testing_support::spill(*folder_ / "index/0", "nonsense");
  const auto index = open();
  wait_for(*index);
  ledger::EntryQuery query;
  query.job = "j-7";
  EXPECT_EQ(all(*index, query, true, 100).size(), 10U);
}

TEST_F(LedgerIndexTest, StopsAfterAsManyLooksAsItMayTakeAndGoesOnFromThere) {
  const auto index = open();
  ledger::EntryQuery nothing;
  nothing.since = Instant{1};
  const IndexPage page = index->search(nothing, true, std::nullopt, 10, 5);
  EXPECT_EQ(page.hits.size(), 5U);
  ASSERT_TRUE(page.next);
  EXPECT_EQ(*page.next, kEntries - 5);
}

}  // namespace
}  // namespace hetao::io
