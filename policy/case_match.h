// Which case of a diff a request lies in. A request lies in one of them at most; where a case is not whole,
// the two decisions tell. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "policy/diff.h"
#include "policy/policy.h"
#include "policy/request.h"

namespace hetao::policy {

// `diff` must outlive this. Thread-safe once made.
class CaseFinder {
 public:
  explicit CaseFinder(const Diff& diff) : diff_(&diff) {}
  // Index into Diff::cases; `before` and `after` are what the request gets. `today` is what time.date is
  // when it does not say.
  std::optional<size_t> find(const Request& request, Date today, const Decision& before,
                             const Decision& after) const;
  // All that its attributes fit. For tests: of whole cases one at most.
  std::vector<size_t> find_all(const Request& request, Date today) const;

 private:
  const Diff* diff_;
};

}  // namespace hetao::policy
