// Following what a job writes, over connections that may break.
#pragma once

#include "gateway/cli/client.h"

namespace hetao::cli {

// Prints what the job writes as it is written, standard error on standard error, until the job has ended and
// nothing more comes; with `--json` a line of JSON for each answer. Goes on where it was after a broken
// connection; gives up (8) when the gateway can't be reached for `patience_seconds`.
int follow_logs(const Context& context, const std::string& id, int patience_seconds = 600);

}  // namespace hetao::cli
