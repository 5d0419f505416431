#include "gateway/io/give_way.h"

#include <linux/sched/types.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace hetao::io {

namespace {

constexpr int kNiceness = 10;
constexpr uint64_t kSliceNanoseconds = 100'000;  // the least that Linux takes

}  // namespace

void give_way() {
  // Of this thread alone: Linux knows no niceness of processes.
  if (::setpriority(PRIO_PROCESS, 0, kNiceness) != 0) return;
  sched_attr wanted{};
  wanted.size = sizeof wanted;
  wanted.sched_policy = 0;  // SCHED_OTHER
  wanted.sched_nice = kNiceness;
  wanted.sched_runtime = kSliceNanoseconds;
  (void)::syscall(SYS_sched_setattr, 0, &wanted, 0);
}

}  // namespace hetao::io
