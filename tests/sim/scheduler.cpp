#include "tests/sim/scheduler.h"

#include <algorithm>

namespace hetao::sim {

std::string Scheduler::submit_held(const std::string& run) {
  const std::string id = std::to_string(++last_id_);
  submissions_[id] = Submission{id, run, false, false, false, false, false, {}};
  int open = 0;
  for (const auto& [_, other] : submissions_)
    open += other.run == run && !other.ended && !other.cancelled ? 1 : 0;
  most_at_once_[run] = std::max(most_at_once_[run], open);
  if (random_.chance(faults_.scheduler_forgets)) {
    time_.after(Duration::millis(random_.between(10, 5'000)), [this, id] { submissions_.erase(id); });
  }
  return id;
}

Submission* Scheduler::find_run(const std::string& run) {
  Submission* found = nullptr;
  for (auto& [_, submission] : submissions_) {
    if (submission.run == run) found = &submission;
  }
  return found;
}

Submission* Scheduler::find_id(const std::string& id) {
  const auto at = submissions_.find(id);
  return at == submissions_.end() ? nullptr : &at->second;
}

void Scheduler::release(Submission& submission) {
  if (submission.released) return;
  submission.released = true;
  const std::string id = submission.id;
  time_.after(Duration::millis(random_.between(50, 1'500)), [this, id] { start(id); });
  if (random_.chance(faults_.double_start)) {
    time_.after(Duration::millis(random_.between(50, 6'000)), [this, id] { start(id); });
  }
}

void Scheduler::start(const std::string& id) {
  Submission* submission = find_id(id);
  if (submission == nullptr || submission->cancelled) return;
  if (!tokens_.insert(submission->run).second) {
    if (!submission->started) submission->fenced = submission->started = submission->ended = true;
    return;
  }
  ++effective_starts_[submission->run];
  submission->started = true;
  time_.after(Duration::millis(random_.between(20, 20'000)), [this, id] {
    Submission* running = find_id(id);
    if (running == nullptr || running->cancelled) return;
    running->ended = true;
    running->ended_at = time_.now();
  });
}

void Scheduler::cancel(Submission& submission) {
  if (!submission.ended) submission.cancelled = true;
}

void Scheduler::remove_run(const std::string& run) {
  for (auto& [_, submission] : submissions_) {
    if (submission.run == run && !submission.ended) submission.cancelled = true;
  }
}

int Scheduler::most_submissions_at_once(const std::string& run) const {
  const auto at = most_at_once_.find(run);
  return at == most_at_once_.end() ? 0 : at->second;
}

}  // namespace hetao::sim
