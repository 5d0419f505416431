// Whole shells with real disks, tunnels, HTTPS and sandboxes: a job's way there and back, restarts, refusals
// to start.
#include "gateway/io/shell.h"

#include <gtest/gtest.h>
#include <stdio.h>

#include <filesystem>
#include <map>
#include <thread>

#include "gateway/base/check.h"
#include "gateway/federation/item.h"
#include "gateway/io/asio.h"
#include "gateway/ledger/entry.h"
#include "policy/pack.h"
#include "tests/unit/io/temporary_folder.h"
#include "tests/unit/io/test_certificates.h"

namespace hetao::io {
namespace {

namespace fs = std::filesystem;
using testing_support::slurp;
using testing_support::spill;
using testing_support::TestRegion;

constexpr const char* kPack = R"(
policy: shell-test
version: '1'
default: forbid
rules:
  - {id: P1, effect: permit, title: Everything may cross, when: {action: cross}}
  - {id: P2, effect: permit, title: Anybody may run, when: {action: place}}
)";

std::shared_ptr<const policy::Policy> open_policy() {
  auto pack = policy::load_pack({{"pack.yaml", kPack}});
  HETAO_CHECK(pack.has_value());
  auto compiled = policy::Policy::compile(std::move(*pack));
  HETAO_CHECK(compiled.has_value());
  return std::make_shared<const policy::Policy>(std::move(*compiled));
}

std::string run(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string out;
  char piece[4096];
  while (const size_t size = ::fread(piece, 1, sizeof piece, pipe)) out.append(piece, size);
  ::pclose(pipe);
  return out;
}

// A gateway in this process, asked over HTTPS.
class Gateway {
 public:
  Gateway(const TestRegion& own, const TestRegion& other, std::string folder, std::string jurisdiction)
      : own_(own), other_(other), folder_(std::move(folder)), jurisdiction_(std::move(jurisdiction)) {
    spill(folder_ + "/ca.pem", own.ca.certificate_pem);
    fs::create_directories(folder_ + "/staging");
  }
  ~Gateway() { stop(); }

  ShellConfig config(uint16_t peer_port) const {
    ShellConfig made;
    made.gateway = "gw-1";
    made.data_dir = folder_ + "/data";
    made.core.region = own_.name;
    made.core.jurisdiction = jurisdiction_;
    made.core.operator_tenant = "hub";
    made.core.peers = {{other_.name, jurisdiction_ == "CN" ? "HK" : "CN"}};
    made.core.platforms = {{"local", "local", 4, int64_t{4} << 30U, {}}};
    for (const char* id : {"hub", "hku"}) made.core.tenants[id].set_id(id);
    made.policy = {open_policy(), "shell-test 1"};
    made.https_listen = {"127.0.0.1", 0};
    made.tunnel_listen = {"127.0.0.1", tunnel_port};
    made.https_tls = testing_support::https_context(own_);
    made.tunnel_tls = testing_support::tunnel_context(own_, {&own_, &other_});
    made.peers = {{other_.name, {"127.0.0.1", peer_port}}};
    LocalPlatformConfig platform;
    platform.name = "local";
    platform.runner = std::string(HETAO_BIN_DIR) + "/hetao-runner";
    platform.host_root_images = {"host/*"};
    platform.cpu_cores = 4;
    made.platforms = {platform};
    made.staging_roots = {folder_ + "/staging"};
    return made;
  }
  void start(uint16_t peer_port) {
    auto made = Shell::create(config(peer_port));
    ASSERT_TRUE(made) << to_line(made.error());
    shell = std::move(*made);
    shell->set_handler([this](HttpRequest request) { return answer(std::move(request)); });
    const auto listening = shell->listen();
    ASSERT_TRUE(listening) << to_line(listening.error());
    tunnel_port = shell->tunnel_port();
    thread_ = std::thread([this] { ended = shell->run(); });
  }
  void stop() {
    if (!shell) return;
    shell->stop();
    wait();
    shell.reset();
  }
  void wait() {
    if (thread_.joinable()) thread_.join();
  }

  // POST /submit/SCRIPT…: a job that runs the body in Shenzhen. GET /job/ID, /peer, /ledger.
  Awaitable<HttpResponse> answer(HttpRequest request) {
    HttpResponse response;
    const std::string path(request.path());
    if (path == "/submit") {
      federation::SubmitJob submit;
      submit.id = shell->fresh_id();
      submit.submitter.set_user("alice");
      submit.submitter.set_tenant("hku");
      submit.idempotency_key = std::string(request.headers.get("Idempotency-Key"));
      submit.request_digest = request.body;
      pb::Task& task = submit.task;
      pb::Input& code = *task.add_inputs();
      code.set_path("/job/script.sh");
      pb::Output& output = *task.add_outputs();
      output.set_path("/out/result.txt");
      output.set_url(request.query().empty() ? "result:answer" : std::string(request.query()));
      pb::Executor& executor = *task.add_executors();
      executor.set_image("host/sh");
      for (const char* word : {"/bin/sh", "/job/script.sh"}) executor.add_command(word);
      task.mutable_resources()->add_zones("shenzhen");
      pb::Item& item = submit.inline_items.emplace_back();
      item.set_name(code.path());
      item.set_kind("code");
      const auto keep = [&] {
        const StoredBlob blob = shell->blobs().ingest_bytes(request.body).value();
        pb::ItemFile& file = *item.add_files();
        file.set_digest(blob.digest);
        file.set_bytes(static_cast<int64_t>(blob.bytes));
      };
      co_await shell->offload(keep);
      federation::seal_item(item);
      const federation::Answer told = co_await shell->ask(std::move(submit));
      response.body = told.error ? "error: " + to_line(*told.error) : told.id;
    } else if (path == "/job") {
      co_await shell->settled();
      const pb::Job* job = shell->core().job(request.query());
      response.body = job == nullptr ? "none" : pb::JobState_Name(job->state()) + " " + job->reason();
      for (const pb::Delivery& delivery :
           job == nullptr ? google::protobuf::RepeatedPtrField<pb::Delivery>() : job->deliveries())
        response.body +=
            " " + delivery.name() + "=" + (delivery.files_size() == 1 ? delivery.files(0).digest() : "?");
      if (job != nullptr && job->report().executors_size() > 0)
        response.body += " out:" + job->report().executors(0).stdout_tail();
    } else if (path == "/peer") {
      response.body = shell->core().peers().front().up ? "up" : "down";
    } else if (path == "/wait") {
      const uint64_t number = co_await shell->changed(shell->change_number(), Duration::seconds(20));
      response.body = std::to_string(number);
    }
    co_return response;
  }
  std::string ask(const std::string& path, const std::string& more = "") const {
    return run("curl -sS --max-time 60 --cacert " + folder_ + "/ca.pem " + more +
               " 'https://127.0.0.1:" + std::to_string(shell->https_port()) + path + "' 2>&1");
  }
  // Asks until the answer begins so; the last answer.
  std::string ask_until(const std::string& path, const std::string& wanted) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    std::string told;
    do {
      told = ask(path);
    } while (!told.starts_with(wanted) && std::chrono::steady_clock::now() < deadline);
    return told;
  }
  std::map<std::string, int> kinds_in_ledger() const {
    std::map<std::string, int> kinds;
    const auto entries = shell->ledger().entries(0, 10'000);
    EXPECT_TRUE(entries) << to_line(entries.error());
    for (const std::string& text : *entries) {
      const auto entry = ledger::decode_entry(text);
      EXPECT_TRUE(entry) << to_line(entry.error()) << text;
      if (entry) ++kinds[entry->kind];
    }
    return kinds;
  }

  std::unique_ptr<Shell> shell;
  Result<void> ended;
  uint16_t tunnel_port = 0;

 private:
  const TestRegion& own_;
  const TestRegion& other_;
  std::string folder_;
  std::string jurisdiction_;
  std::thread thread_;
};

class TwoShells : public ::testing::Test {
 protected:
  void start() {
    a.start(0);  // Shenzhen waits to be dialled
    b.start(a.tunnel_port);
    ASSERT_EQ(b.ask_until("/peer", "up"), "up");
    ASSERT_EQ(a.ask_until("/peer", "up"), "up");
  }
  std::string submit(const std::string& script, const std::string& more = "", const std::string& query = "") {
    spill(folder_ / "script", script);
    return b.ask("/submit" + (query.empty() ? "" : "?" + query),
                 more + " --data-binary @" + (folder_ / "script"));
  }

  testing_support::TemporaryFolder folder_;
  TestRegion shenzhen_{"shenzhen"};
  TestRegion hongkong_{"hongkong"};
  Gateway a{shenzhen_, hongkong_, folder_ / "a", "CN"};
  Gateway b{hongkong_, shenzhen_, folder_ / "b", "HK"};
};

TEST_F(TwoShells, CarryAJobThereAndItsResultBack) {
  start();
  const std::string id = submit("echo made in $(uname -s) > /out/result.txt; echo not for others");
  ASSERT_EQ(id.size(), 26U) << id;
  const std::string told = b.ask_until("/job?" + id, "JOB_COMPLETE");
  ASSERT_TRUE(told.starts_with("JOB_COMPLETE")) << told;
  const auto wanted = transfer::hash_blob(as_bytes("made in Linux\n"));
  EXPECT_NE(told.find("answer=" + transfer::blob_digest_text(wanted.digest)), std::string::npos) << told;
  EXPECT_EQ(told.find("not for others"), std::string::npos)
      << "what a job prints crosses as an item, not with the news";
  EXPECT_EQ(b.shell->blobs().read(transfer::blob_digest_text(wanted.digest), 100).value(), "made in Linux\n");
  auto here = a.kinds_in_ledger();
  auto there = b.kinds_in_ledger();
  EXPECT_EQ(there["departed"], here["arrived"]);
  EXPECT_EQ(here["departed"], there["arrived"]);
  EXPECT_GE(here["departed"], 1);
}

TEST_F(TwoShells, DeliverAResultToAStagingFolder) {
  start();
  const std::string id =
      submit("echo 42 > /out/result.txt", "", "file://" + (folder_ / "b/staging/got/answer.txt"));
  const std::string told = b.ask_until("/job?" + id, "JOB_COMPLETE");
  EXPECT_TRUE(told.starts_with("JOB_COMPLETE")) << told;
  EXPECT_EQ(slurp(folder_ / "b/staging/got/answer.txt"), "42\n");
}

TEST_F(TwoShells, FinishAJobAlthoughBothAreRestartedInItsMiddle) {
  start();
  const std::string id = submit("sleep 4; echo done > /out/result.txt");
  ASSERT_TRUE(b.ask_until("/job?" + id, "JOB_RUNNING").starts_with("JOB_RUNNING")) << b.ask("/job?" + id);
  a.stop();
  b.stop();
  EXPECT_TRUE(a.ended) << to_line(a.ended.error());
  EXPECT_TRUE(b.ended) << to_line(b.ended.error());
  start();
  const std::string told = b.ask_until("/job?" + id, "JOB_COMPLETE");
  EXPECT_TRUE(told.starts_with("JOB_COMPLETE")) << told;
}

TEST_F(TwoShells, KeepAJobUntilItsPlaceIsReachable) {
  b.start(1);  // nobody is there
  const std::string id = submit("echo late > /out/result.txt");
  ASSERT_EQ(id.size(), 26U) << id;
  EXPECT_FALSE(b.ask("/job?" + id).starts_with("JOB_COMPLETE"));
  b.stop();
  start();
  const std::string told = b.ask_until("/job?" + id, "JOB_COMPLETE");
  EXPECT_TRUE(told.starts_with("JOB_COMPLETE")) << told;
}

TEST_F(TwoShells, AnswerTheSameSubmissionWithTheSameJob) {
  start();
  const std::string first = submit("true", "-H 'Idempotency-Key: k1'");
  EXPECT_EQ(submit("true", "-H 'Idempotency-Key: k1'"), first);
  EXPECT_TRUE(submit("false", "-H 'Idempotency-Key: k1'").starts_with("error:"));
}

TEST_F(TwoShells, RefuseASecondGatewayOnTheSameFolder) {
  a.start(0);
  const auto second = Shell::create(a.config(0));
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().why.find("another gateway runs"), std::string::npos) << to_line(second.error());
}

TEST_F(TwoShells, RefuseTheFolderOfAnotherRegion) {
  a.start(0);
  a.stop();
  ShellConfig config = b.config(0);
  config.data_dir = a.config(0).data_dir;
  const auto wrong = Shell::create(std::move(config));
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().why.find("belongs to region 'shenzhen'"), std::string::npos)
      << to_line(wrong.error());
}

TEST_F(TwoShells, EndWithOneClearWordWhenTheLedgerCanNotBeWritten) {
  a.start(0);
  const std::string tiles = folder_ / "a/data/ledger/tile";
  for (int tries = 0; tries < 100 && !fs::exists(tiles); ++tries) ::usleep(50'000);
  fs::rename(tiles, tiles + ".away");
  spill(tiles, "in the way");
  b.start(a.tunnel_port);  // the new peer's word is an entry sooner or later
  submit("true");
  a.wait();
  ASSERT_FALSE(a.ended);
  EXPECT_NE(a.ended.error().hint.find("the gateway stops"), std::string::npos) << to_line(a.ended.error());
}

TEST_F(TwoShells, StopAtOnceThoughAClientWaits) {
  a.start(0);
  std::thread waiting([&] { a.ask("/wait"); });
  ::usleep(300'000);
  const auto began = std::chrono::steady_clock::now();
  a.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(4));
  waiting.join();
}

}  // namespace
}  // namespace hetao::io
