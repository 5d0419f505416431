// The local platform: carries runs through the runner's spool (gateway/runner/spool.h) and brings their
// results into the blob store.
//
// Not thread-safe: one call at a time, but for collect, which may run beside the others, because the core
// removes a run only after it was collected.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/io/blob_store.h"
#include "gateway/io/platform.h"
#include "gateway/io/shell_config.h"
#include "gateway/platforms/platform.h"
#include "gateway/runner/spool.h"
#include "proto/state.pb.h"

namespace hetao::io {

class LocalPlatform : public Platform {
 public:
  // `folder`: of this platform's runs, below data_dir. Fails when the sandbox can't work on this machine.
  static Result<std::unique_ptr<LocalPlatform>> open(LocalPlatformConfig config, const std::string& folder,
                                                     BlobStore& blobs);

  const std::string& name() const override { return config_.name; }
  federation::RunSubmitted submit(const std::string& run, const pb::Run& spec) override;
  federation::RunFound find(const std::string& run) override;
  federation::RunReleased release(const std::string& run, const std::string& id) override;
  std::vector<federation::RunObserved> cancel(const std::string& run, const std::string& id) override;
  void remove(const std::string& run) override;
  std::vector<federation::RunObserved> poll() override;
  bool is_watching() const override { return !watched_.empty(); }
  std::vector<std::string> list() override;
  pb::Platform supply() override;
  Result<Descriptor> open_log(const std::string& run, const std::string& id,
                              const std::string& stream) const override;
  federation::RunCollected collect(const std::string& run, const pb::Run& spec) override;

 private:
  LocalPlatform(LocalPlatformConfig config, runner::Spool spool, BlobStore& blobs)
      : config_(std::move(config)), spool_(std::move(spool)), blobs_(blobs) {}

  LocalPlatformConfig config_;
  runner::Spool spool_;
  BlobStore& blobs_;
  std::map<std::string, platforms::RunStatus> watched_;  // as last told
};

}  // namespace hetao::io
