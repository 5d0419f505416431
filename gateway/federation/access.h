// Sessions and personal tokens: who is signed in, until when, and that the ledger says so. Whether a secret
// is theirs is for the callers of the core to find out (gateway/identity).
#pragma once

#include "gateway/federation/state.h"

namespace hetao::federation {

void on_open_session(State& s, const OpenSession& event);
void on_renew_session(State& s, const RenewSession& event);
void on_end_session(State& s, const EndSession& event);
void on_make_token(State& s, const MakeToken& event);
void on_revoke_token(State& s, const RevokeToken& event);
void on_seen_access(State& s, const SeenAccess& event);
// Forgets what is over.
void tick_access(State& s);
void resume_access(State& s);

// When it is over if nobody comes any more.
Instant end_of(const pb::Session& session);
bool counts(const pb::Session& session, Instant now);
bool counts(const pb::AccessToken& token, Instant now);

}  // namespace hetao::federation
