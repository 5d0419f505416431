// Customers' own patterns, by Vectorscan: regular expressions that a site adds to what is looked for, each
// with a name of its own. Compiled once; expressions that would be slow or match nothing are refused with the
// reason.
//
// A pattern is matched in UTF-8 and single-byte text, over a window's own bytes and as far ahead as
// identifiers go: a match longer than kLookAheadBytes may be missed. Thread-safe once compiled.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/inspection/scan/window.h"

namespace hetao::inspection {

struct Pattern {
  std::string name;        // [a-z0-9_]+, no name of kinds.h
  std::string expression;  // PCRE syntax without look-around and back-references
};

class PatternSet {
 public:
  static Result<PatternSet> compile(std::vector<Pattern> patterns);
  ~PatternSet();
  PatternSet(PatternSet&&) noexcept;
  PatternSet& operator=(PatternSet&&) noexcept;

  void scan(const Window& window, Tally& tally) const;
  const std::vector<Pattern>& patterns() const;

 private:
  struct Compiled;
  explicit PatternSet(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace hetao::inspection
