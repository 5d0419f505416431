// What is over leaves the core: a job with all that belongs to it (runs, crossings, reviews, its
// Idempotency-Key) moves to the archive's tables (record.h) once nothing of it can change any more and it has
// rested for `retire_after`. Memory and start-up then cost what is open, not what ever was.
//
// What an archived job still has a say in is kept where it is asked for: blobs that it holds (kPastBlob,
// asked before a blob is dropped), what its runs cost this month (Spent), its Idempotency-Key. Internal to
// the federation room.
#pragma once

#include <string>

#include "gateway/federation/state.h"

namespace hetao::federation {

// Something of this job changed: whether it may go is looked at once it has rested.
void let_rest(State& s, const std::string& job);
void tick_archive(State& s);
void resume_archive(State& s);

}  // namespace hetao::federation
