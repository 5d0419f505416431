// The Slurm platform against a real cluster, with everything that a real cluster was seen to do: answers that
// never come, acknowledged jobs that a crash forgets, ids given again, tokens that end, nodes that fail.
// tests/slurm/run starts the clusters and names them in HETAO_TWIN; without it there is nothing to test.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "gateway/io/http_client.h"
#include "gateway/io/run_command.h"
#include "gateway/io/slurm_platform.h"

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

class LiveSlurm : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string twin = environment("HETAO_TWIN");
    if (twin.empty()) GTEST_SKIP() << "HETAO_TWIN names no clusters: tests/slurm/run starts them";
    city_ = fs::path(twin) / "shenzhen";
    base_ = fs::path(environment("HETAO_TWIN_SCRATCH")) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::create_directories(base_);
    blobs_ = std::make_unique<BlobStore>(BlobStore::open((base_ / "blobs").string()).value());
    fs::permissions(base_, fs::perms(0755));
    fs::copy_file(city_ / "token", base_ / "token");
    config_.name = "slurm";
    config_.region = "shenzhen";
    config_.endpoint = "unix:" + (city_ / "rest/slurmrestd.sock").string();
    config_.token_file = (base_ / "token").string();
    config_.runner = environment("HETAO_TWIN_BIN") + "/hetao-runner";
    config_.spool = (base_ / "spool").string();
    config_.host_root_images = {"host/*"};
    config_.route.user = "nobody";
    config_.route.partition = "cpu";
    config_.completion_log = (city_ / "log/jobcomp.log").string();
    config_.accelerators["a800"] = {"gpu:a800", "gpu", {"/dev/nu*", "/dev/kmsg"}};
    config_.wall_time_max = Duration::seconds(300);
    open();
  }

  void TearDown() override {
    if (!slurm_) return;
    command({"scancel", "--user=nobody"});
    command({"scontrol", "update", "partition=cpu", "state=up"});
  }

  void open() {
    auto opened = SlurmPlatform::open(config_, *blobs_);
    ASSERT_TRUE(opened) << to_line(opened.error());
    slurm_ = std::move(*opened);
  }

  // --- the cluster

  std::string command(std::vector<std::string> words) {
    CommandCall call;
    call.words = std::move(words);
    call.environment = {{"PATH", "/usr/bin:/bin:/usr/sbin:/sbin"},
                        {"SLURM_CONF", (city_ / "etc/slurm.conf").string()},
                        {"SLURM_TWIN_PORT_BASE", environment("SLURM_TWIN_PORT_BASE")},
                        {"SLURM_TWIN_MIN_JOB_AGE", environment("SLURM_TWIN_MIN_JOB_AGE")},
                        {"HOME", "/root"}};
    const CommandResult result = run_command(call);
    return result.out + result.err + result.trouble;
  }

  pid_t controller() const {
    std::ifstream file(city_ / "run/slurmctld.pid");
    pid_t pid = -1;
    file >> pid;
    return pid;
  }

  void revive() {
    command({environment("HETAO_TWIN_TOOL"), "up", environment("HETAO_TWIN")});
    ASSERT_NE(command({"scontrol", "ping"}).find("is UP"), std::string::npos);
  }

  void crash_and_revive() {
    ASSERT_EQ(::kill(controller(), SIGKILL), 0);
    std::this_thread::sleep_for(300ms);
    revive();
  }

  // --- runs

  pb::Run task(const std::string& program, int cores = 1) {
    pb::Run run;
    pb::Task& task = *run.mutable_task();
    task.set_name("live");
    pb::Executor& executor = *task.add_executors();
    executor.set_image("host/sh");
    executor.add_command("/bin/sh");
    executor.add_command("-c");
    executor.add_command(program);
    task.mutable_resources()->set_cpu_cores(cores);
    task.mutable_resources()->set_ram_bytes(int64_t{64} << 20U);
    run.mutable_tenant()->set_id("szu");
    return run;
  }

  std::string key(const std::string& name = "run") const {
    return std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) + "-" + name + ".1";
  }

  std::string submit(const std::string& run, const pb::Run& spec) {
    const auto submitted = slurm_->submit(run, spec);
    EXPECT_EQ(submitted.reply, PlatformReply::kOk) << submitted.why;
    return submitted.platform_id;
  }

  void start(const std::string& run, const pb::Run& spec) {
    const std::string id = submit(run, spec);
    const auto released = slurm_->release(run, id);
    EXPECT_EQ(released.reply, PlatformReply::kOk) << released.why;
  }

  static std::string number_of(const std::string& id) { return id.substr(0, id.find('@')); }

  // The first observation of the run that `wanted` takes; fails after a minute.
  template <class Wanted>
  RunObserved observe(const std::string& run, const Wanted& wanted) {
    const auto until = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < until) {
      for (RunObserved& seen : slurm_->poll()) {
        if (seen.run == run && wanted(seen)) return seen;
      }
      std::this_thread::sleep_for(50ms);
    }
    ADD_FAILURE() << run << ": nothing of the kind was observed; "
                  << command({"scontrol", "-o", "show", "jobs"});
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

  size_t jobs_of(const std::string& run) {
    const std::string all = command({"squeue", "-h", "-t", "all", "-o", "%k"});
    size_t count = 0;
    for (size_t at = all.find(run); at != std::string::npos; at = all.find(run, at + 1)) ++count;
    return count;
  }

  fs::path city_, base_;
  SlurmPlatformConfig config_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<SlurmPlatform> slurm_;
};

TEST_F(LiveSlurm, WhatAJobWritesComesBackWithItsLog) {
  pb::Run run = task("cat /data/in > /out/copy; echo said; echo \"user $(id -u)\" >&2");
  run.mutable_task()->add_inputs()->set_path("/data/in");
  pb::Item& item = *run.add_items();
  item.set_name("/data/in");
  item.add_files()->set_digest(blobs_->ingest_bytes("brought along")->digest);
  run.mutable_task()->add_volumes("/out");
  pb::Output& output = *run.mutable_task()->add_outputs();
  output.set_path("/out/copy");
  run.set_platform_id(submit(key(), run));
  ASSERT_EQ(slurm_->release(key(), run.platform_id()).reply, PlatformReply::kOk);
  const RunObserved end = observe_end(key());
  EXPECT_TRUE(end.ended) << end.report.failure();
  EXPECT_EQ(end.report.failure(), "");
  ASSERT_EQ(end.report.executors_size(), 1);
  EXPECT_EQ(end.report.executors(0).stdout_tail(), "said\n");
  const auto collected = slurm_->collect(key(), run);
  ASSERT_EQ(collected.items.size(), 2U);
  EXPECT_EQ(blobs_->read(collected.items[0].files(0).digest(), 100).value_or(""), "brought along");
  EXPECT_EQ(collected.items[1].name(), "logs");
  slurm_->remove(key());
}

// "Unknown" is an answer: a controller that is busy is asked again.
federation::RunFound find_known(SlurmPlatform& slurm, const std::string& run) {
  federation::RunFound found = slurm.find(run);
  for (int i = 0; i < 300 && found.reply == PlatformReply::kUnknown; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    found = slurm.find(run);
  }
  return found;
}

TEST_F(LiveSlurm, ExitCodesSignalsAndTimeLimitsAreToldApart) {
  start(key("exit"), task("exit 3"));
  start(key("signal"), task("kill -SEGV $$"));
  config_.wall_time_max = Duration::seconds(1);
  const std::unique_ptr<SlurmPlatform> usual = std::move(slurm_);
  open();
  start(key("time"), task("sleep 30"));
  const RunObserved time = observe_end(key("time"));
  ASSERT_EQ(time.report.executors_size(), 1) << time.report.failure();
  EXPECT_EQ(time.report.executors(0).reason(), "timeout");
  slurm_ = SlurmPlatform::open(config_, *blobs_).value();
  for (const char* name : {"exit", "signal"}) {
    const auto found = find_known(*slurm_, key(name));
    ASSERT_EQ(slurm_->release(key(name), found.platform_id).reply, PlatformReply::kOk)
        << "as after a restart";
  }
  EXPECT_EQ(observe_end(key("exit")).report.executors(0).exit_code(), 3);
  const RunObserved signalled = [&] {
    const auto found = find_known(*slurm_, key("signal"));
    (void)slurm_->release(key("signal"), found.platform_id);
    return observe_end(key("signal"));
  }();
  EXPECT_EQ(signalled.report.executors(0).signal(), SIGSEGV);
}

TEST_F(LiveSlurm, ASubmissionWhoseAnswerNeverCameIsFoundByItsKey) {
  ASSERT_EQ(::kill(controller(), SIGSTOP), 0);
  const auto submitted = slurm_->submit(key(), task("true"));
  ASSERT_EQ(::kill(controller(), SIGCONT), 0);
  EXPECT_EQ(submitted.reply, PlatformReply::kUnknown) << "an error is not a no: " << submitted.why;
  PlatformReply reply = PlatformReply::kUnknown;
  std::string id;
  for (int i = 0; i < 100 && reply != PlatformReply::kOk; ++i) {
    const auto found = slurm_->find(key());
    reply = found.reply;
    id = found.platform_id;
    std::this_thread::sleep_for(100ms);
  }
  ASSERT_EQ(reply, PlatformReply::kOk);
  EXPECT_EQ(jobs_of(key()), 1U);
  ASSERT_EQ(slurm_->release(key(), id).reply, PlatformReply::kOk);
  EXPECT_TRUE(observe_end(key()).ended);
}

TEST_F(LiveSlurm, AnAcknowledgedJobThatACrashForgotIsAbsentThoughItsIdIsGivenAgain) {
  const std::string id = submit(key(), task("true"));
  crash_and_revive();
  // Others that were not saved yet are forgotten too, and their ids come first.
  std::string stranger;
  for (int i = 0; i < 20 && stranger != number_of(id) + "\n"; ++i)
    stranger =
        command({"sbatch", "--parsable", "--hold", "--uid=nobody", "--gid=nogroup", "--chdir=/tmp",
                 "--partition=cpu", "--output=/dev/null", "--comment=of somebody else", "--wrap=true"});
  ASSERT_EQ(stranger, number_of(id) + "\n") << "somebody else gets the id of the forgotten one";
  EXPECT_EQ(slurm_->release(key(), id).reply, PlatformReply::kAbsent);
  EXPECT_NE(command({"squeue", "-h", "-o", "%r", "-j", number_of(id)}).find("JobHeldUser"), std::string::npos)
      << "the stranger's job is still held";
  EXPECT_EQ(slurm_->find(key()).reply, PlatformReply::kAbsent);
  // The core submits it again, under the same key.
  start(key(), task("true"));
  EXPECT_TRUE(observe_end(key()).ended);
}

TEST_F(LiveSlurm, AReleasedJobThatACrashForgotIsToldAsVanishedAndNotAsEnded) {
  command({"scontrol", "update", "partition=cpu", "state=down"});
  start(key(), task("true"));
  crash_and_revive();
  command({"scontrol", "update", "partition=cpu", "state=up"});
  const RunObserved seen = observe_end(key());
  EXPECT_TRUE(seen.vanished);
  EXPECT_FALSE(seen.started);
  start(key(), task("true"));
  EXPECT_TRUE(observe_end(key()).ended);
}

TEST_F(LiveSlurm, AReleaseThatACrashForgotIsMadeAgain) {
  const std::string id = submit(key(), task("true"));
  std::this_thread::sleep_for(6s);  // saved while it was held
  ASSERT_EQ(slurm_->release(key(), id).reply, PlatformReply::kOk);
  ASSERT_EQ(::kill(controller(), SIGKILL), 0);
  std::this_thread::sleep_for(300ms);
  revive();
  EXPECT_TRUE(observe_end(key()).ended);
}

TEST_F(LiveSlurm, WhileTheControllerIsAwayNothingIsAbsent) {
  const std::string id = submit(key(), task("true"));
  std::this_thread::sleep_for(6s);  // its state is on disk
  ASSERT_EQ(::kill(controller(), SIGKILL), 0);
  config_.call_patience = Duration::seconds(3);
  open();
  EXPECT_EQ(slurm_->find(key()).reply, PlatformReply::kUnknown);
  EXPECT_EQ(slurm_->release(key(), id).reply, PlatformReply::kUnknown);
  EXPECT_EQ(slurm_->submit(key("more"), task("true")).reply, PlatformReply::kUnknown);
  revive();
  EXPECT_EQ(slurm_->release(key(), id).reply, PlatformReply::kOk);
  EXPECT_TRUE(observe_end(key()).ended);
}

TEST_F(LiveSlurm, AnEndedTokenIsNamedAndAFreshOneIsTakenFromTheFile) {
  const fs::path file = base_ / "token";
  command({"/bin/sh", "-c", "scontrol token username=nobody lifespan=1 > " + file.string()});
  std::this_thread::sleep_for(2s);
  const auto refused = slurm_->submit(key(), task("true"));
  EXPECT_EQ(refused.reply, PlatformReply::kUnknown);
  EXPECT_NE(refused.why.find("ended at"), std::string::npos) << refused.why;
  command({"/bin/sh", "-c", "scontrol token username=nobody lifespan=600 > " + file.string()});
  start(key(), task("true"));
  EXPECT_TRUE(observe_end(key()).ended);
}

TEST_F(LiveSlurm, ATokenThatEndsInMidJobCostsNothingButTime) {
  const fs::path file = base_ / "token";
  start(key(), task("sleep 4; exit 7"));
  observe_start(key());
  command({"/bin/sh", "-c", "scontrol token username=nobody lifespan=1 > " + file.string()});
  std::this_thread::sleep_for(2s);
  EXPECT_NE(slurm_->supply().trouble().find("ended at"), std::string::npos) << slurm_->supply().trouble();
  // Its own last word lies in the spool, whoever may speak to Slurm.
  const RunObserved seen = observe_end(key());
  ASSERT_EQ(seen.report.executors_size(), 1) << seen.report.failure();
  EXPECT_EQ(seen.report.executors(0).exit_code(), 7);
}

// Why many like tasks are not one job array (deploy/handbook/slurm.md): a pending element has no record of
// its own, so that it can't be let go alone, and leaves nothing behind when an operator cancels it.
TEST_F(LiveSlurm, AnElementOfAnArrayIsNeitherReleasedAloneNorMissedWhenItIsCancelled) {
  const std::string said =
      command({"sbatch", "--parsable", "--hold", "--array=0-3", "--uid=nobody", "--gid=nogroup",
               "--chdir=/tmp", "--partition=cpu", "--output=/dev/null", "--comment=an array", "--wrap=true"});
  const std::string array = said.substr(0, said.find_first_not_of("0123456789"));
  ASSERT_NE(array, "") << said;
  HttpClientConfig client;
  client.endpoint = config_.endpoint;
  std::ifstream file(config_.token_file);
  std::string token;
  file >> token;
  if (token.starts_with("SLURM_JWT=")) token.erase(0, 10);
  const auto http = HttpClient::open(client).value();
  const HttpClient::Headers headers = {{"X-SLURM-USER-NAME", "nobody"}, {"X-SLURM-USER-TOKEN", token}};
  const auto ask = [&](const std::string& method, const std::string& element, const std::string& body) {
    return http->send({method, "/slurm/v0.0.38/job/" + array + "_" + element, body}, headers);
  };
  (void)ask("POST", "1", R"({"hold":false})");
  EXPECT_NE(command({"squeue", "-h", "-o", "%i %r", "-j", array}).find("_[0-3] JobHeldUser"),
            std::string::npos)
      << "none of them was let go";
  command({"scancel", array + "_2"});
  EXPECT_EQ(ask("GET", "2", "").body.find("\"job_id\""), std::string::npos) << "as what a crash forgot";
  std::ifstream log(config_.completion_log);
  const std::string booked{std::istreambuf_iterator<char>(log), {}};
  EXPECT_EQ(booked.find("JobId=" + array + " "), std::string::npos) << "and no book has it";
  command({"scancel", array});
}

TEST_F(LiveSlurm, AFailedNodeIsTheSystemsFailureAndNotTheProgramsExit) {
  start(key(), task("sleep 60"));
  observe_start(key());
  command({"scontrol", "update", "nodename=sz-cpu01", "state=down", "reason=test"});
  const RunObserved seen = observe_end(key());
  command({"scontrol", "update", "nodename=sz-cpu01", "state=resume"});
  EXPECT_TRUE(seen.lost);
  EXPECT_NE(seen.report.failure().find("a node failed"), std::string::npos) << seen.report.failure();
  EXPECT_EQ(seen.report.executors_size(), 0);
}

TEST_F(LiveSlurm, ARequeuedJobDoesNotStartTwice) {
  const std::string id = submit(key(), task("sleep 60"));
  ASSERT_EQ(slurm_->release(key(), id).reply, PlatformReply::kOk);
  observe_start(key());
  command({"scontrol", "update", "jobid=" + number_of(id), "requeue=1"});
  command({"scontrol", "requeue", number_of(id)});
  const RunObserved seen = observe_end(key());
  EXPECT_TRUE(seen.lost);
  EXPECT_NE(seen.report.failure().find("requeued"), std::string::npos) << seen.report.failure();
  EXPECT_NE(command({"scontrol", "-o", "show", "job", number_of(id)}).find("CANCELLED"), std::string::npos);
}

TEST_F(LiveSlurm, WhatAnOperatorCancelsIsToldAsCancelled) {
  command({"scontrol", "update", "partition=cpu", "state=down"});
  const std::string waiting = submit(key("waiting"), task("true"));
  ASSERT_EQ(slurm_->release(key("waiting"), waiting).reply, PlatformReply::kOk);
  command({"scancel", number_of(waiting)});
  EXPECT_TRUE(observe_end(key("waiting")).cancelled);
  command({"scontrol", "update", "partition=cpu", "state=up"});
  const std::string running = submit(key("running"), task("sleep 60"));
  ASSERT_EQ(slurm_->release(key("running"), running).reply, PlatformReply::kOk);
  observe_start(key("running"));
  command({"scancel", number_of(running)});
  const RunObserved seen = observe_end(key("running"));
  EXPECT_TRUE(seen.cancelled) << seen.report.failure();
}

TEST_F(LiveSlurm, CancellingStopsAWaitingAndARunningJob) {
  const std::string held = submit(key("held"), task("true"));
  EXPECT_TRUE(slurm_->cancel(key("held"), held).empty());
  EXPECT_TRUE(observe_end(key("held")).cancelled);
  const std::string running = submit(key("running"), task("sleep 60"));
  ASSERT_EQ(slurm_->release(key("running"), running).reply, PlatformReply::kOk);
  observe_start(key("running"));
  EXPECT_TRUE(slurm_->cancel(key("running"), running).empty());
  EXPECT_TRUE(observe_end(key("running")).cancelled);
  EXPECT_EQ(command({"squeue", "-h", "-u", "nobody", "-t", "pending,running", "-o", "%i"}), "");
}

TEST_F(LiveSlurm, WhatSlurmHasForgottenIsReadFromItsCompletionLog) {
  const std::string id = submit(key(), task("sleep 60"));
  ASSERT_EQ(slurm_->release(key(), id).reply, PlatformReply::kOk);
  observe_start(key());
  // The wrapper dies without a last word, and nobody looks until Slurm has purged the job.
  command({"scancel", "--batch", "--signal=KILL", number_of(id)});
  for (int i = 0; i < 300; ++i) {
    if (command({"scontrol", "-o", "show", "job", number_of(id)}).find("Invalid job id") != std::string::npos)
      break;
    std::this_thread::sleep_for(100ms);
  }
  const RunObserved seen = observe_end(key());
  EXPECT_FALSE(seen.vanished);
  EXPECT_NE(seen.report.failure().find("Slurm job " + number_of(id)), std::string::npos)
      << seen.report.failure();
}

TEST_F(LiveSlurm, ASecondStartOfTheSameRunDoesNothing) {
  const std::string id = submit(key(), task("sleep 3; echo once"));
  const std::string script =
      "#!/bin/sh\nexec '" + config_.runner + "' --foreground --spool '" + config_.spool + "/" + key() + "'\n";
  ASSERT_EQ(slurm_->release(key(), id).reply, PlatformReply::kOk);
  observe_start(key());
  const std::string second =
      command({"sbatch", "--parsable", "--uid=nobody", "--gid=nogroup", "--chdir=/tmp", "--partition=cpu",
               "--output=" + config_.spool + "/" + key() + "/second.out", "--wait",
               "--wrap=" + script.substr(script.find("exec"))});
  EXPECT_NE(second, "");
  const RunObserved seen = observe_end(key());
  ASSERT_TRUE(seen.ended) << seen.report.failure();
  EXPECT_EQ(seen.report.executors(0).stdout_tail(), "once\n");
  std::ifstream said(config_.spool + "/" + key() + "/second.out");
  std::string line;
  std::getline(said, line);
  EXPECT_NE(line.find("duplicate"), std::string::npos) << line;
}

TEST_F(LiveSlurm, WhatSlurmRefusesIsRefusedForGood) {
  config_.route.partition = "nowhere";
  open();
  const auto partition = slurm_->submit(key("partition"), task("true"));
  EXPECT_EQ(partition.reply, PlatformReply::kRefused);
  EXPECT_NE(partition.why.find("partition"), std::string::npos) << partition.why;
  config_.route.partition = "cpu";
  open();
  const auto cores = slurm_->submit(key("cores"), task("true", 100'000));
  EXPECT_EQ(cores.reply, PlatformReply::kRefused) << cores.why;
  EXPECT_EQ(slurm_->find(key("cores")).reply, PlatformReply::kAbsent);
}

TEST_F(LiveSlurm, AJobGetsTheAcceleratorsThatItAsksFor) {
  pb::Run run = task("echo $CUDA_VISIBLE_DEVICES; ls /dev/kmsg");
  run.set_accelerator("a800");
  run.set_accelerators(2);
  const std::string id = submit(key(), run);
  EXPECT_NE(command({"scontrol", "-o", "show", "job", number_of(id)}).find("gres:gpu:a800:2"),
            std::string::npos);
  ASSERT_EQ(slurm_->release(key(), id).reply, PlatformReply::kOk);
  const RunObserved seen = observe_end(key());
  ASSERT_EQ(seen.report.executors_size(), 1) << seen.report.failure();
  EXPECT_EQ(seen.report.executors(0).stdout_tail(), "0,1\n/dev/kmsg\n")
      << seen.report.executors(0).stderr_tail();
}

TEST_F(LiveSlurm, AHeldJobWithoutAnOwnerIsFoundAndCancelled) {
  const std::string id = submit(key(), task("true"));
  fs::remove_all(config_.spool + "/" + key());
  open();  // as after a restart with an empty store
  const auto here = slurm_->list();
  ASSERT_EQ(here, std::vector<std::string>{key()});
  slurm_->remove(key());
  EXPECT_NE(command({"scontrol", "-o", "show", "job", number_of(id)}).find("JobState=CANCELLED"),
            std::string::npos);
}

TEST_F(LiveSlurm, ASiteWithoutRestIsSpokenToByCommands) {
  config_.endpoint.clear();
  config_.slurm_conf = (city_ / "etc/slurm.conf").string();
  open();
  start(key("exit"), task("exit 5"));
  const RunObserved exited = observe_end(key("exit"));
  ASSERT_EQ(exited.report.executors_size(), 1) << exited.report.failure();
  EXPECT_EQ(exited.report.executors(0).exit_code(), 5);
  const std::string running = submit(key("running"), task("sleep 60"));
  ASSERT_EQ(slurm_->release(key("running"), running).reply, PlatformReply::kOk);
  observe_start(key("running"));
  EXPECT_EQ(slurm_->find(key("running")).platform_id, running);
  EXPECT_TRUE(slurm_->cancel(key("running"), running).empty());
  EXPECT_TRUE(observe_end(key("running")).cancelled);
  config_.route.partition = "nowhere";
  open();
  EXPECT_EQ(slurm_->submit(key("partition"), task("true")).reply, PlatformReply::kRefused);
}

}  // namespace
}  // namespace hetao::io
