// What became of jobs, runs and crossings, for those who operate the gateway: a line of the log when one has
// ended, and a span for whoever collects traces. Told once it is durable, on the io thread.
#pragma once

#include <deque>
#include <string>
#include <unordered_set>
#include <vector>

#include "gateway/federation/core.h"

namespace hetao::io {

class JobStory {
 public:
  // What ended before `since`, when this process began, is not told again.
  JobStory(const federation::Core& core, Instant since) : core_(core), since_(since) {}

  // Whether tell() has anything to say about them; cheap.
  static bool matters(const std::vector<federation::Record>& records);
  void tell(const std::vector<federation::Record>& records, Instant now);

 private:
  void tell_job(const pb::Job& job, Instant now);
  void tell_run(const pb::Run& run, const std::string& key, Instant now);
  void tell_crossing(const pb::Crossing& crossing, Instant now);
  bool is_new(std::string what);
  const pb::Task* task_of(const pb::Crossing& crossing) const;

  const federation::Core& core_;
  Instant since_;
  std::unordered_set<std::string> told_;  // the newest; records of what has ended may be written again
  std::deque<std::string> order_;
};

}  // namespace hetao::io
