#include "gateway/platforms/kubernetes/job.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "gateway/base/path.h"
#include "gateway/base/text.h"
#include "gateway/platforms/container_path.h"
#include "gateway/platforms/kubernetes/names.h"

namespace hetao::platforms::kubernetes {

namespace {

constexpr int64_t kTimeMarginSeconds = 30;  // pulling an image is not the program's time
constexpr std::string_view kRunPath = "/.hetao/run";
constexpr std::string_view kLogPath = "/.hetao/log";
constexpr std::string_view kVolumeName = "spool";

// Kubernetes replaces $(NAME) in commands and values; "$$" is a dollar sign.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out.append(c == '$' ? 2 : 1, c);
  return out;
}

json::object mount_of(const std::string& path, const std::string& inside, bool writable) {
  return {{"name", kVolumeName}, {"mountPath", path}, {"subPath", inside}, {"readOnly", !writable}};
}

class PodMaker {
 public:
  PodMaker(const JobRequest& request, const RunSpec& spec) : request_(request), spec_(spec) {}

  Result<json::object> make_template() {
    json::array first = {fence()};
    json::array last;
    for (size_t i = 0; i < spec_.executors.size(); ++i) {
      auto container = step(i);
      if (!container) return fail(container.error());
      (i + 1 < spec_.executors.size() ? first : last).emplace_back(std::move(*container));
    }
    const Route& route = request_.route;
    json::object pod{{"restartPolicy", "Never"},
                     {"automountServiceAccountToken", false},
                     {"enableServiceLinks", false},
                     {"terminationGracePeriodSeconds", spec_.limits.grace_seconds},
                     {"activeDeadlineSeconds", spec_.limits.wall_seconds + kTimeMarginSeconds},
                     {"securityContext", security()},
                     {"volumes", json::array{volume()}},
                     {"initContainers", std::move(first)},
                     {"containers", std::move(last)}};
    if (!route.service_account.empty()) pod["serviceAccountName"] = route.service_account;
    if (!route.priority_class.empty()) pod["priorityClassName"] = route.priority_class;
    if (!route.node_labels.empty()) {
      json::object labels;
      for (const auto& [name, value] : route.node_labels) labels[name] = value;
      pod["nodeSelector"] = std::move(labels);
    }
    if (!route.pull_secrets.empty()) {
      json::array secrets;
      for (const std::string& name : route.pull_secrets) secrets.emplace_back(json::object{{"name", name}});
      pod["imagePullSecrets"] = std::move(secrets);
    }
    return json::object{{"metadata", metadata()}, {"spec", std::move(pod)}};
  }

  json::object metadata() const {
    return {{"labels",
             json::object{{kSpoolLabel, request_.mark}, {kNetworkLabel, spec_.network ? "open" : "none"}}},
            {"annotations", json::object{{kRunAnnotation, request_.run}}}};
  }

 private:
  json::object security() const {
    return {{"runAsUser", request_.user},
            {"runAsGroup", request_.group},
            {"seccompProfile", json::object{{"type", "RuntimeDefault"}}}};
  }

  json::object volume() const {
    if (!request_.volume.claim.empty())
      return {{"name", kVolumeName},
              {"persistentVolumeClaim", json::object{{"claimName", request_.volume.claim}}}};
    return {{"name", kVolumeName},
            {"hostPath", json::object{{"path", request_.volume.host_path}, {"type", "Directory"}}}};
  }

  // Asked for and granted alike: what a pod gets is what was placed and is booked.
  json::object resources() const {
    json::object all{{"cpu", std::to_string(spec_.limits.cpu_cores)},
                     {"memory", std::to_string(spec_.limits.ram_bytes)},
                     {"ephemeral-storage", std::to_string(spec_.limits.disk_bytes)}};
    if (!request_.accelerator_resource.empty())
      all[request_.accelerator_resource] = std::to_string(request_.accelerators);
    return {{"requests", all}, {"limits", all}};
  }

  json::object container(std::string name, const std::string& image, json::array command, json::array args,
                         json::array mounts) const {
    json::object out{
        {"name", std::move(name)},
        {"image", image},
        {"imagePullPolicy", request_.pull},
        {"command", std::move(command)},
        {"resources", resources()},
        {"securityContext", json::object{{"allowPrivilegeEscalation", false},
                                         {"capabilities", json::object{{"drop", json::array{"ALL"}}}}}},
        {"volumeMounts", std::move(mounts)}};
    if (!args.empty()) out["args"] = std::move(args);
    return out;
  }

  std::string inside(std::string_view source) const {
    return std::string(source.substr(request_.spool.size() + 1));
  }

  json::object init_mount() const {
    for (const Bind& bind : request_.binds) {
      if (bind.path == kInitPath) return mount_of(bind.path, inside(bind.source), false);
    }
    return {};
  }

  // It runs no word of the task, and is the only one that can reach the token.
  json::object fence() const {
    return container(std::string(kFenceName), spec_.executors.front().image, {kInitPath, "start", kRunPath},
                     {}, {init_mount(), mount_of(std::string(kRunPath), request_.run, true)});
  }

  Result<json::object> step(size_t index) const {
    const ExecutorSpec& executor = spec_.executors[index];
    json::array command = {kInitPath, "run", "--log", kLogPath, "--step", std::to_string(index)};
    const auto option = [&](const char* name, const std::string& value) {
      if (value.empty()) return;
      command.emplace_back(name);
      command.emplace_back(escaped(value));
    };
    option("--stdin", executor.stdin_path);
    option("--stdout", executor.stdout_path);
    option("--stderr", executor.stderr_path);
    option("--workdir", executor.workdir);
    if (executor.ignore_error) command.emplace_back("--ignore-error");
    command.emplace_back("--");
    json::array args;
    for (const std::string& word : executor.command) args.emplace_back(escaped(word));
    json::array mounts = {mount_of(std::string(kLogPath), request_.run + "/log", true)};
    for (const Bind& bind : request_.binds) {
      if (bind.path.find(':') != std::string::npos)
        return fail(ErrorCode::kUsage, "path \"" + printable(bind.path) + "\"",
                    "has a colon, which Kubernetes can't mount", "use another path");
      if (!is_within(bind.source, request_.spool))
        return fail(ErrorCode::kFailed, "path \"" + printable(bind.path) + "\"",
                    "its content does not lie in the shared folder", "this is a fault of the gateway");
      mounts.emplace_back(mount_of(bind.path, inside(bind.source), bind.writable));
    }
    json::object out =
        container(step_name(index), executor.image, std::move(command), std::move(args), std::move(mounts));
    json::array variables;
    for (const auto& [name, value] : environment(executor, Engine::kPodman))
      variables.emplace_back(json::object{{"name", name}, {"value", escaped(value)}});
    out["env"] = std::move(variables);
    return out;
  }

  const JobRequest& request_;
  const RunSpec& spec_;
};

// backoffLimit 0: another pod is another attempt, and those are the gateway's to make.
json::object batch_job(const Server& server, const JobRequest& request, json::object meta,
                       json::object pod_template, bool held) {
  json::object spec{{"backoffLimit", 0},
                    {"completions", 1},
                    {"parallelism", 1},
                    {"ttlSecondsAfterFinished", request.keep_seconds},
                    {"template", std::move(pod_template)}};
  if (held && server.suspends()) spec["suspend"] = true;
  if (server.has_failure_policy()) {
    spec["podFailurePolicy"] = json::object{
        {"rules",
         json::array{json::object{{"action", "FailJob"},
                                  {"onPodConditions", json::array{json::object{{"type", "DisruptionTarget"},
                                                                               {"status", "True"}}}}}}}};
  }
  if (server.replaces_late()) spec["podReplacementPolicy"] = "Failed";
  return {
      {"apiVersion", "batch/v1"}, {"kind", "Job"}, {"metadata", std::move(meta)}, {"spec", std::move(spec)}};
}

json::object volcano_job(const JobRequest& request, json::object meta, json::object pod_template) {
  json::object task{{"name", "run"}, {"replicas", 1}, {"template", std::move(pod_template)}};
  json::object spec{{"minAvailable", 1},
                    {"maxRetry", 0},
                    {"schedulerName", "volcano"},
                    {"ttlSecondsAfterFinished", request.keep_seconds},
                    {"tasks", json::array{std::move(task)}}};
  if (!request.route.queue.empty()) spec["queue"] = request.route.queue;
  return {{"apiVersion", "batch.volcano.sh/v1alpha1"},
          {"kind", "Job"},
          {"metadata", std::move(meta)},
          {"spec", std::move(spec)}};
}

}  // namespace

Result<std::string> job_body(const Server& server, const JobRequest& request, const RunSpec& spec,
                             bool held) {
  PodMaker maker(request, spec);
  auto pod_template = maker.make_template();
  if (!pod_template) return fail(pod_template.error());
  json::object meta = maker.metadata();
  meta["namespace"] = request.route.name_space;
  meta["name"] = object_name(request.mark, request.run);
  return json::serialize(server.volcano
                             ? volcano_job(request, std::move(meta), std::move(*pod_template))
                             : batch_job(server, request, std::move(meta), std::move(*pod_template), held));
}

std::string network_policy_body() {
  return json::serialize(json::object{
      {"apiVersion", "networking.k8s.io/v1"},
      {"kind", "NetworkPolicy"},
      {"metadata", json::object{{"name", kPolicyName}}},
      {"spec",
       json::object{{"podSelector", json::object{{"matchLabels", json::object{{kNetworkLabel, "none"}}}}},
                    {"policyTypes", json::array{"Egress", "Ingress"}}}}});
}

}  // namespace hetao::platforms::kubernetes
