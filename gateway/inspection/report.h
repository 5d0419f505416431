// What an inspection found: kinds, counts, places and coverage. Never a value that was matched: excerpts are
// masked. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/json.h"

namespace hetao::inspection {

enum class Confidence { kLow, kMedium, kHigh };
const char* to_word(Confidence confidence);

enum class Verdict {
  kClean,  // every byte was read, and nothing was found
  kFindings,
  kIncomplete,  // something was not read: never taken for clean
};
const char* to_word(Verdict verdict);

struct Finding {
  std::string kind;  // a name of kinds.h: cn_resident_id, hkid, vcf_text; or a customer's own
  uint64_t count = 0;
  // Of the first ones, in bytes from the start of the layer that `path` names; at most kOffsetsMax.
  std::vector<uint64_t> offsets;
  std::string path;  // inside/archive.csv; empty: the file itself
  Confidence confidence = Confidence::kHigh;
  std::vector<std::string>
      excerpts;  // for reviewers on this side of the border: masked, with what stands around
};
inline constexpr size_t kOffsetsMax = 10;
inline constexpr size_t kExcerptsMax = 3;

// Numbers that look like `kind` and pass its check no more often than chance has it.
struct Noise {
  std::string kind;
  std::string path;
  size_t column = 0;  // of a table, from 0; 0 for text without columns
  uint64_t tested = 0;
  uint64_t passed = 0;
};

// A layer that is something in particular: {"", "gzip"}, {"data.csv", "table"}.
struct Format {
  std::string path;
  std::string name;
  std::string what;  // "packed", "table", "model", "image", "program"; may be empty
};
inline constexpr size_t kFormatsMax = 200;

struct Coverage {
  uint64_t bytes_in = 0;
  uint64_t bytes_read = 0;            // of the file itself, by every detector that its format calls for
  uint64_t bytes_decoded = 0;         // that came out of packed or encoded layers, and were read
  uint64_t members = 0;               // files inside
  uint64_t layers = 0;                // the deepest nesting
  std::vector<std::string> not_read;  // what, and why
  bool full() const { return not_read.empty() && bytes_in == bytes_read; }
};
inline constexpr size_t kNotReadMax = 50;

struct Span {
  uint64_t begin = 0;
  uint64_t end = 0;
};
inline constexpr size_t kSpansMax = 500'000;  // more are not masked

// A column of a table, by its heading: for policies that look at names and sizes.
struct Table {
  std::string path;
  std::vector<std::string> columns;
  uint64_t rows = 0;
};

struct Report {
  Verdict verdict = Verdict::kIncomplete;
  Coverage coverage;
  std::vector<Finding> findings;  // by path and kind
  std::vector<Noise> noise;
  std::vector<Format> formats;
  std::vector<Table> tables;
  // Of a table with a column of counts: the smallest one. Nothing where no such column is.
  std::optional<int64_t> smallest_group;
  // Of tables that tell of people: how many can't be told apart, at least.
  std::optional<int64_t> anonymity;
  // Where the kinds that were to be masked stand in the file itself, in order; only where it is plain text.
  std::vector<Span> spans;
};

// {"bytes","verdict","coverage":{…},"findings":[…]}, as interfaces.md has it; the caller adds "file".
// `excerpts`: only for readers on this side of the border.
json::object to_json(const Report& report, bool excerpts = false);

// What to_json wrote, read back (from a process of its own, which may have been taken over: nothing is
// trusted but its form). Nothing where it is malformed.
std::optional<Report> report_from_json(const json::value& value);

// Several files of one item as one report: the worst verdict, sums, the smallest group if every table has
// one.
Report combine(const std::vector<Report>& reports);

}  // namespace hetao::inspection
