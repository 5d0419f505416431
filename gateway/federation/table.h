// The state machines of a job, a run, a crossing and a review, as tables. Every change of state goes through
// may_move; a change that is not in the table is a broken invariant.
#pragma once

#include <span>
#include <string_view>

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

// Why a job or an attempt failed, as a word of its record (`failure_class`), and whether another attempt may
// follow. An attempt that may have started is repeated only if its task says that it may be (`preemptible`).
enum class Repeat { kNever, kElsewhere, kAnywhere };

struct FailureClass {
  std::string_view word;
  Repeat repeat;
  const char* when;  // for the handbook
};

namespace failure {
inline constexpr const char* kExecutor = "executor";
inline constexpr const char* kPolicy = "policy";
inline constexpr const char* kReview = "review";
inline constexpr const char* kHoldExpired = "hold-expired";
inline constexpr const char* kDeadline = "deadline";
inline constexpr const char* kOfferExpired = "offer-expired";
inline constexpr const char* kRefused = "refused";
inline constexpr const char* kTransfer = "transfer";
inline constexpr const char* kInput = "input";
inline constexpr const char* kLost = "lost";
inline constexpr const char* kStopped = "stopped";
inline constexpr const char* kPeerGone = "peer-gone";
inline constexpr const char* kOutput = "output";
inline constexpr const char* kDelivery = "delivery";
}  // namespace failure

std::span<const FailureClass> failure_classes();
Repeat repeat_of(std::string_view failure_class);

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
