#include "gateway/federation/crossing.h"

#include "gateway/base/item_limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/catalogue.h"
#include "gateway/federation/counters.h"
#include "gateway/federation/crossing_parts.h"
#include "gateway/federation/decide.h"
#include "gateway/federation/exchange.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/home.h"
#include "gateway/federation/host.h"
#include "gateway/federation/item.h"
#include "gateway/federation/obligations.h"
#include "gateway/federation/release_gate.h"
#include "gateway/federation/table.h"

namespace hetao::federation {

namespace {

// What a job brings along is asked for with its offer, in one message: asked for before, it could arrive, be
// over and be archived there before the offer comes; and what goes alone would go though another item stays.
bool comes_with_offer(const State& s, const pb::Crossing& crossing) {
  const auto job = s.jobs.find(crossing.job());
  return job != s.jobs.end() && !job->second.offered() && job->second.attempt() == crossing.attempt() &&
         !crossing.peer_asked();
}

void ask_receiver(State& s, pb::Crossing& crossing) {
  move_crossing(crossing, pb::CROSSING_ASKED);
  if (comes_with_offer(s, crossing)) return;
  pb::PeerMessage message;
  *message.mutable_crossing_ask()->mutable_crossing() = as_asked(crossing);
  tell(s, crossing.to_region(), std::move(message));
}

// Gateways of before the classes say no more than whether policy or a person refused.
std::string class_of(const pb::CrossingEnded& ended) {
  if (!ended.failure_class().empty()) return ended.failure_class();
  return ended.refused() ? failure::kPolicy : failure::kTransfer;
}

void decide_now(State& s, const std::string& id) {
  pb::Crossing& crossing = s.edit_crossing(id);
  if (sends(s, crossing)) fill_counter_facts(s, crossing);
  pb::Verdict verdict = decide(s, crossing, s.now);
  if (sends(s, crossing)) {
    // The verdict counts once the item was read, and what is to be masked in it is: nothing is decided
    // before.
    const std::string profile = owed_inspection(s, crossing, verdict);
    std::vector<std::string> mask = owed_masking(s, crossing, verdict);
    if (!profile.empty() || !mask.empty())
      return s.effect(InspectItem{id, crossing.item(), profile, std::move(mask)});
  }
  // What a reviewer let through stays so under the policy that the reviewer knew.
  if (verdict.effect() == "hold" && !crossing.ours().review().empty() &&
      crossing.ours().policy_digest() == verdict.policy_digest()) {
    verdict.set_review(crossing.ours().review());
    verdict.set_effect("permit");
  }
  const bool job_begins = sends(s, crossing) && verdict.effect() != "forbid" && reserve_counters(s, crossing);
  book_decision(s, crossing, verdict, job_begins);
  *crossing.mutable_ours() = std::move(verdict);
  follow_verdict(s, crossing);
  notify(s, id);
}

// A verdict is good under the policy that it was made under, on its own day: rules and filings begin and end
// with days, and counters with years.
bool stands(const State& s, const pb::Verdict& verdict) {
  return s.policy && verdict.policy_digest() == s.policy->digest() &&
         shanghai_date(Instant{verdict.decided_micros()}) == shanghai_date(s.now);
}

void decide_again(State& s, pb::Crossing& crossing) {
  crossing.set_reason("decided again before it departs");
  release_counters(s, crossing);
  move_crossing(crossing, pb::CROSSING_DECIDING);
  decide_now(s, crossing.id());
}

}  // namespace

bool sends(const State& s, const pb::Crossing& crossing) {
  return s.is_self(crossing.from_region());
}

const std::string& peer_of(const State& s, const pb::Crossing& crossing) {
  return sends(s, crossing) ? crossing.to_region() : crossing.from_region();
}

ledger::Entry& book_item(State& s, const char* kind, const pb::Crossing& crossing) {
  ledger::Entry& entry = s.book(kind);
  entry.job = crossing.job();
  entry.crossing = crossing.id();
  entry.who = ledger_name(crossing.submitter());
  entry.item_digest = crossing.item().digest();
  entry.item_bytes = crossing.item().bytes();
  entry.direction = sends(s, crossing) ? "out" : "in";
  entry.peer = peer_of(s, crossing);
  entry.extra["item_kind"] = crossing.item().kind();
  if (!crossing.item().name().empty()) entry.extra["item_name"] = crossing.item().name();
  const std::string original = text_of(crossing.facts(), kMaskedFromFact);
  if (!original.empty()) entry.extra["masked_from"] = original;
  return entry;
}

void notify(State& s, const std::string& id) {
  const pb::Crossing& crossing = s.crossings.at(id);
  const std::string job = crossing.job();
  const std::string key = run_key(job, crossing.attempt());
  if (s.runs.contains(key)) update_run(s, key);
  if (s.jobs.contains(job)) update_job(s, job);
}

pb::Crossing as_asked(const pb::Crossing& crossing) {
  pb::Crossing asked = crossing;
  // Who has the masked copy and the original's digest can try out what was masked.
  drop_facts(*asked.mutable_facts(), kMaskedFromFact);
  return asked;
}

bool receiver_waits(const pb::Crossing& crossing) {
  return crossing.peer_asked() || crossing.theirs().effect() == "permit";
}

void answer_sender(State& s, const pb::Crossing& crossing) {
  pb::PeerMessage message;
  message.mutable_crossing_answer()->set_crossing(crossing.id());
  *message.mutable_crossing_answer()->mutable_verdict() = crossing.ours();
  tell(s, crossing.from_region(), std::move(message));
}

void tell_ended(State& s, const pb::Crossing& crossing, bool refused) {
  pb::PeerMessage message;
  message.mutable_crossing_ended()->set_crossing(crossing.id());
  message.mutable_crossing_ended()->set_reason(crossing.reason());
  message.mutable_crossing_ended()->set_refused(refused);
  message.mutable_crossing_ended()->set_failure_class(crossing.failure_class());
  *message.mutable_crossing_ended()->mutable_rules() = crossing.ours().rules();
  tell(s, peer_of(s, crossing), std::move(message));
}

void refuse(State& s, pb::Crossing& crossing, const std::string& failure_class, std::string reason) {
  const bool expired = failure_class == failure::kHoldExpired && crossing.state() != pb::CROSSING_MOVING;
  // Its files, as far as they came, or stayed on its account: nobody waits for them any more.
  if (crossing.state() == pb::CROSSING_MOVING && !sends(s, crossing)) drop_left_over(s, crossing);
  move_crossing(crossing, expired ? pb::CROSSING_EXPIRED : pb::CROSSING_REFUSED);
  crossing.set_failure_class(failure_class);
  crossing.set_reason(std::move(reason));
  release_counters(s, crossing);
  close_review(s, crossing);
}

void follow_verdict(State& s, pb::Crossing& crossing) {
  const bool sender = sends(s, crossing);
  if (crossing.ours().effect() == "permit") {
    give_notice(s, crossing);
    if (sender) return ask_receiver(s, crossing);
    move_crossing(crossing, pb::CROSSING_MOVING);
    return answer_sender(s, crossing);
  }
  if (crossing.ours().effect() == "hold") {
    move_crossing(crossing, pb::CROSSING_HELD);
    add_changes(s, crossing, *crossing.mutable_ours(), s.now);
    crossing.set_reason("held for review in " + s.config.region + ": " + reason_line(crossing.ours()));
    open_review(s, crossing);
    if (!sender) answer_sender(s, crossing);
    // Who asked for a dataset is told that its holder holds it.
    if (sender && crossing.peer_asked()) {
      pb::PeerMessage message;
      message.mutable_crossing_answer()->set_crossing(crossing.id());
      *message.mutable_crossing_answer()->mutable_verdict() = crossing.ours();
      tell(s, crossing.to_region(), std::move(message));
    }
    return;
  }
  add_changes(s, crossing, *crossing.mutable_ours(), s.now);
  refuse(s, crossing, failure::kPolicy,
         "refused by " + s.config.region + ": " + reason_line(crossing.ours()));
  if (!sender) return answer_sender(s, crossing);
  if (receiver_waits(crossing)) tell_ended(s, crossing, true);
}

namespace {

// As far as we know the receiver runs the policy that it permitted under.
bool answered_under_its_policy(const State& s, const pb::Crossing& crossing) {
  const auto peer = s.peers.find(crossing.to_region());
  return peer == s.peers.end() || peer->second.policy_digest.empty() ||
         peer->second.policy_digest == crossing.theirs().policy_digest();
}

// Both sides permit. Booked and sent, unless releases to that peer are held, or a permit is of another policy
// or day by now: then both sides are asked again. `confirmed`: the receiver has just said the same again.
void depart(State& s, pb::Crossing& crossing, bool confirmed) {
  const auto peer = s.peers.find(crossing.to_region());
  if (peer != s.peers.end() && !peer->second.held_because.empty()) {
    crossing.set_reason("permitted, and waits: " + peer->second.held_because);
    return;
  }
  if (!stands(s, crossing.ours())) return decide_again(s, crossing);
  if (!confirmed && !answered_under_its_policy(s, crossing)) return ask_receiver(s, crossing);
  crossing.clear_reason();
  move_crossing(crossing, pb::CROSSING_MOVING);
  ledger::Entry& departed = book_item(s, "departed", crossing);
  crossing.set_booked_sequence(departed.sequence);
  if (s.peers[crossing.to_region()].up) {
    s.effect(SendItem{crossing.to_region(), crossing.id(), crossing.item()});
  }
}

}  // namespace

void book_decision(State& s, const pb::Crossing& crossing, pb::Verdict& verdict, bool job_begins) {
  ledger::Entry& entry = book_item(s, "decision", crossing);
  note_verdict(s, entry, crossing, verdict);
  if (sends(s, crossing)) note_reservation(entry, crossing, job_begins);
  verdict.set_ledger_sequence(entry.sequence);
}

void begin_sending(State& s, pb::Crossing crossing, bool inspect_first) {
  const std::string id = crossing.id();
  crossing.set_state(pb::CROSSING_DECIDING);
  crossing.set_created_micros(s.now.micros);
  s.edit_crossing(id) = std::move(crossing);
  if (!inspect_first) return decide_now(s, id);
  s.effect(InspectItem{id, s.crossings.at(id).item(), {}});
}

void refuse_sending(State& s, pb::Crossing crossing, const std::string& why) {
  const std::string id = crossing.id();
  crossing.set_state(pb::CROSSING_DECIDING);
  crossing.set_created_micros(s.now.micros);
  pb::Verdict& verdict = *crossing.mutable_ours();
  verdict.set_effect("forbid");
  verdict.set_reason(why);
  verdict.set_region(s.config.region);
  verdict.set_decided_micros(s.now.micros);
  if (s.policy) verdict.set_policy_digest(s.policy->digest());
  pb::Crossing& kept = s.edit_crossing(id) = std::move(crossing);
  book_decision(s, kept, *kept.mutable_ours());
  s.out.entries.back().extra["by"] = "obligation";  // no policy was asked
  refuse(s, kept, failure::kPolicy, "refused by " + s.config.region + ": " + why);
}

void begin_fetching(State& s, pb::Crossing crossing) {
  const std::string id = crossing.id();
  crossing.set_state(pb::CROSSING_DECIDING);
  crossing.set_created_micros(s.now.micros);
  pb::PeerMessage message;
  *message.mutable_crossing_ask()->mutable_crossing() = crossing;
  const std::string holder = crossing.from_region();
  s.edit_crossing(id) = std::move(crossing);
  tell(s, holder, std::move(message));
}

namespace {

// The copy without what is to be masked is what crosses from here on; the original stays where it is.
void take_masked(pb::Crossing& crossing, const ItemInspected& event) {
  pb::Item& item = *crossing.mutable_item();
  put_fact(*crossing.mutable_facts(), fact(kMaskedFact, event.mask));
  if (event.masked.files_size() == 0)
    return put_fact(*crossing.mutable_facts(), fact(kNotMaskedFact, std::string_view(event.not_masked)));
  const std::string original = item.digest();
  *item.mutable_files() = event.masked.files();
  drop_facts(*item.mutable_labels(), "inspection.");
  seal_item(item);
  if (item.digest() != original)
    put_fact(*crossing.mutable_facts(), fact(kMaskedFromFact, std::string_view(original)));
}

}  // namespace

void on_item_inspected(State& s, const ItemInspected& event) {
  const auto at = s.crossings.find(event.crossing);
  if (at == s.crossings.end() || at->second.state() != pb::CROSSING_DECIDING || !sends(s, at->second)) return;
  pb::Crossing& crossing = s.edit_crossing(event.crossing);
  for (const char* before : {"inspection.", "result.min_group", "result.k_anonymity"})
    drop_facts(*crossing.mutable_facts(), before);
  for (const pb::Fact& found : event.facts) put_fact(*crossing.mutable_facts(), found);
  put_fact(*crossing.mutable_facts(), fact("label.inspection", std::string_view(event.summary)));
  if (!event.mask.empty()) take_masked(crossing, event);
  decide_now(s, event.crossing);
}

void on_item_stored(State& s, const ItemStored& event) {
  const auto at = s.crossings.find(event.crossing);
  if (at == s.crossings.end() || at->second.state() != pb::CROSSING_MOVING || sends(s, at->second)) return;
  pb::Crossing& crossing = s.edit_crossing(event.crossing);
  ledger::Entry& entry = book_item(s, "arrived", crossing);
  crossing.set_booked_sequence(entry.sequence);
  move_crossing(crossing, pb::CROSSING_DONE);
  begin_duties(s, crossing);
  pb::PeerMessage message;
  message.mutable_crossing_arrived()->set_crossing(crossing.id());
  message.mutable_crossing_arrived()->set_digest(crossing.item().digest());
  message.mutable_crossing_arrived()->set_bytes(crossing.item().bytes());
  message.mutable_crossing_arrived()->set_ledger_sequence(entry.sequence);
  tell(s, crossing.from_region(), std::move(message));
  notify(s, event.crossing);
}

void on_item_failed(State& s, const ItemFailed& event) {
  const auto at = s.crossings.find(event.crossing);
  if (at == s.crossings.end() || at->second.state() != pb::CROSSING_MOVING) return;
  if (!event.for_good) {
    const std::string& to = at->second.to_region();
    if (sends(s, at->second) && s.peers[to].up && !releases_are_held(s, to)) {
      s.effect(SendItem{to, event.crossing, at->second.item()});
    }
    return;
  }
  pb::Crossing& crossing = s.edit_crossing(event.crossing);
  refuse(s, crossing, failure::kTransfer, "could not be moved: " + event.why);
  // Only the sender has booked anything so far: `recalled` closes its `departed`.
  if (sends(s, crossing)) book_item(s, "recalled", crossing).reason = event.why;
  s.effect(DropItem{event.crossing});
  tell_ended(s, crossing, false);
  notify(s, event.crossing);
}

std::string lie_in_ask(const State& s, const std::string& from, const pb::Crossing& asked) {
  if (asked.id().size() > limits::kCrossingIdBytesMax || asked.job().size() > limits::kCrossingIdBytesMax)
    return "its id is too long";
  if (asked.from_region() != from || !s.is_self(asked.to_region()))
    return "it leads from or to somebody else";
  const auto known = s.crossings.find(asked.id());
  if (known != s.crossings.end() &&
      (known->second.from_region() != from || !s.is_self(known->second.to_region()) ||
       known->second.job() != asked.job() || known->second.attempt() != asked.attempt()))
    return "its id is another crossing's";
  const std::string misfit = misfit_of(asked.item());
  return misfit.empty() ? "" : "its item is not what it says: " + misfit;
}

void accuse(State& s, const std::string& region, const std::string& crossing, const std::string& lie) {
  s.effect(AccusePeer{region, "digest",
                      "crossing " + readable(crossing, limits::kCrossingIdBytesMax) + ": " + lie});
}

namespace {

// The holder's answer to our asking. What the item is and who exports it is the holder's to say; whose job it
// is for, and where it goes, is what we said.
pb::Crossing answered_fetch(const pb::Crossing& ours, const pb::Crossing& asked) {
  pb::Crossing crossing = ours;
  *crossing.mutable_item() = asked.item();
  crossing.mutable_item()->set_name(ours.item().name());
  *crossing.mutable_exporter() = asked.exporter();
  *crossing.mutable_facts() = asked.facts();
  return crossing;
}

// The other side waits for an item, or a reviewer there for his turn, and it is over here: it ended before
// that was heard, and may be in the archive by now.
void tell_over(State& s, const std::string& region, const std::string& crossing) {
  pb::PeerMessage message;
  message.mutable_crossing_ended()->set_crossing(crossing);
  message.mutable_crossing_ended()->set_reason("it is over in " + s.config.region);
  message.mutable_crossing_ended()->set_failure_class(failure::kTransfer);
  tell(s, region, std::move(message));
}

// Asked for what we do not know, though we once asked for it ourselves or answered, or it is for a job of
// ours: that was archived while the question was on its way.
bool is_archived(const State& s, const pb::Crossing& asked) {
  return asked.peer_asked() || !asked.theirs().effect().empty() ||
         (s.is_self(asked.home_region()) && !s.jobs.contains(asked.job()));
}

// We permitted it, and the sender asks once more before it lets go.
void on_asked_again(State& s, const pb::Crossing& asked) {
  if (asked.ours().effect() != "permit") return;
  pb::Crossing& crossing = s.edit_crossing(asked.id());
  *crossing.mutable_theirs() = asked.ours();
  *crossing.mutable_facts() = asked.facts();
  if (stands(s, crossing.ours())) return answer_sender(s, crossing);
  decide_again(s, crossing);
}

}  // namespace

void on_crossing_ask(State& s, const std::string& from, const pb::Crossing& asked) {
  const bool wants_from_us = s.is_self(asked.from_region()) && asked.to_region() == from;
  const bool offers_to_us = s.is_self(asked.to_region()) && asked.from_region() == from;
  if (!wants_from_us && !offers_to_us) return;  // a peer can only speak of crossings between it and us
  if (offers_to_us) {
    const std::string lie = lie_in_ask(s, from, asked);
    if (!lie.empty()) return accuse(s, from, asked.id(), lie);
  }
  const auto known = s.crossings.find(asked.id());
  if (known == s.crossings.end() && offers_to_us && is_archived(s, asked))
    return tell_over(s, from, asked.id());
  if (known != s.crossings.end() && offers_to_us && known->second.state() == pb::CROSSING_MOVING)
    return on_asked_again(s, asked);
  // A repeat, or somebody else's id. What we asked for ourselves is waited for.
  if (known != s.crossings.end() && (wants_from_us || known->second.state() != pb::CROSSING_DECIDING)) return;
  pb::Crossing crossing = known == s.crossings.end() ? asked : answered_fetch(known->second, asked);
  crossing.clear_ours();
  crossing.clear_theirs();
  crossing.set_state(pb::CROSSING_DECIDING);
  crossing.set_created_micros(s.now.micros);
  crossing.set_reserved_year(0);
  crossing.set_booked_sequence(0);
  crossing.clear_reason();
  if (wants_from_us) {
    crossing.set_peer_asked(true);
    crossing.clear_facts();
    if (auto why = fill_from_catalogue(s, crossing)) {
      s.edit_crossing(crossing.id()) = crossing;
      pb::Crossing& refused = s.edit_crossing(crossing.id());
      refuse(s, refused, failure::kInput, *why);
      return tell_ended(s, refused, true);
    }
    return begin_sending(s, std::move(crossing), false);
  }
  *crossing.mutable_theirs() = asked.ours();
  if (crossing.theirs().effect() != "permit") return;  // nothing to accept before the sender permits
  const std::string id = crossing.id();
  s.edit_crossing(id) = std::move(crossing);
  decide_now(s, id);
}

void on_crossing_answer(State& s, const std::string& from, const pb::CrossingAnswer& answer) {
  const auto at = s.crossings.find(answer.crossing());
  const bool waits = answer.verdict().effect() != "forbid";
  if (at == s.crossings.end() && waits) return tell_over(s, from, answer.crossing());
  if (at == s.crossings.end() || peer_of(s, at->second) != from) return;
  const bool ended = is_final(at->second.state()) && at->second.state() != pb::CROSSING_DONE;
  if (ended && waits && sends(s, at->second)) return tell_over(s, from, answer.crossing());
  pb::Crossing& crossing = s.edit_crossing(answer.crossing());
  if (!sends(s, crossing)) {
    // The holder of a dataset that we asked for tells that it holds it back for now.
    if (crossing.state() == pb::CROSSING_DECIDING) *crossing.mutable_theirs() = answer.verdict();
    return notify(s, answer.crossing());
  }
  if (crossing.state() != pb::CROSSING_ASKED) return;
  const bool confirmed = crossing.theirs().effect() == "permit" &&
                         crossing.theirs().policy_digest() == answer.verdict().policy_digest();
  *crossing.mutable_theirs() = answer.verdict();
  if (answer.verdict().effect() == "permit") {
    depart(s, crossing, confirmed);
  } else if (answer.verdict().effect() == "forbid") {
    refuse(s, crossing, answer.verdict().review().empty() ? failure::kPolicy : failure::kReview,
           "refused by " + from + ": " + reason_line(answer.verdict()));
  }
  notify(s, answer.crossing());
}

void on_crossing_arrived(State& s, const std::string& from, const pb::CrossingArrived& arrived) {
  const auto at = s.crossings.find(arrived.crossing());
  if (at == s.crossings.end() || at->second.to_region() != from || at->second.state() != pb::CROSSING_MOVING)
    return;
  pb::Crossing& crossing = s.edit_crossing(arrived.crossing());
  if (arrived.digest() != crossing.item().digest() || arrived.bytes() != crossing.item().bytes()) {
    // The books will not match; that is for the auditors of both sides to see, not for us to paper over.
    ledger::Entry& entry = book_item(s, "admin", crossing);
    entry.reason = from + " says that something else arrived: " + arrived.digest();
  }
  move_crossing(crossing, pb::CROSSING_DONE);
  notify(s, arrived.crossing());
}

void on_crossing_ended(State& s, const std::string& from, const pb::CrossingEnded& ended) {
  const auto at = s.crossings.find(ended.crossing());
  if (at == s.crossings.end() || peer_of(s, at->second) != from || is_final(at->second.state())) return;
  pb::Crossing& crossing = s.edit_crossing(ended.crossing());
  *crossing.mutable_theirs()->mutable_rules() = ended.rules();
  crossing.mutable_theirs()->set_effect(ended.refused() ? "forbid" : "hold");
  crossing.mutable_theirs()->set_region(from);
  if (crossing.state() == pb::CROSSING_MOVING) {
    if (sends(s, crossing)) book_item(s, "recalled", crossing).reason = ended.reason();
    s.effect(DropItem{ended.crossing()});
  }
  refuse(s, crossing, class_of(ended), ended.reason());
  notify(s, ended.crossing());
}

void cancel_crossing(State& s, const std::string& id, const std::string& why) {
  const auto at = s.crossings.find(id);
  if (at == s.crossings.end() || is_final(at->second.state()) || at->second.state() == pb::CROSSING_MOVING)
    return;
  pb::Crossing& crossing = s.edit_crossing(id);
  const bool peer_knows =
      crossing.state() == pb::CROSSING_ASKED || receiver_waits(crossing) || !sends(s, crossing);
  move_crossing(crossing, pb::CROSSING_CANCELLED);
  crossing.set_reason(why);
  release_counters(s, crossing);
  close_review(s, crossing);
  if (peer_knows) tell_ended(s, crossing, false);
}

void depart_waiting(State& s, const std::string& region) {
  std::vector<std::string> waiting;
  for (const auto& [id, crossing] : s.crossings) {
    if (crossing.state() == pb::CROSSING_ASKED && sends(s, crossing) && crossing.to_region() == region &&
        crossing.theirs().effect() == "permit")
      waiting.push_back(id);
  }
  for (const std::string& id : waiting) {
    depart(s, s.edit_crossing(id), false);
    notify(s, id);
  }
}

void resume_sending(State& s, const std::string& region) {
  if (releases_are_held(s, region)) return;
  for (const auto& [id, crossing] : s.crossings) {
    if (crossing.state() == pb::CROSSING_MOVING && sends(s, crossing) && crossing.to_region() == region) {
      s.effect(SendItem{region, id, crossing.item()});
    }
  }
}

namespace {

// A peer has left the federation: what was to cross between it and us never will.
void end_crossing_with_gone(State& s, const std::string& id) {
  const auto at = s.crossings.find(id);
  if (at == s.crossings.end() || is_final(at->second.state())) return;
  pb::Crossing& crossing = s.edit_crossing(id);
  const std::string why = peer_of(s, crossing) + " has left the federation";
  if (crossing.state() == pb::CROSSING_MOVING) {
    if (sends(s, crossing)) book_item(s, "recalled", crossing).reason = why;
    s.effect(DropItem{id});
  }
  refuse(s, crossing, failure::kPeerGone, why);
  notify(s, id);
}

}  // namespace

void resume_crossings(State& s) {
  std::vector<std::string> gone;
  for (const auto& [id, crossing] : s.crossings) {
    if (!is_final(crossing.state()) && !s.peers.contains(peer_of(s, crossing))) {
      gone.push_back(id);
      continue;
    }
    if (crossing.state() == pb::CROSSING_DECIDING && sends(s, crossing)) {
      s.effect(InspectItem{id, crossing.item(), {}});
    }
  }
  for (const std::string& id : gone) end_crossing_with_gone(s, id);
}

}  // namespace hetao::federation
