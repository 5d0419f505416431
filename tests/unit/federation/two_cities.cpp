#include "tests/unit/federation/two_cities.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "gateway/federation/counters.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/item.h"
#include "gateway/federation/table.h"
#include "policy/pack.h"

namespace hetao::federation {

const char* const kRules = R"(
rules:
  - {id: F1, effect: forbid, title: important data stays, when: {action: cross, data.grade: important}, unless: {mechanism.kind: security-assessment}}
  - {id: H1, effect: hold, title: tagged data is looked at, when: {action: cross, data.tags: {contains: look}}}
  - {id: P1, effect: permit, title: general data, when: {action: cross, data.grade: general}}
  - {id: P2, effect: permit, title: assessed, when: {action: cross, mechanism.kind: security-assessment}}
  - {id: P3, effect: permit, title: platforms, when: {action: place}}
)";

namespace {

std::shared_ptr<const policy::Policy> compile(const std::string& rules) {
  auto pack = policy::load_pack(
      {{"pack.yaml", "policy: test\nversion: \"1\"\ndefault: forbid\n"}, {"rules/rules.yaml", rules}});
  if (!pack) throw std::runtime_error(to_line(pack.error().front()));
  auto compiled = policy::Policy::compile(std::move(*pack));
  if (!compiled) throw std::runtime_error(to_line(compiled.error().front()));
  return std::make_shared<const policy::Policy>(std::move(*compiled));
}

std::string jurisdiction_of(const std::string& region) {
  return region == "hongkong" ? "HK" : region == "macao" ? "MO" : "CN";
}

CoreConfig config_of(const std::string& region, const std::vector<std::string>& regions) {
  CoreConfig config;
  config.region = region;
  config.jurisdiction = jurisdiction_of(region);
  config.operator_tenant = region + "-hub";
  for (const std::string& other : regions) {
    if (other != region) config.peers.push_back({other, jurisdiction_of(other)});
  }
  config.platforms = {{"cluster", "slurm", 64, 0, {}}};
  config.retire_after = Duration::seconds(int64_t{1000} * 86'400);  // tests read what is over
  return config;
}

pb::Dataset dataset_of(const std::string& region, const std::string& name, const char* grade) {
  pb::Dataset dataset;
  dataset.set_id(region + "-" + name);
  dataset.set_owner_tenant(region + "-university");
  dataset.set_digest("d-" + dataset.id());
  dataset.set_bytes(4096);
  pb::ItemFile& file = *dataset.add_files();
  file.set_digest(dataset.digest());
  file.set_bytes(4096);
  auto& labels = *dataset.mutable_labels();
  put_fact(labels, fact("data.grade", grade));
  put_fact(labels, fact("data.personal", "ordinary"));
  put_fact(labels, fact("data.subjects_ordinary", int64_t{100}));
  put_fact(labels, fact("data.subjects_sensitive", int64_t{0}));
  if (name == "tagged") put_fact(labels, fact("data.tags", std::vector<std::string>{"look"}));
  return dataset;
}

pb::Item program() {
  pb::Item item;
  item.set_name("/job/main.py");
  item.set_kind("code");
  pb::ItemFile& file = *item.add_files();
  file.set_digest("d-code");
  file.set_bytes(200);
  seal_item(item);
  return item;
}

template <class Table>
std::string not_final(const Table& objects, const char* what) {
  for (const auto& [id, object] : objects) {
    if (!is_final(object.state())) return std::string(what) + " " + id + " is in " + to_word(object.state());
  }
  return {};
}

}  // namespace

TwoCities::TwoCities(const std::string& rules, const std::vector<std::string>& further,
                     const std::function<void(CoreConfig&)>& change)
    : regions_{"hongkong", "shenzhen"} {
  regions_.insert(regions_.end(), further.begin(), further.end());
  for (const std::string& region : regions_) {
    City& made = cities_[region];
    made.config = config_of(region, regions_);
    if (change) change(made.config);
    made.policy = compile(rules);
    start(made);
    post(region, RegisterDataset{0, dataset_of(region, "general", "general")});
    post(region, RegisterDataset{0, dataset_of(region, "more", "general")});
    post(region, RegisterDataset{0, dataset_of(region, "tagged", "general")});
    post(region, RegisterDataset{0, dataset_of(region, "important", "important")});
  }
  connect();
  settle();
  journal_.clear();
}

void TwoCities::start(City& city) {
  city.core = std::make_unique<Core>(city.config);
  for (const auto& [where, value] : city.rows) {
    if (!city.core->load(Record{where.first, where.second, value})) throw std::runtime_error(where.second);
  }
  city.core->load_ledger_size(city.entries.size());
  post(city.config.region, ActivatePolicy{0, city.policy, "test", "start", {}});
}

void TwoCities::restart(const std::string& region, Duration clock_set) {
  now_ = now_ + clock_set;
  std::erase_if(effects_, [&](const auto& effect) { return effect.first == region; });
  City& city = cities_.at(region);
  start(city);
  Step step = city.core->resume(now_);
  for (Effect& effect : step.effects) effects_.emplace_back(region, std::move(effect));
  // A platform tells the new process what it knows, as its shell would ask.
  cut();
  connect();
}

void TwoCities::post(const std::string& region, Event event) {
  City& city = cities_.at(region);
  Step step = city.core->step(std::move(event), now_);
  for (const Record& record : step.records) {
    const std::pair where(record.table, record.key);
    if (record.value) {
      city.rows[where] = *record.value;
    } else {
      city.rows.erase(where);
    }
  }
  for (const ledger::Entry& entry : step.entries) {
    city.entries.push_back(entry);
    if (!entry.crossing.empty()) {
      journal_.push_back(region + " books " + entry.kind + " " + entry.decision +
                         (entry.decision.empty() ? "" : " ") + entry.crossing);
    }
  }
  for (Effect& effect : step.effects) effects_.emplace_back(region, std::move(effect));
}

bool TwoCities::happen() {
  if (effects_.empty()) return false;
  const auto [region, effect] = std::move(effects_.front());
  effects_.pop_front();
  carry_out(region, effect);
  return true;
}

void TwoCities::settle() {
  // Every region tells every other of its datasets.
  const size_t most = 10'000 + 200 * regions_.size() * regions_.size();
  for (size_t i = 0; happen(); ++i) {
    if (i == most) throw std::runtime_error("the two cities never come to rest");
  }
}

void TwoCities::wait(Duration time) {
  now_ = now_ + time;
  for (const std::string& region : regions_) post(region, TimePassed{});
  settle();
}

void TwoCities::cut() {
  up_ = false;
  for (const std::string& region : regions_) {
    for (const std::string& other : regions_) {
      if (other != region) post(region, PeerDown{other, "cut"});
    }
  }
}

void TwoCities::connect() {
  up_ = true;
  for (const std::string& region : regions_) {
    for (const std::string& other : regions_) {
      if (other != region && linked(region, other)) post(region, PeerUp{other});
    }
  }
}

void TwoCities::cut_off(const std::string& region) {
  off_.insert(region);
  for (const std::string& other : regions_) {
    if (other == region) continue;
    post(region, PeerDown{other, "cut"});
    post(other, PeerDown{region, "cut"});
  }
}

void TwoCities::connect_again(const std::string& region) {
  off_.erase(region);
  for (const std::string& other : regions_) {
    if (other == region || !linked(region, other)) continue;
    post(region, PeerUp{other});
    post(other, PeerUp{region});
  }
}

void TwoCities::end_run(const std::string& region, const std::string& run) {
  cities_.at(region).submissions.at(run) = "ended";
  RunObserved seen{run, {}, true, true, false, false};
  seen.report.add_executors()->set_reason("exited");
  post(region, std::move(seen));
  settle();
}

void TwoCities::activate(const std::string& region, const std::string& rules) {
  City& city = cities_.at(region);
  city.policy = compile(rules);
  post(region, ActivatePolicy{0, city.policy, "test", "somebody", {}});
  settle();
}

void TwoCities::carry_out(const std::string& region, const Effect& effect) {
  City& city = cities_.at(region);
  const auto observed = [&](const std::string& run) {
    const auto known = city.submissions.find(run);
    const std::string state = known == city.submissions.end() ? "" : known->second;
    RunObserved seen{run, {}, state != "held", state == "ended", state == "cancelled", state.empty()};
    if (seen.ended) seen.report.add_executors()->set_reason("exited");
    post(region, std::move(seen));
  };
  if (const auto* e = std::get_if<SendMessage>(&effect)) {
    for (int i = 0; linked(region, e->region) && i < copies; ++i)
      post(e->region, PeerSaid{region, e->message});
  } else if (const auto* accused = std::get_if<AccusePeer>(&effect)) {
    journal_.push_back(region + " accuses " + accused->region + ": " + accused->why);
  } else if (const auto* item = std::get_if<SendItem>(&effect)) {
    send_item(region, *item);
  } else if (const auto* submitted = std::get_if<SubmitRun>(&effect)) {
    journal_.push_back(region + " submits " + submitted->run);
    if (platform_does[region] == "refuse")
      return post(region, RunSubmitted{submitted->run, PlatformReply::kRefused, {}, "no room"});
    city.submissions.emplace(submitted->run, "held");
    post(region, RunSubmitted{submitted->run, PlatformReply::kOk, "p-" + submitted->run, {}});
  } else if (const auto* sought = std::get_if<FindRun>(&effect)) {
    const bool there = city.submissions.contains(sought->run);
    post(region, RunFound{sought->run, there ? PlatformReply::kOk : PlatformReply::kAbsent,
                          there ? "p-" + sought->run : "", sought->asked});
  } else if (const auto* released = std::get_if<ReleaseRun>(&effect)) {
    std::string& state = city.submissions[released->run];
    if (state == "held") {
      state = "running";
      journal_.push_back(region + " starts " + released->run);
    }
    post(region, RunReleased{released->run, PlatformReply::kOk, {}});
    observed(released->run);
    if (platform_does[region] == "keep") return;
    if (state == "running") state = platform_does[region] == "lose" ? "" : "ended";
    if (state.empty()) city.submissions.erase(released->run);
    observed(released->run);

  } else if (const auto* cancelled = std::get_if<CancelRun>(&effect)) {
    const auto at = city.submissions.find(cancelled->run);
    if (at != city.submissions.end() && at->second != "ended") at->second = "cancelled";
    observed(cancelled->run);
  } else if (const auto* collected = std::get_if<CollectRun>(&effect)) {
    RunCollected out{collected->run, {}, {}};
    for (int i = 0; i < collected->spec.task().outputs_size(); ++i) {
      pb::Item& made = out.items.emplace_back();
      made.set_name(std::to_string(i));
      pb::ItemFile& file = *made.add_files();
      file.set_digest("d-" + collected->run + "-" + std::to_string(i));
      file.set_bytes(1000);
    }
    post(region, std::move(out));
  } else if (const auto* inspected = std::get_if<InspectItem>(&effect)) {
    ItemInspected found{inspected->crossing, {fact("inspection.verdict", "clean")}, "clean"};
    found.mask = inspected->mask;
    if (inspection_finds) inspection_finds(*inspected, found);
    post(region, std::move(found));
  } else if (const auto* dropped = std::get_if<DropBlobs>(&effect)) {
    for (const std::string& digest : dropped->digests) journal_.push_back(region + " drops " + digest);
    if (answers_deletions) post(region, BlobsDropped{dropped->duties, true, {}});
  } else if (const auto* delivered = std::get_if<DeliverOutput>(&effect)) {
    post(region, OutputDelivered{delivered->job, delivered->delivery.name(), true, {}});
  } else if (const auto* told = std::get_if<Answer>(&effect); told != nullptr && told->request != 0) {
    told_ = *told;
  }
}

void TwoCities::send_item(const std::string& from, const SendItem& effect) {
  journal_.push_back(from + " sends " + effect.crossing);
  if (!linked(from, effect.region) || !core(from).may_send(effect.region, effect.crossing)) return;
  if (core(effect.region).expected_item(from, effect.crossing) == nullptr) return;
  journal_.push_back(effect.region + " has " + effect.crossing);
  post(effect.region, ItemStored{effect.crossing});
}

std::string TwoCities::submit(const std::string& home, const std::string& place, const std::string& dataset,
                              const std::function<void(pb::Task&)>& change) {
  SubmitJob event;
  event.request = ++submitted_;
  event.id = "j" + std::to_string(submitted_);
  event.task.add_executors()->set_image("host");
  pb::Input& code = *event.task.add_inputs();
  code.set_path("/job/main.py");
  code.set_content("print(1)");
  if (!dataset.empty()) {
    pb::Input& data = *event.task.add_inputs();
    data.set_path("/data");
    data.set_url("dataset:" + dataset);
  }
  event.inline_items = {program()};
  for (const pb::Item& item : also_brought) {
    pb::Input& input = *event.task.add_inputs();
    input.set_path(item.name());
    input.set_content("brought");
    event.inline_items.push_back(item);
  }
  pb::Output& output = *event.task.add_outputs();
  output.set_path("/out/r");
  output.set_url("result:r");
  if (!place.empty()) event.task.mutable_resources()->add_zones(place);
  if (change) change(event.task);
  event.submitter.set_user("researcher");
  event.submitter.set_tenant(home + "-university");
  event.idempotency_key = event.id;
  event.request_digest = event.id;
  std::string id = event.id;
  told_ = {};
  post(home, std::move(event));
  return id;
}

void TwoCities::answer(const std::string& region, const std::string& review, bool approve,
                       const std::string& user, const std::string& reason) {
  AnswerReview event{1'000'000, review, approve, reason, {}};
  event.who.set_user(user);
  event.who.set_tenant("hongkong-university");
  told_ = {};
  post(region, std::move(event));
  settle();
}

const pb::Job& TwoCities::job(const std::string& id) const {
  for (const auto& [region, city] : cities_) {
    if (const pb::Job* known = city.core->job(id)) return *known;
  }
  throw std::runtime_error("no job " + id);
}

std::vector<std::string> TwoCities::open_reviews(const std::string& region) const {
  std::vector<std::string> open;
  for (const auto& [id, review] : core(region).reviews()) {
    if (review.state() == pb::REVIEW_OPEN) open.push_back(id);
  }
  return open;
}

int64_t TwoCities::counter(const std::string& region) const {
  int64_t sum = 0;
  for (const auto& [key, counter] : core(region).counters()) sum += counter.ordinary();
  return sum;
}

size_t TwoCities::when(const std::string& what) const {
  const auto at = std::find(journal_.begin(), journal_.end(), what);
  return at == journal_.end() ? SIZE_MAX : static_cast<size_t>(at - journal_.begin());
}

size_t TwoCities::booked(const std::string& region, const std::string& kind, const std::string& crossing,
                         const std::string& decision) const {
  const auto& entries = cities_.at(region).entries;
  return static_cast<size_t>(std::count_if(entries.begin(), entries.end(), [&](const ledger::Entry& entry) {
    return entry.kind == kind && entry.crossing == crossing &&
           (decision.empty() || entry.decision == decision);
  }));
}

std::string TwoCities::unrest_of(const std::string& region) const {
  const City& city = cities_.at(region);
  const Core& core = *city.core;
  for (const std::string& why : {not_final(core.jobs(), "job"), not_final(core.runs(), "run"),
                                 not_final(core.crossings(), "crossing")}) {
    if (!why.empty()) return region + ": " + why;
  }
  for (const PeerState& peer : core.peers()) {
    if (peer.outbox != 0) return region + " owes messages to " + peer.region;
  }
  if (!open_reviews(region).empty()) return region + " has a review that nobody needs";
  for (const auto& [run, state] : city.submissions) {
    if (state != "ended" && state != "cancelled") return region + " leaves " + run + " " + state;
  }
  int64_t reserved = 0;
  for (const auto& [id, crossing] : core.crossings()) {
    if (crossing.state() != pb::CROSSING_DONE && crossing.reserved_year() != 0) return id + " keeps counters";
    if (crossing.reserved_year() != 0) reserved += crossing.reserved_ordinary();
  }
  if (reserved != counter(region)) return region + " counts what did not cross";
  CounterBook book;
  for (const ledger::Entry& entry : city.entries) {
    if (!book.take(entry)) return region + " wrote an entry that it can't read";
  }
  for (const CounterMismatch& other : compare_counters(core.counters(), book))
    return region + ": the ledger tells another counter " + other.key;
  return {};
}

std::string TwoCities::unrest() const {
  std::map<std::string, int> departed;
  for (const auto& [region, city] : cities_) {
    if (std::string why = unrest_of(region); !why.empty()) return why;
    for (const ledger::Entry& entry : city.entries) {
      if (entry.kind == "departed") departed[entry.crossing + entry.item_digest] += 1;
      if (entry.kind == "arrived" || entry.kind == "recalled")
        departed[entry.crossing + entry.item_digest] -= 1;
    }
  }
  for (const auto& [crossing, open] : departed) {
    if (open != 0) return "the books do not match: " + crossing;
  }
  return {};
}

}  // namespace hetao::federation
