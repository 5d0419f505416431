// Everything that a core knows, and the step in progress. Internal to the federation room.
//
// Objects are changed through edit_*(), which marks them; the end of the step writes each marked object once
// as a record. Nothing else may write records. The rooms' handlers are free functions over State&, one file
// an area.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/federation/core.h"
#include "gateway/federation/timers.h"
#include "gateway/federation/turns.h"

namespace hetao::federation {

template <class T>
using Table_of = std::map<std::string, T, std::less<>>;

// What is known of a peer while its tunnel is up; not remembered over a restart.
struct PeerLive {
  bool up = false;
  std::string why_down = "not connected yet";
  Instant since;
  std::string policy_digest;
  std::vector<pb::Platform> platforms;
  std::vector<pb::ComputeOffer> offers;
  pb::Tenant operator_tenant;
  std::string held_because;  // not empty: nothing is released to it
  Instant resend_at;         // unacknowledged messages go again
  bool heard = false;        // something since it came up
  uint64_t sent_up_to = 0;   // of the outbox, since it came up or was last repeated
};

class State {
 public:
  explicit State(CoreConfig c);

  CoreConfig config;
  std::shared_ptr<const policy::Policy> policy;
  std::string policy_name;
  std::shared_ptr<const policy::Policy> shadow;  // says in the ledger what it would have said
  uint64_t next_sequence = 0;

  Shelf<pb::Job> jobs;
  Table_of<pb::Run> runs;
  Table_of<pb::Crossing> crossings;
  Table_of<pb::Review> reviews;
  Table_of<pb::Dataset> datasets;
  Table_of<pb::Counter> counters;
  Table_of<pb::Mechanism> mechanisms;
  Table_of<pb::PeerMark> marks;
  Table_of<pb::PolicyProposal> proposals;
  Table_of<pb::PolicyActivation> activations;
  Table_of<pb::PolicyRecord> policy_records;  // at most one
  Table_of<std::string> idempotency;
  Table_of<pb::Session> sessions;
  Table_of<pb::AccessToken> tokens;
  Table_of<pb::AccessRequest> access_requests;
  Table_of<pb::Project> projects;
  Table_of<pb::Duty> duties;          // by the crossing that they come from
  Table_of<pb::Usage> spent;          // by archived runs; see money.h
  Table_of<pb::ComputeOffer> offers;  // of this region; see market.h
  // What each peer has not acknowledged yet, by sequence, as it is stored: there may be very many.
  std::map<std::string, std::map<uint64_t, std::string>, std::less<>> outbox;
  std::map<std::string, PeerLive, std::less<>> peers;
  std::vector<pb::Platform> supply;  // this region's, as last seen

  // Objects that time alone can move, so that TimePassed costs what is due and not what is known.
  Timers run_timers;     // by run
  Timers job_waits;      // by job: its next attempt, or the end of an offer or of a cancel's patience
  Timers job_deadlines;  // by job that is open
  std::map<std::string, size_t, std::less<>> open_jobs;  // of each tenant, of this home
  Timers review_timers;                                  // by review that is open
  Timers duty_timers;                                    // by crossing
  Timers access_timers;                                  // by "session/ID" and "token/ID"
  Timers rest_timers;                                    // by job that may go to the archive
  Timers offer_timers;                                   // by offer: its beginning or its end
  Turns turns;                                           // who waits for a place on a platform, who has one
  uint64_t retired = 0;                                  // jobs, since the start
  std::map<pb::JobState, uint64_t> ended;                // jobs, since the start
  std::map<pb::JobState, size_t> jobs_in;                // how many of `jobs` are in a state

  // By run: when its submission was asked for that may not have left this process yet.
  std::map<std::string, Instant, std::less<>> leaving;
  std::set<std::string, std::less<>> dropping;  // duties whose copies are being deleted

  // --- the step in progress ---
  Instant now;
  Step out;

  pb::Job& edit_job(const std::string& id);
  pb::Run& edit_run(const std::string& key);
  pb::Crossing& edit_crossing(const std::string& id);
  pb::Review& edit_review(const std::string& id);
  pb::Dataset& edit_dataset(const std::string& id);
  pb::Counter& edit_counter(const std::string& key);
  pb::Mechanism& edit_mechanism(const std::string& id);
  pb::PeerMark& edit_mark(const std::string& region);
  pb::Duty& edit_duty(const std::string& crossing);
  pb::Session& edit_session(const std::string& id);
  void drop_session(const std::string& id);
  pb::AccessToken& edit_token(const std::string& id);
  void drop_token(const std::string& id);
  pb::AccessRequest& edit_access_request(const std::string& id);
  pb::Project& edit_project(const std::string& id);
  void drop_duty(const std::string& crossing);
  pb::PolicyProposal& edit_proposal(const std::string& id);
  pb::PolicyActivation& edit_activation(const std::string& number);
  pb::PolicyRecord& edit_policy_record(const std::string& key);
  const pb::PolicyRecord& policy_record() const;
  pb::Usage& edit_spent(const std::string& key);
  pb::ComputeOffer& edit_offer(const std::string& id);
  void drop_offer(const std::string& id);
  void put_idempotency(const std::string& key, const std::string& job);
  // The archive: a row moves there, or is made there.
  void retire(Table from, Table to, const std::string& key);
  void retire_idempotency(const std::string& key);
  void put_past(Table table, const std::string& key, std::string value);
  void put_outgoing(const std::string& region, const pb::PeerMessage& message);
  void drop_outgoing(const std::string& region, uint64_t sequence);

  // Opens a ledger entry of this step: sequence, time, region and policy digest are filled in.
  ledger::Entry& book(std::string kind);
  void effect(Effect effect) { out.effects.push_back(std::move(effect)); }

  Result<void> load(const Record& record);
  // To which jobs the marked objects belong, as far as they are still here.
  std::vector<std::string> changed_jobs() const;
  // The objects of a table that this step has changed so far.
  std::vector<std::string> changed(Table table) const;
  // Ends the step: the marked objects become records.
  Step take_step();

  bool is_self(std::string_view region) const { return region == config.region; }
  std::string jurisdiction_of(std::string_view region) const;

  // Messages to ourselves, handled within the step (see exchange.h).
  std::deque<pb::PeerMessage> to_self;

 private:
  std::set<std::pair<Table, std::string>> dirty_;
  std::vector<Record> direct_;  // outbox, idempotency and archive rows
  std::optional<std::string> serialise(Table table, const std::string& key);
  void erase(Table table, const std::string& key);
  std::string job_of(Table table, const std::string& key) const;
};

// The region that stands for a store in a crossing: "store:NAME", which no region can be called.
std::string store_region(const StoreConfig& store);

std::string run_key(std::string_view job, uint32_t attempt);
std::string idempotency_row(const pb::Principal& submitter, std::string_view idempotency_key);
std::string outbox_key(std::string_view region, uint64_t sequence);

// Change of state, checked against the table.
void move_job(State& s, pb::Job& job, pb::JobState to, std::string note = {});
void move_run(pb::Run& run, pb::RunState to);
void move_crossing(pb::Crossing& crossing, pb::CrossingState to);

// A user as the ledger names one: "TENANT/u-…", a name that means nothing without this gateway's own records.
std::string ledger_name(const pb::Principal& who);

}  // namespace hetao::federation
