#include "gateway/platforms/slurm/supply.h"

#include <algorithm>
#include <set>

#include "gateway/platforms/json_value.h"

namespace hetao::platforms::slurm {

namespace {

int64_t count_in(const std::vector<Gres>& list, const Gres& wanted) {
  int64_t count = 0;
  for (const Gres& one : list) {
    if (one.name == wanted.name && one.type == wanted.type) count += one.count;
  }
  return count;
}

pb::Accelerator& accelerator_of(pb::Platform& platform, const std::string& kind) {
  for (pb::Accelerator& known : *platform.mutable_accelerators()) {
    if (known.kind() == kind) return known;
  }
  pb::Accelerator& made = *platform.add_accelerators();
  made.set_kind(kind);
  return made;
}

}  // namespace

void add_nodes(std::span<const NodeRecord> nodes, const std::map<std::string, std::string>& kinds,
               pb::Platform& platform) {
  std::set<std::string> partitions;
  for (const NodeRecord& node : nodes) {
    platform.set_nodes(platform.nodes() + 1);
    partitions.insert(node.partitions.begin(), node.partitions.end());
    if (!node.is_up()) continue;
    platform.set_nodes_up(platform.nodes_up() + 1);
    platform.set_cores_total(platform.cores_total() + node.cores);
    platform.set_cores_free(platform.cores_free() + std::max<int64_t>(0, node.cores - node.cores_used));
    platform.set_ram_total_bytes(platform.ram_total_bytes() + node.ram_bytes);
    platform.set_ram_free_bytes(platform.ram_free_bytes() +
                                std::max<int64_t>(0, node.ram_bytes - node.ram_used_bytes));
    // A job of ours runs on one node: the largest bounds it.
    platform.set_cpu_cores(std::max(platform.cpu_cores(), node.cores));
    platform.set_ram_bytes(std::max(platform.ram_bytes(), node.ram_bytes));
    for (const Gres& gres : node.gres) {
      const auto kind = kinds.find(gres.type.empty() ? gres.name : gres.name + ":" + gres.type);
      if (kind == kinds.end()) continue;
      pb::Accelerator& sum = accelerator_of(platform, kind->second);
      const int64_t used = std::min(gres.count, count_in(node.gres_used, gres));
      sum.set_total(sum.total() + gres.count);
      sum.set_free(sum.free() + gres.count - used);
      sum.set_per_node(std::max(sum.per_node(), gres.count));
    }
  }
  for (const std::string& name : partitions) platform.add_partitions(name);
}

HttpCall queue_call(int version) {
  return {"GET", "/slurm/v0.0." + std::to_string(version) + "/diag", {}};
}

QueueReply read_queue(const HttpReply& reply) {
  QueueReply queue;
  if (reply.status != 200) return queue;
  const auto value = parse_json(reply.body, "slurmrestd");
  if (!value || !value->is_object()) return queue;
  const json::value* statistics = member(value->get_object(), "statistics");
  if (statistics == nullptr || !statistics->is_object()) return queue;
  queue.known = true;
  queue.running = number(statistics->get_object(), "jobs_running", 0);
  queue.waiting = number(statistics->get_object(), "jobs_pending", 0);
  return queue;
}

}  // namespace hetao::platforms::slurm
