#include <gtest/gtest.h>

#include <set>

#include "proto/tes_json.h"

namespace hetao::tes {
namespace {

pb::Job a_job() {
  pb::Job job;
  job.set_id("j-1");
  job.set_state(pb::JOB_EXECUTOR_ERROR);
  job.set_region("shenzhen");
  job.set_platform("local");
  job.set_attempt(1);
  job.set_reason("it returned 3");
  job.set_created_micros(1'763'899'000'000'000);
  pb::Task& task = *job.mutable_task();
  task.set_name("n");
  pb::Input& input = *task.add_inputs();
  input.set_path("/job/x.py");
  input.set_content("print()");
  pb::Output& output = *task.add_outputs();
  output.set_path("/out/t");
  output.set_url("result:t");
  pb::Executor& executor = *task.add_executors();
  executor.set_image("i");
  executor.add_command("c");
  pb::ExecutorLog& log = *job.mutable_report()->add_executors();
  log.set_exit_code(3);
  log.set_stdout_tail("out");
  log.set_stderr_tail("err");
  pb::Delivery& delivery = *job.add_deliveries();
  delivery.set_name("t");
  delivery.set_url("result:t");
  delivery.set_path("/out/t");
  delivery.set_state("available");
  for (const char* name : {"a.csv", "sub/b.csv"}) {
    pb::ItemFile& file = *delivery.add_files();
    file.set_path(name);
    file.set_bytes(7);
  }
  pb::StateChange& change = *job.add_history();
  change.set_state(pb::JOB_QUEUED);
  change.set_at_micros(1'763'899'000'000'000);
  job.mutable_verdict()->set_effect("permit");
  job.mutable_verdict()->add_rules()->set_id("P-GBA");
  return job;
}

TEST(TesWrite, MinimalIsIdAndStateAlone) {
  const json::object out = write_job(a_job(), View::kMinimal);
  EXPECT_EQ(out.size(), 2U);
  EXPECT_EQ(out.at("id"), "j-1");
  EXPECT_EQ(out.at("state"), "EXECUTOR_ERROR");
}

TEST(TesWrite, BasicLeavesOutContentStreamsAndSystemLogs) {
  const json::object out = write_job(a_job(), View::kBasic);
  EXPECT_FALSE(out.at("inputs").at(0).as_object().contains("content"));
  const json::object& log = out.at("logs").at(0).as_object();
  EXPECT_FALSE(log.contains("system_logs"));
  EXPECT_FALSE(log.at("logs").at(0).as_object().contains("stdout"));
  EXPECT_EQ(log.at("logs").at(0).at("exit_code"), 3);
}

TEST(TesWrite, FullHasThemAndTheServerFillsInTypes) {
  const json::object out = write_job(a_job(), View::kFull);
  EXPECT_EQ(out.at("inputs").at(0).at("content"), "print()");
  EXPECT_EQ(out.at("inputs").at(0).at("type"), "FILE");
  const json::object& log = out.at("logs").at(0).as_object();
  EXPECT_EQ(log.at("logs").at(0).at("stdout"), "out");
  EXPECT_EQ(log.at("system_logs").at(0), "it returned 3");
  EXPECT_EQ(log.at("metadata").at("failure_reason"), "it returned 3");
  EXPECT_EQ(log.at("metadata").at("rules"), "P-GBA");
  EXPECT_EQ(out.at("creation_time"), "2025-11-23T11:56:40.000000Z");
}

TEST(TesWrite, OutputFoldersAreFlattenedAndSizesAreText) {
  const json::object out = write_job(a_job(), View::kBasic);
  const json::array& files = out.at("logs").at(0).at("outputs").as_array();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files.at(1).at("url"), "result:t/sub/b.csv");
  EXPECT_EQ(files.at(1).at("path"), "/out/t/sub/b.csv");
  EXPECT_EQ(files.at(1).at("size_bytes"), "7");
}

TEST(TesWrite, WhatWasWithheldIsNotListed) {
  pb::Job job = a_job();
  job.mutable_deliveries(0)->set_state("withheld");
  EXPECT_TRUE(write_job(job, View::kFull).at("logs").at(0).at("outputs").as_array().empty());
}

// py-tes refuses every member that TES 1.1 does not name.
TEST(TesWrite, NoMemberIsUnknownToTes) {
  const std::set<std::string> task = {"id",      "state",   "name",      "description",
                                      "inputs",  "outputs", "resources", "executors",
                                      "volumes", "tags",    "logs",      "creation_time"};
  const std::set<std::string> log = {"logs", "metadata", "start_time", "end_time", "outputs", "system_logs"};
  const std::set<std::string> executor = {"start_time", "end_time", "stdout", "stderr", "exit_code"};
  const json::object out = write_job(a_job(), View::kFull);
  for (const auto& member : out) EXPECT_TRUE(task.contains(std::string(member.key()))) << member.key();
  for (const auto& member : out.at("logs").at(0).as_object()) {
    EXPECT_TRUE(log.contains(std::string(member.key()))) << member.key();
  }
  for (const auto& member : out.at("logs").at(0).at("logs").at(0).as_object()) {
    EXPECT_TRUE(executor.contains(std::string(member.key()))) << member.key();
  }
  for (const auto& member : out.at("logs").at(0).at("metadata").as_object()) {
    EXPECT_TRUE(member.value().is_string()) << member.key();
  }
}

TEST(TesWrite, EveryStateIsOneThatClientsUnderstand) {
  // Nextflow, cwl-tes: final or running, nothing in between.
  const std::set<std::string> known = {"QUEUED",   "INITIALIZING",   "RUNNING",     "COMPLETE",
                                       "CANCELED", "EXECUTOR_ERROR", "SYSTEM_ERROR"};
  for (int i = pb::JobState_MIN + 1; i <= pb::JobState_MAX; ++i) {
    EXPECT_TRUE(known.contains(state_name(static_cast<pb::JobState>(i)))) << i;
  }
  EXPECT_STREQ(state_name(pb::JOB_HELD), "QUEUED");
  EXPECT_STREQ(state_name(pb::JOB_DECIDING), "QUEUED");
  EXPECT_STREQ(state_name(pb::JOB_INSPECTING), "RUNNING");
  EXPECT_STREQ(state_name(pb::JOB_RETURNING), "RUNNING");
  EXPECT_STREQ(state_name(pb::JOB_EXPIRED), "SYSTEM_ERROR");
  EXPECT_STREQ(state_name(pb::JOB_CANCELLING), "CANCELED");
}

TEST(TesWrite, SizesComeBackAsTheyWereSaid) {
  for (const double gb : {1.0, 8.0, 0.0596, 0.1, 2.5, 1e-9, 1234.5678, 4e6, 1.0 / 3}) {
    const int64_t bytes = bytes_of_gb(gb);
    EXPECT_EQ(bytes_of_gb(gb_of_bytes(bytes)), bytes) << gb;
  }
  EXPECT_EQ(gb_of_bytes(bytes_of_gb(0.0596)), 0.0596);
  EXPECT_EQ(gb_of_bytes(bytes_of_gb(64)), 64.0);
}

}  // namespace
}  // namespace hetao::tes
