// What a simulated shell does with the core's effects: the scheduler's calls with everything that can become
// of a call, and the gateway's own slow work.
#include <utility>

#include "gateway/federation/facts.h"
#include "tests/sim/node.h"

namespace hetao::sim {

using namespace federation;

void Node::carry_out(Effect&& effect) {
  if (!alive()) return;
  struct Doer {
    Node& n;
    void operator()(const Answer& e) const { n.around_.answer(n.region(), e); }
    void operator()(SendMessage& e) const { n.around_.send_message(n.region(), std::move(e)); }
    void operator()(const SendItem& e) const { n.around_.send_item(n.region(), e); }
    void operator()(const AccusePeer& e) const {
      n.around_.violation("honest-peers-are-not-accused: " + n.region() + " accuses " + e.region + ": " +
                          e.why);
    }
    void operator()(const FetchInput& e) const {
      n.later(Duration::millis(20), InputFetched{e.job, e.fetch.name(), {}, "no stores in this world"});
    }
    void operator()(const DropItem&) const {}
    void operator()(const SubmitRun& e) const { n.submit(e); }
    void operator()(const FindRun& e) const { n.find(e); }
    void operator()(const ReleaseRun& e) const { n.release(e); }
    void operator()(const CancelRun& e) const { n.cancel(e); }
    void operator()(const CollectRun& e) const { n.collect(e); }
    void operator()(const RemoveRun& e) const { n.scheduler_.remove_run(e.run); }
    void operator()(const InspectItem& e) const { n.inspect(e); }
    void operator()(const DeliverOutput& e) const { n.deliver(e); }
    void operator()(const DropBlobs& e) const { n.drop(e); }
    void operator()(const NotifyRole&) const {}
    void operator()(const WakeAt& e) const { n.wake(e.at); }
  };
  std::visit(Doer{*this}, effect);
}

void Node::wake(Instant at) {
  const Duration wait = std::max(at - clock(), Duration::millis(1));
  later_do(wait, [this, mine = ++waking_] {
    if (mine == waking_) post(TimePassed{});
  });
}

// A job never starts without what it reads.
void Node::check_inputs(const SubmitRun& effect) {
  for (const pb::Item& item : effect.spec.items()) {
    for (const pb::ItemFile& file : item.files()) {
      if (!disk_.blobs.contains(file.digest())) {
        around_.violation("inputs-are-there: " + effect.run + " is submitted in " + region() + " without " +
                          file.digest());
      }
    }
  }
}

void Node::submit(const SubmitRun& effect) {
  check_inputs(effect);
  Random& random = chance().random();
  const bool late = chance().strikes(Fault::kRequestLate);
  const bool unheard = chance().strikes(Fault::kAnswerLost);
  const bool unsent = !unheard && chance().strikes(Fault::kRequestLost);
  const bool broken = chance().strikes(Fault::kServerError);
  const bool refused = !broken && chance().strikes(Fault::kRefuses);
  const Duration travel = Duration::millis(late ? random.between(100, 8'000) : random.between(1, 30));
  // The request is on its way whatever becomes of the process that sent it.
  if (!unsent) {
    around_.time->after(travel, [this, life = life_, run = effect.run, unheard, broken, refused] {
      RunSubmitted reply{run, PlatformReply::kRefused, {}, "the scheduler refuses"};
      if (broken) {
        reply = {run, PlatformReply::kUnknown, {}, "500"};
      } else if (!refused) {
        reply = {run, PlatformReply::kOk, scheduler_.submit_held(run), {}};
        tell_of_earlier(run, reply.platform_id);
      }
      if (life == life_ && alive() && !unheard) later(scheduler_delay(), std::move(reply));
    });
  }
  if (unheard || unsent || late)
    later(Duration::seconds(10), RunSubmitted{effect.run, PlatformReply::kUnknown, {}, "no answer"});
}

// A scheduler's list may still speak of a submission that it has forgotten since. That says nothing of the
// next.
void Node::tell_of_earlier(const std::string& run, const std::string& id) {
  const Submission* earlier = scheduler_.forgotten_of(run);
  if (earlier == nullptr || earlier->id == id || !chance().random().chance(500)) return;
  const Duration delay = Duration::millis(chance().random().between(10, 20'000));
  later_do(delay, [this, run, id = earlier->id] {
    const pb::Run* known = core_->run(run);
    if (known == nullptr || known->platform_id() == id) return;
    const pb::RunState before = known->state();
    post(RunObserved{run, {}, false, false, false, true, id});
    known = alive() ? core_->run(run) : nullptr;
    if (known != nullptr && known->state() != before)
      around_.violation("news-is-of-its-submission: " + run + " in " + region());
  });
}

void Node::find(const FindRun& effect) {
  if (chance().strikes(Fault::kAnswerLost)) {
    return later(Duration::seconds(10), RunFound{effect.run, PlatformReply::kUnknown, {}, effect.asked});
  }
  const Submission* found = scheduler_.find_run(effect.run);
  later(scheduler_delay(), found == nullptr
                               ? RunFound{effect.run, PlatformReply::kAbsent, {}, effect.asked}
                               : RunFound{effect.run, PlatformReply::kOk, found->id, effect.asked});
}

void Node::release(const ReleaseRun& effect) {
  if (chance().strikes(Fault::kRequestLost)) {
    return later(Duration::seconds(10), RunReleased{effect.run, PlatformReply::kUnknown, "no answer"});
  }
  const bool unheard = chance().strikes(Fault::kAnswerLost);
  Submission* submission = scheduler_.find_id(effect.platform_id);
  RunReleased reply{effect.run, PlatformReply::kOk, {}};
  // Ids are given again after a crash: only id and key together name a submission.
  if (submission == nullptr || submission->run != effect.run) {
    reply = {effect.run, PlatformReply::kAbsent, "not there"};
    RunObserved lost{effect.run, {}, false, false, false, true, effect.platform_id};
    later(Duration::seconds(2), std::move(lost));
  } else {
    scheduler_.release(*submission);
    watch(effect.run, effect.platform_id, false);
  }
  if (unheard) reply = {effect.run, PlatformReply::kUnknown, "no answer"};
  later(unheard ? Duration::seconds(10) : scheduler_delay(), std::move(reply));
}

void Node::watch(const std::string& run, const std::string& id, bool told_start) {
  later_do(Duration::millis(500), [this, run, id, told_start] {
    const Submission* submission = scheduler_.find_id(id);
    RunObserved seen{run, {}, false, false, false, false, id};
    if (submission == nullptr || submission->run != run || submission->fenced) {
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
  if (chance().strikes(Fault::kRequestLost)) return;
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
  if (chance().strikes(Fault::kAnswerLost)) return;
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
    keep_blob(file.digest());
    collected.items.push_back(std::move(item));
  }
  later(Duration::millis(chance().random().between(1, 300)), std::move(collected));
}

void Node::inspect(const InspectItem& effect) {
  const bool finds = chance().strikes(Fault::kInspectionFinds);
  ItemInspected found{effect.crossing,
                      {fact("inspection.verdict", finds ? "identifiers" : "clean"),
                       fact("inspection.findings", int64_t{finds ? 3 : 0})},
                      finds ? "3 findings" : "clean"};
  found.mask = effect.mask;
  if (!effect.mask.empty()) found.not_masked = "nothing is masked in the simulated world";
  later(Duration::millis(chance().random().between(1, 200)), std::move(found));
}

void Node::deliver(const DeliverOutput& effect) {
  const bool fails = chance().strikes(Fault::kDeliveryFails);
  later(Duration::millis(5),
        OutputDelivered{effect.job, effect.delivery.name(), !fails, fails ? "disk full" : ""});
}

// An archived job keeps it.
bool Node::is_archived(const std::string& digest) const {
  const std::string prefix = digest + "/";
  const auto row = disk_.rows.lower_bound({Table::kPastBlob, prefix});
  return row != disk_.rows.end() && row->first.first == Table::kPastBlob &&
         row->first.second.starts_with(prefix);
}

void Node::drop(const DropBlobs& effect) {
  const bool fails = chance().strikes(Fault::kDeletionFails);
  later_do(Duration::millis(5), [this, effect, fails] {
    bool done = !fails;
    for (const std::string& digest : effect.digests) {
      const auto used = used_.find(digest);
      if (used != used_.end() && used->second >= effect.decided) done = false;
      if (done && !is_archived(digest)) disk_.blobs.erase(digest);
    }
    post(BlobsDropped{effect.duties, done, done ? "" : "no permission, or in use again"});
  });
}

}  // namespace hetao::sim
