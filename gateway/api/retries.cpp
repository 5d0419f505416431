#include "gateway/api/retries.h"

#include <algorithm>
#include <vector>

namespace hetao::api {

std::optional<Retries::Place> Retries::enter(const std::string& digest,
                                             const std::shared_ptr<const io::HttpCaller>& caller) {
  if (!under_way_.try_emplace(digest, caller).second) return std::nullopt;
  return Place(*this, digest);
}

bool Retries::is_orphaned(const std::string& digest) const {
  const auto at = under_way_.find(digest);
  return at != under_way_.end() && at->second != nullptr && at->second->has_left();
}

std::optional<std::string> Retries::claim_lost(const std::string& digest,
                                               const std::shared_ptr<const io::HttpCaller>& caller,
                                               Instant now) {
  const auto [first, end] = lost_.equal_range(digest);
  for (auto at = first; at != end; ++at) {
    Lost& one = at->second;
    const bool is_free = !one.is_claimed || (one.claimed_by != nullptr && one.claimed_by->has_left());
    if (!is_free || one.until < now) continue;
    one.is_claimed = true;
    one.claimed_by = caller;
    return one.job;
  }
  return std::nullopt;
}

std::function<void(bool)> Retries::watch(const std::string& digest, const std::string& job, Instant now) {
  return [self = weak_from_this(), digest, job, now](bool taken) {
    const auto retries = self.lock();
    if (!retries) return;
    if (!taken) return retries->put(digest, job, now);
    const auto at = retries->find(digest, job);
    if (at != retries->lost_.end()) retries->lost_.erase(at);
  };
}

void Retries::look_back(const federation::Core& core, Instant started) {
  if (looked_back_) return;
  looked_back_ = true;
  const int64_t within_window = started.micros - kWindow.micros;
  int64_t was_there = 0;
  struct Made {
    std::string digest;
    std::string job;
    Instant created;
  };
  std::vector<Made> made;  // the newest first
  size_t looked = 0;
  for (auto at = core.jobs().end(); at != core.jobs().begin() && looked < kLostMax; ++looked) {
    const auto& [id, job] = *--at;  // ids sort by time
    if (job.created_micros() < within_window) break;
    if (job.created_micros() > started.micros) continue;
    for (const pb::StateChange& change : job.history()) {
      if (change.at_micros() <= started.micros) was_there = std::max(was_there, change.at_micros());
    }
    if (job.idempotency_key().empty())
      made.push_back({job.request_digest(), id, Instant{job.created_micros()}});
  }
  std::erase_if(made,
                [&](const Made& one) { return one.created.micros < was_there - kAnswerPatience.micros; });
  for (auto one = made.rbegin(); one != made.rend(); ++one) put(one->digest, one->job, one->created);
}

Retries::LostOnes::iterator Retries::find(const std::string& digest, const std::string& job) {
  const auto [first, end] = lost_.equal_range(digest);
  const auto at = std::find_if(first, end, [&](const auto& one) { return one.second.job == job; });
  return at == end ? lost_.end() : at;
}

void Retries::put(const std::string& digest, const std::string& job, Instant now) {
  if (lost_.size() >= kLostMax) std::erase_if(lost_, [&](const auto& one) { return one.second.until < now; });
  if (lost_.size() >= kLostMax) lost_.clear();
  const Lost lost{job, now + kWindow};
  const auto known = find(digest, job);
  if (known != lost_.end())
    known->second = lost;
  else
    lost_.emplace(digest, lost);
}

}  // namespace hetao::api
