// What one run counts against the money that its tenant may spend here in a month. Pure; the sum over a
// state's runs is in money.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/time.h"
#include "gateway/federation/core.h"
#include "proto/state.pb.h"

namespace hetao::federation {

// "2026-11", of Shanghai.
std::string month_of(Instant at);

// Amounts are in millionths of a unit of their currency.
inline constexpr int64_t kMicrosPerUnit = 1'000'000;

// Millionths of `currency` as millionths of a CNY, where one HKD is so many of them.
int64_t in_cny(int64_t hkd_in_cny_micros, int64_t micros, std::string_view currency);

// Millionths of a CNY: what the run cost, if it ended in that month; what it is expected to cost while it is
// under way, whatever the month; else 0.
int64_t counts_in_month(const CoreConfig& config, const pb::Run& run, std::string_view month);

}  // namespace hetao::federation
