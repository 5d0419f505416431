#include "gateway/platforms/slurm/job.h"

#include <gtest/gtest.h>

namespace hetao::platforms::slurm {
namespace {

JobRecord ended(JobState state, int64_t wait_status = 0) {
  JobRecord job;
  job.id = 42;
  job.state = state;
  job.state_word = "FAILED";
  job.wait_status = wait_status;
  return job;
}

TEST(SlurmJob, ACommentNamesTheRunAndWhoseItIs) {
  EXPECT_EQ(key_of(comment_of("shenzhen.0a1b", "job.1"), "shenzhen.0a1b"), "job.1");
  EXPECT_EQ(key_of(comment_of("shenzhen.0a1b", "job.1"), "shenzhen.ffff"), "") << "another gateway's";
  EXPECT_EQ(key_of("hetao:shenzhen.0a1b:../x", "shenzhen.0a1b"), "");
  EXPECT_EQ(key_of("", "shenzhen.0a1b"), "");
}

TEST(SlurmJob, NothingInAScriptCanEndItsQuotes) {
  EXPECT_EQ(script_of("/bin/run'ner", "/spool/a b"),
            "#!/bin/sh\nexec '/bin/run'\\''ner' --foreground --spool '/spool/a b'\n");
}

TEST(SlurmJob, AWaitStatusIsTakenApart) {
  EXPECT_EQ(end_of(ended(JobState::kFailed, 768)).exit_code, 3);
  const JobEnd killed = end_of(ended(JobState::kFailed, 9));
  EXPECT_EQ(killed.signal, 9);
  EXPECT_EQ(killed.exit_code, 137);
  EXPECT_EQ(killed.reason, EndReason::kSignalled);
  EXPECT_EQ(end_of(ended(JobState::kFailed, 139)).signal, 11) << "the core-dump bit is no signal";
  EXPECT_EQ(end_of(ended(JobState::kFailed, 4021)).signal, 53) << "its output file was not writable";
}

TEST(SlurmJob, EndsAreToldApart) {
  EXPECT_EQ(end_of(ended(JobState::kTimeout, 15)).reason, EndReason::kTimeout);
  EXPECT_EQ(end_of(ended(JobState::kOutOfMemory)).reason, EndReason::kMemory);
  EXPECT_TRUE(end_of(ended(JobState::kNodeFail, 1)).system_failure);
  EXPECT_TRUE(end_of(ended(JobState::kPreempted)).system_failure);
  EXPECT_TRUE(end_of(ended(JobState::kCancelled, 15)).cancelled);
  JobRecord requeued = ended(JobState::kCompleted);
  requeued.restarts = 1;
  EXPECT_NE(end_of(requeued).failure.find("requeued"), std::string::npos);
}

TEST(SlurmJob, StatesAreReadAsSlurmWritesThem) {
  EXPECT_EQ(state_of_word("CANCELLED by 1000"), JobState::kCancelled);
  EXPECT_EQ(state_of_word("RUNNING"), JobState::kRunning);
  EXPECT_FALSE(is_over(state_of_word("A_STATE_OF_TOMORROW"))) << "what is not understood is not over";
  EXPECT_FALSE(is_over(JobState::kCompleting));
}

TEST(SlurmJob, GresAndMemoryAreRead) {
  EXPECT_EQ(parse_gres("gpu:a800:4(S:0-1),npu:ascend910b:8(IDX:0,2-7)"),
            (std::vector<Gres>{{"gpu", "a800", 4}, {"npu", "ascend910b", 8}}));
  EXPECT_EQ(parse_gres("gres:gpu:2"), (std::vector<Gres>{{"gpu", "", 2}}));
  EXPECT_EQ(parse_gres("gpu"), (std::vector<Gres>{{"gpu", "", 1}}));
  EXPECT_TRUE(parse_gres("").empty());
  EXPECT_TRUE(parse_gres("gpu:a800:many").empty());
  EXPECT_EQ(parse_memory("512M"), int64_t{512} << 20U);
  EXPECT_EQ(parse_memory("250G"), int64_t{250} << 30U);
  EXPECT_EQ(parse_memory("1000"), int64_t{1000} << 20U);
  EXPECT_EQ(parse_memory("99999999999999T"), 0);
  EXPECT_EQ(parse_memory("lots"), 0);
  EXPECT_EQ(tres_value("cpu=2,mem=512M,gres/gpu=4", "gres/gpu"), "4");
}

}  // namespace
}  // namespace hetao::platforms::slurm
