// Watching: what pods and Jobs say of the runs that were released, put together.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/io/kubernetes_platform.h"
#include "gateway/platforms/kubernetes/names.h"
#include "gateway/runner/executor.h"
#include "gateway/runner/fence.h"
#include "gateway/runner/files.h"
#include "gateway/runner/outputs.h"
#include "gateway/runner/scratch.h"

namespace hetao::io {

namespace {

namespace kubernetes = platforms::kubernetes;
using federation::RunObserved;
using kubernetes::PodReading;
using kubernetes::PodWord;
using platforms::ReplyKind;
using std::chrono::seconds;

constexpr auto kLongestPause = seconds(60);
constexpr size_t kLooksMax = 16;              // at Jobs, in one poll
constexpr auto kGonePatience = seconds(5);    // a watch may be late
constexpr auto kStartPatience = seconds(60);  // of a pod that can't be started, other than for its image
constexpr std::string_view kStepName = "/.bin/hetao-step";

// What hetao-step keeps, with the line that says how much it does not.
std::string end_of(int log) {
  constexpr off_t kBytesMax = static_cast<off_t>(limits::kRunLogBytesMax) + 256;
  const off_t size = ::lseek(log, 0, SEEK_END);
  std::string text(static_cast<size_t>(std::clamp<off_t>(size, 0, kBytesMax)), '\0');
  const ssize_t n = ::pread(log, text.data(), text.size(), std::max<off_t>(0, size - kBytesMax));
  text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return text;
}

bool is_final(const platforms::RunStatus& status) {
  return platforms::is_final(status.state);
}

// The word that counts when a run has several pods: of the one that has the token.
int weight_of(PodWord word) {
  switch (word) {
    case PodWord::kEnded:
      return 6;
    case PodWord::kRuns:
      return 5;
    case PodWord::kLost:
      return 4;
    case PodWord::kStuck:
      return 3;
    case PodWord::kWaits:
      return 2;
    case PodWord::kWithdrawn:
      return 1;
    case PodWord::kDuplicate:
      return 0;
  }
  return 0;
}

}  // namespace

std::vector<RunObserved> KubernetesPlatform::poll() {
  take_changes();
  std::vector<RunObserved> changes;
  std::set<std::string> changed;
  std::vector<std::string> due;
  {
    const std::lock_guard lock(mutex_);
    changed.swap(changed_);
    const auto now = Clock::now();
    for (const auto& [run, watched] : watched_) {
      if (watched.next_look <= now && due.size() < kLooksMax) due.push_back(run);
    }
  }
  for (const std::string& run : changed) look_at_pods(run, changes);
  for (const std::string& run : due) look_at_job(run, changes);
  retry_removals();
  return changes;
}

void KubernetesPlatform::take_changes() {
  const std::lock_guard lock(mutex_);
  for (const auto& [name_space, watch] : watches_) {
    for (KubernetesWatch::Change& change : watch->take()) {
      const std::string uid = change.pod.uid;
      std::string run = change.pod.run;
      if (const auto known = runs_of_pods_.find(uid); known != runs_of_pods_.end()) run = known->second;
      if (run.empty() || (change.deleted && !runs_of_pods_.contains(uid))) continue;
      runs_of_pods_[uid] = run;
      SeenPod& seen = pods_[run][uid];
      // Of a pod that went while nobody looked, only the name is told.
      if (!change.pod.phase.empty()) seen.pod = std::move(change.pod);
      seen.gone = change.deleted;
      changed_.insert(run);
      if (!change.deleted || watched_.contains(run)) continue;
      runs_of_pods_.erase(uid);
      pods_[run].erase(uid);
      if (pods_[run].empty()) pods_.erase(run);
    }
  }
}

void KubernetesPlatform::look_at_pods(const std::string& run, std::vector<RunObserved>& changes) {
  PodReading best;
  Pod its_pod;
  bool gone = false;
  bool any = false;
  std::string doomed;
  bool cancelling = false;
  JobName job;
  {
    const std::lock_guard lock(mutex_);
    const auto at = watched_.find(run);
    if (at == watched_.end()) return;
    doomed = at->second.doomed;
    cancelling = at->second.cancelling;
    job = at->second.job;
    for (const auto& [uid, seen] : pods_[run]) {
      PodReading reading = kubernetes::read_pod(seen.pod, at->second.spec, seen.gone);
      if (any && weight_of(reading.word) <= weight_of(best.word)) continue;
      best = std::move(reading);
      its_pod = seen.pod;
      gone = seen.gone;
      any = true;
    }
  }
  if (!doomed.empty()) return give_up(run, doomed, changes);
  // It ended before this gateway was started: its last word is on the disk.
  if (const auto status = spool_.get(run); status && is_final(*status)) {
    if (status->state != platforms::RunState::kCancelled) return tell_end(run, job, *status, changes);
    if (!any || gone) return;  // cancelled before it began: told when its Job is gone too
  }
  if (!any) return;
  const bool over = best.word == PodWord::kEnded || best.word == PodWord::kLost;
  if (over) return finish(run, &its_pod, best, changes);
  if (gone && cancelling) return tell_cancelled(run, changes);
  if (gone && best.word == PodWord::kRuns) {
    best.word = PodWord::kLost;
    best.why = "its pod was deleted" +
               (its_pod.node.empty() ? std::string() : " from node " + readable(its_pod.node, 64)) +
               (its_pod.reason.empty() ? "" : ": " + readable(its_pod.reason + ": " + its_pod.message, 300)) +
               (its_pod.disruption.empty() ? "" : ": " + readable(its_pod.disruption, 300));
    return finish(run, &its_pod, best, changes);
  }
  if (gone) {
    const std::lock_guard lock(mutex_);
    if (const auto at = watched_.find(run); at != watched_.end()) at->second.next_look = Clock::now();
    return;
  }
  if (best.word == PodWord::kRuns) return tell_running(run, best, changes);
  bool hopeless = false;
  {
    const std::lock_guard lock(mutex_);
    const auto at = watched_.find(run);
    if (at == watched_.end()) return;
    Watched& watched = at->second;
    if (best.word != PodWord::kStuck) {
      watched.stuck_since = {};
    } else {
      const auto now = Clock::now();
      if (watched.stuck_since == Clock::time_point{}) watched.stuck_since = now;
      const bool image = best.why.starts_with("its image");
      const auto patience = image ? Clock::duration(std::chrono::microseconds(config_.image_patience.micros))
                                  : Clock::duration(kStartPatience);
      hopeless = best.hopeless || now - watched.stuck_since >= patience;
      // Nothing may change any more that would make us look again.
      watched.next_look = std::min(watched.next_look, watched.stuck_since + patience);
    }
  }
  if (hopeless && best.started.micros != 0) {  // a later executor's image: what began is stopped
    best.word = PodWord::kLost;
    if (const auto server = link_->server())
      (void)link_->ask(kubernetes::delete_call(*server, job.name_space, job.name));
    return finish(run, &its_pod, best, changes);
  }
  if (hopeless) return give_up(run, best.why, changes);
  tell_waiting(run, best.why, changes);
}

void KubernetesPlatform::tell_running(const std::string& run, const PodReading& reading,
                                      std::vector<RunObserved>& changes) {
  RunObserved change;
  change.run = run;
  {
    const std::lock_guard lock(mutex_);
    const auto at = watched_.find(run);
    if (at == watched_.end() || at->second.started) return;
    at->second.started = true;
    usual_wait_ += (Clock::now() - at->second.released - usual_wait_) / 8;
    change.platform_id = print(at->second.job);
  }
  platforms::RunStatus status;
  status.key = run;
  status.state = platforms::RunState::kRunning;
  status.started = reading.started;
  status.executors = reading.executors;
  change.report = report_of(status);
  change.started = true;
  changes.push_back(std::move(change));
}

// So that somebody who asks hears why it does not begin.
void KubernetesPlatform::tell_waiting(const std::string& run, const std::string& why,
                                      std::vector<RunObserved>& changes) {
  RunObserved change;
  change.run = run;
  {
    const std::lock_guard lock(mutex_);
    const auto at = watched_.find(run);
    if (at == watched_.end() || at->second.told_wait == why) return;
    at->second.told_wait = why;
    change.platform_id = print(at->second.job);
  }
  change.report.set_failure(why);
  changes.push_back(std::move(change));
}

void KubernetesPlatform::look_at_job(const std::string& run, std::vector<RunObserved>& changes) {
  JobName job;
  {
    const std::lock_guard lock(mutex_);
    const auto at = watched_.find(run);
    if (at == watched_.end()) return;
    at->second.pause = std::min<Clock::duration>(at->second.pause * 2, kLongestPause);
    at->second.next_look = Clock::now() + at->second.pause;
    job = at->second.job;
  }
  const auto server = link_->server();
  if (!server) return;
  const auto seen = kubernetes::read_job(link_->ask(kubernetes::get_call(*server, job.name_space, job.name)));
  if (seen.kind == ReplyKind::kUnknown || seen.kind == ReplyKind::kRefused) return;
  const bool there = seen.kind == ReplyKind::kOk && is_ours(seen.job, run);
  const bool over = there && seen.job.over;
  bool cancelling = false;
  bool patient = false;
  bool has_pod = false;
  {
    const std::lock_guard lock(mutex_);
    const auto at = watched_.find(run);
    if (at == watched_.end()) return;
    Watched& watched = at->second;
    cancelling = watched.cancelling;
    for (const auto& [uid, pod] : pods_[run]) has_pod = has_pod || !pod.gone;
    const bool quiet = (!there || over) && !has_pod;
    if (!quiet) {
      watched.gone_since = {};
    } else if (watched.gone_since == Clock::time_point{}) {
      watched.gone_since = Clock::now();
    }
    patient = !quiet || Clock::now() - watched.gone_since < kGonePatience;
    if (quiet) watched.next_look = Clock::now() + seconds(1);
  }
  if (has_pod) return look_at_pods(run, changes);
  if (cancelling && !there) return tell_cancelled(run, changes);
  if (cancelling) {  // a cancel that was cut short
    (void)link_->ask(kubernetes::delete_call(*server, job.name_space, job.name));
    return;
  }
  if (patient) return;
  const auto status = spool_.get(run);
  if (!status) return;
  if (is_final(*status)) return tell_end(run, job, *status, changes);
  const bool begun = status->state == platforms::RunState::kRunning;
  if (!begun && !there) {
    // Deleted by somebody before it began. Its folder is as it was, and so is the token.
    RunObserved vanished;
    vanished.run = run;
    vanished.vanished = true;
    vanished.platform_id = print(job);
    {
      const std::lock_guard lock(mutex_);
      watched_.erase(run);
    }
    forget_pods(run);
    changes.push_back(std::move(vanished));
    return;
  }
  PodReading lost;
  lost.word = PodWord::kLost;
  lost.why = there ? "its Job ended (" + readable(seen.job.reason + ": " + seen.job.message, 300) +
                         "), and its pod is gone"
                   : "its Job and its pod were deleted";
  finish(run, nullptr, lost, changes);
}

void KubernetesPlatform::give_up(const std::string& run, const std::string& why,
                                 std::vector<RunObserved>& changes) {
  if (spool_.cancel(run).kind != ReplyKind::kOk) return;
  const auto status = spool_.get(run);
  // A pod has it after all: then it is the pod's to say.
  if (!status || status->state != platforms::RunState::kCancelled) return;
  PodReading lost;
  lost.word = PodWord::kLost;
  lost.why = why;
  finish(run, nullptr, lost, changes);
}

// The last word: written beside the run before it is told, so that a restart finds it.
void KubernetesPlatform::finish(const std::string& run, const Pod* pod, const PodReading& reading,
                                std::vector<RunObserved>& changes) {
  JobName job;
  size_t executors = 0;
  bool cancelling = false;
  {
    const std::lock_guard lock(mutex_);
    const auto at = watched_.find(run);
    if (at == watched_.end()) return;
    job = at->second.job;
    executors = at->second.spec.executors.size();
    cancelling = at->second.cancelling;
  }
  platforms::RunStatus status;
  status.key = run;
  status.state = cancelling                        ? platforms::RunState::kCancelled
                 : reading.word == PodWord::kEnded ? platforms::RunState::kEnded
                                                   : platforms::RunState::kLost;
  const bool began = reading.started.micros != 0;
  status.started = began && pod != nullptr && pod->started.micros != 0 ? pod->started : reading.started;
  status.ended = reading.ended.micros != 0 ? reading.ended : runner::wall_clock();
  status.executors = reading.executors;
  status.failure = reading.why;
  // The cluster's end is none of the program's own.
  const bool cut = !status.executors.empty() && status.executors.back().ended.micros == 0;
  if (cut && reading.word == PodWord::kLost) status.executors.pop_back();
  if (cut && reading.word == PodWord::kEnded) status.executors.back().ended = status.ended;
  take_logs(run, job, pod, executors);
  if (began) {
    if (auto collected = collect_outputs(run, status); !collected && status.failure.empty())
      status.failure = to_line(collected.error());
  }
  const auto folder = runner::open_folder(spool_.folder_of(run));
  const auto token = folder ? runner::take_token(folder->get()) : fail(folder.error());
  // Nobody starts it any more, whatever the scheduler thinks of next.
  if (!token) return;
  if (!runner::write_status(folder->get(), status)) return;  // the disk: at the next look
  tell_end(run, job, status, changes);
}

void KubernetesPlatform::tell_end(const std::string& run, const JobName& job,
                                  const platforms::RunStatus& status, std::vector<RunObserved>& changes) {
  RunObserved change;
  change.run = run;
  change.platform_id = print(job);
  change.report = report_of(status);
  folder(run).add_tails(change.report);
  change.started = status.started.micros != 0;
  change.ended = status.state == platforms::RunState::kEnded;
  change.cancelled = status.state == platforms::RunState::kCancelled;
  change.lost = status.state == platforms::RunState::kLost;
  {
    const std::lock_guard lock(mutex_);
    watched_.erase(run);
  }
  forget_pods(run);
  changes.push_back(std::move(change));
}

void KubernetesPlatform::tell_cancelled(const std::string& run, std::vector<RunObserved>& changes) {
  RunObserved change;
  change.run = run;
  change.cancelled = true;
  {
    const std::lock_guard lock(mutex_);
    watched_.erase(run);
  }
  forget_pods(run);
  changes.push_back(std::move(change));
}

void KubernetesPlatform::forget_pods(const std::string& run) {
  const std::lock_guard lock(mutex_);
  const auto at = pods_.find(run);
  if (at == pods_.end()) return;
  std::erase_if(at->second, [&](const auto& entry) {
    if (entry.second.gone) runs_of_pods_.erase(entry.first);
    return entry.second.gone;
  });
  if (at->second.empty()) pods_.erase(at);
}

Result<void> KubernetesPlatform::collect_outputs(const std::string& run, platforms::RunStatus& status) {
  const std::string path = spool_.folder_of(run);
  const auto folder = runner::open_folder(path);
  if (!folder) return fail(folder.error());
  const auto text = runner::read_file_at(folder->get(), "spec.json", limits::kRunSpecBytesMax);
  if (!text) return fail(text.error());
  const auto submission = runner::parse_submission(*text);
  if (!submission) return fail(submission.error());
  if (auto gone = runner::remove_tree(folder->get(), "out"); !gone)
    return gone;  // of a look that was cut short
  const auto scratch = runner::Scratch::reopen(folder->get(), path, submission->sandbox, submission->spec,
                                               config_.spool + std::string(kStepName));
  if (!scratch) return fail(scratch.error());
  auto outputs = runner::collect_outputs(folder->get(), *scratch, submission->spec);
  if (!outputs) return fail(outputs.error());
  status.outputs = std::move(*outputs);
  return {};
}

// hetao-step keeps the streams apart, in a folder that the job can reach: what lies there is read by its end,
// and not beyond what a runner would have kept. Without it, what Kubernetes has, which is both in one.
void KubernetesPlatform::take_logs(const std::string& run, const JobName& job, const Pod* pod,
                                   size_t executors) {
  const RunFolder its = folder(run);
  const auto target = runner::open_folder(spool_.folder_of(run));
  if (!target) return;
  for (size_t i = 0; i < executors; ++i) {
    bool any = false;
    for (const std::string stream : {"stdout.", "stderr."}) {
      const std::string name = stream + std::to_string(i);
      const auto file = its.open("log/" + name);
      if (!file) continue;
      any = true;
      (void)runner::replace_file_durably(target->get(), name, end_of(file->get()));
    }
    if (any || pod == nullptr || pod->name.empty()) continue;
    const auto reply = link_->ask(kubernetes::log_call(job.name_space, pod->name, kubernetes::step_name(i),
                                                       static_cast<int64_t>(limits::kRunLogBytesMax)));
    if (reply.status == 200 && !reply.body.empty())
      (void)runner::replace_file_durably(target->get(), "stdout." + std::to_string(i), reply.body);
  }
}

void KubernetesPlatform::retry_removals() {
  std::set<std::string> some;
  {
    const std::lock_guard lock(mutex_);
    if (removing_.empty() || Clock::now() < removals_not_before_) return;
    removals_not_before_ = Clock::now() + seconds(1);
    some.swap(removing_);
  }
  for (const std::string& run : some) remove(run);
}

}  // namespace hetao::io
