#include "gateway/io/simulated_platform.h"

#include <algorithm>

namespace hetao::io {

using federation::PlatformReply;

federation::RunSubmitted SimulatedPlatform::submit(const std::string& run, const pb::Run& spec) {
  const std::lock_guard lock(mutex_);
  executors_.try_emplace(run, spec.task().executors_size());
  federation::RunSubmitted done;
  done.run = run;
  done.reply = PlatformReply::kOk;
  done.platform_id = run;
  return done;
}

federation::RunFound SimulatedPlatform::find(const std::string& run) {
  const std::lock_guard lock(mutex_);
  federation::RunFound found;
  found.run = run;
  found.reply = executors_.contains(run) ? PlatformReply::kOk : PlatformReply::kAbsent;
  found.platform_id = run;
  return found;
}

federation::RunReleased SimulatedPlatform::release(const std::string& run, const std::string&) {
  const std::lock_guard lock(mutex_);
  federation::RunReleased done;
  done.run = run;
  done.reply = executors_.contains(run) ? PlatformReply::kOk : PlatformReply::kAbsent;
  if (done.reply == PlatformReply::kOk) released_.push_back(run);
  return done;
}

std::vector<federation::RunObserved> SimulatedPlatform::cancel(const std::string& run, const std::string&) {
  const std::lock_guard lock(mutex_);
  std::erase(released_, run);
  federation::RunObserved told;
  told.run = run;
  told.cancelled = executors_.contains(run);
  told.lost = !told.cancelled;
  return {std::move(told)};
}

void SimulatedPlatform::remove(const std::string& run) {
  const std::lock_guard lock(mutex_);
  std::erase(released_, run);
  executors_.erase(run);
}

std::vector<federation::RunObserved> SimulatedPlatform::poll() {
  const std::lock_guard lock(mutex_);
  std::vector<federation::RunObserved> all;
  all.reserve(released_.size());
  for (const std::string& run : released_) {
    federation::RunObserved& ended = all.emplace_back();
    ended.run = run;
    ended.started = ended.ended = true;
    for (int i = executors_[run]; i > 0; --i) ended.report.add_executors()->set_exit_code(0);
  }
  released_.clear();
  return all;
}

bool SimulatedPlatform::is_watching() const {
  const std::lock_guard lock(mutex_);
  return !released_.empty();
}

std::vector<std::string> SimulatedPlatform::list() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> runs;
  for (const auto& [run, executors] : executors_) runs.push_back(run);
  return runs;
}

pb::Platform SimulatedPlatform::supply() {
  constexpr int64_t kCores = 100'000;  // nothing is used up here
  pb::Platform supply;
  supply.set_nodes(1);
  supply.set_nodes_up(1);
  supply.set_cores_total(kCores);
  supply.set_cores_free(kCores);
  return supply;
}

federation::RunCollected SimulatedPlatform::collect(const std::string& run, const pb::Run& spec) {
  federation::RunCollected collected;
  collected.run = run;
  if (spec.task().outputs_size() > 0) collected.notes.emplace_back("a simulated platform makes no outputs");
  return collected;
}

}  // namespace hetao::io
