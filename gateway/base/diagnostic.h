// A mistake in a text that a person wrote, with its place. Loaders collect all of them and report them at
// once.
#pragma once

#include <string>
#include <vector>

#include "gateway/base/result.h"

namespace hetao {

struct Diagnostic {
  std::string file;
  int line = 0;  // from 1; 0: the whole file
  int column = 0;
  std::string message;   // what is wrong
  std::string expected;  // what was expected; may be empty
  std::string hint;      // what to do, such as the nearest known name; may be empty
};

using Diagnostics = std::vector<Diagnostic>;

// "FILE:LINE:COLUMN: MESSAGE; expected EXPECTED (HINT)".
std::string to_line(const Diagnostic& diagnostic);

// All of them as one Error of code kUsage: `what` is the first one's place, `why` carries the rest by lines'
// count.
Error to_error(const Diagnostics& diagnostics);

}  // namespace hetao
