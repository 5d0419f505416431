// The local platform: carries runs through the runner's spool (gateway/runner/spool.h) and brings their
// results into the blob store. A run is one attempt of a job; its key names it everywhere.
//
// Every call may be repeated and does no harm then. Calls block; submit to remove one at a time (one worker
// thread); collect may run beside them, because the core removes a run only after it was collected.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/federation/event.h"
#include "gateway/io/blob_store.h"
#include "gateway/io/shell_config.h"
#include "gateway/platforms/platform.h"
#include "gateway/runner/spool.h"
#include "proto/state.pb.h"

namespace hetao::io {

// What a run asks of a sandbox, from what a task asks for. Refused: what this platform can't give. Pure but
// for the look at which blobs are files.
Result<platforms::RunSpec> run_spec_of(const std::string& key, const pb::Run& run,
                                       const LocalPlatformConfig& platform, const BlobStore& blobs);
pb::RunReport report_of(const platforms::RunStatus& status);

class LocalPlatform {
 public:
  // `folder`: of this platform's runs, below data_dir. Fails when the sandbox can't work on this machine.
  static Result<std::unique_ptr<LocalPlatform>> open(LocalPlatformConfig config, const std::string& folder,
                                                     BlobStore& blobs);

  const std::string& name() const { return config_.name; }
  federation::RunSubmitted submit(const std::string& run, const pb::Run& spec);
  federation::RunFound find(const std::string& run);
  // From an ok on, poll() tells what changes.
  federation::RunReleased release(const std::string& run);
  // Nothing: poll() will tell its end.
  std::vector<federation::RunObserved> cancel(const std::string& run);
  void remove(const std::string& run);
  // What has changed of the runs that were released, since the last call.
  std::vector<federation::RunObserved> poll();
  bool is_watching() const { return !watched_.empty(); }
  // Runs that are here: what the core does not know of has no owner.
  std::vector<std::string> list();

  // May run beside the others.
  federation::RunCollected collect(const std::string& run, const pb::Run& spec);

 private:
  LocalPlatform(LocalPlatformConfig config, runner::Spool spool, BlobStore& blobs)
      : config_(std::move(config)), spool_(std::move(spool)), blobs_(blobs) {}
  void collect_output(const std::string& folder, const platforms::OutputResult& found,
                      const pb::Output& wanted, int index, federation::RunCollected& out);
  void collect_logs(const std::string& folder, size_t executors, federation::RunCollected& out);
  void add_tails(const std::string& run, pb::RunReport& report) const;

  LocalPlatformConfig config_;
  runner::Spool spool_;
  BlobStore& blobs_;
  std::map<std::string, platforms::RunStatus> watched_;  // as last told
};

}  // namespace hetao::io
