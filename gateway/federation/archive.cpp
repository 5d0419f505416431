#include "gateway/federation/archive.h"

#include <algorithm>
#include <vector>

#include "gateway/federation/crossing_parts.h"
#include "gateway/federation/money.h"
#include "gateway/federation/table.h"

namespace hetao::federation {

namespace {

// At a time, so that a step and its commit stay short however many are due.
constexpr size_t kRetiredAtOnce = 256;

// The keys of a table that begin with "JOB.".
template <class T>
std::vector<std::string> keys_of(const Table_of<T>& table, const std::string& job) {
  std::vector<std::string> keys;
  const std::string prefix = job + ".";
  for (auto at = table.lower_bound(prefix); at != table.end() && at->first.starts_with(prefix); ++at) {
    if (at->second.job() == job) keys.push_back(at->first);
  }
  return keys;
}

// What belongs to a job of another home may be asked for again until the job's time is over, unless it was
// done here: a further attempt asks for data once more, and a job counts once for an exporter and year; or
// its offer is still on the way.
bool may_come_back(const State& s, const pb::Crossing& crossing, const std::vector<std::string>& runs) {
  if (s.jobs.contains(crossing.job())) return false;
  const bool done = std::any_of(runs.begin(), runs.end(), [&](const std::string& key) {
    return s.runs.at(key).state() == pb::RUN_DONE;
  });
  return !done && (crossing.reserved_year() != 0 || (runs.empty() && !sends(s, crossing)));
}

// Nothing of the job can change any more, whatever a peer that is away may still say: what is said of a job
// that nobody knows is answered, and changes nothing.
bool is_settled(State& s, const std::string& id) {
  const auto job = s.jobs.find(id);
  if (job != s.jobs.end() && !is_final(job->second.state())) return false;
  const std::vector<std::string> runs = keys_of(s.runs, id);
  for (const std::string& key : runs) {
    if (!is_final(s.runs.at(key).state())) return false;
  }
  for (const std::string& key : keys_of(s.crossings, id)) {
    const pb::Crossing& crossing = s.crossings.at(key);
    if (!is_final(crossing.state()) || s.duties.contains(key)) return false;
    const Instant over = Instant{crossing.created_micros()} + s.config.job_deadline;
    if (s.now < over && may_come_back(s, crossing, runs)) {
      s.rest_timers.set(id, over);
      return false;
    }
  }
  return true;
}

void keep_blobs(State& s, const std::string& job,
                const google::protobuf::RepeatedPtrField<pb::ItemFile>& files) {
  for (const pb::ItemFile& file : files) s.put_past(Table::kPastBlob, file.digest() + "/" + job, {});
}

void retire_run(State& s, const std::string& key) {
  add_to_spent(s, s.runs.at(key));
  s.retire(Table::kRun, Table::kPastRun, key);
}

void retire_crossing(State& s, const std::string& key) {
  const pb::Crossing& crossing = s.crossings.at(key);
  const bool is_here =
      !sends(s, crossing) && crossing.state() == pb::CROSSING_DONE && crossing.deleted_sequence() == 0;
  if (is_here) keep_blobs(s, crossing.job(), crossing.item().files());
  const std::string review = "rv-" + key;
  if (s.reviews.contains(review)) s.retire(Table::kReview, Table::kPastReview, review);
  s.retire(Table::kCrossing, Table::kPastCrossing, key);
}

void retire_job(State& s, const std::string& id) {
  const pb::Job& job = s.jobs.at(id);
  if (s.is_self(job.region())) {
    for (const pb::Delivery& made : job.deliveries()) keep_blobs(s, id, made.files());
  }
  if (!job.idempotency_key().empty())
    s.retire_idempotency(idempotency_row(job.submitter(), job.idempotency_key()));
  s.put_past(Table::kPastOfTenant, job.submitter().tenant() + "/" + id, {});
  s.retire(Table::kJob, Table::kPastJob, id);
  ++s.retired;
}

void retire_family(State& s, const std::string& id) {
  for (const std::string& key : keys_of(s.runs, id)) retire_run(s, key);
  for (const std::string& key : keys_of(s.crossings, id)) retire_crossing(s, key);
  if (s.jobs.contains(id)) retire_job(s, id);
}

}  // namespace

void let_rest(State& s, const std::string& job) {
  const auto known = s.jobs.find(job);
  if (known != s.jobs.end() && !is_final(known->second.state())) return;
  s.rest_timers.set(job, s.now + s.config.retire_after);
}

void tick_archive(State& s) {
  for (const std::string& job : s.rest_timers.take_due(s.now, kRetiredAtOnce)) {
    if (is_settled(s, job)) retire_family(s, job);
  }
}

void resume_archive(State& s) {
  for (const auto& [id, job] : s.jobs) {
    if (is_final(job.state())) s.rest_timers.set(id, s.now + s.config.retire_after);
  }
  const auto rest_if_alone = [&](const std::string& job) {
    if (!s.jobs.contains(job)) s.rest_timers.set(job, s.now + s.config.retire_after);
  };
  for (const auto& [key, run] : s.runs) rest_if_alone(run.job());
  for (const auto& [key, crossing] : s.crossings) rest_if_alone(crossing.job());
}

}  // namespace hetao::federation
