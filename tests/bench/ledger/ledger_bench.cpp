// Measures the ledger beside what the machine allows, in one run: a JSON object a line, as tests/bench/run
// prints them.
//
//   ledger/append      durable 400-byte entries/s, groups of 256, a checkpoint a second meanwhile; beside
//   bare fdatasync of
//                      as many bytes a group
//   ledger/append-p99  ms from handing over a group to its durability; beside the bar of 10 ms
//   ledger/append-one  single durable entries/s; beside bare fdatasync
//   ledger/proof       µs for an inclusion proof from tiles, checked; beside the bar of 100 µs
//   ledger/verify      s for a million entries of a whole log, read from files; beside SHA-256 over the same
//   bytes ledger/reconcile   s for a million crossings; beside the bar of 10 s
//
// Usage: bench_ledger [FOLDER] [ENTRIES]. The folder must lie on the disk that is meant; it is emptied
// afterwards.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <thread>

#include "gateway/base/check.h"
#include "gateway/ledger/entry.h"
#include "gateway/ledger/log.h"
#include "gateway/ledger/reconcile.h"
#include "gateway/ledger/sha256.h"
#include "gateway/ledger/verify_log.h"

namespace {

using namespace hetao;
using namespace hetao::ledger;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr size_t kGroup = 256;
constexpr size_t kEntryBytes = 400;
const std::string kOrigin = "bench.example/log";

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// `ratio` above 1: ahead of the peer. For times (`lower` is better) it is turned round.
void report(const char* name, double value, const char* unit, const char* peer, double peer_value,
            bool lower) {
  std::printf(R"({"name":"%s","value":%.6g,"unit":"%s","peer":"%s","peer_value":%.6g,"ratio":%.3g})"
              "\n",
              name, value, unit, peer, peer_value, lower ? peer_value / value : value / peer_value);
  std::fflush(stdout);
}

// A file that is written at its end and synced: the bench's stand-in for gateway/io.
class SyncedFile {
 public:
  explicit SyncedFile(const fs::path& path) : fd_(::open(path.c_str(), O_CREAT | O_RDWR | O_TRUNC, 0600)) {
    HETAO_CHECK(fd_ >= 0);
  }
  ~SyncedFile() { ::close(fd_); }
  SyncedFile(const SyncedFile&) = delete;
  SyncedFile& operator=(const SyncedFile&) = delete;
  void preallocate(size_t bytes) {
    const Bytes zeros(size_t{1} << 20U);
    for (size_t at = 0; at < bytes; at += zeros.size())
      HETAO_CHECK(::pwrite(fd_, zeros.data(), zeros.size(), static_cast<off_t>(at)) > 0);
    HETAO_CHECK(::fsync(fd_) == 0);
  }
  void write(ByteView bytes, size_t offset) {
    HETAO_CHECK(::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
                static_cast<ssize_t>(bytes.size()));
    HETAO_CHECK(::fdatasync(fd_) == 0);
  }

 private:
  int fd_;
};

void write_file(const fs::path& folder, const FileWrite& file, bool sync) {
  const fs::path path = folder / file.path;
  fs::create_directories(path.parent_path());
  const fs::path temporary = path.string() + ".tmp";
  const int fd = ::open(temporary.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  HETAO_CHECK(fd >= 0);
  HETAO_CHECK(::write(fd, file.bytes.data(), file.bytes.size()) == static_cast<ssize_t>(file.bytes.size()));
  if (sync) HETAO_CHECK(::fdatasync(fd) == 0);
  ::close(fd);
  fs::rename(temporary, path);
}

FileReader reader_of(const fs::path& folder) {
  return [folder](const std::string& path) -> Result<Bytes> {
    const int fd = ::open((folder / path).c_str(), O_RDONLY);
    if (fd < 0) return fail(ErrorCode::kNotFound, path, "no such file");
    Bytes bytes(static_cast<size_t>(::lseek(fd, 0, SEEK_END)));
    HETAO_CHECK(::pread(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    ::close(fd);
    return bytes;
  };
}

Entry entry_of(uint64_t sequence) {
  Entry entry;
  entry.sequence = sequence;
  entry.time = {1'795'000'000'000'000 + static_cast<int64_t>(sequence)};
  entry.region = "shenzhen";
  entry.kind = "decision";
  entry.decision = "permit";
  entry.direction = "out";
  entry.peer = "hongkong";
  entry.job = "j-" + std::to_string(sequence);
  entry.crossing = "c-" + std::to_string(sequence);
  entry.policy_digest = std::string(64, 'a');
  entry.rules = {"aggregates-may-leave"};
  entry.who = "szu/u-0123456789abcdef";
  entry.reason = "no rows";
  return entry;
}

// Entries of one length: numbers of seven digits, and a reason that fills up.
Bytes encoded(uint64_t sequence) {
  static const size_t kPad = kEntryBytes - encode_entry(entry_of(1'000'000)).value().size();
  Entry entry = entry_of(1'000'000 + sequence);
  entry.sequence = sequence;
  entry.reason.append(kPad, '.');
  const std::string text = encode_entry(entry).value();
  return {text.begin(), text.end()};
}

SigningKey bench_key() {
  return SigningKey::from_seed(kOrigin, kEd25519, Bytes(32, 1)).value();
}

// Writes a publication's files on a thread of its own, as the gateway does.
class Publisher {
 public:
  explicit Publisher(fs::path folder) : folder_(std::move(folder)) {}
  ~Publisher() {
    if (thread_.joinable()) thread_.join();
  }
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;
  bool busy() const { return thread_.joinable() && !done_; }
  void finish(Log& log) {
    if (!thread_.joinable()) return;
    thread_.join();
    log.published();
  }
  void start(Publication publication) {
    done_ = false;
    thread_ = std::thread([this, files = publication.in_order()] {
      for (const FileWrite& file : files) write_file(folder_, file, false);
      const int fd = ::open(folder_.c_str(), O_RDONLY);
      HETAO_CHECK(fd >= 0 && ::syncfs(fd) == 0);
      ::close(fd);
      done_ = true;
    });
  }

 private:
  fs::path folder_;
  std::thread thread_;
  std::atomic<bool> done_ = true;
};

double bare_fdatasync_groups_a_second(const fs::path& folder, size_t bytes, size_t count) {
  SyncedFile file(folder / "bare");
  const Bytes data(bytes, 'x');
  file.preallocate(bytes * count + (size_t{1} << 20U));
  const auto start = Clock::now();
  for (size_t i = 0; i < count; ++i) file.write(data, i * bytes);
  return static_cast<double>(count) / seconds_since(start);
}

// Entries are made, encoded, hashed into the tree, written and synced here: one core does it all but the
// tiles' files.
void bench_append(const fs::path& folder, uint64_t entries) {
  std::vector<FileWrite> files;
  Log log = Log::create({kOrigin, {bench_key().verifier()}}, files);
  SyncedFile wal(folder / "wal");
  wal.preallocate(entries * (kEntryBytes + 16));
  wal.write(files.at(0).bytes, 0);
  const std::vector keys{bench_key()};
  std::vector<double> latencies;
  Publisher publisher(folder);
  auto last = Clock::now();
  const auto start = last;
  while (log.size() < entries) {
    std::vector<Bytes> group;
    for (size_t i = 0; i < kGroup; ++i) group.push_back(encoded(log.size() + i));
    const auto begin = Clock::now();
    const auto part = log.append(std::move(group)).value();
    wal.write(part.bytes, part.offset);
    if (seconds_since(last) >= 1.0 && !publisher.busy()) {
      publisher.finish(log);
      publisher.start(**log.publish(keys));
      last = Clock::now();
    }
    latencies.push_back(seconds_since(begin) * 1e3);
  }
  const double rate = static_cast<double>(log.size()) / seconds_since(start);
  publisher.finish(log);
  for (const FileWrite& file : (*log.publish(keys))->in_order()) write_file(folder, file, false);
  log.published();
  std::sort(latencies.begin(), latencies.end());
  const double bare = bare_fdatasync_groups_a_second(folder, kGroup * (kEntryBytes + 2), 500);
  report("ledger/append", rate, "entries/s", "bare fdatasync of the same groups", bare * kGroup, false);
  report("ledger/append-p99", latencies[latencies.size() * 99 / 100], "ms", "bar", 10, true);
}

void bench_append_one(const fs::path& folder) {
  std::vector<FileWrite> files;
  Log log = Log::create({kOrigin, {bench_key().verifier()}}, files);
  SyncedFile wal(folder / "wal-one");
  constexpr size_t kCount = 3'000;
  wal.preallocate(kCount * 2 * kEntryBytes);
  const auto start = Clock::now();
  for (size_t i = 0; i < kCount; ++i) {
    const auto part = log.append({encoded(i)}).value();
    wal.write(part.bytes, part.offset);
  }
  const double rate = kCount / seconds_since(start);
  const double bare = bare_fdatasync_groups_a_second(folder, kEntryBytes + 30, kCount);
  report("ledger/append-one", rate, "entries/s", "bare fdatasync", bare, false);
}

void bench_proof(const fs::path& folder, uint64_t entries) {
  const auto files = reader_of(folder);
  const auto head =
      open_checkpoint(as_text(files("checkpoint").value()), std::vector{bench_key().verifier()}).value();
  TileReader tiles(head.checkpoint.size, files);
  constexpr uint64_t kProofs = 20'000;
  const auto prove = [&](uint64_t i) {
    const uint64_t index = i * 7'919 % entries;
    HETAO_CHECK(
        prove_inclusion(tiles, index, head.checkpoint.size, leaf_hash(encoded(index)), head.checkpoint.root));
  };
  for (uint64_t i = 0; i < kProofs; ++i) prove(i);  // tiles are read once
  const auto start = Clock::now();
  for (uint64_t i = 0; i < kProofs; ++i) prove(i);
  report("ledger/proof", seconds_since(start) / kProofs * 1e6, "us", "bar", 100, true);
}

void bench_verify(const fs::path& folder) {
  VerifyOptions options;
  options.log_keys = {bench_key().verifier()};
  const auto files = reader_of(folder);
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

void bench_reconcile() {
  constexpr uint64_t kCrossings = 1'000'000;
  Reconciler reconciler("shenzhen", "hongkong");
  Entry activated = entry_of(0);
  activated.kind = kind::kPolicyActivated;
  HETAO_CHECK(reconciler.add(activated));
  const auto start = Clock::now();
  for (const bool arrives : {false, true}) {
    Entry entry = entry_of(0);
    std::swap(entry.region, arrives ? entry.peer : entry.region);
    if (arrives) entry.policy_digest.clear();
    for (uint64_t i = 0; i < kCrossings; ++i) {
      entry.sequence = 2 * i;
      entry.crossing = "c-" + std::to_string(i);
      entry.kind = kind::kDecision;
      HETAO_CHECK(reconciler.add(entry));
      entry.kind = arrives ? kind::kArrived : kind::kDeparted;
      entry.item_digest = std::string(64, 'd');
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
  const fs::path folder = argc > 1 ? fs::path(argv[1]) : fs::current_path() / "bench-ledger";
  const uint64_t entries = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  if (entries < kGroup || fs::exists(folder)) {
    std::cerr << "bench_ledger: " << folder
              << ": is there already, or fewer than 256 entries (name a new folder)\n";
    return 2;
  }
  fs::create_directories(folder);
  bench_append(folder, entries);
  bench_append_one(folder);
  bench_proof(folder, entries);
  bench_verify(folder);
  bench_reconcile();
  fs::remove_all(folder);
  return 0;
}
