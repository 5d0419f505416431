// Labels stick: what is made from data inherits the strictest labels of all that was read. Pure functions.
#pragma once

#include <string_view>
#include <vector>

#include "gateway/federation/facts.h"

namespace hetao::federation {

// What declaring an input as code says of it: it holds no data. Inspection checks that before it crosses.
FactList labels_of_code(std::string_view jurisdiction);

// What a result inherits from everything that its job read, the task's own commands included: the highest
// grade, the most personal class, the union of kinds and sectors, the sum of the subjects. A label that one
// source lacks is unknown of the result, unless another source already decides it at its strictest value.
FactList inherit(const std::vector<const FactList*>& read, std::string_view home_jurisdiction);

}  // namespace hetao::federation
