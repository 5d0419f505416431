// What became of a blob's transfer. Plain value.
#pragma once

#include <string>

namespace hetao::io {

struct BlobOutcome {
  bool ok = false;
  bool for_good = false;  // trying again can't help
  std::string why;
  std::string fault = {};  // "digest", "protocol", "unexpected": the peer's; empty: nobody's
};

}  // namespace hetao::io
