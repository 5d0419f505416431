// A stream's log of bounded size: what was written last is kept, and a mark says how much was cut. The file
// may be read while it grows. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/runner/files.h"

namespace hetao::runner {

// The mark that stands before what was kept. `bytes`: its own length; 0: there is none.
struct LogMark {
  size_t bytes = 0;
  int64_t left_out = 0;  // bytes of the stream before what follows
};
LogMark read_log_mark(std::string_view head);
inline constexpr size_t kLogMarkBytesMax = 64;

class LogTail {
 public:
  static Result<LogTail> create(int folder, std::string name, size_t bytes_max);

  // A disk that refuses is not the job's fault: what can't be written is only counted.
  void write(std::string_view bytes);
  // Marks bytes that stand before what is written next, and are not given here.
  void skip(int64_t bytes);
  // Cuts to the bound. Call once, at the end.
  void finish();

  int64_t bytes_written() const { return total_; }

 private:
  LogTail(int folder, std::string name, size_t bytes_max, Fd file)
      : folder_(folder), name_(std::move(name)), bytes_max_(bytes_max), file_(std::move(file)) {}
  void cut();

  int folder_;
  std::string name_;
  size_t bytes_max_;
  Fd file_;
  int64_t total_ = 0;
  size_t in_file_ = 0;  // of the stream's own bytes, without the mark
};

}  // namespace hetao::runner
