// A platform that runs nothing: every job ends well the moment it is released, and writes nothing. For
// benchmarks of the gateway itself and for rehearsals of policy with real requests; configured as `kind:
// simulated`, and shown as such in every answer.
//
// What it holds lives in memory alone: after a restart it knows no run, says so, and the core submits again.
// No start has any effect, so none can have one twice. Thread-safe: the shell calls it from several threads.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/io/platform.h"

namespace hetao::io {

class SimulatedPlatform final : public Platform {
 public:
  explicit SimulatedPlatform(std::string name) : name_(std::move(name)) {}

  const std::string& name() const override { return name_; }
  Duration poll_every() const override { return Duration::millis(5); }
  federation::RunSubmitted submit(const std::string& run, const pb::Run& spec) override;
  federation::RunFound find(const std::string& run) override;
  federation::RunReleased release(const std::string& run, const std::string& id) override;
  std::vector<federation::RunObserved> cancel(const std::string& run, const std::string& id) override;
  void remove(const std::string& run) override;
  std::vector<federation::RunObserved> poll() override;
  bool is_watching() const override;
  std::vector<std::string> list() override;
  pb::Platform supply() override;
  federation::RunCollected collect(const std::string& run, const pb::Run& spec) override;

 private:
  const std::string name_;
  mutable std::mutex mutex_;
  std::map<std::string, int> executors_;  // of each run that is known
  std::vector<std::string> released_;     // and not told as ended yet
};

}  // namespace hetao::io
