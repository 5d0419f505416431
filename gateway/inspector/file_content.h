// A file's bytes in memory: mapped where it is a regular file, else copied into an unnamed file first.
// Blocking.
#pragma once

#include <string>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"

namespace hetao::inspector {

// An open descriptor, closed at the end.
class OpenFile {
 public:
  explicit OpenFile(int descriptor = -1) : descriptor_(descriptor) {}
  OpenFile(OpenFile&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  OpenFile& operator=(OpenFile&& other) noexcept;
  ~OpenFile();
  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

// `-` is standard input. A pipe or terminal is copied to its end first, at most `bytes_max`.
Result<OpenFile> open_content(const std::string& path, uint64_t bytes_max);
// Bytes that are in memory, as such a file.
Result<OpenFile> content_of(std::string_view bytes);

class Mapping {
 public:
  static Result<Mapping> of(int descriptor);
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&&) = delete;
  ~Mapping();
  ByteView bytes() const { return {data_, size_}; }

 private:
  Mapping(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  const uint8_t* data_;
  size_t size_;
};

}  // namespace hetao::inspector
