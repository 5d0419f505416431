// What the ledger costs: the gateway's own files (io::LedgerFiles) on a real disk. Prints JSON lines for
// tests/bench/run.
//   ledger/append      durable 400-byte entries/s in groups of 2,048, with tree, tiles and a checkpoint a
//                      second, the whole process on one core; beside bare fdatasync of the same groups
//   ledger/append-rate, -p50, -p99
//                      200,000 entries/s come at a steady pace, on one core: how many became durable, and ms
//                      from the coming of each to its durability; beside one fdatasync, and the bar of 10 ms
//   ledger/append-one  single durable entries/s; beside bare fdatasync
//   ledger/proof       us for an inclusion proof from tiles on the disk, checked; beside the bar of 100 us
//   ledger/verify      s for a million entries of a whole log, from files; beside SHA-256 of the same tree
//   ledger/reconcile   s for a million crossings of two books; beside the bar of 10 s
//
// Usage: bench_ledger FOLDER [ENTRIES]. The folder must lie on the disk that is meant; it is removed
// afterwards.
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>

#include "gateway/base/check.h"
#include "gateway/io/ledger_files.h"
#include "gateway/ledger/merkle.h"
#include "gateway/ledger/reconcile.h"
#include "gateway/ledger/tiles.h"
#include "gateway/ledger/verify_log.h"
#include "tests/bench/ledger/made_entries.h"

namespace {

using namespace hetao;
using namespace hetao::ledger;
using bench::encoded;
using bench::kEntryBytes;
using bench::made_entry;
using bench::report;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

const std::string kOrigin = "hetao/shenzhen";

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// This thread, and those that it starts, on one core.
class OneCore {
 public:
  OneCore() {
    HETAO_CHECK(::sched_getaffinity(0, sizeof before_, &before_) == 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int core = CPU_SETSIZE - 1; core >= 0; --core) {
      if (!CPU_ISSET(core, &before_)) continue;
      CPU_SET(core, &one);
      break;
    }
    HETAO_CHECK(::sched_setaffinity(0, sizeof one, &one) == 0);
  }
  ~OneCore() { (void)::sched_setaffinity(0, sizeof before_, &before_); }
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;

 private:
  cpu_set_t before_{};
};

// As fast as the machine goes: overwrites bytes that are there already, and syncs.
double bare_syncs_a_second(const fs::path& folder, size_t bytes, size_t count) {
  fs::create_directories(folder);
  const fs::path path = folder / "bare";
  const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_TRUNC, 0600);
  HETAO_CHECK(file >= 0);
  const Bytes zeros(size_t{1} << 20U);
  for (size_t at = 0; at < bytes * count; at += zeros.size())
    HETAO_CHECK(::pwrite(file, zeros.data(), zeros.size(), static_cast<off_t>(at)) > 0);
  HETAO_CHECK(::fsync(file) == 0);
  const Bytes data(bytes, 'x');
  const auto start = Clock::now();
  for (size_t i = 0; i < count; ++i) {
    HETAO_CHECK(::pwrite(file, data.data(), bytes, static_cast<off_t>(i * bytes)) ==
                static_cast<ssize_t>(bytes));
    HETAO_CHECK(::fdatasync(file) == 0);
  }
  const double rate = static_cast<double>(count) / seconds_since(start);
  ::close(file);
  fs::remove(path);
  return rate;
}

std::unique_ptr<io::LedgerFiles> open_ledger(const fs::path& folder) {
  return std::move(io::LedgerFiles::open({folder / "ledger", folder / "keys", kOrigin})).value();
}

// Groups as they come when many wait: each is appended as soon as the one before is durable.
void bench_append(const fs::path& folder, uint64_t entries) {
  constexpr size_t kGroup = 2'048;
  std::vector<std::vector<Bytes>> groups;
  for (uint64_t first = 0; first < entries; first += kGroup)
    groups.push_back(encoded(first, std::min<uint64_t>(kGroup, entries - first)));
  const OneCore one_core;
  const double bare = bare_syncs_a_second(folder, kGroup * (kEntryBytes + 2), 100) * kGroup;
  const auto ledger = open_ledger(folder);
  const auto start = Clock::now();
  for (std::vector<Bytes>& group : groups) HETAO_CHECK(ledger->append(std::move(group)));
  const double rate = static_cast<double>(entries) / seconds_since(start);
  HETAO_CHECK(ledger->publish_now());
  report("ledger/append", rate, "entries/s", "bare fdatasync of the same groups", bare, false);
}

// Entries that come at a steady pace, as through a gateway's gate: what came while the disk worked is the
// next group. From its coming to its durability.
void bench_latency(const fs::path& folder, uint64_t entries) {
  constexpr size_t kComingInMillisecond = 200;
  constexpr double kComing = kComingInMillisecond * 1e3;
  const std::vector<Bytes> all = encoded(0, entries);
  std::vector<double> latencies;
  latencies.reserve(entries);
  const OneCore one_core;
  const double bare = bare_syncs_a_second(folder, kComingInMillisecond * (kEntryBytes + 2), 200);
  const auto ledger = open_ledger(folder);
  const auto start = Clock::now();
  size_t largest = 0;
  for (size_t done = 0; done < entries;) {
    const auto come = std::min<size_t>(entries, static_cast<size_t>(seconds_since(start) * kComing));
    if (come == done) {
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      continue;
    }
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(done);
    HETAO_CHECK(ledger->append({from, from + static_cast<std::ptrdiff_t>(come - done)}));
    const double now = seconds_since(start);
    largest = std::max(largest, come - done);
    for (; done < come; ++done) latencies.push_back((now - static_cast<double>(done) / kComing) * 1e3);
  }
  const double rate = static_cast<double>(entries) / seconds_since(start);
  std::sort(latencies.begin(), latencies.end());
  report("ledger/append-rate", rate, "entries/s", "entries/s that came", kComing, false);
  report("ledger/append-p50", latencies[latencies.size() / 2], "ms", "bare fdatasync of 200 entries",
         1e3 / bare, true);
  report("ledger/append-p99", latencies[latencies.size() * 99 / 100], "ms", "bar", 10, true);
  std::cerr << "ledger: the largest group had " << largest << " entries\n";
}

void bench_append_one(const fs::path& folder) {
  constexpr size_t kCount = 3'000;
  std::vector<std::vector<Bytes>> groups;
  for (size_t i = 0; i < kCount; ++i) groups.push_back(encoded(i, 1));
  const auto ledger = open_ledger(folder / "one");
  const auto start = Clock::now();
  for (std::vector<Bytes>& group : groups) HETAO_CHECK(ledger->append(std::move(group)));
  const double rate = kCount / seconds_since(start);
  const double bare = bare_syncs_a_second(folder, kEntryBytes + 30, kCount);
  report("ledger/append-one", rate, "entries/s", "bare fdatasync", bare, false);
}

void bench_proof(const fs::path& folder, uint64_t entries) {
  const auto ledger = open_ledger(folder);
  const auto head = open_checkpoint(ledger->checkpoint(), ledger->log_keys()).value().checkpoint;
  HETAO_CHECK(head.size == entries);
  TileReader tiles(head.size, ledger->reader());
  constexpr uint64_t kProofs = 20'000;
  std::vector<std::pair<uint64_t, Digest>> wanted;
  for (uint64_t i = 0; i < kProofs; ++i) {
    const uint64_t index = i * 7'919 % entries;
    wanted.emplace_back(index, leaf_hash(encoded(index)));
  }
  const auto start = Clock::now();
  for (const auto& [index, leaf] : wanted)
    HETAO_CHECK(prove_inclusion(tiles, index, head.size, leaf, head.root));
  report("ledger/proof", seconds_since(start) / kProofs * 1e6, "us", "bar", 100, true);
}

void bench_verify(const fs::path& folder) {
  VerifyOptions options;
  FileReader files;
  {
    const auto ledger = open_ledger(folder);
    options.log_keys = ledger->log_keys();
    files = ledger->reader();
  }
  options.each = [](size_t count, const std::function<void(size_t)>& part) {  // as `hetao audit verify` does
    std::atomic<size_t> next = 0;
    const auto work = [&] {
      for (size_t i = next++; i < count; i = next++) part(i);
    };
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) others.emplace_back(work);
    work();
  };
  auto start = Clock::now();
  const auto result = verify_log(files, options);
  const double took = seconds_since(start);
  HETAO_CHECK(result.has_value());
  const double million = static_cast<double>(result->entries) / 1e6;
  const Bytes leaf = encoded(0);
  const Digest node = leaf_hash(leaf);
  start = Clock::now();
  for (uint64_t i = 0; i < result->entries; ++i) {  // the hashes alone that no verifier can do without
    if (leaf_hash(leaf) != node || node_hash(node, node) == node) std::abort();
  }
  report("ledger/verify", took / million, "s/million", "SHA-256 of the same tree",
         seconds_since(start) / million, true);
}

// Two books of a million crossings each: a decision and a departure here, a decision and an arrival there.
void bench_reconcile() {
  constexpr uint64_t kCrossings = 1'000'000;
  Reconciler reconciler("shenzhen", "hongkong");
  Entry entry = made_entry(0);
  entry.policy_digest = std::string(64, 'a');
  entry.item_digest = std::string(64, 'd');
  entry.decision = "permit";
  entry.kind = kind::kPolicyActivated;
  HETAO_CHECK(reconciler.add(entry));
  const auto start = Clock::now();
  for (const bool arrives : {false, true}) {
    if (arrives) std::swap(entry.region, entry.peer);
    if (arrives) entry.policy_digest.clear();
    for (uint64_t i = 0; i < kCrossings; ++i) {
      entry.sequence = 2 * i;
      entry.crossing = "c-" + std::to_string(i);
      entry.kind = kind::kDecision;
      HETAO_CHECK(reconciler.add(entry));
      entry.kind = arrives ? kind::kArrived : kind::kDeparted;
      HETAO_CHECK(reconciler.add(entry));
    }
  }
  const auto out = reconciler.report({INT64_MAX / 2});
  const double took = seconds_since(start);
  HETAO_CHECK(out.matched == kCrossings && out.mismatches.empty());
  report("ledger/reconcile", took, "s/million", "bar", 10, true);
}

}  // namespace

int main(int argc, char** argv) {
  const fs::path folder = argc > 1 ? fs::path(argv[1]) : fs::path();
  const uint64_t entries = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  if (folder.empty() || entries < 1'024 || fs::exists(folder)) {
    std::cerr << "usage: bench_ledger NEW_FOLDER [ENTRIES, at least 1024]\n";
    return 2;
  }
  fs::create_directories(folder);
  bench_latency(folder / "paced", entries);
  fs::remove_all(folder / "paced");
  bench_append(folder, entries);
  bench_append_one(folder);
  bench_proof(folder, entries);
  bench_verify(folder);
  bench_reconcile();
  fs::remove_all(folder);
  return 0;
}
