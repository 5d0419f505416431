#include "gateway/io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <utility>

#include "gateway/io/durable_file.h"

namespace hetao::io {

Result<MappedFile> MappedFile::open(const std::string& path) {
  const auto file = open_file(path, O_RDONLY);
  if (!file) return fail(file.error());
  struct stat facts{};
  if (::fstat(file->get(), &facts) != 0) return fail_errno(path, "can't be read");
  MappedFile mapped;
  const auto size = static_cast<size_t>(facts.st_size);
  if (size == 0) return mapped;
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file->get(), 0);
  if (data == MAP_FAILED) return fail_errno(path, "can't be read");
  mapped.data_ = static_cast<const uint8_t*>(data);
  mapped.size_ = size;
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<uint8_t*>(data_), size_);
}

}  // namespace hetao::io
