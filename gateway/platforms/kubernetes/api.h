// Kubernetes' API over HTTP: calls to make and how to read what comes back, also when it is nonsense, cut
// short, or an error of a proxy between. Replies are classified as everywhere: ok, refused (surely not done),
// absent (surely not there), unknown. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/json.h"
#include "gateway/base/result.h"
#include "gateway/platforms/http_call.h"
#include "gateway/platforms/kubernetes/job.h"
#include "gateway/platforms/platform.h"

namespace hetao::platforms::kubernetes {

HttpCall version_call();
Result<int> read_version(const HttpReply& reply);  // N of 1.N
HttpCall volcano_call();
Result<bool> read_announced(const HttpReply& reply);  // 200 or 404

HttpCall create_call(const Server& server, const std::string& name_space, std::string body, bool dry_run);
HttpCall get_call(const Server& server, const std::string& name_space, const std::string& name);
HttpCall release_call(const std::string& name_space, const std::string& name);
HttpCall delete_call(const Server& server, const std::string& name_space, const std::string& name);
HttpCall delete_pod_call(const std::string& name_space, const std::string& name);
HttpCall jobs_call(const Server& server, const std::string& name_space, std::string_view mark,
                   const std::string& go_on);
HttpCall pods_call(const std::string& name_space, std::string_view mark, const std::string& go_on);
HttpCall watch_call(const std::string& name_space, std::string_view mark, const std::string& version,
                    int64_t seconds);
HttpCall log_call(const std::string& name_space, const std::string& pod, std::string_view container,
                  int64_t bytes_max);
HttpCall policy_call(const std::string& name_space);
HttpCall create_policy_call(const std::string& name_space);
HttpCall replace_policy_call(const std::string& name_space);
HttpCall nodes_call(const std::string& go_on);
HttpCall all_pods_call(const std::string& go_on);

struct JobRecord {
  std::string name_space;
  std::string name;
  std::string run;   // from its annotation; empty: none of ours
  std::string mark;  // from its label
  bool suspended = false;
  bool deleting = false;
  bool over = false;
  bool failed = false;
  int64_t active = 0;  // pods
  std::string reason;  // of its failure: "DeadlineExceeded", "BackoffLimitExceeded", "PodFailurePolicy"
  std::string message;
};

struct JobReply {
  ReplyKind kind = ReplyKind::kUnknown;
  bool exists = false;  // of a create: the name is taken; look whose it is
  JobRecord job;        // if ok
  std::string why;
};
JobReply read_job(const HttpReply& reply);
JobReply read_created(const HttpReply& reply);
Reply read_change(const HttpReply& reply);  // of a release or a delete

// True if the deny-all policy is there and says what ours says.
Result<bool> read_policy(const HttpReply& reply);

struct JobList {
  std::vector<JobRecord> jobs;
  std::string go_on;  // empty: that was all
};
Result<JobList> read_jobs(const HttpReply& reply);

// Why a reply is no success, in words: the server's own message, the proxy's first line, the trouble.
std::string failure_of(const HttpReply& reply);

// The parts that every list has: its items, its version, and where it goes on.
struct ItemList {
  json::array items;
  std::string version;
  std::string go_on;
};
Result<ItemList> read_list(const HttpReply& reply);

}  // namespace hetao::platforms::kubernetes
