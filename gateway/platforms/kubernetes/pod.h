// A pod as Kubernetes describes it, and what that says of the run: whether it waits and for what, which
// executors ran and how they ended, and whether its end is the program's own or the cluster's. Pure;
// thread-safe. Source: Kubernetes core/v1 Pod, pkg/kubelet (reasons), and what a real 1.20 does
// (tests/kubernetes).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/json.h"
#include "gateway/base/time.h"
#include "gateway/platforms/platform.h"

namespace hetao::platforms::kubernetes {

enum class ContainerState { kWaiting, kRunning, kTerminated };

struct ContainerRecord {
  std::string name;
  ContainerState state = ContainerState::kWaiting;
  std::string reason;   // "ErrImageNeverPull", "OOMKilled", "Completed", …
  std::string message;  // of the end: what hetao-step reported
  int32_t exit_code = 0;
  int32_t signal = 0;
  Instant started;
  Instant ended;
};

struct PodRecord {
  std::string name;
  std::string uid;
  std::string run;
  std::string phase;   // Pending, Running, Succeeded, Failed, Unknown
  std::string reason;  // Evicted, DeadlineExceeded, NodeLost, …
  std::string message;
  std::string node;
  std::string unschedulable;  // why no node takes it; empty: one does, or nobody has tried yet
  std::string disruption;     // why the cluster took it away (1.26 and newer)
  bool deleting = false;
  Instant created;
  Instant started;                          // on its node
  std::vector<ContainerRecord> containers;  // init containers first

  bool is_over() const { return phase == "Succeeded" || phase == "Failed"; }
};

// What is missing or odd stays empty.
PodRecord pod_of(const json::object& object);

// What hetao-step says where it may not start the program.
inline constexpr int kDuplicateCode = 10;    // another pod has the token
inline constexpr int kNotReleasedCode = 11;  // not let go yet, or cancelled before it began

enum class PodWord {
  kWaits,      // `why` may say for what
  kStuck,      // it can't start as things are: `why` says what is in the way
  kDuplicate,  // a second start that did nothing: no word on the run
  kWithdrawn,  // it came too late, or too early, and did nothing
  kRuns,
  kEnded,  // by its program or by a limit
  kLost,   // by the cluster: the program is not to blame
};

struct PodReading {
  PodWord word = PodWord::kWaits;
  std::string why;
  // Will pass by itself or by somebody's hand, if it will; else there is no use in waiting.
  bool hopeless = false;
  Instant started;
  Instant ended;
  std::vector<ExecutorLog> executors;
};

// `gone`: it is deleted, and nothing more will be heard of it. Until then a pod that is called failed, and
// whose program still runs, is only about to end.
PodReading read_pod(const PodRecord& pod, const RunSpec& spec, bool gone = false);

// Seconds and nanoseconds in words like "2026-11-26T01:35:22Z"; 0: unreadable.
Instant instant_of(std::string_view text);

}  // namespace hetao::platforms::kubernetes
