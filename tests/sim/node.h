// One simulated gateway: the real core, a disk that loses what was not synced, and a shell that carries
// effects out in a world of faults. It stands where gateway/io and gateway/store stand in production.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/federation/core.h"
#include "tests/sim/faults.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/timeline.h"

namespace hetao::sim {

// What survives a power cut: whole committed groups, never a part of one.
struct Disk {
  std::map<std::pair<federation::Table, std::string>, std::string> rows;
  std::vector<ledger::Entry> entries;
  std::set<std::string> stored_items;  // crossings whose blobs are complete and durable here

  bool has_permit(const std::string& crossing, const std::string& digest) const;
};

// How the node reaches the world around it.
struct Surroundings {
  Timeline* time = nullptr;
  Random* random = nullptr;
  const Faults* faults = nullptr;
  std::shared_ptr<const policy::Policy> policy;
  std::shared_ptr<const policy::Policy> other_policy;  // that says the same under another digest
  std::function<void(const std::string& from, const federation::SendMessage&)> send_message;
  std::function<void(const std::string& from, const federation::SendItem&)> send_item;
  std::function<void(const std::string& node, const federation::Answer&)> answer;
  std::function<void(std::string)> violation;
};

// Deliberate mistakes of the shell, to measure the simulation itself.
struct ShellBugs {
  bool effects_before_sync = false;
};

class Node {
 public:
  Node(federation::CoreConfig config, Surroundings around, ShellBugs bugs);

  void start();
  void kill();  // a power cut: what is not synced is gone
  bool alive() const { return core_ != nullptr; }
  const std::string& region() const { return config_.region; }

  void post(federation::Event event);
  const federation::Core* core() const { return core_.get(); }
  const Disk& disk() const { return disk_; }
  Disk& disk() { return disk_; }
  const Scheduler& scheduler() const { return scheduler_; }

  uint64_t steps() const { return steps_; }
  uint64_t trace_hash() const { return trace_hash_; }

 private:
  Instant clock() const { return around_.time->now() + Duration{skew_.micros}; }
  void take(federation::Step step);
  void sync();
  void synced(size_t count);
  void write(const federation::Step& step);
  void hash(const federation::Step& step);
  void carry_out(const federation::Effect& effect);
  // Posts the event after a delay, unless the process died meanwhile.
  void later(Duration delay, federation::Event event);
  void later_do(Duration delay, std::function<void()> what);
  Duration scheduler_delay() { return Duration::millis(around_.random->between(1, 30)); }

  void submit(const federation::SubmitRun& effect);
  void find(const federation::FindRun& effect);
  void release(const federation::ReleaseRun& effect);
  void cancel(const federation::CancelRun& effect);
  void collect(const federation::CollectRun& effect);
  void watch(const std::string& run, const std::string& id, bool told_start);

  federation::CoreConfig config_;
  Surroundings around_;
  ShellBugs bugs_;
  Scheduler scheduler_;
  Disk disk_;
  std::unique_ptr<federation::Core> core_;
  uint64_t life_ = 0;  // counts starts: what an earlier process scheduled is void
  std::deque<federation::Step> unsynced_;
  bool syncing_ = false;
  Duration skew_{};
  uint64_t steps_ = 0;
  uint64_t trace_hash_ = 14'695'981'039'346'656'037U;
};

}  // namespace hetao::sim
