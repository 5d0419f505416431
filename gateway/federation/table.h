// The state machines of a job, a run, a crossing and a review, as tables. Every change of state goes through
// may_move; a change that is not in the table is a broken invariant.
#pragma once

#include <span>

#include "proto/state.pb.h"

namespace hetao::federation {

template <class State>
struct Move {
  State from;
  State to;
  const char* when;  // for the handbook's picture
};

std::span<const Move<pb::JobState>> job_moves();
std::span<const Move<pb::RunState>> run_moves();
std::span<const Move<pb::CrossingState>> crossing_moves();

bool may_move(pb::JobState from, pb::JobState to);
bool may_move(pb::RunState from, pb::RunState to);
bool may_move(pb::CrossingState from, pb::CrossingState to);

// No move leads out of it.
bool is_final(pb::JobState state);
bool is_final(pb::RunState state);
bool is_final(pb::CrossingState state);

// Lower-case words for people, JSON and the ledger: "staging".
const char* to_word(pb::JobState state);
const char* to_word(pb::RunState state);
const char* to_word(pb::CrossingState state);
const char* to_word(pb::ReviewState state);

}  // namespace hetao::federation
