// What leaves waits while the ledgers' witnesses do not vouch: a crossing that both sides permit is booked
// `departed` and sent only when releases to that peer are not held. Nothing is lost by waiting.
#pragma once

#include "gateway/federation/state.h"

namespace hetao::federation {

bool releases_are_held(const State& s, std::string_view region);
void on_release_gate(State& s, const ReleaseGate& event);

}  // namespace hetao::federation
