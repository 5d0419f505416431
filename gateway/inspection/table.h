// Tables (CSV, TSV): how small their groups of people are. Pure; streaming; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetao::inspection {

// Nothing where a table does not say.
struct GroupSizes {
  std::optional<int64_t> smallest;  // of a column of counts
  // How many people, at least, share what each row says of age, sex, place and the like. Rows are people, or
  // groups where there is a column of counts.
  std::optional<int64_t> anonymity;
};

class TableReader {
 public:
  // Whole lines without their line end, in order.
  void line(std::string_view text);
  // Of tables whose first line is a heading, and whose rows all fit it.
  GroupSizes sizes() const;
  // The heading names something that is worth reading the rows for.
  bool tells() const { return count_column_.has_value() || !traits_.empty(); }

 private:
  void heading(std::string_view text);
  char separator_ = ',';
  bool started_ = false;
  bool broken_ = false;  // a row does not fit the heading: no claim is made
  std::optional<size_t> count_column_;
  std::vector<size_t> traits_;  // columns that tell people apart
  size_t columns_ = 0;
  std::optional<int64_t> smallest_;
  std::map<std::string, int64_t> groups_;  // people by their traits
};

// RFC 4180 fields of one line; a quoted field may hold the separator.
std::vector<std::string> table_fields(std::string_view line, char separator);

// The same of a whole text; looks at its rows only if its heading tells something.
GroupSizes group_sizes(std::string_view text);

}  // namespace hetao::inspection
