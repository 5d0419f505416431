#include "gateway/files/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

namespace hetao::files {

namespace {
constexpr size_t kBytesMax = size_t{1} << 30U;
}

Result<std::string> read_file(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return fail(ErrorCode::kUsage, path, std::strerror(errno), "give the path of a file that can be read");
  std::string content;
  std::string piece(size_t{64} << 10U, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    content.append(piece, 0, static_cast<size_t>(in.gcount()));
    if (content.size() > kBytesMax)
      return fail(ErrorCode::kUsage, path, "is larger than 1 GiB", "give a smaller file");
  }
  if (in.bad()) return fail(ErrorCode::kUsage, path, "could not be read to its end", "is it a folder?");
  return content;
}

Result<void> write_file(const std::string& path, std::string_view content, bool secret, bool replace) {
  if (!replace && access(path.c_str(), F_OK) == 0) {
    return fail(ErrorCode::kFailed, path, "is there already", "remove it, or name another place");
  }
  const std::string beside = path + ".new";
  unlink(beside.c_str());  // one that a crash left keeps its own mode
  const int file = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, secret ? 0600 : 0644);
  if (file < 0)
    return fail(ErrorCode::kFailed, path, std::strerror(errno), "is its folder there and writable?");
  size_t written = 0;
  while (written < content.size()) {
    const ssize_t n = write(file, content.data() + written, content.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    written += static_cast<size_t>(n);
  }
  const bool whole = written == content.size() && fsync(file) == 0;
  close(file);
  if (!whole || rename(beside.c_str(), path.c_str()) != 0) {
    const std::string why = std::strerror(errno);
    unlink(beside.c_str());
    return fail(ErrorCode::kFailed, path, "could not be written: " + why, "is the disk full?");
  }
  return {};
}

}  // namespace hetao::files
