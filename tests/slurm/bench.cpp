// What the gateway's Slurm platform costs beside slurmrestd alone, in the same run on the same cluster, as
// lines of tests/bench. usage: tests/slurm/run BIN slurm_bench [latency] [submissions] [polling]
//
// Its partitions are down, so that nothing starts: a cluster's nodes are not the machine that is measured.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "gateway/io/http_client.h"
#include "gateway/io/slurm_platform.h"

namespace {

using namespace hetao;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;
namespace slurm = platforms::slurm;

constexpr int kConnections = 16;
constexpr int kJobs = 800;
constexpr int kKnownJobs = 10'000;
constexpr int kWaitingJobs = 1'000;
constexpr double kAddedMillisMax = 10;
constexpr std::chrono::seconds kPollingTime{25};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Jobs a second of `one`, called for each of them on so many threads.
template <class One>
double rate_of(int jobs, int threads, const One& one) {
  std::atomic<int> next{0};
  const auto began = Clock::now();
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      for (int i = next++; i < jobs; i = next++) one(i);
    });
  }
  for (std::thread& thread : all) thread.join();
  return jobs / std::chrono::duration<double>(Clock::now() - began).count();
}

void tell(const char* name, double value, const char* unit, const char* peer, double peer_value,
          double ratio) {
  std::printf(R"({"name":"%s","value":%.4g,"unit":"%s","peer":"%s","peer_value":%.4g,"ratio":%.3g})"
              "\n",
              name, value, unit, peer, peer_value, ratio);
  std::fflush(stdout);
}

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Bench {
 public:
  Bench() {
    const fs::path city = fs::path(environment("HETAO_TWIN")) / "shenzhen";
    const fs::path base = fs::path(environment("HETAO_TWIN_SCRATCH")) / "bench";
    fs::create_directories(base);
    fs::permissions(base, fs::perms(0755));
    blobs_ = std::make_unique<io::BlobStore>(io::BlobStore::open((base / "blobs").string()).value());
    config_.name = "slurm";
    config_.region = "shenzhen";
    config_.endpoint = "unix:" + (city / "rest/slurmrestd.sock").string();
    config_.token_file = (city / "token").string();
    config_.runner = environment("HETAO_TWIN_BIN") + "/hetao-runner";
    config_.spool = (base / "spool").string();
    config_.host_root_images = {"*"};
    config_.route.user = "nobody";
    config_.route.partition = "cpu";
    config_.connections = kConnections;
    platform_ = io::SlurmPlatform::open(config_, *blobs_).value();
    io::HttpClientConfig client;
    client.endpoint = config_.endpoint;
    client_ = io::HttpClient::open(client).value();
    std::ifstream file(config_.token_file);
    std::string token;
    file >> token;
    headers_ = {{"X-SLURM-USER-NAME", "nobody"}, {"X-SLURM-USER-TOKEN", token}};
    task_.mutable_task()->add_executors()->set_image("host/true");
    task_.mutable_task()->mutable_executors(0)->add_command("true");
    task_.mutable_task()->mutable_resources()->set_ram_bytes(int64_t{16} << 20U);
    close_partitions();
  }

  void submissions() {
    const double alone =
        rate_of(kJobs, kConnections, [&](int i) { submit_alone("alone" + std::to_string(i)); });
    std::vector<std::string> ids(kJobs);
    const auto key = [](int i) { return "ours" + std::to_string(i) + ".1"; };
    const double ours = rate_of(kJobs, kConnections, [&](int i) {
      const auto submitted = platform_->submit(key(i), task_);
      if (submitted.platform_id.empty()) std::fprintf(stderr, "submit: %s\n", submitted.why.c_str());
      (void)platform_->release(key(i), submitted.platform_id);
    });
    tell("jobs/slurm-submit-release", ours, "jobs/s", "slurmrestd, held submissions alone, 16 connections",
         alone, ours / alone);
  }

  void latency() {
    std::vector<double> alone, ours;
    for (int i = 0; i < 100; ++i) {
      auto began = Clock::now();
      submit_alone("single" + std::to_string(i));
      alone.push_back(std::chrono::duration<double, std::milli>(Clock::now() - began).count());
      began = Clock::now();
      const std::string key = "one" + std::to_string(i) + ".1";
      (void)platform_->release(key, platform_->submit(key, task_).platform_id);
      ours.push_back(std::chrono::duration<double, std::milli>(Clock::now() - began).count());
    }
    std::sort(alone.begin(), alone.end());
    std::sort(ours.begin(), ours.end());
    tell("jobs/slurm-latency", ours[50], "ms", "slurmrestd, one held submission", alone[50],
         alone[50] / ours[50]);
    tell("jobs/slurm-added-latency", ours[50] - alone[50], "ms", "goal", kAddedMillisMax,
         kAddedMillisMax / std::max(0.001, ours[50] - alone[50]));
  }

  // With so many jobs known to Slurm, of which a thousand are ours, released, and wait: what a gateway costs
  // while nothing happens, after the first minutes of the youngest.
  void polling() {
    config_.spool += "-waiting";
    const auto waiting = io::SlurmPlatform::open(config_, *blobs_).value();
    std::fprintf(stderr, "polling: %d jobs of ours, %d of others\n", kWaitingJobs, kKnownJobs - kWaitingJobs);
    (void)rate_of(kWaitingJobs, kConnections, [&](int i) {
      const std::string key = "waits" + std::to_string(i) + ".1";
      (void)waiting->release(key, waiting->submit(key, task_).platform_id);
    });
    (void)rate_of(kKnownJobs - kWaitingJobs, kConnections,
                  [&](int i) { submit_alone("known" + std::to_string(i)); });
    const double young = share_while(*waiting, kPollingTime);
    std::fprintf(stderr, "polling: %.2f %% of a core in their first %lld s\n", young,
                 static_cast<long long>(kPollingTime.count()));
    const double share = share_while(*waiting, kPollingTime);
    tell("jobs/slurm-poll-10000", share, "% of a core", "goal", 2, 2 / share);
  }

 private:
  // Of a core, in per cent, that polling takes.
  static double share_while(io::SlurmPlatform& platform, std::chrono::seconds time) {
    const double before = processor_seconds();
    const auto began = Clock::now();
    while (Clock::now() - began < time) {
      (void)platform.poll();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    const double wall = std::chrono::duration<double>(Clock::now() - began).count();
    return 100 * (processor_seconds() - before) / wall;
  }

  static void close_partitions() {
    const std::string conf = "SLURM_CONF='" + environment("HETAO_TWIN") + "/shenzhen/etc/slurm.conf' ";
    if (std::system((conf + "scontrol update partition=cpu state=down").c_str()) != 0)
      std::fprintf(stderr, "the partition is not down: jobs start, and are measured too\n");
  }

  void submit_alone(const std::string& name) {
    slurm::JobRequest request;
    request.key = name;
    request.comment = "alone";
    request.script = "#!/bin/sh\ntrue\n";
    request.work_folder = "/tmp";
    request.output_file = "/dev/null";
    request.route.partition = "cpu";
    request.ram_bytes = int64_t{16} << 20U;
    const auto reply = slurm::read_submit(client_->send(slurm::submit_call(38, request), headers_));
    if (reply.kind != platforms::ReplyKind::kOk) std::fprintf(stderr, "alone: %s\n", reply.why.c_str());
  }

  io::SlurmPlatformConfig config_;
  std::unique_ptr<io::BlobStore> blobs_;
  std::unique_ptr<io::SlurmPlatform> platform_;
  std::unique_ptr<io::HttpClient> client_;
  io::HttpClient::Headers headers_;
  pb::Run task_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto wanted = [&](const char* part) {
    return argc == 1 ||
           std::any_of(argv + 1, argv + argc, [&](const char* one) { return std::string(one) == part; });
  };
  Bench bench;
  if (wanted("latency")) bench.latency();
  if (wanted("submissions")) bench.submissions();
  if (wanted("polling")) bench.polling();
  return 0;
}
