// A federation of N regions in memory, every one a peer of every other: the real cores, and links that carry
// each message once. What a region's gateway has to do when all tunnels come up, when a dataset is
// registered, for a job in another region, and to explain one that could run anywhere. Beside it: two
// regions.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/unit/federation/two_cities.h"

namespace {

using namespace hetao;
using namespace hetao::federation;
using Clock = std::chrono::steady_clock;

constexpr int kJobs = 20;
constexpr int kExplanations = 20;

struct Figures {
  double news = 0;     // effects of one region when all its tunnels come up
  double news_us = 0;  // and the time of all cores for them
  double dataset = 0;  // effects in all regions when one registers a dataset
  double dataset_us = 0;
  double job = 0;  // effects of a job in another region, on all sides
  double job_us = 0;
  double explain_us = 0;  // of a job that may run anywhere
  double state = 0;       // bytes of rows of a region, before the jobs
};

double micros_since(Clock::time_point began) {
  return std::chrono::duration<double, std::micro>(Clock::now() - began).count();
}

double run_out(TwoCities& cities) {
  double effects = 0;
  while (cities.happen()) ++effects;
  return effects;
}

pb::Task task_for_anywhere() {
  pb::Task task;
  task.add_executors()->set_image("host");
  pb::Output& output = *task.add_outputs();
  output.set_path("/out/r");
  output.set_url("result:r");
  return task;
}

Figures measure(size_t regions) {
  std::vector<std::string> further;
  for (size_t i = 2; i < regions; ++i) further.push_back("region-" + std::to_string(i));
  TwoCities cities(kRules, further);
  Figures out;
  City& home = cities.city("shenzhen");
  for (const auto& [where, value] : home.rows)
    out.state += static_cast<double>(where.second.size() + value.size());

  cities.cut_off("shenzhen");
  run_out(cities);
  auto began = Clock::now();
  cities.connect_again("shenzhen");
  out.news = run_out(cities);
  out.news_us = micros_since(began);

  pb::Dataset dataset;
  dataset.set_id("shenzhen-new");
  dataset.set_owner_tenant("shenzhen-university");
  dataset.set_digest("d-new");
  dataset.set_bytes(1);
  began = Clock::now();
  cities.post("shenzhen", RegisterDataset{0, dataset});
  out.dataset = run_out(cities);
  out.dataset_us = micros_since(began);

  began = Clock::now();
  for (int i = 0; i < kJobs; ++i) {
    const std::string job = cities.submit("shenzhen", "hongkong", "hongkong-general");
    out.job += run_out(cities) / kJobs;
    if (cities.job(job).state() != pb::JOB_COMPLETE) {
      std::fprintf(stderr, "%s is not complete: %s\n", job.c_str(), cities.job(job).reason().c_str());
      std::exit(1);
    }
  }
  out.job_us = micros_since(began) / kJobs;

  const pb::Task task = task_for_anywhere();
  pb::Principal who;
  who.set_user("researcher");
  who.set_tenant("shenzhen-university");
  began = Clock::now();
  for (int i = 0; i < kExplanations; ++i) {
    const auto places = cities.core("shenzhen").explain(task, who, "", {}, Instant{1'764'000'000'000'000});
    if (!places || places->size() < regions) {
      std::fprintf(stderr, "of %zu regions %zu were explained\n", regions, places ? places->size() : 0);
      std::exit(1);
    }
  }
  out.explain_us = micros_since(began) / kExplanations;
  return out;
}

void tell(const std::string& name, double value, const char* unit, double of_two) {
  std::printf(
      "{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"peer\": \"two regions\", \"peer_value\": "
      "%.6g, "
      "\"ratio\": %.4g}\n",
      name.c_str(), value, unit, of_two, value > 0 ? of_two / value : 0);
  std::fflush(stdout);
}

}  // namespace

int main() {
  const Figures two = measure(2);
  for (const size_t regions : {size_t{2}, size_t{10}, size_t{30}, size_t{100}}) {
    std::fprintf(stderr, "%zu regions\n", regions);
    const Figures now = measure(regions);
    const std::string of = " of " + std::to_string(regions);
    tell("tunnels up: effects" + of, now.news, "", two.news);
    tell("tunnels up: time" + of, now.news_us, "us", two.news_us);
    tell("new dataset: effects" + of, now.dataset, "", two.dataset);
    tell("new dataset: time" + of, now.dataset_us, "us", two.dataset_us);
    tell("job abroad: effects" + of, now.job, "", two.job);
    tell("job abroad: time" + of, now.job_us, "us", two.job_us);
    tell("explain anywhere: time" + of, now.explain_us, "us", two.explain_us);
    tell("state of a region" + of, now.state / 1024, "KiB", two.state / 1024);
  }
}
