// People who submit jobs, repeat a submission that was not answered, and sometimes change their mind.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/node.h"

namespace hetao::sim {

struct WantedJob {
  std::string home;
  std::string idempotency_key;
  hetao::pb::Task task;
  std::string project = {};
  Duration after;        // the start of the trouble
  bool dropped = false;  // struck out: never submitted
  bool acknowledged = false;
  bool refused = false;
  bool cancelled = false;
  std::string id;  // as acknowledged
};

class Researchers {
 public:
  Researchers(Timeline& time, Chance& chance, std::map<std::string, Node>& nodes)
      : time_(time), chance_(chance), nodes_(nodes) {}

  // `struck_out` names jobs by number that are planned and not submitted.
  void plan_jobs(int count, const std::set<size_t>& struck_out, const std::function<std::string()>& project);
  // One job, the same in every world: runs in the second region over data of the first.
  void plan_one_job();
  void take_answer(const federation::Answer& answer);
  bool is_submission(uint64_t request) const { return asked_.contains(request); }
  const std::vector<WantedJob>& jobs() const { return jobs_; }

 private:
  std::string some_region();
  hetao::pb::Task make_task();
  void add(WantedJob job);
  void submit(size_t index);

  Timeline& time_;
  Chance& chance_;
  std::map<std::string, Node>& nodes_;
  std::vector<WantedJob> jobs_;
  std::map<uint64_t, size_t> asked_;
  uint64_t last_request_ = 0;
  bool change_their_mind_ = true;  // and cancel, now and then
};

}  // namespace hetao::sim
