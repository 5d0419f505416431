#include "gateway/federation/attempts.h"

#include <algorithm>

#include "gateway/federation/catalogue.h"
#include "gateway/federation/crossing.h"
#include "gateway/federation/exchange.h"
#include "gateway/federation/home.h"
#include "gateway/federation/outside.h"
#include "gateway/federation/placement.h"
#include "gateway/federation/table.h"

namespace hetao::federation {

namespace {

void begin_inputs(State& s, const std::string& id) {
  const pb::Job job = s.jobs.at(id);
  if (s.is_self(job.region())) return;
  int index = 0;
  for (const pb::Item& item : job.items()) {
    // An item that may not leave has ended the attempt: the others stay too.
    if (s.jobs.at(id).attempt() != job.attempt() || s.jobs.at(id).state() != pb::JOB_DECIDING) return;
    pb::Crossing crossing;
    crossing.set_id(run_key(id, job.attempt()) + ".c" + std::to_string(index++));
    crossing.set_job(id);
    crossing.set_attempt(job.attempt());
    crossing.set_from_region(s.config.region);
    crossing.set_to_region(job.region());
    crossing.set_home_region(s.config.region);
    *crossing.mutable_item() = item;
    *crossing.mutable_exporter() = tenant_of(s, job.submitter().tenant());
    const auto peer = s.peers.find(job.region());
    *crossing.mutable_recipient() = peer != s.peers.end() && !peer->second.operator_tenant.id().empty()
                                        ? peer->second.operator_tenant
                                        : tenant_of(s, job.region());
    *crossing.mutable_submitter() = job.submitter();
    crossing.set_purpose(job.purpose());
    crossing.set_project(job.project());
    begin_sending(s, std::move(crossing), false);
  }
}

bool may_repeat(const State& s, const pb::Job& job, const std::string& failure_class, bool may_have_started) {
  if (repeat_of(failure_class) == Repeat::kNever) return false;
  if (static_cast<int>(job.attempt()) >= s.config.attempts_max) return false;
  return !may_have_started || job.task().resources().preemptible();
}

bool is_excluded(const pb::Job& job, const std::string& region) {
  return std::any_of(job.attempts().begin(), job.attempts().end(), [&](const pb::Attempt& earlier) {
    return earlier.region() == region && repeat_of(earlier.failure_class()) == Repeat::kElsewhere;
  });
}

bool was_tried(const pb::Job& job, const std::string& region) {
  return std::any_of(job.attempts().begin(), job.attempts().end(),
                     [&](const pb::Attempt& earlier) { return earlier.region() == region; });
}

// The best place that may and can run it and did not refuse it for good; fresh and reachable ones first.
std::optional<Candidate> next_place(const State& s, const pb::Job& job, const std::string& not_in = {}) {
  const std::vector<pb::Item> brought(job.items().begin(), job.items().end());
  std::vector<Candidate> places =
      candidates(s, Plan{job.task(), job.submitter(), job.project(), job.purpose(), brought}, s.now);
  std::erase_if(places, [&](const Candidate& place) {
    return !place.unfit.empty() || place.verdict.effect() == "forbid" || is_excluded(job, place.region) ||
           place.region == not_in;
  });
  // The first of the best: candidates come best first.
  const auto best =
      std::min_element(places.begin(), places.end(), [&](const Candidate& a, const Candidate& b) {
        return std::pair(was_tried(job, a.region), !a.reachable) <
               std::pair(was_tried(job, b.region), !b.reachable);
      });
  if (best == places.end()) return std::nullopt;
  return *best;
}

// Nothing of the attempt can begin without an item that has not left home and now never will.
bool is_stopped_by_us(const State& s, const pb::Job& job) {
  const auto outgoing = crossings_of(s, job, true);
  return std::any_of(outgoing.begin(), outgoing.end(), [&](const std::string& id) {
    const pb::CrossingState state = s.crossings.at(id).state();
    return state == pb::CROSSING_ASKED || state == pb::CROSSING_HELD || state == pb::CROSSING_DECIDING;
  });
}

void expire_offer(State& s, const std::string& id) {
  // With nowhere else to go that answers, it waits for this place until the job's own deadline.
  const auto other = next_place(s, s.jobs.at(id), s.jobs.at(id).region());
  if (!other || !other->reachable || static_cast<int>(s.jobs.at(id).attempt()) >= s.config.attempts_max) {
    return s.job_waits.set(id, s.now + s.config.offer_expiry);
  }
  pb::Job& job = s.edit_job(id);
  tell_to_cancel(s, job, true);
  const std::string why = job.region() + " did not answer in time";
  if (is_stopped_by_us(s, job)) return attempt_failed(s, job, failure::kOfferExpired, why, false);
  job.set_withdrawing(true);  // what may have begun there is asked back; its answer is waited for
  job.set_reason(why);
}

void expire_job(State& s, const std::string& id) {
  pb::Job& job = s.edit_job(id);
  if (job.offered()) tell_to_cancel(s, job, false);
  end_job(s, job, pb::JOB_EXPIRED, failure::kDeadline, "it was not at its end in time");
}

void tick_job(State& s, const std::string& id) {
  switch (s.jobs.at(id).state()) {
    case pb::JOB_QUEUED:
      return place_job(s, id);
    case pb::JOB_OFFERED:
      return expire_offer(s, id);
    case pb::JOB_CANCELLING: {
      pb::Job& job = s.edit_job(id);
      return move_job(s, job, pb::JOB_CANCELLED, job.region() + " has not confirmed yet that it stopped");
    }
    default:
      return;
  }
}

// Its place is not in the configuration any more: a restart is the moment to see that.
void leave_gone_peer(State& s, const std::string& id) {
  pb::Job& job = s.edit_job(id);
  const std::string why = job.region() + " has left the federation";
  if (job.state() == pb::JOB_CANCELLING) return move_job(s, job, pb::JOB_CANCELLED, why);
  const bool may_have_started =
      job.offered() && !(job.state() == pb::JOB_OFFERED && is_stopped_by_us(s, job));
  attempt_failed(s, job, failure::kPeerGone, why, may_have_started);
}

}  // namespace

std::vector<std::string> crossings_of(const State& s, const pb::Job& job, bool sent_from_home) {
  std::vector<std::string> ids;
  const std::string prefix = run_key(job.id(), job.attempt()) + ".";
  for (auto at = s.crossings.lower_bound(prefix); at != s.crossings.end() && at->first.starts_with(prefix);
       ++at) {
    if (!sent_from_home || s.is_self(at->second.from_region())) ids.push_back(at->first);
  }
  return ids;
}

void place_job(State& s, const std::string& id) {
  pb::Job& job = s.edit_job(id);
  const auto place = next_place(s, job);
  if (!place && job.attempts().empty()) {
    return end_job(s, job, pb::JOB_SYSTEM_ERROR, failure::kPolicy,
                   "no region may take it with what it brings along (`hetao explain` shows why)");
  }
  if (!place) {
    const pb::Attempt& last = job.attempts(job.attempts_size() - 1);
    return end_job(s, job, pb::JOB_SYSTEM_ERROR, last.failure_class(), last.reason());
  }
  job.set_region(place->region);
  job.set_platform(place->platform);
  *job.mutable_verdict() = place->verdict;
  job.clear_reason();
  move_job(s, job, pb::JOB_DECIDING);
  begin_attempt(s, id);
}

void begin_attempt(State& s, const std::string& id) {
  begin_inputs(s, id);
  update_job(s, id);
}

void cancel_outgoing(State& s, const pb::Job& job, const std::string& why) {
  for (const std::string& id : crossings_of(s, job, true)) cancel_crossing(s, id, why);
}

void tell_to_cancel(State& s, const pb::Job& job, bool unless_begun) {
  pb::PeerMessage message;
  message.mutable_cancel_run()->set_job(job.id());
  message.mutable_cancel_run()->set_attempt(job.attempt());
  message.mutable_cancel_run()->set_unless_begun(unless_begun);
  tell(s, job.region(), std::move(message));
}

void end_job(State& s, pb::Job& job, pb::JobState state, const std::string& failure_class,
             const std::string& reason) {
  if (!reason.empty()) job.set_reason(reason);  // not that it once waited for a reviewer
  if (!reason.empty()) job.add_notes(reason);
  job.set_failure_class(failure_class);
  const bool expired = state == pb::JOB_SYSTEM_ERROR && failure_class == failure::kHoldExpired;
  move_job(s, job, expired && may_move(job.state(), pb::JOB_EXPIRED) ? pb::JOB_EXPIRED : state, reason);
  cancel_outgoing(s, job, "the job ended");
}

void attempt_failed(State& s, pb::Job& job, const std::string& failure_class, const std::string& reason,
                    bool may_have_started) {
  pb::Attempt& over = *job.add_attempts();
  over.set_number(job.attempt());
  over.set_region(job.region());
  over.set_failure_class(failure_class);
  over.set_reason(reason);
  over.set_ended_micros(s.now.micros);
  over.set_may_have_started(may_have_started);
  if (!may_move(job.state(), pb::JOB_QUEUED) || !may_repeat(s, job, failure_class, may_have_started) ||
      !next_place(s, job)) {
    return end_job(s, job, pb::JOB_SYSTEM_ERROR, failure_class, reason);
  }
  cancel_outgoing(s, job, "the attempt ended");
  job.add_notes("attempt " + std::to_string(job.attempt()) + " in " + job.region() + ": " + reason);
  job.set_attempt(job.attempt() + 1);
  job.set_offered(false);
  job.set_withdrawing(false);
  job.clear_report();
  job.set_reason("attempt " + std::to_string(over.number()) + " in " + over.region() + ": " + reason);
  move_job(s, job, pb::JOB_QUEUED, "for attempt " + std::to_string(job.attempt()) + ": " + reason);
  const Duration wait{s.config.retry_first.micros << std::min(job.attempts_size() - 1, 20)};
  s.job_waits.set(job.id(), s.now + std::min(wait, s.config.retry_most));
}

void tick_jobs(State& s) {
  for (const std::string& id : s.job_deadlines.take_due(s.now)) {
    const auto at = s.jobs.find(id);
    if (at == s.jobs.end() || is_final(at->second.state())) continue;
    if (at->second.state() != pb::JOB_CANCELLING) expire_job(s, id);
  }
  for (const std::string& id : s.job_waits.take_due(s.now)) {
    if (s.jobs.contains(id)) tick_job(s, id);
  }
}

void resume_jobs(State& s) {
  std::vector<std::string> open;
  for (const auto& [id, job] : s.jobs) {
    if (!is_final(job.state())) open.push_back(id);
  }
  for (const std::string& id : open) {
    const pb::Job& job = s.jobs.at(id);
    if (job.deadline_micros() != 0) s.job_deadlines.set(id, Instant{job.deadline_micros()});
    // The clock may have been set meanwhile: every wait is begun again, whole.
    resume_fetches(s, job);
    if (job.state() == pb::JOB_QUEUED && !waits_for_fetches(job))
      s.job_waits.set(id, s.now + s.config.retry_first);
    if (job.state() == pb::JOB_CANCELLING) s.job_waits.set(id, s.now + s.config.cancel_patience);
    if (job.state() == pb::JOB_OFFERED && !job.withdrawing() && !s.is_self(job.region()))
      s.job_waits.set(id, s.now + s.config.offer_expiry);
    for (const pb::Delivery& delivery : job.deliveries()) {
      if (delivery.state() == "delivering") s.effect(DeliverOutput{id, delivery});
    }
    if (!s.is_self(job.region()) && !s.peers.contains(job.region())) leave_gone_peer(s, id);
    s.jobs.close();  // there may be very many
  }
}

}  // namespace hetao::federation
