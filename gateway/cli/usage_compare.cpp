#include "gateway/cli/usage_compare.h"

#include <array>
#include <map>

#include "gateway/base/text.h"
#include "gateway/cli/context.h"

namespace hetao::cli {

namespace {

constexpr std::array<const char*, 16> kCompared = {
    "tenant",   "project",   "home",  "region",       "platform",    "platform_id",
    "source",   "seconds",   "cores", "core_seconds", "accelerator", "accelerator_seconds",
    "bytes_in", "bytes_out", "cost",  "currency"};

using Records = std::map<std::string, const json::object*>;

// Those that both regions know of.
Records shared_records(const json::object& books, const std::string& a, const std::string& b) {
  Records out;
  for (const json::value& value : list_at(books, "records")) {
    if (!value.is_object()) continue;
    const json::object& record = value.get_object();
    const std::string home = text_at(record, "home");
    const std::string region = text_at(record, "region");
    if ((home == a && region == b) || (home == b && region == a))
      out[text_at(record, "job") + "." + text_at(record, "attempt")] = &record;
  }
  return out;
}

}  // namespace

Result<UsageComparison> compare_usage(const json::object& ours, const json::object& theirs) {
  const std::string here = text_at(ours, "region");
  const std::string there = text_at(theirs, "region");
  if (there.empty() || here == there)
    return fail(ErrorCode::kUsage, "the other books",
                there.empty() ? "name no region" : "are of this region too",
                "save them in the other region: hetao --json usage > FILE");
  const Records a = shared_records(ours, here, there);
  const Records b = shared_records(theirs, here, there);
  UsageComparison out;
  for (const auto& [job, record] : a) {
    const auto other = b.find(job);
    if (other == b.end()) {
      out.differences.push_back(printable(job) + ": stands in " + here + "'s books alone");
      continue;
    }
    bool same = true;
    for (const char* field : kCompared) {
      const std::string left = text_at(*record, field);
      const std::string right = text_at(*other->second, field);
      if (left == right) continue;
      same = false;
      out.differences.push_back(printable(job) + ": " + field + " is " + printable(left) + " in " + here +
                                ", " + printable(right) + " in " + there);
    }
    if (same) ++out.same;
  }
  for (const auto& [job, record] : b) {
    if (!a.contains(job))
      out.differences.push_back(printable(job) + ": stands in " + there + "'s books alone");
  }
  return out;
}

}  // namespace hetao::cli
