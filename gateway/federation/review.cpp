#include "gateway/federation/review.h"

#include "gateway/federation/counters.h"
#include "gateway/federation/crossing.h"
#include "gateway/federation/crossing_parts.h"
#include "gateway/federation/decide.h"
#include "gateway/federation/obligations.h"
#include "gateway/federation/table.h"

namespace hetao::federation {

namespace {

// What a reviewer let through is a permit that names the review. The policy of today is asked again first,
// with the counters of today: a reviewer answers a hold and can't lift what has become forbidden since.
void approve(State& s, pb::Crossing& crossing, const std::string& review) {
  if (sends(s, crossing)) {
    take_back_counters(s, crossing);
    fill_counter_facts(s, crossing);
  }
  pb::Verdict verdict = decide(s, crossing, s.now);
  const bool job_begins = sends(s, crossing) && verdict.effect() != "forbid" && reserve_counters(s, crossing);
  verdict.set_review(review);
  if (verdict.effect() == "hold") {
    verdict.set_effect("permit");
  }
  book_decision(s, crossing, verdict, job_begins);
  *crossing.mutable_ours() = std::move(verdict);
  crossing.clear_reason();
  follow_verdict(s, crossing);
}

void reject(State& s, pb::Crossing& crossing, const pb::Review& review) {
  crossing.mutable_ours()->set_effect("forbid");
  crossing.mutable_ours()->set_review(review.id());
  refuse(s, crossing, failure::kReview,
         "refused by a reviewer in " + s.config.region + ": " + review.reason());
  if (!sends(s, crossing)) return answer_sender(s, crossing);
  if (receiver_waits(crossing)) tell_ended(s, crossing, true);
}

std::optional<Error> cannot_answer(const State& s, const AnswerReview& event) {
  const std::string what = "review " + event.review;
  const auto at = s.reviews.find(event.review);
  if (at == s.reviews.end()) {
    return Error{ErrorCode::kNotFound, what, "there is no such review",
                 "`hetao review list` shows the open ones"};
  }
  if (at->second.state() != pb::REVIEW_OPEN) {
    return Error{ErrorCode::kFailed, what, std::string("is ") + to_word(at->second.state()) + " already", {}};
  }
  if (event.reason.empty()) {
    return Error{ErrorCode::kUsage, what, "an answer needs a reason", "say why with --reason"};
  }
  const pb::Crossing& crossing = s.crossings.at(at->second.crossing());
  if (crossing.item().digest() != at->second.item_digest()) {
    return Error{ErrorCode::kFailed, what, "was opened for other content than what would cross",
                 "submit the job again"};
  }
  if (ledger_name(crossing.submitter()) == ledger_name(event.who)) {
    return Error{ErrorCode::kNotAllowed, what, "the submitter of a job may not review it",
                 "ask another reviewer"};
  }
  // Masking comes before a decision, never after it.
  if (event.approve && !owed_masking(s, crossing, decide(s, crossing, s.now)).empty()) {
    return Error{ErrorCode::kFailed, what,
                 "by the policy that is active now, the item would have to be masked",
                 "reject it; the job can be submitted again"};
  }
  for (const pb::Approval& given : at->second.approvals()) {
    if (given.by() == ledger_name(event.who)) {
      return Error{ErrorCode::kNotAllowed, what,
                   "you have approved it already, and it needs another person too", "ask another reviewer"};
    }
  }
  return std::nullopt;
}

void add_approval(State& s, pb::Review& review, const AnswerReview& event) {
  pb::Approval& given = *review.add_approvals();
  given.set_by(ledger_name(event.who));
  given.set_reason(event.reason);
  given.set_at_micros(s.now.micros);
}

void book_answer(State& s, const AnswerReview& event, const pb::Crossing& crossing) {
  ledger::Entry& entry = book_item(s, "review", crossing);
  entry.who = ledger_name(event.who);
  entry.decision = event.approve ? "approved" : "rejected";
  entry.reason = event.reason;
}

void expire(State& s, const std::string& id) {
  pb::Review& review = s.edit_review(id);
  review.set_state(pb::REVIEW_EXPIRED);
  review.set_answered_micros(s.now.micros);
  pb::Crossing& crossing = s.edit_crossing(review.crossing());
  const std::string why = "nobody in " + s.config.region + " answered its hold in time";
  ledger::Entry& entry = book_item(s, "review", crossing);
  entry.who = s.config.operator_tenant;
  entry.decision = "expired";
  entry.reason = why;
  crossing.mutable_ours()->set_effect("forbid");
  refuse(s, crossing, failure::kHoldExpired, why);
  if (!sends(s, crossing) || receiver_waits(crossing)) tell_ended(s, crossing, true);
  notify(s, review.crossing());
}

}  // namespace

namespace {

// What the review waits for next: others are told of it, then its time is over.
void set_timer(State& s, const pb::Review& review, bool told) {
  const Instant end{review.expires_micros()};
  const Instant escalation = Instant{review.opened_micros()} + s.config.hold_escalation;
  s.review_timers.set(review.id(), told || escalation >= end ? end : escalation);
}

void escalate(State& s, const pb::Review& review) {
  const pb::Crossing& crossing = s.crossings.at(review.crossing());
  const std::string text = "review " + review.id() + " of " + crossing.item().kind() + " " +
                           crossing.item().name() + " is open since " +
                           to_rfc3339(Instant{review.opened_micros()}) + " and ends at " +
                           to_rfc3339(Instant{review.expires_micros()});
  ledger::Entry& entry = book_item(s, "notice", crossing);
  entry.extra["role"] = s.config.escalation_role;
  entry.reason = text;
  s.effect(NotifyRole{s.config.escalation_role, crossing.id(), text});
}

}  // namespace

void open_review(State& s, const pb::Crossing& crossing) {
  pb::Review& review = s.edit_review("rv-" + crossing.id());
  review.Clear();  // held once more, under another policy: what was said before is not for this one
  review.set_id("rv-" + crossing.id());
  review.set_crossing(crossing.id());
  review.set_item_digest(crossing.item().digest());
  review.set_state(pb::REVIEW_OPEN);
  review.set_opened_micros(s.now.micros);
  review.set_reviewers(reviewers_of(crossing.ours()));
  review.set_expires_micros((s.now + s.config.hold_expiry).micros);
  set_timer(s, review, false);
}

void close_review(State& s, const pb::Crossing& crossing) {
  const auto at = s.reviews.find("rv-" + crossing.id());
  if (at == s.reviews.end() || at->second.state() != pb::REVIEW_OPEN) return;
  s.edit_review(at->first).set_state(pb::REVIEW_CLOSED);
  s.review_timers.erase(at->first);
}

void on_answer_review(State& s, const AnswerReview& event) {
  if (auto error = cannot_answer(s, event)) {
    return s.effect(Answer{event.request, std::move(error), event.review, {}, false});
  }
  pb::Review& review = s.edit_review(event.review);
  if (event.approve) add_approval(s, review, event);
  const bool decided = !event.approve || review.approvals_size() >= static_cast<int>(review.reviewers());
  if (!decided) {
    book_answer(s, event, s.crossings.at(review.crossing()));
    return s.effect(Answer{event.request, std::nullopt, event.review, {}, false});
  }
  s.review_timers.erase(event.review);
  review.set_state(event.approve ? pb::REVIEW_APPROVED : pb::REVIEW_REJECTED);
  review.set_answered_micros(s.now.micros);
  review.set_answered_by(ledger_name(event.who));
  review.set_reason(event.reason);
  pb::Crossing& crossing = s.edit_crossing(review.crossing());
  book_answer(s, event, crossing);
  if (event.approve) {
    approve(s, crossing, event.review);
  } else {
    reject(s, crossing, review);
  }
  const std::string id = crossing.id();
  notify(s, id);
  s.effect(Answer{event.request, std::nullopt, event.review, {}, false});
}

void tick_reviews(State& s) {
  for (const std::string& id : s.review_timers.take_due(s.now)) {
    const auto at = s.reviews.find(id);
    if (at == s.reviews.end() || at->second.state() != pb::REVIEW_OPEN) continue;
    if (s.now.micros >= at->second.expires_micros()) {
      expire(s, id);
    } else {
      escalate(s, at->second);
      set_timer(s, at->second, true);
    }
  }
}

void resume_reviews(State& s) {
  std::vector<std::string> endless;
  for (const auto& [id, review] : s.reviews) {
    if (review.state() != pb::REVIEW_OPEN) continue;
    // Whether others were told is not on record: after a start they are told again.
    set_timer(s, review, false);
    if (review.expires_micros() == 0) endless.push_back(id);
  }
  // Reviews of before there was an end get their whole time from now.
  for (const std::string& id : endless) {
    pb::Review& review = s.edit_review(id);
    review.set_expires_micros((s.now + s.config.hold_expiry).micros);
    set_timer(s, review, false);
  }
}

}  // namespace hetao::federation
