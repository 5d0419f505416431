// The state that a record of a job, run or crossing has, without reading the rest of it.
#pragma once

#include "gateway/federation/record.h"

namespace hetao::federation {

// True for a record that is written when its job, run or crossing has ended (table.h); also for every later
// one about it, such as that its copy was deleted.
bool has_ended(const Record& record);

}  // namespace hetao::federation
