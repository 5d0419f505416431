#include "tests/sim/researcher.h"

#include "gateway/federation/facts.h"
#include "gateway/federation/item.h"

namespace hetao::sim {

using namespace federation;

namespace {

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

// A second thing to bring along, which the policy holds where it is asked.
constexpr const char* kModel = "/job/model.bin";

pb::Item model(const std::string& key) {
  pb::Item item = program(kModel, "model-" + key);
  item.set_kind("model");
  put_fact(*item.mutable_labels(), fact("data.grade", "general"));
  put_fact(*item.mutable_labels(), fact("data.tags", std::vector<std::string>{"look"}));
  return item;
}

void add_output(pb::Task& task, const std::string& number, const std::string& url) {
  pb::Output& output = *task.add_outputs();
  output.set_path("/out/" + number);
  output.set_url(url);
}

void add_input(pb::Task& task, const std::string& dataset) {
  pb::Input& data = *task.add_inputs();
  data.set_path("/data");
  data.set_url("dataset:" + dataset);
}

pb::Task empty_task() {
  pb::Task task;
  task.add_executors()->set_image("host");
  pb::Input& code = *task.add_inputs();
  code.set_path("/job/main.py");
  code.set_content("print(1)");
  return task;
}

}  // namespace

std::string Researchers::some_region() {
  auto at = nodes_.begin();
  std::advance(at, static_cast<int64_t>(chance_.random().below(nodes_.size())));
  return at->first;
}

pb::Task Researchers::make_task() {
  Random& random = chance_.random();
  pb::Task task = empty_task();
  if (random.chance(800)) {
    const char* kinds[] = {"-general", "-general", "-tagged", "-important", "-passing", "-bound"};
    const std::string region = some_region();  // drawn before the kind, whatever the compiler
    add_input(task, region + kinds[random.below(6)]);
  }
  const auto outputs = random.between(0, 2);
  for (int64_t i = 0; i < outputs; ++i) {
    const std::string number = std::to_string(i);
    add_output(task, number, (random.chance(200) ? "file:///staging/r" : "result:r") + number);
  }
  if (random.chance(100)) {
    pb::Input& brought = *task.add_inputs();
    brought.set_path(kModel);
    brought.set_content("weights");
  }
  if (random.chance(600)) task.mutable_resources()->add_zones(some_region());
  task.mutable_resources()->set_preemptible(random.chance(300));
  return task;
}

void Researchers::add(WantedJob job) {
  jobs_.push_back(std::move(job));
  const WantedJob& added = jobs_.back();
  if (!added.dropped) time_.after(added.after, [this, index = jobs_.size() - 1] { submit(index); });
}

void Researchers::plan_jobs(int count, const std::set<size_t>& struck_out,
                            const std::function<std::string()>& project) {
  for (int i = 0; i < count; ++i) {
    WantedJob job;
    job.home = some_region();
    job.idempotency_key = "key-" + std::to_string(i);
    job.task = make_task();
    job.project = project();
    job.after = Duration::millis(chance_.random().between(0, 40'000));
    job.dropped = struck_out.contains(static_cast<size_t>(i));
    add(std::move(job));
  }
}

void Researchers::plan_one_job() {
  change_their_mind_ = false;
  WantedJob job;
  job.home = "hongkong";
  job.idempotency_key = "key-0";
  job.task = empty_task();
  add_input(job.task, "hongkong-general");
  add_output(job.task, "0", "result:r0");
  job.task.mutable_resources()->add_zones("shenzhen");
  add(std::move(job));
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
  event.project = job.project;
  event.idempotency_key = job.idempotency_key;
  event.request_digest = job.idempotency_key;
  event.inline_items = {program("/job/main.py", job.idempotency_key)};
  for (const pb::Input& input : job.task.inputs()) {
    if (input.path() == kModel) event.inline_items.push_back(model(job.idempotency_key));
  }
  for (const pb::Item& brought : event.inline_items) home.keep_blob(brought.files(0).digest());
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
  if (!change_their_mind_ || !chance_.random().chance(150)) return;
  job.cancelled = true;
  time_.after(Duration::millis(chance_.random().between(1, 30'000)), [this, home = job.home, id = job.id] {
    CancelJob event{0, id, {}};
    event.who.set_user("researcher");
    nodes_.at(home).post(std::move(event));
  });
}

}  // namespace hetao::sim
