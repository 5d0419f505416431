// The archive, read beside commits: rows of tables for which federation::is_past() holds, which no start-up
// loads. What a commit wrote is found as soon as that commit has returned.
//
// Thread-safe. Calls block for a read of the disk, or a round trip to the server.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/federation/record.h"

namespace hetao::store {

struct KeyRange {
  std::string from;  // of the keys, byte by byte
  std::string end;   // the first key that does not belong to it any more
};

// All keys that begin so.
KeyRange beginning_with(std::string_view prefix);

class Archive {
 public:
  virtual ~Archive() = default;

  virtual Result<std::optional<std::string>> find(federation::Table table, std::string_view key) = 0;
  // At most `most` rows of the range: the first ones, ascending; or the last ones, descending.
  virtual Result<std::vector<federation::Record>> rows(federation::Table table, const KeyRange& range,
                                                       size_t most, bool last_ones = false) = 0;
};

}  // namespace hetao::store
