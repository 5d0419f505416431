// Which case of a diff a request lies in: reads the words that cases say of attributes (diff.h). A request
// lies in one of them at most; where a case is not whole, the two decisions tell. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "policy/diff.h"
#include "policy/policy.h"
#include "policy/request.h"

namespace hetao::policy {

// Texts and globs that cases name for an attribute: a text that nobody names is told apart by the globs that
// it matches, and by all those that it does not.
struct Named {
  std::vector<std::string> texts;
  std::vector<std::string> globs;
};

// One test. Without a value the attribute is unknown, or absent where absence means something.
enum class Missing { kUnknown, kAbsent };
bool meets(const json::value& test, const Value* value, Missing missing = Missing::kUnknown,
           const Named& named = {});

// `diff` and `schema` (of either pack) must outlive this. Thread-safe once made.
class CaseFinder {
 public:
  CaseFinder(const Diff& diff, const Schema& schema);
  // Index into Diff::cases. The request should say its time.date; `before` and `after` are what it gets.
  std::optional<size_t> find(const Request& request, const Decision& before, const Decision& after) const;
  // All whose words hold of it. For tests: of whole cases one at most.
  std::vector<size_t> find_all(const Request& request) const;

 private:
  struct Slot {
    std::string attribute;
    bool known = false;  // by the schema
    Missing missing = Missing::kUnknown;
    Named named = {};
  };
  struct Held {
    const Value* value = nullptr;
    Missing missing = Missing::kUnknown;
  };
  std::vector<Held> look(const Request& request) const;
  bool holds(size_t index, const std::vector<Held>& held) const;

  const Diff* diff_;
  const Schema* schema_;
  std::vector<Slot> slots_;
  std::vector<std::vector<size_t>> tests_;  // of each case: slots, in the order of its tests
};

}  // namespace hetao::policy
