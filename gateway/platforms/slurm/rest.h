// slurmrestd's HTTP interface: calls to make and how to read what comes back, also when it is nonsense, cut
// short, plain text or an error that hides a success.
//
// Written for v0.0.38 (Slurm 22.05) and tried against it; for newer versions the differences that Slurm
// documents are kept (numbers as {set, infinite, number}, states as lists, environment as a list). Replies
// are classified, never "error": ok, refused (surely not done), absent (surely not there), unknown. Pure;
// thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/json.h"
#include "gateway/base/result.h"
#include "gateway/platforms/http_call.h"
#include "gateway/platforms/platform.h"
#include "gateway/platforms/slurm/job.h"

namespace hetao::platforms::slurm {

inline constexpr int kOldestVersion = 38;  // v0.0.38
inline constexpr int kNewestVersion = 42;

// The newest version that both sides speak, from the text of /openapi/v3: N of v0.0.N.
Result<int> choose_version(std::string_view openapi);

HttpCall version_call();
HttpCall submit_call(int version, const JobRequest& request);
HttpCall get_call(int version, int64_t id);
HttpCall list_call(int version);
HttpCall release_call(int version, int64_t id);
HttpCall cancel_call(int version, int64_t id);
HttpCall nodes_call(int version);
HttpCall partitions_call(int version);

struct SubmitReply {
  ReplyKind kind = ReplyKind::kUnknown;
  int64_t id = 0;
  std::string why;
  // Refused without a reason that one could rely on: look for the job before believing it.
  bool doubtful = false;
};
SubmitReply read_submit(const HttpReply& reply);

struct JobReply {
  ReplyKind kind = ReplyKind::kUnknown;
  JobRecord job;  // if ok
  std::string why;
};
JobReply read_job(const HttpReply& reply, int64_t id);

// One job of a reply; what is missing or odd stays empty.
JobRecord job_of(const json::object& object);

// Of a release or a cancel.
Reply read_change(const HttpReply& reply);

// Jobs whose comment starts with `comment_prefix` alone: a list of 10,000 jobs is 24 MB, ours are few.
Result<std::vector<JobRecord>> read_jobs(const HttpReply& reply, std::string_view comment_prefix);

struct NodeRecord {
  std::string name;
  std::string state;  // lower case: idle, mixed, allocated, down, …
  std::vector<std::string> flags;
  std::vector<std::string> partitions;
  int64_t cores = 0;
  int64_t cores_used = 0;
  int64_t ram_bytes = 0;
  int64_t ram_used_bytes = 0;
  std::vector<Gres> gres;
  std::vector<Gres> gres_used;

  // Takes jobs, now or when what runs on it ends.
  bool is_up() const;
};
Result<std::vector<NodeRecord>> read_nodes(const HttpReply& reply);

struct PartitionRecord {
  std::string name;
  bool up = false;
  int64_t nodes = 0;
  int64_t cores = 0;
  int64_t minutes_max = 0;  // 0: no limit
};
Result<std::vector<PartitionRecord>> read_partitions(const HttpReply& reply);

}  // namespace hetao::platforms::slurm
