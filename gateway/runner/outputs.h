// Collects what the task declared as outputs, after its last executor, whether it did well or not: files,
// folders flattened, wildcards. Files of the scratch space get a second name in out/, others are copied
// there; what is not there is told, never an error.
#pragma once

#include <vector>

#include "gateway/base/result.h"
#include "gateway/platforms/platform.h"
#include "gateway/runner/scratch.h"

namespace hetao::runner {

// One result for each output. An error is the machine's (a full disk, too many files), not the job's.
Result<std::vector<platforms::OutputResult>> collect_outputs(int folder, const Scratch& scratch,
                                                             const platforms::RunSpec& spec);

}  // namespace hetao::runner
