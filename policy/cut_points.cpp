#include "policy/cut_points.h"

#include <algorithm>
#include <tuple>

namespace hetao::policy {

namespace {

void collect(const Condition& condition, size_t attribute, const Rule& rule, std::vector<CutPoint>& out) {
  for (const Condition& member : condition.members) collect(member, attribute, rule, out);
  if (condition.kind != Condition::Kind::kTest || condition.test.attribute != attribute) return;
  const Test& test = condition.test;
  if (test.op == Operator::kRange) {
    if (test.low != INT64_MIN) out.push_back({rule.id, rule.effect, test.low});
    if (test.high != INT64_MAX) out.push_back({rule.id, rule.effect, test.high + 1});
  }
  if (test.op == Operator::kIn) {
    for (const int64_t number : test.numbers) {
      out.push_back({rule.id, rule.effect, number});
      if (number != INT64_MAX) out.push_back({rule.id, rule.effect, number + 1});
    }
  }
}

}  // namespace

std::vector<CutPoint> cut_points(const LoadedPack& pack, std::string_view attribute) {
  std::vector<CutPoint> out;
  const auto at = std::find_if(pack.attributes.begin(), pack.attributes.end(),
                               [&](const Attribute& each) { return each.name == attribute; });
  if (at == pack.attributes.end()) return out;
  const auto index = static_cast<size_t>(at - pack.attributes.begin());
  for (const Rule& rule : pack.rules) {
    collect(rule.when, index, rule, out);
    if (rule.unless) collect(*rule.unless, index, rule, out);
  }
  const auto order = [](const CutPoint& p) { return std::tie(p.value, p.rule); };
  std::sort(out.begin(), out.end(),
            [&](const CutPoint& a, const CutPoint& b) { return order(a) < order(b); });
  out.erase(std::unique(out.begin(), out.end(),
                        [&](const CutPoint& a, const CutPoint& b) { return order(a) == order(b); }),
            out.end());
  return out;
}

std::vector<ComingDay> coming_days(const LoadedPack& pack, Date today, int days) {
  std::vector<ComingDay> out;
  const auto add = [&](const std::optional<Date>& day, const std::string& what, const char* text) {
    if (day && day->days > today.days && day->days <= today.days + days) out.push_back({*day, what, text});
  };
  for (const Rule& rule : pack.rules) {
    add(rule.valid.from, "rule " + rule.id, "begins");
    add(rule.valid.until, "rule " + rule.id, "ends");
  }
  for (const auto& [name, parameter] : pack.parameters) {
    add(parameter.valid.from, "parameter " + name, "begins");
    add(parameter.valid.until, "parameter " + name, "ends");
  }
  for (const CutPoint& cut : cut_points(pack, "time.date")) {
    if (cut.value < INT32_MIN || cut.value > INT32_MAX) continue;
    add(Date{static_cast<int32_t>(cut.value)}, "rule " + cut.rule, "changes: it compares time.date");
  }
  std::sort(out.begin(), out.end(), [](const ComingDay& a, const ComingDay& b) {
    return std::tie(a.day, a.what, a.text) < std::tie(b.day, b.what, b.text);
  });
  return out;
}

}  // namespace hetao::policy
