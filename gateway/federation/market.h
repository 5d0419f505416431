// What owners offer of this region's platforms: how much, when, at what price, and to whom.
//
// Where nothing is offered of a kind of a platform, its jobs are taken as they come, at the platform's own
// price. Where something is, a job of that kind begins under an offer that is made to its tenant and has
// enough left, at its price; it takes its place when everything else is ready, and gives it back when the
// platform is done with it (turns.h). An offer that ends or is withdrawn ends nothing that has begun.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/federation/fit.h"
#include "gateway/federation/state.h"

namespace hetao::federation {

void on_publish_offer(State& s, const PublishOffer& event);
void on_withdraw_offer(State& s, const WithdrawOffer& event);
void tick_market(State& s);
void resume_market(State& s);

// What a run or a task takes of an offer.
struct Share {
  std::string_view platform;
  std::string_view accelerator;  // kind; empty: cores
  int64_t count = 0;
};
Share share_of(const pb::Run& run);

// On the platform now, or on its way there or away: what it takes is taken.
bool holds_place(const pb::Run& run);

// Of that platform and kind, and not over.
bool is_of(const pb::ComputeOffer& offer, const Share& share, Instant now);
bool is_made_to(const pb::ComputeOffer& offer, std::string_view tenant, std::string_view home_region);

inline constexpr int64_t kOfferCountMax = 1'000'000;
// Its numbers are such that nobody who reckons with them goes wrong: a peer may say anything.
bool is_sound(const pb::ComputeOffer& offer);
std::vector<pb::ComputeOffer> sound_offers(const google::protobuf::RepeatedPtrField<pb::ComputeOffer>& told);

// This region's offers with what is taken of each.
std::vector<pb::ComputeOffer> offers_now(const State& s);
// Those that a peer may know, as it may know them (CoreConfig::shows_supply).
std::vector<pb::ComputeOffer> offers_for(const State& s, const std::string& region);

// What is offered somewhere, and who asks.
struct Terms {
  std::vector<pb::ComputeOffer> offers;
  std::string tenant;
  std::string home_region;
  Instant now;
  int64_t hkd_in_cny_micros = 0;  // to compare prices
};

// The price and the wait of the best offer for a task that fits; or why none is for it.
void apply_terms(const Terms& terms, const pb::Task& task, Fit& fit);

}  // namespace hetao::federation
