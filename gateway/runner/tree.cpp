// Walks through folders: removing, making, copying, measuring. See files.h.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/platforms/container_path.h"
#include "gateway/runner/files.h"

namespace hetao::runner {

namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;

// Opens a folder even if its owner took its own rights away. Never changes what a link points to.
Fd open_whatever_its_mode(int folder, const std::string& name) {
  Fd fd(::openat(folder, name.c_str(), kFolderFlags));
  if (fd || errno != EACCES) return fd;
  const Fd path(::openat(folder, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info{};
  if (!path || ::fstat(path.get(), &info) != 0) return {};
  const std::string itself = "/proc/self/fd/" + std::to_string(path.get());
  if (::chmod(itself.c_str(), (info.st_mode & 07777U) | 0700U) != 0) return {};
  return Fd(::openat(folder, name.c_str(), kFolderFlags));
}

// Takes the content out of the folder at the list's end: what is no folder goes, and folders move up beside
// it under new names. So a removal needs the same few descriptors however deep a job nested its folders.
struct Removal {
  int top;
  std::string name;
  std::vector<std::string> pending;
  uint64_t counter = 0;
};

Result<void> move_up(Removal& removal, int folder, const std::string& name) {
  const Fd inner = open_whatever_its_mode(folder, name);
  // Moving a folder changes its `..`, so it has to be writable itself.
  if (!inner || ::fchmod(inner.get(), 0700) != 0) return fail(os_error(name, "can't be removed", errno));
  for (;;) {
    std::string moved = removal.name + "~" + std::to_string(++removal.counter);
    if (::renameat(folder, name.c_str(), removal.top, moved.c_str()) == 0) {
      removal.pending.push_back(std::move(moved));
      return {};
    }
    if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) {
      return fail(os_error(name, "can't be moved away", errno));
    }
  }
}

Result<void> empty_one_level(Removal& removal, const std::string& victim) {
  const Fd folder = open_whatever_its_mode(removal.top, victim);
  if (!folder || ::fchmod(folder.get(), 0700) != 0) return fail(os_error(victim, "can't be removed", errno));
  const auto names = names_in(folder.get());
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (::unlinkat(folder.get(), name.c_str(), 0) == 0) continue;
    if (errno != EISDIR && errno != EPERM) return fail(os_error(name, "can't be removed", errno));
    if (::unlinkat(folder.get(), name.c_str(), AT_REMOVEDIR) == 0) continue;
    if (const auto ok = move_up(removal, folder.get(), name); !ok) return ok;
  }
  return {};
}

Result<Fd> make_and_enter(int folder, const std::string& name, std::string_view path) {
  if (::mkdirat(folder, name.c_str(), 0755) != 0 && errno != EEXIST) {
    return fail(os_error(std::string(path), "can't be made", errno));
  }
  Fd next(::openat(folder, name.c_str(), kFolderFlags));
  if (!next) return fail(os_error(std::string(path), "is not a folder of the sandbox", errno));
  return next;
}

Result<Fd> enter_parent(int root, std::string_view path, std::string& last) {
  auto parts = platforms::path_components(path);
  HETAO_CHECK(!parts.empty());
  last = parts.back();
  const std::string_view parent = path.substr(0, path.size() - last.size() - 1);
  return make_folders_inside(root, parent.empty() ? "/" : parent);
}

Result<void> copy_entry(int from, const std::string& name, int to, size_t depth);

Result<void> copy_folder(int from, int to, size_t depth) {
  if (depth > limits::kRunFolderDepthMax) return fail(ErrorCode::kFailed, "input", "is nested too deeply");
  const auto names = names_in(from);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (const auto ok = copy_entry(from, name, to, depth); !ok) return ok;
  }
  return {};
}

Result<void> copy_regular(int from, const std::string& name, int to, mode_t mode) {
  const Fd source(::openat(from, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!source) return fail(os_error(name, "can't be read", errno));
  const Fd target(::openat(to, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode | 0600U));
  if (!target) return fail(os_error(name, "can't be created", errno));
  return copy_file(source.get(), target.get());
}

Result<void> copy_entry(int from, const std::string& name, int to, size_t depth) {
  struct stat info{};
  if (::fstatat(from, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return fail(os_error(name, "can't be read", errno));
  }
  if (S_ISREG(info.st_mode)) return copy_regular(from, name, to, info.st_mode & 0777U);
  if (S_ISLNK(info.st_mode)) {
    std::array<char, 4'096> target{};
    const ssize_t n = ::readlinkat(from, name.c_str(), target.data(), target.size() - 1);
    if (n < 0 || ::symlinkat(target.data(), to, name.c_str()) != 0) {
      return fail(os_error(name, "can't be copied", errno));
    }
    return {};
  }
  if (!S_ISDIR(info.st_mode)) return {};  // a device, socket or pipe is nobody's input
  const auto source = open_folder_at(from, name);
  if (!source) return fail(source.error());
  const auto target = make_and_enter(to, name, name);
  if (!target) return fail(target.error());
  return copy_folder(source->get(), target->get(), depth + 1);
}

struct Walk {
  std::vector<std::pair<Fd, std::vector<std::string>>> open;  // folders on the way down, names still to visit
  std::set<std::pair<dev_t, ino_t>> linked;                   // files with several names count once
  Usage usage;
};

void count(Walk& walk, const struct stat& info) {
  constexpr int64_t kNameBytes = 512;  // so that millions of empty files are not free
  constexpr int64_t kBlockBytes = 512;
  walk.usage.bytes += kNameBytes;
  if (!S_ISDIR(info.st_mode) && info.st_nlink > 1 && !walk.linked.insert({info.st_dev, info.st_ino}).second) {
    return;
  }
  walk.usage.bytes += int64_t{info.st_blocks} * kBlockBytes;
}

}  // namespace

Result<void> remove_tree(int folder, const std::string& name) {
  if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return fail(os_error(name, "can't be removed", errno));
  Removal removal{folder, name, {name}};
  while (!removal.pending.empty()) {
    const std::string victim = std::move(removal.pending.back());
    removal.pending.pop_back();
    if (const auto ok = empty_one_level(removal, victim); !ok) return ok;
    if (::unlinkat(folder, victim.c_str(), AT_REMOVEDIR) != 0) {
      return fail(os_error(victim, "can't be removed", errno));
    }
  }
  return {};
}

Result<Fd> make_folders_inside(int root, std::string_view path) {
  Fd here(::openat(root, ".", kFolderFlags));
  if (!here) return fail(os_error(std::string(path), "can't be made", errno));
  for (const std::string& part : platforms::path_components(path)) {
    auto next = make_and_enter(here.get(), part, path);
    if (!next) return next;
    here = std::move(*next);
  }
  return here;
}

Result<void> make_file_inside(int root, std::string_view path) {
  std::string name;
  const auto parent = enter_parent(root, path, name);
  if (!parent) return fail(parent.error());
  const Fd file(
      ::openat(parent->get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
  struct stat info{};
  if (!file && (errno != EEXIST || ::fstatat(parent->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)) {
    return fail(os_error(std::string(path), "can't be made", errno));
  }
  if (!file && !S_ISREG(info.st_mode)) {
    return fail(ErrorCode::kFailed, std::string(path), "is not a plain file of the sandbox");
  }
  return {};
}

Result<void> copy_file(int from, int to) {
  for (;;) {
    // The file system shares the blocks where it can.
    const ssize_t n = ::copy_file_range(from, nullptr, to, nullptr, size_t{1} << 30U, 0);
    if (n == 0) return {};
    if (n > 0 || errno == EINTR) continue;
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) {
      return fail(os_error("file", "can't be copied", errno));
    }
    break;
  }
  std::vector<char> part(size_t{256} << 10U);
  for (;;) {
    const ssize_t got = ::read(from, part.data(), part.size());
    if (got == 0) return {};
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(os_error("file", "can't be read", errno));
    for (ssize_t done = 0; done < got;) {
      const ssize_t n = ::write(to, part.data() + done, static_cast<size_t>(got - done));
      if (n < 0 && errno != EINTR) return fail(os_error("file", "can't be written", errno));
      if (n > 0) done += n;
    }
  }
}

Result<void> copy_inside(const std::string& source, int root, std::string_view path) {
  const Fd from(::open(source.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (!from || ::fstat(from.get(), &info) != 0) return fail(os_error(source, "can't be read", errno));
  if (S_ISDIR(info.st_mode)) {
    const auto target = make_folders_inside(root, path);
    if (!target) return fail(target.error());
    return copy_folder(from.get(), target->get(), 0);
  }
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::kFailed, source, "is neither a file nor a folder");
  std::string name;
  const auto parent = enter_parent(root, path, name);
  if (!parent) return fail(parent.error());
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  const Fd target(::openat(parent->get(), name.c_str(), flags, 0644U | (info.st_mode & 0111U)));
  if (!target) return fail(os_error(std::string(path), "can't be created", errno));
  return copy_file(from.get(), target.get());
}

Usage measure(int folder, int64_t bytes_max) {
  Walk walk;
  const auto enter = [&](Fd fd) {
    auto names = names_in(fd.get());
    if (names) walk.open.emplace_back(std::move(fd), std::move(*names));
  };
  enter(Fd(::openat(folder, ".", kFolderFlags)));
  while (!walk.open.empty() && walk.usage.bytes <= bytes_max) {
    auto& [fd, names] = walk.open.back();
    if (names.empty()) {
      walk.open.pop_back();
      continue;
    }
    const std::string name = std::move(names.back());
    names.pop_back();
    struct stat info{};
    // Gone in the meantime, perhaps: the job is running.
    if (::fstatat(fd.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    count(walk, info);
    if (!S_ISDIR(info.st_mode)) continue;
    if (walk.open.size() >= limits::kRunFolderDepthMax) {
      walk.usage.too_deep = true;
      break;
    }
    if (Fd inner = open_whatever_its_mode(fd.get(), name); inner) enter(std::move(inner));
  }
  walk.usage.too_many = walk.usage.bytes > bytes_max;
  return walk.usage;
}

}  // namespace hetao::runner
