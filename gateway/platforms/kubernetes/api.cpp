#include "gateway/platforms/kubernetes/api.h"

#include <boost/json/serialize.hpp>
#include <charconv>

#include "gateway/base/text.h"
#include "gateway/platforms/json_value.h"
#include "gateway/platforms/kubernetes/names.h"

namespace hetao::platforms::kubernetes {

namespace {

constexpr size_t kAnswerBytesMax = size_t{64} << 20U;  // of a list's page
constexpr int kPage = 500;

std::string jobs_path(const Server& server, const std::string& name_space) {
  return std::string(server.volcano ? "/apis/batch.volcano.sh/v1alpha1" : "/apis/batch/v1") + "/namespaces/" +
         name_space + "/jobs";
}

std::string pods_path(const std::string& name_space) {
  return "/api/v1/namespaces/" + name_space + "/pods";
}

std::string policies_path(const std::string& name_space) {
  return "/apis/networking.k8s.io/v1/namespaces/" + name_space + "/networkpolicies";
}

// Marks, names and versions are letters, digits, '.', '-' and '_'; what the server gives us may be more.
std::string encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  return out;
}

std::string page(const std::string& path, const std::string& go_on) {
  return path + (path.find('?') == std::string::npos ? "?" : "&") + "limit=" + std::to_string(kPage) +
         (go_on.empty() ? "" : "&continue=" + encoded(go_on));
}

std::string ours(std::string_view mark) {
  return "?labelSelector=" + encoded(std::string(kSpoolLabel) + "=" + std::string(mark));
}

Result<json::object> parse_object(const HttpReply& reply, const char* what) {
  auto value = parse_json(reply.body, what, kAnswerBytesMax);
  if (!value) return fail(value.error());
  if (!value->is_object()) return fail(ErrorCode::kFailed, what, "is no object");
  return std::move(value->get_object());
}

// Kubernetes' own refusal: a Status. What a proxy says has none, and proves nothing.
bool is_status(const HttpReply& reply) {
  const auto object = parse_object(reply, "status");
  return object && text(*object, "kind") == "Status";
}

std::string reason_of(const HttpReply& reply) {
  const auto object = parse_object(reply, "status");
  return object ? text(*object, "reason") : std::string();
}

void read_job_status(const json::object& status, JobRecord& job) {
  job.active = number(status, "active");
  if (const json::array* conditions = array_in(status, "conditions")) {
    for (const json::value& each : *conditions) {
      if (!each.is_object() || text(each.get_object(), "status") != "True") continue;
      const std::string type = text(each.get_object(), "type");
      if (type != "Complete" && type != "Failed") continue;
      job.over = true;
      job.failed = type == "Failed";
      job.reason = text(each.get_object(), "reason");
      job.message = text(each.get_object(), "message");
    }
  }
  // Volcano's: status.state.phase.
  if (const json::object* state = object_in(status, "state")) {
    const std::string phase = text(*state, "phase");
    job.over = phase == "Completed" || phase == "Failed" || phase == "Aborted" || phase == "Terminated";
    job.failed = job.over && phase != "Completed";
    job.reason = text(*state, "reason");
    job.message = text(*state, "message");
    job.active = number(status, "running") + number(status, "pending");
  }
}

JobRecord job_of(const json::object& object) {
  JobRecord job;
  if (const json::object* meta = object_in(object, "metadata")) {
    job.name_space = text(*meta, "namespace");
    job.name = text(*meta, "name");
    job.deleting = !text(*meta, "deletionTimestamp").empty();
    if (const json::object* labels = object_in(*meta, "labels")) job.mark = text(*labels, kSpoolLabel);
    if (const json::object* notes = object_in(*meta, "annotations")) job.run = text(*notes, kRunAnnotation);
  }
  if (const json::object* spec = object_in(object, "spec")) job.suspended = flag(*spec, "suspend");
  if (const json::object* status = object_in(object, "status")) read_job_status(*status, job);
  return job;
}

}  // namespace

HttpCall version_call() {
  return {"GET", "/version", {}};
}

Result<int> read_version(const HttpReply& reply) {
  if (reply.status != 200) return fail(ErrorCode::kUnreachable, "Kubernetes", failure_of(reply));
  const auto object = parse_object(reply, "/version");
  if (!object) return fail(object.error());
  const std::string minor = text(*object, "minor");  // "20", "28+"
  int number = 0;
  const auto [end, error] = std::from_chars(minor.data(), minor.data() + minor.size(), number);
  if (text(*object, "major") != "1" || error != std::errc() || number < 1 || number > 999)
    return fail(ErrorCode::kFailed, "Kubernetes",
                "its version is " + printable(text(*object, "gitVersion").substr(0, 40)) +
                    ", which this gateway does not know",
                "see that `endpoint` is the API server's");
  return number;
}

HttpCall volcano_call() {
  return {"GET", "/apis/batch.volcano.sh/v1alpha1", {}};
}

Result<bool> read_announced(const HttpReply& reply) {
  if (reply.status == 200) return true;
  if (reply.status == 404) return false;
  return fail(ErrorCode::kUnreachable, "Kubernetes", failure_of(reply));
}

HttpCall create_call(const Server& server, const std::string& name_space, std::string body, bool dry_run) {
  return {"POST", jobs_path(server, name_space) + (dry_run ? "?dryRun=All" : ""), std::move(body)};
}

HttpCall get_call(const Server& server, const std::string& name_space, const std::string& name) {
  return {"GET", jobs_path(server, name_space) + "/" + name, {}};
}

HttpCall release_call(const std::string& name_space, const std::string& name) {
  return {"PATCH", jobs_path({}, name_space) + "/" + name, R"({"spec":{"suspend":false}})",
          "application/merge-patch+json"};
}

HttpCall delete_call(const Server& server, const std::string& name_space, const std::string& name) {
  return {"DELETE", jobs_path(server, name_space) + "/" + name + "?propagationPolicy=Background", {}};
}

HttpCall delete_pod_call(const std::string& name_space, const std::string& name) {
  return {"DELETE", pods_path(name_space) + "/" + name, {}};
}

HttpCall jobs_call(const Server& server, const std::string& name_space, std::string_view mark,
                   const std::string& go_on) {
  return {"GET", page(jobs_path(server, name_space) + ours(mark), go_on), {}};
}

HttpCall pods_call(const std::string& name_space, std::string_view mark, const std::string& go_on) {
  return {"GET", page(pods_path(name_space) + ours(mark), go_on), {}};
}

HttpCall watch_call(const std::string& name_space, std::string_view mark, const std::string& version,
                    int64_t seconds) {
  return {"GET",
          pods_path(name_space) + ours(mark) + "&watch=1&allowWatchBookmarks=true&resourceVersion=" +
              encoded(version) + "&timeoutSeconds=" + std::to_string(seconds),
          {}};
}

HttpCall log_call(const std::string& name_space, const std::string& pod, std::string_view container,
                  int64_t bytes_max) {
  return {"GET",
          pods_path(name_space) + "/" + pod + "/log?container=" + encoded(container) +
              "&limitBytes=" + std::to_string(bytes_max),
          {}};
}

HttpCall policy_call(const std::string& name_space) {
  return {"GET", policies_path(name_space) + "/" + std::string(kPolicyName), {}};
}

HttpCall create_policy_call(const std::string& name_space) {
  return {"POST", policies_path(name_space), network_policy_body()};
}

HttpCall replace_policy_call(const std::string& name_space) {
  // Nothing of what somebody added may stay: a rule that permits is a rule too many.
  return {"PATCH", policies_path(name_space) + "/" + std::string(kPolicyName),
          R"({"spec":{"podSelector":{"matchLabels":{"hetao/network":"none"},"matchExpressions":null},)"
          R"("policyTypes":["Egress","Ingress"],"egress":null,"ingress":null}})",
          "application/merge-patch+json"};
}

HttpCall nodes_call(const std::string& go_on) {
  return {"GET", page("/api/v1/nodes", go_on), {}};
}

HttpCall all_pods_call(const std::string& go_on) {
  return {
      "GET",
      page("/api/v1/pods?fieldSelector=" + encoded("status.phase!=Succeeded,status.phase!=Failed"), go_on),
      {}};
}

std::string failure_of(const HttpReply& reply) {
  if (reply.status == 0) return reply.trouble;
  const std::string code = std::to_string(reply.status);
  if (const auto object = parse_object(reply, "status"); object && text(*object, "kind") == "Status") {
    const std::string message = readable(text(*object, "message"), 400);
    if (reply.status == 401)
      return "the token is not accepted (401 " + message + "): it has ended or is another cluster's";
    if (!message.empty()) return message + " (" + code + ")";
  }
  const std::string said = readable(std::string_view(reply.body).substr(0, 120), 120);
  return "answered " + code + (said.empty() ? "" : ": " + said);
}

JobReply read_job(const HttpReply& reply) {
  JobReply out;
  if (reply.status == 200 || reply.status == 201) {
    const auto object = parse_object(reply, "job");
    if (object && text(*object, "kind") == "Job") {
      out.job = job_of(*object);
      if (!out.job.name.empty()) out.kind = ReplyKind::kOk;
    }
    if (out.kind != ReplyKind::kOk) out.why = "the answer is no Job";
    return out;
  }
  out.why = failure_of(reply);
  if (reply.status == 404 && is_status(reply)) out.kind = ReplyKind::kAbsent;
  return out;
}

JobReply read_created(const HttpReply& reply) {
  JobReply out = read_job(reply);
  if (out.kind == ReplyKind::kOk) return out;
  if (!is_status(reply)) {
    out.kind = ReplyKind::kUnknown;
    return out;
  }
  // Also when the namespace is not there (404), or what the job asks for is not allowed (403: quota, rights).
  const bool refused = reply.status == 400 || reply.status == 403 || reply.status == 404 ||
                       reply.status == 413 || reply.status == 422;
  out.exists = reply.status == 409 && reason_of(reply) == "AlreadyExists";
  out.kind = refused ? ReplyKind::kRefused : ReplyKind::kUnknown;
  return out;
}

Reply read_change(const HttpReply& reply) {
  if (reply.status >= 200 && reply.status < 300) return {ReplyKind::kOk, {}, {}};
  if (!is_status(reply)) return {ReplyKind::kUnknown, {}, failure_of(reply)};
  if (reply.status == 404) return {ReplyKind::kAbsent, {}, failure_of(reply)};
  const bool refused = reply.status == 403 || reply.status == 422;
  return {refused ? ReplyKind::kRefused : ReplyKind::kUnknown, {}, failure_of(reply)};
}

Result<bool> read_policy(const HttpReply& reply) {
  if (reply.status == 404 && is_status(reply)) return false;
  if (reply.status != 200) return fail(ErrorCode::kUnreachable, "network policy", failure_of(reply));
  const auto object = parse_object(reply, "network policy");
  if (!object) return fail(object.error());
  const json::object* spec = object_in(*object, "spec");
  const json::object* selector = spec == nullptr ? nullptr : object_in(*spec, "podSelector");
  const json::object* labels = selector == nullptr ? nullptr : object_in(*selector, "matchLabels");
  const bool selects = labels != nullptr && labels->size() == 1 && text(*labels, kNetworkLabel) == "none" &&
                       member(*selector, "matchExpressions") == nullptr;
  const auto types = spec == nullptr ? std::vector<std::string>() : words(*spec, "policyTypes");
  const bool both = types.size() == 2 && types[0] != types[1];
  const bool permits_nothing =
      spec != nullptr && member(*spec, "egress") == nullptr && member(*spec, "ingress") == nullptr;
  return selects && both && permits_nothing;
}

Result<ItemList> read_list(const HttpReply& reply) {
  if (reply.status != 200) return fail(ErrorCode::kUnreachable, "Kubernetes", failure_of(reply));
  auto object = parse_object(reply, "list");
  if (!object) return fail(object.error());
  ItemList list;
  json::value* items = object->if_contains("items");
  const json::object* meta = object_in(*object, "metadata");
  if (items == nullptr || meta == nullptr || (!items->is_array() && !items->is_null()))
    return fail(ErrorCode::kFailed, "Kubernetes", "the answer is no list");
  list.version = text(*meta, "resourceVersion");
  list.go_on = text(*meta, "continue");
  if (items->is_array()) list.items = std::move(items->get_array());
  return list;
}

Result<JobList> read_jobs(const HttpReply& reply) {
  const auto list = read_list(reply);
  if (!list) return fail(list.error());
  JobList out;
  out.go_on = list->go_on;
  for (const json::value& item : list->items) {
    if (item.is_object()) out.jobs.push_back(job_of(item.get_object()));
  }
  return out;
}

}  // namespace hetao::platforms::kubernetes
