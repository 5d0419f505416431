// The talk with peers: a durable outbox at the sender and an idempotent inbox at the receiver turn messages
// that may be lost or repeated into effects that happen exactly once and in order. A message to our own
// region takes the same way without the wire, so that a job that stays at home needs no code of its own.
#pragma once

#include "gateway/federation/state.h"

namespace hetao::federation {

// Queues a durable message (sequence given here) and sends it when the peer is up.
void tell(State& s, const std::string& region, pb::PeerMessage message);

// The lowest sequence that we can still say again to the region; what is below has been acknowledged.
uint64_t oldest_sequence(const State& s, const std::string& region);
// The region's oldest: where we know less than what it remembers us to have taken, we go on from there.
void skip_forgotten(State& s, const std::string& region, uint64_t oldest);

void on_peer_up(State& s, const PeerUp& event);
void on_peer_down(State& s, const PeerDown& event);
void on_peer_said(State& s, const PeerSaid& event);
// Repeats what was not acknowledged in time.
void repeat_unacknowledged(State& s);
// Handles what we said to ourselves in this step, until nothing is left.
void drain_own_messages(State& s);

}  // namespace hetao::federation
