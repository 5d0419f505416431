// What a simulated federation is made of before anything happens: regions, tenants, datasets, filings, time
// limits.
#pragma once

#include <string>
#include <vector>

#include "gateway/federation/core.h"
#include "tests/sim/random.h"

namespace hetao::sim {

// Hong Kong and Shenzhen, and Macao in some worlds.
std::vector<std::string> regions_of(bool three);

// `random` draws the time limits: usual ones, or ones so short that they end jobs within a world. nullptr:
// usual.
federation::CoreConfig config_of(const std::string& region, const std::vector<std::string>& regions,
                                 Random* random);

std::vector<hetao::pb::Dataset> datasets_of(const std::string& region);

// What Hong Kong's universities have signed for what they send, on file on both sides.
hetao::pb::Mechanism model_clauses();

}  // namespace hetao::sim
