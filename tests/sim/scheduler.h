// A city's scheduler as slurm-like systems are: it takes the same submission twice, answers late or never,
// forgets what it acknowledged and gives the id again, requeues, starts a job twice, purges what is finished.
// Only the start fence (the job's own first act takes a token) is on the gateway's side.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "gateway/base/time.h"
#include "tests/sim/faults.h"
#include "tests/sim/timeline.h"

namespace hetao::sim {

struct Submission {
  std::string id;
  std::string run;
  bool released = false;
  bool started = false;
  bool ended = false;
  bool cancelled = false;
  bool fenced = false;  // its first act found the token taken: it did nothing
  bool purged = false;  // ended, and not to be found any more
  bool forgotten = false;
};

// What the fence let through, in order: the scheduler's accounting of effective starts.
struct Start {
  std::string run;
  Instant at;
};

class Scheduler {
 public:
  Scheduler(Timeline& time, Chance& chance) : time_(time), chance_(chance) {}

  std::string submit_held(const std::string& run);
  Submission* find_run(const std::string& run);  // the newest of that key
  const Submission* forgotten_of(const std::string& run) const;
  Submission* find_id(const std::string& id);
  void release(Submission& submission);
  void cancel(Submission& submission);
  void remove_run(const std::string& run);

  // --- for the history ---
  const std::vector<Start>& starts() const { return starts_; }
  std::vector<const Submission*> left_behind() const;  // neither ended nor cancelled
  const std::set<std::string>& submitted_twice_at_once() const { return twice_; }

  bool no_fence = false;  // a planted bug: see tests/bugs

 private:
  void start(size_t index, bool again);
  void run_to_end(size_t index);

  Timeline& time_;
  Chance& chance_;
  uint64_t last_id_ = 0;
  std::vector<Submission> submissions_;  // for ever, in order
  std::map<std::string, size_t> by_id_;  // the newest of that id
  std::set<std::string> tokens_;         // start fence: runs whose token is taken
  std::vector<Start> starts_;
  std::set<std::string> twice_;
};

}  // namespace hetao::sim
