// A set of classes of one attribute's values, as sorted, disjoint, half-open ranges that do not touch. Plain
// value.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

namespace hetao::policy {

// Numbers a class of values; 0 is "unknown".
using Class = uint32_t;

class ClassSet {
 public:
  struct Range {
    Class begin = 0;
    Class end = 0;
    friend auto operator<=>(const Range&, const Range&) = default;
  };

  ClassSet() = default;
  static ClassSet range(Class begin, Class end);  // empty when begin == end
  static ClassSet one(Class value) { return range(value, value + 1); }
  static ClassSet of(std::vector<Class> values);

  bool contains(Class value) const;
  bool empty() const { return ranges_.empty(); }
  uint64_t count() const;
  Class first() const { return ranges_.front().begin; }  // of a set that is not empty
  std::span<const Range> ranges() const { return ranges_; }

  ClassSet intersect(const ClassSet& other) const;
  ClassSet unite(const ClassSet& other) const;
  ClassSet complement(Class end) const;  // within [0, end)
  bool includes(const ClassSet& other) const;
  bool meets(const ClassSet& other) const;

  friend auto operator<=>(const ClassSet&, const ClassSet&) = default;

 private:
  std::vector<Range> ranges_;
};

}  // namespace hetao::policy
