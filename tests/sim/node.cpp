#include "tests/sim/node.h"

#include <utility>

#include "gateway/base/check.h"
#include "gateway/federation/facts.h"

namespace hetao::sim {

using namespace federation;

bool Disk::has_permit(const std::string& crossing, const std::string& digest) const {
  for (const ledger::Entry& entry : entries) {
    if (entry.kind == "decision" && entry.decision == "permit" && entry.crossing == crossing &&
        entry.item_digest == digest) {
      return true;
    }
  }
  return false;
}

Node::Node(CoreConfig config, Surroundings around, ShellBugs bugs)
    : config_(std::move(config)),
      around_(std::move(around)),
      bugs_(bugs),
      scheduler_(*around_.time, *around_.random, *around_.faults) {}

void Node::start() {
  ++life_;
  // The shell reads the wall clock once and then a steady one: a jump is seen at the next start.
  if (around_.random->chance(around_.faults->clock_jump)) {
    skew_ = Duration::seconds(around_.random->between(-3600, 3600));
  }
  core_ = std::make_unique<Core>(config_);
  for (const auto& [where, value] : disk_.rows) {
    HETAO_CHECK(core_->load(Record{where.first, where.second, value}).has_value());
  }
  core_->load_ledger_size(disk_.entries.size());
  const bool other = core_->policy_record().active().digest() == around_.other_policy->digest();
  post(ActivatePolicy{0, other ? around_.other_policy : around_.policy, "simulation", "start", {}, nullptr});
  take(core_->resume(clock()));
}

void Node::kill() {
  core_.reset();
  ++life_;
  // A commit on its way may have reached the disk or not, as a whole.
  if (syncing_ && !unsynced_.empty() && around_.random->chance(500)) write(unsynced_.front());
  unsynced_.clear();
  syncing_ = false;
}

void Node::post(Event event) {
  if (!alive()) return;
  take(core_->step(std::move(event), clock()));
}

// FNV-1a over everything that a step remembers: equal histories, equal hashes.
void Node::hash(const Step& step) {
  const auto add = [this](std::string_view text) {
    for (const char c : text) trace_hash_ = (trace_hash_ ^ static_cast<uint8_t>(c)) * 1'099'511'628'211U;
  };
  for (const Record& record : step.records) {
    add(record.key);
    add(record.value.value_or("-"));
  }
  for (const ledger::Entry& entry : step.entries)
    add(entry.kind + entry.crossing + entry.decision + entry.reason);
  add(std::to_string(step.effects.size()));
}

void Node::take(Step step) {
  ++steps_;
  hash(step);
  if (bugs_.effects_before_sync) {
    const std::vector<Effect> early = std::exchange(step.effects, {});
    for (const Effect& effect : early) carry_out(effect);
  }
  unsynced_.push_back(std::move(step));
  if (!syncing_) sync();
}

void Node::sync() {
  if (unsynced_.empty()) return;
  syncing_ = true;
  const bool slow = around_.random->chance(around_.faults->slow_disk);
  const auto delay = Duration{around_.random->between(100, slow ? 2'000'000 : 3'000)};
  later_do(delay, [this, count = unsynced_.size()] { synced(count); });
}

void Node::synced(size_t count) {
  syncing_ = false;
  std::vector<Effect> released;
  for (size_t i = 0; i < count; ++i) {
    write(unsynced_.front());
    for (Effect& effect : unsynced_.front().effects) released.push_back(std::move(effect));
    unsynced_.pop_front();
  }
  for (const Effect& effect : released) carry_out(effect);
  if (!syncing_) sync();
}

void Node::write(const Step& step) {
  for (const Record& record : step.records) {
    const std::pair where(record.table, record.key);
    if (record.value) {
      disk_.rows[where] = *record.value;
    } else {
      disk_.rows.erase(where);
    }
  }
  for (const ledger::Entry& entry : step.entries) {
    if (entry.sequence != disk_.entries.size()) around_.violation(region() + ": gap in the ledger");
    disk_.entries.push_back(entry);
  }
}

void Node::later_do(Duration delay, std::function<void()> what) {
  around_.time->after(delay, [this, life = life_, what = std::move(what)] {
    if (life == life_ && alive()) what();
  });
}

void Node::later(Duration delay, Event event) {
  later_do(delay, [this, event = std::move(event)] { post(event); });
}

void Node::carry_out(const Effect& effect) {
  struct Doer {
    Node& n;
    void operator()(const Answer& e) const { n.around_.answer(n.region(), e); }
    void operator()(const SendMessage& e) const { n.around_.send_message(n.region(), e); }
    void operator()(const SendItem& e) const { n.around_.send_item(n.region(), e); }
    void operator()(const AccusePeer& e) const {
      n.around_.violation(n.region() + " accuses " + e.region + ", which is honest: " + e.why);
    }
    void operator()(const DropItem&) const {}
    void operator()(const SubmitRun& e) const { n.submit(e); }
    void operator()(const FindRun& e) const { n.find(e); }
    void operator()(const ReleaseRun& e) const { n.release(e); }
    void operator()(const CancelRun& e) const { n.cancel(e); }
    void operator()(const CollectRun& e) const { n.collect(e); }
    void operator()(const RemoveRun& e) const { n.scheduler_.remove_run(e.run); }
    void operator()(const InspectItem& e) const {
      ItemInspected found{e.crossing, {fact("inspection.verdict", "clean")}, "clean"};
      n.later(Duration::millis(n.around_.random->between(1, 200)), std::move(found));
    }
    void operator()(const DeliverOutput& e) const {
      n.later(Duration::millis(5), OutputDelivered{e.job, e.delivery.name(), true, {}});
    }
    void operator()(const DropBlobs& e) const {
      n.later(Duration::millis(5), BlobsDropped{e.duties, true, {}});
    }
    void operator()(const NotifyRole&) const {}
    void operator()(const FetchInput& e) const {
      n.later(Duration::millis(20), InputFetched{e.job, e.fetch.name(), {}, "no stores in this world"});
    }
    void operator()(const WakeAt& e) const {
      const Duration wait = std::max(e.at - n.clock(), Duration{});
      n.later(wait, TimePassed{});
    }
  };
  std::visit(Doer{*this}, effect);
}

void Node::submit(const SubmitRun& effect) {
  const bool late = around_.random->chance(around_.faults->answer_late);
  const bool lost = around_.random->chance(around_.faults->answer_lost);
  const bool refused = around_.random->chance(around_.faults->scheduler_refuses);
  const Duration travel =
      Duration::millis(late ? around_.random->between(100, 8'000) : around_.random->between(1, 30));
  // The request is on its way whatever becomes of the process that sent it.
  around_.time->after(travel, [this, life = life_, run = effect.run, lost, refused] {
    RunSubmitted reply{run, PlatformReply::kRefused, {}, "the scheduler refuses"};
    if (!refused) {
      reply = {run, PlatformReply::kOk, scheduler_.submit_held(run), {}};
    }
    if (life == life_ && alive() && !lost) later(scheduler_delay(), std::move(reply));
  });
  if (lost || late)
    later(Duration::seconds(10), RunSubmitted{effect.run, PlatformReply::kUnknown, {}, "no answer"});
}

void Node::find(const FindRun& effect) {
  if (around_.random->chance(around_.faults->answer_lost)) {
    return later(Duration::seconds(10), RunFound{effect.run, PlatformReply::kUnknown, {}});
  }
  const Submission* found = scheduler_.find_run(effect.run);
  later(scheduler_delay(), found == nullptr ? RunFound{effect.run, PlatformReply::kAbsent, {}}
                                            : RunFound{effect.run, PlatformReply::kOk, found->id});
}

void Node::release(const ReleaseRun& effect) {
  if (around_.random->chance(around_.faults->answer_lost)) {
    return later(Duration::seconds(10), RunReleased{effect.run, PlatformReply::kUnknown, "no answer"});
  }
  Submission* submission = scheduler_.find_id(effect.platform_id);
  // Ids are given again after a crash: only id and key together name a submission.
  if (submission == nullptr || submission->run != effect.run) {
    later(scheduler_delay(), RunReleased{effect.run, PlatformReply::kAbsent, "not there"});
    return later(Duration::seconds(2), RunObserved{effect.run, {}, false, false, false, true});
  }
  scheduler_.release(*submission);
  later(scheduler_delay(), RunReleased{effect.run, PlatformReply::kOk, {}});
  watch(effect.run, effect.platform_id, false);
}

void Node::watch(const std::string& run, const std::string& id, bool told_start) {
  later_do(Duration::millis(500), [this, run, id, told_start] {
    const Submission* submission = scheduler_.find_id(id);
    RunObserved seen{run, {}, false, false, false, false};
    if (submission == nullptr || submission->fenced) {
      seen.lost = true;
      return post(std::move(seen));
    }
    seen.started = submission->started;
    seen.cancelled = submission->cancelled;
    seen.ended = submission->ended;
    if (seen.ended) {
      seen.report.set_started_micros(1);
      seen.report.add_executors()->set_reason("exited");
    }
    const bool news = seen.ended || seen.cancelled || (seen.started && !told_start);
    const bool over = seen.ended || seen.cancelled;
    const bool started = seen.started;
    if (news) post(std::move(seen));
    if (!over && alive()) watch(run, id, started);
  });
}

void Node::cancel(const CancelRun& effect) {
  Submission* submission = scheduler_.find_run(effect.run);
  RunObserved seen{effect.run, {}, false, false, false, false};
  if (submission == nullptr) {
    seen.lost = true;
  } else {
    scheduler_.cancel(*submission);
    seen.started = submission->started;
    seen.ended = submission->ended;
    seen.cancelled = submission->cancelled;
  }
  if (around_.random->chance(around_.faults->answer_lost)) return;
  later(scheduler_delay(), std::move(seen));
}

void Node::collect(const CollectRun& effect) {
  RunCollected collected{effect.run, {}, {}};
  for (int i = 0; i < effect.spec.task().outputs_size(); ++i) {
    pb::Item item;
    item.set_name(std::to_string(i));
    pb::ItemFile& file = *item.add_files();
    file.set_digest("d-" + effect.run + "-" + std::to_string(i));
    file.set_bytes(1000 + i);
    collected.items.push_back(std::move(item));
  }
  later(Duration::millis(around_.random->between(1, 300)), std::move(collected));
}

}  // namespace hetao::sim
