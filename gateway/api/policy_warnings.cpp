#include "gateway/api/policy_warnings.h"

#include <algorithm>
#include <tuple>

#include "gateway/base/limits.h"
#include "gateway/base/policy_limits.h"
#include "gateway/federation/decide.h"
#include "policy/cut_points.h"

namespace hetao::api {

namespace {

constexpr int64_t kUrgentDays = 14;

std::string urgency_of(int64_t days_left) {
  if (days_left < 0) return "expired";
  return days_left <= kUrgentDays ? "urgent" : "due";
}

// How many crossings, of those on record, relied on the filing.
uint64_t relied_on(const federation::Core& core, const std::string& mechanism) {
  return static_cast<uint64_t>(
      std::count_if(core.crossings().begin(), core.crossings().end(),
                    [&](const auto& each) { return each.second.ours().mechanism() == mechanism; }));
}

void warn_of_mechanisms(const federation::Core& core, int32_t today, std::vector<PolicyWarning>& out) {
  for (const auto& [id, mechanism] : core.mechanisms()) {
    const auto left = federation::days_left(mechanism, today);
    if (mechanism.withdrawn() || !left || *left > limits::kPolicyWarningDays) continue;
    const std::string day = to_string(Date{mechanism.until_days()});
    const uint64_t crossings = relied_on(core, id);
    const std::string used =
        std::to_string(crossings) + (crossings == 1 ? " crossing" : " crossings") + " relied on it";
    out.push_back({"mechanism", "mechanism " + id + " (" + mechanism.kind() + ")", day, *left,
                   urgency_of(*left),
                   (*left < 0 ? "is not in force since " + day : "ends before " + day) + "; " + used +
                       "; file its successor, or withdraw it"});
  }
}

void warn_of_days(const policy::LoadedPack& pack, Date today, std::vector<PolicyWarning>& out) {
  for (const policy::ComingDay& coming :
       policy::coming_days(pack, today, static_cast<int>(limits::kPolicyWarningDays))) {
    const int64_t left = coming.day.days - today.days;
    out.push_back({"rule", coming.what, to_string(coming.day), left, urgency_of(left),
                   coming.text + " on " + to_string(coming.day) +
                       ": decisions change that day without anyone's doing"});
  }
}

void warn_of_counters(const federation::Core& core, const policy::LoadedPack& pack, int year,
                      std::vector<PolicyWarning>& out) {
  for (const auto& [key, counter] : core.counters()) {
    if (counter.year() != year) continue;
    const std::tuple<const char*, const char*, int64_t> counted[] = {
        {"subjects.year_ordinary", "persons", counter.ordinary()},
        {"subjects.year_sensitive", "persons with sensitive information", counter.sensitive()},
        {"exporter.year_bytes", "bytes", counter.bytes()},
        {"exporter.year_jobs", "jobs", counter.jobs()}};
    for (const auto& [attribute, unit, value] : counted) {
      for (const policy::CutPoint& cut : policy::cut_points(pack, attribute)) {
        const bool near = cut.value > 1 && value < cut.value && value >= cut.value - cut.value / 5;
        if (!near) continue;
        out.push_back({"counter", "counter " + key, "", 0, "due",
                       std::to_string(value) + " " + unit + " of " + std::to_string(cut.value) + " (rule " +
                           cut.rule + ")"});
      }
    }
  }
}

}  // namespace

std::vector<PolicyWarning> policy_warning_list(Backend& backend) {
  const Date today = shanghai_date(backend.now());
  const auto policy = backend.policy();
  std::vector<PolicyWarning> out;
  warn_of_mechanisms(backend.core(), today.days, out);
  warn_of_days(policy->pack(), today, out);
  warn_of_counters(backend.core(), policy->pack(), year_of(today), out);
  std::sort(out.begin(), out.end(), [](const PolicyWarning& a, const PolicyWarning& b) {
    return std::tie(a.days_left, a.what, a.text) < std::tie(b.days_left, b.what, b.text);
  });
  return out;
}

json::array policy_warnings(Backend& backend) {
  json::array out;
  for (const PolicyWarning& warning : policy_warning_list(backend)) {
    json::object one = {
        {"kind", warning.kind}, {"what", warning.what}, {"urgency", warning.urgency}, {"text", warning.text}};
    if (!warning.day.empty()) {
      one["day"] = warning.day;
      one["days_left"] = warning.days_left;
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace hetao::api
