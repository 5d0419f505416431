// What owners of compute say, as events of the core (event.h).
#pragma once

#include <cstdint>
#include <string>

#include "proto/state.pb.h"

namespace hetao::federation {

// A new offer. `offer.id` is fresh, chosen by the shell; the core fills in who and when.
struct PublishOffer {
  uint64_t request = 0;
  pb::ComputeOffer offer;
  pb::Principal who;
};

// What has its place under it goes on; nothing more begins.
struct WithdrawOffer {
  uint64_t request = 0;
  std::string offer;
  pb::Principal who;
};

}  // namespace hetao::federation
