#include "gateway/runner/log_tail.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <vector>

namespace hetao::runner {

namespace {

// How much of it got written.
size_t write_what_goes(int fd, std::string_view bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

constexpr std::string_view kMarkBegin = "[hetao: the first ";
constexpr std::string_view kMarkEnd = " bytes are not kept]\n";

std::string mark_of(int64_t bytes) {
  return std::string(kMarkBegin) + std::to_string(bytes) + std::string(kMarkEnd);
}

}  // namespace

LogMark read_log_mark(std::string_view head) {
  if (!head.starts_with(kMarkBegin)) return {};
  const std::string_view rest = head.substr(kMarkBegin.size());
  LogMark mark;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), mark.left_out);
  const auto digits = static_cast<size_t>(end - rest.data());
  if (error != std::errc() || mark.left_out < 0 || !rest.substr(digits).starts_with(kMarkEnd)) return {};
  mark.bytes = kMarkBegin.size() + digits + kMarkEnd.size();
  return mark;
}

Result<LogTail> LogTail::create(int folder, std::string name, size_t bytes_max) {
  Fd file(::openat(folder, name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return fail(os_error(name, "can't be created", errno));
  return LogTail(folder, std::move(name), bytes_max, std::move(file));
}

void LogTail::write(std::string_view bytes) {
  total_ += static_cast<int64_t>(bytes.size());
  in_file_ += write_what_goes(file_.get(), bytes);
  // Twice the bound, so that a byte is copied once on average.
  if (in_file_ > 2 * bytes_max_) cut();
}

void LogTail::skip(int64_t bytes) {
  total_ += bytes;
  write_what_goes(file_.get(), mark_of(total_));
}

void LogTail::finish() {
  if (in_file_ > bytes_max_) cut();
}

void LogTail::cut() {
  std::vector<char> tail(bytes_max_);
  const off_t end = ::lseek(file_.get(), 0, SEEK_END);
  const ssize_t n = ::pread(file_.get(), tail.data(), tail.size(), end - static_cast<off_t>(tail.size()));
  if (end < 0 || n != static_cast<ssize_t>(tail.size())) return;
  const std::string mark = mark_of(total_ - static_cast<int64_t>(tail.size()));
  const std::string temporary = "." + name_;
  Fd next(::openat(folder_, temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!next || write_what_goes(next.get(), mark) != mark.size() ||
      write_what_goes(next.get(), {tail.data(), tail.size()}) != tail.size() ||
      ::renameat(folder_, temporary.c_str(), folder_, name_.c_str()) != 0) {
    ::unlinkat(folder_, temporary.c_str(), 0);
    in_file_ = 0;  // try again after as much more
    return;
  }
  file_ = std::move(next);
  in_file_ = tail.size();
}

}  // namespace hetao::runner
