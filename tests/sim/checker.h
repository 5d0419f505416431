// What must hold when a world has healed. Most of it is said by the rules of gateway/history, which judge
// real gateways too; here stands what only a simulated world can show: memory and disk, counters, queues,
// blobs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "tests/sim/node.h"
#include "tests/sim/researcher.h"

namespace hetao::sim {

struct Evidence {
  const std::map<std::string, Node>& nodes;
  const Researchers& researchers;
  // What each gateway knows of what is open and of what is over, read from its disk.
  const std::map<std::string, std::unique_ptr<federation::Core>>& known;
  std::function<void(std::string)> violate;
};

// Every job, run and crossing is at its end, nothing is owed to a peer, to the disk or to a rule.
bool is_at_rest(const Node& node);

void check_world(const Evidence& evidence);

}  // namespace hetao::sim
