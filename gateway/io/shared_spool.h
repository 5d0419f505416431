// What spools have in common that machines share: whose they are, and inputs in the runs' own folders, where
// nodes can read them. Calls block; thread-safe.
#pragma once

#include <string>

#include "gateway/base/result.h"
#include "gateway/platforms/platform.h"

namespace hetao::io {

// "REGION.1a2b3c4d": tells this spool from another gateway's of the same region. Made once, kept beside the
// runs.
Result<std::string> spool_mark(const std::string& region, const std::string& spool);

// Gives every input of the run a name in its folder, and the specification those names. `same_user`: nodes
// read them as the user that we are, so that a second name will do where the disk can have one.
Result<void> stage_inputs(const std::string& folder, platforms::RunSpec& spec, bool same_user);

}  // namespace hetao::io
