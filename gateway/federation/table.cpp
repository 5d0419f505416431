#include "gateway/federation/table.h"

#include <algorithm>
#include <array>

namespace hetao::federation {

namespace {

using pb::CrossingState;
using pb::JobState;
using pb::RunState;

constexpr std::array kJobMoves = std::to_array<Move<JobState>>({
    {pb::JOB_QUEUED, pb::JOB_HELD, "a crossing waits for a reviewer of either side"},
    {pb::JOB_QUEUED, pb::JOB_OFFERED, "all that leaves home is permitted; its place is asked"},
    {pb::JOB_QUEUED, pb::JOB_SYSTEM_ERROR, "refused by a reviewer"},
    {pb::JOB_QUEUED, pb::JOB_CANCELLED, "cancelled before its place was asked"},
    {pb::JOB_HELD, pb::JOB_OFFERED, "the reviewer let it through"},
    {pb::JOB_HELD, pb::JOB_STAGING, "the other side's reviewer let it through"},
    {pb::JOB_HELD, pb::JOB_RUNNING, "news overtook"},
    {pb::JOB_HELD, pb::JOB_RETURNING, "news overtook"},
    {pb::JOB_HELD, pb::JOB_SYSTEM_ERROR, "refused"},
    {pb::JOB_HELD, pb::JOB_CANCELLING, "cancelled"},
    {pb::JOB_HELD, pb::JOB_CANCELLED, "cancelled before its place was asked"},
    {pb::JOB_OFFERED, pb::JOB_HELD, "the other side holds a crossing"},
    {pb::JOB_OFFERED, pb::JOB_STAGING, "accepted; inputs on their way"},
    {pb::JOB_OFFERED, pb::JOB_RUNNING, "accepted and started"},
    {pb::JOB_OFFERED, pb::JOB_RETURNING, "news overtook"},
    {pb::JOB_OFFERED, pb::JOB_SYSTEM_ERROR, "the place refused"},
    {pb::JOB_OFFERED, pb::JOB_CANCELLING, "cancelled"},
    {pb::JOB_STAGING, pb::JOB_HELD, "a crossing waits for a reviewer"},
    {pb::JOB_STAGING, pb::JOB_RUNNING, "started"},
    {pb::JOB_STAGING, pb::JOB_RETURNING, "news overtook"},
    {pb::JOB_STAGING, pb::JOB_SYSTEM_ERROR, "an input was refused, or the platform would not take it"},
    {pb::JOB_STAGING, pb::JOB_CANCELLING, "cancelled"},
    {pb::JOB_RUNNING, pb::JOB_RETURNING, "it ended"},
    {pb::JOB_RUNNING, pb::JOB_SYSTEM_ERROR, "the platform lost it"},
    {pb::JOB_RUNNING, pb::JOB_CANCELLING, "cancelled"},
    {pb::JOB_RETURNING, pb::JOB_COMPLETE, "outputs are where they belong"},
    {pb::JOB_RETURNING, pb::JOB_EXECUTOR_ERROR, "an executor failed; what it left is here"},
    {pb::JOB_RETURNING, pb::JOB_SYSTEM_ERROR, "an output may not leave, or could not be delivered"},
    {pb::JOB_RETURNING, pb::JOB_CANCELLING, "cancelled"},
    {pb::JOB_CANCELLING, pb::JOB_CANCELLED, "nothing runs or moves any more"},
});

constexpr std::array kRunMoves = std::to_array<Move<RunState>>({
    {pb::RUN_WAITING, pb::RUN_SUBMITTING, "every input is here"},
    {pb::RUN_WAITING, pb::RUN_REFUSED, "an input was refused"},
    {pb::RUN_WAITING, pb::RUN_CANCELLED, "cancelled"},
    {pb::RUN_SUBMITTING, pb::RUN_RELEASING, "submitted held; its id is recorded"},
    {pb::RUN_SUBMITTING, pb::RUN_REFUSED, "the platform refuses it"},
    {pb::RUN_SUBMITTING, pb::RUN_CANCELLED, "cancelled, and surely not there"},
    {pb::RUN_SUBMITTING, pb::RUN_CANCELLING, "cancelled, and found there"},
    {pb::RUN_RELEASING, pb::RUN_RUNNING, "released"},
    {pb::RUN_RELEASING, pb::RUN_SUBMITTING, "the platform forgot the submission"},
    {pb::RUN_RELEASING, pb::RUN_CANCELLING, "cancelled"},
    {pb::RUN_RELEASING, pb::RUN_COLLECTING, "seen ended before the release was answered"},
    {pb::RUN_RUNNING, pb::RUN_COLLECTING, "it ended"},
    {pb::RUN_RUNNING, pb::RUN_CANCELLING, "cancelled"},
    {pb::RUN_COLLECTING, pb::RUN_RETURNING, "outputs are in the blob store"},
    {pb::RUN_COLLECTING, pb::RUN_CANCELLED, "cancelled"},
    {pb::RUN_RETURNING, pb::RUN_DONE, "every output arrived, or may not leave"},
    {pb::RUN_RETURNING, pb::RUN_CANCELLED, "cancelled"},
    {pb::RUN_CANCELLING, pb::RUN_CANCELLED, "the platform has stopped it"},
});

constexpr std::array kCrossingMoves = std::to_array<Move<CrossingState>>({
    {pb::CROSSING_DECIDING, pb::CROSSING_HELD, "our policy holds it"},
    {pb::CROSSING_DECIDING, pb::CROSSING_ASKED, "our policy permits it; the receiver is asked"},
    {pb::CROSSING_DECIDING, pb::CROSSING_MOVING, "the sender and we permit it"},
    {pb::CROSSING_DECIDING, pb::CROSSING_REFUSED, "either policy forbids it"},
    {pb::CROSSING_DECIDING, pb::CROSSING_CANCELLED, "cancelled"},
    {pb::CROSSING_HELD, pb::CROSSING_ASKED, "our reviewer let it through; the receiver is asked"},
    {pb::CROSSING_HELD, pb::CROSSING_MOVING, "our reviewer let it through; the sender permits it"},
    {pb::CROSSING_HELD, pb::CROSSING_REFUSED, "our reviewer refused"},
    {pb::CROSSING_HELD, pb::CROSSING_CANCELLED, "cancelled"},
    {pb::CROSSING_ASKED, pb::CROSSING_MOVING, "the receiver permits it; departed is booked"},
    {pb::CROSSING_ASKED, pb::CROSSING_REFUSED, "the receiver refused"},
    {pb::CROSSING_ASKED, pb::CROSSING_CANCELLED, "cancelled"},
    {pb::CROSSING_MOVING, pb::CROSSING_DONE, "arrived, digest and size as announced; booked"},
    {pb::CROSSING_MOVING, pb::CROSSING_REFUSED, "it can never arrive; recalled is booked"},
});

template <class State, size_t N>
bool contains(const std::array<Move<State>, N>& moves, State from, State to) {
  return std::any_of(moves.begin(), moves.end(),
                     [&](const Move<State>& m) { return m.from == from && m.to == to; });
}

template <class State, size_t N>
bool leads_nowhere(const std::array<Move<State>, N>& moves, State state) {
  return std::none_of(moves.begin(), moves.end(), [&](const Move<State>& m) { return m.from == state; });
}

}  // namespace

std::span<const Move<pb::JobState>> job_moves() {
  return kJobMoves;
}
std::span<const Move<pb::RunState>> run_moves() {
  return kRunMoves;
}
std::span<const Move<pb::CrossingState>> crossing_moves() {
  return kCrossingMoves;
}

bool may_move(pb::JobState from, pb::JobState to) {
  return contains(kJobMoves, from, to);
}
bool may_move(pb::RunState from, pb::RunState to) {
  return contains(kRunMoves, from, to);
}
bool may_move(pb::CrossingState from, pb::CrossingState to) {
  return contains(kCrossingMoves, from, to);
}

bool is_final(pb::JobState state) {
  return leads_nowhere(kJobMoves, state);
}
bool is_final(pb::RunState state) {
  return leads_nowhere(kRunMoves, state);
}
bool is_final(pb::CrossingState state) {
  return leads_nowhere(kCrossingMoves, state);
}

const char* to_word(pb::JobState state) {
  switch (state) {
    case pb::JOB_QUEUED:
      return "queued";
    case pb::JOB_HELD:
      return "held";
    case pb::JOB_OFFERED:
      return "offered";
    case pb::JOB_STAGING:
      return "staging";
    case pb::JOB_RUNNING:
      return "running";
    case pb::JOB_RETURNING:
      return "returning";
    case pb::JOB_COMPLETE:
      return "complete";
    case pb::JOB_EXECUTOR_ERROR:
      return "executor-error";
    case pb::JOB_SYSTEM_ERROR:
      return "system-error";
    case pb::JOB_CANCELLING:
      return "cancelling";
    case pb::JOB_CANCELLED:
      return "cancelled";
    default:
      return "unknown";
  }
}

const char* to_word(pb::RunState state) {
  switch (state) {
    case pb::RUN_WAITING:
      return "waiting";
    case pb::RUN_SUBMITTING:
      return "submitting";
    case pb::RUN_RELEASING:
      return "releasing";
    case pb::RUN_RUNNING:
      return "running";
    case pb::RUN_COLLECTING:
      return "collecting";
    case pb::RUN_RETURNING:
      return "returning";
    case pb::RUN_DONE:
      return "done";
    case pb::RUN_CANCELLING:
      return "cancelling";
    case pb::RUN_CANCELLED:
      return "cancelled";
    case pb::RUN_REFUSED:
      return "refused";
    default:
      return "unknown";
  }
}

const char* to_word(pb::CrossingState state) {
  switch (state) {
    case pb::CROSSING_DECIDING:
      return "deciding";
    case pb::CROSSING_HELD:
      return "held";
    case pb::CROSSING_ASKED:
      return "asked";
    case pb::CROSSING_MOVING:
      return "moving";
    case pb::CROSSING_DONE:
      return "done";
    case pb::CROSSING_REFUSED:
      return "refused";
    case pb::CROSSING_CANCELLED:
      return "cancelled";
    default:
      return "unknown";
  }
}

const char* to_word(pb::ReviewState state) {
  switch (state) {
    case pb::REVIEW_OPEN:
      return "open";
    case pb::REVIEW_APPROVED:
      return "approved";
    case pb::REVIEW_REJECTED:
      return "rejected";
    case pb::REVIEW_CLOSED:
      return "closed";
    default:
      return "unknown";
  }
}

}  // namespace hetao::federation
