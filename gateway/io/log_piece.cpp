#include "gateway/io/log_piece.h"

#include <unistd.h>

#include <algorithm>
#include <limits>

#include "gateway/runner/log_tail.h"

namespace hetao::io {

LogPiece read_log_piece(int descriptor, int64_t from, size_t most) {
  std::string head(runner::kLogMarkBytesMax, '\0');
  const ssize_t seen = ::pread(descriptor, head.data(), head.size(), 0);
  head.resize(seen > 0 ? static_cast<size_t>(seen) : 0);
  const runner::LogMark mark = runner::read_log_mark(head);
  LogPiece piece;
  if (from < 0) {
    const off_t size = ::lseek(descriptor, 0, SEEK_END);
    const int64_t kept = std::max<int64_t>(0, size - static_cast<int64_t>(mark.bytes));
    from = mark.left_out + std::max<int64_t>(0, kept + std::max<int64_t>(from, -kept));
  }
  piece.from = std::max(from, mark.left_out);
  // A job may have written a mark of its own: whatever it says, the file is only read where it is.
  const int64_t skip = piece.from - mark.left_out;
  const auto at = static_cast<int64_t>(mark.bytes);
  if (skip > std::numeric_limits<int64_t>::max() - at) return piece;
  piece.bytes.resize(most);
  const ssize_t got = ::pread(descriptor, piece.bytes.data(), most, at + skip);
  piece.bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return piece;
}

}  // namespace hetao::io
