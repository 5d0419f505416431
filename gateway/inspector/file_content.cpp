#include "gateway/inspector/file_content.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hetao::inspector {

namespace {

constexpr size_t kPieceBytes = size_t{1} << 20U;

tl::unexpected<Error> fail_errno(const std::string& what, const std::string& why) {
  return fail(ErrorCode::kUsage, what, why + ": " + std::strerror(errno), "give the path of a file");
}

Result<OpenFile> unnamed_file() {
  OpenFile file(::memfd_create("hetao-content", MFD_CLOEXEC));
  if (!file) return fail_errno("memory for a file", "can't be had");
  return file;
}

Result<void> write_whole(int to, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(to, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("memory for a file", "is not enough");
    data += written;
    size -= static_cast<size_t>(written);
  }
  return {};
}

Result<OpenFile> copied(int from, const std::string& name, uint64_t bytes_max) {
  auto file = unnamed_file();
  if (!file) return file;
  Bytes piece(kPieceBytes);
  uint64_t total = 0;
  while (true) {
    const ssize_t size = ::read(from, piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno(name, "could not be read to its end");
    if (size == 0) break;
    total += static_cast<uint64_t>(size);
    if (total > bytes_max)
      return fail(ErrorCode::kUsage, name, "is larger than what is kept in memory",
                  "write it to a file first");
    if (auto written =
            write_whole(file->get(), reinterpret_cast<const char*>(piece.data()), static_cast<size_t>(size));
        !written)
      return fail(written.error());
  }
  return file;
}

}  // namespace

OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<OpenFile> open_content(const std::string& path, uint64_t bytes_max) {
  OpenFile file(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                            : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno(path, "can't be read");
  struct stat facts{};
  if (::fstat(file.get(), &facts) != 0) return fail_errno(path, "can't be looked at");
  if (S_ISDIR(facts.st_mode)) return fail(ErrorCode::kUsage, path, "is a folder", "name the files in it");
  // Standard input may stand in the middle of its file.
  const bool at_begin = path != "-" || ::lseek(file.get(), 0, SEEK_CUR) == 0;
  if (S_ISREG(facts.st_mode) && at_begin) return file;
  return copied(file.get(), path, bytes_max);
}

Result<OpenFile> content_of(std::string_view bytes) {
  auto file = unnamed_file();
  if (!file) return file;
  if (auto written = write_whole(file->get(), bytes.data(), bytes.size()); !written)
    return fail(written.error());
  return file;
}

Result<Mapping> Mapping::of(int descriptor) {
  struct stat facts{};
  if (::fstat(descriptor, &facts) != 0 || facts.st_size < 0) return fail_errno("file", "can't be looked at");
  const auto size = static_cast<size_t>(facts.st_size);
  if (size == 0) return Mapping(nullptr, 0);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED) return fail_errno("file", "can't be mapped");
  ::madvise(data, size, MADV_SEQUENTIAL);
  return Mapping(static_cast<const uint8_t*>(data), size);
}

Mapping::Mapping(Mapping&& other) noexcept : data_(other.data_), size_(other.size_) {
  other.data_ = nullptr;
  other.size_ = 0;
}

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(const_cast<uint8_t*>(data_), size_);  // NOLINT: unmapped, not written
}

}  // namespace hetao::inspector
