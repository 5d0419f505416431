#include "gateway/federation/fit.h"

#include <algorithm>
#include <tuple>

#include "gateway/base/text.h"
#include "gateway/base/time.h"
#include "gateway/federation/market.h"
#include "gateway/federation/supply.h"

namespace hetao::federation {

namespace {

constexpr int64_t kSecondsPerHour = 3'600;
constexpr int64_t kMiB = int64_t{1} << 20U;
constexpr int64_t kMiBPerGiB = 1'024;

const pb::Accelerator* accelerator_of(const pb::Platform& platform, const std::string& kind) {
  for (const pb::Accelerator& known : platform.accelerators()) {
    if (known.kind() == kind) return &known;
  }
  return nullptr;
}

struct Attempt {
  Fit fit;
  bool free = true;  // all of it is, as far as is known
};

Attempt attempt_with(const pb::Platform& platform, const pb::Task& task, const std::string& kind,
                     int64_t count) {
  Attempt attempt;
  Fit& fit = attempt.fit;
  const pb::Resources& wanted = task.resources();
  fit.platform = platform.name();
  if (platform.cpu_cores() > 0 && wanted.cpu_cores() > platform.cpu_cores()) {
    fit.why = platform.name() + " has " + std::to_string(platform.cpu_cores()) +
              " cores for a job, it asks for " + std::to_string(wanted.cpu_cores());
  } else if (platform.ram_bytes() > 0 && wanted.ram_bytes() > platform.ram_bytes()) {
    fit.why = platform.name() + " has less memory for a job than it asks for";
  }
  if (!kind.empty()) {
    const pb::Accelerator* known = accelerator_of(platform, kind);
    const int64_t most = known == nullptr ? 0 : known->job_max();
    if (fit.why.empty() && count > most)
      fit.why = platform.name() + " has " + (most == 0 ? std::string("no ") : std::to_string(most) + " ") +
                kind + " for a job, it asks for " + std::to_string(count);
    fit.accelerator = kind;
    fit.accelerators = count;
    if (known != nullptr && platform.seen_micros() != 0) attempt.free = known->free() >= count;
  }
  if (platform.seen_micros() != 0 && platform.cores_total() > 0)
    attempt.free = attempt.free && platform.cores_free() >= std::max<int64_t>(1, wanted.cpu_cores());
  fit.wait_seconds = attempt.free ? 0 : std::max<int64_t>(1, platform.wait_seconds());
  fit.currency = platform.price().currency();
  fit.cost_micros = cost_of(platform.price(), std::max<int64_t>(1, wanted.cpu_cores()), wanted.ram_bytes(),
                            kind, count, priced_seconds(task));
  return attempt;
}

}  // namespace

int64_t cost_of(const pb::Price& price, int64_t cores, int64_t ram_bytes, std::string_view accelerator,
                int64_t accelerators, int64_t seconds) {
  int64_t per_hour =
      cores * price.core_hour_micros() + ram_bytes / kMiB * price.ram_gib_hour_micros() / kMiBPerGiB;
  for (const pb::AcceleratorPrice& each : price.accelerators()) {
    if (each.kind() == accelerator) per_hour += accelerators * each.hour_micros();
  }
  // Whole hours apart, so that years of a large machine do not overflow.
  return per_hour * (seconds / kSecondsPerHour) + per_hour * (seconds % kSecondsPerHour) / kSecondsPerHour;
}

int64_t wanted_seconds(const pb::Task& task) {
  for (const pb::Tag& parameter : task.resources().backend_parameters()) {
    if (parameter.key() != "wall_time") continue;
    const auto time = parse_duration(parameter.value());
    if (time) return time->micros / 1'000'000;
  }
  return 0;
}

int64_t priced_seconds(const pb::Task& task) {
  const int64_t asked = wanted_seconds(task);
  return asked > 0 ? asked : kSecondsPerHour;
}

Fit best_fit(const std::vector<pb::Platform>& platforms, const pb::Task& task, std::string_view region,
             const Terms* terms) {
  WantedAccelerators wanted = wanted_accelerators(task);
  if (wanted.kinds.empty()) wanted = {{""}, {0}};
  const auto rank = [](const Attempt& a) {
    return std::tuple(!a.fit.why.empty(), !a.free, a.fit.wait_seconds, a.fit.cost_micros);
  };
  Attempt best;
  bool any = false;
  for (const pb::Platform& platform : platforms) {
    for (size_t i = 0; i < wanted.kinds.size(); ++i) {
      Attempt attempt = attempt_with(platform, task, wanted.kinds[i], wanted.counts[i]);
      if (terms != nullptr && attempt.fit.why.empty()) {
        apply_terms(*terms, task, attempt.fit);
        attempt.free = attempt.free && attempt.fit.wait_seconds == 0;
      }
      if (any && rank(attempt) >= rank(best)) continue;
      best = std::move(attempt);
      any = true;
    }
  }
  if (!any) best.fit.why = std::string(region) + " has no platform";
  if (!best.fit.why.empty()) best.fit.platform.clear();
  return std::move(best.fit);
}

}  // namespace hetao::federation
