// What the processes below one process use right now, read from /proc. Numbers of a moment: processes come
// and go while they are read.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace hetao::runner {

struct ProcessUsage {
  int64_t processes = 0;
  int64_t ram_bytes = 0;  // resident, shared pages once for every process that maps them
};

// Of every process below `root`, not itself. Stops counting above `processes_max`.
ProcessUsage measure_processes(pid_t root, int64_t processes_max);

// The same memory with shared pages divided among those who map them: exact, and dear.
int64_t measure_proportional_ram(pid_t root, int64_t processes_max);

// True if the kernel lists children (CONFIG_PROC_CHILDREN), without which nothing here can be measured.
bool can_measure_processes();

}  // namespace hetao::runner
