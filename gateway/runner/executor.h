// Runs one executor of a run in its sandbox, from start to end: starts the engine with hetao-init inside,
// keeps the streams' tails, watches time, memory, disk and processes, and stops everything when a limit is
// passed or somebody says so. Nothing of the executor is left running when it returns. Not thread-safe;
// single-threaded processes only (it forks).
#pragma once

#include <functional>
#include <string>

#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/platforms/local/sandbox.h"
#include "gateway/platforms/platform.h"
#include "gateway/runner/scratch.h"

namespace hetao::runner {

Instant wall_clock();
Instant steady_clock();  // for durations: nobody sets it

struct ExecutorJob {
  const platforms::SandboxConfig& config;
  const platforms::RunSpec& spec;
  const Scratch& scratch;
  size_t index = 0;
  int folder = -1;          // of the run: gets stdout.N and stderr.N
  Instant steady_deadline;  // of the whole run
  int wake = -1;            // readable when `stop_wanted` may have changed; -1: none
  std::function<bool()> stop_wanted;
};

// Whether this machine has what an engine needs.
Result<void> check_engine(const platforms::SandboxConfig& config, platforms::Engine engine);

// The log of an executor that was started or could not be. Reason kSandbox: it never ran, see its message.
platforms::ExecutorLog run_executor(const ExecutorJob& job);

}  // namespace hetao::runner
