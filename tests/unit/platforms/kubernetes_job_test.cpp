// What a run asks of a cluster: the body of its Job, by what the server announces.
#include <gtest/gtest.h>

#include "gateway/platforms/json_value.h"
#include "gateway/platforms/kubernetes/job.h"
#include "gateway/platforms/kubernetes/names.h"

namespace hetao::platforms::kubernetes {
namespace {

RunSpec spec() {
  RunSpec made;
  made.key = "Job_7.1";
  made.executors.resize(2);
  made.executors[0].image = "registry/prepare:1";
  made.executors[0].command = {"sh", "-c", "echo $(HOME) $$ > /out/a"};
  made.executors[0].workdir = "/place";
  made.executors[0].stdout_path = "/out/log";
  made.executors[0].env = {{"PRICE", "5$"}};
  made.executors[0].ignore_error = true;
  made.executors[1].image = "registry/train:2";
  made.executors[1].command = {"python3", "/job/train.py"};
  made.limits.cpu_cores = 4;
  made.limits.ram_bytes = int64_t{8} << 30U;
  made.limits.wall_seconds = 600;
  return made;
}

JobRequest request() {
  JobRequest made;
  made.run = "Job_7.1";
  made.mark = "shenzhen.0a1b2c3d";
  made.route.name_space = "szu";
  made.volume.host_path = "/shared/hetao";
  made.spool = "/spool";
  made.user = 65'534;
  made.group = 65'534;
  made.accelerator_resource = "huawei.com/Ascend910";
  made.accelerators = 8;
  made.binds = {{"/spool/.bin/hetao-step", "/.hetao/init", false, false},
                {"/spool/Job_7.1/scratch/root/out", "/out", true, false},
                {"/spool/Job_7.1/staged/0", "/job/train.py", false, false}};
  return made;
}

json::object body_of(const Server& server, bool held = true) {
  const auto body = job_body(server, request(), spec(), held);
  EXPECT_TRUE(body) << to_line(body.error());
  return parse_json(*body, "body").value().as_object();
}

const json::object& pod_of_job(const json::object& body) {
  return body.at("spec").at("template").at("spec").as_object();
}

TEST(KubernetesJob, NamesFollowFromTheRunAndFitALabel) {
  const std::string name = object_name("shenzhen.0a1b2c3d", "Job_7.1");
  EXPECT_EQ(name, object_name("shenzhen.0a1b2c3d", "Job_7.1"));
  EXPECT_NE(name, object_name("hongkong.0a1b2c3d", "Job_7.1"));
  EXPECT_NE(name, object_name("shenzhen.0a1b2c3d", "Job-7.1"));
  EXPECT_TRUE(name.starts_with("hetao-job-7-1-"));
  EXPECT_LE(object_name("m", std::string(128, 'X')).size(), 57U);
  EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string::npos);
  EXPECT_EQ(step_of(step_name(12)), 12);
  EXPECT_EQ(step_of("start"), -1);
  EXPECT_EQ(step_of("step-1x"), -1);
}

TEST(KubernetesJob, ExecutorsRunInOrderBehindAFence) {
  const json::object body = body_of({});
  EXPECT_EQ(body.at("apiVersion"), "batch/v1");
  EXPECT_EQ(body.at("metadata").at("namespace"), "szu");
  EXPECT_EQ(body.at("spec").at("backoffLimit"), 0);
  const json::object& pod = pod_of_job(body);
  const json::array& first = pod.at("initContainers").as_array();
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].at("name"), "start");
  EXPECT_EQ(first[0].at("volumeMounts").as_array().back().at("subPath"), "Job_7.1");
  EXPECT_EQ(first[1].at("name"), "step-0");
  EXPECT_EQ(first[1].at("image"), "registry/prepare:1");
  ASSERT_EQ(pod.at("containers").as_array().size(), 1U);
  const json::object& last = pod.at("containers").as_array()[0].as_object();
  EXPECT_EQ(last.at("name"), "step-1");
  // The token is nobody's but the fence's.
  for (const json::value& mount : last.at("volumeMounts").as_array())
    EXPECT_NE(mount.at("subPath").as_string(), "Job_7.1");
  EXPECT_EQ(pod.at("restartPolicy"), "Never");
  EXPECT_EQ(pod.at("automountServiceAccountToken"), false);
  EXPECT_EQ(pod.at("activeDeadlineSeconds"), 630);
  EXPECT_EQ(pod.at("volumes").as_array()[0].at("hostPath").at("path"), "/shared/hetao");
}

TEST(KubernetesJob, WhatAJobGetsIsWhatItAskedFor) {
  const json::object body = body_of({});
  const json::object& last = pod_of_job(body).at("containers").as_array()[0].as_object();
  const json::object& limits = last.at("resources").at("limits").as_object();
  EXPECT_EQ(limits, last.at("resources").at("requests").as_object());
  EXPECT_EQ(limits.at("cpu"), "4");
  EXPECT_EQ(limits.at("memory"), "8589934592");
  EXPECT_EQ(limits.at("huawei.com/Ascend910"), "8");
  EXPECT_EQ(last.at("securityContext").at("allowPrivilegeEscalation"), false);
  EXPECT_EQ(pod_of_job(body).at("securityContext").at("runAsUser"), 65'534);
}

TEST(KubernetesJob, NothingOfATaskIsExpandedByKubernetes) {
  const json::object body = body_of({});
  const json::object& step = pod_of_job(body).at("initContainers").as_array()[1].as_object();
  EXPECT_EQ(step.at("args").as_array()[2], "echo $$(HOME) $$$$ > /out/a");
  bool found = false;
  for (const json::value& variable : step.at("env").as_array())
    found = found || (variable.at("name") == "PRICE" && variable.at("value") == "5$$");
  EXPECT_TRUE(found);
  std::vector<std::string> command;
  for (const json::value& word : step.at("command").as_array()) command.emplace_back(word.as_string());
  EXPECT_EQ(command, (std::vector<std::string>{"/.hetao/init", "run", "--log", "/.hetao/log", "--step", "0",
                                               "--stdout", "/out/log", "--workdir", "/place",
                                               "--ignore-error", "--"}));
}

TEST(KubernetesJob, TheNetworkIsALabelThatAPolicySelects) {
  EXPECT_EQ(body_of({}).at("spec").at("template").at("metadata").at("labels").at("hetao/network"), "none");
  RunSpec open = spec();
  open.network = true;
  const auto body = parse_json(job_body({}, request(), open, true).value(), "body").value().as_object();
  EXPECT_EQ(body.at("spec").at("template").at("metadata").at("labels").at("hetao/network"), "open");
  const auto policy = parse_json(network_policy_body(), "policy").value().as_object();
  EXPECT_EQ(policy.at("spec").at("podSelector").at("matchLabels").at("hetao/network"), "none");
  EXPECT_EQ(policy.at("spec").at("policyTypes").as_array().size(), 2U);
  EXPECT_FALSE(policy.at("spec").as_object().contains("egress"));
}

TEST(KubernetesJob, NewerServersAreUsedAsTheyAnnounce) {
  const json::object old = body_of({20, false});
  EXPECT_FALSE(old.at("spec").as_object().contains("suspend"));
  EXPECT_FALSE(old.at("spec").as_object().contains("podFailurePolicy"));
  EXPECT_EQ(body_of({24, false}).at("spec").at("suspend"), true);
  EXPECT_FALSE(body_of({24, false}, false).at("spec").as_object().contains("suspend"));
  const json::object newest = body_of({31, false});
  EXPECT_EQ(newest.at("spec").at("podFailurePolicy").at("rules").as_array()[0].at("action"), "FailJob");
  EXPECT_EQ(newest.at("spec").at("podReplacementPolicy"), "Failed");
}

TEST(KubernetesJob, VolcanosJobsAreItsOwn) {
  JobRequest wanted = request();
  wanted.route.queue = "research";
  const auto body =
      parse_json(job_body({31, true}, wanted, spec(), true).value(), "body").value().as_object();
  EXPECT_EQ(body.at("apiVersion"), "batch.volcano.sh/v1alpha1");
  EXPECT_EQ(body.at("spec").at("queue"), "research");
  EXPECT_EQ(body.at("spec").at("maxRetry"), 0);
  EXPECT_EQ(body.at("spec").at("tasks").as_array()[0].at("replicas"), 1);
  EXPECT_FALSE(body.at("spec").as_object().contains("suspend"));
}

TEST(KubernetesJob, PathsThatAPodCantHaveAreRefused) {
  JobRequest wanted = request();
  wanted.binds.push_back({"/spool/Job_7.1/staged/1", "/data/a:b", false, false});
  const auto body = job_body({}, wanted, spec(), true);
  ASSERT_FALSE(body);
  EXPECT_NE(body.error().why.find("colon"), std::string::npos);
  wanted.binds.back() = {"/elsewhere/blob", "/data/a", false, false};
  EXPECT_FALSE(job_body({}, wanted, spec(), true));
}

}  // namespace
}  // namespace hetao::platforms::kubernetes
