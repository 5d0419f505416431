#include "gateway/federation/state.h"

#include <array>
#include <cstdio>

#include "gateway/base/check.h"
#include "gateway/federation/project.h"
#include "gateway/federation/table.h"
#include "gateway/ledger/sha256.h"

namespace hetao::federation {

namespace {

template <class T>
Result<void> parse_into(Table_of<T>& table, const Record& record) {
  T message;
  if (!message.ParseFromString(*record.value)) {
    return fail(ErrorCode::kFailed, "store row " + record.key, "is not readable",
                "restore the store from a backup");
  }
  table.insert_or_assign(record.key, std::move(message));
  return {};
}

template <class T>
std::optional<std::string> serialise_from(const Table_of<T>& table, const std::string& key) {
  const auto at = table.find(key);
  if (at == table.end()) return std::nullopt;
  return at->second.SerializeAsString();
}

}  // namespace

State::State(CoreConfig c) : config(std::move(c)) {
  for (const PeerConfig& peer : config.peers) peers[peer.region];
}

pb::Job& State::edit_job(const std::string& id) {
  dirty_.emplace(Table::kJob, id);
  return jobs.edit(id);
}
pb::Run& State::edit_run(const std::string& key) {
  dirty_.emplace(Table::kRun, key);
  return runs[key];
}
pb::Crossing& State::edit_crossing(const std::string& id) {
  dirty_.emplace(Table::kCrossing, id);
  return crossings[id];
}
pb::Review& State::edit_review(const std::string& id) {
  dirty_.emplace(Table::kReview, id);
  return reviews[id];
}
pb::Dataset& State::edit_dataset(const std::string& id) {
  dirty_.emplace(Table::kDataset, id);
  return datasets[id];
}
pb::Counter& State::edit_counter(const std::string& key) {
  dirty_.emplace(Table::kCounter, key);
  return counters[key];
}
pb::Mechanism& State::edit_mechanism(const std::string& id) {
  dirty_.emplace(Table::kMechanism, id);
  return mechanisms[id];
}
pb::PeerMark& State::edit_mark(const std::string& region) {
  dirty_.emplace(Table::kPeerMark, region);
  pb::PeerMark& mark = marks[region];
  mark.set_region(region);
  return mark;
}

pb::Duty& State::edit_duty(const std::string& crossing) {
  dirty_.emplace(Table::kDuty, crossing);
  return duties[crossing];
}
void State::drop_duty(const std::string& crossing) {
  dirty_.emplace(Table::kDuty, crossing);
  duties.erase(crossing);
}
pb::Session& State::edit_session(const std::string& id) {
  dirty_.emplace(Table::kSession, id);
  return sessions[id];
}
void State::drop_session(const std::string& id) {
  dirty_.emplace(Table::kSession, id);
  sessions.erase(id);
}
pb::AccessToken& State::edit_token(const std::string& id) {
  dirty_.emplace(Table::kAccessToken, id);
  return tokens[id];
}
void State::drop_token(const std::string& id) {
  dirty_.emplace(Table::kAccessToken, id);
  tokens.erase(id);
}
pb::AccessRequest& State::edit_access_request(const std::string& id) {
  dirty_.emplace(Table::kAccessRequest, id);
  return access_requests[id];
}
pb::Project& State::edit_project(const std::string& id) {
  dirty_.emplace(Table::kProject, id);
  return projects[id];
}
pb::PolicyProposal& State::edit_proposal(const std::string& id) {
  dirty_.emplace(Table::kProposal, id);
  return proposals[id];
}
pb::PolicyActivation& State::edit_activation(const std::string& number) {
  dirty_.emplace(Table::kActivation, number);
  return activations[number];
}
pb::PolicyRecord& State::edit_policy_record(const std::string& key) {
  dirty_.emplace(Table::kPolicyRecord, key);
  return policy_records[key];
}
const pb::PolicyRecord& State::policy_record() const {
  return policy_records.empty() ? pb::PolicyRecord::default_instance() : policy_records.begin()->second;
}

pb::Usage& State::edit_spent(const std::string& key) {
  dirty_.emplace(Table::kSpent, key);
  return spent[key];
}

pb::ComputeOffer& State::edit_offer(const std::string& id) {
  dirty_.emplace(Table::kComputeOffer, id);
  return offers[id];
}
void State::drop_offer(const std::string& id) {
  dirty_.emplace(Table::kComputeOffer, id);
  offers.erase(id);
}

void State::put_idempotency(const std::string& key, const std::string& job) {
  idempotency[key] = job;
  direct_.push_back({Table::kIdempotency, key, job});
}

void State::put_past(Table table, const std::string& key, std::string value) {
  direct_.push_back({table, key, std::move(value)});
}

void State::retire(Table from, Table to, const std::string& key) {
  put_past(to, key, serialise(from, key).value());
  erase(from, key);
  dirty_.emplace(from, key);  // its row is removed
}

void State::retire_idempotency(const std::string& key) {
  const auto known = idempotency.find(key);
  if (known == idempotency.end()) return;
  put_past(Table::kPastIdempotency, key, known->second);
  idempotency.erase(known);
  direct_.push_back({Table::kIdempotency, key, std::nullopt});
}

void State::put_outgoing(const std::string& region, const pb::PeerMessage& message) {
  std::string& kept = outbox[region][message.sequence()];
  kept = message.SerializeAsString();
  direct_.push_back({Table::kOutbox, outbox_key(region, message.sequence()), kept});
}

void State::drop_outgoing(const std::string& region, uint64_t sequence) {
  outbox[region].erase(sequence);
  direct_.push_back({Table::kOutbox, outbox_key(region, sequence), std::nullopt});
}

ledger::Entry& State::book(std::string kind) {
  ledger::Entry& entry = out.entries.emplace_back();
  entry.sequence = next_sequence++;
  entry.time = now;
  entry.region = config.region;
  entry.kind = std::move(kind);
  if (policy) entry.policy_digest = policy->digest();
  return entry;
}

Result<void> State::load(const Record& record) {
  HETAO_CHECK(record.value.has_value());
  switch (record.table) {
    case Table::kJob: {
      Table_of<pb::Job> one;
      if (auto parsed = parse_into(one, record); !parsed) return parsed;
      const pb::Job& job = one.begin()->second;
      if (!is_final(job.state())) ++open_jobs[job.submitter().tenant()];
      ++jobs_in[job.state()];
      jobs.put_packed(record.key, *record.value);
      return {};
    }
    case Table::kRun:
      return parse_into(runs, record);
    case Table::kCrossing:
      return parse_into(crossings, record);
    case Table::kReview:
      return parse_into(reviews, record);
    case Table::kDataset:
      return parse_into(datasets, record);
    case Table::kCounter:
      return parse_into(counters, record);
    case Table::kMechanism:
      return parse_into(mechanisms, record);
    case Table::kPeerMark:
      return parse_into(marks, record);
    case Table::kDuty:
      return parse_into(duties, record);
    case Table::kSpent:
      return parse_into(spent, record);
    case Table::kComputeOffer:
      return parse_into(offers, record);
    case Table::kProposal:
      return parse_into(proposals, record);
    case Table::kActivation:
      return parse_into(activations, record);
    case Table::kPolicyRecord:
      return parse_into(policy_records, record);
    case Table::kSession:
      return parse_into(sessions, record);
    case Table::kAccessToken:
      return parse_into(tokens, record);
    case Table::kAccessRequest:
      return parse_into(access_requests, record);
    case Table::kProject:
      return parse_into(projects, record);
    case Table::kIdempotency:
      idempotency[record.key] = *record.value;
      return {};
    case Table::kOutbox: {
      Table_of<pb::PeerMessage> one;
      if (auto parsed = parse_into(one, record); !parsed) return parsed;
      const std::string region = record.key.substr(0, record.key.rfind('/'));
      const pb::PeerMessage& message = one.begin()->second;
      outbox[region][message.sequence()] = *record.value;
      return {};
    }
    case Table::kPastJob:
    case Table::kPastRun:
    case Table::kPastCrossing:
    case Table::kPastReview:
    case Table::kPastIdempotency:
    case Table::kPastOfTenant:
    case Table::kPastBlob:
      return {};  // read where it is, when somebody asks
  }
  return fail(ErrorCode::kFailed, "store row " + record.key, "is of a table that this version does not know",
              "start the version that wrote it");
}

std::optional<std::string> State::serialise(Table table, const std::string& key) {
  switch (table) {
    case Table::kJob:
      return jobs.contains(key) ? std::optional(jobs.pack(key)) : std::nullopt;
    case Table::kRun:
      return serialise_from(runs, key);
    case Table::kCrossing:
      return serialise_from(crossings, key);
    case Table::kReview:
      return serialise_from(reviews, key);
    case Table::kDataset:
      return serialise_from(datasets, key);
    case Table::kCounter:
      return serialise_from(counters, key);
    case Table::kMechanism:
      return serialise_from(mechanisms, key);
    case Table::kPeerMark:
      return serialise_from(marks, key);
    case Table::kDuty:
      return serialise_from(duties, key);
    case Table::kSpent:
      return serialise_from(spent, key);
    case Table::kComputeOffer:
      return serialise_from(offers, key);
    case Table::kProposal:
      return serialise_from(proposals, key);
    case Table::kActivation:
      return serialise_from(activations, key);
    case Table::kPolicyRecord:
      return serialise_from(policy_records, key);
    case Table::kSession:
      return serialise_from(sessions, key);
    case Table::kAccessToken:
      return serialise_from(tokens, key);
    case Table::kAccessRequest:
      return serialise_from(access_requests, key);
    case Table::kProject:
      return serialise_from(projects, key);
    case Table::kIdempotency:
    case Table::kOutbox:
    case Table::kPastJob:
    case Table::kPastRun:
    case Table::kPastCrossing:
    case Table::kPastReview:
    case Table::kPastIdempotency:
    case Table::kPastOfTenant:
    case Table::kPastBlob:
      break;
  }
  HETAO_CHECK(table == Table::kJob);  // the others are written directly
  return std::nullopt;
}

void State::erase(Table table, const std::string& key) {
  switch (table) {
    case Table::kJob:
      --jobs_in[jobs.at(key).state()];
      jobs.erase(key);
      return;
    case Table::kRun:
      runs.erase(key);
      return;
    case Table::kCrossing:
      crossings.erase(key);
      return;
    case Table::kReview:
      reviews.erase(key);
      return;
    default:
      HETAO_CHECK(table == Table::kJob);  // nothing else is archived
  }
}

// Of which job an object is that changed; empty: of none.
std::string State::job_of(Table table, const std::string& key) const {
  const auto job_in = [&](const auto& objects) {
    const auto at = objects.find(key);
    return at == objects.end() ? std::string() : at->second.job();
  };
  if (table == Table::kJob) return jobs.contains(key) ? key : std::string();
  if (table == Table::kRun) return job_in(runs);
  if (table == Table::kCrossing) return job_in(crossings);
  return {};
}

std::vector<std::string> State::changed_jobs() const {
  std::vector<std::string> changed;
  for (const auto& [table, key] : dirty_) {
    std::string job = job_of(table, key);
    if (!job.empty()) changed.push_back(std::move(job));
  }
  return changed;
}

std::vector<std::string> State::changed(Table table) const {
  std::vector<std::string> keys;
  for (auto at = dirty_.lower_bound({table, std::string()}); at != dirty_.end() && at->first == table; ++at)
    keys.push_back(at->second);
  return keys;
}

Step State::take_step() {
  for (const auto& [table, key] : dirty_) out.records.push_back({table, key, serialise(table, key)});
  dirty_.clear();
  jobs.close();
  for (Record& record : direct_) out.records.push_back(std::move(record));
  direct_.clear();
  return std::exchange(out, Step{});
}

std::string State::jurisdiction_of(std::string_view region) const {
  if (is_self(region)) return config.jurisdiction;
  for (const PeerConfig& peer : config.peers) {
    if (peer.region == region) return peer.jurisdiction;
  }
  for (const StoreConfig& store : config.stores) {
    if (store_region(store) != region) continue;
    return store.jurisdiction.empty() ? config.jurisdiction : store.jurisdiction;
  }
  return {};
}

std::string store_region(const StoreConfig& store) {
  return "store:" + store.name;
}

std::string run_key(std::string_view job, uint32_t attempt) {
  return std::string(job) + "." + std::to_string(attempt);
}

std::string idempotency_row(const pb::Principal& submitter, std::string_view idempotency_key) {
  return submitter.tenant() + "/" + submitter.user() + "/" + std::string(idempotency_key);
}

std::string outbox_key(std::string_view region, uint64_t sequence) {
  std::array<char, 24> digits{};
  std::snprintf(digits.data(), digits.size(), "%020llu", static_cast<unsigned long long>(sequence));
  return std::string(region) + "/" + digits.data();
}

void move_job(State& s, pb::Job& job, pb::JobState to, std::string note) {
  if (job.state() == to) return;
  HETAO_CHECK(may_move(job.state(), to));
  --s.jobs_in[job.state()];
  ++s.jobs_in[to];
  job.set_state(to);
  pb::StateChange& change = *job.add_history();
  change.set_state(to);
  change.set_at_micros(s.now.micros);
  change.set_note(note);
  s.job_waits.erase(job.id());  // whatever it waited for in the state before
  if (is_final(to)) {
    job.set_ended_micros(s.now.micros);
    ++s.ended[to];
    s.job_deadlines.erase(job.id());
    settle_promise(s, job);
    const auto open = s.open_jobs.find(job.submitter().tenant());
    HETAO_CHECK(open != s.open_jobs.end() && open->second > 0);
    if (--open->second == 0) s.open_jobs.erase(open);
  }
  if (to == pb::JOB_DECIDING) return;  // what it decides is booked, each decision by itself
  ledger::Entry& entry = s.book("job-state");
  entry.job = job.id();
  entry.who = ledger_name(job.submitter());
  entry.reason = note.empty() ? std::string(to_word(to)) : std::string(to_word(to)) + ": " + note;
}

void move_run(pb::Run& run, pb::RunState to) {
  if (run.state() == to) return;
  HETAO_CHECK(may_move(run.state(), to));
  run.set_state(to);
}

void move_crossing(pb::Crossing& crossing, pb::CrossingState to) {
  if (crossing.state() == to) return;
  HETAO_CHECK(may_move(crossing.state(), to));
  crossing.set_state(to);
}

std::string ledger_name(const pb::Principal& who) {
  if (!who.ledger_name().empty()) return who.ledger_name();
  if (who.user().empty()) return who.tenant();
  const std::string both = who.tenant() + '\0' + who.user();
  return who.tenant() + "/u-" + ledger::sha256(as_bytes(both)).hex().substr(0, 16);
}

}  // namespace hetao::federation
