#include "tests/sim/market.h"

#include <iterator>
#include <vector>

#include "gateway/federation/market.h"

namespace hetao::sim {

using namespace federation;

namespace {

constexpr uint64_t kStream = 0x6d61726b65740001U;
constexpr uint64_t kWorldsPerMarket = 4;
constexpr int kActs = 12;

pb::Principal owner_of(const std::string& region) {
  pb::Principal who;
  who.set_user("owner");
  who.set_tenant(region + "-hub");
  return who;
}

}  // namespace

Market::Market(uint64_t seed) : random_(seed ^ kStream), open_(random_.below(kWorldsPerMarket) == 0) {}

void Market::set_quotas(CoreConfig& config) {
  if (!open_) return;
  for (const auto& [id, tenant] : config.tenants) {
    if (random_.below(3) == 0) config.quotas[id].cores = random_.between(1, 2);
  }
}

void Market::act(Node& node, Instant now) {
  std::vector<std::string> here;
  for (const pb::ComputeOffer& offer : node.core()->offers()) here.push_back(offer.id());
  if (!here.empty() && random_.chance(400)) {
    return node.post(WithdrawOffer{0, here[random_.below(here.size())], owner_of(node.region())});
  }
  PublishOffer event{0, {}, owner_of(node.region())};
  event.offer.set_id("offer-" + std::to_string(++offers_));
  event.offer.set_platform("cluster");
  event.offer.set_count(random_.between(1, 3));
  if (random_.chance(300))
    event.offer.set_from_micros((now + Duration::millis(random_.between(1, 20'000))).micros);
  if (random_.chance(300))
    event.offer.set_until_micros((now + Duration::millis(random_.between(21'000, 60'000))).micros);
  if (random_.chance(200)) event.offer.add_tenants(random_.chance(500) ? "hongkong-*" : "shenzhen-*");
  node.post(std::move(event));
}

void Market::plan(Timeline& time, std::map<std::string, Node>& nodes, Duration trouble) {
  if (!open_) return;
  for (int i = 0; i < kActs; ++i) {
    time.after(Duration{random_.between(0, trouble.micros - 1)}, [this, &time, &nodes] {
      auto at = nodes.begin();
      std::advance(at, static_cast<int64_t>(random_.below(nodes.size())));
      if (at->second.alive()) act(at->second, time.now());
    });
  }
}

void Market::heal(std::map<std::string, Node>& nodes) const {
  for (auto& [region, node] : nodes) {
    for (const pb::ComputeOffer& offer : node.core()->offers()) {
      if (Instant{offer.from_micros()} > node.clock())
        node.post(WithdrawOffer{0, offer.id(), owner_of(region)});
    }
  }
}

void Market::check(const std::map<std::string, Node>& nodes,
                   const std::function<void(std::string)>& violate) const {
  if (!open_) return;
  for (const auto& [region, node] : nodes) {
    if (!node.alive()) continue;
    std::map<std::string, int64_t> of_offer;
    std::map<std::string, int64_t> of_tenant;
    for (const auto& [key, run] : node.core()->runs()) {
      if (!holds_place(run)) continue;
      const int64_t count = share_of(run).count;
      of_tenant[run.tenant().id()] += count;
      if (!run.offer().empty()) of_offer[run.offer()] += count;
    }
    for (const pb::ComputeOffer& offer : node.core()->offers()) {
      if (of_offer[offer.id()] > offer.count())
        violate("offer-holds: " + offer.id() + " of " + region + " is overdrawn");
      if (of_offer[offer.id()] != offer.taken())
        violate("offer-holds: " + region + " miscounts what is taken of " + offer.id());
    }
    for (const auto& [tenant, quota] : node.core()->config().quotas) {
      if (quota.cores > 0 && of_tenant[tenant] > quota.cores)
        violate("quota-holds: " + tenant + " holds too much in " + region);
    }
  }
}

}  // namespace hetao::sim
