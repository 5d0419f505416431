// A job at the place where it runs: from the offer to the last output that went home.
#pragma once

#include "gateway/federation/state.h"

namespace hetao::federation {

void on_offer(State& s, const std::string& from, const pb::Offer& offer);
void on_cancel_run(State& s, const std::string& from, const pb::CancelRun& cancel);

void on_run_submitted(State& s, const RunSubmitted& event);
void on_run_found(State& s, const RunFound& event);
void on_run_released(State& s, const RunReleased& event);
void on_run_observed(State& s, const RunObserved& event);
void on_run_collected(State& s, const RunCollected& event);

// Looks at the run's crossings and moves it on. To be called whenever one of them changed.
void update_run(State& s, const std::string& key);
// Carries out what time alone makes due.
void tick_runs(State& s);
// Asks again for what a restart interrupted.
void resume_runs(State& s);

}  // namespace hetao::federation
