// The Slurm platform against a slurmrestd that answers nonsense, slowly, twice or not at all, and whose
// tokens end in mid-job. What real clusters do is tests/slurm; this is what nothing should do, in every run.
#include "gateway/io/slurm_platform.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "gateway/base/bytes.h"
#include "tests/unit/io/fake_slurm.h"
#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

using federation::PlatformReply;
using federation::RunObserved;
using namespace std::chrono_literals;
using testing_support::spill;

const std::string kRun = "job.1";

std::string token_until(int64_t seconds) {
  return "e30." + to_base64url(as_bytes(R"({"sun":"nobody","exp":)" + std::to_string(seconds) + "}")) +
         ".c2ln";
}

int64_t in_seconds(int64_t more) {
  return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()) + more;
}

class Slurm : public ::testing::Test {
 protected:
  Slurm() {
    token_ = token_until(in_seconds(3'600));
    spill(folder_ / "token", token_ + "\n");
    config_.name = "cluster";
    config_.region = "shenzhen";
    config_.endpoint = slurm_.endpoint();
    config_.token_file = folder_ / "token";
    config_.runner = std::string(HETAO_BIN_DIR) + "/hetao-runner";
    config_.spool = folder_ / "spool";
    config_.host_root_images = {"host/*"};
    config_.call_patience = Duration::seconds(1);
    pb::Executor& executor = *spec_.mutable_task()->add_executors();
    executor.set_image("host/sh");
    executor.add_command("/bin/true");
    open();
  }

  void open() {
    platform_.reset();
    auto opened = SlurmPlatform::open(config_, blobs_);
    ASSERT_TRUE(opened) << to_line(opened.error());
    platform_ = std::move(*opened);
  }

  std::string submit() {
    const auto submitted = platform_->submit(kRun, spec_);
    EXPECT_EQ(submitted.reply, PlatformReply::kOk) << submitted.why;
    return submitted.platform_id;
  }
  int64_t start() {
    const std::string id = submit();
    EXPECT_EQ(platform_->release(kRun, id).reply, PlatformReply::kOk);
    return std::stoll(id);
  }

  // What is told within some seconds; fails if nothing is.
  RunObserved observe() {
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < until) {
      for (RunObserved& seen : platform_->poll()) return std::move(seen);
      std::this_thread::sleep_for(20ms);
    }
    ADD_FAILURE() << "nothing was observed";
    return {};
  }
  // Polls until slurmrestd was asked for a single job once more.
  void look_again() {
    const size_t before = slurm_.asked("GET", "/job/");
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (slurm_.asked("GET", "/job/") == before && std::chrono::steady_clock::now() < until) {
      EXPECT_TRUE(platform_->poll().empty());
      std::this_thread::sleep_for(20ms);
    }
    EXPECT_GT(slurm_.asked("GET", "/job/"), before);
  }

  testing_support::TemporaryFolder folder_;
  FakeSlurm slurm_;
  BlobStore blobs_ = BlobStore::open(folder_ / "blobs").value();
  SlurmPlatformConfig config_;
  std::unique_ptr<SlurmPlatform> platform_;
  std::string token_;
  pb::Run spec_;
};

TEST_F(Slurm, NonsenseIsNeverTakenForAnAnswer) {
  const int64_t id = start();
  for (const FakeAnswer& nonsense :
       {FakeAnswer{200, ""}, FakeAnswer{200, "<html>log in</html>"}, FakeAnswer{200, "{"},
        FakeAnswer{200, "[]"}, FakeAnswer{200, R"({"errors":7,"jobs":"none"})"},
        FakeAnswer{502, "bad gateway"},
        FakeAnswer{500, R"({"errors":[{"error_number":-1,"description":"Unable to find JobId=41"}]})"},
        FakeAnswer{200, R"({"jobs":[{"job_id":41,"comment":"somebody else's"}]} trailing)"}}) {
    slurm_.before([nonsense](const FakeRequest& request) -> std::optional<FakeAnswer> {
      return request.target == "/openapi/v3" ? std::nullopt : std::optional(nonsense);
    });
    EXPECT_EQ(platform_->find(kRun).reply, PlatformReply::kUnknown) << nonsense.body;
    EXPECT_NE(platform_->submit("other.1", spec_).reply, PlatformReply::kOk) << nonsense.body;
    EXPECT_NE(platform_->supply().trouble(), "") << nonsense.body;
  }
  // A look that gets nonsense changes nothing either: the last of them is looked at once.
  look_again();
  slurm_.before({});
  slurm_.set_state(id, "FAILED", 3 << 8);
  const RunObserved end = observe();
  EXPECT_TRUE(end.lost) << "its wrapper never took the token";
  EXPECT_NE(end.report.failure().find("exit code 3"), std::string::npos) << end.report.failure();
}

TEST_F(Slurm, AnAnswerThatComesTooLateOrNeverIsLookedUp) {
  for (const int status : {200, 0}) {
    const std::string run = "late" + std::to_string(status) + ".1";
    slurm_.after([&](const FakeRequest& request) -> std::optional<FakeAnswer> {
      if (!request.is("POST", "/job/submit")) return std::nullopt;
      if (status == 200) std::this_thread::sleep_for(1500ms);
      return FakeAnswer{status, R"({"job_id":1})"};
    });
    const auto submitted = platform_->submit(run, spec_);
    EXPECT_EQ(submitted.reply, PlatformReply::kUnknown) << submitted.why;
    slurm_.after({});
    const auto found = platform_->find(run);
    ASSERT_EQ(found.reply, PlatformReply::kOk);
    EXPECT_EQ(platform_->release(run, found.platform_id).reply, PlatformReply::kOk);
  }
  EXPECT_EQ(slurm_.jobs().size(), 2U) << "nothing was submitted twice";
}

TEST_F(Slurm, ASubmissionThatSomethingOnTheWayRepeatedLeavesNoTwin) {
  config_.sweep_every = Duration::millis(50);
  open();
  const int64_t id = start();
  const int64_t twin = slurm_.repeat(id);
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (slurm_.jobs().at(twin).state != "CANCELLED" && std::chrono::steady_clock::now() < until) {
    EXPECT_TRUE(platform_->poll().empty());
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(slurm_.jobs().at(twin).state, "CANCELLED");
  EXPECT_EQ(slurm_.jobs().at(id).state, "PENDING") << "the run's own goes on";
}

TEST_F(Slurm, ATokenThatEndsInMidJobIsNamedAndNothingIsLost) {
  const int64_t id = start();
  slurm_.set_state(id, "RUNNING");
  spill(folder_ / "token", token_until(in_seconds(-1)) + "\n");
  const std::string trouble = platform_->supply().trouble();
  EXPECT_NE(trouble.find("the token in it ended at"), std::string::npos) << trouble;
  EXPECT_NE(trouble.find("scontrol token"), std::string::npos) << trouble;
  slurm_.set_state(id, "TIMEOUT", 15);
  for (int i = 0; i < 150; ++i) {  // beyond its first look
    EXPECT_TRUE(platform_->poll().empty()) << "nobody could be asked";
    std::this_thread::sleep_for(20ms);
  }
  std::this_thread::sleep_for(10ms);  // another time of change
  spill(folder_ / "token", token_until(in_seconds(7'200)) + "\n");
  const RunObserved end = observe();
  EXPECT_NE(end.report.failure().find("time limit"), std::string::npos) << end.report.failure();
}

TEST_F(Slurm, ATokenThatTheServerDoesNotTakeIsNoRefusalOfTheJob) {
  slurm_.accept_only("another");
  const auto submitted = platform_->submit(kRun, spec_);
  EXPECT_EQ(submitted.reply, PlatformReply::kUnknown) << submitted.why;
  slurm_.accept_only(token_);
  EXPECT_EQ(platform_->find(kRun).reply, PlatformReply::kAbsent);
  EXPECT_GT(start(), 0);
}

TEST_F(Slurm, AJobThatNoNodeCouldHoldIsRefusedAtOnce) {
  slurm_.before([](const FakeRequest& request) -> std::optional<FakeAnswer> {
    if (!request.is("POST", "/job/submit")) return std::nullopt;
    return FakeAnswer{
        500, R"({"errors":[{"error_code":2014,"error":"Requested node configuration is not available"}]})"};
  });
  const auto submitted = platform_->submit(kRun, spec_);
  EXPECT_EQ(submitted.reply, PlatformReply::kRefused);
  EXPECT_NE(submitted.why.find("Requested node configuration is not available"), std::string::npos);
  EXPECT_EQ(platform_->find(kRun).reply, PlatformReply::kAbsent);
}

TEST_F(Slurm, WhatIsNoAcceleratorHereIsRefusedBeforeAnybodyIsAsked) {
  spec_.set_accelerator("h20");
  const auto submitted = platform_->submit(kRun, spec_);
  EXPECT_EQ(submitted.reply, PlatformReply::kRefused);
  EXPECT_NE(submitted.why.find("h20"), std::string::npos);
  EXPECT_EQ(slurm_.asked("POST", "/job/submit"), 0U);
}

}  // namespace
}  // namespace hetao::io
