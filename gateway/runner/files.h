// Files and folders for the runner and the spool: durable writes, and walks through scratch space that a job
// filled and nobody trusts. No function here follows a symbolic link below the folder it was given, but where
// it says so. Blocking; thread-safe as far as the disk is.
//
// Durable means: written to a temporary name, fsync, renamed, folder fsync. A crash leaves the old content or
// the new one, and a temporary name at most.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/result.h"

namespace hetao::runner {

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// `WHAT: WHY: the errno's own words`. kNotFound for ENOENT, else kFailed.
Error os_error(std::string what, std::string_view why, int error);

Result<Fd> open_folder(const std::string& path);                 // follows links: the caller's own path
Result<Fd> open_folder_at(int folder, const std::string& name);  // one component
bool exists_at(int folder, const std::string& name);

// Makes the folder if it is not there, 0700.
Result<Fd> make_folder_at(int folder, const std::string& name);

Result<std::string> read_file_at(int folder, const std::string& name, size_t bytes_max);

Result<void> replace_file_durably(int folder, const std::string& name, std::string_view content);
// False: a file of that name was there before, and stays.
Result<bool> create_file_durably(int folder, const std::string& name, std::string_view content);
Result<void> sync_folder(int folder);
// The file under its name, not durable yet; for sync_at_once. Replaces what is there.
Result<Fd> put_file(int folder, const std::string& name, std::string_view content);
// Makes all of them durable beside each other: one after the other, each would wait for the disk by itself.
Result<void> sync_at_once(const std::vector<int>& descriptors);

// Removes a file or a whole folder, however deep and whatever its modes. Fine if nothing is there.
Result<void> remove_tree(int folder, const std::string& name);

// Makes the folders of a path inside `root`, an absolute path as seen from there. Fails at anything that is
// not a folder, links too: a job may have put one where something is to be mounted.
Result<Fd> make_folders_inside(int root, std::string_view path);
// The same, with an empty file at the end; one that is there stays.
Result<void> make_file_inside(int root, std::string_view path);

// Copies a file, or a folder with everything below it but special files, to a path inside `root`.
Result<void> copy_inside(const std::string& source, int root, std::string_view path);
Result<void> copy_file(int from, int to);

struct Usage {
  int64_t bytes = 0;  // on the disk, and something for each name
  bool too_deep = false;
  bool too_many = false;  // stopped at the bound
};

// Measures a folder while a job writes to it. Stops once it is over `bytes_max`.
Usage measure(int folder, int64_t bytes_max);

// Names of a folder but . and .., sorted.
Result<std::vector<std::string>> names_in(int folder);

}  // namespace hetao::runner
