#include "tests/sim/scheduler.h"

#include <algorithm>

namespace hetao::sim {

namespace {

bool is_open(const Submission& submission) {
  return !submission.ended && !submission.cancelled && !submission.forgotten;
}

}  // namespace

std::string Scheduler::submit_held(const std::string& run) {
  for (const Submission& other : submissions_) {
    if (other.run == run && is_open(other)) twice_.insert(run);
  }
  const std::string id = std::to_string(++last_id_);
  const size_t index = submissions_.size();
  submissions_.push_back({id, run});
  by_id_[id] = index;
  if (chance_.strikes(Fault::kForgets)) {
    time_.after(Duration::millis(chance_.random().between(10, 5'000)), [this, index] {
      Submission& gone = submissions_[index];
      if (gone.started || gone.cancelled) return;
      gone.forgotten = true;
      by_id_.erase(gone.id);
      // The state of before was restored: the next submission gets this id again.
      if (std::to_string(last_id_) == gone.id) --last_id_;
    });
  }
  return id;
}

Submission* Scheduler::find_run(const std::string& run) {
  for (auto at = submissions_.rbegin(); at != submissions_.rend(); ++at) {
    if (at->run == run && !at->forgotten && !at->purged) return &*at;
  }
  return nullptr;
}

const Submission* Scheduler::forgotten_of(const std::string& run) const {
  const auto at = std::find_if(submissions_.begin(), submissions_.end(),
                               [&](const Submission& one) { return one.run == run && one.forgotten; });
  return at == submissions_.end() ? nullptr : &*at;
}

Submission* Scheduler::find_id(const std::string& id) {
  const auto at = by_id_.find(id);
  if (at == by_id_.end()) return nullptr;
  Submission& found = submissions_[at->second];
  return found.purged ? nullptr : &found;
}

void Scheduler::release(Submission& submission) {
  if (submission.released) return;
  submission.released = true;
  const size_t index = static_cast<size_t>(&submission - submissions_.data());
  const int64_t held = chance_.strikes(Fault::kOperatorHolds) ? 30'000 : 0;
  time_.after(Duration::millis(held + chance_.random().between(50, 1'500)),
              [this, index] { start(index, false); });
  if (chance_.strikes(Fault::kDoubleStart)) {
    time_.after(Duration::millis(held + chance_.random().between(50, 6'000)),
                [this, index] { start(index, true); });
  }
  if (chance_.strikes(Fault::kOperatorCancels)) {
    time_.after(Duration::millis(held + chance_.random().between(50, 9'000)), [this, index] {
      if (is_open(submissions_[index])) submissions_[index].cancelled = true;
    });
  }
}

void Scheduler::start(size_t index, bool again) {
  Submission& submission = submissions_[index];
  if (!is_open(submission) || (submission.started && !again)) return;
  const bool first = tokens_.insert(submission.run).second;
  if (!first && !no_fence) {
    if (!submission.started) submission.fenced = submission.started = submission.ended = true;
    return;
  }
  starts_.push_back({submission.run, time_.now()});
  submission.started = true;
  run_to_end(index);
}

void Scheduler::run_to_end(size_t index) {
  if (chance_.strikes(Fault::kRequeues)) {
    time_.after(Duration::millis(chance_.random().between(20, 3'000)), [this, index] { start(index, true); });
  }
  const bool purges = chance_.strikes(Fault::kPurges);
  time_.after(Duration::millis(chance_.random().between(20, 20'000)), [this, index, purges] {
    Submission& running = submissions_[index];
    if (!is_open(running)) return;
    running.ended = true;
    running.purged = purges;
  });
}

void Scheduler::cancel(Submission& submission) {
  if (!submission.ended) submission.cancelled = true;
}

void Scheduler::remove_run(const std::string& run) {
  for (Submission& submission : submissions_) {
    if (submission.run == run) cancel(submission);
  }
}

std::vector<const Submission*> Scheduler::left_behind() const {
  std::vector<const Submission*> left;
  for (const Submission& submission : submissions_) {
    if (is_open(submission)) left.push_back(&submission);
  }
  return left;
}

}  // namespace hetao::sim
