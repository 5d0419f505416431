#include "gateway/federation/exchange.h"

#include <utility>

#include "gateway/base/check.h"
#include "gateway/federation/access_request.h"
#include "gateway/federation/catalogue.h"
#include "gateway/federation/crossing.h"
#include "gateway/federation/home.h"
#include "gateway/federation/host.h"
#include "gateway/federation/project.h"

namespace hetao::federation {

namespace {

constexpr Duration kResendAfter = Duration::seconds(5);
// Messages that a peer may owe an acknowledgement of; what is more waits in the outbox, on disk and packed.
constexpr uint64_t kUnacknowledgedMax = 1'000;
// Messages that a restored gateway may have forgotten; a larger claim is no restoration.
constexpr uint64_t kForgottenMax = uint64_t{1} << 40U;

void send_now(State& s, const std::string& region, pb::PeerMessage message) {
  message.set_ack(s.marks[region].received());
  s.effect(SendMessage{region, std::move(message)});
}

void handle(State& s, const std::string& from, const pb::PeerMessage& message) {
  switch (message.body_case()) {
    case pb::PeerMessage::kRegionNews:
      return on_region_news(s, from, message.region_news());
    case pb::PeerMessage::kCatalogueNews:
      return on_catalogue_news(s, from, message.catalogue_news());
    case pb::PeerMessage::kOffer:
      return on_offer(s, from, message.offer());
    case pb::PeerMessage::kCrossingAsk:
      return on_crossing_ask(s, from, message.crossing_ask().crossing());
    case pb::PeerMessage::kCrossingAnswer:
      return on_crossing_answer(s, from, message.crossing_answer());
    case pb::PeerMessage::kCrossingArrived:
      return on_crossing_arrived(s, from, message.crossing_arrived());
    case pb::PeerMessage::kCrossingEnded:
      return on_crossing_ended(s, from, message.crossing_ended());
    case pb::PeerMessage::kJobNews:
      return on_job_news(s, from, message.job_news());
    case pb::PeerMessage::kCancelRun:
      return on_cancel_run(s, from, message.cancel_run());
    case pb::PeerMessage::kAccessNews:
      return on_access_news(s, from, message.access_news().request());
    case pb::PeerMessage::kProjectNews:
      return on_project_news(s, from, message.project_news().project());
    case pb::PeerMessage::kWitnessAsk:
    case pb::PeerMessage::kWitnessReply:
    case pb::PeerMessage::kBookAsk:
    case pb::PeerMessage::kBookPage:
      return;  // between the ledgers, which the core only writes
    case pb::PeerMessage::kAcknowledge:
    case pb::PeerMessage::BODY_NOT_SET:
      return;  // an acknowledgement, or a body of a newer version
  }
}

// Whether this one may go now: the peer owes few acknowledgements.
bool is_within_window(const State& s, const std::string& region, uint64_t sequence) {
  const auto waiting = s.outbox.find(region);
  return waiting != s.outbox.end() && !waiting->second.empty() &&
         sequence < waiting->second.begin()->first + kUnacknowledgedMax;
}

// Sends what waits for its turn, oldest first.
void send_waiting(State& s, const std::string& region) {
  PeerLive& live = s.peers[region];
  const auto& waiting = s.outbox[region];
  if (!live.up) return;
  for (auto at = waiting.upper_bound(live.sent_up_to);
       at != waiting.end() && is_within_window(s, region, at->first); ++at) {
    pb::PeerMessage message;
    HETAO_CHECK(message.ParseFromString(at->second));
    live.sent_up_to = at->first;
    send_now(s, region, std::move(message));
  }
}

// The peer has taken more than we ever said: it was us who were restored. What waits gets numbers that the
// peer has not seen; what it saw under the old ones it takes as a repeat by its content.
void renumber(State& s, const std::string& region, uint64_t acknowledged) {
  std::vector<std::string> waiting;
  for (const auto& [sequence, message] : s.outbox[region]) waiting.push_back(message);
  while (!s.outbox[region].empty()) s.drop_outgoing(region, s.outbox[region].begin()->first);
  s.edit_mark(region).set_sent(acknowledged);
  s.peers[region].sent_up_to = acknowledged;
  for (const std::string& bytes : waiting) {
    pb::PeerMessage message;
    HETAO_CHECK(message.ParseFromString(bytes));
    tell(s, region, std::move(message));
  }
}

// The first word of a session shows whether we were restored from an older copy since the last. What the peer
// forgot of ours it learns from our news, which says from where to go on.
void look_for_restoration(State& s, const std::string& region, uint64_t ack) {
  const uint64_t sent = s.marks[region].sent();
  if (ack > sent && ack - sent <= kForgottenMax) renumber(s, region, ack);
}

void take_acknowledgement(State& s, const std::string& region, uint64_t ack) {
  auto& waiting = s.outbox[region];
  while (!waiting.empty() && waiting.begin()->first <= ack) s.drop_outgoing(region, waiting.begin()->first);
  s.peers[region].resend_at = s.now + kResendAfter;
  send_waiting(s, region);
}

}  // namespace

uint64_t oldest_sequence(const State& s, const std::string& region) {
  const auto waiting = s.outbox.find(region);
  if (waiting != s.outbox.end() && !waiting->second.empty()) return waiting->second.begin()->first;
  const auto mark = s.marks.find(region);
  return (mark == s.marks.end() ? 0 : mark->second.sent()) + 1;
}

void skip_forgotten(State& s, const std::string& region, uint64_t oldest) {
  const uint64_t received = s.marks[region].received();
  if (oldest <= received + 1 || oldest - received > kForgottenMax) return;
  s.edit_mark(region).set_received(oldest - 1);
}

void tell(State& s, const std::string& region, pb::PeerMessage message) {
  if (s.is_self(region)) {
    s.to_self.push_back(std::move(message));
    return;
  }
  if (!s.peers.contains(region)) return;  // it has left the federation
  pb::PeerMark& mark = s.edit_mark(region);
  mark.set_sent(mark.sent() + 1);
  message.set_sequence(mark.sent());
  auto& waiting = s.outbox[region];
  if (waiting.empty()) s.peers[region].resend_at = s.now + kResendAfter;
  s.put_outgoing(region, message);
  PeerLive& live = s.peers[region];
  const uint64_t sequence = message.sequence();
  // Not past those that wait for their turn already, and not more than the peer can be asked to acknowledge.
  const bool is_next = waiting.begin()->first == sequence || live.sent_up_to + 1 == sequence;
  if (!live.up || !is_next || !is_within_window(s, region, sequence)) return;
  live.sent_up_to = sequence;
  send_now(s, region, std::move(message));
}

void on_peer_up(State& s, const PeerUp& event) {
  PeerLive& live = s.peers[event.region];
  live.up = true;
  live.why_down.clear();
  live.since = s.now;
  live.resend_at = s.now + kResendAfter;
  send_now(s, event.region, region_news(s, event.region));
  for (pb::PeerMessage& news : catalogue_news(s)) send_now(s, event.region, std::move(news));
  live.sent_up_to = 0;
  live.heard = false;
  send_waiting(s, event.region);
  resume_sending(s, event.region);
}

void on_peer_down(State& s, const PeerDown& event) {
  PeerLive& live = s.peers[event.region];
  live.up = false;
  live.why_down = event.why;
  live.since = s.now;
}

void on_peer_said(State& s, const PeerSaid& event) {
  if (!s.peers.contains(event.region)) return;
  if (!std::exchange(s.peers[event.region].heard, true)) {
    look_for_restoration(s, event.region, event.message.ack());
  }
  take_acknowledgement(s, event.region, event.message.ack());
  const uint64_t sequence = event.message.sequence();
  if (sequence == 0) return handle(s, event.region, event.message);
  const uint64_t received = s.marks[event.region].received();
  if (sequence == received + 1) {
    s.edit_mark(event.region).set_received(sequence);
    handle(s, event.region, event.message);
  }
  // A repeat is only acknowledged again; a gap is waited out, because the sender repeats from its oldest.
  pb::PeerMessage acknowledgement;
  acknowledgement.mutable_acknowledge();
  send_now(s, event.region, std::move(acknowledgement));
}

void repeat_unacknowledged(State& s) {
  for (auto& [region, live] : s.peers) {
    const auto waiting = s.outbox.find(region);
    if (!live.up || waiting == s.outbox.end() || waiting->second.empty() || s.now < live.resend_at) continue;
    live.resend_at = s.now + kResendAfter;
    live.sent_up_to = 0;
    send_waiting(s, region);
  }
}

void drain_own_messages(State& s) {
  // Each message moves a job one step along its table, so this ends; the bound only guards that claim.
  for (int handled = 0; !s.to_self.empty(); ++handled) {
    HETAO_CHECK(handled < 100'000);
    const pb::PeerMessage message = std::move(s.to_self.front());
    s.to_self.pop_front();
    handle(s, s.config.region, message);
  }
}

}  // namespace hetao::federation
