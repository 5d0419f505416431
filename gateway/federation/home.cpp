#include "gateway/federation/home.h"

#include <algorithm>
#include <optional>

#include "gateway/federation/access_request.h"
#include "gateway/federation/attempts.h"
#include "gateway/federation/catalogue.h"
#include "gateway/federation/crossing.h"
#include "gateway/federation/crossing_parts.h"
#include "gateway/federation/decide.h"
#include "gateway/federation/exchange.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/item.h"
#include "gateway/federation/outside.h"
#include "gateway/federation/placement.h"
#include "gateway/federation/policy_life.h"
#include "gateway/federation/project.h"
#include "gateway/federation/table.h"

namespace hetao::federation {

namespace {

// The same submission again: the job it made then. Another one under the same key: a conflict.
bool answered_before(State& s, const SubmitJob& event) {
  if (event.idempotency_key.empty()) return false;
  const auto known = s.idempotency.find(idempotency_row(event.submitter, event.idempotency_key));
  if (known == s.idempotency.end()) return false;
  const pb::Job& job = s.jobs.at(known->second);
  if (job.request_digest() == event.request_digest) {
    s.effect(Answer{event.request, std::nullopt, job.id(), job.verdict(), true});
  } else {
    s.effect(Answer{event.request, key_was_used(event.idempotency_key), {}, {}, false});
  }
  return true;
}

// The place decision with what it was made from.
void note_place(const State& s, ledger::Entry& entry, const SubmitJob& event, const Candidate& candidate) {
  entry.extra["place_decision"] = candidate.place.effect();
  entry.extra["place"] = candidate.region;
  const DecisionInputs inputs{place_request(s, tenant_of(s, event.submitter.tenant()), event.submitter,
                                            candidate.region, candidate.platform_facts, s.now),
                              {}};
  note_inputs(entry, inputs);
  note_shadow(s, entry, inputs);
}

// Every refusal is on the ledger, rule by rule, though no job came of it.
void book_refusal(State& s, const SubmitJob& event, const Candidate& candidate) {
  if (candidate.place.effect() == "forbid") {
    ledger::Entry& entry = s.book("decision");
    entry.job = event.id;
    entry.who = ledger_name(event.submitter);
    entry.decision = "forbid";
    for (const pb::RuleRef& rule : candidate.place.rules()) entry.rules.push_back(rule.id());
    entry.reason = candidate.place.reason();
    if (!s.is_self(candidate.region)) entry.peer = candidate.region;
    note_place(s, entry, event, candidate);
  }
  for (const PlannedCrossing& planned : candidate.crossings) {
    if (planned.verdict.effect() != "forbid") continue;
    ledger::Entry& entry = s.book("decision");
    entry.job = event.id;
    entry.who = ledger_name(event.submitter);
    note_verdict(s, entry, planned.decided, planned.verdict);
    entry.direction = s.is_self(planned.from_region) ? "out" : "in";
    entry.peer = s.is_self(planned.from_region) ? planned.to_region : planned.from_region;
    entry.extra["item_kind"] = planned.kind;
    entry.extra["item_name"] = planned.item;
    if (planned.preliminary) entry.extra["preliminary"] = "true";
  }
}

// What an owner has not granted is on the ledger as what policy forbids is.
void book_not_shared(State& s, const SubmitJob& event, const Error& error) {
  ledger::Entry& entry = s.book("data-access");
  entry.job = event.id;
  entry.who = ledger_name(event.submitter);
  entry.decision = "forbid";
  entry.reason = error.why;
}

void make_job(State& s, const SubmitJob& event, const Plan& plan, const Candidate& place) {
  pb::Job& job = s.edit_job(event.id);
  job.set_id(event.id);
  *job.mutable_task() = event.task;
  *job.mutable_submitter() = event.submitter;
  job.set_project(plan.project);
  job.set_purpose(plan.purpose);
  job.set_created_micros(s.now.micros);
  job.set_deadline_micros((s.now + s.config.job_deadline).micros);
  s.job_deadlines.set(event.id, Instant{job.deadline_micros()});
  ++s.open_jobs[event.submitter.tenant()];
  job.set_attempt(1);
  job.set_region(place.region);
  job.set_platform(place.platform);
  job.set_idempotency_key(event.idempotency_key);
  job.set_request_digest(event.request_digest);
  *job.mutable_verdict() = place.verdict;
  for (const pb::Item& brought : event.inline_items) *job.add_items() = brought_item(s, event.task, brought);
  job.set_state(pb::JOB_QUEUED);
  ++s.jobs_in[pb::JOB_QUEUED];
  pb::StateChange& first = *job.add_history();
  first.set_state(pb::JOB_QUEUED);
  first.set_at_micros(s.now.micros);
  for (const pb::Output& output : event.task.outputs()) {
    pb::Delivery& delivery = *job.add_deliveries();
    delivery.set_name(output_name(output));
    delivery.set_url(output.url());
    delivery.set_path(output.path());
    delivery.set_kind(output_kind(event.task, delivery.name()));
    delivery.set_state("waiting");
  }
  ledger::Entry& entry = s.book("job-state");
  entry.job = event.id;
  entry.who = ledger_name(event.submitter);
  entry.decision = place.verdict.effect();
  entry.reason = "queued for " + place.region;
  note_place(s, entry, event, place);
  if (!event.idempotency_key.empty())
    s.put_idempotency(idempotency_row(event.submitter, event.idempotency_key), event.id);
}

void tell_offer(State& s, const pb::Job& job) {
  pb::PeerMessage message;
  pb::Offer& out = *message.mutable_offer();
  out.set_job(job.id());
  out.set_attempt(job.attempt());
  *out.mutable_task() = job.task();
  for (pb::Input& input : *out.mutable_task()->mutable_inputs()) {
    if (input.has_content()) input.set_content({});  // crosses as an item, under a permit of its own
  }
  *out.mutable_submitter() = job.submitter();
  *out.mutable_tenant() = tenant_of(s, job.submitter().tenant());
  out.set_project(job.project());
  out.set_purpose(job.purpose());
  for (const std::string& crossing : crossings_of(s, job, true))
    *out.add_crossings() = as_asked(s.crossings.at(crossing));
  if (s.is_self(job.region())) *out.mutable_items() = job.items();
  tell(s, job.region(), std::move(message));
}

void offer(State& s, const std::string& id) {
  pb::Job& job = s.edit_job(id);
  job.set_offered(true);
  move_job(s, job, pb::JOB_OFFERED, s.is_self(job.region()) ? "" : "to " + job.region());
  if (!s.is_self(job.region())) s.job_waits.set(id, s.now + s.config.offer_expiry);
  tell_offer(s, job);
}

bool is_failure(const pb::RunReport& report, const pb::Task& task) {
  if (!report.failure().empty()) return true;
  for (int i = 0; i < report.executors_size() && i < task.executors_size(); ++i) {
    if (report.executors(i).exit_code() != 0 && !task.executors(i).ignore_error()) return true;
  }
  return report.executors_size() < task.executors_size();
}

// The platform's own failures are the system's; what a program returned is the executor's.
pb::JobState end_of(const pb::Job& job) {
  if (!is_failure(job.report(), job.task())) return pb::JOB_COMPLETE;
  return job.report().executors().empty() ? pb::JOB_SYSTEM_ERROR : pb::JOB_EXECUTOR_ERROR;
}

// The files of an output as they stand here: those of a crossing that arrived (a peer can't name others), or
// the run's own when it ran at home. Nothing: it is not here.
std::optional<pb::Delivery> what_is_here(const State& s, const pb::Job& job, const pb::Delivery& told) {
  if (s.is_self(job.region())) return told;
  for (const std::string& id : crossings_of(s, job, false)) {
    const pb::Crossing& crossing = s.crossings.at(id);
    if (s.is_self(crossing.to_region()) && crossing.state() == pb::CROSSING_DONE &&
        crossing.item().name() == told.name() && crossing.item().digest() == told.digest()) {
      pb::Delivery here = told;
      *here.mutable_files() = crossing.item().files();
      here.set_bytes(crossing.item().bytes());
      return here;
    }
  }
  return std::nullopt;
}

// The streams come home beside an output that may be called `logs` as well.
pb::Delivery* find_delivery(pb::Job& job, const std::string& name, bool is_logs) {
  for (pb::Delivery& delivery : *job.mutable_deliveries()) {
    if (delivery.name() == name && (delivery.kind() == "logs") == is_logs) return &delivery;
  }
  return nullptr;
}

void take_outputs(State& s, pb::Job& job, const pb::JobNews& news) {
  for (const pb::Delivery& told : news.outputs()) {
    if (told.name().empty()) {
      job.add_notes(told.note());
      continue;
    }
    pb::Delivery* delivery = find_delivery(job, told.name(), told.kind() == "logs");
    if (delivery == nullptr && told.kind() == "logs") {
      delivery = job.add_deliveries();
      delivery->set_name(told.name());
      delivery->set_kind("logs");
    }
    if (delivery == nullptr) continue;
    const auto here = what_is_here(s, job, told);
    delivery->set_state(here ? "available" : "withheld");
    delivery->set_digest(told.digest());
    delivery->set_bytes(here ? here->bytes() : told.bytes());
    if (here) *delivery->mutable_files() = here->files();
  }
  for (pb::Delivery& delivery : *job.mutable_deliveries()) {
    if (delivery.state() == "waiting") {
      delivery.set_state("missing");
      delivery.set_note("the job did not make it");
    }
  }
}

void deliver_or_end(State& s, const std::string& id);

void fail_with(pb::Job& job, const char* failure_class, const std::string& reason) {
  job.set_end_state(pb::JOB_SYSTEM_ERROR);
  job.set_failure_class(failure_class);
  job.set_reason(reason);
}

// The run has nothing more to do: outputs that are here go where the task wants them.
void on_run_done(State& s, pb::Job& job, const pb::JobNews& news) {
  job.set_end_state(end_of(job));
  if (job.end_state() == pb::JOB_EXECUTOR_ERROR) job.set_failure_class(failure::kExecutor);
  if (job.end_state() == pb::JOB_SYSTEM_ERROR)
    job.set_failure_class(news.failure_class().empty() ? failure::kRefused : news.failure_class());
  take_outputs(s, job, news);
  for (const pb::Delivery& delivery : job.deliveries()) {
    if (delivery.state() == "withheld" && delivery.kind() != "logs" && job.end_state() == pb::JOB_COMPLETE) {
      fail_with(job, failure::kOutput, "output " + delivery.name() + " may not leave " + job.region());
    }
  }
  if (job.state() != pb::JOB_RETURNING) move_job(s, job, pb::JOB_RETURNING);
  for (pb::Delivery& delivery : *job.mutable_deliveries()) {
    const bool is_elsewhere = delivery.url().starts_with("file://") || is_outside(delivery.url());
    if (delivery.state() == "available" && is_elsewhere) {
      delivery.set_state("delivering");
      s.effect(DeliverOutput{job.id(), delivery});
    }
  }
  deliver_or_end(s, job.id());
}

void deliver_or_end(State& s, const std::string& id) {
  pb::Job& job = s.edit_job(id);
  if (job.state() != pb::JOB_RETURNING || job.end_state() == pb::JOB_STATE_UNSPECIFIED) return;
  for (const pb::Delivery& delivery : job.deliveries()) {
    if (delivery.state() == "delivering") return;
    if (delivery.state() == "failed" && job.end_state() == pb::JOB_COMPLETE) {
      fail_with(job, failure::kDelivery, "output " + delivery.name() + ": " + delivery.note());
    }
  }
  std::string reason = job.reason();
  if (job.end_state() != pb::JOB_COMPLETE && reason.empty()) reason = job.report().failure();
  if (job.end_state() == pb::JOB_COMPLETE) job.clear_reason();
  const bool complete = job.end_state() == pb::JOB_COMPLETE;
  end_job(s, job, job.end_state(), job.failure_class(), complete ? "" : reason);
}

pb::JobState shown_state(const pb::JobNews& news) {
  switch (news.state()) {
    case pb::RUN_WAITING:
      return news.reason().empty() ? pb::JOB_STAGING : pb::JOB_HELD;
    case pb::RUN_RUNNING:
      return pb::JOB_RUNNING;
    case pb::RUN_COLLECTING:
    case pb::RUN_INSPECTING:
      return pb::JOB_INSPECTING;
    case pb::RUN_RETURNING:
      return pb::JOB_RETURNING;
    default:
      return pb::JOB_STAGING;
  }
}

void follow(State& s, pb::Job& job, const pb::JobNews& news) {
  const pb::JobState to = shown_state(news);
  const std::string& reason = news.reason().empty() ? news.waits_because() : news.reason();
  if (job.reason() != reason) job.set_reason(reason);
  if (job.state() != to && may_move(job.state(), to)) move_job(s, job, to, news.reason());
}

Error fetch_refusal(const std::string& what, const pb::Verdict& verdict) {
  if (verdict.effect() == "forbid") return refusal(what, verdict);
  return {ErrorCode::kForbidden, what,
          "what it reads from outside would need a review: " + reason_line(verdict),
          "register it as a dataset in the region where it is, and name it as dataset:ID"};
}

}  // namespace

void on_submit_job(State& s, SubmitJob event) {
  if (answered_before(s, event)) return;
  const std::string what = "job " + (event.task.name().empty() ? event.id : "\"" + event.task.name() + "\"");
  const auto refuse_with = [&](Error error, pb::Verdict verdict) {
    s.effect(Answer{event.request, std::move(error), event.id, std::move(verdict), false});
  };
  if (auto error = check_task(s, event.task, event.inline_items)) return refuse_with(std::move(*error), {});
  const std::string project = event.project.empty() ? tag_of(event.task.tags(), "project") : event.project;
  const std::string purpose = tag_of(event.task.tags(), "purpose");
  Plan plan{event.task, event.submitter, project, purpose.empty() ? "research" : purpose, event.inline_items};
  if (auto error = why_not_shared(s, plan, s.now)) {
    book_not_shared(s, event, *error);
    return refuse_with(std::move(*error), {});
  }
  std::vector<Candidate> places = candidates(s, plan, s.now);
  judge_budget(s, project, places);
  if (places.empty() || !places.front().unfit.empty()) {
    return refuse_with(
        {ErrorCode::kFailed, what, places.empty() ? "no region may take it" : places.front().unfit,
         "`hetao explain` shows every region and why not"},
        {});
  }
  Candidate best = places.front();
  if (best.verdict.effect() != "permit") {
    plan.with_changes = true;  // the submitter reads this verdict
    best = candidate_at(s, plan, best.region, s.now);
  }
  if (best.verdict.effect() == "forbid") {
    for (const Candidate& candidate : places) book_refusal(s, event, candidate);
    return refuse_with(refusal(what, best.verdict), best.verdict);
  }
  const auto fetches = decide_fetches(s, event.task, event.submitter, plan.purpose, project, s.now);
  if (fetches && fetches->effect() != "permit") return refuse_with(fetch_refusal(what, *fetches), *fetches);
  make_job(s, event, plan, best);
  promise(s, s.edit_job(event.id), best);
  s.effect(Answer{event.request, std::nullopt, event.id, best.verdict, false});
  begin_fetches(s, s.edit_job(event.id));
  const pb::Job& made = s.jobs.at(event.id);
  if (made.state() != pb::JOB_QUEUED || waits_for_fetches(made)) return;
  move_job(s, s.edit_job(event.id), pb::JOB_DECIDING);
  begin_attempt(s, event.id);
}

void on_cancel_job(State& s, const CancelJob& event) {
  const auto at = s.jobs.find(event.job);
  if (at == s.jobs.end()) {
    return s.effect(Answer{
        event.request,
        Error{ErrorCode::kNotFound, "job " + event.job, "is not known here", "`hetao jobs` lists yours"},
        {},
        {},
        false});
  }
  s.effect(Answer{event.request, std::nullopt, event.job, {}, false});
  if (is_final(at->second.state()) || at->second.state() == pb::JOB_CANCELLING) return;
  pb::Job& job = s.edit_job(event.job);
  cancel_outgoing(s, job, "the job was cancelled");
  if (!job.offered()) return move_job(s, job, pb::JOB_CANCELLED, "by " + ledger_name(event.who));
  move_job(s, job, pb::JOB_CANCELLING, "by " + ledger_name(event.who));
  s.job_waits.set(event.job, s.now + s.config.cancel_patience);
  tell_to_cancel(s, job, false);
}

void on_job_news(State& s, const std::string& from, const pb::JobNews& news) {
  const auto at = s.jobs.find(news.job());
  if (at == s.jobs.end() || at->second.region() != from || at->second.attempt() != news.attempt()) return;
  if (is_final(at->second.state())) return;
  pb::Job& job = s.edit_job(news.job());
  if (news.report().executors_size() > 0 || news.report().started_micros() > 0 ||
      !news.report().failure().empty()) {
    *job.mutable_report() = news.report();
  }
  if (!news.platform().empty()) job.set_platform(news.platform());
  const bool ended =
      news.state() == pb::RUN_DONE || news.state() == pb::RUN_CANCELLED || news.state() == pb::RUN_REFUSED;
  if (job.state() == pb::JOB_CANCELLING) {
    if (ended) move_job(s, job, pb::JOB_CANCELLED);
    return;
  }
  switch (news.state()) {
    case pb::RUN_REFUSED: {
      const std::string why = news.failure_class().empty() ? failure::kRefused : news.failure_class();
      return attempt_failed(s, job, why, news.reason(), !news.never_released());
    }
    case pb::RUN_CANCELLED:
      // Gateways that do not say whether it can have run are not believed that it did not.
      if (job.withdrawing() && news.never_released())
        return attempt_failed(s, job, failure::kOfferExpired, from + " did not answer in time", false);
      return end_job(s, job, pb::JOB_SYSTEM_ERROR, failure::kStopped, "cancelled in " + from);
    case pb::RUN_DONE:
      return on_run_done(s, job, news);
    default:
      if (news.state() != pb::RUN_WAITING) job.set_withdrawing(false);  // it had begun, and goes on
      return follow(s, job, news);
  }
}

void on_output_delivered(State& s, const OutputDelivered& event) {
  const auto at = s.jobs.find(event.job);
  if (at == s.jobs.end() || at->second.state() != pb::JOB_RETURNING) return;
  pb::Delivery* delivery = find_delivery(s.edit_job(event.job), event.output, false);
  if (delivery == nullptr || delivery->state() != "delivering") return;
  delivery->set_state(event.ok ? "delivered" : "failed");
  delivery->set_note(event.note);
  deliver_or_end(s, event.job);
}

void update_job(State& s, const std::string& id) {
  const pb::Job& known = s.jobs.at(id);
  // After the offer the place leads.
  if (known.offered() || (known.state() != pb::JOB_DECIDING && known.state() != pb::JOB_HELD)) return;
  bool all_permitted = true;
  std::string held;
  for (const std::string& crossing_id : crossings_of(s, known, true)) {
    const pb::Crossing& crossing = s.crossings.at(crossing_id);
    if (crossing.state() == pb::CROSSING_REFUSED || crossing.state() == pb::CROSSING_EXPIRED) {
      return attempt_failed(s, s.edit_job(id), crossing.failure_class(),
                            crossing.item().name() + ": " + crossing.reason(), false);
    }
    if (crossing.state() == pb::CROSSING_HELD) held = crossing.item().name() + ": " + crossing.reason();
    all_permitted = all_permitted && crossing.state() == pb::CROSSING_ASKED;
  }
  if (crossings_of(s, known, true).size() <
      static_cast<size_t>(s.is_self(known.region()) ? 0 : known.items_size()))
    return;
  if (all_permitted) {
    s.edit_job(id).clear_reason();
    return offer(s, id);
  }
  if (!held.empty() && known.state() == pb::JOB_DECIDING) {
    pb::Job& job = s.edit_job(id);
    job.set_reason(held);
    move_job(s, job, pb::JOB_HELD, held);
  }
}

}  // namespace hetao::federation
