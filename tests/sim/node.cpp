#include "tests/sim/node.h"

#include <cstring>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/federation/table.h"
#include "tests/sim/step_rules.h"

namespace hetao::sim {

using namespace federation;

Node::Node(CoreConfig config, Surroundings around, ShellBugs bugs)
    : config_(std::move(config)),
      around_(std::move(around)),
      bugs_(bugs),
      scheduler_(*around_.time, *around_.chance) {
  scheduler_.no_fence = bugs.no_fence;
}

Instant Node::clock() const {
  const Instant now = around_.time->now();
  return now + skew_ + Duration{(now - drift_since_).micros * drift_percent_ / 100};
}

void Node::start() {
  ++life_;
  // The shell reads the wall clock once and then a steady one: a jump is seen at the next start.
  if (chance().strikes(Fault::kClockJumps)) skew_ = Duration::seconds(chance().random().between(-3600, 3600));
  drift_since_ = around_.time->now();
  drift_percent_ = chance().strikes(Fault::kClockDrifts) ? chance().random().between(-10, 10) : 0;
  old_ = chance().strikes(Fault::kOtherVersion);
  used_.clear();
  core_ = std::make_unique<Core>(config_);
  for (const auto& [where, value] : disk_.rows) {
    HETAO_CHECK(core_->load(Record{where.first, where.second, value}).has_value());
  }
  core_->load_ledger_size(disk_.entries.size());
  const bool other = core_->policy_record().active().digest() == around_.other_policy->digest();
  post(ActivatePolicy{0, other ? around_.other_policy : around_.policy, "simulation", "start", {}, nullptr});
  if (alive()) take(core_->resume(clock()));
}

void Node::kill() {
  die(syncing_ && chance().random().chance(500));
}

// A commit on its way has reached the disk or not, as a whole.
void Node::die(bool stored) {
  core_.reset();
  ++life_;
  if (stored && !unsynced_.empty()) write(unsynced_.front());
  unsynced_.clear();
  syncing_ = false;
  frozen_until_ = {};
}

void Node::keep_blob(const std::string& digest) {
  disk_.blobs.insert(digest);
  used_[digest] = clock();
}

std::unique_ptr<Core> Node::everything() const {
  auto all = std::make_unique<Core>(config_);
  for (const auto& [where, value] : disk_.rows)
    HETAO_CHECK(all->load(Record{present_of(where.first), where.second, value}).has_value());
  return all;
}

void Node::freeze(Duration time) {
  // A process that is not there can't be stopped, and one that is stopped already goes on when it was to:
  // what waits for it would else come out of order.
  if (!alive() || around_.time->now() < frozen_until_) return;
  frozen_until_ = around_.time->now() + time;
}

void Node::post(Event event) {
  if (!alive()) return;
  if (around_.time->now() < frozen_until_) {
    // It finds everything that came meanwhile when it goes on, in order.
    return later(Duration{}, std::move(event));
  }
  if (const auto* wanted = std::get_if<SubmitJob>(&event); wanted != nullptr && answer_from_archive(*wanted))
    return;
  if (const auto* said = std::get_if<PeerSaid>(&event)) recall_run(said->message);
  take(core_->step(std::move(event), clock()));
}

// A run that is over and archived is known again when it is offered once more.
void Node::recall_run(const pb::PeerMessage& message) {
  if (!message.has_offer()) return;
  const std::string key = message.offer().job() + "." + std::to_string(message.offer().attempt());
  if (core_->run(key) != nullptr) return;
  const auto load = [&](const std::string& run) {
    HETAO_CHECK(core_->load({Table::kRun, key, run}).has_value());
  };
  for (const Step& step : unsynced_) {
    for (const Record& record : step.records) {
      if (record.table == Table::kPastRun && record.key == key) return load(*record.value);
    }
  }
  const auto known = disk_.rows.find({Table::kPastRun, key});
  if (known != disk_.rows.end()) load(known->second);
}

// A repeat of a submission whose job is over: the core does not know its key any more.
bool Node::answer_from_archive(const SubmitJob& wanted) {
  const auto& [user, key] = std::pair(wanted.submitter, wanted.idempotency_key);
  if (core_->job_of_key(user, key) != nullptr) return false;
  const std::string row = user.tenant() + "/" + user.user() + "/" + key;
  const auto answer = [&](const std::string& job) {
    around_.answer(region(), Answer{wanted.request, std::nullopt, job, {}, true});
    return true;
  };
  for (const Step& step : unsynced_) {
    for (const Record& record : step.records) {
      if (record.table == Table::kPastIdempotency && record.key == row) return answer(*record.value);
    }
  }
  const auto known = disk_.rows.find({Table::kPastIdempotency, row});
  return known != disk_.rows.end() && answer(known->second);
}

// Eight bytes at a time, the same on every machine that is little-endian: equal histories, equal hashes.
void Node::hash(const Step& step) {
  const auto add = [this](std::string_view text) {
    uint64_t word = text.size();
    while (true) {
      trace_hash_ = (trace_hash_ ^ word) * 0x9e3779b97f4a7c15U;
      trace_hash_ ^= trace_hash_ >> 29U;
      if (text.empty()) return;
      word = 0;
      const size_t count = std::min<size_t>(8, text.size());
      std::memcpy(&word, text.data(), count);
      text.remove_prefix(count);
    }
  };
  for (const Record& record : step.records) {
    add(record.key);
    add(record.value ? std::string_view(*record.value) : "-");
  }
  for (const ledger::Entry& entry : step.entries) {
    for (const std::string* text : {&entry.kind, &entry.crossing, &entry.decision, &entry.reason}) add(*text);
  }
  trace_hash_ += step.effects.size();
}

void Node::take(Step step) {
  ++steps_;
  hash(step);
  if (around_.tell) {
    for (const ledger::Entry& entry : step.entries) {
      if (entry.kind == "dataset" || entry.kind == "admin" || entry.kind == "policy-activated") continue;
      around_.tell(region() + " writes " + entry.kind + " " + entry.decision +
                   (entry.decision.empty() ? "" : " ") +
                   (entry.crossing.empty() ? entry.job : entry.crossing) + ": " + entry.reason.substr(0, 80));
    }
  }
  check_step(*core_, config_, step,
             [this](const std::string& what) { around_.violation(what + " in " + region()); });
  if (bugs_.effects_before_sync) {
    std::vector<Effect> early = std::exchange(step.effects, {});
    for (Effect& effect : early) carry_out(std::move(effect));
    if (!alive()) return;
  }
  unsynced_.push_back(std::move(step));
  if (!syncing_) sync();
}

void Node::sync() {
  if (unsynced_.empty()) return;
  syncing_ = true;
  const bool slow = chance().strikes(Fault::kSlowSync);
  const Duration delay{chance().random().between(100, slow ? 2'000'000 : 3'000)};
  later_do(delay, [this, count = unsynced_.size()] { synced(count); });
}

// A failed sync is never tried again: the process stops, and the next start reads what is there.
bool Node::breaks_at_sync() {
  if (chance().strikes(Fault::kKillBeforeSync) || chance().strikes(Fault::kSyncFailsUnstored)) {
    die(false);
  } else if (chance().strikes(Fault::kSyncFailsStored)) {
    die(true);
  } else {
    return false;
  }
  around_.died(region());
  return true;
}

void Node::synced(size_t count) {
  if (breaks_at_sync()) return;
  syncing_ = false;
  std::vector<Effect> released;
  for (size_t i = 0; i < count; ++i) {
    write(unsynced_.front());
    for (Effect& effect : unsynced_.front().effects) released.push_back(std::move(effect));
    unsynced_.pop_front();
  }
  if (chance().strikes(Fault::kKillAfterSync)) {
    die(false);
    return around_.died(region());
  }
  for (Effect& effect : released) carry_out(std::move(effect));
  if (!syncing_) sync();
}

void Node::write(Step& step) {
  for (Record& record : step.records) {
    std::pair where(record.table, std::move(record.key));
    if (record.value) {
      disk_.rows.insert_or_assign(std::move(where), std::move(*record.value));
    } else {
      disk_.rows.erase(where);
    }
  }
  for (ledger::Entry& entry : step.entries) {
    if (entry.kind == "decision" && entry.decision == "permit")
      disk_.permits.emplace(entry.crossing, entry.item_digest);
    disk_.entries.push_back(std::move(entry));
  }
}

void Node::later_do(Duration delay, std::function<void()> what) {
  around_.time->after(delay, [this, life = life_, what = std::move(what)]() mutable {
    if (life != life_ || !alive()) return;
    const Duration rest = frozen_until_ - around_.time->now();
    if (rest.micros > 0) return later_do(rest, std::move(what));
    what();
  });
}

void Node::later(Duration delay, Event event) {
  later_do(delay, [this, event = std::move(event)]() mutable { post(std::move(event)); });
}

void make_old(pb::PeerMessage& message) {
  if (message.has_crossing_ended()) message.mutable_crossing_ended()->clear_failure_class();
  if (message.has_cancel_run()) message.mutable_cancel_run()->clear_unless_begun();
  if (!message.has_job_news()) return;
  pb::JobNews& news = *message.mutable_job_news();
  if (news.state() == pb::RUN_REFUSED && news.failure_class() == failure::kLost) news.set_state(pb::RUN_DONE);
  if (news.state() == pb::RUN_INSPECTING) news.set_state(pb::RUN_RETURNING);
  news.clear_failure_class();
  news.clear_never_released();
}

}  // namespace hetao::sim
