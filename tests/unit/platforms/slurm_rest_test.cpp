// Replies of slurmrestd 22.05, as they were seen, and of newer ones, as they are documented.
#include "gateway/platforms/slurm/rest.h"

#include <gtest/gtest.h>

#include "gateway/base/bytes.h"
#include "gateway/platforms/token.h"

namespace hetao::platforms::slurm {
namespace {

std::string token_of(const std::string& payload) {
  return "e30." + to_base64url(as_bytes(payload)) + ".c2ln";
}

JobRequest request() {
  JobRequest made;
  made.key = "job.1";
  made.comment = "hetao:shenzhen:job.1";
  made.script = "#!/bin/sh\n";
  made.work_folder = "/spool/job.1";
  made.output_file = "/spool/job.1/slurm.out";
  made.gres = "gpu:a800:2";
  made.ram_bytes = (int64_t{512} << 20U) + 1;
  return made;
}

TEST(SlurmRest, TheNewestVersionThatBothSpeakIsChosen) {
  EXPECT_EQ(
      choose_version(R"({"paths":{"\/slurm\/v0.0.37\/job\/submit":{},"\/slurm\/v0.0.38\/job\/submit":{}}})")
          .value_or(0),
      38);
  EXPECT_EQ(
      choose_version(R"({"/slurm/v0.0.40/job/{job_id}":1,"/slurm/v0.0.99/job/{job_id}":1})").value_or(0), 40);
  const auto old = choose_version(R"({"/slurm/v0.0.35/job/submit":1})");
  ASSERT_FALSE(old);
  EXPECT_NE(old.error().why.find("v0.0.35"), std::string::npos);
  EXPECT_FALSE(choose_version("nothing of the kind"));
}

TEST(SlurmRest, ATokenTellsWhenItEndsAndWhomItIsFor) {
  const std::string token = token_of(R"({"exp":1795660500,"iat":1795656900,"sun":"nobody"})");
  EXPECT_EQ(token_expiry(token).value().micros, 1795660500'000'000);
  EXPECT_EQ(token_word(token, "sun"), "nobody");
  EXPECT_EQ(token_expiry(token_of(R"({"sun":"x"})")).value().micros, 0);
  EXPECT_FALSE(token_expiry("no token"));
  EXPECT_FALSE(token_expiry("a.b.c"));
}

TEST(SlurmRest, AJobIsAskedForHeldAndOnceOnly) {
  const HttpCall call = submit_call(38, request());
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.target, "/slurm/v0.0.38/job/submit");
  const auto body = parse_json(call.body, "body").value().as_object();
  const auto& job = body.at("job").as_object();
  EXPECT_TRUE(job.at("hold").as_bool());
  EXPECT_TRUE(job.at("no_requeue").as_bool());
  EXPECT_EQ(job.at("name").as_string(), "hetao-job.1");
  EXPECT_EQ(job.at("memory_per_node").as_int64(), 513);
  EXPECT_TRUE(job.at("environment").is_object());
  EXPECT_EQ(job.at("gres").as_string(), "gpu:a800:2");
  const auto newer =
      parse_json(submit_call(40, request()).body, "body").value().as_object().at("job").as_object();
  EXPECT_TRUE(newer.at("environment").is_array());
  EXPECT_EQ(newer.at("tres_per_node").as_string(), "gres/gpu:a800:2");
  EXPECT_EQ(list_call(38).target, "/slurm/v0.0.38/jobs") << "update_time is no filter: it is never asked for";
}

TEST(SlurmRest, AJobIdIsASuccessWhateverElseIsSaid) {
  const auto reply =
      read_submit({200, R"({"errors":[{"error_code":2042,"error":"Job is in held state"}],"job_id":7})", {}});
  EXPECT_EQ(reply.kind, ReplyKind::kOk);
  EXPECT_EQ(reply.id, 7);
}

TEST(SlurmRest, AnErrorOfASubmissionIsANoOnlyWhenTheControllerSaidSo) {
  const auto kind = [](int status, const std::string& body) { return read_submit({status, body, {}}).kind; };
  EXPECT_EQ(kind(500, R"({"errors":[{"error_code":2000,"error":"Invalid partition name specified"}]})"),
            ReplyKind::kRefused);
  EXPECT_EQ(kind(500, R"({"errors":[{"error_code":2014,"error":"config unavailable"}]})"),
            ReplyKind::kRefused);
  EXPECT_EQ(kind(400, R"({"errors":[{"error_code":9001,"error":"parse"}]})"), ReplyKind::kRefused);
  EXPECT_EQ(kind(400, "Bad Request"), ReplyKind::kRefused);
  EXPECT_EQ(
      kind(500, R"({"errors":[{"error_code":5004,"error":"Socket timed out on send/recv operation"}]})"),
      ReplyKind::kUnknown);
  EXPECT_EQ(
      kind(500, R"({"errors":[{"error_code":5005,"error":"Zero Bytes were transmitted or received"}]})"),
      ReplyKind::kUnknown);
  EXPECT_EQ(kind(500, R"({"errors":[{"error_code":1800,"error":"Unable to contact slurm controller"}]})"),
            ReplyKind::kUnknown);
  EXPECT_EQ(kind(500, R"({"errors":[{"error_code":11,"error":"Resource temporarily unavailable"}]})"),
            ReplyKind::kUnknown);
  EXPECT_EQ(kind(401, "Authentication failure"), ReplyKind::kUnknown);
  EXPECT_EQ(kind(200, "{}"), ReplyKind::kUnknown);
  EXPECT_EQ(kind(200, R"({"job_id":)"), ReplyKind::kUnknown);
  EXPECT_EQ(kind(502, "<html>"), ReplyKind::kUnknown);
  EXPECT_EQ(kind(0, ""), ReplyKind::kUnknown);
  const auto doubtful =
      read_submit({500, R"({"errors":[{"error_code":-1,"error":"Unspecified error"}]})", {}});
  EXPECT_EQ(doubtful.kind, ReplyKind::kUnknown);
  EXPECT_TRUE(doubtful.doubtful);
}

TEST(SlurmRest, AbsentIsSaidByOneNumberAlone) {
  const auto kind = [](int status, const std::string& body) { return read_job({status, body, {}}, 49).kind; };
  EXPECT_EQ(
      kind(500, R"({"errors":[{"description":"Unable to find JobId=49","error_number":2017}],"jobs":[]})"),
      ReplyKind::kAbsent);
  EXPECT_EQ(
      kind(500, R"({"errors":[{"description":"Unable to find JobId=49","error_number":-1}],"jobs":[]})"),
      ReplyKind::kUnknown)
      << "said while the controller is away";
  EXPECT_EQ(kind(200, R"({"errors":[],"jobs":[]})"), ReplyKind::kUnknown);
  EXPECT_EQ(kind(200, R"({"errors":[],"jobs":[{"job_id":50}]})"), ReplyKind::kUnknown);
}

TEST(SlurmRest, AJobIsReadInEveryVersionsShape) {
  const auto old = read_job(
      {200,
       R"({"errors":[],"jobs":[{"job_id":1,"name":"hetao-x.1","comment":"hetao:shenzhen:x.1","user_name":"nobody",
    "job_state":"FAILED","state_reason":"NonZeroExitCode","exit_code":768,"submit_time":1795656922,"start_time":1795656923,
    "end_time":1795656924,"restart_cnt":0,"cpus":2,"cpus_per_task":null,"node_count":1,"tres_alloc_str":"cpu=2,mem=512M,node=1",
    "tres_per_node":"gres:gpu:a800:2","nodes":"sz-gpu01"}]})",
       {}},
      1);
  ASSERT_EQ(old.kind, ReplyKind::kOk);
  EXPECT_EQ(old.job.wait_status, 768);
  EXPECT_EQ(old.job.cores, 2);
  EXPECT_EQ(old.job.ram_bytes, int64_t{512} << 20U);
  EXPECT_EQ(old.job.state, JobState::kFailed);
  const auto newer = read_job({200,
                               R"({"errors":[],"jobs":[{"job_id":1,"job_state":["FAILED","COMPLETING"],
    "exit_code":{"status":["SIGNALED"],"return_code":{"set":true,"infinite":false,"number":3},"signal":{"id":{"set":true,"number":9}}},
    "submit_time":{"set":true,"infinite":false,"number":1795656922},"start_time":{"set":false,"number":5},
    "cpus":{"set":true,"infinite":false,"number":4}}]})",
                               {}},
                              1);
  ASSERT_EQ(newer.kind, ReplyKind::kOk);
  EXPECT_EQ(newer.job.state, JobState::kCompleting);
  EXPECT_EQ(newer.job.wait_status, (3 << 8) | 9);
  EXPECT_EQ(newer.job.submit_seconds, 1795656922);
  EXPECT_EQ(newer.job.start_seconds, 0);
  EXPECT_EQ(newer.job.cores, 4);
}

TEST(SlurmRest, OfAListOnlyOurJobsAreRead) {
  const std::string body =
      R"({"errors":[],"note":"jobs","jobs":[{"job_id":1,"comment":"a \"}]{[ b","x":[{"y":"}"}]},
    {"job_id":2,"comment":"hetao:shenzhen.1:x.1","inner":{"deep":[1,{"job_id":9}]}},{"job_id":3,"name":"hetao:shenzhen.1:"}],"more":[{"a":1}]})";
  const auto jobs = read_jobs({200, body, {}}, "hetao:shenzhen.1:");
  ASSERT_TRUE(jobs) << to_line(jobs.error());
  ASSERT_EQ(jobs->size(), 1U);
  EXPECT_EQ(jobs->front().id, 2);
}

TEST(SlurmRest, HalfAListIsNone) {
  const std::string body = R"({"jobs":[{"job_id":2,"comment":"hetao:shenzhen.1:x.1"},{"job_id":3}]})";
  for (size_t bytes = 0; bytes < body.size(); ++bytes)
    EXPECT_FALSE(read_jobs({200, body.substr(0, bytes), {}}, "hetao:shenzhen.1:")) << bytes;
  EXPECT_TRUE(read_jobs({200, body, {}}, "hetao:shenzhen.1:"));
  EXPECT_FALSE(read_jobs({304, "", {}}, "hetao:shenzhen.1:"));
}

TEST(SlurmRest, WhatIsNoListIsNotAnEmptyOne) {
  for (const char* body : {"[]", "{}", R"({"errors":7,"jobs":"none"})", R"({"errors":[]})",
                           R"({"jobs":[]} and more)", R"({"jobs":[]}{"jobs":[]})"})
    EXPECT_FALSE(read_jobs({200, body, ""}, "hetao:")) << body;
  EXPECT_TRUE(read_jobs({200, "{\"errors\":[],\"jobs\":[]}\n", ""}, "hetao:"));
}

TEST(SlurmRest, AChangeOfAFinishedJobIsDone) {
  EXPECT_EQ(read_change({200, R"({"errors":[]})", {}}).kind, ReplyKind::kOk);
  EXPECT_EQ(read_change({500, R"({"errors":[{"error_number":2021}]})", {}}).kind, ReplyKind::kOk);
  EXPECT_EQ(read_change({500, R"({"errors":[{"errno":2017}]})", {}}).kind, ReplyKind::kAbsent);
  EXPECT_EQ(read_change({500, R"({"errors":[{"error_code":2002}]})", {}}).kind, ReplyKind::kRefused);
  EXPECT_EQ(read_change({500, R"({"errors":[{"error_code":5004}]})", {}}).kind, ReplyKind::kUnknown);
}

TEST(SlurmRest, NodesTellWhatIsFree) {
  const auto nodes = read_nodes(
      {200,
       R"json({"errors":[],"nodes":[{"name":"a","state":"idle","state_flags":["DRAIN"],"cpus":64,"alloc_cpus":2,
    "real_memory":512000,"alloc_memory":512,"gres":"gpu:a800:4","gres_used":"gpu:a800:2(IDX:0-1)","partitions":["gpu"]},
    {"name":"b","state":["MIXED"]}]})json",
       {}});
  ASSERT_TRUE(nodes);
  EXPECT_FALSE((*nodes)[0].is_up());
  EXPECT_EQ((*nodes)[0].gres_used.front().count, 2);
  EXPECT_TRUE((*nodes)[1].is_up());
}

}  // namespace
}  // namespace hetao::platforms::slurm
