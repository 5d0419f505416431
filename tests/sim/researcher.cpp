#include "tests/sim/researcher.h"

#include "gateway/federation/facts.h"
#include "gateway/federation/item.h"

namespace hetao::sim {

using namespace federation;

namespace {

constexpr const char* kRegions[] = {"hongkong", "shenzhen"};

pb::Item program(const std::string& path, const std::string& key) {
  pb::Item item;
  item.set_name(path);
  item.set_kind("code");
  pb::ItemFile& file = *item.add_files();
  file.set_digest("d-code-" + key);
  file.set_bytes(200);
  put_fact(*item.mutable_labels(), fact("inspection.verdict", "clean"));
  seal_item(item);
  return item;
}

}  // namespace

pb::Task Researchers::make_task() {
  pb::Task task;
  task.add_executors()->set_image("host");
  pb::Input& code = *task.add_inputs();
  code.set_path("/job/main.py");
  code.set_content("print(1)");
  if (random_.chance(800)) {
    const char* kinds[] = {"-general", "-general", "-tagged", "-important"};
    pb::Input& data = *task.add_inputs();
    data.set_path("/data");
    data.set_url("dataset:" + std::string(kRegions[random_.below(2)]) + kinds[random_.below(4)]);
  }
  const auto outputs = random_.between(0, 2);
  for (int64_t i = 0; i < outputs; ++i) {
    pb::Output& output = *task.add_outputs();
    output.set_path("/out/" + std::to_string(i));
    output.set_url("result:r" + std::to_string(i));
  }
  if (random_.chance(600)) task.mutable_resources()->add_zones(kRegions[random_.below(2)]);
  return task;
}

void Researchers::plan_jobs(int count) {
  for (int i = 0; i < count; ++i) {
    WantedJob job;
    job.home = kRegions[random_.below(2)];
    job.idempotency_key = "key-" + std::to_string(i);
    job.task = make_task();
    jobs_.push_back(std::move(job));
    time_.after(Duration::millis(random_.between(0, 40'000)),
                [this, index = jobs_.size() - 1] { submit(index); });
  }
}

void Researchers::submit(size_t index) {
  const WantedJob& job = jobs_[index];
  if (job.acknowledged || job.refused) return;
  time_.after(Duration::seconds(5), [this, index] { submit(index); });
  Node& home = nodes_.at(job.home);
  if (!home.alive()) return;
  SubmitJob event;
  event.request = ++last_request_;
  event.id = "j" + std::to_string(last_request_);
  event.task = job.task;
  event.submitter.set_user("researcher");
  event.submitter.set_tenant(job.home + "-university");
  event.idempotency_key = job.idempotency_key;
  event.request_digest = job.idempotency_key;
  event.inline_items = {program("/job/main.py", job.idempotency_key)};
  asked_[event.request] = index;
  home.post(std::move(event));
}

void Researchers::take_answer(const Answer& answer) {
  const auto at = asked_.find(answer.request);
  if (at == asked_.end()) return;
  WantedJob& job = jobs_[at->second];
  if (answer.error) {
    job.refused = true;
    return;
  }
  if (job.acknowledged) return;
  job.acknowledged = true;
  job.id = answer.id;
  if (!random_.chance(150)) return;
  time_.after(Duration::millis(random_.between(1, 30'000)), [this, home = job.home, id = job.id] {
    CancelJob event{0, id, {}};
    event.who.set_user("researcher");
    nodes_.at(home).post(std::move(event));
  });
}

uint64_t Researchers::complete(const std::map<std::string, Node>& nodes) const {
  uint64_t count = 0;
  for (const WantedJob& wanted : jobs_) {
    if (!wanted.acknowledged || !nodes.at(wanted.home).alive()) continue;
    const pb::Job* job = nodes.at(wanted.home).core()->job(wanted.id);
    count += job != nullptr && job->state() == pb::JOB_COMPLETE ? 1 : 0;
  }
  return count;
}

}  // namespace hetao::sim
