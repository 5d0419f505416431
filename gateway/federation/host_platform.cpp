#include "gateway/federation/host_platform.h"

#include <algorithm>

#include "gateway/federation/crossing.h"
#include "gateway/federation/exchange.h"
#include "gateway/federation/host.h"
#include "gateway/federation/table.h"

namespace hetao::federation {

namespace {

Duration settle_of(const State& s, const pb::Run& run) {
  for (const PlatformConfig& known : s.config.platforms) {
    if (known.name == run.platform() && known.submit_settle.micros > 0) return known.submit_settle;
  }
  return s.config.submit_settle;
}

void retry_later(State& s, pb::Run& run, Duration wait) {
  run.set_retry_micros((s.now + wait).micros);
  s.run_timers.set(run_key(run.job(), run.attempt()), s.now + wait);
}

void cancel_all(State& s, pb::Run& run) {
  std::vector<std::string> all(run.inputs().begin(), run.inputs().end());
  all.insert(all.end(), run.outputs().begin(), run.outputs().end());
  for (const std::string& id : all) cancel_crossing(s, id, "the job was cancelled");
}

void finish_cancel(State& s, const std::string& key, pb::Run& run) {
  cancel_all(s, run);
  move_run(run, pb::RUN_CANCELLED);
  s.run_timers.erase(key);
  tell_home(s, run);
  s.effect(RemoveRun{key, run.platform()});
}

void cancel_run(State& s, const std::string& key) {
  pb::Run& run = s.edit_run(key);
  run.set_cancel_wanted(true);
  switch (run.state()) {
    case pb::RUN_WAITING:
    case pb::RUN_COLLECTING:
    case pb::RUN_INSPECTING:
    case pb::RUN_RETURNING:
      return finish_cancel(s, key, run);
    case pb::RUN_RELEASING:
    case pb::RUN_RUNNING:
      move_run(run, pb::RUN_CANCELLING);
      retry_later(s, run, s.config.retry_first);
      return s.effect(CancelRun{key, run.platform(), run.platform_id()});
    case pb::RUN_SUBMITTING:  // its outcome decides what there is to cancel
    case pb::RUN_CANCELLING:
      return;
    case pb::RUN_DONE:
    case pb::RUN_CANCELLED:
    case pb::RUN_REFUSED:
    case pb::RUN_LOST:
      return tell_home(s, run);  // home may not have heard yet
    default:
      return;
  }
}

// Nothing runs any more, and no end was reported: whether it is tried again is for its home to say.
void lose(State& s, const std::string& key, pb::Run& run) {
  run.set_failure_class(failure::kLost);
  if (run.report().failure().empty()) run.mutable_report()->set_failure("the platform lost the job");
  run.set_reason(run.platform() + ": " + run.report().failure());
  move_run(run, pb::RUN_LOST);
  s.run_timers.erase(key);
  tell_home(s, run);
  s.effect(RemoveRun{key, run.platform()});
}

void release(State& s, const std::string& key, pb::Run& run) {
  run.set_may_have_started(true);
  move_run(run, pb::RUN_RELEASING);
  retry_later(s, run, settle_of(s, run));
  s.effect(ReleaseRun{key, run.platform(), run.platform_id()});
}

void collect(State& s, const std::string& key, pb::Run& run) {
  move_run(run, pb::RUN_COLLECTING);
  s.run_timers.erase(key);
  tell_home(s, run);
  s.effect(CollectRun{key, run.platform(), run});
}

// An output as it crosses: without what was masked in it. Home knows it by that digest; the original's is not
// told, because with it what was masked could be tried out.
pb::Item as_it_crosses(const State& s, const pb::Run& run, const pb::Item& item) {
  for (const std::string& id : run.outputs()) {
    const auto at = s.crossings.find(id);
    if (at != s.crossings.end() && at->second.item().name() == item.name()) return at->second.item();
  }
  return item;
}

}  // namespace

void tell_home(State& s, const pb::Run& run) {
  pb::PeerMessage message;
  pb::JobNews& news = *message.mutable_job_news();
  news.set_job(run.job());
  news.set_attempt(run.attempt());
  // Gateways of before `lost` know a run that ends without outputs as refused.
  news.set_state(run.state() == pb::RUN_LOST ? pb::RUN_REFUSED : run.state());
  news.set_failure_class(run.failure_class());
  news.set_never_released(!run.may_have_started());
  news.set_reason(run.state() == pb::RUN_WAITING ? run.hold_reason() : run.reason());
  *news.mutable_report() = run.report();
  if (!s.is_self(run.home_region())) {
    // What a program wrote is data: it goes home as the item `logs`, under a decision of its own, or not at
    // all.
    for (pb::ExecutorLog& log : *news.mutable_report()->mutable_executors()) {
      log.clear_stdout_tail();
      log.clear_stderr_tail();
    }
  }
  news.set_platform(run.platform());
  if (run.state() == pb::RUN_WAITING) news.set_waits_because(run.waits_because());
  if (run.state() == pb::RUN_DONE) {
    for (const pb::Item& result : run.results()) {
      const pb::Item item = as_it_crosses(s, run, result);
      pb::Delivery& output = *news.add_outputs();
      output.set_name(item.name());
      output.set_kind(item.kind());
      output.set_digest(item.digest());
      output.set_bytes(item.bytes());
      *output.mutable_files() = item.files();
    }
    for (const std::string& note : run.notes()) {
      pb::Delivery& output = *news.add_outputs();
      output.set_note(note);
    }
  }
  tell(s, run.home_region(), std::move(message));
}

void refuse_run(State& s, pb::Run& run, const std::string& failure_class, std::string reason) {
  run.set_failure_class(failure_class);
  run.set_reason(std::move(reason));
  move_run(run, pb::RUN_REFUSED);
  const std::vector<std::string> inputs(run.inputs().begin(), run.inputs().end());
  for (const std::string& id : inputs) cancel_crossing(s, id, "the job was refused");
  tell_home(s, run);
}

void submit_run(State& s, const std::string& key, pb::Run& run) {
  // An answer that never comes is looked up, not repeated.
  retry_later(s, run, settle_of(s, run));
  s.leaving[key] = s.now;
  s.effect(SubmitRun{key, run.platform(), run});
}

void on_cancel_run(State& s, const std::string& from, const pb::CancelRun& cancel) {
  const std::string key = run_key(cancel.job(), cancel.attempt());
  const auto at = s.runs.find(key);
  if (at == s.runs.end() || at->second.home_region() != from) return;
  // What has begun goes on, and home hears so.
  if (cancel.unless_begun() && at->second.state() != pb::RUN_WAITING) return tell_home(s, at->second);
  cancel_run(s, key);
}

void on_run_submitted(State& s, const RunSubmitted& event) {
  const auto at = s.runs.find(event.run);
  if (at == s.runs.end() || at->second.state() != pb::RUN_SUBMITTING) return;
  pb::Run& run = s.edit_run(event.run);
  switch (event.reply) {
    case PlatformReply::kOk:
      s.leaving.erase(event.run);
      run.set_platform_id(event.platform_id);
      if (run.cancel_wanted()) {
        move_run(run, pb::RUN_CANCELLING);
        retry_later(s, run, s.config.retry_first);
        return s.effect(CancelRun{event.run, run.platform(), run.platform_id()});
      }
      return release(s, event.run, run);
    case PlatformReply::kRefused:
      s.run_timers.erase(event.run);
      s.leaving.erase(event.run);
      if (run.cancel_wanted()) return finish_cancel(s, event.run, run);
      return refuse_run(s, run, failure::kRefused, run.platform() + ": " + event.why);
    case PlatformReply::kAbsent:
    case PlatformReply::kUnknown:
      // Of this submission or of an earlier one: looked up at once, and for the last time when it has
      // settled.
      retry_later(s, run, settle_of(s, run));
      return s.run_timers.set(event.run, s.now + s.config.retry_first);
  }
}

namespace {

// Surely not there: asked for when the submission had left and the settle time was over. A process may be
// stopped at any point between a step and its effects, so its clock alone does not tell when one has left.
bool is_absent(State& s, pb::Run& run, const RunFound& event) {
  if (event.reply != PlatformReply::kAbsent) return false;
  const auto left = s.leaving.find(event.run);
  if (left == s.leaving.end()) return event.asked >= Instant{run.retry_micros()};
  // A platform is asked in order: a look-up of after the submission says that it has left.
  if (event.asked > left->second) {
    s.leaving.erase(left);
    run.set_retry_micros((s.now + settle_of(s, run)).micros);
  }
  return false;
}

}  // namespace

void on_run_found(State& s, const RunFound& event) {
  const auto at = s.runs.find(event.run);
  if (at == s.runs.end() || at->second.state() != pb::RUN_SUBMITTING) return;
  if (event.reply == PlatformReply::kOk) {
    return on_run_submitted(s, RunSubmitted{event.run, PlatformReply::kOk, event.platform_id, {}});
  }
  pb::Run& run = s.edit_run(event.run);
  if (!is_absent(s, run, event)) {
    s.run_timers.set(event.run, std::max(Instant{run.retry_micros()}, s.now + s.config.retry_first));
    return;
  }
  if (run.cancel_wanted()) return finish_cancel(s, event.run, run);
  submit_run(s, event.run, run);
}

void on_run_released(State& s, const RunReleased& event) {
  const auto at = s.runs.find(event.run);
  if (at == s.runs.end()) return;
  if (at->second.state() == pb::RUN_RUNNING && event.reply == PlatformReply::kUnknown) {
    // Asked again after a restart, to be told how it goes on; nobody watches it until that is answered.
    s.run_timers.set(event.run, s.now + s.config.retry_first);
    return;
  }
  if (at->second.state() != pb::RUN_RELEASING) return;
  pb::Run& run = s.edit_run(event.run);
  switch (event.reply) {
    case PlatformReply::kOk:
      move_run(run, pb::RUN_RUNNING);
      s.run_timers.erase(event.run);
      return tell_home(s, run);
    case PlatformReply::kAbsent:
      // Looked up before it is repeated: an answer to the forgotten submission may still come, and must not
      // pass for one to the next.
      move_run(run, pb::RUN_SUBMITTING);
      return retry_later(s, run, settle_of(s, run));
    case PlatformReply::kRefused:
    case PlatformReply::kUnknown:
      return retry_later(s, run, s.config.retry_first);
  }
}

void on_run_observed(State& s, const RunObserved& event) {
  const auto at = s.runs.find(event.run);
  if (at == s.runs.end()) return;
  // Platforms give ids again: news of an earlier submission is none of this one.
  if (!event.platform_id.empty() && event.platform_id != at->second.platform_id()) return;
  const pb::RunState state = at->second.state();
  if (state != pb::RUN_RUNNING && state != pb::RUN_RELEASING && state != pb::RUN_CANCELLING) return;
  pb::Run& run = s.edit_run(event.run);
  if (event.vanished && state != pb::RUN_CANCELLING) {
    run.set_may_have_started(false);
    move_run(run, pb::RUN_SUBMITTING);
    return retry_later(s, run, settle_of(s, run));  // looked up before it is repeated, as above
  }
  pb::RunReport report = event.report;
  report.set_region(s.config.region);
  report.set_platform(run.platform());
  *run.mutable_report() = std::move(report);
  const bool over = event.ended || event.lost || event.cancelled || event.vanished;
  if (!over) return tell_home(s, run);
  if (state == pb::RUN_CANCELLING) return finish_cancel(s, event.run, run);
  if (event.lost) return lose(s, event.run, run);
  if (event.cancelled && run.report().failure().empty()) {
    run.mutable_report()->set_failure("cancelled on the platform");
    run.set_failure_class(failure::kStopped);
  }
  collect(s, event.run, run);
}

void tick_runs(State& s) {
  for (const std::string& key : s.run_timers.take_due(s.now)) {
    const auto at = s.runs.find(key);
    if (at == s.runs.end()) continue;
    pb::Run& run = s.edit_run(key);
    const Instant again = s.now + s.config.retry_first;
    switch (run.state()) {
      case pb::RUN_SUBMITTING:
        s.run_timers.set(key, again);
        s.effect(FindRun{key, run.platform(), s.now});
        break;
      case pb::RUN_RUNNING:
      case pb::RUN_RELEASING:
        if (run.state() == pb::RUN_RELEASING) s.run_timers.set(key, again);
        s.effect(ReleaseRun{key, run.platform(), run.platform_id()});
        break;
      case pb::RUN_CANCELLING:
        s.run_timers.set(key, again);
        s.effect(CancelRun{key, run.platform(), run.platform_id()});
        break;
      default:
        break;
    }
  }
}

void resume_runs(State& s) {
  std::vector<std::string> orphans;
  for (const auto& [key, run] : s.runs) {
    if (is_final(run.state())) continue;
    // Nobody is left to whom its results could go.
    if (!s.is_self(run.home_region()) && !s.peers.contains(run.home_region())) orphans.push_back(key);
    // The clock may have been set meanwhile: a submission on its way gets its whole settle time again.
    if (run.state() == pb::RUN_SUBMITTING)
      s.edit_run(key).set_retry_micros((s.now + settle_of(s, run)).micros);
    switch (run.state()) {
      case pb::RUN_SUBMITTING:
      case pb::RUN_RELEASING:
      case pb::RUN_CANCELLING:
        s.run_timers.set(key, s.now);
        break;
      case pb::RUN_RUNNING:
        s.effect(ReleaseRun{key, run.platform(), run.platform_id()});
        break;
      case pb::RUN_COLLECTING:
        s.effect(CollectRun{key, run.platform(), run});
        break;
      default:
        break;
    }
  }
  for (const std::string& key : orphans) cancel_run(s, key);
  tick_runs(s);
}

}  // namespace hetao::federation
