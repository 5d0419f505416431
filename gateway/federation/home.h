// A job at its home: the gateway that acknowledged it and owes its owner an end.
#pragma once

#include "gateway/federation/state.h"

namespace hetao::federation {

void on_submit_job(State& s, SubmitJob event);
void on_cancel_job(State& s, const CancelJob& event);
void on_job_news(State& s, const std::string& from, const pb::JobNews& news);
void on_output_delivered(State& s, const OutputDelivered& event);

// Looks at the job's crossings and moves it on. To be called whenever one of them changed.
void update_job(State& s, const std::string& id);

}  // namespace hetao::federation
