// A piece of a stream's log (gateway/runner/log_tail.h) from a place in the stream on, also while it grows
// and its beginning is cut off. Calls block; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace hetao::io {

struct LogPiece {
  std::string bytes;
  int64_t from = 0;  // where they stand in the stream: later than asked when that is not kept any more

  int64_t end() const { return from + static_cast<int64_t>(bytes.size()); }
};

// Reads the log of a run's stream ("stdout.0") from a place on; nothing: there is no such log now. Any
// thread.
using LogReader =
    std::function<std::optional<LogPiece>(const std::string& stream, int64_t from, size_t most)>;

// At most `most` bytes of the stream from `from` on, or, below 0, of the last so many; none when there are
// none yet.
LogPiece read_log_piece(int descriptor, int64_t from, size_t most);

}  // namespace hetao::io
