// A rule as its authors wrote it, with names resolved and constants typed. Plain values, immutable after
// loading. Grammar: language.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/time.h"
#include "policy/obligation.h"
#include "policy/schema.h"

namespace hetao::policy {

// The stricter is the greater.
enum class Effect { kPermit, kHold, kForbid };

const char* to_word(Effect effect);  // permit, hold, forbid
std::optional<Effect> effect_from_word(std::string_view word);

struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

enum class Operator {
  kIn,           // numbers or texts
  kRange,        // low <= value <= high
  kMatches,      // texts are globs; one of them
  kContainsAny,  // sets
  kContainsAll,  // sets
};

// One attribute compared with constants. Booleans are the numbers 0 and 1, dates are days since 1970.
struct Test {
  size_t attribute = 0;  // index into LoadedPack::attributes
  Operator op = Operator::kIn;
  bool negated = false;            // not_in, contains_none
  std::vector<int64_t> numbers;    // sorted, no repeats
  std::vector<std::string> texts;  // sorted, no repeats
  int64_t low = 0;
  int64_t high = 0;
};

struct Condition {
  enum class Kind { kAll, kAny, kNone, kTest };
  Kind kind = Kind::kAll;
  std::vector<Condition> members;  // of all, any, none
  Test test;
  Place place;
};

// Days of Asia/Shanghai; `until` is exclusive.
struct Validity {
  std::optional<Date> from;
  std::optional<Date> until;
};

struct Rule {
  std::string id;
  Effect effect = Effect::kForbid;
  Words title;
  std::vector<std::string> basis;
  std::string note;
  Validity valid;
  Condition when;                   // kAll
  std::optional<Condition> unless;  // kAll
  std::vector<ObligationSpec> obligations;
  Place place;
};

}  // namespace hetao::policy
