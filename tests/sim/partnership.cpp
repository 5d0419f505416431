#include "tests/sim/partnership.h"

#include <array>

#include "gateway/federation/project.h"
#include "tests/sim/settings.h"

namespace hetao::sim {

using namespace federation;

namespace {

using Say = ProjectAct::Say;

constexpr uint64_t kStream = 0x70617274'6e657201U;
constexpr uint64_t kWorldsPerPartnership = 4;
constexpr int kActs = 16;
constexpr const char* kProject = "joint";
constexpr std::array kSides = {"hongkong", "shenzhen"};  // the first begins it
constexpr int64_t kCny = 1'000'000;

std::string owner_in(const std::string& region) {
  return region + "-university";
}

}  // namespace

Partnership::Partnership(uint64_t seed)
    : random_(seed ^ kStream), on_(random_.below(kWorldsPerPartnership) == 0) {}

void Partnership::set_prices(CoreConfig& config) const {
  if (!on_) return;
  for (PlatformConfig& platform : config.platforms) {
    platform.price.set_currency("CNY");
    platform.price.set_core_hour_micros(kCny);
  }
}

std::string Partnership::project_of_next_job() {
  return on_ && random_.chance(600) ? kProject : "";
}

void Partnership::act(Node& node) {
  ProjectAct event;
  event.project = kProject;
  event.who.set_user("owner");
  event.who.set_tenant(owner_in(node.region()));
  const auto known = node.core()->projects().find(kProject);
  if (known == node.core()->projects().end()) {
    if (node.region() != kSides[0]) return;
    event.made.set_invited_region(kSides[1]);
    event.made.set_invited_tenant(owner_in(kSides[1]));
    return node.post(std::move(event));
  }
  const pb::ProjectSide* side = side_of(known->second, node.region());
  if (side != nullptr && side->state() == pb::PROJECT_INVITED) {
    event.say = random_.chance(900) ? Say::kAccept : Say::kDecline;
    return node.post(std::move(event));
  }
  constexpr std::array kOften = {Say::kBudget, Say::kGrant,   Say::kGrant,
                                 Say::kGrant,  Say::kMembers, Say::kRevoke};
  event.say = random_.chance(60) ? Say::kClose : kOften[random_.below(kOften.size())];
  event.budget_micros = kCny * random_.between(0, 100);
  if (random_.chance(500)) event.members = {node.region() + "-hub"};
  const std::vector<pb::Dataset> data = datasets_of(kSides[random_.below(kSides.size())]);
  event.data.set_dataset(data[random_.below(data.size())].id());
  node.post(std::move(event));
}

void Partnership::plan(Timeline& time, std::map<std::string, Node>& nodes, Duration trouble) {
  if (!on_) return;
  for (int i = 0; i < kActs; ++i) {
    // Half of it early, so that there is a project when the jobs come.
    const Duration most = i % 2 == 0 ? Duration{trouble.micros / 10} : trouble;
    time.after(Duration{random_.between(0, most.micros - 1)}, [this, &nodes] {
      Node& node = nodes.at(kSides[random_.below(kSides.size())]);
      if (node.alive()) act(node);
    });
  }
}

void Partnership::check(const std::map<std::string, Node>& nodes,
                        const std::function<void(std::string)>& violate) const {
  if (!on_) return;
  const auto& begun = nodes.at(kSides[0]).core()->projects();
  const auto& invited = nodes.at(kSides[1]).core()->projects();
  if (begun.contains(kProject) != invited.contains(kProject))
    return violate("projects-agree: only one side knows the project");
  const auto here = begun.find(kProject);
  if (here == begun.end()) return;
  const pb::Project& there = invited.find(kProject)->second;
  for (const std::string region : kSides) {
    const pb::ProjectSide* mine = side_of(here->second, region);
    const pb::ProjectSide* theirs = side_of(there, region);
    if (mine == nullptr || theirs == nullptr || mine->SerializeAsString() != theirs->SerializeAsString())
      violate("projects-agree: the two sides tell another half of " + region);
    else if (mine->promised_micros() != 0)
      violate("promises-are-settled: " + region + " still promises " +
              std::to_string(mine->promised_micros()));
  }
  for (const auto& [region, node] : nodes) {
    for (const auto& [id, project] : node.core()->projects()) {
      const auto row = node.disk().rows.find({Table::kProject, id});
      if (row == node.disk().rows.end() || row->second != project.SerializeAsString())
        violate("memory-is-disk: project " + id + " is not on disk as it is in memory in " + region);
    }
  }
}

}  // namespace hetao::sim
