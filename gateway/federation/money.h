// What a tenant has spent here this month, and whether a further job would go beyond what it may spend: a
// small firm's cap. Counted from the runs' own records, and a sum of those that are archived.
#pragma once

#include <optional>
#include <string>

#include "gateway/federation/fit.h"
#include "gateway/federation/state.h"

namespace hetao::federation {

// In millionths of a CNY: what ended runs of this month (of Shanghai) cost, and what those under way are
// expected to.
int64_t spent_this_month(const State& s, const std::string& tenant, Instant now);

// The run goes to the archive: what it cost stays in the sum of its month.
void add_to_spent(State& s, const pb::Run& run);

// Why a job that costs so much may not run for the tenant; empty: it may, or the tenant has no cap.
std::string why_over_cap(const State& s, const std::string& tenant, const Fit& fit, Instant now);

// Millionths of `currency` as millionths of a CNY.
int64_t in_cny(const State& s, int64_t micros, std::string_view currency);
std::string money_text(int64_t cny_micros);  // "12.34 CNY"

// "0.35" of a currency, as millionths; nothing: it is no amount.
std::optional<int64_t> parse_amount(const std::string& text);

}  // namespace hetao::federation
