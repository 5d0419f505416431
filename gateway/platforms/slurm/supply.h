// What a cluster's nodes have and have free, as regions tell each other. Pure; thread-safe.
#pragma once

#include <map>
#include <span>
#include <string>

#include "gateway/platforms/slurm/rest.h"
#include "proto/peer.pb.h"

namespace hetao::platforms::slurm {

// Adds up the nodes that take jobs. `kinds`: the name that jobs use for an accelerator, by its gres
// ("gpu:a800" -> "a800"); other accelerators are not told.
void add_nodes(std::span<const NodeRecord> nodes, const std::map<std::string, std::string>& kinds,
               pb::Platform& platform);

struct QueueReply {
  bool known = false;
  int64_t running = 0;
  int64_t waiting = 0;
};
HttpCall queue_call(int version);
QueueReply read_queue(const HttpReply& reply);

}  // namespace hetao::platforms::slurm
