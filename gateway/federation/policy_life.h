// The life of a policy change: proposed with what its checks found, approved by a second person, activated
// between two decisions, rolled back, run in the shadow. Each step is a ledger entry that names the pack's
// digest, and a record that a restart finds. A proposal is good for exactly one pack, against exactly one
// active policy: the second person approves the difference between the two.
//
// Compiling, testing and comparing packs is done before (gateway/api): what comes here is decided in one
// step.
#pragma once

#include "gateway/federation/inputs.h"
#include "gateway/federation/state.h"

namespace hetao::federation {

void on_activate_policy(State& s, const ActivatePolicy& event);
void on_propose_policy(State& s, const ProposePolicy& event);
void on_answer_proposal(State& s, const AnswerProposal& event);
void on_activate_pack(State& s, const ActivatePack& event);
void on_stop_shadow(State& s, const StopShadow& event);

const char* to_word(pb::ProposalState state);  // proposed, approved, rejected, withdrawn, active

// What the shadow policy would have said, into the entry of a decision; nothing while none runs.
void note_shadow(const State& s, ledger::Entry& entry, const DecisionInputs& inputs);

// Why this pack may not be put in force now, by that person's wish; nothing: it may. Also for those who want
// to know before the pack is compiled.
std::optional<Error> cannot_activate(const State& s, const std::string& pack_digest);

}  // namespace hetao::federation
