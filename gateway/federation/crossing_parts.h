// What the files of a crossing's life share: crossing.cpp (decide, move, book), review.cpp (holds and their
// answers), obligations.cpp (what a permit obliges to). Internal to the federation room.
#pragma once

#include "gateway/federation/state.h"

namespace hetao::federation {

bool sends(const State& s, const pb::Crossing& crossing);
const std::string& peer_of(const State& s, const pb::Crossing& crossing);

// Opens a ledger entry about the crossing's item.
ledger::Entry& book_item(State& s, const char* kind, const pb::Crossing& crossing);

// Job and run look at their crossings and move on.
void notify(State& s, const std::string& id);

// As the receiver is told of it.
pb::Crossing as_asked(const pb::Crossing& crossing);

// Of what we send: the receiver asked for it, or has permitted it already and expects it.
bool receiver_waits(const pb::Crossing& crossing);

void answer_sender(State& s, const pb::Crossing& crossing);
void tell_ended(State& s, const pb::Crossing& crossing, bool refused);

// Our side's last word against it: counters and review are closed. `failure_class` is one of table.h.
void refuse(State& s, pb::Crossing& crossing, const std::string& failure_class, std::string reason);

// Goes on after our verdict is set and booked.
void follow_verdict(State& s, pb::Crossing& crossing);

// A hold of ours: opens its review. Closes one that is open and not needed any more.
void open_review(State& s, const pb::Crossing& crossing);
void close_review(State& s, const pb::Crossing& crossing);

}  // namespace hetao::federation
