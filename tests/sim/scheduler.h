// A city's scheduler as slurm-like systems are: it takes the same submission twice, answers late or never,
// forgets what it acknowledged, and starts a job twice. Only the start fence (the job's own first act) is on
// the gateway's side.
#pragma once

#include <map>
#include <set>
#include <string>

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
  Instant ended_at;
};

class Scheduler {
 public:
  Scheduler(Timeline& time, Random& random, const Faults& faults)
      : time_(time), random_(random), faults_(faults) {}

  std::string submit_held(const std::string& run);
  Submission* find_run(const std::string& run);  // the newest of that key
  Submission* find_id(const std::string& id);
  void release(Submission& submission);
  void cancel(Submission& submission);
  void remove_run(const std::string& run);

  // For the checker.
  const std::map<std::string, Submission>& submissions() const { return submissions_; }
  const std::map<std::string, int>& effective_starts() const { return effective_starts_; }
  int most_submissions_at_once(const std::string& run) const;

 private:
  void start(const std::string& id);

  Timeline& time_;
  Random& random_;
  const Faults& faults_;
  uint64_t last_id_ = 0;
  std::map<std::string, Submission> submissions_;  // by id
  std::set<std::string> tokens_;                   // start fence: runs whose token is taken
  std::map<std::string, int> effective_starts_;
  std::map<std::string, int> most_at_once_;
};

}  // namespace hetao::sim
