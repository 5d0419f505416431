// What must hold when a world has healed: the invariants of the product, each a small function with a name.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "tests/sim/node.h"
#include "tests/sim/researcher.h"

namespace hetao::sim {

struct Evidence {
  const std::map<std::string, Node>& nodes;
  const Researchers& researchers;
  std::function<void(std::string)> violate;
};

void check_world(const Evidence& evidence);

}  // namespace hetao::sim
