// People who submit jobs, repeat a submission that was not answered, and sometimes change their mind.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/sim/node.h"

namespace hetao::sim {

struct WantedJob {
  std::string home;
  std::string idempotency_key;
  hetao::pb::Task task;
  bool acknowledged = false;
  bool refused = false;
  std::string id;  // as acknowledged
};

class Researchers {
 public:
  Researchers(Timeline& time, Random& random, std::map<std::string, Node>& nodes)
      : time_(time), random_(random), nodes_(nodes) {}

  void plan_jobs(int count);
  void take_answer(const federation::Answer& answer);
  bool is_submission(uint64_t request) const { return asked_.contains(request); }
  const std::vector<WantedJob>& jobs() const { return jobs_; }
  uint64_t complete(const std::map<std::string, Node>& nodes) const;

 private:
  hetao::pb::Task make_task();
  void submit(size_t index);

  Timeline& time_;
  Random& random_;
  std::map<std::string, Node>& nodes_;
  std::vector<WantedJob> jobs_;
  std::map<uint64_t, size_t> asked_;
  uint64_t last_request_ = 0;
};

}  // namespace hetao::sim
