#include "gateway/io/tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "gateway/base/text.h"
#include "gateway/io/durable_file.h"

namespace hetao::io {

std::string tail_of_file(const std::string& path, size_t bytes_max) {
  const auto file = open_file(path, O_RDONLY | O_NOFOLLOW);
  return file ? tail_of_file(file->get(), bytes_max) : std::string();
}

std::string tail_of_file(int descriptor, size_t bytes_max) {
  struct stat facts{};
  if (::fstat(descriptor, &facts) != 0) return {};
  const auto from = std::max<int64_t>(0, facts.st_size - static_cast<int64_t>(bytes_max));
  std::string text(bytes_max, '\0');
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), from);
  text.resize(size > 0 ? static_cast<size_t>(size) : 0);
  size_t skip = 0;
  while (from > 0 && skip < 4 && skip < text.size() && (static_cast<uint8_t>(text[skip]) & 0xC0U) == 0x80U)
    ++skip;
  return to_utf8(text.substr(skip));
}

}  // namespace hetao::io
