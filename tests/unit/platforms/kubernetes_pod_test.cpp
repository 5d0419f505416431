// What a pod's end means: the reasons are those that kubelets and controllers write.
#include <gtest/gtest.h>

#include "gateway/platforms/kubernetes/pod.h"

namespace hetao::platforms::kubernetes {
namespace {

RunSpec spec(size_t executors = 1) {
  RunSpec made;
  made.key = "job.1";
  made.executors.resize(executors);
  for (ExecutorSpec& executor : made.executors) executor.image = "image";
  return made;
}

PodRecord pod(const std::string& status) {
  const auto value = parse_json(R"({"metadata":{"name":"p","uid":"u","annotations":{"hetao/run":"job.1"}},)"
                                R"("spec":{"nodeName":"node7"},"status":)" +
                                    status + "}",
                                "pod");
  EXPECT_TRUE(value) << status;
  return pod_of(value->get_object());
}

// A pod whose fence did its part and whose only step ended as given.
PodRecord ended(const std::string& terminated, const std::string& more = "") {
  return pod(R"({"phase":"Failed","startTime":"2026-11-26T01:00:00Z")" + more +
             R"(,"initContainerStatuses":[{"name":"start","state":{"terminated":{"exitCode":0}}}],)"
             R"("containerStatuses":[{"name":"step-0","state":{"terminated":)" +
             terminated + "}}]}");
}

TEST(KubernetesPod, AnExitCodeIsTheProgramsOwn) {
  const PodReading read = read_pod(
      ended(
          R"({"exitCode":3,"reason":"Error","startedAt":"2026-11-26T01:00:02Z","finishedAt":"2026-11-26T01:00:05Z"})"),
      spec());
  EXPECT_EQ(read.word, PodWord::kEnded);
  EXPECT_EQ(read.why, "executor 0 ended with exit code 3");
  ASSERT_EQ(read.executors.size(), 1U);
  EXPECT_EQ(read.executors[0].ended.micros - read.executors[0].started.micros, 3'000'000);
}

TEST(KubernetesPod, WhatTheStepReportedIsMoreThanWhatKubernetesSaw) {
  const PodReading read = read_pod(
      ended(
          R"({"exitCode":137,"reason":"Error","message":"{\"key\":\"step\",\"state\":\"ended\",\"started_micros\":0,)"
          R"(\"ended_micros\":0,\"executors\":[{\"started_micros\":5,\"ended_micros\":9,\"exit_code\":137,)"
          R"(\"signal\":0,\"reason\":\"exited\",\"cpu_micros\":77,\"ram_peak_bytes\":0,\"stdout_bytes\":0,)"
          R"(\"stderr_bytes\":0}]}"})"),
      spec());
  ASSERT_EQ(read.executors.size(), 1U);
  EXPECT_EQ(read.executors[0].signal, 0);  // it said 137 itself
  EXPECT_EQ(read.executors[0].cpu_micros, 77);
}

TEST(KubernetesPod, ASignalWithoutAReportIsASignal) {
  const PodReading read = read_pod(ended(R"({"exitCode":139,"reason":"Error"})"), spec());
  ASSERT_EQ(read.executors.size(), 1U);
  EXPECT_EQ(read.executors[0].signal, 11);
  EXPECT_EQ(read.executors[0].reason, EndReason::kSignalled);
}

TEST(KubernetesPod, MemoryTimeAndDiskAreTheJobsOwnLimits) {
  const PodReading memory = read_pod(ended(R"({"exitCode":137,"reason":"OOMKilled"})"), spec());
  EXPECT_EQ(memory.word, PodWord::kEnded);
  EXPECT_EQ(memory.executors.at(0).reason, EndReason::kMemory);
  const PodReading time =
      read_pod(ended(R"({"exitCode":143,"reason":"Error"})", R"(,"reason":"DeadlineExceeded")"), spec());
  EXPECT_EQ(time.word, PodWord::kEnded);
  EXPECT_EQ(time.executors.at(0).reason, EndReason::kTimeout);
  const PodReading disk = read_pod(
      ended(
          R"({"exitCode":137,"reason":"Error"})",
          R"(,"reason":"Evicted","message":"Pod ephemeral local storage usage exceeds the total limit of containers 1Gi.")"),
      spec());
  EXPECT_EQ(disk.word, PodWord::kEnded);
  EXPECT_EQ(disk.executors.at(0).reason, EndReason::kDisk);
}

TEST(KubernetesPod, WhatTheClusterDoesIsNotTheProgramsFault) {
  for (const std::string reason : {"Evicted", "NodeLost", "NodeShutdown", "Preempting", "OutOfcpu",
                                   "UnexpectedAdmissionError", "NodeAffinity"}) {
    const PodReading read = read_pod(ended(R"({"exitCode":137,"reason":"Error"})",
                                           R"(,"reason":")" + reason + R"(","message":"pressure")"),
                                     spec());
    EXPECT_EQ(read.word, PodWord::kLost) << reason;
    EXPECT_NE(read.why.find(reason), std::string::npos);
    EXPECT_NE(read.why.find("node7"), std::string::npos);
  }
  const PodReading moved = read_pod(
      ended(
          R"({"exitCode":143,"reason":"Error"})",
          R"(,"conditions":[{"type":"DisruptionTarget","status":"True","reason":"PreemptionByScheduler","message":"m"}])"),
      spec());
  EXPECT_EQ(moved.word, PodWord::kLost);
  EXPECT_NE(moved.why.find("PreemptionByScheduler"), std::string::npos);
}

TEST(KubernetesPod, ASecondStartHasNoWordOnTheRun) {
  const auto fenced = [](int code) {
    return pod(
        R"({"phase":"Failed","initContainerStatuses":[{"name":"start","state":{"terminated":{"exitCode":)" +
        std::to_string(code) +
        R"(,"reason":"Error","message":"no space"}}}],"containerStatuses":[{"name":"step-0","state":{"waiting":{"reason":"PodInitializing"}}}]})");
  };
  EXPECT_EQ(read_pod(fenced(kDuplicateCode), spec()).word, PodWord::kDuplicate);
  EXPECT_EQ(read_pod(fenced(kNotReleasedCode), spec()).word, PodWord::kWithdrawn);
  const PodReading broken = read_pod(fenced(12), spec());
  EXPECT_EQ(broken.word, PodWord::kLost);
  EXPECT_NE(broken.why.find("no space"), std::string::npos);
}

TEST(KubernetesPod, WhyAPodWaitsIsSaid) {
  const PodReading full = read_pod(
      pod(R"({"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/3 nodes are available: 3 Insufficient huawei.com/Ascend910."}]})"),
      spec());
  EXPECT_EQ(full.word, PodWord::kWaits);
  EXPECT_NE(full.why.find("Insufficient huawei.com/Ascend910"), std::string::npos);
  const auto waiting = [](const std::string& reason) {
    return pod(R"({"phase":"Pending","containerStatuses":[{"name":"step-0","state":{"waiting":{"reason":")" +
               reason + R"(","message":"says who"}}}]})");
  };
  EXPECT_EQ(read_pod(waiting("ContainerCreating"), spec()).word, PodWord::kWaits);
  const PodReading pull = read_pod(waiting("ImagePullBackOff"), spec());
  EXPECT_EQ(pull.word, PodWord::kStuck);
  EXPECT_FALSE(pull.hopeless);
  EXPECT_TRUE(read_pod(waiting("ErrImageNeverPull"), spec()).hopeless);
  EXPECT_EQ(read_pod(waiting("CreateContainerConfigError"), spec()).word, PodWord::kStuck);
}

TEST(KubernetesPod, ExecutorsAreReadInOrder) {
  const std::string first =
      R"({"name":"start","state":{"terminated":{"exitCode":0}}},{"name":"step-0","state":{"terminated":{"exitCode":0,"startedAt":"2026-11-26T01:00:02Z","finishedAt":"2026-11-26T01:00:05Z"}}})";
  const PodReading runs = read_pod(
      pod(R"({"phase":"Pending","initContainerStatuses":[)" + first +
          R"(],"containerStatuses":[{"name":"step-1","state":{"running":{"startedAt":"2026-11-26T01:00:06Z"}}}]})"),
      spec(2));
  EXPECT_EQ(runs.word, PodWord::kRuns);
  EXPECT_EQ(runs.executors.size(), 2U);
  const PodReading stuck = read_pod(
      pod(R"({"phase":"Pending","initContainerStatuses":[)" + first +
          R"(],"containerStatuses":[{"name":"step-1","state":{"waiting":{"reason":"ErrImageNeverPull"}}}]})"),
      spec(2));
  EXPECT_EQ(stuck.word, PodWord::kStuck);
  EXPECT_NE(stuck.started.micros, 0);
  RunSpec lenient = spec(2);
  lenient.executors[0].ignore_error = true;
  const PodReading done =
      read_pod(pod(R"({"phase":"Succeeded","initContainerStatuses":[)" + first +
                   R"(],"containerStatuses":[{"name":"step-1","state":{"terminated":{"exitCode":0}}}]})"),
               lenient);
  EXPECT_EQ(done.word, PodWord::kEnded);
  EXPECT_EQ(done.why, "");
}

TEST(KubernetesPod, APodThatIsCalledFailedWhileItsProgramRunsIsAboutToEnd) {
  const PodRecord late = pod(
      R"({"phase":"Failed","reason":"DeadlineExceeded","initContainerStatuses":[{"name":"start","state":{"terminated":{"exitCode":0}}}],)"
      R"("containerStatuses":[{"name":"step-0","state":{"running":{"startedAt":"2026-11-26T01:00:06Z"}}}]})");
  EXPECT_EQ(read_pod(late, spec()).word, PodWord::kRuns);
  const PodReading gone = read_pod(late, spec(), true);
  EXPECT_EQ(gone.word, PodWord::kEnded);
  EXPECT_EQ(gone.executors.at(0).reason, EndReason::kTimeout);
}

TEST(KubernetesPod, AnEndWithoutAWordIsALoss) {
  EXPECT_EQ(read_pod(pod(R"({"phase":"Failed"})"), spec()).word, PodWord::kLost);
  EXPECT_EQ(read_pod(pod(R"({"phase":"Failed","reason":"DeadlineExceeded"})"), spec()).word, PodWord::kLost);
  EXPECT_EQ(read_pod(pod(R"({"phase":"Succeeded","containerStatuses":[]})"), spec()).word, PodWord::kLost);
}

}  // namespace
}  // namespace hetao::platforms::kubernetes
