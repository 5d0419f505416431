// The attempts of a job at its home: one place after the other, within a budget; and what time ends: offers
// that are not answered, cancels that are not confirmed, jobs that are not at their end in time.
//
// A further attempt begins only when the one before surely never starts any more, or has ended and its task
// says that it may be repeated (`preemptible`): a job is never started twice.
#pragma once

#include <string>
#include <vector>

#include "gateway/federation/state.h"

namespace hetao::federation {

// Crossings of the job's present attempt; only those that leave home if `sent_from_home`.
std::vector<std::string> crossings_of(const State& s, const pb::Job& job, bool sent_from_home);

// What the job brings along leaves home under our own verdict first; the place is asked when all of it is
// permitted.
void begin_attempt(State& s, const std::string& id);

// Compares places for a queued job as things stand now, and begins its attempt at the best; ends it where
// there is none.
void place_job(State& s, const std::string& id);

// This attempt comes to nothing: another one, if class, budget and time allow; else the job's end.
void attempt_failed(State& s, pb::Job& job, const std::string& failure_class, const std::string& reason,
                    bool may_have_started);

// The job's last word. `failure_class` may be empty.
void end_job(State& s, pb::Job& job, pb::JobState state, const std::string& failure_class,
             const std::string& reason);

// Ends what of this attempt has not left home yet.
void cancel_outgoing(State& s, const pb::Job& job, const std::string& why);
void tell_to_cancel(State& s, const pb::Job& job, bool unless_begun);

// Carries out what time alone makes due.
void tick_jobs(State& s);
// Asks again for what a restart interrupted.
void resume_jobs(State& s);

}  // namespace hetao::federation
