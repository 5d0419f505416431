#include "gateway/federation/core.h"

#include <algorithm>

#include "gateway/base/item_limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/access.h"
#include "gateway/federation/access_request.h"
#include "gateway/federation/archive.h"
#include "gateway/federation/attempts.h"
#include "gateway/federation/catalogue.h"
#include "gateway/federation/crossing.h"
#include "gateway/federation/exchange.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/home.h"
#include "gateway/federation/host.h"
#include "gateway/federation/market.h"
#include "gateway/federation/obligations.h"
#include "gateway/federation/outside.h"
#include "gateway/federation/placement.h"
#include "gateway/federation/policy_life.h"
#include "gateway/federation/project.h"
#include "gateway/federation/release_gate.h"
#include "gateway/federation/review.h"
#include "gateway/federation/state.h"
#include "gateway/federation/supply.h"
#include "gateway/federation/turns.h"
#include "gateway/ledger/sha256.h"

namespace hetao::federation {

namespace {

// One handler for each kind of event; the compiler names the one that is missing.
struct Handler {
  State& s;
  void operator()(SubmitJob& e) const { on_submit_job(s, std::move(e)); }
  void operator()(const CancelJob& e) const { on_cancel_job(s, e); }
  void operator()(const AnswerReview& e) const { on_answer_review(s, e); }
  void operator()(const RegisterDataset& e) const { on_register_dataset(s, e); }
  void operator()(const RetireDataset& e) const { on_retire_dataset(s, e); }
  void operator()(const RegisterMechanism& e) const { on_register_mechanism(s, e); }
  void operator()(const ActivatePolicy& e) const { on_activate_policy(s, e); }
  void operator()(const ProposePolicy& e) const { on_propose_policy(s, e); }
  void operator()(const AnswerProposal& e) const { on_answer_proposal(s, e); }
  void operator()(const ActivatePack& e) const { on_activate_pack(s, e); }
  void operator()(const StopShadow& e) const { on_stop_shadow(s, e); }
  void operator()(const NoteAct& e) const { on_note_act(s, e); }
  void operator()(const RequestAccess& e) const { on_request_access(s, e); }
  void operator()(const AnswerAccess& e) const { on_answer_access(s, e); }
  void operator()(const ProjectAct& e) const { on_project_act(s, e); }
  void operator()(const PublishOffer& e) const { on_publish_offer(s, e); }
  void operator()(const WithdrawOffer& e) const { on_withdraw_offer(s, e); }
  void operator()(const OpenSession& e) const { on_open_session(s, e); }
  void operator()(const RenewSession& e) const { on_renew_session(s, e); }
  void operator()(const EndSession& e) const { on_end_session(s, e); }
  void operator()(const MakeToken& e) const { on_make_token(s, e); }
  void operator()(const RevokeToken& e) const { on_revoke_token(s, e); }
  void operator()(const SeenAccess& e) const { on_seen_access(s, e); }
  void operator()(const PeerUp& e) const { on_peer_up(s, e); }
  void operator()(const PeerDown& e) const { on_peer_down(s, e); }
  void operator()(const PeerSaid& e) const { on_peer_said(s, e); }
  void operator()(const ReleaseGate& e) const { on_release_gate(s, e); }
  void operator()(const ItemStored& e) const { on_item_stored(s, e); }
  void operator()(const ItemFailed& e) const { on_item_failed(s, e); }
  void operator()(const RunSubmitted& e) const { on_run_submitted(s, e); }
  void operator()(const RunFound& e) const { on_run_found(s, e); }
  void operator()(const RunReleased& e) const { on_run_released(s, e); }
  void operator()(const RunObserved& e) const { on_run_observed(s, e); }
  void operator()(const RunCollected& e) const { on_run_collected(s, e); }
  void operator()(const ItemInspected& e) const { on_item_inspected(s, e); }
  void operator()(const OutputDelivered& e) const { on_output_delivered(s, e); }
  void operator()(const BlobsDropped& e) const { on_blobs_dropped(s, e); }
  void operator()(const InputFetched& e) const { on_input_fetched(s, e); }
  void operator()(SupplySeen& e) const { on_supply_seen(s, std::move(e)); }
  void operator()(const TimePassed&) const {
    tick_jobs(s);
    tick_runs(s);
    tick_reviews(s);
    tick_duties(s);
    tick_access(s);
    tick_archive(s);
    tick_market(s);
    repeat_unacknowledged(s);
  }
};

std::optional<Instant> next_deadline(const State& s) {
  std::optional<Instant> next;
  const auto earlier = [&](Instant at) { next = next ? std::min(*next, at) : at; };
  for (const Timers* timers : {&s.run_timers, &s.job_waits, &s.job_deadlines, &s.review_timers,
                               &s.duty_timers, &s.access_timers, &s.rest_timers, &s.offer_timers}) {
    if (const auto first = timers->next()) earlier(*first);
  }
  for (const auto& [region, live] : s.peers) {
    const auto waiting = s.outbox.find(region);
    if (live.up && waiting != s.outbox.end() && !waiting->second.empty()) earlier(live.resend_at);
  }
  return next;
}

void shorten(std::string& text, size_t bytes_max) {
  if (text.size() > bytes_max) text = readable(text, bytes_max);
}

// A signed note proves something to the byte, or not at all.
void whole_or_digest(std::string& note, size_t bytes_max) {
  if (note.size() > bytes_max) note = "sha256:" + ledger::sha256(as_bytes(note)).hex();
}

// A peer words ids, names and reasons, and an entry that can't be written ends the gateway.
void bound_texts(ledger::Entry& entry) {
  for (std::string* text : {&entry.job, &entry.crossing, &entry.who, &entry.item_digest, &entry.peer})
    shorten(*text, limits::kLedgerNameBytesMax);
  for (auto& [key, value] : entry.extra) {
    // What a decision was made from is bounded by itself (inputs.h): cut, it could not be made again.
    if (key == "request" || key == "mechanisms" || key == "counted") continue;
    if (key == "checkpoint" || key == "cosigned" || key == "evidence")
      whole_or_digest(value, limits::kLedgerNoteBytesMax);
    else
      shorten(value, limits::kLedgerTextBytesMax);
  }
  shorten(entry.reason, limits::kLedgerReasonBytesMax);
  entry.item_bytes = std::clamp<int64_t>(entry.item_bytes, 0, limits::kItemBytesMax);
}

Step finish(State& s) {
  drain_own_messages(s);
  while (give_turns(s)) drain_own_messages(s);
  for (ledger::Entry& entry : s.out.entries) bound_texts(entry);
  for (const std::string& job : s.changed_jobs()) let_rest(s, job);
  if (const auto next = next_deadline(s)) s.effect(WakeAt{std::max(*next, s.now)});
  return s.take_step();
}

template <class T>
const T* find_in(const Table_of<T>& table, std::string_view key) {
  const auto at = table.find(key);
  return at == table.end() ? nullptr : &at->second;
}

}  // namespace

Error key_was_used(const std::string& idempotency_key) {
  return {ErrorCode::kUsage, "Idempotency-Key " + idempotency_key, "was used for another task before",
          "take a fresh key for a new task"};
}

Core::Core(CoreConfig config) : state_(std::make_unique<State>(std::move(config))) {}
Core::~Core() = default;
Core::Core(Core&&) noexcept = default;
Core& Core::operator=(Core&&) noexcept = default;

Result<void> Core::load(const Record& record) {
  return state_->load(record);
}
void Core::load_ledger_size(uint64_t entries) {
  state_->next_sequence = entries;
}

Step Core::resume(Instant now) {
  state_->now = now;
  resume_crossings(*state_);
  resume_reviews(*state_);
  resume_duties(*state_);
  resume_access(*state_);
  resume_runs(*state_);
  resume_jobs(*state_);
  resume_archive(*state_);
  resume_market(*state_);
  resume_turns(*state_);
  return finish(*state_);
}

Step Core::step(Event event, Instant now) {
  state_->now = now;
  std::visit(Handler{*state_}, event);
  return finish(*state_);
}

const pb::Job* Core::job(std::string_view id) const {
  const auto at = state_->jobs.find(id);
  return at == state_->jobs.end() ? nullptr : &at->second;
}
const pb::Run* Core::run(std::string_view key) const {
  return find_in(state_->runs, key);
}
const pb::Crossing* Core::crossing(std::string_view id) const {
  return find_in(state_->crossings, id);
}
const pb::Review* Core::review(std::string_view id) const {
  return find_in(state_->reviews, id);
}
const pb::Dataset* Core::dataset(std::string_view id) const {
  return find_in(state_->datasets, id);
}
const std::map<pb::JobState, size_t>& Core::jobs_in() const {
  return state_->jobs_in;
}
const Shelf<pb::Job>& Core::jobs() const {
  return state_->jobs;
}
const Table_of<pb::Run>& Core::runs() const {
  return state_->runs;
}
const Table_of<pb::Crossing>& Core::crossings() const {
  return state_->crossings;
}
const Table_of<pb::Review>& Core::reviews() const {
  return state_->reviews;
}
const Table_of<pb::Dataset>& Core::datasets() const {
  return state_->datasets;
}
const Table_of<pb::Counter>& Core::counters() const {
  return state_->counters;
}
const Table_of<pb::Mechanism>& Core::mechanisms() const {
  return state_->mechanisms;
}
const Table_of<pb::Session>& Core::sessions() const {
  return state_->sessions;
}
const Table_of<pb::AccessToken>& Core::tokens() const {
  return state_->tokens;
}
const Table_of<pb::AccessRequest>& Core::access_requests() const {
  return state_->access_requests;
}
const Table_of<pb::Project>& Core::projects() const {
  return state_->projects;
}
const CoreConfig& Core::config() const {
  return state_->config;
}
std::string Core::policy_digest() const {
  return state_->policy ? state_->policy->digest() : std::string();
}

std::vector<pb::ComputeOffer> Core::offers() const {
  return offers_now(*state_);
}
std::vector<pb::Platform> Core::platforms() const {
  return own_supply(*state_);
}
std::shared_ptr<const policy::Policy> Core::policy() const {
  return state_->policy;
}
const std::string& Core::policy_name() const {
  return state_->policy_name;
}
const pb::PolicyRecord& Core::policy_record() const {
  return state_->policy_record();
}
const Table_of<pb::PolicyProposal>& Core::proposals() const {
  return state_->proposals;
}
const Table_of<pb::PolicyActivation>& Core::activations() const {
  return state_->activations;
}
std::optional<Error> Core::cannot_activate(const std::string& pack_digest) const {
  return federation::cannot_activate(*state_, pack_digest);
}
uint64_t Core::ledger_size() const {
  return state_->next_sequence;
}

const std::string* Core::job_of_key(const pb::Principal& submitter, std::string_view idempotency_key) const {
  return find_in(state_->idempotency, idempotency_row(submitter, idempotency_key));
}

uint64_t Core::retired() const {
  return state_->retired;
}
const std::map<pb::JobState, uint64_t>& Core::ended_jobs() const {
  return state_->ended;
}

const std::map<std::string, size_t, std::less<>>& Core::open_jobs() const {
  return state_->open_jobs;
}

std::vector<PeerState> Core::peers() const {
  std::vector<PeerState> all;
  for (const PeerConfig& known : state_->config.peers) {
    const PeerLive& live = state_->peers.at(known.region);
    PeerState& peer = all.emplace_back();
    peer.region = known.region;
    peer.jurisdiction = known.jurisdiction;
    peer.up = live.up;
    peer.why_down = live.why_down;
    peer.since = live.since;
    peer.policy_digest = live.policy_digest;
    peer.held_because = live.held_because;
    peer.platforms = live.platforms;
    peer.offers = live.offers;
    const auto waiting = state_->outbox.find(known.region);
    peer.outbox = waiting == state_->outbox.end() ? 0 : waiting->second.size();
  }
  return all;
}

Result<std::vector<Candidate>> Core::explain(const pb::Task& task, const pb::Principal& submitter,
                                             std::string_view project,
                                             const std::vector<pb::Item>& inline_items, Instant now) const {
  if (auto error = check_task(*state_, task, inline_items)) return fail(std::move(*error));
  const std::string named = project.empty() ? tag_of(task.tags(), "project") : std::string(project);
  const std::string said = tag_of(task.tags(), "purpose");
  const Plan plan{task, submitter, named, said.empty() ? "research" : said, inline_items, true};
  if (auto error = why_not_shared(*state_, plan, now)) return fail(std::move(*error));
  auto places = candidates(*state_, plan, now);
  judge_budget(*state_, named, places);
  return places;
}

bool Core::may_send(std::string_view region, std::string_view crossing) const {
  const pb::Crossing* known = find_in(state_->crossings, crossing);
  return known != nullptr && known->state() == pb::CROSSING_MOVING && known->to_region() == region &&
         state_->is_self(known->from_region()) && !releases_are_held(*state_, region);
}

const pb::Item* Core::expected_item(std::string_view region, std::string_view crossing) const {
  const pb::Crossing* known = find_in(state_->crossings, crossing);
  if (known == nullptr || known->state() != pb::CROSSING_MOVING || known->from_region() != region)
    return nullptr;
  return state_->is_self(known->to_region()) ? &known->item() : nullptr;
}

}  // namespace hetao::federation
