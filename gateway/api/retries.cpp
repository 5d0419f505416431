#include "gateway/api/retries.h"

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

std::optional<std::string> Retries::lost(const std::string& digest, Instant now) {
  const auto at = lost_.find(digest);
  if (at == lost_.end() || at->second.until < now) return std::nullopt;
  return at->second.job;
}

std::function<void(bool)> Retries::watch(const std::string& digest, const std::string& job, Instant now) {
  return [self = weak_from_this(), digest, job, now](bool taken) {
    const auto retries = self.lock();
    if (!retries) return;
    if (!taken) return retries->put(digest, job, now);
    const auto at = retries->lost_.find(digest);
    if (at != retries->lost_.end() && at->second.job == job) retries->lost_.erase(at);
  };
}

void Retries::look_back(const federation::Core& core, Instant started) {
  if (looked_back_) return;
  looked_back_ = true;
  const int64_t from = started.micros - kBeforeStart.micros;
  size_t looked = 0;
  for (auto at = core.jobs().end(); at != core.jobs().begin() && looked < kLostMax; ++looked) {
    const auto& [id, job] = *--at;  // ids sort by time
    if (job.created_micros() < from) return;
    if (job.created_micros() > started.micros || !job.idempotency_key().empty()) continue;
    put(job.request_digest(), id, Instant{job.created_micros()});
  }
}

void Retries::put(const std::string& digest, const std::string& job, Instant now) {
  if (lost_.size() >= kLostMax) std::erase_if(lost_, [&](const auto& one) { return one.second.until < now; });
  if (lost_.size() >= kLostMax) lost_.clear();
  lost_.insert_or_assign(digest, Lost{job, now + kWindow});
}

}  // namespace hetao::api
