// Watching: what the spool and Slurm say of the runs that were released, put together.
#include <algorithm>
#include <csignal>
#include <ctime>

#include "gateway/base/text.h"
#include "gateway/io/run_folder.h"
#include "gateway/io/slurm_platform.h"

namespace hetao::io {

namespace {

namespace slurm = platforms::slurm;
using federation::RunObserved;
using platforms::ReplyKind;
using platforms::RunState;
using platforms::RunStatus;
using std::chrono::seconds;

constexpr auto kLongestPause = seconds(60);
constexpr size_t kSingleLooksMax = 16;  // in one poll; when more are due, one list of all is cheaper
constexpr auto kListPauseMin = seconds(10);
constexpr int kLookShare = 100;    // of the processor's time: lists one part, and single looks another
constexpr int kListWaitShare = 8;  // of Slurm's time
// A shared folder may show late what a node wrote; a forgotten job may be seen again by a second controller.
constexpr auto kLastWordPatience = seconds(10);
constexpr auto kGonePatience = seconds(3);
constexpr auto kSweepAfter = seconds(60);

bool has_begun(const RunStatus& status) {
  return status.state != RunState::kHeld && status.state != RunState::kReleased;
}

std::chrono::nanoseconds thread_time() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

}  // namespace

std::vector<RunObserved> SlurmPlatform::poll() {
  std::vector<RunObserved> changes;
  look_at_news(changes);
  look_at_slurm(changes);
  sweep();
  retry_removals();
  return changes;
}

// A cluster that did not answer may have crashed, and a crash brings back jobs whose runs are over; a proxy
// may have sent a submission twice. Once it has settled, and now and then, what is nobody's is cancelled.
void SlurmPlatform::sweep() {
  {
    const std::lock_guard lock(mutex_);
    if (sweep_at_ == Clock::time_point{} || Clock::now() < sweep_at_) return;
    sweep_at_ = {};
    if (!watched_.empty()) sweep_at_ = Clock::now() + std::chrono::microseconds(config_.sweep_every.micros);
  }
  const auto jobs = link_->list(slurm::comment_of(mark_, ""));
  if (!jobs) return doubt();
  for (const slurm::JobRecord& job : *jobs) {
    const std::string run = slurm::key_of(job.comment, mark_);
    if (run.empty() || slurm::is_over(job.state)) continue;
    // After the list: a run has its folder before its job.
    if (spool_.find(run).kind == ReplyKind::kAbsent || is_twin(job, run))
      (void)link_->cancel(job.user, job.id);
  }
}

// Another job of a run than the one that was released: it could do nothing if it started.
bool SlurmPlatform::is_twin(const slurm::JobRecord& job, const std::string& run) const {
  const std::lock_guard lock(mutex_);
  const auto at = watched_.find(run);
  return at != watched_.end() && at->second.job.id != job.id;
}

void SlurmPlatform::doubt() {
  const std::lock_guard lock(mutex_);
  const Clock::time_point soon = Clock::now() + kSweepAfter;
  if (sweep_at_ == Clock::time_point{} || soon < sweep_at_) sweep_at_ = soon;
}

void SlurmPlatform::look_at_news(std::vector<RunObserved>& changes) {
  const auto names = spool_.take_news();
  if (!names) return;
  for (const std::string& name : *names) (void)tell_status(name, changes);
}

bool SlurmPlatform::tell_status(const std::string& run, std::vector<RunObserved>& changes) {
  const auto status = spool_.get(run);
  if (!status || !has_begun(*status)) return false;
  RunObserved change;
  change.run = run;
  std::string user;
  {
    const std::lock_guard lock(mutex_);
    const auto at = watched_.find(run);
    if (at == watched_.end()) return true;
    if (at->second.told == *status) return false;
    // The wrapper was told to stop: why, only Slurm knows.
    if (status->state == RunState::kLost) {
      at->second.next_look = Clock::now();
      return false;
    }
    // An eighth of the newest: what the last jobs waited says what the next will.
    if (at->second.told.started.micros == 0)
      usual_wait_ += (Clock::now() - at->second.released - usual_wait_) / 8;
    at->second.told = *status;
    change.platform_id = print(at->second.job);
    user = at->second.job.user;
    if (platforms::is_final(status->state)) watched_.erase(at);
  }
  change.report = report_of(*status);
  folder(run, user).add_tails(change.report);
  change.started = status->started.micros != 0;
  change.ended = status->state == RunState::kEnded;
  change.cancelled = status->state == RunState::kCancelled;
  changes.push_back(std::move(change));
  return platforms::is_final(status->state);
}

void SlurmPlatform::look_at_slurm(std::vector<RunObserved>& changes) {
  std::vector<std::pair<std::string, JobName>> due;
  bool list_allowed = false;
  {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (now < looks_not_before_) return;
    list_allowed = now >= list_not_before_;
    for (const auto& [run, watched] : watched_) {
      if (watched.next_look <= now) due.emplace_back(run, watched.job);
    }
  }
  if (due.size() > kSingleLooksMax && list_allowed) return look_at_all(changes);
  if (due.size() > kSingleLooksMax) due.resize(kSingleLooksMax);
  const auto spent = thread_time();
  for (const auto& [run, job] : due) {
    const slurm::JobReply seen = link_->get(job.user, job.id);
    weigh(run, seen, changes);
    if (seen.kind == ReplyKind::kUnknown) doubt();
    if (seen.kind == ReplyKind::kUnknown) break;  // the others would wait as long for nothing
  }
  const std::lock_guard lock(mutex_);
  looks_not_before_ =
      Clock::now() + std::chrono::duration_cast<Clock::duration>((thread_time() - spent) * kLookShare);
}

void SlurmPlatform::look_at_all(std::vector<RunObserved>& changes) {
  const auto began = Clock::now();
  const auto spent = thread_time();
  std::vector<std::string> runs;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [run, watched] : watched_) runs.push_back(run);
  }
  const auto jobs = link_->list(slurm::comment_of(mark_, ""));
  if (jobs) {
    std::map<int64_t, const slurm::JobRecord*> by_id;
    for (const slurm::JobRecord& job : *jobs) by_id[job.id] = &job;
    for (const std::string& run : runs) {
      JobName job;
      {
        const std::lock_guard lock(mutex_);
        const auto at = watched_.find(run);
        if (at == watched_.end()) continue;
        job = at->second.job;
      }
      slurm::JobReply seen;
      const auto at = by_id.find(job.id);
      seen.kind = at == by_id.end() ? ReplyKind::kAbsent : ReplyKind::kOk;
      if (at != by_id.end()) seen.job = *at->second;
      weigh(run, seen, changes);
    }
  }
  const auto took = Clock::now() - began;
  const auto worked = std::chrono::duration_cast<Clock::duration>(thread_time() - spent);
  const std::lock_guard lock(mutex_);
  list_not_before_ =
      Clock::now() + std::max<Clock::duration>({kListPauseMin, worked * kLookShare, took * kListWaitShare});
}

void SlurmPlatform::weigh(const std::string& run, const slurm::JobReply& seen,
                          std::vector<RunObserved>& changes) {
  const auto status = spool_.get(run);
  Watched watched;
  bool gone_at_first = false;
  const bool there = seen.kind == ReplyKind::kOk && is_ours(seen.job, run);
  const bool over = there && slurm::is_over(seen.job.state);
  // It began, and Slurm knows nothing of that: it was requeued, or a crash took it back.
  const bool taken_back =
      there && seen.job.state == slurm::JobState::kPending && status && has_begun(*status);
  {
    const std::lock_guard lock(mutex_);
    const auto at = watched_.find(run);
    if (at == watched_.end()) return;
    Watched& known = at->second;
    const auto now = Clock::now();
    known.pause = std::min<Clock::duration>(known.pause * 2, kLongestPause);
    known.next_look = now + known.pause;
    if (seen.kind == ReplyKind::kUnknown || !status) return;
    const bool gone = !there || over || taken_back;
    if (gone && known.gone_since == Clock::time_point{}) {
      known.gone_since = now;
      gone_at_first = true;
    }
    if (!gone) known.gone_since = {};
    if (gone) known.next_look = now + seconds(1);
    if (there) known.submit_seconds = seen.job.submit_seconds;
    watched = known;
  }
  if (platforms::is_final(status->state) && status->state != RunState::kLost) {
    // Cancelled before it began, by us: told when Slurm has let go of it too.
    if (status->state == RunState::kCancelled && there && !over) return;
    (void)tell_status(run, changes);
    return;
  }
  if (!there) {
    if (!gone_at_first) weigh_absent(run, watched, *status, changes);
    return;
  }
  if (!over) {
    const bool waits = seen.job.state == slurm::JobState::kPending;
    const bool waited = Clock::now() - watched.gone_since >= kLastWordPatience;
    if (taken_back && (seen.job.restarts > 0 || status->state == RunState::kLost || waited)) {
      // The token is taken, so that nothing would happen in another start.
      (void)link_->cancel(watched.job.user, watched.job.id);
      slurm::JobRecord ended = seen.job;
      ended.state = slurm::JobState::kCompleted;
      return end(run, slurm::end_of(ended), *status, changes);
    }
    if (!waits) (void)tell_status(run, changes);
    // A crash brought back what was saved before it was let go.
    if (seen.job.held && !has_begun(*status)) (void)link_->release(watched.job.user, watched.job.id);
    return;
  }
  // Ended for Slurm, and no last word of the run: it may still be on its way here, if its wrapper lived.
  const bool killed =
      seen.job.state != slurm::JobState::kCompleted && seen.job.state != slurm::JobState::kFailed;
  const bool patient = !killed && has_begun(*status) && Clock::now() - watched.gone_since < kLastWordPatience;
  if (!patient) end(run, slurm::end_of(seen.job), *status, changes);
}

void SlurmPlatform::weigh_absent(const std::string& run, const Watched& watched, const RunStatus& status,
                                 std::vector<RunObserved>& changes) {
  if (Clock::now() - watched.gone_since < kGonePatience) return;
  const slurm::JobReply booked = ask_slurm_accounting(config_, watched.job.id, run);
  if (booked.kind == ReplyKind::kOk && slurm::is_over(booked.job.state)) {
    return end(run, slurm::end_of(booked.job), status, changes);
  }
  if (has_begun(status)) {
    if (Clock::now() - watched.gone_since < kLastWordPatience) return;
    slurm::JobEnd lost;
    lost.system_failure = true;
    lost.failure =
        "Slurm has forgotten job " + std::to_string(watched.job.id) + ", and its wrapper left no last word";
    return end(run, lost, status, changes);
  }
  // Acknowledged, and forgotten in a crash before it began.
  RunObserved vanished;
  vanished.run = run;
  vanished.vanished = true;
  vanished.platform_id = print(watched.job);
  {
    const std::lock_guard lock(mutex_);
    watched_.erase(run);
  }
  changes.push_back(std::move(vanished));
}

// Slurm's word about a run that has no last one of its own.
void SlurmPlatform::end(const std::string& run, const slurm::JobEnd& end, RunStatus status,
                        std::vector<RunObserved>& changes) {
  JobName job;
  {
    const std::lock_guard lock(mutex_);
    const auto at = watched_.find(run);
    if (at == watched_.end()) return;
    job = at->second.job;
    watched_.erase(at);
  }
  // Nobody starts it any more, whatever the scheduler thinks of next.
  (void)spool_.cancel(run);
  // A wrapper that was told to stop has stopped its program too: that end is none of the program's own.
  const bool unfinished = !status.executors.empty() &&
                          (status.executors.back().ended.micros == 0 || status.state == RunState::kLost);
  if (unfinished && end.system_failure) status.executors.pop_back();
  if (unfinished && !end.system_failure) {
    platforms::ExecutorLog& last = status.executors.back();
    last.reason = end.reason;
    last.exit_code = end.exit_code != 0 ? end.exit_code : 128 + SIGTERM;
    last.signal = end.signal;
    last.message = end.failure;
  }
  RunObserved change;
  change.run = run;
  change.platform_id = print(job);
  status.failure = end.failure + (status.failure.empty() ? "" : "; " + status.failure);
  const RunFolder its = folder(run, job.user);
  // A wrapper that could not start says why here.
  if (const std::string said = its.tail("slurm.out"); !has_begun(status) && !said.empty())
    status.failure += ": " + readable(said, 256);
  change.report = report_of(status);
  its.add_tails(change.report);
  change.started = status.started.micros != 0;
  change.cancelled = end.cancelled;
  change.ended = !end.cancelled && !end.system_failure;
  change.lost = !end.cancelled && end.system_failure;
  changes.push_back(std::move(change));
}

}  // namespace hetao::io
