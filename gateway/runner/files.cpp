#include "gateway/runner/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <thread>

#include "gateway/base/check.h"

namespace hetao::runner {

namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

Result<void> write_all(int fd, std::string_view content, const std::string& what) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os_error(what, "can't be written", errno));
    content.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

// The content under a temporary name, durable but for the folder's entry.
Result<std::string> write_temporary(int folder, const std::string& name, std::string_view content) {
  std::string temporary = "." + name + "." + std::to_string(::getpid());
  const Fd file(
      ::openat(folder, temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return fail(os_error(name, "can't be created", errno));
  auto written = write_all(file.get(), content, name);
  if (written && ::fsync(file.get()) != 0) written = fail(os_error(name, "can't be made durable", errno));
  if (!written) {
    ::unlinkat(folder, temporary.c_str(), 0);
    return fail(written.error());
  }
  return temporary;
}

}  // namespace

void Fd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Error os_error(std::string what, std::string_view why, int error) {
  return {error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kFailed,
          std::move(what),
          std::string(why) + ": " + std::generic_category().message(error),
          {}};
}

Result<Fd> open_folder(const std::string& path) {
  Fd fd(::open(path.c_str(), kFolderFlags));
  if (!fd) return fail(os_error(path, "can't be opened as a folder", errno));
  return fd;
}

Result<Fd> open_folder_at(int folder, const std::string& name) {
  Fd fd(::openat(folder, name.c_str(), kFolderFlags | O_NOFOLLOW));
  if (!fd) return fail(os_error(name, "can't be opened as a folder", errno));
  return fd;
}

bool exists_at(int folder, const std::string& name) {
  return ::faccessat(folder, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

Result<Fd> make_folder_at(int folder, const std::string& name) {
  if (::mkdirat(folder, name.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail(os_error(name, "can't be made", errno));
  }
  return open_folder_at(folder, name);
}

Result<std::string> read_file_at(int folder, const std::string& name, size_t bytes_max) {
  const Fd file(::openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return fail(os_error(name, "can't be opened", errno));
  std::string out;
  std::array<char, size_t{64} << 10U> part;
  for (;;) {
    const ssize_t n = ::read(file.get(), part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os_error(name, "can't be read", errno));
    if (n == 0) return out;
    out.append(part.data(), static_cast<size_t>(n));
    if (out.size() > bytes_max) return fail(ErrorCode::kFailed, name, "is larger than it may be");
  }
}

Result<void> sync_folder(int folder) {
  if (::fsync(folder) != 0) return fail(os_error("folder", "can't be made durable", errno));
  return {};
}

Result<void> replace_file_durably(int folder, const std::string& name, std::string_view content) {
  const auto temporary = write_temporary(folder, name, content);
  if (!temporary) return fail(temporary.error());
  if (::renameat(folder, temporary->c_str(), folder, name.c_str()) != 0) {
    return fail(os_error(name, "can't be replaced", errno));
  }
  return sync_folder(folder);
}

Result<bool> create_file_durably(int folder, const std::string& name, std::string_view content) {
  const auto temporary = write_temporary(folder, name, content);
  if (!temporary) return fail(temporary.error());
  const int failed = ::linkat(folder, temporary->c_str(), folder, name.c_str(), 0) == 0 ? 0 : errno;
  ::unlinkat(folder, temporary->c_str(), 0);
  if (failed != 0 && failed != EEXIST) return fail(os_error(name, "can't be created", failed));
  // Also when it was there: its maker may have died before this step.
  if (const auto synced = sync_folder(folder); !synced) return fail(synced.error());
  return failed == 0;
}

Result<Fd> put_file(int folder, const std::string& name, std::string_view content) {
  const std::string temporary = "." + name + "." + std::to_string(::getpid());
  Fd file(::openat(folder, temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return fail(os_error(name, "can't be created", errno));
  if (const auto written = write_all(file.get(), content, name); !written) return fail(written.error());
  if (::renameat(folder, temporary.c_str(), folder, name.c_str()) != 0)
    return fail(os_error(name, "can't be created", errno));
  return file;
}

Result<void> sync_at_once(const std::vector<int>& descriptors) {
  std::vector<int> errors(descriptors.size(), 0);
  const auto sync = [&](size_t i) {
    if (::fsync(descriptors[i]) != 0) errors[i] = errno;
  };
  std::vector<std::thread> others;
  for (size_t i = 1; i < descriptors.size(); ++i) others.emplace_back(sync, i);
  if (!descriptors.empty()) sync(0);
  for (std::thread& other : others) other.join();
  for (const int error : errors) {
    if (error != 0) return fail(os_error("run", "can't be made durable", error));
  }
  return {};
}

Result<std::vector<std::string>> names_in(int folder) {
  // A stream of its own: reading moves the position that a descriptor shares with its copies.
  const int copy = ::openat(folder, ".", kFolderFlags);
  DIR* opened = copy < 0 ? nullptr : ::fdopendir(copy);
  if (opened == nullptr) return fail(os_error("folder", "can't be listed", errno));
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opened, &::closedir);
  std::vector<std::string> out;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") out.emplace_back(name);
  }
  if (errno != 0) return fail(os_error("folder", "can't be listed", errno));
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace hetao::runner
