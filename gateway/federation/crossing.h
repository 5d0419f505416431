// A crossing, on both of its sides. The sender decides first and asks; the receiver decides and answers; both
// permits durable, the sender books `departed` and sends; the receiver verifies, books `arrived` and says so.
#pragma once

#include "gateway/federation/state.h"

namespace hetao::federation {

// Adds a crossing whose sender is this gateway, and decides it. `inspect_first`: what leaves is read before.
void begin_sending(State& s, pb::Crossing crossing, bool inspect_first);
// Adds a crossing whose sender is this gateway, and refuses it: booked as our decision.
void refuse_sending(State& s, pb::Crossing crossing, const std::string& why);
// Adds a crossing whose sender is a peer, and asks that peer to begin.
void begin_fetching(State& s, pb::Crossing crossing);

void on_item_inspected(State& s, const ItemInspected& event);
void on_item_stored(State& s, const ItemStored& event);
void on_item_failed(State& s, const ItemFailed& event);

// What can't be about a crossing that `from` wants us to accept, or "": it leads from there to us, is no
// other one under an id that we know, and its item's digest is that of its files.
std::string lie_in_ask(const State& s, const std::string& from, const pb::Crossing& asked);
// The peer that said it is cut and reported.
void accuse(State& s, const std::string& region, const std::string& crossing, const std::string& lie);

void on_crossing_ask(State& s, const std::string& from, const pb::Crossing& asked);
void on_crossing_answer(State& s, const std::string& from, const pb::CrossingAnswer& answer);
void on_crossing_arrived(State& s, const std::string& from, const pb::CrossingArrived& arrived);
void on_crossing_ended(State& s, const std::string& from, const pb::CrossingEnded& ended);

// Ends a crossing that nobody needs any more. What is already moving is let arrive, and booked.
void cancel_crossing(State& s, const std::string& id, const std::string& why);

// What both sides permit and what waited until releases to this peer were no longer held.
void depart_waiting(State& s, const std::string& region);
// Sends again, from where the receiver has it, everything that is moving towards this peer.
void resume_sending(State& s, const std::string& region);
// Asks again for what a restart interrupted.
void resume_crossings(State& s);

// Books our verdict as a `decision` entry and stamps its sequence on it.
// `job_begins`: what reserve_counters answered in this step.
void book_decision(State& s, const pb::Crossing& crossing, pb::Verdict& verdict, bool job_begins = false);

}  // namespace hetao::federation
