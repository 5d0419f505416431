// What an inspection found: kinds, counts, places and coverage. Never a value that was matched. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/json.h"

namespace hetao::inspection {

enum class Confidence { kLow, kHigh };
const char* to_word(Confidence confidence);

enum class Verdict {
  kClean,  // every byte was read, and nothing was found
  kFindings,
  kIncomplete,  // something was not read: never taken for clean
};
const char* to_word(Verdict verdict);

struct Finding {
  std::string kind;  // cn_resident_id, hkid, unionpay_pan, cn_mobile, email
  uint64_t count = 0;
  std::vector<uint64_t>
      offsets;  // of the first ones, in bytes from the start of the file; at most kOffsetsMax
  Confidence confidence = Confidence::kHigh;
};
inline constexpr size_t kOffsetsMax = 10;

struct Coverage {
  uint64_t bytes_in = 0;
  uint64_t bytes_read = 0;            // as text, by every detector
  std::vector<std::string> not_read;  // what, and why
  bool full() const { return not_read.empty() && bytes_in == bytes_read; }
};

struct Report {
  Verdict verdict = Verdict::kIncomplete;
  Coverage coverage;
  std::vector<Finding> findings;  // by kind
  // Of a table with a column of counts: the smallest one. Nothing where no such column is.
  std::optional<int64_t> smallest_group;
};

// {"bytes","verdict","coverage":{…},"findings":[…]}, as interfaces.md has it; the caller adds "file".
json::object to_json(const Report& report);

// Several files of one item as one report: the worst verdict, sums, the smallest group if every table has
// one.
Report combine(const std::vector<Report>& reports);

}  // namespace hetao::inspection
