// Watching a job until it ends, over connections that may break.
#pragma once

#include "gateway/cli/client.h"

namespace hetao::cli {

// Prints every change of state; with `--json` a line of JSON for each. Returns the exit code of the job: 0
// complete, 3 forbidden, 1 failed otherwise. Gives up (8) when the gateway can't be reached for
// `patience_seconds`.
int watch_job(const Context& context, const std::string& id, int patience_seconds = 600);

// The exit code that a job's end stands for.
int exit_of(const json::object& job);

}  // namespace hetao::cli
