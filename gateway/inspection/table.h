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
  bool counts() const { return column_.has_value(); }

 private:
  char separator_ = ',';
  bool started_ = false;
  bool broken_ = false;  // a row does not fit the heading: no claim is made
  std::optional<size_t> column_;
  size_t columns_ = 0;
  std::optional<int64_t> smallest_;
};

// RFC 4180 fields of one line; a quoted field may hold the separator.
std::vector<std::string> table_fields(std::string_view line, char separator);

// The same of a whole text; looks at its rows only if its heading has a column of counts.
std::optional<int64_t> smallest_group(std::string_view text);

}  // namespace hetao::inspection
