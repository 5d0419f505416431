#include "gateway/platforms/kubernetes/supply.h"

#include <algorithm>

#include "gateway/platforms/json_value.h"
#include "gateway/platforms/kubernetes/api.h"
#include "gateway/platforms/kubernetes/quantity.h"

namespace hetao::platforms::kubernetes {

namespace {

Amounts amounts_of(const json::object* object) {
  Amounts out;
  if (object == nullptr) return out;
  for (const auto& [name, value] : *object) {
    if (!value.is_string()) continue;
    const auto millis = parse_quantity_millis(std::string_view(value.get_string()));
    if (millis) out[std::string(name)] = name == "cpu" ? *millis : *millis / 1'000;
  }
  return out;
}

int64_t amount(const Amounts& amounts, std::string_view name) {
  const auto at = amounts.find(name);
  return at == amounts.end() ? 0 : at->second;
}

bool is_up(const json::object& node) {
  if (const json::object* spec = object_in(node, "spec"); spec != nullptr && flag(*spec, "unschedulable"))
    return false;
  const json::object* status = object_in(node, "status");
  const json::array* conditions = status == nullptr ? nullptr : array_in(*status, "conditions");
  if (conditions == nullptr) return false;
  for (const json::value& each : *conditions) {
    if (each.is_object() && text(each.get_object(), "type") == "Ready")
      return text(each.get_object(), "status") == "True";
  }
  return false;
}

// Of a pod: the sum of its containers, or the most of one init container, whichever is more.
Amounts asked_by(const json::object& spec) {
  const auto each = [&](const char* list, const auto& take) {
    const json::array* containers = array_in(spec, list);
    if (containers == nullptr) return;
    for (const json::value& container : *containers) {
      if (!container.is_object()) continue;
      const json::object* resources = object_in(container.get_object(), "resources");
      if (resources != nullptr) take(amounts_of(object_in(*resources, "requests")));
    }
  };
  Amounts sum;
  each("containers", [&](const Amounts& one) {
    for (const auto& [name, value] : one) sum[name] += value;
  });
  each("initContainers", [&](const Amounts& one) {
    for (const auto& [name, value] : one) sum[name] = std::max(sum[name], value);
  });
  return sum;
}

}  // namespace

Result<NodeList> read_nodes(const HttpReply& reply) {
  const auto list = read_list(reply);
  if (!list) return fail(list.error());
  NodeList out;
  out.go_on = list->go_on;
  for (const json::value& item : list->items) {
    if (!item.is_object()) continue;
    const json::object& object = item.get_object();
    NodeRecord node;
    if (const json::object* meta = object_in(object, "metadata")) node.name = text(*meta, "name");
    node.up = is_up(object);
    if (const json::object* status = object_in(object, "status"))
      node.allocatable = amounts_of(object_in(*status, "allocatable"));
    out.nodes.push_back(std::move(node));
  }
  return out;
}

Result<std::string> add_pods(const HttpReply& reply, Requested& requested) {
  const auto list = read_list(reply);
  if (!list) return fail(list.error());
  for (const json::value& item : list->items) {
    const json::object* spec = item.is_object() ? object_in(item.get_object(), "spec") : nullptr;
    if (spec == nullptr) continue;
    const std::string node = text(*spec, "nodeName");
    ++(node.empty() ? requested.waiting : requested.running);
    Amounts& sum = requested.by_node[node];
    for (const auto& [name, value] : asked_by(*spec)) sum[name] += value;
  }
  return list->go_on;
}

void add_supply(const std::vector<NodeRecord>& nodes, const Requested* requested,
                const std::map<std::string, std::string>& kinds, pb::Platform& platform) {
  std::map<std::string, pb::Accelerator> sums;
  int64_t millis = 0;
  int64_t millis_free = 0;
  for (const NodeRecord& node : nodes) {
    platform.set_nodes(platform.nodes() + 1);
    if (!node.up) continue;
    platform.set_nodes_up(platform.nodes_up() + 1);
    Amounts used;
    if (requested != nullptr) {
      if (const auto at = requested->by_node.find(node.name); at != requested->by_node.end())
        used = at->second;
    }
    const auto free = [&](std::string_view name) {
      return std::max<int64_t>(0, amount(node.allocatable, name) - amount(used, name));
    };
    millis += amount(node.allocatable, "cpu");
    millis_free += free("cpu") / 1'000 * 1'000;  // halves of two nodes are no whole core of either
    platform.set_ram_total_bytes(platform.ram_total_bytes() + amount(node.allocatable, "memory"));
    platform.set_ram_free_bytes(platform.ram_free_bytes() + free("memory"));
    // A job runs on one node: the largest bounds it.
    platform.set_cpu_cores(std::max(platform.cpu_cores(), amount(node.allocatable, "cpu") / 1'000));
    platform.set_ram_bytes(std::max(platform.ram_bytes(), amount(node.allocatable, "memory")));
    for (const auto& [kind, resource] : kinds) {
      const int64_t there = amount(node.allocatable, resource);
      if (there == 0) continue;
      pb::Accelerator& sum = sums[kind];
      sum.set_total(sum.total() + there);
      sum.set_free(sum.free() + free(resource));
      sum.set_per_node(std::max(sum.per_node(), there));
    }
  }
  platform.set_cores_total(millis / 1'000);
  platform.set_cores_free(millis_free / 1'000);
  for (auto& [kind, sum] : sums) {
    sum.set_kind(kind);
    *platform.add_accelerators() = std::move(sum);
  }
  if (requested == nullptr) return;
  platform.set_running(static_cast<int32_t>(std::min<int64_t>(requested->running, INT32_MAX)));
  platform.set_waiting(static_cast<int32_t>(std::min<int64_t>(requested->waiting, INT32_MAX)));
}

}  // namespace hetao::platforms::kubernetes
