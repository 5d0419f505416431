// How the gateway talks to one Slurm cluster: over slurmrestd, or by Slurm's own commands where a site has
// none. Both say the same things, in the values of gateway/platforms/slurm. Calls block; thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/io/shell_config.h"
#include "gateway/platforms/slurm/job.h"
#include "gateway/platforms/slurm/rest.h"
#include "gateway/platforms/slurm/supply.h"

namespace hetao::io {

class SlurmLink {
 public:
  SlurmLink() = default;
  SlurmLink(const SlurmLink&) = delete;
  SlurmLink& operator=(const SlurmLink&) = delete;
  virtual ~SlurmLink() = default;

  virtual platforms::slurm::SubmitReply submit(const platforms::slurm::JobRequest& request) = 0;
  // `user`: as whom; whose job it is.
  virtual platforms::slurm::JobReply get(const std::string& user, int64_t id) = 0;
  virtual platforms::Reply release(const std::string& user, int64_t id) = 0;
  virtual platforms::Reply cancel(const std::string& user, int64_t id) = 0;
  // All jobs whose comment starts so. Dear: 24 MB for 10,000 jobs, whosever they are.
  virtual Result<std::vector<platforms::slurm::JobRecord>> list(std::string_view comment_prefix) = 0;
  virtual Result<std::vector<platforms::slurm::NodeRecord>> nodes() = 0;
  virtual platforms::slurm::QueueReply queue() = 0;
};

// kUsage if the configuration can't be meant so. Speaks to nobody yet: a cluster may be away at the start.
Result<std::unique_ptr<SlurmLink>> open_slurm_rest(const SlurmPlatformConfig& config);
Result<std::unique_ptr<SlurmLink>> open_slurm_commands(const SlurmPlatformConfig& config);

// What became of a job that slurmctld has forgotten: from sacct, else from the completion log.
platforms::slurm::JobReply ask_slurm_accounting(const SlurmPlatformConfig& config, int64_t id,
                                                std::string_view key);

}  // namespace hetao::io
