#include "gateway/io/staging.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/file_url.h"

namespace hetao::io {

namespace {

constexpr size_t kCopyBytes = size_t{1} << 20U;

Result<Descriptor> open_below(int folder, const std::string& path, int flags, mode_t mode,
                              const std::string& name) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const std::string from = path.empty() ? "." : path;
  Descriptor file(static_cast<int>(::syscall(SYS_openat2, folder, from.c_str(), &how, sizeof how)));
  if (file) return file;
  if (errno == EXDEV)
    return fail(ErrorCode::kNotAllowed, name, "leads out of its staging folder",
                "use no links that lead elsewhere");
  return fail_errno(name, "can't be opened");
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// Names in a folder, sorted, so that the same folder gives the same item.
Result<std::vector<std::string>> names_in(int folder, const std::string& name) {
  Descriptor copy(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!copy) return fail_errno(name, "can't be read");
  const std::unique_ptr<DIR, CloseFolder> stream(::fdopendir(copy.get()));
  if (!stream) return fail_errno(name, "can't be read");
  (void)copy.release();
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view found = entry->d_name;
    if (found != "." && found != "..") names.emplace_back(found);
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Collector {
 public:
  explicit Collector(BlobStore& blobs) : blobs_(blobs) {}

  Result<void> take(int file, const std::string& path, const std::string& name) {
    struct stat facts{};
    if (::fstat(file, &facts) != 0) return fail_errno(name, "can't be looked at");
    if (S_ISDIR(facts.st_mode)) return take_folder(file, path, name);
    if (!S_ISREG(facts.st_mode)) return fail(ErrorCode::kUsage, name, "is neither a file nor a folder");
    if (files.size() == limits::kItemFilesMax)
      return fail(ErrorCode::kUsage, name,
                  "has more than " + std::to_string(limits::kItemFilesMax) + " files");
    if (!is_utf8(path)) return fail(ErrorCode::kUsage, name, "has a name that is not UTF-8");
    auto stored = blobs_.ingest_file(file, name);
    if (!stored) return fail(stored.error());
    pb::ItemFile& kept = files.emplace_back();
    kept.set_path(path);
    kept.set_digest(stored->digest);
    kept.set_bytes(static_cast<int64_t>(stored->bytes));
    return {};
  }

  std::vector<pb::ItemFile> files;

 private:
  Result<void> take_folder(int folder, const std::string& path, const std::string& name) {
    if (depth_ == limits::kFolderDepthMax) return fail(ErrorCode::kUsage, name, "is nested too deeply");
    auto names = names_in(folder, name);
    if (!names) return fail(names.error());
    ++depth_;
    for (const std::string& child : *names) {
      const std::string full = name + "/" + child;
      // O_NOFOLLOW: what a folder holds is taken as it is; a link could lead to the same folder again.
      Descriptor file(::openat(folder, child.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      if (!file && errno == ELOOP)
        return fail(ErrorCode::kUsage, full, "is a link", "put the file itself into the folder");
      if (!file) return fail_errno(full, "can't be opened");
      const std::string relative = path.empty() ? child : path + "/" + child;
      if (auto taken = take(file.get(), relative, full); !taken) return taken;
    }
    --depth_;
    return {};
  }

  BlobStore& blobs_;
  size_t depth_ = 0;
};

// Opens a folder below `root`, making what is missing on the way.
Result<Descriptor> folder_below(int root, const std::string& path, const std::string& name) {
  std::string so_far;
  Descriptor folder(::fcntl(root, F_DUPFD_CLOEXEC, 0));
  if (!folder) return fail_errno(name, "can't be opened");
  for (const std::string& part : split(path, '/')) {
    if (part.empty()) continue;
    if (::mkdirat(folder.get(), part.c_str(), 0755) != 0 && errno != EEXIST)
      return fail_errno(name, "can't be made");
    so_far += so_far.empty() ? part : "/" + part;
    auto next = open_below(root, so_far, O_RDONLY | O_DIRECTORY, 0, name);
    if (!next) return next;
    folder = std::move(*next);
  }
  return folder;
}

Result<void> copy_into(const std::string& from, int to, const std::string& name) {
  auto source = open_file(from, O_RDONLY);
  if (!source) return fail(source.error());
  Bytes buffer(kCopyBytes);
  while (true) {
    const ssize_t size = ::read(source->get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno(from, "can't be read");
    if (size == 0) break;
    if (auto written = write_all(to, ByteView(buffer).first(static_cast<size_t>(size)), name); !written)
      return written;
  }
  if (::fsync(to) != 0) return fail_errno(name, "can't be synced");
  return {};
}

Result<void> place_file(int root, const std::string& path, const std::string& from, const std::string& name) {
  const size_t slash = path.rfind('/');
  const std::string leaf = slash == std::string::npos ? path : path.substr(slash + 1);
  if (leaf.empty()) return fail(ErrorCode::kUsage, name, "names no file");
  auto folder = folder_below(root, slash == std::string::npos ? "" : path.substr(0, slash), name);
  if (!folder) return fail(folder.error());
  const std::string temporary = temporary_name(".").substr(2);
  auto file = open_below(folder->get(), temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644, name);
  if (!file) return fail(file.error());
  if (auto copied = copy_into(from, file->get(), name); !copied) {
    ::unlinkat(folder->get(), temporary.c_str(), 0);
    return copied;
  }
  if (::renameat(folder->get(), temporary.c_str(), folder->get(), leaf.c_str()) != 0) {
    const auto error = fail_errno(name, "can't be put in place");
    ::unlinkat(folder->get(), temporary.c_str(), 0);
    return error;
  }
  if (::fsync(folder->get()) != 0) return fail_errno(name, "its folder can't be synced");
  return {};
}

}  // namespace

Result<Staging> Staging::open(std::vector<std::string> roots) {
  Staging staging;
  for (std::string& root : roots) {
    while (root.size() > 1 && root.back() == '/') root.pop_back();
    const auto plain = plain_path(root);
    if (root.empty() || root.front() != '/' || !plain || "/" + *plain != root || plain->empty())
      return fail(ErrorCode::kUsage, root, "is no absolute path without '..'", "name the folder itself");
    if (auto folder = open_file(root, O_RDONLY | O_DIRECTORY); !folder) return fail(folder.error());
    staging.roots_.push_back(std::move(root));
  }
  return staging;
}

Result<Staging::Place> Staging::place_of(std::string_view url) const {
  const std::string name(url.substr(0, limits::kTextFieldBytesMax));
  if (!url.starts_with(kFileScheme))
    return fail(ErrorCode::kUsage, name, "is no file:// URL", "other schemes are not available yet");
  const auto path = path_of_url(url);
  if (!path) return fail(ErrorCode::kUsage, name, "is no absolute path", "write file:///FOLDER/FILE");
  const auto plain = plain_path(*path);
  if (!plain) return fail(ErrorCode::kUsage, name, "has '.', '..' or a control character in its path");
  const std::string full = "/" + *plain;
  for (const std::string& root : roots_) {
    if (full == root) return Place{root, ""};
    if (full.starts_with(root + "/")) return Place{root, full.substr(root.size() + 1)};
  }
  return fail(ErrorCode::kNotAllowed, name, "is not below a staging folder",
              roots_.empty() ? "this gateway has none: ask its administrator"
                             : "use one below " + join(roots_, ", "));
}

Result<void> Staging::check(std::string_view url) const {
  if (auto place = place_of(url); !place) return fail(place.error());
  return {};
}

Result<std::vector<pb::ItemFile>> Staging::ingest(std::string_view url, BlobStore& blobs) const {
  auto place = place_of(url);
  if (!place) return fail(place.error());
  auto root = open_file(place->root, O_RDONLY | O_DIRECTORY);
  if (!root) return fail(root.error());
  const std::string name = place->root + (place->path.empty() ? "" : "/" + place->path);
  auto file = open_below(root->get(), place->path, O_RDONLY | O_NONBLOCK, 0, name);
  if (!file) return fail(file.error());
  Collector collector(blobs);
  if (auto taken = collector.take(file->get(), "", name); !taken) return fail(taken.error());
  return std::move(collector.files);
}

Result<void> Staging::deliver(std::string_view url, const std::vector<pb::ItemFile>& files,
                              const BlobStore& blobs) const {
  auto place = place_of(url);
  if (!place) return fail(place.error());
  auto root = open_file(place->root, O_RDONLY | O_DIRECTORY);
  if (!root) return fail(root.error());
  for (const pb::ItemFile& file : files) {
    const auto below = plain_path(file.path());
    if (!below) return fail(ErrorCode::kUsage, file.path(), "is no path below the output's place");
    std::string path = place->path;
    if (!below->empty()) path += (path.empty() ? "" : "/") + *below;
    auto from = blobs.path_of(file.digest());
    if (!from) return fail(from.error());
    if (auto placed = place_file(root->get(), path, *from, place->root + "/" + path); !placed) return placed;
  }
  return {};
}

}  // namespace hetao::io
