// What a permit obliges to. Some are conditions of the permit itself (residency, mask, encrypt, inspect),
// some bind what comes after (no-onward-transfer, residency again), some tell somebody (notify, duty), and
// delete-after is a timer with a receipt: the blobs go, then the ledger says `deleted`. The table of kinds
// stands in policy/language.md; `no-network` needs nothing here, because no run has a network, `keep-record`
// nothing, because entries stay.
#pragma once

#include <string>
#include <vector>

#include "gateway/federation/state.h"

namespace hetao::federation {

// Turns a permit whose conditions this gateway can't keep for this crossing into a hold or a forbid that says
// so.
void keep_conditions(const State& s, const pb::Crossing& crossing, pb::Verdict& verdict);

// The profile with which the item has to be read before this verdict counts: a permit that asks for it, or a
// verdict that is what it is because nobody has looked yet. Empty: none, or it was read.
std::string owed_inspection(const State& s, const pb::Crossing& crossing, const pb::Verdict& verdict);

// The kinds that are to be masked before the item crosses, where that was not tried yet.
std::vector<std::string> owed_masking(const State& s, const pb::Crossing& crossing,
                                      const pb::Verdict& verdict);

// Notes among a crossing's facts: kinds without which a copy was wanted (of which the item is one, unless
// kNotMaskedFact says why there is none), and the digest of what the copy was made from.
inline constexpr const char* kMaskedFact = "label.masked";
inline constexpr const char* kNotMaskedFact = "label.not_masked";
inline constexpr const char* kMaskedFromFact = "label.masked_from";

// How many people have to approve this hold; at least 1.
uint32_t reviewers_of(const pb::Verdict& verdict);

// Books what the permit wants told: `notice` entries, and a message to the role.
void give_notice(State& s, const pb::Crossing& crossing);

// Why what this run made may not go on to the crossing's receiver, under the permits of what it read; empty:
// it may.
std::string may_not_go_on(const State& s, const pb::Run& run, const pb::Crossing& crossing);

// The item of a crossing arrived here: starts the timers of its permits.
void begin_duties(State& s, const pb::Crossing& crossing);
void on_blobs_dropped(State& s, const BlobsDropped& event);
// The item of an incoming crossing will not arrive: what came of it, and what stayed on its account, goes.
void drop_left_over(State& s, const pb::Crossing& crossing);
// Asks for the deletion of what is due and not in use.
void tick_duties(State& s);
void resume_duties(State& s);

}  // namespace hetao::federation
