// How many crossings were decided in each of the last hours, and how: for the overview.
#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"

namespace hetao::api {

namespace {

constexpr int64_t kMicrosPerHour = int64_t{3'600} * 1'000'000;
constexpr int64_t kHoursMax = 168;
constexpr int64_t kHoursDefault = 24;

}  // namespace

io::HttpResponse get_activity(const Context& c) {
  const auto wanted = number_query(c.query, "hours", 1, kHoursMax, kHoursDefault);
  if (!wanted) return problem(wanted.error());
  const size_t hours = static_cast<size_t>(*wanted);
  const int64_t first = c.backend.now().micros / kMicrosPerHour - *wanted + 1;
  struct Hour {
    int64_t permit = 0, hold = 0, forbid = 0;
  };
  std::vector<Hour> counts(hours);
  for (const auto& [id, crossing] : c.backend.core().crossings()) {
    const pb::Verdict& ours = crossing.ours();
    const int64_t at = ours.decided_micros() / kMicrosPerHour - first;
    if (ours.effect().empty() || at < 0 || at >= *wanted) continue;
    Hour& hour = counts[static_cast<size_t>(at)];
    ++(ours.effect() == "permit" ? hour.permit : ours.effect() == "hold" ? hour.hold : hour.forbid);
  }
  json::array list;
  for (size_t i = 0; i < hours; ++i) {
    json::object one;
    put_time(one, "from", (first + static_cast<int64_t>(i)) * kMicrosPerHour);
    one["permit"] = counts[i].permit;
    one["hold"] = counts[i].hold;
    one["forbid"] = counts[i].forbid;
    list.push_back(std::move(one));
  }
  return json_answer(json::object{{"hours", std::move(list)}});
}

}  // namespace hetao::api
