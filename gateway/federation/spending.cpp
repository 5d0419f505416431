#include "gateway/federation/spending.h"

#include "gateway/federation/table.h"

namespace hetao::federation {

std::string month_of(Instant at) {
  return to_string(shanghai_date(at)).substr(0, 7);
}

int64_t in_cny(int64_t hkd_in_cny_micros, int64_t micros, std::string_view currency) {
  if (currency != "HKD") return micros;
  // Whole units apart: no product of two amounts overflows.
  return micros / kMicrosPerUnit * hkd_in_cny_micros +
         micros % kMicrosPerUnit * hkd_in_cny_micros / kMicrosPerUnit;
}

int64_t counts_in_month(const CoreConfig& config, const pb::Run& run, std::string_view month) {
  const int64_t rate = config.hkd_in_cny_micros;
  const pb::Usage& usage = run.report().usage();
  if (usage.source().empty())
    return is_final(run.state()) ? 0 : in_cny(rate, run.expected_cost_micros(), run.expected_currency());
  if (month_of(Instant{run.report().ended_micros()}) != month) return 0;
  return in_cny(rate, usage.cost_micros(), usage.currency());
}

}  // namespace hetao::federation
