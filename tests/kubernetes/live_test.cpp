// The Kubernetes platform against a real cluster: pods that end in every way, a server that dies, a second
// start of the same run. tests/kubernetes/run starts the cluster and names it in HETAO_KUBE; without it there
// is nothing to test.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "gateway/base/text.h"
#include "gateway/io/kubernetes_platform.h"
#include "gateway/io/run_command.h"

namespace hetao::io {
namespace {

namespace fs = std::filesystem;
using federation::PlatformReply;
using federation::RunObserved;
using namespace std::chrono_literals;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string content(const fs::path& path) {
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  return text;
}

class LiveKubernetes : public ::testing::Test {
 protected:
  void SetUp() override {
    if (environment("HETAO_KUBE").empty())
      GTEST_SKIP() << "HETAO_KUBE names no cluster: tests/kubernetes/run starts one";
    city_ = environment("HETAO_KUBE");
    base_ = fs::path(environment("HETAO_KUBE_SCRATCH")) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::create_directories(base_);
    fs::permissions(base_, fs::perms(0755));
    blobs_ = std::make_unique<BlobStore>(BlobStore::open((base_ / "blobs").string()).value());
    fs::copy_file(city_ / "gateway.token", base_ / "token");
    api_ = "https://127.0.0.1:" + environment("KUBE_CITY_PORT_BASE");
    config_.name = "kubernetes";
    config_.region = "shenzhen";
    config_.endpoint = api_;
    config_.ca = (city_ / "pki/ca.crt").string();
    config_.token_file = (base_ / "token").string();
    config_.step = std::string(HETAO_BIN_DIR) + "/hetao-step";
    config_.spool = (base_ / "spool").string();
    config_.volume.host_path = config_.spool;
    config_.images = {"localhost/*"};
    config_.pull = "Never";
    config_.network_policies_kept = true;
    config_.route.name_space = "gateway";
    config_.wall_time_max = Duration::seconds(300);
    config_.accelerators["ascend910b"] = {"huawei.com/Ascend910", {}};
    open();
  }

  void TearDown() override {
    if (!platform_) return;
    for (const std::string& run : platform_->list()) platform_->remove(run);
  }

  void open() {
    platform_.reset();
    auto opened = KubernetesPlatform::open(config_, *blobs_);
    ASSERT_TRUE(opened) << to_line(opened.error());
    platform_ = std::move(*opened);
  }

  // --- the cluster, as its administrator

  std::string api(const std::string& method, const std::string& path, const std::string& body = "",
                  const std::string& type = "application/json") {
    CommandCall call;
    call.words = {"curl",      "-sS",
                  "--noproxy", "*",
                  "--cacert",  config_.ca,
                  "-X",        method,
                  "-H",        "Authorization: Bearer " + content(city_ / "pki/admin.token"),
                  "-H",        "Content-Type: " + type};
    if (!body.empty()) call.words.insert(call.words.end(), {"-d", body});
    call.words.push_back(api_ + path);
    call.environment = {{"PATH", "/usr/bin:/bin"}};
    const CommandResult result = run_command(call);
    return result.out + result.err + result.trouble;
  }

  void kill_daemon(const char* name) {
    ASSERT_EQ(
        ::kill(static_cast<pid_t>(std::stol(content(city_ / "run" / (std::string(name) + ".pid")))), SIGKILL),
        0);
  }

  void revive() {
    CommandCall call;
    call.words = {environment("HETAO_KUBE_CITY"), "up", city_.string()};
    call.environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
                        {"HOME", environment("HOME")},
                        {"KUBE_CITY_CACHE", environment("KUBE_CITY_CACHE")},
                        {"KUBE_CITY_PORT_BASE", environment("KUBE_CITY_PORT_BASE")}};
    call.patience = Duration::seconds(120);
    const CommandResult result = run_command(call);
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }

  // --- runs

  pb::Run task(const std::string& program) {
    pb::Run run;
    pb::Task& task = *run.mutable_task();
    task.set_name("live");
    add_executor(task, program);
    task.mutable_resources()->set_cpu_cores(1);
    task.mutable_resources()->set_ram_bytes(int64_t{64} << 20U);
    task.mutable_resources()->set_disk_bytes(int64_t{64} << 20U);
    run.mutable_tenant()->set_id("szu");
    return run;
  }

  static void add_executor(pb::Task& task, const std::string& program) {
    pb::Executor& executor = *task.add_executors();
    executor.set_image("localhost/busybox:1");
    for (const char* word : {"/bin/sh", "-c", program.c_str()}) executor.add_command(word);
  }

  std::string key(const std::string& name = "run") const {
    return std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) + "-" + name + ".1";
  }

  std::string submit(const std::string& run, const pb::Run& spec) {
    const auto submitted = platform_->submit(run, spec);
    EXPECT_EQ(submitted.reply, PlatformReply::kOk) << submitted.why;
    return submitted.platform_id;
  }

  std::string start(const std::string& run, const pb::Run& spec) {
    const std::string id = submit(run, spec);
    const auto released = platform_->release(run, id);
    EXPECT_EQ(released.reply, PlatformReply::kOk) << released.why;
    return id;
  }

  template <class Wanted>
  RunObserved observe(const std::string& run, const Wanted& wanted) {
    const auto until = std::chrono::steady_clock::now() + 90s;
    while (std::chrono::steady_clock::now() < until) {
      for (RunObserved& seen : platform_->poll()) {
        if (seen.run == run && wanted(seen)) return seen;
      }
      std::this_thread::sleep_for(50ms);
    }
    ADD_FAILURE() << run << ": nothing of the kind was observed; "
                  << api("GET", "/api/v1/namespaces/gateway/pods");
    return {};
  }
  RunObserved observe_end(const std::string& run) {
    return observe(run, [](const RunObserved& seen) {
      return seen.ended || seen.cancelled || seen.lost || seen.vanished;
    });
  }
  RunObserved observe_start(const std::string& run) {
    return observe(run, [](const RunObserved& seen) { return seen.started; });
  }

  fs::path city_, base_;
  std::string api_;
  KubernetesPlatformConfig config_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<KubernetesPlatform> platform_;
};

TEST_F(LiveKubernetes, WhatAJobWritesComesBackWithItsLogs) {
  pb::Run run = task("cat /data/in > /out/copy; echo said; echo \"user $(id -u)\" >&2");
  run.mutable_task()->add_inputs()->set_path("/data/in");
  pb::Item& item = *run.add_items();
  item.set_name("/data/in");
  item.add_files()->set_digest(blobs_->ingest_bytes("brought along")->digest);
  run.mutable_task()->add_outputs()->set_path("/out/copy");
  run.set_platform_id(start(key(), run));
  const RunObserved end = observe_end(key());
  EXPECT_TRUE(end.ended) << end.report.failure();
  EXPECT_EQ(end.report.failure(), "");
  ASSERT_EQ(end.report.executors_size(), 1);
  EXPECT_EQ(end.report.executors(0).stdout_tail(), "said\n");
  EXPECT_EQ(end.report.executors(0).stderr_tail(), "user 65534\n");
  const auto collected = platform_->collect(key(), run);
  ASSERT_EQ(collected.items.size(), 2U);
  EXPECT_EQ(blobs_->read(collected.items[0].files(0).digest(), 100).value_or(""), "brought along");
  EXPECT_EQ(collected.items[1].name(), "logs");
  EXPECT_EQ(collected.usage.source(), "kubernetes");
  EXPECT_EQ(collected.usage.cores(), 1);
  platform_->remove(key());
  EXPECT_FALSE(fs::exists(config_.spool + "/" + key()));
}

TEST_F(LiveKubernetes, ExecutorsFollowEachOtherAndShareWhatTheyMay) {
  pb::Run run = task("echo $((6*7)) > /made/number; exit 9");
  run.mutable_task()->mutable_executors(0)->set_ignore_error(true);
  add_executor(*run.mutable_task(), "read n < /made/number; echo \"$n\"; echo 'price $(HOME) $$' ");
  run.mutable_task()->mutable_executors(1)->set_stdout("/out/said");
  run.mutable_task()->add_volumes("/made");
  run.mutable_task()->add_outputs()->set_path("/out/said");
  start(key(), run);
  const RunObserved end = observe_end(key());
  EXPECT_TRUE(end.ended) << end.report.failure();
  ASSERT_EQ(end.report.executors_size(), 2);
  EXPECT_EQ(end.report.executors(0).exit_code(), 9);
  EXPECT_EQ(end.report.executors(1).stdout_tail(), "42\nprice $(HOME) $$\n");
}

TEST_F(LiveKubernetes, EndsAreToldApart) {
  start(key("exit"), task("exit 3"));
  start(key("signal"), task("kill -11 $$"));
  pb::Run late = task("sleep 600");
  pb::Tag& limit = *late.mutable_task()->mutable_resources()->add_backend_parameters();
  limit.set_key("wall_time");
  limit.set_value("1s");
  start(key("late"), late);
  const RunObserved exited = observe_end(key("exit"));
  ASSERT_EQ(exited.report.executors_size(), 1) << exited.report.failure();
  EXPECT_EQ(exited.report.executors(0).exit_code(), 3);
  EXPECT_EQ(exited.report.executors(0).signal(), 0);
  const RunObserved signalled = observe_end(key("signal"));
  ASSERT_EQ(signalled.report.executors_size(), 1) << signalled.report.failure();
  EXPECT_EQ(signalled.report.executors(0).signal(), 11);
  const RunObserved over = observe_end(key("late"));
  EXPECT_TRUE(over.ended) << over.report.failure();
  ASSERT_EQ(over.report.executors_size(), 1) << over.report.failure();
  EXPECT_EQ(over.report.executors(0).reason(), "timeout");
}

TEST_F(LiveKubernetes, MoreMemoryThanAskedForIsNamed) {
  // 128 MiB and its copies, of 64 MiB that it may have.
  start(key(), task("x=a; i=0; while [ $i -lt 27 ]; do x=$x$x; i=$((i+1)); done; echo had it"));
  const RunObserved end = observe_end(key());
  EXPECT_TRUE(end.ended) << end.report.failure();
  ASSERT_EQ(end.report.executors_size(), 1);
  if (end.report.executors(0).stdout_tail() == "had it\n")
    GTEST_SKIP() << "this machine's cgroups keep no limit of memory";
  EXPECT_EQ(end.report.executors(0).reason(), "memory") << end.report.failure();
}

TEST_F(LiveKubernetes, AnImageThatIsNotThereIsGivenUpWithItsReason) {
  pb::Run run = task("true");
  run.mutable_task()->mutable_executors(0)->set_image("localhost/never:1");
  start(key(), run);
  const RunObserved end = observe_end(key());
  EXPECT_TRUE(end.lost);
  EXPECT_NE(end.report.failure().find("ErrImageNeverPull"), std::string::npos) << end.report.failure();
}

TEST_F(LiveKubernetes, WhatNoNodeHasIsSaidWhileItWaits) {
  pb::Run run = task("true");
  run.set_accelerator("ascend910b");
  run.set_accelerators(64);
  const std::string id = start(key(), run);
  const RunObserved waits =
      observe(key(), [](const RunObserved& seen) { return !seen.report.failure().empty(); });
  EXPECT_NE(waits.report.failure().find("Insufficient huawei.com/Ascend910"), std::string::npos)
      << waits.report.failure();
  EXPECT_TRUE(platform_->cancel(key(), id).empty());
  EXPECT_TRUE(observe_end(key()).cancelled);
}

TEST_F(LiveKubernetes, ARunningJobIsCancelled) {
  const std::string id = start(key(), task("trap 'exit 0' TERM; sleep 600 & wait"));
  observe_start(key());
  EXPECT_TRUE(platform_->cancel(key(), id).empty());
  EXPECT_TRUE(observe_end(key()).cancelled);
}

TEST_F(LiveKubernetes, ARepeatFindsTheFirst) {
  const pb::Run run = task("echo once");
  const std::string id = submit(key(), run);
  EXPECT_EQ(submit(key(), run), id);
  EXPECT_EQ(platform_->find(key()).platform_id, id);
  ASSERT_EQ(platform_->release(key(), id).reply, PlatformReply::kOk);
  ASSERT_EQ(platform_->release(key(), id).reply, PlatformReply::kOk);
  open();  // and after a restart
  ASSERT_EQ(platform_->release(key(), id).reply, PlatformReply::kOk);
  EXPECT_EQ(observe_end(key()).report.executors(0).stdout_tail(), "once\n");
}

TEST_F(LiveKubernetes, ASecondPodOfTheSameRunDoesNothing) {
  const std::string id = start(key(), task("sleep 4; echo once"));
  observe_start(key());
  // The same pod under another Job's name.
  std::ifstream file(config_.spool + "/" + key() + "/job.json");
  std::string body{std::istreambuf_iterator<char>(file), {}};
  const std::string name = id.substr(id.find('/') + 1);
  for (size_t at = 0; (at = body.find(name, at)) != std::string::npos; at += 6)
    body.replace(at, name.size(), "second");
  const std::string made = api("POST", "/apis/batch/v1/namespaces/gateway/jobs", body);
  EXPECT_NE(made.find("\"second\""), std::string::npos) << made;
  const auto until = std::chrono::steady_clock::now() + 60s;
  std::string second;
  while (second.find("a duplicate start") == std::string::npos && std::chrono::steady_clock::now() < until) {
    second = api("GET", "/api/v1/namespaces/gateway/pods?labelSelector=job-name%3Dsecond");
    std::this_thread::sleep_for(200ms);
  }
  EXPECT_NE(second.find("a duplicate start"), std::string::npos) << second;
  const RunObserved end = observe_end(key());
  EXPECT_TRUE(end.ended) << end.report.failure();
  EXPECT_EQ(end.report.executors(0).stdout_tail(), "once\n");
  api("DELETE", "/apis/batch/v1/namespaces/gateway/jobs/second?propagationPolicy=Background");
}

TEST_F(LiveKubernetes, NoJobIsLostWhenTheServerDies) {
  start(key(), task("sleep 3; echo through"));
  observe_start(key());
  kill_daemon("kube-apiserver");
  const auto away = platform_->submit(key("away"), task("true"));
  EXPECT_EQ(away.reply, PlatformReply::kUnknown);
  EXPECT_NE(platform_->supply().trouble(), "");
  revive();
  EXPECT_EQ(observe_end(key()).report.executors(0).stdout_tail(), "through\n");
  start(key("away"), task("echo late"));
  EXPECT_EQ(observe_end(key("away")).report.executors(0).stdout_tail(), "late\n");
}

TEST_F(LiveKubernetes, ATokenThatIsNotAcceptedIsNamedAndARenewedOneIsTaken) {
  std::ofstream(config_.token_file) << "not-a-token\n";
  open();
  const auto refused = platform_->submit(key(), task("true"));
  EXPECT_EQ(refused.reply, PlatformReply::kUnknown);
  EXPECT_NE(refused.why.find("token is not accepted"), std::string::npos) << refused.why;
  std::this_thread::sleep_for(20ms);  // another time of change
  fs::copy_file(city_ / "gateway.token", base_ / "token", fs::copy_options::overwrite_existing);
  start(key(), task("true"));
  EXPECT_TRUE(observe_end(key()).ended);
}

TEST_F(LiveKubernetes, WhatItsAccountMayNotDoIsRefusedAtOnce) {
  config_.route.name_space = "default";
  open();
  const auto refused = platform_->submit(key(), task("true"));
  EXPECT_EQ(refused.reply, PlatformReply::kUnknown);  // the network policy: nothing was sent that could run
  EXPECT_NE(refused.why.find("forbidden"), std::string::npos) << refused.why;
}

TEST_F(LiveKubernetes, CapacityIsWhatNodesHaveLessWhatPodsAskedFor) {
  EXPECT_EQ(platform_->supply().trouble(),
            "");  // no right to see nodes: the configuration says what there is
  EXPECT_EQ(platform_->supply().nodes(), 0);
  api("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles",
      R"({"metadata":{"name":"see"},"rules":[{"apiGroups":[""],"resources":["nodes","pods"],"verbs":["get","list"]}]})");
  api("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
      R"({"metadata":{"name":"see"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"see"},)"
      R"("subjects":[{"kind":"ServiceAccount","name":"gateway","namespace":"gateway"}]})");
  api("PATCH", "/api/v1/nodes/node1/status",
      R"({"status":{"capacity":{"huawei.com/Ascend910":"8"},"allocatable":{"huawei.com/Ascend910":"8"}}})",
      "application/merge-patch+json");
  pb::Run run = task("sleep 5");
  run.set_accelerator("ascend910b");
  run.set_accelerators(3);
  start(key(), run);
  observe_start(key());
  const pb::Platform supply = platform_->supply();
  EXPECT_EQ(supply.nodes_up(), 1) << supply.trouble();
  ASSERT_EQ(supply.accelerators_size(), 1);
  EXPECT_EQ(supply.accelerators(0).total(), 8);
  EXPECT_EQ(supply.accelerators(0).free(), 5);
  EXPECT_EQ(supply.accelerators(0).per_node(), 8);
  EXPECT_GE(supply.cores_total(), 1);
  EXPECT_GE(supply.running(), 1);
  const auto refused = platform_->submit(key("many"), [&] {
    pb::Run many = run;
    many.set_accelerators(9);
    return many;
  }());
  EXPECT_EQ(refused.reply, PlatformReply::kRefused);
  EXPECT_TRUE(observe_end(key()).ended);
  api("DELETE", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/see");
}

TEST_F(LiveKubernetes, APolicyCutsOffWhatMayReachNothing) {
  submit(key(), task("true"));
  const std::string policy =
      api("GET", "/apis/networking.k8s.io/v1/namespaces/gateway/networkpolicies/hetao-no-network");
  EXPECT_NE(policy.find("\"Egress\""), std::string::npos) << policy;
  EXPECT_NE(policy.find("\"hetao/network\": \"none\""), std::string::npos) << policy;
}

}  // namespace
}  // namespace hetao::io
