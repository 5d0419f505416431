#include "gateway/api/admission.h"

#include <algorithm>

#include "gateway/base/check.h"

namespace hetao::api {

namespace {

constexpr int kQueueRetrySeconds = 5;

TurnedAway turned_away(int status, int seconds, std::string why) {
  return {status,
          seconds,
          {ErrorCode::kUnreachable, "submission", std::move(why),
           "ask again in " + std::to_string(seconds) + " s, with the same Idempotency-Key"}};
}

}  // namespace

size_t further_jobs(const OpenJobs& open) {
  // Each one more is one less that is free for all.
  const size_t free = open.most - std::min(open.most, open.all);
  return open.tenant >= free ? 0 : (free - open.tenant + 1) / 2;
}

std::optional<TurnedAway> Admission::ask(std::string_view tenant, const OpenJobs& open) const {
  if (open.all >= open.most)
    return turned_away(503, kQueueRetrySeconds,
                       "this gateway has " + std::to_string(open.all) + " open jobs, the most that it takes");
  if (open.tenant >= open.most - open.all)
    return turned_away(
        429, kQueueRetrySeconds,
        "your tenant has " + std::to_string(open.tenant) + " open jobs, as many as are left for all others");
  const auto mine = under_way_.find(tenant);
  const size_t tenants = under_way_.size() + (mine == under_way_.end() ? 1 : 0);
  if (mine != under_way_.end() && mine->second >= std::max<size_t>(1, kUnderWayMax / tenants))
    return turned_away(429, 1, "your tenant has its share of submissions under way");
  return std::nullopt;
}

Admission::Place Admission::enter(std::string tenant) {
  ++under_way_[tenant];
  return {*this, std::move(tenant)};
}

void Admission::leave(const std::string& tenant) {
  const auto at = under_way_.find(tenant);
  HETAO_CHECK(at != under_way_.end());
  if (--at->second == 0) under_way_.erase(at);
}

}  // namespace hetao::api
