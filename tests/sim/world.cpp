#include "tests/sim/world.h"

#include <cstdio>

#include "gateway/base/check.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/table.h"
#include "policy/pack.h"
#include "tests/sim/checker.h"
#include "tests/sim/link.h"
#include "tests/sim/policy_text.h"
#include "tests/sim/researcher.h"

namespace hetao::sim {

using namespace federation;

std::shared_ptr<const policy::Policy> simulation_policy() {
  auto pack = policy::load_pack({{"pack.yaml", kPackYaml}, {"rules/rules.yaml", kRulesYaml}});
  HETAO_CHECK(pack.has_value());
  auto compiled = policy::Policy::compile(std::move(*pack));
  HETAO_CHECK(compiled.has_value());
  return std::make_shared<const policy::Policy>(std::move(*compiled));
}

namespace {

// The same rules under another digest; made once for each policy that is simulated.
std::shared_ptr<const policy::Policy> other_than(const std::shared_ptr<const policy::Policy>& policy) {
  static std::shared_ptr<const policy::Policy> of;
  static std::shared_ptr<const policy::Policy> made;
  if (of == policy) return made;
  policy::LoadedPack pack = policy->pack();
  pack.digest.bytes[0] ^= 1U;
  auto compiled = policy::Policy::compile(std::move(pack));
  HETAO_CHECK(compiled.has_value());
  of = policy;
  made = std::make_shared<const policy::Policy>(std::move(*compiled));
  return made;
}

pb::Principal administrator(const char* name) {
  pb::Principal who;
  who.set_user(name);
  who.set_tenant("hub");
  return who;
}

constexpr Duration kTrouble = Duration::seconds(90);
constexpr Duration kHealing = Duration::seconds(300);

pb::Tenant tenant_in(const std::string& city, const std::string& kind) {
  pb::Tenant tenant;
  tenant.set_id(city + "-" + kind);
  auto& facts = *tenant.mutable_facts();
  put_fact(facts, fact("registered_in", city == "shenzhen" ? "Shenzhen" : "HongKong"));
  put_fact(facts, fact("status", "ordinary"));
  put_fact(facts, fact("outside_gba", false));
  put_fact(facts, fact("listed", false));
  put_fact(facts, fact("white_listed", false));
  return tenant;
}

CoreConfig config_of(const std::string& region, const std::string& jurisdiction, const std::string& peer,
                     const std::string& peer_jurisdiction) {
  CoreConfig config;
  config.region = region;
  config.jurisdiction = jurisdiction;
  config.operator_tenant = region + "-hub";
  config.peers = {{peer, peer_jurisdiction}};
  config.platforms = {{"cluster", "slurm", 64, 0, {}}};
  config.standing_facts = {fact("link.crypto", "gm")};
  for (const char* city : {"hongkong", "shenzhen"}) {
    for (const char* kind : {"hub", "university"}) {
      pb::Tenant tenant = tenant_in(city, kind);
      config.tenants.emplace(tenant.id(), std::move(tenant));
    }
  }
  return config;
}

// Labels that both the small policy and the reference pack have something to say to.
pb::Dataset dataset_of(const std::string& city, const std::string& name, const char* grade) {
  const std::string id = city + "-" + name;
  pb::Dataset dataset;
  dataset.set_id(id);
  dataset.set_owner_tenant(city + "-university");
  dataset.set_digest("d-" + id);
  dataset.set_bytes(4096);
  pb::ItemFile& file = *dataset.add_files();
  file.set_digest("d-" + id);
  file.set_bytes(4096);
  auto& labels = *dataset.mutable_labels();
  put_fact(labels, fact("data.grade", grade));
  put_fact(labels, fact("data.personal", "ordinary"));
  put_fact(labels, fact("data.subjects_ordinary", int64_t{100}));
  put_fact(labels, fact("data.subjects_sensitive", int64_t{0}));
  put_fact(labels, fact("data.collected_in", city == "shenzhen" ? "mainland" : "hongkong"));
  put_fact(labels, fact("genetic.data", false));
  put_fact(labels, fact("consent.basis", "consent"));
  put_fact(labels, fact("consent.separate", true));
  put_fact(labels, fact("impact_assessment", "done"));
  put_fact(labels, fact("hk.use", "same-purpose"));
  put_fact(labels, fact("hk.processor_control", true));
  if (name == "tagged") {
    put_fact(labels, fact("data.tags", std::vector<std::string>{"look"}));
    put_fact(labels, fact("data.sectors", std::vector<std::string>{"us-bulk"}));
  }
  return dataset;
}

// What Hong Kong's universities have signed for what they send, on file on both sides.
pb::Mechanism model_clauses() {
  pb::Mechanism mechanism;
  mechanism.set_id("clauses");
  mechanism.set_kind("hk-rmc");
  mechanism.set_status("effective");
  mechanism.set_exporter("hongkong-*");
  mechanism.set_recipient("*");
  mechanism.set_until_days(100'000);
  return mechanism;
}

class World {
 public:
  World(uint64_t seed, const std::shared_ptr<const policy::Policy>& policy, const Options& options)
      : random_(seed), of_administrators_(seed ^ 0x9e3779b97f4a7c15U), faults_(Faults::draw(random_)) {
    Surroundings around;
    around.time = &time_;
    around.random = &random_;
    around.faults = &faults_;
    around.policy = policy;
    around.other_policy = other_than(policy);
    policies_ = {around.policy, around.other_policy};
    around.send_message = [this](const std::string& from, const SendMessage& e) { link_.carry(from, e); };
    around.send_item = [this](const std::string& from, const SendItem& e) { send_item(from, e); };
    around.answer = [this](const std::string& node, const Answer& e) { take_answer(node, e); };
    around.violation = [this](std::string what) { violate(std::move(what)); };
    nodes_.emplace("hongkong",
                   Node(config_of("hongkong", "HK", "shenzhen", "CN"), around, options.shell_bugs));
    nodes_.emplace("shenzhen",
                   Node(config_of("shenzhen", "CN", "hongkong", "HK"), around, options.shell_bugs));
    link_.connect(&nodes_.at("hongkong"), &nodes_.at("shenzhen"));
  }

  Outcome run();

 private:
  void violate(std::string what) {
    if (outcome_.violations.size() < 20) outcome_.violations.push_back(std::move(what));
  }
  void send_item(const std::string& from, const SendItem& effect);
  void deliver_item(const std::string& from, const SendItem& effect, uint64_t epoch);
  void take_answer(const std::string& node, const Answer& answer);
  void plan_crashes(Instant until);
  void plan_cuts(Instant until);
  void review();
  void administer();
  void change_policy(Node& node);
  void register_datasets();

  Timeline time_;
  Random random_;
  Random of_administrators_;  // of their own, so that worlds stay as they were before there were any
  Faults faults_;
  std::vector<std::shared_ptr<const policy::Policy>> policies_;
  std::map<std::string, Node> nodes_;
  Link link_{time_, random_, faults_};
  Researchers researchers_{time_, random_, nodes_};
  Outcome outcome_;
};

void World::send_item(const std::string& from, const SendItem& effect) {
  Node& sender = nodes_.at(from);
  if (!sender.disk().has_permit(effect.crossing, effect.item.digest())) {
    violate("first byte of " + effect.crossing + " leaves " + from + " before its permit is durable");
  }
  if (!link_.up()) return;
  const Duration travel = Duration::millis(random_.between(5, 3'000));
  time_.after(travel, [this, from, effect, epoch = link_.epoch()] { deliver_item(from, effect, epoch); });
}

void World::deliver_item(const std::string& from, const SendItem& effect, uint64_t epoch) {
  Node& sender = nodes_.at(from);
  Node& receiver = nodes_.at(effect.region);
  if (!link_.up() || link_.epoch() != epoch || !receiver.alive() || !sender.alive()) return;
  if (random_.chance(faults_.item_fails)) {
    ++outcome_.faults;
    return sender.post(ItemFailed{effect.crossing, "the stream broke", false});
  }
  const pb::Item* expected = receiver.core()->expected_item(from, effect.crossing);
  if (expected == nullptr) return;
  if (!receiver.disk().has_permit(effect.crossing, effect.item.digest())) {
    violate(effect.region + " accepts " + effect.crossing + " before its permit is durable");
  }
  receiver.disk().stored_items.insert(effect.crossing);
  receiver.post(ItemStored{effect.crossing});
}

void World::take_answer(const std::string& node, const Answer& answer) {
  if (!answer.error && answer.request != 0 && researchers_.is_submission(answer.request)) {
    if (!nodes_.at(node).disk().rows.contains({Table::kJob, answer.id})) {
      violate("job " + answer.id + " is acknowledged before it is durable");
    }
  }
  researchers_.take_answer(answer);
}

void World::plan_crashes(Instant until) {
  if (faults_.crash == 0) return;
  for (auto& [region, node] : nodes_) {
    for (uint64_t i = 0; i < faults_.crash * 3 / 2; ++i) {
      const Duration at{
          static_cast<int64_t>(random_.below(static_cast<uint64_t>((until - time_.now()).micros)))};
      time_.after(at, [this, &node] {
        if (!node.alive()) return;
        ++outcome_.faults;
        node.kill();
        link_.cut(false);
        time_.after(Duration::millis(random_.between(10, 8'000)), [this, &node] {
          if (!node.alive()) node.start();
          link_.reconnect();
        });
      });
    }
  }
}

void World::plan_cuts(Instant until) {
  for (uint64_t i = 0; i < faults_.cut * 3 / 2; ++i) {
    const Duration at{
        static_cast<int64_t>(random_.below(static_cast<uint64_t>((until - time_.now()).micros)))};
    time_.after(at, [this] {
      ++outcome_.faults;
      link_.cut(random_.chance(faults_.half_open));
      time_.after(Duration::millis(random_.between(100, 20'000)), [this] { link_.reconnect(); });
    });
  }
}

void World::review() {
  for (auto& [region, node] : nodes_) {
    if (!node.alive()) continue;
    std::vector<std::string> open;
    for (const auto& [id, known] : node.core()->reviews()) {
      if (known.state() == pb::REVIEW_OPEN) open.push_back(id);
    }
    for (const std::string& id : open) {
      if (!random_.chance(600) || !node.alive()) continue;
      AnswerReview answer{0, id, random_.chance(700), "looked at", {}};
      answer.who.set_user("reviewer-" + std::to_string(random_.below(3)));
      answer.who.set_tenant(region + "-hub");
      node.post(std::move(answer));
    }
  }
  time_.after(Duration::seconds(3), [this] { review(); });
}

// One step towards the policy that is not in force: proposed, approved by another, activated; later rolled
// back to.
void World::change_policy(Node& node) {
  const Core& core = *node.core();
  const auto& wanted = core.policy_digest() == policies_[0]->digest() ? policies_[1] : policies_[0];
  if (!core.cannot_activate(wanted->digest()))
    return node.post(ActivatePack{0, wanted, administrator("ann"), "simulated"});
  for (const auto& [id, proposal] : core.proposals()) {
    if (proposal.state() == pb::PROPOSAL_OPEN && proposal.pack().digest() == wanted->digest()) {
      AnswerProposal answer{0, id, AnswerProposal::Say::kApprove, "", "", "", administrator("bob")};
      return node.post(std::move(answer));
    }
  }
  ProposePolicy event;
  event.proposal.mutable_pack()->set_digest(wanted->digest());
  event.proposal.set_base_digest(core.policy_digest());
  *event.proposal.mutable_proposer() = administrator("ann");
  node.post(std::move(event));
}

void World::administer() {
  for (auto& [region, node] : nodes_) {
    if (node.alive() && of_administrators_.chance(500)) change_policy(node);
  }
  time_.after(Duration::millis(of_administrators_.between(500, 8'000)), [this] { administer(); });
}

void World::register_datasets() {
  for (auto& [city, node] : nodes_) {
    node.post(RegisterMechanism{0, model_clauses()});
    node.post(RegisterDataset{0, dataset_of(city, "general", "general")});
    node.post(RegisterDataset{0, dataset_of(city, "tagged", "general")});
    node.post(RegisterDataset{0, dataset_of(city, "important", "important")});
  }
}

Outcome World::run() {
  const Instant begin = time_.now();
  const Instant healed = begin + kTrouble;
  for (auto& [region, node] : nodes_) node.start();
  register_datasets();
  link_.reconnect();
  // The first seconds are calm: a world that loses its catalogue before anything began would test nothing.
  const Faults planned = faults_;
  faults_ = Faults::none();
  time_.run_until(begin + Duration::seconds(3));
  faults_ = planned;
  plan_crashes(healed);
  plan_cuts(healed);
  researchers_.plan_jobs(static_cast<int>(random_.between(1, 8)));
  review();
  if (of_administrators_.chance(400)) administer();
  time_.run_until(healed);
  faults_ = Faults::none();
  for (auto& [region, node] : nodes_) {
    if (!node.alive()) node.start();
  }
  link_.heal();
  time_.run_until(healed + kHealing);
  check_world({nodes_, researchers_, [this](std::string what) { violate(std::move(what)); }});
  outcome_.events = time_.happened();
  outcome_.faults += link_.faults();
  outcome_.jobs = researchers_.jobs().size();
  outcome_.complete = researchers_.complete(nodes_);
  for (const auto& [region, node] : nodes_) {
    outcome_.steps += node.steps();
    outcome_.trace_hash = outcome_.trace_hash * 1'099'511'628'211U + node.trace_hash();
  }
  return outcome_;
}

}  // namespace

Outcome run_world(uint64_t seed, const std::shared_ptr<const policy::Policy>& policy,
                  const Options& options) {
  World world(seed, policy, options);
  return world.run();
}

}  // namespace hetao::sim
