#include "gateway/federation/table.h"

#include <algorithm>
#include <array>

namespace hetao::federation {

namespace {

using pb::CrossingState;
using pb::JobState;
using pb::RunState;

constexpr std::array kJobMoves = std::to_array<Move<JobState>>({
    {pb::JOB_QUEUED, pb::JOB_DECIDING, "its turn has come: places are compared"},
    {pb::JOB_QUEUED, pb::JOB_SYSTEM_ERROR, "nowhere left where it may and can run"},
    {pb::JOB_QUEUED, pb::JOB_CANCELLED, "cancelled before its place was asked"},
    {pb::JOB_QUEUED, pb::JOB_EXPIRED, "its time is over"},
    {pb::JOB_DECIDING, pb::JOB_QUEUED, "refused here for that place; another is tried"},
    {pb::JOB_DECIDING, pb::JOB_HELD, "a crossing waits for a reviewer of this side"},
    {pb::JOB_DECIDING, pb::JOB_OFFERED, "all that leaves home is permitted; its place is asked"},
    {pb::JOB_DECIDING, pb::JOB_SYSTEM_ERROR, "refused, or nowhere left where it may and can run"},
    {pb::JOB_HELD, pb::JOB_QUEUED, "this attempt failed; another begins"},
    {pb::JOB_HELD, pb::JOB_OFFERED, "the reviewer let it through"},
    {pb::JOB_HELD, pb::JOB_STAGING, "the other side's reviewer let it through"},
    {pb::JOB_HELD, pb::JOB_RUNNING, "news overtook"},
    {pb::JOB_HELD, pb::JOB_INSPECTING, "news overtook"},
    {pb::JOB_HELD, pb::JOB_RETURNING, "news overtook"},
    {pb::JOB_HELD, pb::JOB_SYSTEM_ERROR, "refused"},
    {pb::JOB_HELD, pb::JOB_CANCELLING, "cancelled"},
    {pb::JOB_HELD, pb::JOB_CANCELLED, "cancelled before its place was asked"},
    {pb::JOB_HELD, pb::JOB_EXPIRED, "nobody answered the hold in time, or its time is over"},
    {pb::JOB_OFFERED, pb::JOB_QUEUED, "refused there, or not answered in time; another attempt begins"},
    {pb::JOB_OFFERED, pb::JOB_HELD, "the other side holds a crossing"},
    {pb::JOB_OFFERED, pb::JOB_STAGING, "accepted; inputs on their way"},
    {pb::JOB_OFFERED, pb::JOB_RUNNING, "accepted and started"},
    {pb::JOB_OFFERED, pb::JOB_INSPECTING, "news overtook"},
    {pb::JOB_OFFERED, pb::JOB_RETURNING, "news overtook"},
    {pb::JOB_OFFERED, pb::JOB_SYSTEM_ERROR, "the place refused, and no attempt is left"},
    {pb::JOB_OFFERED, pb::JOB_CANCELLING, "cancelled"},
    {pb::JOB_OFFERED, pb::JOB_EXPIRED, "a hold was not answered in time, or its time is over"},
    {pb::JOB_STAGING, pb::JOB_QUEUED, "this attempt failed before it began; another begins"},
    {pb::JOB_STAGING, pb::JOB_HELD, "a crossing waits for a reviewer"},
    {pb::JOB_STAGING, pb::JOB_RUNNING, "started"},
    {pb::JOB_STAGING, pb::JOB_INSPECTING, "news overtook"},
    {pb::JOB_STAGING, pb::JOB_RETURNING, "news overtook"},
    {pb::JOB_STAGING, pb::JOB_SYSTEM_ERROR, "an input was refused, or the platform would not take it"},
    {pb::JOB_STAGING, pb::JOB_CANCELLING, "cancelled"},
    {pb::JOB_STAGING, pb::JOB_EXPIRED, "a hold was not answered in time, or its time is over"},
    {pb::JOB_RUNNING, pb::JOB_QUEUED, "the platform lost it, and it may be repeated"},
    {pb::JOB_RUNNING, pb::JOB_INSPECTING, "it ended; what leaves is read first"},
    {pb::JOB_RUNNING, pb::JOB_RETURNING, "it ended"},
    {pb::JOB_RUNNING, pb::JOB_SYSTEM_ERROR, "the platform lost it"},
    {pb::JOB_RUNNING, pb::JOB_CANCELLING, "cancelled"},
    {pb::JOB_RUNNING, pb::JOB_EXPIRED, "its time is over"},
    {pb::JOB_INSPECTING, pb::JOB_RETURNING, "outputs are read and decided; on their way"},
    {pb::JOB_INSPECTING, pb::JOB_SYSTEM_ERROR, "its place gave it up"},
    {pb::JOB_INSPECTING, pb::JOB_CANCELLING, "cancelled"},
    {pb::JOB_INSPECTING, pb::JOB_EXPIRED, "its time is over"},
    {pb::JOB_RETURNING, pb::JOB_COMPLETE, "outputs are where they belong"},
    {pb::JOB_RETURNING, pb::JOB_EXECUTOR_ERROR, "an executor failed; what it left is here"},
    {pb::JOB_RETURNING, pb::JOB_SYSTEM_ERROR, "an output may not leave, or could not be delivered"},
    {pb::JOB_RETURNING, pb::JOB_CANCELLING, "cancelled"},
    {pb::JOB_RETURNING, pb::JOB_EXPIRED, "its time is over"},
    {pb::JOB_CANCELLING, pb::JOB_CANCELLED,
     "nothing runs or moves any more, or its place did not say so in time"},
});

constexpr std::array kRunMoves = std::to_array<Move<RunState>>({
    {pb::RUN_WAITING, pb::RUN_SUBMITTING, "every input is here"},
    {pb::RUN_WAITING, pb::RUN_REFUSED, "an input was refused, or it may not run here"},
    {pb::RUN_WAITING, pb::RUN_CANCELLED, "cancelled"},
    {pb::RUN_SUBMITTING, pb::RUN_RELEASING, "submitted held; its id is recorded"},
    {pb::RUN_SUBMITTING, pb::RUN_REFUSED, "the platform refuses it"},
    {pb::RUN_SUBMITTING, pb::RUN_CANCELLED, "cancelled, and surely not there"},
    {pb::RUN_SUBMITTING, pb::RUN_CANCELLING, "cancelled, and found there"},
    {pb::RUN_RELEASING, pb::RUN_RUNNING, "released"},
    {pb::RUN_RELEASING, pb::RUN_SUBMITTING, "the platform forgot the submission"},
    {pb::RUN_RELEASING, pb::RUN_CANCELLING, "cancelled"},
    {pb::RUN_RELEASING, pb::RUN_COLLECTING, "seen ended before the release was answered"},
    {pb::RUN_RELEASING, pb::RUN_LOST, "the platform lost it"},
    {pb::RUN_RUNNING, pb::RUN_COLLECTING, "it ended"},
    {pb::RUN_RUNNING, pb::RUN_LOST, "the platform lost it"},
    {pb::RUN_RUNNING, pb::RUN_SUBMITTING, "the platform forgot it before it began"},
    {pb::RUN_RUNNING, pb::RUN_CANCELLING, "cancelled"},
    {pb::RUN_COLLECTING, pb::RUN_INSPECTING, "outputs are in the blob store; what leaves is read first"},
    {pb::RUN_COLLECTING, pb::RUN_RETURNING, "outputs are in the blob store; none leaves"},
    {pb::RUN_COLLECTING, pb::RUN_CANCELLED, "cancelled"},
    {pb::RUN_INSPECTING, pb::RUN_RETURNING, "all are read and decided here"},
    {pb::RUN_INSPECTING, pb::RUN_CANCELLED, "cancelled"},
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
    {pb::CROSSING_DECIDING, pb::CROSSING_EXPIRED, "the other side's hold was not answered in time"},
    {pb::CROSSING_HELD, pb::CROSSING_ASKED, "our reviewer let it through; the receiver is asked"},
    {pb::CROSSING_HELD, pb::CROSSING_MOVING, "our reviewer let it through; the sender permits it"},
    {pb::CROSSING_HELD, pb::CROSSING_REFUSED, "our reviewer refused"},
    {pb::CROSSING_HELD, pb::CROSSING_CANCELLED, "cancelled"},
    {pb::CROSSING_HELD, pb::CROSSING_EXPIRED, "nobody answered in time"},
    {pb::CROSSING_ASKED, pb::CROSSING_MOVING, "the receiver permits it; departed is booked"},
    {pb::CROSSING_ASKED, pb::CROSSING_DECIDING, "our policy or the day is another one now; decided again"},
    {pb::CROSSING_ASKED, pb::CROSSING_REFUSED, "the receiver refused"},
    {pb::CROSSING_ASKED, pb::CROSSING_CANCELLED, "cancelled"},
    {pb::CROSSING_ASKED, pb::CROSSING_EXPIRED, "the receiver's hold was not answered in time"},
    {pb::CROSSING_MOVING, pb::CROSSING_DECIDING, "it did not depart yet, and our policy is another one now"},
    {pb::CROSSING_MOVING, pb::CROSSING_DONE, "arrived, digest and size as announced; booked"},
    {pb::CROSSING_MOVING, pb::CROSSING_REFUSED, "it can never arrive; recalled is booked"},
});

constexpr std::array kFailureClasses = std::to_array<FailureClass>({
    {failure::kExecutor, Repeat::kNever, "a program ended with an error"},
    {failure::kPolicy, Repeat::kElsewhere, "a policy of either side forbids a crossing or the place"},
    {failure::kReview, Repeat::kNever, "a reviewer refused"},
    {failure::kHoldExpired, Repeat::kNever, "nobody answered a hold in time"},
    {failure::kDeadline, Repeat::kNever, "the job's time was over"},
    {failure::kOfferExpired, Repeat::kAnywhere, "its place did not answer the offer in time"},
    {failure::kRefused, Repeat::kAnywhere, "its place or that place's platform would not take it"},
    {failure::kTransfer, Repeat::kAnywhere, "an input could not be moved"},
    {failure::kInput, Repeat::kElsewhere, "an input is not to be had in that place"},
    {failure::kLost, Repeat::kAnywhere, "the platform lost it"},
    {failure::kStopped, Repeat::kNever, "stopped in its place by somebody there"},
    {failure::kPeerGone, Repeat::kElsewhere, "its place has left the federation"},
    {failure::kOutput, Repeat::kNever, "an output may not leave its place"},
    {failure::kDelivery, Repeat::kNever, "an output could not be delivered"},
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

std::span<const FailureClass> failure_classes() {
  return kFailureClasses;
}

Repeat repeat_of(std::string_view failure_class) {
  for (const FailureClass& known : kFailureClasses) {
    if (known.word == failure_class) return known.repeat;
  }
  return Repeat::kAnywhere;  // a place of another version refused for a reason of its own
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
    case pb::JOB_DECIDING:
      return "deciding";
    case pb::JOB_INSPECTING:
      return "inspecting";
    case pb::JOB_EXPIRED:
      return "expired";
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
    case pb::RUN_INSPECTING:
      return "inspecting";
    case pb::RUN_LOST:
      return "lost";
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
    case pb::CROSSING_EXPIRED:
      return "expired";
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
    case pb::REVIEW_EXPIRED:
      return "expired";
    default:
      return "unknown";
  }
}

}  // namespace hetao::federation
