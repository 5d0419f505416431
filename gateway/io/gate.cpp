#include "gateway/io/gate.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"

namespace hetao::io {

namespace {

// A group's size bounds how long its first step waits for its last one.
constexpr size_t kStepsInGroupMax = 4'096;
constexpr size_t kGroupBytesMax = size_t{32} << 20U;
// Of store and ledger at a start, and read at once.
constexpr uint64_t kCompareEntries = 256;
constexpr size_t kCatchUpEntries = 10'000;
// A shared store that is lost while nothing happens is noticed in this time.
constexpr auto kAskIfOursEvery = std::chrono::seconds(1);

size_t bytes_of(const GateStep& step) {
  size_t bytes = 0;
  for (const auto& record : step.records)
    bytes += record.key.size() + (record.value ? record.value->size() : 0);
  for (const auto& entry : step.entries) bytes += entry.bytes.size();
  return bytes;
}

Bytes to_bytes(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

}  // namespace

struct Gate::Parts {
  Parts(Config c, std::unique_ptr<store::Store> s, LedgerFiles& l)
      : config(std::move(c)), store(std::move(s)), ledger(l) {}

  void run();
  std::optional<std::deque<GateStep>> take_group();
  Result<void> make_durable(std::deque<GateStep>& group);
  void let_go(std::deque<GateStep> group);

  const Config config;
  const std::unique_ptr<store::Store> store;
  LedgerFiles& ledger;

  std::mutex mutex;
  std::condition_variable work;
  std::deque<GateStep> waiting;
  bool stopping = false;
  bool broken = false;
  bool held = false;

  uint64_t passed = 0;    // steps; io thread
  uint64_t came_out = 0;  // io thread
  std::atomic<uint64_t> commits{0};
  std::atomic<uint64_t> records{0};
  // Closures on their way to the io thread outlive a gate that is gone.
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  std::thread thread;
};

// Nothing: the gate ends. An empty group: a while passed without a step.
std::optional<std::deque<GateStep>> Gate::Parts::take_group() {
  std::unique_lock lock(mutex);
  const auto something = [&] { return stopping || (!held && !waiting.empty()); };
  if (store->is_shared()) {
    work.wait_for(lock, kAskIfOursEvery, something);
  } else {
    work.wait(lock, something);
  }
  // Stopping while held: what may not become durable is lost, as in a crash.
  if (stopping && (held || waiting.empty())) return std::nullopt;
  std::deque<GateStep> group;
  if (held) return group;
  size_t bytes = 0;
  while (!waiting.empty() && group.size() < kStepsInGroupMax && bytes < kGroupBytesMax) {
    bytes += bytes_of(waiting.front());
    group.push_back(std::move(waiting.front()));
    waiting.pop_front();
  }
  return group;
}

Result<void> Gate::Parts::make_durable(std::deque<GateStep>& group) {
  store::Batch batch;
  for (GateStep& step : group) {
    std::move(step.records.begin(), step.records.end(), std::back_inserter(batch.records));
    std::move(step.entries.begin(), step.entries.end(), std::back_inserter(batch.entries));
  }
  if (batch.records.empty() && batch.entries.empty()) return {};
  if (auto committed = store->commit(batch); !committed) return committed;
  ++commits;
  records += batch.records.size();
  if (batch.entries.empty()) return {};
  std::vector<Bytes> entries;
  entries.reserve(batch.entries.size());
  for (const auto& entry : batch.entries) entries.push_back(to_bytes(entry.bytes));
  if (auto appended = ledger.append(std::move(entries)); !appended) return appended;
  // The newest one stays: by it the next start sees that store and ledger belong together.
  store->forget_entries_below(batch.entries.back().index);
  return {};
}

void Gate::Parts::let_go(std::deque<GateStep> group) {
  auto shared = std::make_shared<std::deque<GateStep>>(std::move(group));
  config.post([this, still = std::weak_ptr<bool>(alive), shared] {
    for (GateStep& step : *shared) {
      if (still.expired()) return;
      ++came_out;
      if (step.effects) step.effects();
    }
  });
}

void Gate::Parts::run() {
  while (true) {
    auto group = take_group();
    if (!group) return;
    auto done = group->empty() ? store->still_ours() : make_durable(*group);
    if (!done) {
      {
        const std::lock_guard lock(mutex);
        broken = true;
        waiting.clear();
      }
      config.on_fatal(done.error());
      return;
    }
    if (!group->empty()) let_go(std::move(*group));
  }
}

Result<void> Gate::catch_up(store::Store& store, LedgerFiles& ledger) {
  auto kept = store.kept_entries();
  if (!kept) return fail(kept.error());
  const std::string doing = "starting";
  const std::string restore = "restore store and ledger from the same backup";
  const uint64_t size = ledger.size();
  const std::string ledger_has = "the ledger has " + std::to_string(size) + " entries";
  if (kept->first == kept->end) {
    if (size == 0) return {};
    return fail(ErrorCode::kVerification, doing, ledger_has + " that the store knows nothing of", restore);
  }
  if (kept->first > size)
    return fail(ErrorCode::kVerification, doing,
                ledger_has + ", and the store continues at entry " + std::to_string(kept->first), restore);
  if (kept->end < size)
    return fail(ErrorCode::kVerification, doing,
                ledger_has + ", and the store knows only " + std::to_string(kept->end), restore);
  // Some that both have show that they belong together; then what only the store has.
  uint64_t next = std::max(kept->first, size - std::min(size, kCompareEntries));
  while (next < kept->end) {
    auto batch = store.entries_from(next, kCatchUpEntries);
    if (!batch) return fail(batch.error());
    std::vector<Bytes> missing;
    for (const auto& entry : *batch) {
      if (entry.index != next++)
        return fail(ErrorCode::kVerification, doing,
                    "the store lacks ledger entry " + std::to_string(next - 1), restore);
      if (entry.index >= size) {
        missing.push_back(to_bytes(entry.bytes));
        continue;
      }
      auto known = ledger.entries(entry.index, 1);
      if (!known) return fail(known.error());
      if (known->size() != 1 || known->front() != entry.bytes)
        return fail(ErrorCode::kVerification, doing,
                    "entry " + std::to_string(entry.index) + " differs between ledger and store", restore);
    }
    if (batch->empty())
      return fail(ErrorCode::kVerification, doing, "the store lacks ledger entry " + std::to_string(next),
                  restore);
    if (auto appended = ledger.append(std::move(missing)); !appended) return appended;
  }
  // Before any peer hears of this ledger: another node may have shown them a longer one, and a shorter is an
  // alarm.
  return ledger.publish_now();
}

Gate::Gate(Config config, std::unique_ptr<store::Store> store, LedgerFiles& ledger)
    : parts_(std::make_unique<Parts>(std::move(config), std::move(store), ledger)) {
  parts_->thread = std::thread([parts = parts_.get()] { parts->run(); });
}

Gate::~Gate() {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->stopping = true;
  }
  parts_->work.notify_all();
  parts_->thread.join();
  parts_->alive.reset();
}

void Gate::pass(GateStep step) {
  ++parts_->passed;
  const bool nothing_to_keep = step.records.empty() && step.entries.empty();
  if (!parts_->held && nothing_to_keep && parts_->passed == parts_->came_out + 1) {
    std::deque<GateStep> alone;
    alone.push_back(std::move(step));
    parts_->let_go(std::move(alone));
    return;
  }
  {
    const std::lock_guard lock(parts_->mutex);
    if (parts_->broken) return;
    parts_->waiting.push_back(std::move(step));
  }
  parts_->work.notify_one();
}

void Gate::hold() {
  const std::lock_guard lock(parts_->mutex);
  parts_->held = true;
}

void Gate::go_on() {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->held = false;
  }
  parts_->work.notify_one();
}

bool Gate::idle() const {
  return parts_->passed == parts_->came_out;
}

GateStats Gate::stats() const {
  return {.steps = parts_->passed,
          .waiting = parts_->passed - parts_->came_out,
          .commits = parts_->commits,
          .records = parts_->records};
}

}  // namespace hetao::io
