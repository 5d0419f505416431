// The one recipe for files that must survive a power cut, and the owner of a file descriptor.
//
// write_durably, expected system calls:  openat(TMP, O_CREAT|O_EXCL) write… fsync(TMP) close  rename(TMP,
// PATH)
//                                        open(FOLDER) fsync(FOLDER) close
// A crash leaves the old file or the new one, never a mixture; at worst a file `.new-…` stays, which
// remove_leftovers takes away. An error of a sync is reported and never tried again: the page cache may have
// dropped the data. Thread-safe: no state. Calls block.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"

namespace hetao::io {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int release() {
    const int number = number_;
    number_ = -1;
    return number;
  }
  void reset(int number = -1);

 private:
  int number_ = -1;
};

// "can't be opened: No such file or directory": an Error of the current errno.
tl::unexpected<Error> fail_errno(std::string path, std::string_view doing);

Result<Descriptor> open_file(const std::string& path, int flags, mode_t mode = 0600);
// All of it, whatever short writes and interruptions there are; at the descriptor's position, or at `offset`.
Result<void> write_all(int descriptor, ByteView bytes, const std::string& path);
Result<void> write_all_at(int descriptor, ByteView bytes, uint64_t offset, const std::string& path);
// kNotFound when it is not there; refuses more than `bytes_max`.
Result<Bytes> read_file(const std::string& path, size_t bytes_max);
Result<std::string> read_text(const std::string& path, size_t bytes_max);

// fdatasync. One that a signal interrupted has not failed, and is asked for again; an error is for good:
// false, with errno.
bool sync_data(int descriptor);

// Folders up to `path`, each durable in its parent. Being there already is fine.
Result<void> make_folders(const std::string& path, mode_t mode = 0700);
Result<void> sync_folder(const std::string& path);
std::string parent_of(const std::string& path);

struct FileContent {
  std::string path;
  ByteView bytes;
};
Result<void> write_durably(const std::string& path, ByteView bytes, mode_t mode = 0600);
// Several at once: all are synced before the first is renamed, folders once each. No order among them.
Result<void> write_all_durably(std::span<const FileContent> files, mode_t mode = 0600);
// A name for a temporary file in this folder, not used by anyone in this process.
std::string temporary_name(const std::string& folder);
// Removes temporary files that a crash left in this folder.
void remove_leftovers(const std::string& folder);

}  // namespace hetao::io
