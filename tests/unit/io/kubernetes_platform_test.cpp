// The Kubernetes platform against an API server that does what real ones were seen to do, and what they
// should not: answers that never come, come twice, or are nonsense; names that are taken; tokens that end.
// What a container would do, hetao-step does here.
#include "gateway/io/kubernetes_platform.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "gateway/io/log_piece.h"
#include "gateway/io/run_command.h"
#include "gateway/platforms/kubernetes/names.h"
#include "tests/unit/io/fake_cluster.h"
#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

namespace fs = std::filesystem;
using federation::PlatformReply;
using federation::RunObserved;
using namespace std::chrono_literals;
using testing_support::slurp;
using testing_support::spill;

const std::string kRun = "job.1";
const std::string kRunning =
    R"({"phase":"Running","startTime":"2026-11-26T01:00:00Z","initContainerStatuses":[{"name":"start","state":{"terminated":{"exitCode":0}}}],)"
    R"("containerStatuses":[{"name":"step-0","state":{"running":{"startedAt":"2026-11-26T01:00:01Z"}}}]})";

std::string ended(int code, const std::string& reason = "Completed") {
  return R"({"phase":")" + std::string(code == 0 ? "Succeeded" : "Failed") +
         R"(","startTime":"2026-11-26T01:00:00Z","initContainerStatuses":[{"name":"start","state":{"terminated":{"exitCode":0}}}],)"
         R"("containerStatuses":[{"name":"step-0","state":{"terminated":{"exitCode":)" +
         std::to_string(code) + R"(,"reason":")" + reason +
         R"(","startedAt":"2026-11-26T01:00:01Z","finishedAt":"2026-11-26T01:00:11Z"}}}]})";
}

class Kubernetes : public ::testing::Test {
 protected:
  Kubernetes() {
    spill(folder_ / "token", "first-token\n");
    config_.name = "city";
    config_.region = "shenzhen";
    config_.endpoint = cluster_.endpoint();
    config_.token_file = folder_ / "token";
    config_.step = std::string(HETAO_BIN_DIR) + "/hetao-step";
    config_.spool = folder_ / "spool";
    config_.volume.host_path = "/shared/hetao";
    config_.images = {"registry/*"};
    config_.network_policies_kept = true;
    config_.user = ::geteuid();
    config_.group = ::getegid();
    config_.route.name_space = "szu";
    config_.image_patience = Duration::seconds(0);
    config_.call_patience = Duration::seconds(2);
    config_.accelerators["ascend910b"] = {"huawei.com/Ascend910", {}};
    open();
    pb::Executor& executor = *spec_.mutable_task()->add_executors();
    executor.set_image("registry/train:1");
    executor.add_command("/bin/sh");
    executor.add_command("-c");
    executor.add_command("true");
    spec_.mutable_tenant()->set_id("szu");
  }

  void open() {
    platform_.reset();
    auto opened = KubernetesPlatform::open(config_, blobs_);
    ASSERT_TRUE(opened) << to_line(opened.error());
    platform_ = std::move(*opened);
  }

  std::string submit() {
    const auto submitted = platform_->submit(kRun, spec_);
    EXPECT_EQ(submitted.reply, PlatformReply::kOk) << submitted.why;
    spec_.set_platform_id(submitted.platform_id);
    return submitted.platform_id;
  }
  void start() {
    const auto released = platform_->release(kRun, submit());
    ASSERT_EQ(released.reply, PlatformReply::kOk) << released.why;
  }

  // The first observation that `wanted` takes; fails after some seconds.
  template <class Wanted>
  RunObserved observe(const Wanted& wanted) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      for (RunObserved& seen : platform_->poll()) {
        if (wanted(seen)) return seen;
      }
      std::this_thread::sleep_for(20ms);
    }
    ADD_FAILURE() << "nothing of the kind was observed";
    return {};
  }
  RunObserved observe_end() {
    return observe(
        [](const RunObserved& seen) { return seen.ended || seen.cancelled || seen.lost || seen.vanished; });
  }

  std::string job_name() const { return spec_.platform_id().substr(spec_.platform_id().find('/') + 1); }
  std::string run_folder() const { return config_.spool + "/" + kRun; }

  // What a pod's containers do, on this machine.
  CommandResult step(std::vector<std::string> words) const {
    words.insert(words.begin(), config_.spool + "/.bin/hetao-step");
    CommandCall call;
    call.words = std::move(words);
    call.environment = {{"PATH", "/usr/bin:/bin"}};
    return run_command(call);
  }
  CommandResult take_fence() const { return step({"start", run_folder()}); }

  testing_support::TemporaryFolder folder_;
  FakeCluster cluster_;
  BlobStore blobs_ = BlobStore::open(folder_ / "blobs").value();
  KubernetesPlatformConfig config_;
  std::unique_ptr<KubernetesPlatform> platform_;
  pb::Run spec_;
};

TEST_F(Kubernetes, AnOldServerIsAskedAndTheJobIsHeldHere) {
  const std::string id = submit();
  EXPECT_TRUE(id.starts_with("szu/hetao-job-1-"));
  EXPECT_EQ(cluster_.jobs(), 0U);
  EXPECT_EQ(cluster_.asked("POST", "dryRun=All"), 1U);
  EXPECT_EQ(platform_->find(kRun).platform_id, id);
  EXPECT_EQ(take_fence().exit_code, 11);  // not let go yet
  ASSERT_EQ(platform_->release(kRun, id).reply, PlatformReply::kOk);
  EXPECT_EQ(cluster_.jobs(), 1U);
}

TEST_F(Kubernetes, ANewerServerHoldsItSuspended) {
  cluster_.set_minor(28);
  open();
  const std::string id = submit();
  EXPECT_NE(cluster_.job(job_name()).find(R"("suspend":true)"), std::string::npos);
  EXPECT_EQ(platform_->find(kRun).platform_id, id);
  ASSERT_EQ(platform_->release(kRun, id).reply, PlatformReply::kOk);
  EXPECT_NE(cluster_.job(job_name()).find(R"("suspend":false)"), std::string::npos);
}

TEST_F(Kubernetes, OutputsAndLogsComeBackWithTheEnd) {
  pb::Output& output = *spec_.mutable_task()->add_outputs();
  output.set_path("/out/model.bin");
  spec_.mutable_task()->add_inputs()->set_path("/data/in");
  pb::Item& item = *spec_.add_items();
  item.set_name("/data/in");
  item.add_files()->set_digest(blobs_.ingest_bytes("brought along")->digest);
  start();
  ASSERT_EQ(take_fence().exit_code, 0);
  const std::string out = run_folder() + "/scratch/root/out/model.bin";
  const auto said = step({"run", "--log", run_folder() + "/log", "--step", "0", "--", "/bin/sh", "-c",
                          "cp " + run_folder() + "/staged/0 " + out + "; echo said; echo aside >&2; exit 4"});
  EXPECT_EQ(said.exit_code, 4) << said.err;
  EXPECT_EQ(said.out, "said\n");
  cluster_.set_pod(kRun, "p1", kRunning);
  EXPECT_TRUE(observe([](const RunObserved& seen) { return seen.started; }).report.failure().empty());
  cluster_.set_pod(kRun, "p1", ended(4, "Error"));
  const RunObserved end = observe_end();
  EXPECT_TRUE(end.ended);
  EXPECT_EQ(end.report.failure(), "executor 0 ended with exit code 4");
  ASSERT_EQ(end.report.executors_size(), 1);
  EXPECT_EQ(end.report.executors(0).stdout_tail(), "said\n");
  EXPECT_EQ(end.report.executors(0).stderr_tail(), "aside\n");
  const auto collected = platform_->collect(kRun, spec_);
  ASSERT_EQ(collected.items.size(), 2U);
  EXPECT_EQ(blobs_.read(collected.items[0].files(0).digest(), 100).value_or(""), "brought along");
  EXPECT_EQ(collected.items[1].name(), "logs");
  EXPECT_EQ(collected.usage.source(), "kubernetes");
  EXPECT_EQ(collected.usage.seconds(), 11);  // from the pod's start on its node
  platform_->remove(kRun);
  EXPECT_EQ(cluster_.jobs(), 0U);
  EXPECT_FALSE(fs::exists(run_folder()));
}

TEST_F(Kubernetes, WhatAStepWritesIsReadWhileItRuns) {
  start();
  ASSERT_EQ(take_fence().exit_code, 0);
  cluster_.set_pod(kRun, "p1", kRunning);
  const std::string go_on = folder_ / "go-on";
  std::thread running([&] {
    (void)step({"run", "--log", run_folder() + "/log", "--step", "0", "--", "/bin/sh", "-c",
                "echo first; while [ ! -e " + go_on + " ]; do sleep 0.02; done; echo last"});
  });
  const auto written = [&] {
    const auto file = platform_->open_log(kRun, spec_.platform_id(), "stdout.0");
    return file ? read_log_piece(file->get(), 0, 1'000).bytes : std::string();
  };
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (written().empty() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(20ms);
  EXPECT_EQ(written(), "first\n");
  spill(go_on, "on");
  running.join();
  EXPECT_EQ(written(), "first\nlast\n");
  cluster_.set_pod(kRun, "p1", ended(0, "Completed"));
  EXPECT_TRUE(observe_end().ended);
  EXPECT_EQ(written(), "first\nlast\n") << "what was kept";
}

TEST_F(Kubernetes, WithoutASharedLogTheClustersOwnIsTaken) {
  start();
  ASSERT_EQ(take_fence().exit_code, 0);
  cluster_.set_pod(kRun, "p1", ended(1, "Error"));
  EXPECT_EQ(observe_end().report.executors(0).stdout_tail(), "from the cluster\n");
}

TEST_F(Kubernetes, AnAnswerThatNeverCameIsLookedUp) {
  for (const int minor : {20, 28}) {
    cluster_.set_minor(minor);
    open();
    std::atomic<bool> lose = true;
    cluster_.after([&](const FakeRequest& request) -> std::optional<FakeAnswer> {
      const bool creates = request.is("POST", "/jobs") && !request.is("POST", "dryRun");
      if (!creates || !lose.exchange(false)) return std::nullopt;
      return FakeAnswer{0, {}};
    });
    if (minor == 28) {
      EXPECT_EQ(platform_->submit(kRun, spec_).reply, PlatformReply::kUnknown);
      EXPECT_EQ(platform_->find(kRun).reply, PlatformReply::kOk);
      EXPECT_EQ(platform_->release(kRun, submit()).reply, PlatformReply::kOk);
    } else {
      const std::string id = submit();
      EXPECT_EQ(platform_->release(kRun, id).reply, PlatformReply::kUnknown);
      EXPECT_EQ(platform_->release(kRun, id).reply, PlatformReply::kOk);
    }
    EXPECT_EQ(cluster_.jobs(), 1U) << minor;
    platform_->remove(kRun);
  }
}

TEST_F(Kubernetes, ANameThatIsTakenByAnotherIsNotTouched) {
  submit();
  const std::string foreign =
      R"({"kind":"Job","metadata":{"name":")" + job_name() +
      R"(","labels":{"app":"theirs"},"annotations":{"hetao/run":"other.1"}},"spec":{}})";
  cluster_.put_job(job_name(), foreign);
  ASSERT_EQ(platform_->release(kRun, spec_.platform_id()).reply, PlatformReply::kOk);
  const RunObserved end = observe_end();
  EXPECT_TRUE(end.lost);
  EXPECT_NE(end.report.failure().find("is not this run's"), std::string::npos);
  EXPECT_EQ(take_fence().exit_code, 11);
  EXPECT_NE(cluster_.job(job_name()).find("theirs"), std::string::npos);
}

TEST_F(Kubernetes, WhatTheServerRefusesIsRefusedAtOnce) {
  cluster_.before([](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (!request.is("POST", "/jobs")) return std::nullopt;
    return FakeAnswer{403,
                      R"({"kind":"Status","message":"exceeded quota: cpu","reason":"Forbidden","code":403})"};
  });
  const auto submitted = platform_->submit(kRun, spec_);
  EXPECT_EQ(submitted.reply, PlatformReply::kRefused);
  EXPECT_NE(submitted.why.find("exceeded quota"), std::string::npos);
  EXPECT_FALSE(fs::exists(run_folder()));
  EXPECT_EQ(platform_->find(kRun).reply, PlatformReply::kAbsent);
}

TEST_F(Kubernetes, WhatCantBeRunThereIsRefusedBeforeAnybodyIsAsked) {
  pb::Run image = spec_;
  image.mutable_task()->mutable_executors(0)->set_image("elsewhere/train:1");
  EXPECT_EQ(platform_->submit(kRun, image).reply, PlatformReply::kRefused);
  pb::Run root = spec_;
  root.mutable_task()->add_outputs()->set_path("/model.bin");
  EXPECT_NE(platform_->submit(kRun, root).why.find("lies directly in /"), std::string::npos);
  config_.network_policies_kept = false;
  open();
  const auto cut_off = platform_->submit(kRun, spec_);
  EXPECT_EQ(cut_off.reply, PlatformReply::kRefused);
  EXPECT_NE(cut_off.why.find("network_policies"), std::string::npos);
  spec_.set_network_allowed(true);
  EXPECT_EQ(platform_->submit(kRun, spec_).reply, PlatformReply::kOk);
  EXPECT_EQ(cluster_.asked("POST", "/networkpolicies"), 0U);
}

TEST_F(Kubernetes, NoJobIsSubmittedBeforeItsNetworkIsCut) {
  cluster_.set_policy(R"({"spec":{"podSelector":{},"policyTypes":["Egress"],"egress":[{}]}})");
  submit();
  EXPECT_EQ(cluster_.policy().find("egress\":[{"), std::string::npos);
  EXPECT_NE(cluster_.policy().find("Ingress"), std::string::npos);
  cluster_.before([](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (request.target.find("/networkpolicies") == std::string::npos) return std::nullopt;
    return FakeAnswer{500, "no"};
  });
  open();  // nothing is remembered of it
  EXPECT_EQ(platform_->submit("other.1", spec_).reply, PlatformReply::kUnknown);
  EXPECT_EQ(cluster_.asked("POST", "/jobs"), 1U);
}

TEST_F(Kubernetes, ASecondPodThatCameTooLateIsPassedOver) {
  start();
  ASSERT_EQ(take_fence().exit_code, 0);
  EXPECT_EQ(take_fence().exit_code, 10);
  cluster_.set_pod(kRun, "p1", kRunning);
  cluster_.set_pod(
      kRun, "p2",
      R"({"phase":"Failed","initContainerStatuses":[{"name":"start","state":{"terminated":{"exitCode":10}}}]})");
  EXPECT_TRUE(observe([](const RunObserved& seen) { return seen.started; }).started);
  cluster_.set_pod(kRun, "p1", ended(0));
  EXPECT_TRUE(observe_end().ended);
}

TEST_F(Kubernetes, AWatchThatIsTooOldBeginsAgain) {
  start();
  ASSERT_EQ(take_fence().exit_code, 0);
  cluster_.set_pod(kRun, "p1", kRunning);
  (void)observe([](const RunObserved& seen) { return seen.started; });
  const size_t lists = cluster_.asked("GET", "/pods?labelSelector=hetao%2Fspool%3Dshenzhen");
  cluster_.compact();
  cluster_.set_pod(kRun, "p1", ended(0));
  EXPECT_TRUE(observe_end().ended);
  EXPECT_GT(cluster_.asked("GET", "/pods?labelSelector=hetao%2Fspool%3Dshenzhen"), lists);
}

TEST_F(Kubernetes, AnImageThatCantBeHadIsGivenUp) {
  start();
  cluster_.set_pod(
      kRun, "p1",
      R"({"phase":"Pending","initContainerStatuses":[{"name":"start","state":{"waiting":{"reason":"ErrImageNeverPull","message":"Container image is not present"}}}]})");
  const RunObserved end = observe_end();
  EXPECT_TRUE(end.lost);
  EXPECT_NE(end.report.failure().find("its image can't be had"), std::string::npos);
  EXPECT_EQ(take_fence().exit_code, 11);  // it never will begin
}

TEST_F(Kubernetes, WhyItWaitsIsTold) {
  start();
  cluster_.set_pod(
      kRun, "p1",
      R"({"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes are available: 1 Insufficient cpu."}]})");
  const RunObserved waits = observe([](const RunObserved& seen) { return !seen.report.failure().empty(); });
  EXPECT_FALSE(waits.ended || waits.lost || waits.started);
  EXPECT_NE(waits.report.failure().find("Insufficient cpu"), std::string::npos);
}

TEST_F(Kubernetes, APodThatSomebodyDeletedIsALoss) {
  start();
  ASSERT_EQ(take_fence().exit_code, 0);
  cluster_.set_pod(kRun, "p1", kRunning);
  (void)observe([](const RunObserved& seen) { return seen.started; });
  cluster_.delete_pod("p1");
  const RunObserved end = observe_end();
  EXPECT_TRUE(end.lost);
  EXPECT_NE(end.report.failure().find("deleted from node node1"), std::string::npos);
}

TEST_F(Kubernetes, AJobThatSomebodyDeletedBeforeItBeganIsSubmittedAgain) {
  start();
  cluster_.delete_job(job_name());
  EXPECT_TRUE(observe_end().vanished);
  start();
  EXPECT_EQ(cluster_.jobs(), 1U);
  ASSERT_EQ(take_fence().exit_code, 0);
}

TEST_F(Kubernetes, ACancelIsToldWhenThePodIsGone) {
  start();
  ASSERT_EQ(take_fence().exit_code, 0);
  cluster_.set_pod(kRun, "p1", kRunning);
  (void)observe([](const RunObserved& seen) { return seen.started; });
  EXPECT_TRUE(platform_->cancel(kRun, spec_.platform_id()).empty());
  EXPECT_TRUE(observe_end().cancelled);
  EXPECT_EQ(cluster_.jobs(), 0U);
}

TEST_F(Kubernetes, ACancelBeforeTheStartIsOneToo) {
  const std::string id = submit();
  EXPECT_TRUE(platform_->cancel(kRun, id).empty());
  EXPECT_TRUE(observe_end().cancelled);
  EXPECT_EQ(take_fence().exit_code, 11);
  EXPECT_EQ(cluster_.jobs(), 0U);
}

TEST_F(Kubernetes, ATokenThatEndsInMidJobIsNamedAndARenewedOneIsTaken) {
  start();
  ASSERT_EQ(take_fence().exit_code, 0);
  cluster_.set_pod(kRun, "p1", kRunning);
  (void)observe([](const RunObserved& seen) { return seen.started; });
  cluster_.accept_only("second-token");
  open();
  const auto released = platform_->release(kRun, spec_.platform_id());
  const std::string trouble = platform_->supply().trouble();
  EXPECT_NE(trouble.find("the token is not accepted"), std::string::npos) << trouble;
  EXPECT_EQ(released.reply, PlatformReply::kOk);  // it has begun: watching tells
  cluster_.set_pod(kRun, "p1", ended(0));
  EXPECT_TRUE(platform_->poll().empty());
  std::this_thread::sleep_for(10ms);  // another time of change
  spill(folder_ / "token", "second-token\n");
  EXPECT_TRUE(observe_end().ended);
}

TEST_F(Kubernetes, ARestartFindsWhatEndedMeanwhile) {
  start();
  ASSERT_EQ(take_fence().exit_code, 0);
  cluster_.set_pod(kRun, "p1", ended(3, "Error"));
  open();
  EXPECT_EQ(platform_->list(), std::vector<std::string>{kRun});
  ASSERT_EQ(platform_->release(kRun, spec_.platform_id()).reply, PlatformReply::kOk);
  EXPECT_EQ(observe_end().report.executors(0).exit_code(), 3);
  // And once more: its last word is on the disk.
  cluster_.delete_pod("p1");
  cluster_.delete_job(job_name());
  open();
  ASSERT_EQ(platform_->release(kRun, spec_.platform_id()).reply, PlatformReply::kOk);
  EXPECT_EQ(observe_end().report.executors(0).exit_code(), 3);
}

TEST_F(Kubernetes, JobsWithoutAnOwnerAreFoundAndDeleted) {
  start();
  fs::remove_all(run_folder());
  open();
  EXPECT_EQ(platform_->list(), std::vector<std::string>{kRun});
  platform_->remove(kRun);
  EXPECT_EQ(cluster_.jobs(), 0U);
}

TEST_F(Kubernetes, NonsenseSlownessAndSilenceAreNeverTakenForAnAnswer) {
  struct Case {
    FakeAnswer answer;
    std::string words;
  };
  for (const Case& each : {Case{{200, "<html>log in</html>"}, ""}, Case{{200, "{"}, ""},
                           Case{{502, "bad gateway"}, "502"}, Case{{0, {}}, ""}}) {
    cluster_.before([&](const FakeRequest& request) -> std::optional<FakeAnswer> {
      return request.is("GET", "watch=1") ? std::nullopt : std::optional(each.answer);
    });
    open();
    const auto submitted = platform_->submit(kRun, spec_);
    EXPECT_EQ(submitted.reply, PlatformReply::kUnknown) << each.answer.body;
    EXPECT_NE(submitted.why.find(each.words), std::string::npos) << submitted.why;
    EXPECT_NE(platform_->supply().trouble(), "");
  }
  cluster_.before([](const FakeRequest&) -> std::optional<FakeAnswer> {
    std::this_thread::sleep_for(3s);
    return FakeAnswer{200, R"({"major":"1","minor":"20"})"};
  });
  open();
  const auto late = platform_->submit(kRun, spec_);
  EXPECT_EQ(late.reply, PlatformReply::kUnknown);
  EXPECT_NE(late.why.find("Timeout"), std::string::npos) << late.why;
  cluster_.before({});
  start();
  EXPECT_EQ(cluster_.jobs(), 1U);
}

TEST_F(Kubernetes, AJobThatNoNodeCouldHoldIsRefusedAtOnce) {
  cluster_.before([](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (!request.is("GET", "/api/v1/nodes")) return std::nullopt;
    return FakeAnswer{
        200,
        R"({"metadata":{},"items":[{"metadata":{"name":"a"},"status":{"allocatable":{"cpu":"8","memory":"64Gi","huawei.com/Ascend910":"4"},"conditions":[{"type":"Ready","status":"True"}]}}]})"};
  });
  const pb::Platform supply = platform_->supply();
  EXPECT_EQ(supply.cores_total(), 8);
  EXPECT_EQ(supply.accelerators(0).per_node(), 4);
  spec_.mutable_task()->mutable_resources()->set_cpu_cores(9);
  EXPECT_NE(platform_->submit(kRun, spec_).why.find("no node of this cluster has more than 8"),
            std::string::npos);
  spec_.mutable_task()->mutable_resources()->set_cpu_cores(2);
  spec_.set_accelerator("ascend910b");
  spec_.set_accelerators(8);
  EXPECT_EQ(platform_->submit(kRun, spec_).reply, PlatformReply::kRefused);
  spec_.set_accelerators(4);
  start();
  EXPECT_NE(cluster_.job(job_name()).find(R"("huawei.com/Ascend910":"4")"), std::string::npos);
}

TEST_F(Kubernetes, AStepSaysHowItsProgramEnded) {
  submit();
  const std::string log = run_folder() + "/log";
  const auto run = [&](std::vector<std::string> words) {
    std::vector<std::string> all = {"run", "--log", log, "--step", "0"};
    all.insert(all.end(), words.begin(), words.end());
    return step(all).exit_code;
  };
  EXPECT_EQ(run({"--", "/bin/true"}), 0);
  EXPECT_EQ(run({"--", "/bin/sh", "-c", "kill -9 $$"}), 137);
  EXPECT_EQ(run({"--ignore-error", "--", "/bin/false"}), 0);
  EXPECT_EQ(run({"--", "/no/such/program"}), 127);
  EXPECT_EQ(run({"--", "/etc/passwd"}), 126);
  const std::string file = run_folder() + "/scratch/root/tmp/both";
  EXPECT_EQ(run({"--stdout", file, "--stderr", file, "--workdir", run_folder() + "/scratch/root/tmp/w", "--",
                 "/bin/sh", "-c", "pwd; echo aside >&2; cat"}),
            0);
  EXPECT_EQ(slurp(file), run_folder() + "/scratch/root/tmp/w\naside\n");
  EXPECT_EQ(slurp(log + "/stderr.0"), "aside\n");
  // Whoever it left behind goes with it.
  EXPECT_EQ(run({"--", "/bin/sh", "-c", "sleep 600 & exit 5"}), 5);
}

}  // namespace
}  // namespace hetao::io
