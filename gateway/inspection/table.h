// Tables of aggregates (CSV, TSV): the smallest group, read from a column of counts. Pure; streaming; one
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetao::inspection {

class TableReader {
 public:
  // Whole lines without their line end, in order.
  void line(std::string_view text);
  // The smallest count, if the first line is a heading with a column of counts and every row has a whole
  // number there.
  std::optional<int64_t> smallest_group() const;

 private:
  char separator_ = ',';
  bool started_ = false;
  bool broken_ = false;  // a row does not fit the heading: no claim is made
  std::optional<size_t> column_;
  size_t columns_ = 0;
  std::optional<int64_t> smallest_;
};

}  // namespace hetao::inspection
