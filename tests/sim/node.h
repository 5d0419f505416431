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
  std::set<std::string> blobs;                            // digests; see Node::keep_blob()
  std::set<std::pair<std::string, std::string>> permits;  // crossing and digest, as the entries say

  bool has_permit(const std::string& crossing, const std::string& digest) const {
    return permits.contains({crossing, digest});
  }
};

// How the node reaches the world around it.
struct Surroundings {
  Timeline* time = nullptr;
  Chance* chance = nullptr;
  std::shared_ptr<const policy::Policy> policy;
  std::shared_ptr<const policy::Policy> other_policy;  // what administrators change it to
  std::function<void(const std::string& from, federation::SendMessage&&)> send_message;
  std::function<void(const std::string& from, const federation::SendItem&)> send_item;
  std::function<void(const std::string& node, const federation::Answer&)> answer;
  std::function<void(const std::string& node)> died;
  std::function<void(std::string)> violation;
  std::function<void(std::string)> tell;  // for the trace; empty: nobody listens
};

// Deliberate mistakes outside of the core, to measure the simulation itself.
struct ShellBugs {
  bool effects_before_sync = false;
  bool no_fence = false;
};

class Node {
 public:
  Node(federation::CoreConfig config, Surroundings around, ShellBugs bugs);

  void start();
  void kill();  // a power cut: what is not synced is gone, but for a group in flight, which may be there
  void freeze(Duration time);
  bool alive() const { return core_ != nullptr; }
  bool is_old() const { return old_; }
  const std::string& region() const { return config_.region; }

  void post(federation::Event event);
  const federation::Core* core() const { return core_.get(); }
  const Disk& disk() const { return disk_; }
  Disk& disk() { return disk_; }
  // Stored, or found there: what something takes up is not deleted by a decision of before.
  void keep_blob(const std::string& digest);
  // What the gateway knows: what is open, and the archive.
  std::unique_ptr<federation::Core> everything() const;
  const Scheduler& scheduler() const { return scheduler_; }
  // Nothing is on its way to the disk.
  bool is_synced() const { return unsynced_.empty(); }
  Instant clock() const;

  uint64_t steps() const { return steps_; }
  uint64_t trace_hash() const { return trace_hash_; }

 private:
  void take(federation::Step step);
  void sync();
  void synced(size_t count);
  bool breaks_at_sync();
  void write(federation::Step& step);  // takes what it has
  void hash(const federation::Step& step);
  void die(bool stored);
  void carry_out(federation::Effect&& effect);
  // Posts the event after a delay, unless the process died meanwhile.
  void later(Duration delay, federation::Event event);
  void later_do(Duration delay, std::function<void()> what);
  Duration scheduler_delay() { return Duration::millis(chance().random().between(1, 30)); }
  Chance& chance() { return *around_.chance; }

  void submit(const federation::SubmitRun& effect);
  void tell_of_earlier(const std::string& run, const std::string& id);
  void find(const federation::FindRun& effect);
  void release(const federation::ReleaseRun& effect);
  void cancel(const federation::CancelRun& effect);
  void collect(const federation::CollectRun& effect);
  void inspect(const federation::InspectItem& effect);
  void deliver(const federation::DeliverOutput& effect);
  void drop(const federation::DropBlobs& effect);
  bool is_archived(const std::string& digest) const;
  bool answer_from_archive(const federation::SubmitJob& wanted);
  void recall_run(const pb::PeerMessage& message);
  void wake(Instant at);
  void watch(const std::string& run, const std::string& id, bool told_start);
  void check_inputs(const federation::SubmitRun& effect);

  federation::CoreConfig config_;
  Surroundings around_;
  ShellBugs bugs_;
  Scheduler scheduler_;
  Disk disk_;
  std::unique_ptr<federation::Core> core_;
  bool old_ = false;     // speaks and understands as gateways of one version before
  uint64_t life_ = 0;    // counts starts: what an earlier process scheduled is void
  uint64_t waking_ = 0;  // the newest WakeAt counts
  std::deque<federation::Step> unsynced_;
  bool syncing_ = false;
  Instant frozen_until_;
  std::map<std::string, Instant> used_;  // blobs of this life, by the process's clock
  Duration skew_{};
  Instant drift_since_;
  int64_t drift_percent_ = 0;
  uint64_t steps_ = 0;
  uint64_t trace_hash_ = 14'695'981'039'346'656'037U;
};

// Takes out of a message what gateways of one version before would not have said, or not have understood.
void make_old(hetao::pb::PeerMessage& message);

}  // namespace hetao::sim
