#include "gateway/federation/host.h"

#include <algorithm>

#include "gateway/base/limits.h"
#include "gateway/federation/access_request.h"
#include "gateway/federation/catalogue.h"
#include "gateway/federation/crossing.h"
#include "gateway/federation/decide.h"
#include "gateway/federation/exchange.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/fit.h"
#include "gateway/federation/host_platform.h"
#include "gateway/federation/item.h"
#include "gateway/federation/labels.h"
#include "gateway/federation/market.h"
#include "gateway/federation/money.h"
#include "gateway/federation/obligations.h"
#include "gateway/federation/supply.h"
#include "gateway/federation/table.h"
#include "gateway/federation/turns.h"

namespace hetao::federation {

namespace {

bool at_home(const State& s, const pb::Run& run) {
  return s.is_self(run.home_region());
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
    // From home and place being one. What a peer brings needs a crossing.
    for (const pb::Item& brought : offer.items()) {
      if (at_home(s, run) && brought.name() == input.path()) *run.add_items() = brought;
    }
    return {};
  }
  const auto known = s.datasets.find(id);
  if (known == s.datasets.end()) return "no dataset " + id + " is known in " + s.config.region;
  if (known->second.retired()) return "dataset " + id + " is retired";
  const Use use{run.submitter().tenant(), run.purpose(), run.project()};
  if (auto why = why_not_use(s, known->second, use, s.now)) return *why;
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
    if (is_final(crossing.state()) && crossing.state() != pb::CROSSING_DONE) {
      return refuse_run(s, run, crossing.failure_class(), crossing.item().name() + ": " + crossing.reason());
    }
    all_here = all_here && crossing.state() == pb::CROSSING_DONE;
    if (crossing.state() == pb::CROSSING_HELD) held = crossing.reason();
    if (crossing.state() == pb::CROSSING_DECIDING && crossing.theirs().effect() == "hold") {
      held = "held for review in " + crossing.from_region() + ": " + reason_line(crossing.theirs());
    }
  }
  if (all_here) {
    add_arrived_items(s, run);
    return wait_for_turn(s, key);
  }
  if (run.hold_reason() != held || !run.told_held()) {
    run.set_hold_reason(held);
    run.set_told_held(true);
    tell_home(s, run);
  }
}

// Some output is still being read.
bool is_inspecting(const State& s, const pb::Run& run) {
  return std::any_of(run.outputs().begin(), run.outputs().end(), [&](const std::string& id) {
    const auto at = s.crossings.find(id);
    return at != s.crossings.end() && at->second.state() == pb::CROSSING_DECIDING;
  });
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

FactList result_labels(const State& s, const pb::Run& run) {
  std::vector<const FactList*> sources;
  for (const pb::Item& item : run.items()) sources.push_back(&item.labels());
  return inherit(sources, s.jurisdiction_of(run.home_region()));
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
  if (const std::string why = may_not_go_on(s, run, crossing); !why.empty()) {
    return refuse_sending(s, std::move(crossing), why);
  }
  begin_sending(s, std::move(crossing), true);
}

}  // namespace

void on_offer(State& s, const std::string& from, const pb::Offer& offer) {
  if (offer.job().size() > limits::kRunKeyBytesMax / 2)
    return accuse(s, from, offer.job(), "the job's id is too long");
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
  const Terms terms{offers_now(s), run.tenant().id(), from, s.now, s.config.hkd_in_cny_micros};
  const Fit fit = best_fit(own_supply(s), run.task(), s.config.region, &terms);
  std::string why = fit.why;
  run.set_platform(fit.platform);
  run.set_accelerator(fit.accelerator);
  run.set_accelerators(fit.accelerators);
  if (why.empty()) why = why_over_cap(s, run.tenant().id(), fit, s.now);
  if (why.empty()) why = why_over_quota(s, run.tenant().id(), run.task(), fit);
  run.set_expected_cost_micros(fit.cost_micros);
  run.set_expected_currency(fit.currency);
  const std::vector<pb::Fact> facts = facts_of_place(s, fit);
  const char* failure_class = failure::kRefused;
  const pb::Verdict place =
      decide_place(s, run.tenant(), run.submitter(), s.config.region, facts, false, s.now);
  if (why.empty() && place.effect() != "permit") {
    failure_class = failure::kPolicy;
    why = "may not run in " + s.config.region + ": " + reason_line(place);
  }
  for (int i = 0; why.empty() && i < run.task().inputs_size(); ++i) {
    failure_class = failure::kInput;
    why = take_input(s, run, i, offer);
  }
  if (!why.empty()) return refuse_run(s, run, failure_class, why);
  for (const pb::Crossing& asked : offer.crossings()) {
    std::string lie = asked.job() == offer.job() && asked.attempt() == offer.attempt()
                          ? lie_in_ask(s, from, asked)
                          : "it is another job's";
    if (!lie.empty()) {
      accuse(s, from, asked.id(), lie);
      return refuse_run(s, run, failure::kInput, "an input's crossing: " + lie);
    }
    run.add_inputs(asked.id());
  }
  for (const pb::Crossing& asked : offer.crossings()) {
    // One refused input refuses the run; the others are not taken any more.
    if (run.state() == pb::RUN_WAITING) on_crossing_ask(s, from, asked);
  }
  update_run(s, key);
}

void update_run(State& s, const std::string& key) {
  const pb::RunState state = s.runs.at(key).state();
  if (state == pb::RUN_WAITING) return wait_for_inputs(s, key, s.edit_run(key));
  if (state == pb::RUN_INSPECTING && !is_inspecting(s, s.runs.at(key))) {
    move_run(s.edit_run(key), pb::RUN_RETURNING);
    tell_home(s, s.runs.at(key));
  }
  if (s.runs.at(key).state() == pb::RUN_RETURNING) {
    tell_if_held(s, s.edit_run(key));
    return wait_for_outputs(s, key, s.edit_run(key));
  }
}

void on_run_collected(State& s, const RunCollected& event) {
  const auto at = s.runs.find(event.run);
  if (at == s.runs.end() || at->second.state() != pb::RUN_COLLECTING) return;
  pb::Run& run = s.edit_run(event.run);
  for (const std::string& note : event.notes) run.add_notes(note);
  if (!event.usage.source().empty()) *run.mutable_report()->mutable_usage() = priced(s, run, event.usage);
  const FactList labels = result_labels(s, run);
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
    const std::string misfit = misfit_of(item);
    if (!misfit.empty()) {  // home would not take it
      run.add_notes("output " + item.name() + ": " + misfit);
      continue;
    }
    if (logs && item.bytes() == 0) continue;  // it wrote nothing: nothing to read, decide or move
    *run.add_results() = item;
    if (!at_home(s, run)) send_output(s, run, logs ? "logs" : "o" + std::to_string(index), std::move(item));
  }
  move_run(run, at_home(s, run) ? pb::RUN_RETURNING : pb::RUN_INSPECTING);
  if (!at_home(s, run)) tell_home(s, run);
  update_run(s, event.run);
}

}  // namespace hetao::federation
