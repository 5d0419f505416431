// From a task to what a runner is told, and from what the runner left in a run's folder to reports and blobs:
// the part that all platforms share whose runs go through hetao-runner. Calls block; thread-safe.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/federation/event.h"
#include "gateway/io/blob_store.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/shell_config.h"
#include "gateway/platforms/platform.h"
#include "proto/state.pb.h"

namespace hetao::io {

federation::PlatformReply reply_of(platforms::ReplyKind kind);

// What a run asks of a sandbox, from what a task asks for. Refused: what this platform can't give. Pure but
// for the look at which blobs are files.
Result<platforms::RunSpec> run_spec_of(const std::string& key, const pb::Run& run, const JobBounds& platform,
                                       const BlobStore& blobs);
pb::RunReport report_of(const platforms::RunStatus& status);

// What the runner measured: for platforms that keep no books, or that have closed them.
pb::Usage usage_of(const platforms::RunStatus& status, const pb::Run& spec,
                   const platforms::RunLimits& limits);

// The folder of one run. Its files are read by their own names: never through a link, and only plain files of
// the users who may own them, because another user than ours may have written there.
class RunFolder {
 public:
  // `owners`: whose files count; empty: anybody's.
  explicit RunFolder(const std::string& path, std::vector<uid_t> owners = {});

  // `name`: relative, "out/0.3".
  Result<Descriptor> open(const std::string& name) const;
  std::string tail(const std::string& name) const;  // empty if it can't be read
  // The ends of the executors' streams, for people.
  void add_tails(pb::RunReport& report) const;
  federation::RunCollected collect(const std::string& run, const pb::Run& spec,
                                   const platforms::RunStatus& status, BlobStore& blobs) const;

 private:
  void collect_output(const platforms::OutputResult& found, const pb::Output& wanted, int index,
                      BlobStore& blobs, federation::RunCollected& out) const;
  void collect_logs(size_t executors, BlobStore& blobs, federation::RunCollected& out) const;

  Descriptor folder_;
  std::vector<uid_t> owners_;
};

}  // namespace hetao::io
