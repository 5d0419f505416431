#include "gateway/federation/catalogue.h"

#include "gateway/federation/access_request.h"
#include "gateway/federation/exchange.h"
#include "gateway/federation/item.h"
#include "gateway/federation/market.h"
#include "gateway/federation/supply.h"
#include "gateway/ledger/sha256.h"

namespace hetao::federation {

namespace {

constexpr size_t kDetailBytesMax = 8'192;  // what is larger goes into the ledger by its digest

void answer(State& s, uint64_t request, std::string id) {
  if (request != 0) s.effect(Answer{request, std::nullopt, std::move(id), {}, false});
}

void refuse(State& s, uint64_t request, Error error) {
  if (request != 0) s.effect(Answer{request, std::move(error), {}, {}, false});
}

pb::PeerMessage news_of(const pb::Dataset& dataset) {
  pb::PeerMessage message;
  *message.mutable_catalogue_news()->mutable_dataset() = dataset;
  // Names of files can say more than the catalogue wants to.
  message.mutable_catalogue_news()->mutable_dataset()->clear_files();
  message.mutable_catalogue_news()->mutable_dataset()->clear_registered_by();
  return message;
}

void tell_all(State& s, const pb::Dataset& dataset) {
  for (const PeerConfig& peer : s.config.peers) tell(s, peer.region, news_of(dataset));
}

}  // namespace

void on_register_dataset(State& s, const RegisterDataset& event) {
  const std::string what = "dataset " + event.dataset.id();
  const auto known = s.datasets.find(event.dataset.id());
  if (known != s.datasets.end() && !s.is_self(known->second.region())) {
    return refuse(
        s, event.request,
        {ErrorCode::kFailed, what, "that name is taken in " + known->second.region(), "choose another id"});
  }
  if (known != s.datasets.end() && known->second.owner_tenant() != event.dataset.owner_tenant()) {
    return refuse(s, event.request,
                  {ErrorCode::kNotAllowed, what, "belongs to another tenant", "choose another id"});
  }
  const uint64_t version = known == s.datasets.end() ? 1 : known->second.version() + 1;
  pb::Dataset& dataset = s.edit_dataset(event.dataset.id());
  dataset = event.dataset;
  dataset.set_region(s.config.region);
  dataset.set_version(version);
  dataset.set_registered_micros(s.now.micros);
  ledger::Entry& entry = s.book("dataset");
  entry.who = dataset.registered_by();
  entry.item_digest = dataset.digest();
  entry.item_bytes = dataset.bytes();
  entry.extra["dataset"] = dataset.id();
  entry.reason = "registered " + dataset.id() + " version " + std::to_string(version);
  tell_all(s, dataset);
  answer(s, event.request, dataset.id());
}

void on_retire_dataset(State& s, const RetireDataset& event) {
  const auto known = s.datasets.find(event.dataset);
  if (known == s.datasets.end() || !s.is_self(known->second.region())) {
    return refuse(s, event.request,
                  {ErrorCode::kNotFound, "dataset " + event.dataset, "is not in this catalogue",
                   "`hetao data list` shows what is"});
  }
  pb::Dataset& dataset = s.edit_dataset(event.dataset);
  dataset.set_retired(true);
  ledger::Entry& entry = s.book("dataset");
  entry.who = ledger_name(event.who);
  entry.item_digest = dataset.digest();
  entry.extra["dataset"] = dataset.id();
  entry.reason = "retired " + dataset.id();
  tell_all(s, dataset);
  answer(s, event.request, event.dataset);
}

void on_register_mechanism(State& s, const RegisterMechanism& event) {
  const bool known = s.mechanisms.contains(event.mechanism.id());
  pb::Mechanism& mechanism = s.edit_mechanism(event.mechanism.id());
  mechanism = event.mechanism;
  ledger::Entry& entry = s.book(std::string(ledger::kind::kMechanism));
  entry.who = mechanism.registered_by();
  entry.reason = std::string(mechanism.withdrawn() ? "withdrew"
                             : known               ? "changed"
                                                   : "filed") +
                 " mechanism " + mechanism.kind() + " " + mechanism.id() + " of " + mechanism.exporter() +
                 " and " + mechanism.recipient();
  entry.extra["mechanism"] = mechanism.id();
  entry.extra["kind"] = mechanism.kind();
  entry.extra["exporter"] = mechanism.exporter();
  entry.extra["recipient"] = mechanism.recipient();
  entry.extra["status"] = mechanism.withdrawn() ? "withdrawn" : mechanism.status();
  entry.extra["from"] = to_string(Date{mechanism.from_days()});
  if (mechanism.until_days() != 0) entry.extra["until"] = to_string(Date{mechanism.until_days()});
  answer(s, event.request, mechanism.id());
}

void on_note_act(State& s, const NoteAct& event) {
  ledger::Entry& entry = s.book(event.kind);
  entry.who = event.who;
  entry.reason = event.reason;
  for (const auto& [key, value] : event.details)
    entry.extra[key] =
        value.size() <= kDetailBytesMax ? value : "sha256:" + ledger::sha256(as_bytes(value)).hex();
  answer(s, event.request, std::to_string(entry.sequence));
}

void on_region_news(State& s, const std::string& from, const pb::RegionNews& news) {
  PeerLive& live = s.peers[from];
  live.policy_digest = news.policy_digest();
  live.platforms.assign(news.platforms().begin(), news.platforms().end());
  live.offers = sound_offers(news.offers());
  live.operator_tenant = news.operator_();
  skip_forgotten(s, from, news.oldest_sequence());
}

void on_catalogue_news(State& s, const std::string& from, const pb::CatalogueNews& news) {
  const pb::Dataset& told = news.dataset();
  if (told.region() != from || told.id().empty()) return;  // a region speaks for its own datasets alone
  const auto known = s.datasets.find(told.id());
  if (known != s.datasets.end()) {
    if (known->second.region() != from) return;  // first come, first named
    if (known->second.version() > told.version()) return;
    if (known->second.SerializeAsString() == told.SerializeAsString()) return;
  }
  s.edit_dataset(told.id()) = told;
}

pb::PeerMessage region_news(const State& s, const std::string& to) {
  pb::PeerMessage message;
  pb::RegionNews& news = *message.mutable_region_news();
  news.set_jurisdiction(s.config.jurisdiction);
  if (s.policy) news.set_policy_digest(s.policy->digest());
  *news.mutable_operator_() = tenant_of(s, s.config.operator_tenant);
  news.set_oldest_sequence(oldest_sequence(s, to));
  for (pb::Platform& platform : supply_for(s, to)) *news.add_platforms() = std::move(platform);
  for (pb::ComputeOffer& offer : offers_for(s, to)) *news.add_offers() = std::move(offer);
  return message;
}

std::vector<pb::PeerMessage> catalogue_news(const State& s) {
  std::vector<pb::PeerMessage> all;
  for (const auto& [id, dataset] : s.datasets) {
    if (s.is_self(dataset.region())) all.push_back(news_of(dataset));
  }
  return all;
}

pb::Item dataset_item(const pb::Dataset& dataset, const std::string& name) {
  pb::Item item;
  item.set_name(name);
  item.set_kind("dataset");
  item.set_digest(dataset.digest());
  item.set_bytes(dataset.bytes());
  *item.mutable_files() = dataset.files();
  *item.mutable_labels() = dataset.labels();
  return item;
}

std::optional<std::string> fill_from_catalogue(const State& s, pb::Crossing& crossing) {
  const std::string id = crossing.item().name();
  const auto known = s.datasets.find(id);
  if (known == s.datasets.end() || !s.is_self(known->second.region()))
    return "no dataset " + id + " in " + s.config.region;
  if (known->second.retired()) return "dataset " + id + " is retired";
  const Use use{crossing.submitter().tenant(), crossing.purpose(), crossing.project()};
  if (auto why = why_not_use(s, known->second, use, s.now)) return why;
  *crossing.mutable_item() = dataset_item(known->second, id);
  *crossing.mutable_exporter() = tenant_of(s, known->second.owner_tenant());
  return std::nullopt;
}

pb::Tenant tenant_of(const State& s, const std::string& id) {
  const auto known = s.config.tenants.find(id);
  if (known != s.config.tenants.end()) return known->second;
  pb::Tenant tenant;
  tenant.set_id(id);
  return tenant;
}

}  // namespace hetao::federation
