#include "gateway/api/activity.h"

#include <algorithm>

#include "gateway/api/handlers.h"
#include "gateway/api/policy_pack.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

constexpr int64_t kMicrosPerHour = int64_t{3'600} * 1'000'000;
constexpr int64_t kHoursDefault = 24;

void count(const ledger::Entry& entry, Activity::Hours& hours) {
  if (entry.kind != ledger::kind::kDecision || entry.crossing.empty()) return;
  Activity::Hour& hour = hours[entry.time.micros / kMicrosPerHour];
  ++(entry.decision == "permit" ? hour.permit : entry.decision == "hold" ? hour.hold : hour.forbid);
}

// The first entry of the last week, but no more of them than are looked at once.
Result<uint64_t> first_of_week(io::LedgerFiles& ledger, int64_t oldest, uint64_t end) {
  auto first = first_entry_since(ledger, Instant{oldest * kMicrosPerHour});
  if (!first) return first;
  return std::max(*first, end - std::min<uint64_t>(end, limits::kAuditScanEntriesMax));
}

}  // namespace

io::Awaitable<Result<void>> Activity::read(Backend& backend) {
  const int64_t oldest = backend.now().micros / kMicrosPerHour - kHoursMax + 1;
  const bool begun = begun_;
  uint64_t begin = next_;
  uint64_t end = 0;
  Hours found;
  Result<void> done;
  auto work = [&] {
    io::LedgerFiles& ledger = backend.ledger();
    end = ledger.size();
    if (!begun) {
      const auto first = first_of_week(ledger, oldest, end);
      if (!first) {
        done = fail(first.error());
        return;
      }
      begin = *first;
    }
    done = read_entries(ledger, begin, end, [&](const ledger::Entry& entry) { count(entry, found); });
  };
  co_await backend.offload(work);
  // Another request may have read the same meanwhile.
  if (done && begun == begun_ && (!begun || begin == next_)) take(found, end, oldest);
  co_return done;
}

void Activity::take(const Hours& found, uint64_t end, int64_t oldest) {
  begun_ = true;
  next_ = std::max(next_, end);
  for (const auto& [hour, more] : found) {
    Hour& sum = hours_[hour];
    sum.permit += more.permit;
    sum.hold += more.hold;
    sum.forbid += more.forbid;
  }
  hours_.erase(hours_.begin(), hours_.lower_bound(oldest));
}

io::Awaitable<io::HttpResponse> get_activity(const Context& c) {
  const auto wanted = number_query(c.query, "hours", 1, Activity::kHoursMax, kHoursDefault);
  if (!wanted) co_return problem(wanted.error());
  co_await c.backend.settled();
  if (const auto read = co_await c.activity.read(c.backend); !read) co_return problem(500, read.error());
  const int64_t first = c.backend.now().micros / kMicrosPerHour - *wanted + 1;
  json::array list;
  for (int64_t at = first; at < first + *wanted; ++at) {
    const auto known = c.activity.hours().find(at);
    const Activity::Hour hour = known == c.activity.hours().end() ? Activity::Hour{} : known->second;
    json::object one;
    put_time(one, "from", at * kMicrosPerHour);
    one["permit"] = hour.permit;
    one["hold"] = hour.hold;
    one["forbid"] = hour.forbid;
    list.push_back(std::move(one));
  }
  co_return json_answer(json::object{{"hours", std::move(list)}});
}

}  // namespace hetao::api
