#include "gateway/api/tag_filter.h"

#include <algorithm>

namespace hetao::api {

Result<TagFilter> TagFilter::of(const Query& query) {
  const std::vector<std::string> keys = query.all("tag_key");
  const std::vector<std::string> values = query.all("tag_value");
  if (values.size() > keys.size())
    return fail(ErrorCode::kUsage, "parameter tag_value", "there are more values than keys");
  TagFilter filter;
  for (size_t i = 0; i < keys.size(); ++i)
    filter.wanted_.emplace_back(keys[i], i < values.size() ? values[i] : std::string());
  return filter;
}

bool TagFilter::takes(const pb::Task& task) const {
  return std::all_of(wanted_.begin(), wanted_.end(), [&](const auto& wanted) {
    for (const pb::Tag& tag : task.tags()) {
      if (tag.key() == wanted.first) return wanted.second.empty() || tag.value() == wanted.second;
    }
    return false;
  });
}

}  // namespace hetao::api
