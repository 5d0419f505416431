// Members of a task under the names that protobuf's JSON gives them ("cpuCores" for "cpu_cores"): Funnel's
// client and others made from a .proto file write those. Internal to the TES reader; pure.
#pragma once

#include <optional>

#include "gateway/base/json.h"

namespace hetao::tes {

// The task with TES's own names; nothing: it has them already. A member that stands there under both names is
// left, and is unknown then.
std::optional<json::value> with_tes_names(const json::value& task);

}  // namespace hetao::tes
