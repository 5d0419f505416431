// The keys of a platform of kind kubernetes.
#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/daemon/config_parts.h"

namespace hetao::daemon {

namespace {

using platforms::kubernetes::Route;
using policy::MapReader;
using policy::Node;

constexpr size_t kLabelMax = 63;
// A call is answered within its patience, or its outcome is looked up.
constexpr Duration kSettle = Duration::seconds(15);

bool is_dns_label(const std::string& text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= kLabelMax && std::all_of(text.begin(), text.end(), plain) &&
         text.front() != '-' && text.back() != '-';
}

// An extended resource, as device plugins name it: DOMAIN/NAME.
bool is_resource(const std::string& text) {
  const size_t slash = text.find('/');
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '/';
  };
  return slash != std::string::npos && slash > 0 && slash + 1 < text.size() && text.size() <= 253 &&
         text.find('/', slash + 1) == std::string::npos && std::all_of(text.begin(), text.end(), plain);
}

std::vector<std::pair<std::string, std::string>> read_labels(Section& s, MapReader& map, const char* key) {
  std::vector<std::pair<std::string, std::string>> out;
  const Node* node = map.get(key);
  if (node == nullptr || !s.reader.expect_map(*node, key)) return out;
  for (const Node::Entry& entry : node->entries) out.emplace_back(entry.key, entry.value.text);
  return out;
}

Route read_route(Section& s, const Node& node, MapReader& map) {
  Route route;
  route.name_space = map.text("namespace").value_or("");
  route.service_account = map.text("service_account").value_or("");
  route.priority_class = map.text("priority_class").value_or("");
  route.queue = map.text("queue").value_or("");
  route.pull_secrets = map.texts("pull_secrets").value_or(std::vector<std::string>());
  route.node_labels = read_labels(s, map, "node_labels");
  if (!route.name_space.empty() && !is_dns_label(route.name_space))
    s.reader.report(node, "namespace \"" + printable(route.name_space) + "\" can't be one",
                    "at most 63 small letters, digits and dashes");
  return route;
}

void read_accelerators(Section& s, MapReader& map, io::KubernetesPlatformConfig& out,
                       federation::PlatformConfig& core) {
  const Node* node = map.get("accelerators");
  if (node == nullptr || !s.reader.expect_map(*node, "accelerators")) return;
  for (const Node::Entry& entry : node->entries) {
    MapReader one(s.reader, entry.value, "accelerator " + entry.key);
    io::KubernetesAccelerator accelerator;
    accelerator.resource = one.text("resource", MapReader::kNeeded).value_or("");
    accelerator.node_labels = read_labels(s, one, "node_labels");
    if (const Node* facts = one.get("facts")) read_facts(s, *facts, core.accelerator_facts[entry.key]);
    core.accelerators[entry.key] = one.integer("per_job", MapReader::kNeeded, 1, 999'999).value_or(1);
    one.done();
    if (!is_resource(accelerator.resource))
      s.reader.report(entry.value,
                      "resource \"" + printable(accelerator.resource) + "\" is none of a device plugin",
                      "DOMAIN/NAME such as huawei.com/Ascend910 or nvidia.com/gpu");
    out.accelerators[entry.key] = std::move(accelerator);
  }
}

void read_volume(Section& s, const Node& node, MapReader& map, io::KubernetesPlatformConfig& out) {
  const Node* volume = map.get("volume", MapReader::kNeeded);
  if (volume == nullptr) return;
  MapReader one(s.reader, *volume, "volume");
  out.volume.claim = one.text("claim").value_or("");
  out.volume.host_path = one.text("host_path").value_or("");
  if (!out.volume.host_path.empty()) out.volume.host_path = s.path(out.volume.host_path);
  one.done();
  if (out.volume.claim.empty() == out.volume.host_path.empty())
    s.reader.report(node, "the volume of platform " + out.name + " is not said",
                    "either claim: NAME (in every namespace) or host_path: PATH (on every node)");
  if (!out.volume.claim.empty() && !is_dns_label(out.volume.claim))
    s.reader.report(*volume, "claim \"" + printable(out.volume.claim) + "\" can't be one",
                    "at most 63 small letters, digits and dashes");
}

}  // namespace

void read_kubernetes(Section& s, const Node& node, MapReader& map, io::KubernetesPlatformConfig& out,
                     federation::PlatformConfig& core) {
  using Scheduler = io::KubernetesPlatformConfig::Scheduler;
  static const std::vector<std::string> kPulls = {"always", "if-not-present", "never"};
  static const std::vector<std::string> kPullWords = {"Always", "IfNotPresent", "Never"};
  static const std::vector<std::string> kSchedulers = {"any", "kubernetes", "volcano"};
  static const std::vector<std::string> kPolicies = {"kept", "not-kept"};
  out.endpoint = map.text("endpoint", MapReader::kNeeded).value_or("");
  out.ca = s.path(map.text("ca"));
  out.token_file = s.path(map.text("token_file", MapReader::kNeeded));
  out.spool = s.path(map.text("spool", MapReader::kNeeded));
  out.step = s.path(map.text("step"));
  out.images = map.texts("images", MapReader::kNeeded).value_or(std::vector<std::string>());
  if (const auto pull = map.word("pull", kPulls)) out.pull = kPullWords[*pull];
  if (const auto scheduler = map.word("scheduler", kSchedulers))
    out.scheduler = static_cast<Scheduler>(*scheduler);
  out.network_policies_kept = map.word("network_policies", kPolicies).value_or(1) == 0;
  out.user = map.integer("user", MapReader::kMayMiss, 1, INT32_MAX).value_or(-1);
  out.group = map.integer("group", MapReader::kMayMiss, 1, INT32_MAX).value_or(-1);
  if (const auto keep = map.duration("keep")) out.keep = *keep;
  if (const auto patience = map.duration("image_patience")) out.image_patience = *patience;
  if (const auto patience = map.duration("patience")) out.call_patience = *patience;
  out.connections = static_cast<size_t>(map.integer("connections", MapReader::kMayMiss, 1, 256).value_or(16));
  out.route = read_route(s, node, map);
  if (out.route.name_space.empty())
    s.reader.report(node, "platform " + out.name + " has no namespace for its jobs", "namespace: NAME");
  if (const Node* tenants = map.get("tenants");
      tenants != nullptr && s.reader.expect_map(*tenants, "tenants")) {
    for (const Node::Entry& entry : tenants->entries) {
      MapReader one(s.reader, entry.value, "tenant " + entry.key);
      out.tenants[entry.key] = read_route(s, entry.value, one);
      one.done();
    }
  }
  read_volume(s, node, map, out);
  read_accelerators(s, map, out, core);
  core.submit_settle = map.duration("settle").value_or(kSettle);
  if (!out.endpoint.empty() && !out.endpoint.starts_with("https://"))
    s.reader.report(node, "endpoint \"" + printable(out.endpoint) + "\" would send the token in the clear",
                    "https://HOST:6443");
}

}  // namespace hetao::daemon
