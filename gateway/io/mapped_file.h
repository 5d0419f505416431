// A file's bytes as memory: the operating system reads what is looked at, and may forget it again.
//
// For files of our own that are never changed in place (only replaced whole, durable_file.h): one that
// somebody cuts short while it is mapped ends the process. Thread-safe once opened.
#pragma once

#include <string>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"

namespace hetao::io {

class MappedFile {
 public:
  // kNotFound when it is not there.
  static Result<MappedFile> open(const std::string& path);
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  ByteView bytes() const { return {data_, size_}; }

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace hetao::io
