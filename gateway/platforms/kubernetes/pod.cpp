#include "gateway/platforms/kubernetes/pod.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/platforms/json_value.h"
#include "gateway/platforms/kubernetes/names.h"

namespace hetao::platforms::kubernetes {

namespace {

constexpr size_t kContainersMax = 100;
constexpr size_t kWordsMax = 400;
constexpr int kSignalBase = 128;

int32_t small(int64_t value) {
  return static_cast<int32_t>(std::clamp<int64_t>(value, 0, 255));
}

ContainerRecord container_of(const json::object& object) {
  ContainerRecord out;
  out.name = text(object, "name");
  const json::object* state = object_in(object, "state");
  if (state == nullptr) return out;
  if (const json::object* waiting = object_in(*state, "waiting")) {
    out.reason = text(*waiting, "reason");
    out.message = text(*waiting, "message");
  } else if (const json::object* running = object_in(*state, "running")) {
    out.state = ContainerState::kRunning;
    out.started = instant_of(text(*running, "startedAt"));
  } else if (const json::object* ended = object_in(*state, "terminated")) {
    out.state = ContainerState::kTerminated;
    out.reason = text(*ended, "reason");
    out.message = text(*ended, "message");
    out.exit_code = small(number(*ended, "exitCode"));
    out.signal = small(number(*ended, "signal")) & 127;
    out.started = instant_of(text(*ended, "startedAt"));
    out.ended = instant_of(text(*ended, "finishedAt"));
  }
  return out;
}

void read_conditions(const json::object& status, PodRecord& pod) {
  const json::array* conditions = array_in(status, "conditions");
  if (conditions == nullptr) return;
  for (const json::value& each : *conditions) {
    if (!each.is_object()) continue;
    const json::object& condition = each.get_object();
    const std::string type = text(condition, "type");
    const bool holds = text(condition, "status") == "True";
    const std::string said = text(condition, "reason") + ": " + text(condition, "message");
    if (type == "PodScheduled" && text(condition, "status") == "False") pod.unschedulable = said;
    if (type == "DisruptionTarget" && holds) pod.disruption = said;
  }
}

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Reasons of a pod whose end is the cluster's doing.
bool is_clusters(std::string_view reason) {
  return one_of(reason, {"NodeLost", "NodeShutdown", "Terminated", "Shutdown", "Preempting", "Preempted",
                         "NodeAffinity", "UnexpectedAdmissionError", "TaintToleration"}) ||
         reason.starts_with("OutOf") || reason.starts_with("Outof");
}

// An eviction for the scratch space that the pod itself filled.
bool is_own_disk(const PodRecord& pod) {
  return pod.reason == "Evicted" && pod.message.find("ephemeral") != std::string::npos &&
         pod.message.find("exceed") != std::string::npos;
}

bool is_pull_failure(std::string_view reason) {
  return one_of(reason, {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName",
                         "ImageInspectError", "RegistryUnavailable"});
}

bool is_start_failure(std::string_view reason) {
  return one_of(reason, {"CreateContainerConfigError", "CreateContainerError", "RunContainerError",
                         "PreCreateHookError", "StartError", "ContainerCannotRun"});
}

std::string on_node(const PodRecord& pod) {
  return pod.node.empty() ? "" : " on node " + readable(pod.node, 64);
}

std::string words_of(const std::string& reason, const std::string& message) {
  const std::string both = reason + (reason.empty() || message.empty() ? "" : ": ") + message;
  return readable(both, kWordsMax);
}

// What hetao-step left as the container's last message; without it, what Kubernetes saw.
ExecutorLog log_of(const ContainerRecord& container) {
  ExecutorLog log;
  log.exit_code = container.exit_code;
  log.signal = container.signal;
  if (log.signal == 0 && log.exit_code > kSignalBase && container.reason == "Error")
    log.signal = std::min(127, log.exit_code - kSignalBase);
  if (log.signal != 0) log.reason = EndReason::kSignalled;
  if (const auto report = parse_run_status(container.message); report && report->executors.size() == 1)
    log = report->executors.front();
  if (log.started.micros == 0) log.started = container.started;
  if (log.ended.micros == 0) log.ended = container.ended;
  if (is_start_failure(container.reason)) {
    log.reason = EndReason::kSandbox;
    log.message = words_of(container.reason, container.message);
  }
  // Also when a program lost a child to it, and then said by itself that it failed.
  if (container.reason == "OOMKilled" && log.exit_code != 0) {
    log.reason = EndReason::kMemory;
    log.message = "more memory than it asked for";
  }
  return log;
}

std::string describe(size_t index, const ExecutorLog& log) {
  const std::string what = "executor " + std::to_string(index);
  if (!log.message.empty()) return what + ": " + log.message;
  if (log.signal != 0) return what + " was ended by signal " + std::to_string(log.signal);
  return what + " ended with exit code " + std::to_string(log.exit_code);
}

class Reader {
 public:
  Reader(const PodRecord& pod, const RunSpec& spec, bool gone) : pod_(pod), spec_(spec), gone_(gone) {}

  PodReading read() {
    collect();
    if (fence_ != nullptr && fence_->state == ContainerState::kTerminated && fence_->exit_code != 0 &&
        read_fence())
      return out_;
    if (pod_.is_over() && (!running_ || gone_)) {
      if (!running_) out_.ended = last_end_;
      read_end();
      return out_;
    }
    if (!running_) read_wait();
    if (out_.word == PodWord::kWaits && out_.started.micros != 0) out_.word = PodWord::kRuns;
    return out_;
  }

 private:
  void collect() {
    for (const ContainerRecord& container : pod_.containers) {
      if (container.name == kFenceName) fence_ = &container;
      if (container.state == ContainerState::kTerminated) last_end_ = std::max(last_end_, container.ended);
      const int step = step_of(container.name);
      if (step < 0 || container.state == ContainerState::kWaiting) continue;
      running_ = running_ || container.state == ContainerState::kRunning;
      if (out_.started.micros == 0 || container.started < out_.started) out_.started = container.started;
      // In order; one that never ran is not among them.
      if (static_cast<size_t>(step) != out_.executors.size()) continue;
      if (container.state == ContainerState::kTerminated) {
        out_.executors.push_back(log_of(container));
      } else {
        out_.executors.push_back({});
        out_.executors.back().started = container.started;
      }
    }
  }

  bool read_fence() {
    switch (fence_->exit_code) {
      case kDuplicateCode:
        out_.word = PodWord::kDuplicate;
        return true;
      case kNotReleasedCode:
        out_.word = PodWord::kWithdrawn;
        return true;
      default:
        if (!pod_.is_over()) return false;
        if (is_clusters(pod_.reason) || pod_.reason == "Evicted") return false;
        out_.word = PodWord::kLost;
        out_.why = "the run could not be started" + on_node(pod_) + ": " +
                   words_of(fence_->reason, fence_->message) + " (exit code " +
                   std::to_string(fence_->exit_code) + ")";
        return true;
    }
  }

  void read_end() {
    const bool own_disk = is_own_disk(pod_);
    if (!own_disk && (pod_.reason == "Evicted" || is_clusters(pod_.reason) || !pod_.disruption.empty())) {
      out_.word = PodWord::kLost;
      out_.why =
          "the cluster ended it" + on_node(pod_) + ": " +
          (pod_.reason.empty() ? readable(pod_.disruption, kWordsMax) : words_of(pod_.reason, pod_.message));
      return;
    }
    out_.word = PodWord::kEnded;
    if (own_disk) return limit(EndReason::kDisk, "more scratch space than it asked for");
    if (pod_.reason == "DeadlineExceeded") {
      if (out_.executors.empty() && out_.started.micros == 0) {
        out_.word = PodWord::kLost;
        out_.why =
            "its time was over before it began: it waited for its image, or for its inputs" + on_node(pod_);
        return;
      }
      return limit(EndReason::kTimeout, "its wall time was over");
    }
    for (size_t i = 0; i < out_.executors.size(); ++i) {
      const ExecutorLog& log = out_.executors[i];
      const bool by_itself = log.reason == EndReason::kExited || log.reason == EndReason::kSignalled;
      const bool ignored = i < spec_.executors.size() && spec_.executors[i].ignore_error && by_itself;
      if ((log.exit_code == 0 && by_itself) || ignored) continue;
      out_.why = describe(i, log);
      return;
    }
    if (out_.executors.size() == spec_.executors.size() && pod_.phase == "Succeeded") return;
    out_.word = PodWord::kLost;
    out_.why = "its pod ended" + on_node(pod_) +
               " without a word on its program: " + words_of(pod_.reason, pod_.message);
  }

  void limit(EndReason reason, const char* words) {
    out_.why = words;
    if (out_.executors.empty()) return;
    ExecutorLog& last = out_.executors.back();
    last.reason = reason;
    last.message = words;
    if (last.exit_code == 0) last.exit_code = kSignalBase + 9;
  }

  void read_wait() {
    if (!pod_.unschedulable.empty()) {
      out_.why = "no node takes it: " + readable(pod_.unschedulable, kWordsMax);
      return;
    }
    for (const ContainerRecord& container : pod_.containers) {
      if (container.state != ContainerState::kWaiting) continue;
      const bool pull = is_pull_failure(container.reason);
      if (!pull && !is_start_failure(container.reason)) continue;
      out_.word = PodWord::kStuck;
      out_.hopeless = one_of(container.reason, {"ErrImageNeverPull", "InvalidImageName"});
      out_.why = (pull ? "its image can't be had" : "it can't be started") + on_node(pod_) + ": " +
                 words_of(container.reason, container.message);
      return;
    }
  }

  const PodRecord& pod_;
  const RunSpec& spec_;
  bool gone_;
  PodReading out_;
  const ContainerRecord* fence_ = nullptr;
  Instant last_end_;
  bool running_ = false;  // an executor
};

}  // namespace

Instant instant_of(std::string_view text) {
  const auto instant = parse_rfc3339(std::string(text));
  return instant && instant->micros > 0 ? *instant : Instant{};
}

PodRecord pod_of(const json::object& object) {
  PodRecord pod;
  if (const json::object* meta = object_in(object, "metadata")) {
    pod.name = text(*meta, "name");
    pod.uid = text(*meta, "uid");
    pod.deleting = !text(*meta, "deletionTimestamp").empty();
    pod.created = instant_of(text(*meta, "creationTimestamp"));
    if (const json::object* notes = object_in(*meta, "annotations")) pod.run = text(*notes, kRunAnnotation);
  }
  if (const json::object* spec = object_in(object, "spec")) pod.node = text(*spec, "nodeName");
  const json::object* status = object_in(object, "status");
  if (status == nullptr) return pod;
  pod.phase = text(*status, "phase");
  pod.reason = text(*status, "reason");
  pod.message = text(*status, "message");
  pod.started = instant_of(text(*status, "startTime"));
  read_conditions(*status, pod);
  for (const char* name : {"initContainerStatuses", "containerStatuses"}) {
    const json::array* containers = array_in(*status, name);
    if (containers == nullptr) continue;
    for (const json::value& each : *containers) {
      if (each.is_object() && pod.containers.size() < kContainersMax)
        pod.containers.push_back(container_of(each.get_object()));
    }
  }
  return pod;
}

PodReading read_pod(const PodRecord& pod, const RunSpec& spec, bool gone) {
  return Reader(pod, spec, gone).read();
}

}  // namespace hetao::platforms::kubernetes
