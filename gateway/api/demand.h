// What waits for supply in this region. Pure.
#pragma once

#include "gateway/base/json.h"
#include "gateway/base/time.h"
#include "gateway/federation/core.h"

namespace hetao::api {

// By kind of accelerator (none: cores alone): how many jobs wait, for how much, and for how long.
json::array demand_view(const federation::Core& core, Instant now);

}  // namespace hetao::api
