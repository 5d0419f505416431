// A run as a Kubernetes Job: one pod, one container an executor, in order (all but the last are init
// containers), and before them one that takes the run's token, so that a second pod of the same run, which
// Kubernetes may well start, does nothing.
//
// Every container starts with hetao-step, which puts streams and working folder in place, keeps the logs
// apart and says how the program ended. Inputs, outputs and logs lie in the run's folder of a volume that the
// gateway and the nodes share. Pure; thread-safe. Source: Kubernetes API batch/v1 and core/v1 (1.20 to 1.33),
// Volcano batch.volcano.sh/v1alpha1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/platforms/local/sandbox.h"
#include "gateway/platforms/platform.h"

namespace hetao::platforms::kubernetes {

// What the server was asked about itself.
struct Server {
  int minor = 20;  // of 1.N
  bool volcano = false;

  bool suspends() const { return !volcano && minor >= 22; }  // held Jobs; before, they are created to begin
  bool has_failure_policy() const { return !volcano && minor >= 26; }
  bool replaces_late() const { return !volcano && minor >= 29; }  // no second pod before the first is gone
};

// Where and as what the jobs of a tenant go; empty: the cluster's own default.
struct Route {
  std::string name_space;
  std::string service_account;
  std::string priority_class;
  std::string queue;  // Volcano's
  std::vector<std::string> pull_secrets;
  std::vector<std::pair<std::string, std::string>> node_labels;

  bool operator==(const Route&) const = default;
};

// The shared folder as pods see it: a claim in their namespace, or a path on every node.
struct SharedVolume {
  std::string claim;
  std::string host_path;
};

struct JobRequest {
  std::string run;   // key
  std::string mark;  // whose spool: see names.h
  Route route;
  SharedVolume volume;
  std::string pull = "IfNotPresent";  // Always, IfNotPresent, Never
  std::string accelerator_resource;   // "huawei.com/Ascend910"; empty: none
  int64_t accelerators = 0;
  int64_t user = 0;  // as whom the containers run
  int64_t group = 0;
  int64_t keep_seconds = 3'600;  // after its end
  // What to mount: sources lie in the spool, whose folder is `spool`.
  std::string spool;
  std::vector<Bind> binds;
};

// The body of a create. kUsage if a path can't be mounted in a pod.
Result<std::string> job_body(const Server& server, const JobRequest& request, const RunSpec& spec, bool held);

// What selects the pods that must reach nothing: no egress, no ingress.
std::string network_policy_body();

}  // namespace hetao::platforms::kubernetes
