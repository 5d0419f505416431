// The core of a gateway: what happens next to every job, run, crossing and review. It decides and does
// nothing: step(event, now) -> records + entries + effects. No clock, no random number, no socket, no file,
// no thread.
//
// Use: construct with the region's configuration; load() every stored record; resume() once; then step() for
// each event, in order. Make the records and entries of a step durable before carrying out its effects (the
// one gate is gateway/io). Same configuration and same events give the same steps, on every machine.
//
// `now` is the shell's clock: wall time as it was when the process started, carried on by a steady clock. It
// never goes back and never jumps while a process lives, so that a clock that is set moves no deadline.
//
// Not thread-safe: one thread steps. Reading functions may be called between steps by that same thread;
// references they return live until the next step.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/federation/effect.h"
#include "gateway/federation/event.h"
#include "gateway/federation/record.h"
#include "gateway/federation/shelf.h"
#include "gateway/ledger/entry.h"
#include "policy/policy.h"
#include "proto/peer.pb.h"
#include "proto/state.pb.h"

namespace hetao::federation {

struct PeerConfig {
  std::string region;
  std::string jurisdiction;  // CN, HK, MO, …
};

struct PlatformConfig {
  std::string name;
  std::string kind;       // local, slurm, kubernetes
  int64_t cpu_cores = 0;  // what a single job may ask for at most
  int64_t ram_bytes = 0;
  std::vector<pb::Fact> facts;  // compute.* attributes, for `place` decisions
  std::map<std::string, int64_t> accelerators =
      {};                       // kinds that it has, and how many of one a job may ask for
  Duration submit_settle = {};  // how long an unanswered submission may still appear; 0: CoreConfig's
  pb::Price price = {};
  std::map<std::string, std::vector<pb::Fact>> accelerator_facts = {};  // compute.* of one kind, by kind
};

// What counts how much when permitted candidates are compared: each is multiplied, the lowest sum wins.
struct PlacementWeights {
  int64_t moving = 1;   // a second that moving its data takes, at 100 MB/s
  int64_t waiting = 1;  // a second of expected wait
  int64_t price = 0;    // a hundredth of a CNY
};

// What a peer region is told of this region's supply.
enum class SupplyShown {
  kNothing,
  kSizes,  // what there is, and not how busy it is
  kAll,
};

// A place outside that s3:// and https:// URLs may name: what the core has to know to decide about it.
struct StoreConfig {
  std::string name;
  std::vector<std::string> urls;     // beginnings: "s3://lab/", "https://data.example/open/"
  std::string jurisdiction;          // where what it keeps is; empty: as this region
  std::vector<std::string> tenants;  // globs: who may use it; empty: everyone
  bool writable = false;             // outputs may go there
  std::vector<pb::Fact> labels;      // what is known of everything in it
};

// What a tenant's runs may hold here at once; 0: no limit.
struct Quota {
  int64_t cores = 0;
  int64_t accelerators = 0;
};

struct CoreConfig {
  std::string region;
  std::string jurisdiction;
  std::string operator_tenant;  // runs the region's platforms; recipient of code that comes to run here
  std::vector<PeerConfig> peers;
  std::vector<PlatformConfig> platforms;
  PlacementWeights weights;
  std::map<std::string, PlacementWeights> tenant_weights;
  std::map<std::string, int64_t>
      monthly_caps;                     // by tenant, in millionths of a CNY; who is not named has none
  std::map<std::string, Quota> quotas;  // by tenant; who is not named has none
  int64_t hkd_in_cny_micros = 920'000;  // to compare prices alone
  std::map<std::string, SupplyShown> shows_supply;  // by peer region; who is not named is shown all
  std::map<std::string, pb::Tenant> tenants;
  std::vector<StoreConfig> stores;
  std::vector<pb::Fact> standing_facts;  // link.crypto, parameter.*: true of every crossing of this gateway
  Duration submit_settle = Duration::seconds(15);  // before an absent submission is believed absent
  Duration retry_first = Duration::seconds(1);
  Duration retry_most = Duration::seconds(60);
  int attempts_max = 3;                                               // of one job, in all places together
  Duration job_deadline = Duration::seconds(int64_t{30} * 86'400);    // from its submission to its end
  Duration hold_expiry = Duration::seconds(int64_t{14} * 86'400);     // until a reviewer answers
  Duration hold_escalation = Duration::seconds(int64_t{3} * 86'400);  // until others are told of it too
  std::string escalation_role = "data-owner";                         // who is told
  Duration offer_expiry = Duration::seconds(600);    // until a place answers; then another is asked
  size_t jobs_open_max = 100'000;                    // of this home; callers ask before submitting
  Duration cancel_patience = Duration::seconds(60);  // until a cancelled job's place says that it stopped
  Duration retire_after = Duration::seconds(60);     // an ended job goes to the archive, when nothing is owed
};

struct Step {
  std::vector<Record> records;
  std::vector<ledger::Entry> entries;
  std::vector<Effect> effects;
};

// One planned or real crossing of a placement, with our side's verdict.
struct PlannedCrossing {
  std::string from_region;
  std::string to_region;
  std::string item;  // input path, dataset id or output name
  std::string kind;
  int64_t bytes = 0;
  bool preliminary = false;  // decided on what is known now: inspection and the holder's counters come later
  pb::Verdict verdict;
  pb::Crossing decided;  // what the verdict is of
};

struct Candidate {
  std::string region;
  std::string platform;
  bool reachable = false;
  std::string unfit;  // why it can't run there at all; empty: it can
  std::vector<PlannedCrossing> crossings;
  pb::Verdict verdict;  // strictest of the place decision and all crossings
  pb::Verdict place;    // of using the platform
  std::vector<pb::Fact> platform_facts;
  int64_t bytes_to_move = 0;
  std::string accelerator;  // of the equivalents that the task names; empty: it needs none
  int64_t accelerators = 0;
  int64_t wait_seconds = 0;  // expected before it starts
  int64_t cost_micros = 0;   // of an hour, or of the wall time that it asks for
  std::string currency;
  std::string offer;  // whose price that is; empty: the platform's own
  std::string lost;   // why it is not the first one; empty: it is
};

struct PeerState {
  std::string region;
  std::string jurisdiction;
  bool up = false;
  std::string why_down;
  Instant since;
  std::string policy_digest;
  std::vector<pb::Platform> platforms;
  std::vector<pb::ComputeOffer> offers;
  std::string held_because;  // why nothing is released to it; empty: it is
  size_t outbox = 0;         // messages not acknowledged yet
};

// The answer to an Idempotency-Key that made another job than this submission asks for.
Error key_was_used(const std::string& idempotency_key);

class State;  // gateway/federation/state.h: the objects behind the records

class Core {
 public:
  explicit Core(CoreConfig config);
  ~Core();
  Core(Core&&) noexcept;
  Core& operator=(Core&&) noexcept;

  // Start-up: every stored record in any order, and the number of entries in the ledger.
  Result<void> load(const Record& record);
  void load_ledger_size(uint64_t entries);
  // Everything that is owed: to be called once, after the policy was activated by a step.
  Step resume(Instant now);

  Step step(Event event, Instant now);

  // --- reading ---
  const pb::Job* job(std::string_view id) const;
  const pb::Run* run(std::string_view key) const;
  const pb::Crossing* crossing(std::string_view id) const;
  const pb::Review* review(std::string_view id) const;
  const pb::Dataset* dataset(std::string_view id) const;
  const Shelf<pb::Job>& jobs() const;
  const std::map<std::string, pb::Run, std::less<>>& runs() const;
  const std::map<std::string, pb::Crossing, std::less<>>& crossings() const;
  const std::map<std::string, pb::Review, std::less<>>& reviews() const;
  const std::map<std::string, pb::Dataset, std::less<>>& datasets() const;
  const std::map<std::string, pb::Counter, std::less<>>& counters() const;
  const std::map<std::string, pb::Mechanism, std::less<>>& mechanisms() const;
  const std::map<std::string, pb::Session, std::less<>>& sessions() const;
  const std::map<std::string, pb::AccessToken, std::less<>>& tokens() const;
  const std::map<std::string, pb::AccessRequest, std::less<>>& access_requests() const;
  const std::map<std::string, pb::Project, std::less<>>& projects() const;
  std::vector<PeerState> peers() const;
  // The job that this submitter's Idempotency-Key made; nullptr: none, or one that is archived.
  const std::string* job_of_key(const pb::Principal& submitter, std::string_view idempotency_key) const;
  // How many jobs went to the archive since the start. Who reads here and then, at leisure, in the archive
  // has seen everything when this has not changed meanwhile.
  uint64_t retired() const;
  // How many jobs() are in a state.
  const std::map<pb::JobState, size_t>& jobs_in() const;
  // Jobs of this home that ended since the start, by state.
  const std::map<pb::JobState, uint64_t>& ended_jobs() const;
  // Jobs of this home that have not ended: of each tenant that has some.
  const std::map<std::string, size_t, std::less<>>& open_jobs() const;
  std::vector<pb::Platform> platforms() const;   // this region's, as last seen
  std::vector<pb::ComputeOffer> offers() const;  // this region's, with what is taken of each
  std::string policy_digest() const;
  std::shared_ptr<const policy::Policy> policy() const;  // in force; null before the first
  const std::string& policy_name() const;
  const pb::PolicyRecord& policy_record() const;
  const std::map<std::string, pb::PolicyProposal, std::less<>>& proposals() const;
  const std::map<std::string, pb::PolicyActivation, std::less<>>& activations() const;  // in order
  // Why this pack can't be put in force now; nothing: it can.
  std::optional<Error> cannot_activate(const std::string& pack_digest) const;
  uint64_t ledger_size() const;  // entries of all steps so far
  const CoreConfig& config() const;

  // Decides without submitting: every place where the task could run, best first. Pure.
  Result<std::vector<Candidate>> explain(const pb::Task& task, const pb::Principal& submitter,
                                         std::string_view project, const std::vector<pb::Item>& inline_items,
                                         Instant now) const;

  // The shell asks before a byte of an item moves. Both answer for the newest step: act on a yes only when
  // every step so far is durable (the gate knows), so that no byte moves before the permits do.
  bool may_send(std::string_view region, std::string_view crossing) const;
  // The item expected on this crossing from this peer; nullptr: refuse the stream.
  const pb::Item* expected_item(std::string_view region, std::string_view crossing) const;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace hetao::federation
