// Demand that is not met yet: what the jobs of this region that wait for a place or on a platform ask for.
#include "gateway/api/demand.h"

#include <algorithm>
#include <map>
#include <set>

#include "gateway/federation/supply.h"
#include "gateway/federation/table.h"

namespace hetao::api {

namespace {

struct Sum {
  int64_t jobs = 0;
  int64_t cores = 0;
  int64_t accelerators = 0;
  int64_t oldest_micros = 0;
};

class Counter {
 public:
  void add(const std::string& job, const pb::Task& task, int64_t since_micros) {
    if (!seen_.insert(job).second) return;
    const federation::WantedAccelerators wanted = federation::wanted_accelerators(task);
    // Of equivalents the first: it would be taken if it were there.
    Sum& sum = sums_[wanted.kinds.empty() ? "" : wanted.kinds.front()];
    ++sum.jobs;
    sum.cores += std::max<int64_t>(1, task.resources().cpu_cores());
    sum.accelerators += wanted.counts.empty() ? 0 : wanted.counts.front();
    if (sum.oldest_micros == 0 || since_micros < sum.oldest_micros) sum.oldest_micros = since_micros;
  }

  json::array view(Instant now) const {
    json::array out;
    for (const auto& [kind, sum] : sums_) {
      json::object one{{"jobs", sum.jobs}, {"cores", sum.cores}};
      if (!kind.empty()) {
        one["accelerator"] = kind;
        one["accelerators"] = sum.accelerators;
      }
      one["oldest_seconds"] = std::max<int64_t>(0, now.micros - sum.oldest_micros) / 1'000'000;
      out.push_back(std::move(one));
    }
    return out;
  }

 private:
  std::set<std::string> seen_;
  std::map<std::string, Sum> sums_;
};

// On a platform, and not begun: in its queue, or held for its turn.
bool waits(const pb::Run& run) {
  switch (run.state()) {
    case pb::RUN_SUBMITTING:
    case pb::RUN_RELEASING:
    case pb::RUN_RUNNING:
      return run.report().started_micros() == 0;
    default:
      return false;
  }
}

}  // namespace

json::array demand_view(const federation::Core& core, Instant now) {
  Counter counter;
  for (const auto& [key, run] : core.runs()) {
    if (waits(run)) counter.add(run.job(), run.task(), run.created_micros());
  }
  for (const auto& [id, job] : core.jobs()) {
    if (job.state() == pb::JOB_QUEUED) counter.add(id, job.task(), job.created_micros());
  }
  return counter.view(now);
}

}  // namespace hetao::api
