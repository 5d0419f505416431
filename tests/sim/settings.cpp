#include "tests/sim/settings.h"

#include "gateway/federation/facts.h"

namespace hetao::sim {

using namespace federation;

namespace {

const char* jurisdiction_of(const std::string& region) {
  return region == "hongkong" ? "HK" : region == "macao" ? "MO" : "CN";
}

pb::Tenant tenant_in(const std::string& city, const std::string& kind) {
  pb::Tenant tenant;
  tenant.set_id(city + "-" + kind);
  auto& facts = *tenant.mutable_facts();
  put_fact(facts, fact("registered_in", city == "shenzhen" ? "Shenzhen"
                                        : city == "macao"  ? "Macao"
                                                           : "HongKong"));
  put_fact(facts, fact("status", "ordinary"));
  put_fact(facts, fact("outside_gba", false));
  put_fact(facts, fact("listed", false));
  put_fact(facts, fact("white_listed", false));
  return tenant;
}

// Labels that both the small policy and the reference pack have something to say to.
pb::Dataset dataset_of(const std::string& city, const std::string& name) {
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
  put_fact(labels, fact("data.grade", name == "important" ? "important" : "general"));
  put_fact(labels, fact("data.personal", "ordinary"));
  put_fact(labels, fact("data.subjects_ordinary", int64_t{100}));
  put_fact(labels, fact("data.subjects_sensitive", int64_t{0}));
  put_fact(labels, fact("data.collected_in", city == "hongkong" ? "hongkong" : "mainland"));
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
  if (name == "passing" || name == "bound")
    put_fact(labels, fact("data.tags", std::vector<std::string>{name}));
  return dataset;
}

}  // namespace

std::vector<std::string> regions_of(bool three) {
  std::vector<std::string> regions = {"hongkong", "shenzhen"};
  if (three) regions.emplace_back("macao");
  return regions;
}

CoreConfig config_of(const std::string& region, const std::vector<std::string>& regions, Random* random) {
  CoreConfig config;
  config.region = region;
  config.jurisdiction = jurisdiction_of(region);
  config.operator_tenant = region + "-hub";
  for (const std::string& other : regions) {
    if (other != region) config.peers.push_back({other, jurisdiction_of(other)});
    for (const char* kind : {"hub", "university"}) {
      pb::Tenant tenant = tenant_in(other, kind);
      config.tenants.emplace(tenant.id(), std::move(tenant));
    }
  }
  config.platforms = {{"cluster", "slurm", 64, 0, {}}};
  config.standing_facts = {fact("link.crypto", "gm")};
  if (random == nullptr) return config;
  const auto sometimes = [&](Duration& limit, int64_t seconds) {
    if (random->below(4) == 0) limit = Duration::seconds(seconds);
  };
  sometimes(config.job_deadline, 60);
  sometimes(config.hold_expiry, 6);
  sometimes(config.offer_expiry, 12);
  sometimes(config.cancel_patience, 4);
  config.attempts_max = static_cast<int>(random->between(1, 4));
  config.retire_after = Duration::seconds(random->between(1, 60));
  return config;
}

std::vector<pb::Dataset> datasets_of(const std::string& region) {
  std::vector<pb::Dataset> all;
  for (const char* name : {"general", "tagged", "important", "passing", "bound"})
    all.push_back(dataset_of(region, name));
  return all;
}

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

}  // namespace hetao::sim
