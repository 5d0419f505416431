// What a cluster's nodes have and have free, as regions tell each other: what pods may use of each, less what
// those that are placed there asked for. Pure; thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/platforms/http_call.h"
#include "proto/peer.pb.h"

namespace hetao::platforms::kubernetes {

// By resource: cpu in thousandths of a core, bytes of memory, pieces of accelerators.
using Amounts = std::map<std::string, int64_t, std::less<>>;

struct NodeRecord {
  std::string name;
  bool up = false;  // ready, and takes pods
  Amounts allocatable;
};

struct NodeList {
  std::vector<NodeRecord> nodes;
  std::string go_on;
};
Result<NodeList> read_nodes(const HttpReply& reply);

// Adds what the pods of a page asked for, by node; "" is those that wait for one. Returns where it goes on.
struct Requested {
  std::map<std::string, Amounts, std::less<>> by_node;
  int64_t running = 0;
  int64_t waiting = 0;
};
Result<std::string> add_pods(const HttpReply& reply, Requested& requested);

// `kinds`: the resource of each accelerator that jobs may name ("ascend910b" -> "huawei.com/Ascend910").
// `requested` null: not known, everything counts as free.
void add_supply(const std::vector<NodeRecord>& nodes, const Requested* requested,
                const std::map<std::string, std::string>& kinds, pb::Platform& platform);

}  // namespace hetao::platforms::kubernetes
