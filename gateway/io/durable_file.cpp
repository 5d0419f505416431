#include "gateway/io/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

namespace hetao::io {

namespace {

constexpr std::string_view kTemporaryPrefix = ".new-";

// The first sync of several files commits the file system's journal for all of them: they are written first,
// and synced then. Their content goes to the disk before that, little by little: neither the commit nor the
// disk's queue then keeps whoever syncs another file waiting for all of them.
constexpr size_t kSyncedTogether = 64;
constexpr size_t kBytesWrittenOutTogether = size_t{8} << 20U;

struct Temporary {
  std::string path;
  Descriptor file;
};

// Begins to write the content to the disk, and waits until it is there. Says nothing about durability.
Result<void> write_out(std::span<const Temporary> files) {
  constexpr unsigned kWait = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  for (const unsigned how : {unsigned{SYNC_FILE_RANGE_WRITE}, kWait}) {
    for (const Temporary& one : files) {
      if (::sync_file_range(one.file.get(), 0, 0, how) != 0 && errno != ENOSYS)
        return fail_errno(one.path, "can't be written out");
    }
  }
  return {};
}

Result<void> sync_and_close(std::span<Temporary> files) {
  for (Temporary& one : files) {
    if (::fsync(one.file.get()) != 0) return fail_errno(one.path, "can't be synced");
    one.file.reset();
  }
  return {};
}

}  // namespace

void Descriptor::reset(int number) {
  if (number_ >= 0) ::close(number_);
  number_ = number;
}

tl::unexpected<Error> fail_errno(std::string path, std::string_view doing) {
  const int number = errno;
  std::string hint;
  if (number == ENOSPC || number == EDQUOT) hint = "make room on the disk";
  if (number == EACCES || number == EPERM || number == EROFS) hint = "check who may read and write it";
  if (number == EMFILE || number == ENFILE) hint = "raise the limit of open files";
  return fail(number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kFailed, std::move(path),
              std::string(doing) + ": " + std::strerror(number), std::move(hint));
}

Result<Descriptor> open_file(const std::string& path, int flags, mode_t mode) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!file) return fail_errno(path, "can't be opened");
  return file;
}

Result<void> write_all(int descriptor, ByteView bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(path, "can't be written");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

Result<void> write_all_at(int descriptor, ByteView bytes, uint64_t offset, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(path, "can't be written");
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return {};
}

Result<Bytes> read_file(const std::string& path, size_t bytes_max) {
  auto file = open_file(path, O_RDONLY);
  if (!file) return fail(file.error());
  struct stat facts{};
  if (::fstat(file->get(), &facts) != 0) return fail_errno(path, "can't be read");
  if (!S_ISREG(facts.st_mode)) return fail(ErrorCode::kUsage, path, "is not a file");
  Bytes bytes;
  size_t filled = 0;
  bytes.resize(std::min(static_cast<size_t>(facts.st_size), bytes_max) + 1);  // one more shows the end
  while (true) {
    if (filled == bytes.size()) bytes.resize(bytes.size() * 2);
    const ssize_t size = ::read(file->get(), bytes.data() + filled, bytes.size() - filled);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno(path, "can't be read");
    if (size == 0) break;
    filled += static_cast<size_t>(size);
    if (filled > bytes_max)
      return fail(ErrorCode::kUsage, path, "is larger than " + std::to_string(bytes_max) + " bytes");
  }
  bytes.resize(filled);
  return bytes;
}

Result<std::string> read_text(const std::string& path, size_t bytes_max) {
  auto bytes = read_file(path, bytes_max);
  if (!bytes) return fail(bytes.error());
  return std::string(as_text(*bytes));
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> sync_folder(const std::string& path) {
  auto folder = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!folder) return fail(folder.error());
  if (::fsync(folder->get()) != 0) return fail_errno(path, "can't be synced");
  return {};
}

bool sync_data(int descriptor) {
  int done = -1;
  do {
    done = ::fdatasync(descriptor);
  } while (done != 0 && errno == EINTR);
  return done == 0;
}

Result<void> make_folders(const std::string& path, mode_t mode) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) == 0) {
    if (S_ISDIR(facts.st_mode)) return {};
    return fail(ErrorCode::kUsage, path, "is not a folder");
  }
  if (errno != ENOENT) return fail_errno(path, "can't be looked at");
  const std::string parent = parent_of(path);
  if (auto made = make_folders(parent, mode); !made) return made;
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return fail_errno(path, "can't be made");
  return sync_folder(parent);
}

std::string temporary_name(const std::string& folder) {
  static std::atomic<uint64_t> counter{0};
  return folder + "/" + std::string(kTemporaryPrefix) + std::to_string(::getpid()) + "-" +
         std::to_string(counter.fetch_add(1));
}

void remove_leftovers(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with(kTemporaryPrefix))
      std::filesystem::remove(entry.path(), error);
  }
}

Result<void> write_all_durably(std::span<const FileContent> files, mode_t mode) {
  std::vector<Temporary> temporary;
  temporary.reserve(files.size());
  std::set<std::string> folders;
  const auto write = [&](const FileContent& content) -> Result<void> {
    const std::string folder = parent_of(content.path);
    if (folders.insert(folder).second) {
      if (auto made = make_folders(folder); !made) return made;
    }
    Temporary& fresh = temporary.emplace_back();
    fresh.path = temporary_name(folder);
    auto file = open_file(fresh.path, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (!file) return fail(file.error());
    fresh.file = std::move(*file);
    return write_all(fresh.file.get(), content.bytes, fresh.path);
  };
  Result<void> done;
  size_t synced = 0;
  size_t written_out = 0;
  size_t bytes = 0;  // not written out
  for (size_t i = 0; done && i < files.size(); ++i) {
    done = write(files[i]);
    if (!done) break;
    bytes += files[i].bytes.size();
    const bool is_batch = i + 1 == files.size() || temporary.size() - synced == kSyncedTogether;
    if (files.size() > 1 && (is_batch || bytes >= kBytesWrittenOutTogether)) {
      done = write_out(std::span(temporary).subspan(written_out));
      written_out = temporary.size();
      bytes = 0;
    }
    if (!done || !is_batch) continue;
    done = sync_and_close(std::span(temporary).subspan(synced));
    synced = temporary.size();
  }
  if (!done) {
    for (const Temporary& one : temporary) ::unlink(one.path.c_str());
    return done;
  }
  for (size_t i = 0; i < temporary.size(); ++i) {
    if (::rename(temporary[i].path.c_str(), files[i].path.c_str()) != 0)
      return fail_errno(files[i].path, "can't be put in place");
  }
  for (const std::string& folder : folders) {
    if (auto kept = sync_folder(folder); !kept) return kept;
  }
  return {};
}

Result<void> write_durably(const std::string& path, ByteView bytes, mode_t mode) {
  const FileContent file{path, bytes};
  return write_all_durably({&file, 1}, mode);
}

}  // namespace hetao::io
