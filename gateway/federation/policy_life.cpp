#include "gateway/federation/policy_life.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "gateway/base/limits.h"
#include "gateway/base/policy_limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/catalogue.h"
#include "gateway/federation/inputs.h"

namespace hetao::federation {

namespace {

constexpr const char* kStateKey = "state";

void answer(State& s, uint64_t request, std::string id) {
  if (request != 0) s.effect(Answer{request, std::nullopt, std::move(id), {}, false});
}

void refuse(State& s, uint64_t request, Error error) {
  if (request != 0) s.effect(Answer{request, std::move(error), {}, {}, false});
}

std::string short_of(const std::string& digest) {
  return digest.substr(0, 12);
}

std::string numbered(uint64_t number) {
  std::array<char, 24> digits{};
  std::snprintf(digits.data(), digits.size(), "%010llu", static_cast<unsigned long long>(number));
  return digits.data();
}

bool same_person(const pb::Principal& a, const pb::Principal& b) {
  return ledger_name(a) == ledger_name(b);
}

// The highest edition that was ever proposed or in force here.
uint64_t highest_edition_seen(const State& s) {
  uint64_t highest = s.policy_record().edition_highest();
  for (const auto& [id, proposal] : s.proposals) highest = std::max(highest, proposal.pack().edition());
  return highest;
}

const pb::PolicyProposal* approved_proposal(const State& s, const std::string& pack_digest) {
  for (const auto& [id, proposal] : s.proposals) {
    if (proposal.pack().digest() == pack_digest && proposal.state() == pb::PROPOSAL_APPROVED)
      return &proposal;
  }
  return nullptr;
}

// The newest time that this pack was in force, not in the shadow.
const pb::PolicyActivation* earlier_activation(const State& s, const std::string& pack_digest) {
  const pb::PolicyActivation* found = nullptr;
  for (const auto& [number, activation] : s.activations) {
    if (activation.pack().digest() == pack_digest && !activation.pack().shadow()) found = &activation;
  }
  return found;
}

ledger::Entry& book_pack(State& s, std::string_view kind, const pb::PackRef& pack, std::string who) {
  ledger::Entry& entry = s.book(std::string(kind));
  entry.who = std::move(who);
  entry.extra["active"] = entry.policy_digest;
  entry.policy_digest = pack.digest();
  entry.extra["pack"] = pack.name() + " " + pack.version();
  if (pack.edition() != 0) entry.extra["edition"] = std::to_string(pack.edition());
  if (!pack.signer().empty()) entry.extra["signer"] = pack.signer();
  if (pack.shadow()) entry.extra["shadow"] = "true";
  return entry;
}

void note_checks(ledger::Entry& entry, const pb::PolicyProposal& proposal) {
  entry.extra["proposal"] = proposal.id();
  entry.extra["base"] = proposal.base_digest();
  entry.extra["diff_digest"] = proposal.diff_digest();
  entry.extra["report_digest"] = proposal.report_digest();
  entry.extra["tests"] = std::to_string(proposal.tests_run()) + " passed";
  entry.extra["diff"] = proposal.diff_summary();
}

void tell_peers(State& s) {
  for (const PeerConfig& peer : s.config.peers) {
    if (s.peers[peer.region].up) s.effect(SendMessage{peer.region, region_news(s, peer.region)});
  }
}

pb::PolicyActivation& record_activation(State& s, const pb::PackRef& pack) {
  pb::PolicyRecord& record = s.edit_policy_record(kStateKey);
  const uint64_t number = record.activations() + 1;
  record.set_activations(number);
  record.set_edition_highest(std::max(record.edition_highest(), pack.edition()));
  *(pack.shadow() ? record.mutable_shadow() : record.mutable_active()) = pack;
  pb::PolicyActivation& activation = s.edit_activation(numbered(number));
  activation.set_number(number);
  *activation.mutable_pack() = pack;
  activation.set_at_micros(s.now.micros);
  if (s.policy && !pack.shadow()) activation.set_replaced(s.policy->digest());
  return activation;
}

std::optional<Error> cannot_propose(const State& s, const pb::PolicyProposal& proposal) {
  const std::string what = "policy " + proposal.pack().name() + " " + proposal.pack().version();
  const std::string& digest = proposal.pack().digest();
  if (proposal.tests_failed() != 0) {
    return Error{ErrorCode::kFailed, what,
                 std::to_string(proposal.tests_failed()) + " of its " +
                     std::to_string(proposal.tests_run() + proposal.tests_failed()) + " tests fail",
                 "`hetao policy test` shows them; a pack whose tests fail can't be activated"};
  }
  if (s.policy && s.policy->digest() == digest)
    return Error{ErrorCode::kFailed, what, "is in force already", ""};
  if (s.policy && s.policy->digest() != proposal.base_digest()) {
    return Error{ErrorCode::kFailed, what, "was compared with a policy that is not in force any more",
                 "propose it again"};
  }
  if (earlier_activation(s, digest) != nullptr) {
    return Error{ErrorCode::kFailed, what, "was in force before",
                 "`hetao policy activate " + short_of(digest) + "` brings it back"};
  }
  size_t open = 0;
  for (const auto& [id, other] : s.proposals) {
    const bool is_open = other.state() == pb::PROPOSAL_OPEN || other.state() == pb::PROPOSAL_APPROVED;
    open += is_open ? 1 : 0;
    if (is_open && other.pack().digest() == digest)
      return Error{ErrorCode::kFailed, what, "is proposed already, as " + id,
                   "`hetao policy history` shows it"};
  }
  if (open >= limits::kPolicyProposalsOpenMax) {
    return Error{ErrorCode::kFailed, what, std::to_string(open) + " proposals are open already",
                 "answer or withdraw some"};
  }
  if (proposal.pack().edition() != 0 && proposal.pack().edition() <= s.policy_record().edition_highest()) {
    return Error{ErrorCode::kVerification, what,
                 "its edition " + std::to_string(proposal.pack().edition()) + " is not above " +
                     std::to_string(s.policy_record().edition_highest()) +
                     ", the highest that was in force: an old bundle is not taken again",
                 "make the bundle anew with a higher --edition"};
  }
  return std::nullopt;
}

std::optional<Error> cannot_answer(const State& s, const AnswerProposal& event) {
  const std::string what = "proposal " + event.proposal;
  const auto at = s.proposals.find(event.proposal);
  if (at == s.proposals.end())
    return Error{ErrorCode::kNotFound, what, "there is no such proposal",
                 "`hetao policy history` shows them"};
  const pb::PolicyProposal& proposal = at->second;
  const bool approved = proposal.state() == pb::PROPOSAL_APPROVED;
  const bool withdraws = event.say == AnswerProposal::Say::kWithdraw;
  if (proposal.state() != pb::PROPOSAL_OPEN && !(withdraws && approved))
    return Error{ErrorCode::kFailed, what, std::string("is ") + to_word(proposal.state()) + " already", ""};
  const bool is_proposer = same_person(proposal.proposer(), event.who);
  if (withdraws) {
    if (is_proposer || same_person(proposal.answerer(), event.who)) return std::nullopt;
    return Error{ErrorCode::kNotAllowed, what, "only who proposed or approved it may withdraw it",
                 "reject it instead, while it is open"};
  }
  if (is_proposer) {
    return Error{ErrorCode::kNotAllowed, what, "who proposed it may not answer it",
                 "ask another policy administrator, or withdraw it"};
  }
  if (event.say == AnswerProposal::Say::kReject) {
    if (event.reason.empty())
      return Error{ErrorCode::kUsage, what, "a rejection needs a reason", "--reason TEXT"};
    return std::nullopt;
  }
  const bool other = (!event.pack_digest.empty() && event.pack_digest != proposal.pack().digest()) ||
                     (!event.diff_digest.empty() && event.diff_digest != proposal.diff_digest());
  if (other) {
    return Error{ErrorCode::kVerification, what, "what you looked at is not what is proposed",
                 "look at it again, then approve"};
  }
  if (!s.policy || s.policy->digest() != proposal.base_digest()) {
    return Error{ErrorCode::kFailed, what,
                 "the policy in force has changed since, and with it the difference",
                 "propose the pack again"};
  }
  return std::nullopt;
}

struct Wording {
  pb::ProposalState state;
  std::string_view kind;
};

Wording wording_of(AnswerProposal::Say say) {
  switch (say) {
    case AnswerProposal::Say::kApprove:
      return {pb::PROPOSAL_APPROVED, ledger::kind::kPolicyApproved};
    case AnswerProposal::Say::kReject:
      return {pb::PROPOSAL_REJECTED, ledger::kind::kPolicyRejected};
    case AnswerProposal::Say::kWithdraw:
      break;
  }
  return {pb::PROPOSAL_WITHDRAWN, ledger::kind::kPolicyWithdrawn};
}

}  // namespace

const char* to_word(pb::ProposalState state) {
  switch (state) {
    case pb::PROPOSAL_OPEN:
      return "proposed";
    case pb::PROPOSAL_APPROVED:
      return "approved";
    case pb::PROPOSAL_REJECTED:
      return "rejected";
    case pb::PROPOSAL_WITHDRAWN:
      return "withdrawn";
    case pb::PROPOSAL_ACTIVE:
      return "active";
    default:
      return "unspecified";
  }
}

// The first policy of a gateway, and every start: what the configuration or the record says.
void on_activate_policy(State& s, const ActivatePolicy& event) {
  const std::string& digest = event.policy->digest();
  const bool same = s.policy_record().active().digest() == digest;
  if (!same) {
    pb::PackRef pack;
    pack.set_digest(digest);
    pack.set_name(event.policy->pack().name);
    pack.set_version(event.policy->pack().version);
    pb::PolicyActivation& activation = record_activation(s, pack);
    activation.set_by(event.who);
    s.policy = event.policy;
    ledger::Entry& entry = book_pack(s, ledger::kind::kPolicyActivated, pack, event.who);
    if (entry.extra["active"] == digest) entry.extra.erase("active");
    entry.reason = event.name;
    if (!event.approved_by.empty()) entry.extra["approved_by"] = event.approved_by;
    activation.set_ledger_sequence(entry.sequence);
  }
  s.policy = event.policy;
  s.policy_name = event.name;
  if (event.shadow) s.shadow = event.shadow;
  if (!same) tell_peers(s);
  answer(s, event.request, digest);
}

void on_propose_policy(State& s, const ProposePolicy& event) {
  if (auto error = cannot_propose(s, event.proposal)) return refuse(s, event.request, std::move(*error));
  const std::string id = "p" + std::to_string(s.policy_record().proposals() + 1);
  pb::PolicyRecord& record = s.edit_policy_record(kStateKey);
  record.set_proposals(record.proposals() + 1);
  const uint64_t next_edition = highest_edition_seen(s) + 1;
  pb::PolicyProposal& proposal = s.edit_proposal(id);
  proposal = event.proposal;
  proposal.set_id(id);
  proposal.set_state(pb::PROPOSAL_OPEN);
  proposal.set_proposed_micros(s.now.micros);
  if (proposal.pack().edition() == 0) proposal.mutable_pack()->set_edition(next_edition);
  ledger::Entry& entry =
      book_pack(s, ledger::kind::kPolicyProposed, proposal.pack(), ledger_name(proposal.proposer()));
  entry.reason = proposal.reason();
  note_checks(entry, proposal);
  answer(s, event.request, id);
}

void on_answer_proposal(State& s, const AnswerProposal& event) {
  if (auto error = cannot_answer(s, event)) return refuse(s, event.request, std::move(*error));
  const Wording wording = wording_of(event.say);
  pb::PolicyProposal& proposal = s.edit_proposal(event.proposal);
  proposal.set_state(wording.state);
  *proposal.mutable_answerer() = event.who;
  proposal.set_answered_micros(s.now.micros);
  proposal.set_answer_reason(event.reason);
  ledger::Entry& entry = book_pack(s, wording.kind, proposal.pack(), ledger_name(event.who));
  entry.reason = event.reason;
  note_checks(entry, proposal);
  entry.extra["proposed_by"] = ledger_name(proposal.proposer());
  answer(s, event.request, event.proposal);
}

std::optional<Error> cannot_activate(const State& s, const std::string& pack_digest) {
  const std::string what = "policy " + short_of(pack_digest);
  if (s.policy && s.policy->digest() == pack_digest)
    return Error{ErrorCode::kFailed, what, "is in force already", ""};
  const pb::PolicyProposal* proposal = approved_proposal(s, pack_digest);
  if (proposal == nullptr) {
    if (earlier_activation(s, pack_digest) != nullptr) return std::nullopt;
    const bool known = std::any_of(s.proposals.begin(), s.proposals.end(), [&](const auto& each) {
      return each.second.pack().digest() == pack_digest;
    });
    if (!known) {
      return Error{ErrorCode::kNotFound, what, "was never proposed here",
                   "`hetao policy propose` proposes it"};
    }
    return Error{ErrorCode::kNotAllowed, what, "nobody but its proposer has approved it",
                 "a second policy administrator approves it with `hetao policy approve`"};
  }
  if (s.policy && s.policy->digest() != proposal->base_digest()) {
    return Error{ErrorCode::kFailed, what,
                 "its approval was for a change of policy " + short_of(proposal->base_digest()) +
                     ", which is not in force any more",
                 "withdraw proposal " + proposal->id() + " and propose the pack again"};
  }
  if (proposal->pack().edition() <= s.policy_record().edition_highest()) {
    return Error{ErrorCode::kVerification, what,
                 "its edition " + std::to_string(proposal->pack().edition()) + " is not above " +
                     std::to_string(s.policy_record().edition_highest()) + ", the highest that was in force",
                 "withdraw proposal " + proposal->id() + " and propose the pack again"};
  }
  return std::nullopt;
}

void on_activate_pack(State& s, const ActivatePack& event) {
  const std::string& digest = event.policy->digest();
  if (auto error = cannot_activate(s, digest)) return refuse(s, event.request, std::move(*error));
  const pb::PolicyProposal* approved = approved_proposal(s, digest);
  const pb::PolicyActivation* earlier = earlier_activation(s, digest);
  const pb::PackRef pack = approved != nullptr ? approved->pack() : earlier->pack();
  pb::PolicyActivation& activation = record_activation(s, pack);
  activation.set_by(ledger_name(event.who));
  *activation.mutable_who() = event.who;
  activation.set_reason(event.reason);
  activation.set_rollback(approved == nullptr);
  ledger::Entry& entry =
      book_pack(s, pack.shadow() ? ledger::kind::kPolicyShadowed : ledger::kind::kPolicyActivated, pack,
                ledger_name(event.who));
  entry.reason = event.reason;
  activation.set_ledger_sequence(entry.sequence);
  if (approved != nullptr) {
    pb::PolicyProposal& proposal = s.edit_proposal(approved->id());
    note_checks(entry, proposal);
    entry.extra["proposed_by"] = ledger_name(proposal.proposer());
    entry.extra["approved_by"] = ledger_name(proposal.answerer());
    activation.set_proposal(proposal.id());
    *activation.mutable_approver() = proposal.answerer();
    proposal.set_state(pb::PROPOSAL_ACTIVE);
  } else {
    entry.extra["rollback"] = "true";
    entry.extra["last_active"] = std::to_string(earlier->ledger_sequence());
  }
  if (pack.shadow()) {
    s.shadow = event.policy;
  } else {
    s.policy = event.policy;
    s.policy_name = pack.name() + " " + pack.version();
    tell_peers(s);
  }
  answer(s, event.request, digest);
}

void on_stop_shadow(State& s, const StopShadow& event) {
  if (!s.shadow) {
    return refuse(
        s, event.request,
        {ErrorCode::kFailed, "shadow policy", "none runs", "activate a pack that says `shadow: true`"});
  }
  const pb::PackRef pack = s.policy_record().shadow();
  s.edit_policy_record(kStateKey).clear_shadow();
  s.shadow = nullptr;
  book_pack(s, ledger::kind::kPolicyShadowStopped, pack, ledger_name(event.who)).reason = event.reason;
  answer(s, event.request, pack.digest());
}

void note_shadow(const State& s, ledger::Entry& entry, const DecisionInputs& inputs) {
  if (!s.shadow) return;
  const Outcome outcome = decide_best(*s.shadow, inputs, shanghai_date(s.now));
  entry.extra["shadow_policy"] = s.shadow->digest();
  entry.extra["shadow_decision"] = policy::to_word(outcome.decision.effect);
  std::vector<std::string> rules;
  for (const policy::RuleHit& hit : outcome.decision.rules) rules.push_back(hit.id);
  if (!rules.empty()) entry.extra["shadow_rules"] = join(rules, ",");
}

}  // namespace hetao::federation
