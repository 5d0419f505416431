#include "tests/sim/world.h"

#include <algorithm>
#include <memory>

#include "gateway/base/check.h"
#include "gateway/federation/table.h"
#include "policy/pack.h"
#include "tests/sim/checker.h"
#include "tests/sim/link.h"
#include "tests/sim/market.h"
#include "tests/sim/partnership.h"
#include "tests/sim/policy_text.h"
#include "tests/sim/researcher.h"
#include "tests/sim/settings.h"

namespace hetao::sim {

using namespace federation;

namespace {

constexpr Duration kCalm = Duration::seconds(3);
constexpr Duration kTrouble = Duration::seconds(90);
constexpr Duration kHealing = Duration::seconds(600);
constexpr Duration kLook = Duration::seconds(10);  // between two looks whether it is all over

std::shared_ptr<const policy::Policy> compile(const std::string& rules) {
  auto pack = policy::load_pack({{"pack.yaml", kPackYaml}, {"rules/rules.yaml", rules}});
  HETAO_CHECK(pack.has_value());
  auto compiled = policy::Policy::compile(std::move(*pack));
  HETAO_CHECK(compiled.has_value());
  return std::make_shared<const policy::Policy>(std::move(*compiled));
}

pb::Principal administrator(const char* name) {
  pb::Principal who;
  who.set_user(name);
  who.set_tenant("hub");
  return who;
}

class World {
 public:
  World(uint64_t seed, const Policies& policies, const Options& options);

  Outcome run();

 private:
  Surroundings surroundings(const Policies& policies);
  void violate(std::string what) {
    if (outcome_.violations.size() < 20) outcome_.violations.push_back(std::move(what));
  }
  void check_acknowledgement(const std::string& from, const SendMessage& effect);
  void send_item(const std::string& from, const SendItem& effect);
  void take_answer(const std::string& node, const Answer& answer);
  void died(const std::string& region);
  template <class Do>
  void plan(Fault fault, Do what);
  void plan_trouble();
  void review();
  void watch_market();
  void change_policy(Node& node);
  void open_catalogues();
  void heal();
  bool is_quiet() const;
  std::vector<Link*> links_of(const std::string& region);
  Link& link_between(const std::string& a, const std::string& b);
  Link& some_link() { return *links_[chance_.random().below(links_.size())]; }
  Node& some_node();
  void run_for(Duration time) {
    time_.run_until(time_.now() + time, [] { return false; });
  }

  const Options& options_;
  const Policies& policies_;
  Timeline time_;
  Chance chance_;
  Market market_;
  Partnership partnership_;
  std::map<std::string, Node> nodes_;
  std::vector<std::unique_ptr<Link>> links_;
  Researchers researchers_{time_, chance_, nodes_};
  Outcome outcome_;
};

World::World(uint64_t seed, const Policies& policies, const Options& options)
    : options_(options), policies_(policies), chance_(seed), market_(seed), partnership_(seed) {
  if (!options.one_job) chance_.draw();
  if (options.faults) chance_.follow(*options.faults);
  const std::vector<std::string> regions = regions_of(!options.one_job && chance_.random().below(3) == 0);
  for (const std::string& region : regions) {
    CoreConfig config = config_of(region, regions, options.one_job ? nullptr : &chance_.random());
    if (!options.one_job) {
      market_.set_quotas(config);
      partnership_.set_prices(config);
    }
    nodes_.emplace(region, Node(std::move(config), surroundings(policies), options.shell_bugs));
  }
  for (auto a = nodes_.begin(); a != nodes_.end(); ++a) {
    for (auto b = std::next(a); b != nodes_.end(); ++b)
      links_.push_back(std::make_unique<Link>(time_, chance_, a->second, b->second));
  }
}

Surroundings World::surroundings(const Policies& policies) {
  Surroundings around;
  around.time = &time_;
  around.chance = &chance_;
  around.policy = policies.usual;
  around.other_policy = policies.other;
  around.send_message = [this](const std::string& from, SendMessage&& e) {
    check_acknowledgement(from, e);
    link_between(from, e.region).carry(from, std::move(e.message));
  };
  around.send_item = [this](const std::string& from, const SendItem& e) { send_item(from, e); };
  around.answer = [this](const std::string& node, const Answer& e) { take_answer(node, e); };
  around.died = [this](const std::string& region) { died(region); };
  around.violation = [this](std::string what) { violate(std::move(what)); };
  if (options_.tell) {
    around.tell = [this](const std::string& line) {
      const int64_t millis = (time_.now() - Timeline::kBegin).micros / 1000;
      options_.tell(std::to_string(millis) + " ms  " + line);
    };
  }
  return around;
}

Link& World::link_between(const std::string& a, const std::string& b) {
  for (const auto& link : links_) {
    if (link->joins(a) && link->joins(b)) return *link;
  }
  HETAO_CHECK(false);  // every two regions have one
  return *links_.front();
}

std::vector<Link*> World::links_of(const std::string& region) {
  std::vector<Link*> all;
  for (const auto& link : links_) {
    if (link->joins(region)) all.push_back(link.get());
  }
  return all;
}

Node& World::some_node() {
  auto at = nodes_.begin();
  std::advance(at, static_cast<int64_t>(chance_.random().below(nodes_.size())));
  return at->second;
}

// What the peer hears that we have, it never says again.
void World::check_acknowledgement(const std::string& from, const SendMessage& effect) {
  if (effect.message.ack() == 0) return;
  const auto& rows = nodes_.at(from).disk().rows;
  const auto row = rows.find({Table::kPeerMark, effect.region});
  pb::PeerMark mark;
  if (row == rows.end() || !mark.ParseFromString(row->second) || mark.received() < effect.message.ack())
    violate("acknowledged-is-durable: " + from + " acknowledges message " +
            std::to_string(effect.message.ack()) + " of " + effect.region + " before it is durable");
}

void World::send_item(const std::string& from, const SendItem& effect) {
  if (!nodes_.at(from).disk().has_permit(effect.crossing, effect.item.digest())) {
    violate("permit-is-durable: first byte of " + effect.crossing + " leaves " + from +
            " before its permit is durable");
  }
  Link& link = link_between(from, effect.region);
  const Node& receiver = link.other(from);
  if (receiver.alive() && receiver.core()->expected_item(from, effect.crossing) != nullptr && link.up() &&
      receiver.is_synced() && !receiver.disk().has_permit(effect.crossing, effect.item.digest())) {
    violate("permit-is-durable: " + effect.region + " accepts " + effect.crossing +
            " before its permit is durable");
  }
  link.carry_item(from, effect);
}

void World::take_answer(const std::string& node, const Answer& answer) {
  if (!answer.error && answer.request != 0 && researchers_.is_submission(answer.request)) {
    const auto& rows = nodes_.at(node).disk().rows;
    if (!rows.contains({Table::kJob, answer.id}) && !rows.contains({Table::kPastJob, answer.id})) {
      violate("acknowledged-is-durable: job " + answer.id + " is acknowledged before it is durable");
    }
  }
  researchers_.take_answer(answer);
}

void World::died(const std::string& region) {
  for (Link* link : links_of(region)) link->cut();
  time_.after(Duration::millis(chance_.random().between(10, 8'000)), [this, region] {
    Node& node = nodes_.at(region);
    if (!node.alive()) node.start();
    for (Link* link : links_of(region)) link->reconnect();
  });
}

// So many at some time of the trouble, each an opportunity of its own.
template <class Do>
void World::plan(Fault fault, Do what) {
  const uint64_t count = chance_.a_minute(fault) * 3 / 2;
  for (uint64_t i = 0; i < count; ++i) {
    const Duration at{chance_.random().between(0, kTrouble.micros - 1)};
    time_.after(at, [this, fault, what] {
      if (chance_.strikes(fault)) what();
    });
  }
}

void World::plan_trouble() {
  Random& random = chance_.random();
  plan(Fault::kKillAtTime, [this] {
    Node& node = some_node();
    if (!node.alive()) return;
    node.kill();
    died(node.region());
  });
  plan(Fault::kFreeze, [this, &random] {
    Node& node = some_node();
    node.freeze(Duration::millis(random.between(500, 20'000)));
    if (!random.chance(500)) return;  // the peers notice its silence, or not
    for (Link* link : links_of(node.region())) link->cut_for(Duration::millis(random.between(5'000, 20'000)));
  });
  plan(Fault::kCutAtTime,
       [this, &random] { some_link().cut_for(Duration::millis(random.between(100, 20'000))); });
  plan(Fault::kRotates, [this] { some_link().cut_for(Duration::millis(50)); });
  plan(Fault::kRevoked,
       [this, &random] { some_link().revoke(Duration::millis(random.between(5'000, 40'000))); });
  plan(Fault::kClog, [this, &random] { some_link().clog(Duration::millis(random.between(500, 8'000))); });
  plan(Fault::kPolicyChange, [this] {
    Node& node = some_node();
    if (node.alive()) change_policy(node);
  });
  plan(Fault::kOddPeer, [this] { some_link().say_something_odd(); });
}

// One step towards the policy that is not in force: proposed, approved by another, activated; later rolled
// back to.
void World::change_policy(Node& node) {
  const Core& core = *node.core();
  const auto& wanted = core.policy_digest() == policies_.usual->digest() ? policies_.other : policies_.usual;
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

void World::review() {
  Random& random = chance_.random();
  for (auto& [region, node] : nodes_) {
    if (!node.alive()) continue;
    std::vector<std::string> open;
    for (const auto& [id, known] : node.core()->reviews()) {
      if (known.state() == pb::REVIEW_OPEN) open.push_back(id);
    }
    for (const std::string& id : open) {
      if (!random.chance(600) || !node.alive()) continue;
      AnswerReview answer{0, id, random.chance(800), "looked at", {}};
      answer.who.set_user("reviewer-" + std::to_string(random.below(3)));
      answer.who.set_tenant(region + "-hub");
      if (random.chance(100)) {  // the submitter tries
        answer.who.set_user("researcher");
        answer.who.set_tenant(
            node.core()->crossing(node.core()->review(id)->crossing())->submitter().tenant());
      }
      node.post(std::move(answer));
    }
  }
  time_.after(Duration::seconds(3), [this] { review(); });
}

void World::watch_market() {
  market_.check(nodes_, [this](std::string what) { violate(std::move(what)); });
  if (market_.is_open()) time_.after(Duration::seconds(1), [this] { watch_market(); });
}

void World::open_catalogues() {
  for (auto& [city, node] : nodes_) {
    node.post(RegisterMechanism{0, model_clauses()});
    for (pb::Dataset& dataset : datasets_of(city)) {
      node.keep_blob(dataset.digest());
      node.post(RegisterDataset{0, std::move(dataset)});
    }
  }
}

void World::heal() {
  chance_.calm(true);
  for (auto& [region, node] : nodes_) {
    if (!node.alive()) node.start();
  }
  market_.heal(nodes_);
  for (const auto& link : links_) link->heal();
}

// Everything is at its end, told and on disk.
bool World::is_quiet() const {
  for (const WantedJob& wanted : researchers_.jobs()) {
    if (!wanted.dropped && !wanted.acknowledged && !wanted.refused) return false;
  }
  return std::all_of(nodes_.begin(), nodes_.end(), [](const auto& node) { return is_at_rest(node.second); });
}

Outcome World::run() {
  for (auto& [region, node] : nodes_) node.start();
  open_catalogues();
  for (const auto& link : links_) link->reconnect();
  // The first seconds are calm: a world that loses its catalogue before anything began would test nothing.
  run_for(kCalm);
  chance_.calm(false);
  if (options_.one_job) {
    researchers_.plan_one_job();
  } else {
    plan_trouble();
    market_.plan(time_, nodes_, kTrouble);
    watch_market();
    partnership_.plan(time_, nodes_, kTrouble);
    researchers_.plan_jobs(static_cast<int>(chance_.random().between(1, 8)), options_.jobs_struck_out,
                           [this] { return partnership_.project_of_next_job(); });
  }
  review();
  if (options_.one_job) {
    for (int i = 0; i < 9 && !is_quiet(); ++i) run_for(kLook);
  } else {
    run_for(kTrouble);
  }
  outcome_.opportunities = chance_.opportunities();
  outcome_.opportunities_at_first = chance_.opportunities_at_first();
  heal();
  const Instant end = time_.now() + kHealing;
  do run_for(kLook);
  while (!is_quiet() && time_.now() < end);
  std::map<std::string, std::unique_ptr<Core>> known;
  for (const auto& [region, node] : nodes_) known.emplace(region, node.everything());
  check_world({nodes_, researchers_, known, [this](std::string what) { violate(std::move(what)); }});
  if (!options_.one_job) partnership_.check(nodes_, [this](std::string what) { violate(std::move(what)); });
  outcome_.events = time_.happened();
  outcome_.struck = chance_.struck();
  outcome_.jobs = researchers_.jobs().size();
  for (const auto& [region, node] : nodes_) {
    outcome_.steps += node.steps();
    outcome_.trace_hash = outcome_.trace_hash * 1'099'511'628'211U + node.trace_hash();
    for (const auto& [id, job] : known.at(region)->jobs()) ++outcome_.ends[federation::to_word(job.state())];
  }
  outcome_.complete = outcome_.ends["complete"];
  return outcome_;
}

}  // namespace

Policies simulation_policies() {
  return {compile(kRulesYaml), compile(std::string(kRulesYaml) + kOtherRulesYaml)};
}

Outcome run_world(uint64_t seed, const Policies& policies, const Options& options) {
  World world(seed, policies, options);
  return world.run();
}

}  // namespace hetao::sim
