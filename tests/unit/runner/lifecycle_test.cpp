// A run's life in the spool: held, found, released, ended, removed; exit codes and signals told apart.
#include <csignal>

#include "tests/unit/runner/spool_fixture.h"

namespace hetao::runner {
namespace {

using platforms::EndReason;
using platforms::ReplyKind;
using platforms::RunState;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

using Lifecycle = SpoolTest;

TEST_F(Lifecycle, AHeldRunIsFoundAndDoesNotStart) {
  submit(shell("job.1", "touch /ran"));
  EXPECT_EQ(spool().find("job.1").kind, ReplyKind::kOk);
  EXPECT_EQ(spool().find("job.2").kind, ReplyKind::kAbsent);
  EXPECT_EQ(spool().get("job.1")->state, RunState::kHeld);
  EXPECT_EQ(spool().get("job.2").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(::access((spool().folder_of("job.1") + "/scratch").c_str(), F_OK), -1);
}

TEST_F(Lifecycle, ARunThatEndsWellSaysSo) {
  const auto status = run(shell("job.1", "echo hello; echo oops >&2"));
  EXPECT_EQ(status.state, RunState::kEnded);
  EXPECT_EQ(status.failure, "");
  ASSERT_EQ(status.executors.size(), 1U);
  EXPECT_EQ(status.executors[0].exit_code, 0);
  EXPECT_EQ(status.executors[0].reason, EndReason::kExited);
  EXPECT_GT(status.executors[0].ram_peak_bytes, 100'000);
  EXPECT_LE(status.started, status.executors[0].started);
  EXPECT_LT(status.executors[0].started, status.executors[0].ended);
  EXPECT_LE(status.executors[0].ended, status.ended);
  EXPECT_EQ(out("job.1"), "hello\n");
  EXPECT_EQ(err("job.1"), "oops\n");
}

TEST_F(Lifecycle, ExitCodesAndSignalsAreToldApart) {
  const auto exited = run(shell("job.1", "exit 137"));
  EXPECT_EQ(exited.executors[0].exit_code, 137);
  EXPECT_EQ(exited.executors[0].signal, 0);
  EXPECT_EQ(exited.executors[0].reason, EndReason::kExited);
  EXPECT_EQ(exited.failure, "executor 0 ended with exit code 137");
  const auto killed = run(shell("job.2", "kill -9 $$"));
  EXPECT_EQ(killed.executors[0].exit_code, 137);
  EXPECT_EQ(killed.executors[0].signal, SIGKILL);
  EXPECT_EQ(killed.executors[0].reason, EndReason::kSignalled);
  EXPECT_EQ(killed.failure, "executor 0 was ended by signal 9");
}

TEST_F(Lifecycle, AProgramThatIsNotThereIs127WithWords) {
  auto spec = shell("job.1", "");
  spec.executors[0].command = {"no-such-program", "x"};
  const auto status = run(spec);
  EXPECT_EQ(status.executors[0].exit_code, 127);
  EXPECT_EQ(status.executors[0].reason, EndReason::kExited);
  EXPECT_EQ(err("job.1"), "hetao: can't run no-such-program: No such file or directory\n");
}

TEST_F(Lifecycle, AFileThatIsNoProgramIs126) {
  auto spec = shell("job.1", "");
  spec.executors[0].command = {"/etc/passwd"};
  EXPECT_EQ(run(spec).executors[0].exit_code, 126);
  EXPECT_THAT(err("job.1"), HasSubstr("Permission denied"));
}

TEST_F(Lifecycle, ExecutorsRunInOrderAndStopAtTheFirstError) {
  auto spec = shell("job.1", "echo one > /tmp/x");
  spec.executors.push_back(spec.executors[0]);
  spec.executors[1].command[2] = "cat /tmp/x; exit 3";
  spec.executors.push_back(spec.executors[0]);
  const auto status = run(spec);
  ASSERT_EQ(status.executors.size(), 2U);
  EXPECT_EQ(status.executors[1].exit_code, 3);
  EXPECT_EQ(out("job.1", 1), "one\n");
  EXPECT_EQ(status.failure, "executor 1 ended with exit code 3");
}

TEST_F(Lifecycle, AnIgnoredErrorIsRecordedAndPassedOver) {
  auto spec = shell("job.1", "exit 5");
  spec.executors[0].ignore_error = true;
  spec.executors.push_back(spec.executors[0]);
  spec.executors[1].command[2] = "echo second";
  const auto status = run(spec);
  ASSERT_EQ(status.executors.size(), 2U);
  EXPECT_EQ(status.executors[0].exit_code, 5);
  EXPECT_EQ(status.executors[1].exit_code, 0);
  EXPECT_EQ(status.failure, "");
}

TEST_F(Lifecycle, StreamsGoWhereTheTaskSays) {
  auto spec = shell("job.1", "read line; echo \"got $line in $(pwd) $GREETING\"; echo problem >&2");
  spec.mounts = {
      {"/in/words.txt", platforms::MountMode::kReadOnly, false, folder_.write("w", "some words\n"), {}}};
  spec.executors[0].stdin_path = "/in/words.txt";
  spec.executors[0].stdout_path = "/logs/deep/out.txt";
  spec.executors[0].stderr_path = "/logs/err.txt";
  spec.executors[0].workdir = "/made/for me";
  spec.executors[0].env = {{"GREETING", "hi \"there\"\n$HOME"}};
  spec.outputs = {{"/logs/deep/out.txt", "", platforms::OutputType::kFile}};
  const auto status = run(spec);
  EXPECT_EQ(status.failure, "");
  ASSERT_EQ(status.outputs[0].files.size(), 1U) << status.outputs[0].note;
  EXPECT_EQ(output("job.1", status.outputs[0].files[0]),
            "got some words in /made/for me hi \"there\"\n$HOME\n");
  // The logs show them all the same.
  EXPECT_THAT(out("job.1"), HasSubstr("got some words"));
  EXPECT_EQ(err("job.1"), "problem\n");
}

TEST_F(Lifecycle, OneFileForBothStreamsKeepsBoth) {
  auto spec = shell("job.1", "echo a; echo b >&2; echo c");
  spec.executors[0].stdout_path = spec.executors[0].stderr_path = "/out/all.txt";
  run(spec);
  EXPECT_EQ(out("job.1"), "a\nb\nc\n");
}

TEST_F(Lifecycle, AMissingStandardInputIsTheJobsError) {
  auto spec = shell("job.1", "cat");
  spec.executors[0].stdin_path = "/not/there";
  const auto status = run(spec);
  EXPECT_EQ(status.executors[0].exit_code, 126);
  EXPECT_EQ(err("job.1"), "hetao: can't open /not/there: No such file or directory\n");
}

TEST_F(Lifecycle, OddNamesAndArgumentsArriveUnchanged) {
  auto spec = shell("Job-7_x.1", "");
  spec.name = "'; rm -rf / #\n名";
  const std::string odd = "a b'\"$(touch /pwned)`x`\\\n\t;&|*名 --share-net";
  spec.executors[0].command = {"/usr/bin/printf", "%s|", odd, "", "-x"};
  spec.executors[0].workdir = "/--bind /x\n'\"";
  EXPECT_EQ(run(spec).failure, "");
  EXPECT_EQ(out("Job-7_x.1"), odd + "||-x|");
}

TEST_F(Lifecycle, ALongCommandLineIsFine) {
  auto spec = shell("job.1", "");
  spec.executors[0].command = {"/bin/echo", std::string(131'000, 'x'), std::string(131'000, 'y')};
  EXPECT_EQ(run(spec).failure, "");
  EXPECT_EQ(out("job.1").size(), 262'002U);
}

TEST_F(Lifecycle, LogsKeepTheTailAndSayWhatIsCut) {
  const auto status =
      run(python("job.1", "import sys\nfor i in range(500000): sys.stdout.write('line %7d\\n' % i)"));
  EXPECT_EQ(status.executors[0].stdout_bytes, 6'500'000);
  const std::string log = out("job.1");
  EXPECT_LE(log.size(), (size_t{1} << 20U) + 100);
  EXPECT_THAT(log, HasSubstr("[hetao: the first 5451424 bytes are not kept]\n"));
  EXPECT_THAT(log, EndsWith("line  499999\n"));
}

TEST_F(Lifecycle, RefusalsTellWhy) {
  auto spec = shell("job.1", "true");
  spec.executors[0].image = "unknown/image";
  auto reply = spool().submit_held(spec);
  EXPECT_EQ(reply.kind, ReplyKind::kRefused);
  EXPECT_THAT(reply.why, HasSubstr("image \"unknown/image\": this platform may not run it"));
  spec = shell("a/../b", "true");
  EXPECT_EQ(spool().submit_held(spec).kind, ReplyKind::kRefused);
  EXPECT_EQ(spool().find("a/../b").kind, ReplyKind::kAbsent);
  EXPECT_THAT(*spool().list(), IsEmpty());
}

TEST_F(Lifecycle, AMissingInputFailsTheRunWithItsName) {
  auto spec = shell("job.1", "true");
  spec.mounts = {{"/in", platforms::MountMode::kReadOnly, false, "/no/such/blob", {}}};
  const auto status = run(spec);
  EXPECT_EQ(status.state, RunState::kEnded);
  EXPECT_THAT(status.failure, HasSubstr("/no/such/blob"));
  EXPECT_THAT(status.executors, IsEmpty());
}

TEST_F(Lifecycle, SubmittingTwiceKeepsTheFirst) {
  submit(shell("job.1", "echo first"));
  submit(shell("job.1", "echo second"));
  release("job.1");
  wait("job.1");
  EXPECT_EQ(out("job.1"), "first\n");
}

TEST_F(Lifecycle, ListShowsSubmissionsAndRemoveForgetsThem) {
  submit(shell("b.1", "true"));
  run(shell("a.1", "mkdir -p /x/y; touch /x/y/z; chmod 0 /x/y /x"));
  EXPECT_THAT(*spool().list(), ElementsAre("a.1", "b.1"));
  EXPECT_EQ(spool().remove("a.1").kind, ReplyKind::kOk);
  EXPECT_EQ(spool().remove("b.1").kind, ReplyKind::kOk);
  EXPECT_EQ(spool().remove("never.1").kind, ReplyKind::kOk);
  EXPECT_THAT(*spool().list(), IsEmpty());
  EXPECT_EQ(spool().find("a.1").kind, ReplyKind::kAbsent);
  EXPECT_EQ(spool().release("b.1").kind, ReplyKind::kAbsent);
  EXPECT_EQ(spool().cancel("b.1").kind, ReplyKind::kAbsent);
}

TEST_F(Lifecycle, ASpoolThatOthersMayWriteToIsRefused) {
  TemporaryFolder open_to_all;
  ASSERT_EQ(::chmod(open_to_all.path().c_str(), 0777), 0);
  const auto refused = Spool::open({open_to_all.path(), HETAO_BIN_DIR "/hetao-runner", {}});
  ASSERT_FALSE(refused);
  EXPECT_THAT(to_line(refused.error()), HasSubstr("others may write to it"));
  EXPECT_FALSE(Spool::open({"relative", HETAO_BIN_DIR "/hetao-runner", {}}));
  EXPECT_FALSE(Spool::open({folder_.path() + "/x", HETAO_BIN_DIR "/no-such-runner", {}}));
}

}  // namespace
}  // namespace hetao::runner
