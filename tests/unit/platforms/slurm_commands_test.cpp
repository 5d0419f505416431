// What Slurm's commands print, as it was seen on 22.05.
#include "gateway/platforms/slurm/commands.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace hetao::platforms::slurm {
namespace {

constexpr const char* kShown =
    "JobId=3 JobName=hetao-x.1 UserId=nobody(65534) GroupId=nogroup(65534) MCS_label=N/A Priority=0 Nice=0 "
    "Account=(null) QOS=(null) "
    "JobState=PENDING Reason=JobHeldUser Dependency=(null) Requeue=0 Restarts=0 BatchFlag=1 Reboot=0 "
    "ExitCode=0:0 RunTime=00:00:00 "
    "TimeLimit=00:05:00 TimeMin=N/A SubmitTime=1795656922 EligibleTime=Unknown AccrueTime=Unknown "
    "StartTime=Unknown EndTime=Unknown "
    "Deadline=N/A NumNodes=1 NumCPUs=2 NumTasks=1 CPUs/Task=2 TRES=cpu=2,mem=512M,node=1,billing=2 "
    "Command=(null) WorkDir=/a b/c "
    "Comment=hetao:shenzhen.1:x.1 TresPerNode=gres:gpu:a800:2 \n";

TEST(SlurmCommands, NothingOfARequestIsAnOptionOfItsOwn) {
  JobRequest request;
  request.key = "x.1";
  request.comment = "hetao:shenzhen.1:x.1";
  request.route.partition = "--wrap=evil";
  request.work_folder = "/spool/x.1";
  request.output_file = "/spool/x.1/out";
  const Command command = sbatch_command(request, false);
  EXPECT_EQ(std::count(command.words.begin(), command.words.end(), "--partition=--wrap=evil"), 1);
  EXPECT_EQ(std::count(command.words.begin(), command.words.end(), "--hold"), 1);
  EXPECT_EQ(std::count(command.words.begin(), command.words.end(), "--wrap=evil"), 0);
}

TEST(SlurmCommands, AnAnswerOfSbatchIsClassified) {
  const auto kind = [](int code, const std::string& out, const std::string& err) {
    return read_sbatch({code, out, err, {}}).kind;
  };
  EXPECT_EQ(kind(0, "17\n", ""), ReplyKind::kOk);
  EXPECT_EQ(read_sbatch({0, "17;shenzhen\n", "", {}}).id, 17);
  EXPECT_EQ(kind(0, "", ""), ReplyKind::kUnknown);
  EXPECT_EQ(kind(1, "", "sbatch: error: Batch job submission failed: Invalid partition name specified"),
            ReplyKind::kRefused);
  EXPECT_EQ(
      kind(1, "", "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"),
      ReplyKind::kUnknown);
  EXPECT_EQ(
      kind(
          1, "",
          "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)"),
      ReplyKind::kUnknown);
  EXPECT_EQ(kind(-1, "", ""), ReplyKind::kUnknown);
  EXPECT_TRUE(
      read_sbatch({1, "", "sbatch: error: Batch job submission failed: Unspecified error", {}}).doubtful);
}

TEST(SlurmCommands, AJobIsReadFromItsLine) {
  const auto reply = read_shown_job({0, kShown, "", {}}, 3);
  ASSERT_EQ(reply.kind, ReplyKind::kOk);
  EXPECT_EQ(reply.job.comment, "hetao:shenzhen.1:x.1");
  EXPECT_TRUE(reply.job.held);
  EXPECT_EQ(reply.job.user, "nobody");
  EXPECT_EQ(reply.job.submit_seconds, 1795656922);
  EXPECT_EQ(reply.job.start_seconds, 0);
  EXPECT_EQ(reply.job.cores, 2);
  EXPECT_EQ(reply.job.gres, "gres:gpu:a800:2");
  EXPECT_EQ(read_shown_job({1, "", "slurm_load_jobs error: Invalid job id specified", {}}, 3).kind,
            ReplyKind::kAbsent);
  EXPECT_EQ(read_shown_job({1, "", "slurm_load_jobs error: Unable to contact slurm controller", {}}, 3).kind,
            ReplyKind::kUnknown);
  const auto ours =
      read_shown_jobs({0, std::string(kShown) + "JobId=4 Comment=else \n", "", {}}, "hetao:shenzhen.1:");
  ASSERT_TRUE(ours);
  EXPECT_EQ(ours->size(), 1U);
  EXPECT_FALSE(read_shown_jobs({0, std::string(kShown) + "JobId=4 Comm", "", {}}, "hetao:shenzhen.1:"))
      << "cut short";
}

TEST(SlurmCommands, EndedJobsAreFoundInTheBooksByIdAndKey) {
  const std::string line =
      "JobId=1 UserId=nobody(65534) GroupId=nogroup(65534) Name=hetao-x.1 JobState=FAILED Partition=gpu "
      "TimeLimit=5 "
      "StartTime=2026-11-26T01:35:23 EndTime=2026-11-26T01:35:33 NodeList=sz-gpu01 NodeCnt=1 ProcCnt=2 "
      "WorkDir=/tmp ReservationName= "
      "Tres=cpu=2,mem=512M,node=1,billing=2 Account= QOS= WcKey= Cluster=unknown "
      "SubmitTime=2026-11-26T01:35:22 "
      "EligibleTime=2026-11-26T01:35:23 DerivedExitCode=0:0 ExitCode=3:0 ";
  const auto job = read_completion_line(line, 1, "x.1");
  ASSERT_TRUE(job);
  EXPECT_EQ(job->wait_status, 768);
  EXPECT_EQ(job->end_seconds - job->start_seconds, 10);
  EXPECT_FALSE(read_completion_line(line, 1, "y.1")) << "the id was another's before";
  EXPECT_FALSE(read_completion_line(line, 11, "x.1"));
  const auto booked = read_accounting(
      {0, "1|hetao-x.1|CANCELLED by 0|0:15|10|20|30|2|cpu=2,mem=1G|n1|nobody\n", "", {}}, 1, "x.1");
  ASSERT_EQ(booked.kind, ReplyKind::kOk);
  EXPECT_EQ(booked.job.state, JobState::kCancelled);
  EXPECT_EQ(booked.job.wait_status, 15);
  EXPECT_EQ(read_accounting({0, "", "", {}}, 1, "x.1").kind, ReplyKind::kAbsent);
  EXPECT_EQ(read_accounting({1, "", "Slurm accounting storage is disabled", {}}, 1, "x.1").kind,
            ReplyKind::kUnknown);
}

TEST(SlurmCommands, NodesAreReadWithTheirFlags) {
  const auto nodes =
      read_shown_nodes({0,
                        "NodeName=n1 Arch=x86_64 CPUAlloc=2 CPUTot=64 Gres=gpu:a800:4 "
                        "GresUsed=gpu:a800:2(IDX:0-1) RealMemory=512000 AllocMem=512 "
                        "State=IDLE+DRAIN Partitions=gpu,debug \nNodeName=n2 State=DOWN* CPUTot=1 \n",
                        "",
                        {}});
  ASSERT_TRUE(nodes);
  ASSERT_EQ(nodes->size(), 2U);
  EXPECT_EQ((*nodes)[0].state, "idle");
  EXPECT_FALSE((*nodes)[0].is_up());
  EXPECT_EQ((*nodes)[0].gres_used.front().count, 2);
  EXPECT_FALSE((*nodes)[1].is_up());
}

}  // namespace
}  // namespace hetao::platforms::slurm
