// What a gateway keeps on file besides jobs: datasets (its own, and what peers tell of theirs), filings.
#pragma once

#include <optional>
#include <vector>

#include "gateway/federation/state.h"

namespace hetao::federation {

void on_register_dataset(State& s, const RegisterDataset& event);
void on_retire_dataset(State& s, const RetireDataset& event);
void on_register_mechanism(State& s, const RegisterMechanism& event);
void on_note_act(State& s, const NoteAct& event);

void on_region_news(State& s, const std::string& from, const pb::RegionNews& news);
void on_catalogue_news(State& s, const std::string& from, const pb::CatalogueNews& news);
pb::PeerMessage region_news(const State& s, const std::string& to);
std::vector<pb::PeerMessage> catalogue_news(const State& s);

// Completes a dataset crossing that a peer asked for from our own catalogue: files, labels, exporter. Says
// why not.
std::optional<std::string> fill_from_catalogue(const State& s, pb::Crossing& crossing);

// The dataset as an item named `name`.
pb::Item dataset_item(const pb::Dataset& dataset, const std::string& name);

// A tenant as configuration knows it; unknown ones have an id and no facts.
pb::Tenant tenant_of(const State& s, const std::string& id);

}  // namespace hetao::federation
