#include "gateway/federation/host.h"

#include <algorithm>

#include "gateway/federation/catalogue.h"
#include "gateway/federation/crossing.h"
#include "gateway/federation/decide.h"
#include "gateway/federation/exchange.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/item.h"
#include "gateway/federation/labels.h"
#include "gateway/federation/table.h"

namespace hetao::federation {

namespace {

bool at_home(const State& s, const pb::Run& run) {
  return s.is_self(run.home_region());
}

void tell_home(State& s, const pb::Run& run) {
  pb::PeerMessage message;
  pb::JobNews& news = *message.mutable_job_news();
  news.set_job(run.job());
  news.set_attempt(run.attempt());
  news.set_state(run.state());
  news.set_reason(run.state() == pb::RUN_WAITING ? run.hold_reason() : run.reason());
  *news.mutable_report() = run.report();
  news.set_platform(run.platform());
  if (run.state() == pb::RUN_DONE) {
    for (const pb::Item& item : run.results()) {
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

void refuse_run(State& s, pb::Run& run, std::string reason) {
  run.set_reason(std::move(reason));
  move_run(run, pb::RUN_REFUSED);
  const std::vector<std::string> inputs(run.inputs().begin(), run.inputs().end());
  for (const std::string& id : inputs) cancel_crossing(s, id, "the job was refused");
  tell_home(s, run);
}

void retry_later(State& s, pb::Run& run, Duration wait) {
  run.set_retry_micros((s.now + wait).micros);
  s.run_timers[run_key(run.job(), run.attempt())] = s.now + wait;
}

void submit(State& s, const std::string& key, pb::Run& run) {
  // An answer that never comes is looked up, not repeated.
  retry_later(s, run, s.config.submit_settle);
  s.effect(SubmitRun{key, run.platform(), run});
}

pb::Crossing crossing_of_run(const State& s, const pb::Run& run, const std::string& suffix, pb::Item item) {
  pb::Crossing crossing;
  crossing.set_id(run_key(run.job(), run.attempt()) + "." + suffix);
  crossing.set_job(run.job());
  crossing.set_attempt(run.attempt());
  crossing.set_home_region(run.home_region());
  *crossing.mutable_submitter() = run.submitter();
  crossing.set_purpose(run.purpose());
  crossing.set_project(run.project());
  *crossing.mutable_recipient() = run.tenant();
  *crossing.mutable_exporter() = tenant_of(s, s.config.operator_tenant);
  *crossing.mutable_item() = std::move(item);
  return crossing;
}

// Adds what input `index` needs: a dataset of ours is used in place, a peer's is fetched, the rest comes from
// home.
std::string take_input(State& s, pb::Run& run, int index, const pb::Offer& offer) {
  const pb::Input& input = run.task().inputs(index);
  const std::string id = dataset_of(input);
  if (id.empty()) {
    for (const pb::Item& brought : offer.items()) {
      if (brought.name() == input.path()) *run.add_items() = brought;
    }
    return {};
  }
  const auto known = s.datasets.find(id);
  if (known == s.datasets.end()) return "no dataset " + id + " is known in " + s.config.region;
  if (known->second.retired()) return "dataset " + id + " is retired";
  if (s.is_self(known->second.region())) {
    *run.add_items() = dataset_item(known->second, input.path());
    return {};
  }
  pb::Item wanted = dataset_item(known->second, id);
  pb::Crossing crossing = crossing_of_run(s, run, "i" + std::to_string(index), std::move(wanted));
  crossing.set_from_region(known->second.region());
  crossing.set_to_region(s.config.region);
  *crossing.mutable_exporter() = tenant_of(s, known->second.owner_tenant());
  run.add_inputs(crossing.id());
  begin_fetching(s, std::move(crossing));
  return {};
}

// The items of inputs that came by a crossing, under the path where the task wants them.
void add_arrived_items(const State& s, pb::Run& run) {
  for (const std::string& id : run.inputs()) {
    pb::Item item = s.crossings.at(id).item();
    for (const pb::Input& input : run.task().inputs()) {
      if (dataset_of(input) == item.name()) item.set_name(input.path());
    }
    const bool there = std::any_of(run.items().begin(), run.items().end(),
                                   [&](const pb::Item& known) { return known.name() == item.name(); });
    if (!there) *run.add_items() = std::move(item);
  }
}

void wait_for_inputs(State& s, const std::string& key, pb::Run& run) {
  bool all_here = true;
  std::string held;
  for (const std::string& id : run.inputs()) {
    const auto at = s.crossings.find(id);
    if (at == s.crossings.end()) {
      all_here = false;
      continue;
    }
    const pb::Crossing& crossing = at->second;
    if (crossing.state() == pb::CROSSING_REFUSED || crossing.state() == pb::CROSSING_CANCELLED) {
      return refuse_run(s, run, crossing.item().name() + ": " + crossing.reason());
    }
    all_here = all_here && crossing.state() == pb::CROSSING_DONE;
    if (crossing.state() == pb::CROSSING_HELD) held = crossing.reason();
    if (crossing.state() == pb::CROSSING_DECIDING && crossing.theirs().effect() == "hold") {
      held = "held for review in " + crossing.from_region() + ": " + reason_line(crossing.theirs());
    }
  }
  if (all_here) {
    add_arrived_items(s, run);
    move_run(run, pb::RUN_SUBMITTING);
    return submit(s, key, run);
  }
  if (run.hold_reason() != held || !run.told_held()) {
    run.set_hold_reason(held);
    run.set_told_held(true);
    tell_home(s, run);
  }
}

bool is_settled(const State& s, const std::string& crossing) {
  const auto at = s.crossings.find(crossing);
  return at != s.crossings.end() && is_final(at->second.state());
}

void wait_for_outputs(State& s, const std::string& key, pb::Run& run) {
  for (const std::string& id : run.outputs()) {
    if (!is_settled(s, id)) return;
  }
  for (const std::string& id : run.outputs()) {
    const pb::Crossing& crossing = s.crossings.at(id);
    if (crossing.state() != pb::CROSSING_DONE)
      run.add_notes(crossing.item().name() + ": " + crossing.reason());
  }
  move_run(run, pb::RUN_DONE);
  tell_home(s, run);
  s.effect(RemoveRun{key, run.platform()});
}

// Held outputs are told as they are: the job's owner sees who has to act.
void tell_if_held(State& s, pb::Run& run) {
  std::string held;
  for (const std::string& id : run.outputs()) {
    const auto at = s.crossings.find(id);
    if (at == s.crossings.end()) continue;
    if (at->second.state() == pb::CROSSING_HELD) held = at->second.item().name() + ": " + at->second.reason();
    if (at->second.state() == pb::CROSSING_ASKED && at->second.theirs().effect() == "hold") {
      held = at->second.item().name() + ": held for review in " + at->second.to_region() + ": " +
             reason_line(at->second.theirs());
    }
  }
  if (held == run.hold_reason()) return;
  run.set_hold_reason(held);
  run.set_reason(held);
  tell_home(s, run);
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
      return tell_home(s, run);  // home may not have heard yet
    default:
      return;
  }
}

void collect(State& s, const std::string& key, pb::Run& run) {
  move_run(run, pb::RUN_COLLECTING);
  s.run_timers.erase(key);
  tell_home(s, run);
  s.effect(CollectRun{key, run.platform(), run});
}

FactList result_labels(const pb::Run& run) {
  std::vector<const FactList*> sources;
  for (const pb::Item& item : run.items()) sources.push_back(&item.labels());
  return inherit(sources);
}

std::string exporter_of_results(const State& s, const pb::Run& run) {
  // Who gave the data answers for what is made of it.
  for (const pb::Input& input : run.task().inputs()) {
    const auto dataset = s.datasets.find(dataset_of(input));
    if (dataset != s.datasets.end()) return dataset->second.owner_tenant();
  }
  return s.config.operator_tenant;
}

void send_output(State& s, pb::Run& run, const std::string& suffix, pb::Item item) {
  pb::Crossing crossing = crossing_of_run(s, run, suffix, std::move(item));
  crossing.set_from_region(s.config.region);
  crossing.set_to_region(run.home_region());
  *crossing.mutable_exporter() = tenant_of(s, exporter_of_results(s, run));
  run.add_outputs(crossing.id());
  begin_sending(s, std::move(crossing), true);
}

}  // namespace

std::string find_platform(const State& s, const pb::Task& task, std::string& platform) {
  if (s.config.platforms.empty()) return s.config.region + " has no platform";
  const pb::Resources& wanted = task.resources();
  std::string why;
  for (const PlatformConfig& known : s.config.platforms) {
    if (known.cpu_cores > 0 && wanted.cpu_cores() > known.cpu_cores) {
      why = known.name + " has " + std::to_string(known.cpu_cores) + " cores for a job, it asks for " +
            std::to_string(wanted.cpu_cores());
    } else if (known.ram_bytes > 0 && wanted.ram_bytes() > known.ram_bytes) {
      why = known.name + " has less memory for a job than it asks for";
    } else {
      platform = known.name;
      return {};
    }
  }
  return why;
}

void on_offer(State& s, const std::string& from, const pb::Offer& offer) {
  const std::string key = run_key(offer.job(), offer.attempt());
  if (s.runs.contains(key)) {
    if (s.runs.at(key).home_region() == from) tell_home(s, s.runs.at(key));
    return;
  }
  {
    pb::Run& run = s.edit_run(key);
    run.set_job(offer.job());
    run.set_attempt(offer.attempt());
    run.set_home_region(from);
    *run.mutable_task() = offer.task();
    *run.mutable_submitter() = offer.submitter();
    *run.mutable_tenant() = offer.tenant();
    run.set_project(offer.project());
    run.set_purpose(offer.purpose());
    run.set_state(pb::RUN_WAITING);
    run.set_created_micros(s.now.micros);
    run.mutable_report()->set_region(s.config.region);
  }
  pb::Run& run = s.edit_run(key);
  std::string platform;
  std::string why = find_platform(s, run.task(), platform);
  run.set_platform(platform);
  std::vector<pb::Fact> facts;
  for (const PlatformConfig& known : s.config.platforms) {
    if (known.name == platform) facts = known.facts;
  }
  const pb::Verdict place = decide_place(s, run.tenant(), run.submitter(), s.config.region, facts, s.now);
  if (why.empty() && place.effect() != "permit")
    why = "may not run in " + s.config.region + ": " + reason_line(place);
  for (int i = 0; why.empty() && i < run.task().inputs_size(); ++i) why = take_input(s, run, i, offer);
  if (!why.empty()) return refuse_run(s, run, why);
  for (const pb::Crossing& asked : offer.crossings()) {
    if (asked.job() == offer.job() && asked.attempt() == offer.attempt()) run.add_inputs(asked.id());
  }
  for (const pb::Crossing& asked : offer.crossings()) {
    // One refused input refuses the run; the others are not taken any more.
    if (run.state() == pb::RUN_WAITING) on_crossing_ask(s, from, asked);
  }
  update_run(s, key);
}

void on_cancel_run(State& s, const std::string& from, const pb::CancelRun& cancel) {
  const std::string key = run_key(cancel.job(), cancel.attempt());
  const auto at = s.runs.find(key);
  if (at == s.runs.end() || at->second.home_region() != from) return;
  cancel_run(s, key);
}

void update_run(State& s, const std::string& key) {
  const pb::RunState state = s.runs.at(key).state();
  if (state == pb::RUN_WAITING) return wait_for_inputs(s, key, s.edit_run(key));
  if (state == pb::RUN_RETURNING) {
    tell_if_held(s, s.edit_run(key));
    return wait_for_outputs(s, key, s.edit_run(key));
  }
}

void on_run_submitted(State& s, const RunSubmitted& event) {
  const auto at = s.runs.find(event.run);
  if (at == s.runs.end() || at->second.state() != pb::RUN_SUBMITTING) return;
  pb::Run& run = s.edit_run(event.run);
  switch (event.reply) {
    case PlatformReply::kOk:
      run.set_platform_id(event.platform_id);
      if (run.cancel_wanted()) {
        move_run(run, pb::RUN_CANCELLING);
        retry_later(s, run, s.config.retry_first);
        return s.effect(CancelRun{event.run, run.platform(), run.platform_id()});
      }
      move_run(run, pb::RUN_RELEASING);
      retry_later(s, run, s.config.submit_settle);
      return s.effect(ReleaseRun{event.run, run.platform(), run.platform_id()});
    case PlatformReply::kRefused:
      s.run_timers.erase(event.run);
      if (run.cancel_wanted()) return finish_cancel(s, event.run, run);
      return refuse_run(s, run, run.platform() + ": " + event.why);
    case PlatformReply::kAbsent:
    case PlatformReply::kUnknown:
      return retry_later(s, run, s.config.submit_settle);
  }
}

void on_run_found(State& s, const RunFound& event) {
  const auto at = s.runs.find(event.run);
  if (at == s.runs.end() || at->second.state() != pb::RUN_SUBMITTING) return;
  if (event.reply == PlatformReply::kOk) {
    return on_run_submitted(s, RunSubmitted{event.run, PlatformReply::kOk, event.platform_id, {}});
  }
  pb::Run& run = s.edit_run(event.run);
  // Absence counts only after the settle time: a submission on its way may still appear.
  if (event.reply != PlatformReply::kAbsent || s.now < Instant{run.retry_micros()}) {
    s.run_timers[event.run] = std::max(Instant{run.retry_micros()}, s.now + s.config.retry_first);
    return;
  }
  if (run.cancel_wanted()) return finish_cancel(s, event.run, run);
  submit(s, event.run, run);
}

void on_run_released(State& s, const RunReleased& event) {
  const auto at = s.runs.find(event.run);
  if (at == s.runs.end()) return;
  if (at->second.state() == pb::RUN_RUNNING && event.reply == PlatformReply::kUnknown) {
    // Asked again after a restart, to be told how it goes on; nobody watches it until that is answered.
    s.run_timers[event.run] = s.now + s.config.retry_first;
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
      move_run(run, pb::RUN_SUBMITTING);
      return submit(s, event.run, run);
    case PlatformReply::kRefused:
    case PlatformReply::kUnknown:
      return retry_later(s, run, s.config.retry_first);
  }
}

void on_run_observed(State& s, const RunObserved& event) {
  const auto at = s.runs.find(event.run);
  if (at == s.runs.end()) return;
  const pb::RunState state = at->second.state();
  if (state != pb::RUN_RUNNING && state != pb::RUN_RELEASING && state != pb::RUN_CANCELLING) return;
  pb::Run& run = s.edit_run(event.run);
  pb::RunReport report = event.report;
  report.set_region(s.config.region);
  report.set_platform(run.platform());
  *run.mutable_report() = std::move(report);
  if (!event.ended && !event.lost && !event.cancelled) return tell_home(s, run);
  if (state == pb::RUN_CANCELLING) return finish_cancel(s, event.run, run);
  if (event.lost && run.report().failure().empty())
    run.mutable_report()->set_failure("the platform lost the job");
  if (event.cancelled && run.report().failure().empty()) {
    run.mutable_report()->set_failure("cancelled on the platform");
  }
  collect(s, event.run, run);
}

void on_run_collected(State& s, const RunCollected& event) {
  const auto at = s.runs.find(event.run);
  if (at == s.runs.end() || at->second.state() != pb::RUN_COLLECTING) return;
  pb::Run& run = s.edit_run(event.run);
  for (const std::string& note : event.notes) run.add_notes(note);
  const FactList labels = result_labels(run);
  for (const pb::Item& found : event.items) {
    pb::Item item = found;
    const bool logs = found.name() == "logs";
    size_t index = 0;
    if (!logs) {
      index = static_cast<size_t>(std::stoul(found.name()));
      if (index >= static_cast<size_t>(run.task().outputs_size())) continue;
      item.set_name(output_name(run.task().outputs(static_cast<int>(index))));
    }
    item.set_kind(logs ? "logs" : output_kind(run.task(), item.name()));
    *item.mutable_labels() = labels;
    seal_item(item);
    *run.add_results() = item;
    if (!at_home(s, run)) send_output(s, run, logs ? "logs" : "o" + std::to_string(index), std::move(item));
  }
  move_run(run, pb::RUN_RETURNING);
  if (!at_home(s, run)) tell_home(s, run);
  update_run(s, event.run);
}

void tick_runs(State& s) {
  std::vector<std::string> due;
  for (const auto& [key, at] : s.run_timers) {
    if (at <= s.now) due.push_back(key);
  }
  for (const std::string& key : due) {
    s.run_timers.erase(key);
    const auto at = s.runs.find(key);
    if (at == s.runs.end()) continue;
    pb::Run& run = s.edit_run(key);
    const Instant again = s.now + s.config.retry_first;
    switch (run.state()) {
      case pb::RUN_SUBMITTING:
        s.run_timers[key] = again;
        s.effect(FindRun{key, run.platform()});
        break;
      case pb::RUN_RUNNING:
      case pb::RUN_RELEASING:
        if (run.state() == pb::RUN_RELEASING) s.run_timers[key] = again;
        s.effect(ReleaseRun{key, run.platform(), run.platform_id()});
        break;
      case pb::RUN_CANCELLING:
        s.run_timers[key] = again;
        s.effect(CancelRun{key, run.platform(), run.platform_id()});
        break;
      default:
        break;
    }
  }
}

void resume_runs(State& s) {
  for (const auto& [key, run] : s.runs) {
    // The clock may have been set meanwhile: a submission on its way gets its whole settle time again.
    if (run.state() == pb::RUN_SUBMITTING)
      s.edit_run(key).set_retry_micros((s.now + s.config.submit_settle).micros);
    switch (run.state()) {
      case pb::RUN_SUBMITTING:
      case pb::RUN_RELEASING:
      case pb::RUN_CANCELLING:
        s.run_timers[key] = s.now;
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
  tick_runs(s);
}

}  // namespace hetao::federation
