#include "policy/class_set.h"

#include <algorithm>

#include "gateway/base/check.h"

namespace hetao::policy {

ClassSet ClassSet::range(Class begin, Class end) {
  HETAO_CHECK(begin <= end);
  ClassSet out;
  if (begin < end) out.ranges_.push_back({begin, end});
  return out;
}

ClassSet ClassSet::of(std::vector<Class> values) {
  std::sort(values.begin(), values.end());
  ClassSet out;
  for (const Class value : values) {
    if (!out.ranges_.empty() && out.ranges_.back().end >= value) {
      out.ranges_.back().end = std::max(out.ranges_.back().end, value + 1);
    } else {
      out.ranges_.push_back({value, value + 1});
    }
  }
  return out;
}

bool ClassSet::contains(Class value) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), value,
                                      [](Class v, const Range& r) { return v < r.begin; });
  return after != ranges_.begin() && value < std::prev(after)->end;
}

uint64_t ClassSet::count() const {
  uint64_t sum = 0;
  for (const Range& r : ranges_) sum += r.end - r.begin;
  return sum;
}

ClassSet ClassSet::intersect(const ClassSet& other) const {
  ClassSet out;
  size_t a = 0;
  size_t b = 0;
  while (a < ranges_.size() && b < other.ranges_.size()) {
    const Range& x = ranges_[a];
    const Range& y = other.ranges_[b];
    const Range both{std::max(x.begin, y.begin), std::min(x.end, y.end)};
    if (both.begin < both.end) out.ranges_.push_back(both);
    (x.end < y.end ? a : b) += 1;
  }
  return out;
}

ClassSet ClassSet::unite(const ClassSet& other) const {
  std::vector<Range> all;
  all.reserve(ranges_.size() + other.ranges_.size());
  std::merge(ranges_.begin(), ranges_.end(), other.ranges_.begin(), other.ranges_.end(),
             std::back_inserter(all));
  ClassSet out;
  for (const Range& r : all) {
    if (!out.ranges_.empty() && out.ranges_.back().end >= r.begin) {
      out.ranges_.back().end = std::max(out.ranges_.back().end, r.end);
    } else {
      out.ranges_.push_back(r);
    }
  }
  return out;
}

ClassSet ClassSet::complement(Class end) const {
  ClassSet out;
  Class at = 0;
  for (const Range& r : ranges_) {
    if (at < r.begin) out.ranges_.push_back({at, std::min(r.begin, end)});
    at = r.end;
  }
  if (at < end) out.ranges_.push_back({at, end});
  return out;
}

bool ClassSet::includes(const ClassSet& other) const {
  return std::all_of(other.ranges_.begin(), other.ranges_.end(), [&](const Range& r) {
    const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), r.begin,
                                        [](Class v, const Range& mine) { return v < mine.begin; });
    return after != ranges_.begin() && r.end <= std::prev(after)->end;
  });
}

bool ClassSet::meets(const ClassSet& other) const {
  size_t a = 0;
  size_t b = 0;
  while (a < ranges_.size() && b < other.ranges_.size()) {
    const Range& x = ranges_[a];
    const Range& y = other.ranges_[b];
    if (std::max(x.begin, y.begin) < std::min(x.end, y.end)) return true;
    (x.end < y.end ? a : b) += 1;
  }
  return false;
}

}  // namespace hetao::policy
