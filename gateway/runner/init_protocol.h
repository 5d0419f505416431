// What hetao-runner and hetao-init say to each other. hetao-init is the first process inside the sandbox: it
// sets the last limits, opens the job's streams by the sandbox's own paths, starts the program, reaps, and
// tells how it ended. Both come from the same build and lie side by side, so there is no version to
// negotiate.
#pragma once

#include <cstdint>

namespace hetao::runner {

// Descriptors of hetao-init; as in gateway/platforms/local/sandbox.h.
inline constexpr int kInitControl = 3;       // a sequenced-packet socket: commands in, InitReport out
inline constexpr int kInitInstructions = 4;  // a sealed memory file

// The instructions are fields that end with NUL each: version, file bytes, data bytes, processes, workdir,
// stdin, stdout, stderr, then three lists with their count in front: folders to make, arguments, NAME=VALUE.
inline constexpr const char* kInitVersion = "1";

inline constexpr char kCommandTerminate = 'T';  // SIGTERM to everything inside
inline constexpr char kCommandKill = 'K';       // SIGKILL to everything inside

enum class InitEvent : uint32_t {
  kStarted = 1,  // the program runs
  kRefused = 2,  // the program can't be run: value is the exit code for it; the reason is on its stderr
  kEnded = 3,    // value is the wait status
};

struct InitReport {
  InitEvent event = InitEvent::kStarted;
  int32_t value = 0;
  int64_t cpu_micros = 0;      // of everything that ran inside
  int64_t ram_peak_bytes = 0;  // of the largest process
};

}  // namespace hetao::runner
