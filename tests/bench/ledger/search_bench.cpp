// What a search of a large ledger costs (io::LedgerIndex), on a real disk. Prints JSON lines for
// tests/bench/run.
//   ledger/index       entries/s that the index takes in; beside the bar of 10,000, more than a gateway
//   writes ledger/search-p50, ledger/search-p99
//                      ms for a page of 100, over questions as auditors ask them; beside the bar of 100 ms
//
// Usage: bench_search FOLDER [ENTRIES]. A folder that is there already is searched as it is, and kept.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>

#include "gateway/base/check.h"
#include "gateway/io/ledger_index.h"
#include "tests/bench/ledger/made_entries.h"

namespace {

using namespace hetao;
using ledger::EntryQuery;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr size_t kGroup = 4'096;
constexpr size_t kPage = 100;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The questions of an auditor who looks at the crossing of entry `at`.
std::vector<EntryQuery> questions_about(uint64_t at, uint64_t entries) {
  const ledger::Entry entry = bench::made_entry(at);
  const Instant half_of_all{bench::kFirstMicros + static_cast<int64_t>(entries / 2) * bench::kMicrosApart};
  std::vector<EntryQuery> all(14);
  all[0].crossing = entry.crossing;
  all[1].job = entry.job;
  all[2].who = entry.who;
  all[3].tenant = ledger::tenant_of(entry);
  all[3].kind = "departed";
  all[4].dataset = ledger::dataset_of(entry);
  all[4].decision = "forbid";
  all[5].rule = entry.rules.front();
  all[5].direction = "in";
  all[6].text = "counted owner";
  all[6].tenant = ledger::tenant_of(entry);
  all[7].text = "出境";
  all[7].kind = "arrived";
  all[8].bytes_min = 900'000;
  all[8].decision = "hold";
  all[9].since = entry.time;
  all[9].until = entry.time + Duration::seconds(3'600);
  all[10].until = half_of_all;
  all[10].kind = "decision";
  all[11].since = half_of_all;
  all[11].dataset = ledger::dataset_of(entry);
  all[12].kind = "departed";  // two long lists, and nothing in both
  all[12].text = "nothing of that kind";
  all[13].who = "tenant-0/u-nobody";
  all[13].decision = "permit";
  return all;
}

void fill(io::LedgerFiles& ledger, uint64_t entries) {
  while (ledger.size() < entries)
    HETAO_CHECK(
        ledger.append(bench::encoded(ledger.size(), std::min<uint64_t>(kGroup, entries - ledger.size()))));
  HETAO_CHECK(ledger.publish_now());
}

void bench_searches(const io::LedgerIndex& index, uint64_t entries) {
  constexpr uint64_t kLooks = 100;
  std::vector<double> took;
  for (uint64_t look = 0; look < kLooks; ++look) {
    for (const EntryQuery& query : questions_about(look * 7'919'317 % entries, entries)) {
      const auto start = Clock::now();
      const io::IndexPage page = index.search(query, look % 2 == 0, std::nullopt, kPage, SIZE_MAX);
      took.push_back(seconds_since(start) * 1e3);
      HETAO_CHECK(!page.error);
    }
  }
  std::sort(took.begin(), took.end());
  const std::string of = " at " + std::to_string(entries) + " entries";
  bench::report("ledger/search-p50", took[took.size() / 2], "ms", ("bar" + of).c_str(), 100, true);
  bench::report("ledger/search-p99", took[took.size() * 99 / 100], "ms", ("bar" + of).c_str(), 100, true);
}

}  // namespace

int main(int argc, char** argv) {
  const fs::path folder = argc > 1 ? fs::path(argv[1]) : fs::path();
  const uint64_t entries = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  if (folder.empty() || entries == 0) {
    std::cerr << "usage: bench_search FOLDER [ENTRIES]\n";
    return 2;
  }
  const bool is_new = !fs::exists(folder);
  {
    const auto ledger =
        std::move(io::LedgerFiles::open({folder / "ledger", folder / "keys", "hetao/shenzhen"})).value();
    fill(*ledger, entries);
    const auto start = Clock::now();
    const auto index = std::move(io::LedgerIndex::open(folder / "index", *ledger)).value();
    const uint64_t known = index->size();
    while (index->size() < entries) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (known == 0)
      bench::report("ledger/index", static_cast<double>(entries) / seconds_since(start), "entries/s", "bar",
                    10'000, false);
    bench_searches(*index, entries);
  }
  if (is_new) fs::remove_all(folder);
  return 0;
}
