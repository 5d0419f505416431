// What a job may use, and what it is told when it takes more.
#include <csignal>

#include "tests/unit/runner/spool_fixture.h"

namespace hetao::runner {
namespace {

using platforms::EndReason;
using platforms::RunState;
using testing::HasSubstr;

constexpr int64_t kMiB = int64_t{1} << 20U;

using Limits = SpoolTest;

TEST_F(Limits, TimeIsKept) {
  auto spec = shell("job.1", "trap 'echo tidied; exit 0' TERM; while :; do sleep 0.05; done");
  spec.limits.wall_seconds = 3;
  const auto status = run(spec);
  EXPECT_EQ(status.state, RunState::kEnded);
  EXPECT_EQ(status.executors[0].reason, EndReason::kTimeout);
  EXPECT_EQ(status.failure, "executor 0: its 3 s were over");
  EXPECT_EQ(out("job.1"), "tidied\n");
  EXPECT_GE((status.ended - status.started).micros, 3'000'000);
}

TEST_F(Limits, TimeIsForAllExecutorsTogether) {
  auto spec = shell("job.1", "sleep 3");
  spec.executors.push_back(spec.executors[0]);
  spec.executors.push_back(spec.executors[0]);
  spec.limits.wall_seconds = 5;
  const auto status = run(spec);
  ASSERT_EQ(status.executors.size(), 2U);
  EXPECT_EQ(status.executors[0].exit_code, 0);
  EXPECT_EQ(status.executors[1].reason, EndReason::kTimeout);
}

TEST_F(Limits, MemoryIsKept) {
  auto spec =
      python("job.1", "import time\nb = []\nwhile True:\n  b.append(b'x' * (1 << 20)); time.sleep(0.002)");
  spec.limits.ram_bytes = 100 * kMiB;
  const auto status = run(spec);
  EXPECT_EQ(status.executors[0].reason, EndReason::kMemory);
  EXPECT_EQ(status.executors[0].signal, SIGKILL);
  EXPECT_THAT(status.failure, HasSubstr("it used more than the 104.9 MB of memory"));
  EXPECT_LT(status.executors[0].ram_peak_bytes, 250 * kMiB);
}

TEST_F(Limits, MemoryOfManyProcessesCountsTogether) {
  auto spec = python("job.1",
                     "import os, time\nfor i in range(6):\n  if os.fork() == 0:\n    b = b'x' * (30 << 20); "
                     "time.sleep(1000)\ntime.sleep(1000)");
  spec.limits.ram_bytes = 100 * kMiB;
  EXPECT_EQ(run(spec).executors[0].reason, EndReason::kMemory);
}

TEST_F(Limits, PagesThatProcessesShareCountOnce) {
  auto spec = python("job.1",
                     "import os, time\nb = b'x' * (60 << 20)\nfor i in range(6):\n  if os.fork() == 0:\n    "
                     "time.sleep(0.5); os._exit(0)\nfor i in range(6): os.wait()");
  spec.limits.ram_bytes = 150 * kMiB;
  EXPECT_EQ(run(spec).failure, "");
}

TEST_F(Limits, ASuddenProcessIsStoppedByTheKernel) {
  auto spec = python("job.1", "b'x' * (2 << 30)");
  spec.limits.ram_bytes = 64 * kMiB;
  const auto status = run(spec);
  EXPECT_EQ(status.executors[0].exit_code, 1);
  EXPECT_THAT(err("job.1"), HasSubstr("MemoryError"));
}

TEST_F(Limits, DiskIsKeptOverManyFiles) {
  auto spec =
      shell("job.1", "i=0; while :; do head -c 4000000 /dev/zero > /tmp/$i; i=$((i+1)); sleep 0.01; done");
  spec.limits.disk_bytes = 20 * kMiB;
  const auto status = run(spec);
  EXPECT_EQ(status.executors[0].reason, EndReason::kDisk);
  EXPECT_THAT(status.failure, HasSubstr("it wrote more than the 21.0 MB of scratch space"));
}

TEST_F(Limits, DiskIsKeptInOneFile) {
  auto spec = shell("job.1", "exec head -c 100000000 /dev/zero > /tmp/x");
  spec.limits.disk_bytes = 20 * kMiB;
  const auto status = run(spec);
  EXPECT_EQ(status.executors[0].reason, EndReason::kDisk);
}

TEST_F(Limits, DiskThatIsHiddenOrWrittenAtTheEndCounts) {
  auto spec =
      shell("job.1", "mkdir /h; for i in 1 2 3; do head -c 10000000 /dev/zero > /h/$i; done; chmod 0 /h");
  spec.limits.disk_bytes = 20 * kMiB;
  EXPECT_EQ(run(spec).executors[0].reason, EndReason::kDisk);
}

TEST_F(Limits, SharedMemoryAndDevicesAreNoWayAroundIt) {
  auto spec = shell("job.1", "head -c 60000000 /dev/zero > /dev/shm/x; echo $?; echo x > /dev/y");
  spec.limits.ram_bytes = 64 * kMiB;
  run(spec);
  EXPECT_EQ(out("job.1"), "1\n");
  EXPECT_THAT(err("job.1"), HasSubstr("No space left on device"));
  EXPECT_THAT(err("job.1"), HasSubstr("Read-only file system"));
}

TEST_F(Limits, ProcessesAreKept) {
  auto spec = python("job.1",
                     "import os, time\nwhile True:\n  try:\n    if os.fork() == 0: time.sleep(1000)\n"
                     "  except OSError: time.sleep(0.01)");
  spec.limits.processes = 20;
  spec.limits.wall_seconds = 5;
  const auto status = run(spec);
  // As root the runner counts; else the kernel refuses the fork, and the job lives until its time is over.
  EXPECT_THAT(status.executors[0].reason, testing::AnyOf(EndReason::kProcesses, EndReason::kTimeout));
  EXPECT_NE(status.executors[0].signal, 0);
}

TEST_F(Limits, CoresAreKept) {
  run(shell("job.1", "nproc"));
  EXPECT_EQ(out("job.1"), "1\n");
}

TEST_F(Limits, NothingOutlivesTheProgram) {
  auto spec =
      shell("job.1", "(setsid sh -c 'trap \"\" TERM HUP; sleep 1000' > /dev/null 2>&1 &) ; echo done");
  const auto status = run(spec);
  EXPECT_EQ(status.failure, "");
  EXPECT_LT((status.ended - status.started).micros, 10'000'000);
}

TEST_F(Limits, FoldersWithoutEndAreStopped) {
  auto spec = python("job.1",
                     "import os, time\nfor i in range(3000): os.mkdir('d'); os.chdir('d')\ntime.sleep(1000)");
  spec.executors[0].workdir = "/tmp";
  const auto status = run(spec);
  EXPECT_EQ(status.executors[0].reason, EndReason::kDisk);
  EXPECT_THAT(status.failure, HasSubstr("nested folders deeper than 128"));
  EXPECT_EQ(spool().remove("job.1").kind, platforms::ReplyKind::kOk);
}

}  // namespace
}  // namespace hetao::runner
