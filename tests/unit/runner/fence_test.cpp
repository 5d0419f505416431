// Starts once, whatever happens to whom; the dead are told from the living; cancel always wins or comes too
// late.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "gateway/runner/fence.h"
#include "gateway/runner/files.h"
#include "tests/unit/runner/spool_fixture.h"

namespace hetao::runner {
namespace {

using platforms::EndReason;
using platforms::ReplyKind;
using platforms::RunState;
using testing::HasSubstr;

class Fence : public SpoolTest {
 protected:
  // A run that says where it is and then waits for its end.
  void start_sleeper(const std::string& key, const std::string& first = ":") {
    submit(shell(key, first + "; touch /tmp/here; sleep 1000"));
    release(key);
    await_file(key, "/tmp/here");
  }

  pid_t owner_of(const std::string& key) {
    return static_cast<pid_t>(std::stol(read_text(spool().folder_of(key) + "/token")));
  }
};

TEST_F(Fence, ReleasingTwiceStartsOnce) {
  start_sleeper("job.1", "echo started");
  release("job.1");
  EXPECT_EQ(spool().cancel("job.1").kind, ReplyKind::kOk);
  wait("job.1");
  release("job.1");
  EXPECT_EQ(out("job.1"), "started\n");
}

TEST_F(Fence, OfManyRunnersAtOnceOneRuns) {
  auto spec = shell("job.1", "echo x >> /count/n");
  const std::string count = folder_.path() + "/count";
  ASSERT_EQ(::mkdir(count.c_str(), 0700), 0);
  spec.mounts = {{"/count", platforms::MountMode::kReadWrite, true, count, {}}};
  submit(spec);
  ASSERT_TRUE(std::ofstream(spool().folder_of("job.1") + "/release"));
  const std::string command = HETAO_BIN_DIR "/hetao-runner --foreground --spool '" +
                              spool().folder_of("job.1") + "' 2>> '" + folder_.path() + "/said'";
  std::vector<std::thread> starters;
  std::atomic<int> failures = 0;
  for (int i = 0; i < 16; ++i) {
    starters.emplace_back([&] { failures += std::system(command.c_str()) == 0 ? 0 : 1; });
  }
  for (auto& starter : starters) starter.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(read_text(count + "/n"), "x\n");
  const std::string said = read_text(folder_.path() + "/said");
  size_t duplicates = 0;
  for (size_t at = 0; (at = said.find("duplicate", at)) != std::string::npos; ++at) ++duplicates;
  EXPECT_EQ(duplicates, 15U);
}

TEST_F(Fence, ARunThatIsHeldDoesNotStart) {
  submit(shell("job.1", "true"));
  const std::string command =
      HETAO_BIN_DIR "/hetao-runner --foreground --spool '" + spool().folder_of("job.1") + "' 2> /dev/null";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
  EXPECT_EQ(spool().get("job.1")->state, RunState::kHeld);
}

TEST_F(Fence, AKilledRunnerIsLostAndTakesItsJobAlong) {
  // The job's own process holds a lock: when it is free, the job is dead.
  const std::string lock = folder_.write("lock", "");
  auto spec = shell("job.1", "exec 9< /lock; flock 9; touch /tmp/here; sleep 1000");
  spec.mounts = {{"/lock", platforms::MountMode::kReadOnly, false, lock, {}}};
  submit(spec);
  release("job.1");
  await_file("job.1", "/tmp/here");
  EXPECT_EQ(spool().get("job.1")->state, RunState::kRunning);
  ASSERT_EQ(::kill(owner_of("job.1"), SIGKILL), 0);
  const auto status = wait("job.1");
  EXPECT_EQ(status.state, RunState::kLost);
  EXPECT_THAT(status.failure, HasSubstr("the runner died without a last word"));
  const std::string locked = "timeout 20 flock '" + lock + "' true";
  EXPECT_EQ(std::system(locked.c_str()), 0) << "the job outlived its runner";
  // Lost is final: nothing starts it again, and it can be removed.
  release("job.1");
  EXPECT_EQ(spool().get("job.1")->state, RunState::kLost);
  EXPECT_EQ(spool().remove("job.1").kind, ReplyKind::kOk);
}

TEST_F(Fence, ATokenOfADeadOwnerWithoutStatusIsLost) {
  submit(shell("job.1", "true"));
  const auto folder = open_folder(spool().folder_of("job.1"));
  {
    ASSERT_TRUE(*take_token(folder->get()));
  }
  EXPECT_EQ(*look_at_token(folder->get()), TokenState::kDead);
  EXPECT_EQ(spool().get("job.1")->state, RunState::kLost);
}

TEST_F(Fence, ALivingOwnerIsSeenByManyAtOnce) {
  submit(shell("job.1", "true"));
  const auto folder = open_folder(spool().folder_of("job.1"));
  const auto token = take_token(folder->get());
  ASSERT_TRUE(*token);
  EXPECT_FALSE(*take_token(folder->get()));
  std::vector<std::thread> lookers;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 8; ++i) {
    lookers.emplace_back([&] {
      for (int k = 0; k < 200; ++k) wrong += *look_at_token(folder->get()) == TokenState::kAlive ? 0 : 1;
    });
  }
  for (auto& looker : lookers) looker.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(Fence, CancellingAHeldRunEndsIt) {
  submit(shell("job.1", "echo ran"));
  EXPECT_EQ(spool().cancel("job.1").kind, ReplyKind::kOk);
  EXPECT_EQ(spool().get("job.1")->state, RunState::kCancelled);
  release("job.1");
  EXPECT_EQ(spool().get("job.1")->state, RunState::kCancelled);
  EXPECT_EQ(out("job.1"), "");
}

TEST_F(Fence, CancellingARunningOneLetsItTidyUp) {
  submit(shell("job.1", "trap 'echo tidied; exit 0' TERM; touch /tmp/here; while :; do sleep 0.05; done"));
  release("job.1");
  await_file("job.1", "/tmp/here");
  EXPECT_EQ(spool().cancel("job.1").kind, ReplyKind::kOk);
  const auto status = wait("job.1");
  EXPECT_EQ(status.state, RunState::kCancelled);
  EXPECT_EQ(status.executors[0].reason, EndReason::kCancelled);
  EXPECT_EQ(out("job.1"), "tidied\n");
}

TEST_F(Fence, WhoIgnoresTheSignalIsKilledAfterTheGrace) {
  submit(shell("job.1", "trap '' TERM; touch /tmp/here; while :; do sleep 0.05; done"));
  release("job.1");
  await_file("job.1", "/tmp/here");
  spool().cancel("job.1");
  const auto status = wait("job.1");
  EXPECT_EQ(status.state, RunState::kCancelled);
  EXPECT_EQ(status.executors[0].signal, SIGKILL);
}

TEST_F(Fence, CancellingAnEndedRunChangesNothing) {
  run(shell("job.1", "exit 4"));
  EXPECT_EQ(spool().cancel("job.1").kind, ReplyKind::kOk);
  const auto status = wait("job.1");
  EXPECT_EQ(status.state, RunState::kEnded);
  EXPECT_EQ(status.executors[0].exit_code, 4);
}

TEST_F(Fence, ARunnerThatIsToldToStopReportsTheRunAsLost) {
  start_sleeper("job.1");
  ASSERT_EQ(::kill(owner_of("job.1"), SIGTERM), 0);
  const auto status = wait("job.1");
  EXPECT_EQ(status.state, RunState::kLost);
  EXPECT_THAT(status.failure, HasSubstr("signal 15"));
}

// A scheduler that stops a job tells program and runner, in either order.
TEST_F(Fence, AProgramThatIsToldToStopBeforeItsRunnerIsLostTheSame) {
  submit(shell("job.1", "touch /tmp/here; kill -TERM $$"));
  release("job.1");
  await_file("job.1", "/tmp/here");
  ASSERT_EQ(::kill(owner_of("job.1"), SIGTERM), 0) << "the runner has not waited for its own word";
  EXPECT_EQ(wait("job.1").state, RunState::kLost);
}

TEST_F(Fence, AProgramThatEndsAsIfItHadBeenToldToHasEnded) {
  const auto status = run(shell("job.1", "exit 143"));
  EXPECT_EQ(status.state, RunState::kEnded);
  EXPECT_EQ(status.executors[0].exit_code, 143);
}

TEST_F(Fence, ARunningRunIsNotRemoved) {
  start_sleeper("job.1");
  const auto reply = spool().remove("job.1");
  EXPECT_EQ(reply.kind, ReplyKind::kRefused);
  EXPECT_THAT(reply.why, HasSubstr("is running"));
  EXPECT_EQ(spool().get("job.1")->state, RunState::kRunning);
}

TEST_F(Fence, ARemovalThatACrashCutShortIsFinished) {
  submit(shell("job.1", "true"));
  const std::string trash = folder_.path() + "/spool/.removed.job.1";
  ASSERT_EQ(::rename(spool().folder_of("job.1").c_str(), trash.c_str()), 0);
  EXPECT_THAT(*spool().list(), testing::IsEmpty());
  EXPECT_EQ(::access(trash.c_str(), F_OK), -1);
}

TEST_F(Fence, ASubmissionThatACrashCutShortIsNone) {
  ASSERT_EQ(::mkdir(spool().folder_of("job.1").c_str(), 0700), 0);
  std::ofstream(spool().folder_of("job.1") + "/.spec.json.77") << "{\"run";
  EXPECT_EQ(spool().find("job.1").kind, ReplyKind::kAbsent);
  EXPECT_EQ(run(shell("job.1", "true")).failure, "");
}

TEST_F(Fence, AStatusOfNonsenseIsAnError) {
  run(shell("job.1", "true"));
  std::ofstream(spool().folder_of("job.1") + "/status.json") << "{}";
  const auto status = spool().get("job.1");
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(spool().remove("job.1").kind, ReplyKind::kOk);
}

TEST_F(Fence, TheRunOutlivesWhoReleasedIt) {
  submit(shell("job.1", "touch /tmp/here; while [ ! -e /tmp/go ]; do sleep 0.02; done; echo survived"));
  const pid_t gateway = ::fork();
  if (gateway == 0) {
    ::setsid();
    std::_Exit(spool().release("job.1").kind == ReplyKind::kOk ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(gateway, &status, 0), gateway);
  EXPECT_EQ(status, 0);
  ::kill(-gateway, SIGKILL);  // whatever its session left
  await_file("job.1", "/tmp/here");
  std::ofstream(spool().folder_of("job.1") + "/scratch/root/tmp/go") << "";
  EXPECT_EQ(wait("job.1").state, RunState::kEnded);
  EXPECT_EQ(out("job.1"), "survived\n");
}

}  // namespace
}  // namespace hetao::runner
