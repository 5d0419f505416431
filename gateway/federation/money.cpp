#include "gateway/federation/money.h"

#include <algorithm>

#include "gateway/federation/spending.h"
#include "gateway/federation/table.h"

namespace hetao::federation {

int64_t in_cny(const State& s, int64_t micros, std::string_view currency) {
  return in_cny(s.config.hkd_in_cny_micros, micros, currency);
}

std::optional<int64_t> parse_amount(const std::string& text) {
  const size_t dot = std::min(text.find('.'), text.size());
  const std::string whole = text.substr(0, dot);
  std::string part = dot < text.size() ? text.substr(dot + 1) : "";
  const auto digits = [](const std::string& t) {
    return std::all_of(t.begin(), t.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  const bool ends_in_dot = dot + 1 == text.size();
  if (ends_in_dot || whole.empty() || whole.size() > 9 || part.size() > 6 || !digits(whole) || !digits(part))
    return std::nullopt;
  part.resize(6, '0');
  return std::stoll(whole) * kMicrosPerUnit + std::stoll(part);
}

std::string money_text(int64_t cny_micros) {
  const int64_t fen = cny_micros / 10'000;
  std::string part = std::to_string(fen % 100);
  if (part.size() < 2) part.insert(0, "0");
  return std::to_string(fen / 100) + "." + part + " CNY";
}

void add_to_spent(State& s, const pb::Run& run) {
  const pb::Usage& usage = run.report().usage();
  if (usage.source().empty()) return;
  const std::string month = month_of(Instant{run.report().ended_micros()});
  pb::Usage& sum = s.edit_spent(run.tenant().id() + "/" + month + "/" + usage.currency());
  sum.set_currency(usage.currency());
  sum.set_cost_micros(sum.cost_micros() + usage.cost_micros());
}

int64_t spent_this_month(const State& s, const std::string& tenant, Instant now) {
  const std::string month = month_of(now);
  int64_t spent = 0;
  const std::string prefix = tenant + "/" + month + "/";
  for (auto at = s.spent.lower_bound(prefix); at != s.spent.end() && at->first.starts_with(prefix); ++at)
    spent += in_cny(s, at->second.cost_micros(), at->second.currency());
  for (const auto& [key, run] : s.runs) {
    if (run.tenant().id() == tenant) spent += counts_in_month(s.config, run, month);
  }
  return spent;
}

std::string why_over_cap(const State& s, const std::string& tenant, const Fit& fit, Instant now) {
  const auto cap = s.config.monthly_caps.find(tenant);
  if (cap == s.config.monthly_caps.end() || !fit.why.empty()) return {};
  const int64_t spent = spent_this_month(s, tenant, now);
  const int64_t costs = in_cny(s, fit.cost_micros, fit.currency);
  if (spent + costs <= cap->second) return {};
  return tenant + " may spend " + money_text(cap->second) + " a month here: " + money_text(spent) +
         " are spent or promised, and this job is expected to cost " + money_text(costs);
}

}  // namespace hetao::federation
