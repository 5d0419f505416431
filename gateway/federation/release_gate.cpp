#include "gateway/federation/release_gate.h"

#include "gateway/federation/crossing.h"

namespace hetao::federation {

namespace {

// What is on its way stops; the receiver keeps what it has of it.
void stop_sending(State& s, const std::string& region) {
  for (const auto& [id, crossing] : s.crossings) {
    if (crossing.state() == pb::CROSSING_MOVING && crossing.to_region() == region &&
        s.is_self(crossing.from_region()))
      s.effect(DropItem{id});
  }
}

}  // namespace

bool releases_are_held(const State& s, std::string_view region) {
  const auto at = s.peers.find(region);
  return at != s.peers.end() && !at->second.held_because.empty();
}

void on_release_gate(State& s, const ReleaseGate& event) {
  const auto at = s.peers.find(event.region);
  if (at == s.peers.end()) return;
  PeerLive& live = at->second;
  const bool was_held = !live.held_because.empty();
  live.held_because = event.held ? event.why : std::string();
  if (event.held && live.held_because.empty()) live.held_because = "held";
  if (event.held == was_held) return;
  if (event.held) return stop_sending(s, event.region);
  depart_waiting(s, event.region);
  if (live.up) resume_sending(s, event.region);
}

}  // namespace hetao::federation
