#include "gateway/federation/supply.h"

#include <algorithm>
#include <charconv>

#include "gateway/base/text.h"
#include "gateway/federation/catalogue.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/table.h"

namespace hetao::federation {

namespace {

std::string parameter_of(const pb::Task& task, std::string_view name) {
  for (const pb::Tag& parameter : task.resources().backend_parameters()) {
    if (parameter.key() == name) return parameter.value();
  }
  return {};
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return std::string(text);
}

int64_t count_of(std::string_view text) {
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() && count > 0 ? count : 0;
}

}  // namespace

void on_supply_seen(State& s, SupplySeen event) {
  for (pb::Platform& seen : event.platforms) {
    const auto same = [&](const pb::Platform& known) { return known.name() == seen.name(); };
    const auto known = std::find_if(s.supply.begin(), s.supply.end(), same);
    if (known == s.supply.end()) {
      s.supply.push_back(std::move(seen));
    } else {
      *known = std::move(seen);
    }
  }
  for (const PeerConfig& peer : s.config.peers) {
    if (s.peers[peer.region].up) s.effect(SendMessage{peer.region, region_news(s, peer.region)});
  }
}

namespace {

// A platform without a queue of its own has ours.
void count_runs(const State& s, pb::Platform& platform) {
  for (const auto& [key, run] : s.runs) {
    if (run.platform() != platform.name() || is_final(run.state())) continue;
    if (run.state() == pb::RUN_RUNNING) {
      platform.set_running(platform.running() + 1);
    } else if (run.state() == pb::RUN_WAITING || run.state() == pb::RUN_SUBMITTING ||
               run.state() == pb::RUN_RELEASING) {
      platform.set_waiting(platform.waiting() + 1);
    }
  }
}

}  // namespace

std::vector<pb::Platform> own_supply(const State& s) {
  std::vector<pb::Platform> all;
  for (const PlatformConfig& known : s.config.platforms) {
    pb::Platform platform;
    for (const pb::Platform& seen : s.supply) {
      if (seen.name() == known.name) platform = seen;
    }
    platform.set_name(known.name);
    platform.set_kind(known.kind);
    // What a job may ask for: what the operator says, or else what the largest node has.
    if (known.cpu_cores > 0) platform.set_cpu_cores(known.cpu_cores);
    if (known.ram_bytes > 0) platform.set_ram_bytes(known.ram_bytes);
    *platform.mutable_price() = known.price;
    if (platform.running() == 0 && platform.waiting() == 0) count_runs(s, platform);
    for (const auto& [kind, most] : known.accelerators) {
      pb::Accelerator* found = nullptr;
      for (pb::Accelerator& seen : *platform.mutable_accelerators()) {
        if (seen.kind() == kind) found = &seen;
      }
      if (found == nullptr) {
        found = platform.add_accelerators();
        found->set_kind(kind);
      }
      found->set_job_max(found->per_node() > 0 ? std::min(most, found->per_node()) : most);
    }
    all.push_back(std::move(platform));
  }
  return all;
}

std::vector<pb::Platform> supply_for(const State& s, const std::string& region) {
  const auto shown = s.config.shows_supply.find(region);
  const SupplyShown how = shown == s.config.shows_supply.end() ? SupplyShown::kAll : shown->second;
  std::vector<pb::Platform> all = own_supply(s);
  if (how == SupplyShown::kNothing) all.clear();
  if (how == SupplyShown::kAll) return all;
  for (pb::Platform& platform : all) {
    // What there is, and nothing of how busy it is.
    platform.clear_running();
    platform.clear_waiting();
    platform.clear_cores_free();
    platform.clear_ram_free_bytes();
    platform.clear_wait_seconds();
    platform.clear_seen_micros();
    for (pb::Accelerator& each : *platform.mutable_accelerators()) each.clear_free();
  }
  return all;
}

std::vector<pb::Fact> facts_of_place(const State& s, const Fit& fit) {
  FactList facts;
  for (const PlatformConfig& known : s.config.platforms) {
    if (known.name != fit.platform) continue;
    for (const pb::Fact& each : known.facts) put_fact(facts, each);
    const auto own = known.accelerator_facts.find(fit.accelerator);
    if (own == known.accelerator_facts.end()) continue;
    for (const pb::Fact& each : own->second) put_fact(facts, each);
  }
  if (!fit.accelerator.empty())
    put_fact(facts, fact("compute.accelerator", std::string_view(fit.accelerator)));
  return {facts.begin(), facts.end()};
}

pb::Usage priced(const State& s, const pb::Run& run, pb::Usage usage) {
  for (const PlatformConfig& known : s.config.platforms) {
    if (known.name != run.platform()) continue;
    const pb::Price& price = run.price().currency().empty() ? known.price : run.price();
    const int64_t ram_bytes = usage.seconds() > 0 ? usage.ram_byte_seconds() / usage.seconds() : 0;
    usage.set_currency(price.currency());
    usage.set_cost_micros(
        cost_of(price, usage.cores(), ram_bytes, usage.accelerator(), usage.accelerators(), usage.seconds()));
  }
  return usage;
}

WantedAccelerators wanted_accelerators(const pb::Task& task) {
  WantedAccelerators wanted;
  const std::string kinds = parameter_of(task, "accelerator");
  if (kinds.empty()) return wanted;
  const std::string count = parameter_of(task, "accelerators");
  const std::vector<std::string> counts = split(count, ',');
  for (const std::string& kind : split(kinds, ',')) {
    const std::string name = trimmed(kind);
    if (name.empty()) continue;
    const size_t at = std::min(wanted.kinds.size(), counts.size() - 1);
    wanted.kinds.push_back(name);
    wanted.counts.push_back(std::max<int64_t>(1, count_of(trimmed(counts[at]))));
  }
  return wanted;
}

}  // namespace hetao::federation
