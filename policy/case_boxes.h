// The cases of a diff in the classes of both packs' universe: what CaseFinder reads. Private to the room.
#pragma once

#include <vector>

#include "policy/analysis.h"

namespace hetao::policy {

struct CaseBoxes {
  Universe universe;
  std::vector<Region::Box> boxes;  // as Diff::cases
};

}  // namespace hetao::policy
