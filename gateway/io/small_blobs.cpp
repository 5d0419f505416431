#include "gateway/io/small_blobs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "gateway/io/durable_file.h"

namespace hetao::io {

namespace {

constexpr mode_t kBlobMode = 0400;
constexpr mode_t kFolderMode = 0700;

struct Placing {
  std::string temporary;
  std::string place;
};

// All of the file system rather than hundreds of files and folders one by one: what others wrote there
// meanwhile is on its way to the disk anyway.
Result<void> sync_file_system_of(const std::string& folder) {
  auto opened = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!opened) return fail(opened.error());
  if (::syncfs(opened->get()) != 0) return fail_errno(folder, "can't be synced");
  return {};
}

Result<void> write_new(const std::string& path, ByteView bytes) {
  auto file = open_file(path, O_WRONLY | O_CREAT | O_EXCL, kBlobMode);
  if (!file) return fail(file.error());
  return write_all(file->get(), bytes, path);
}

Result<void> put_in_place(const Placing& one) {
  const std::string folder = parent_of(one.place);
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST)
    return fail_errno(folder, "can't be made");
  if (::rename(one.temporary.c_str(), one.place.c_str()) != 0)
    return fail_errno(one.place, "can't be put in place");
  return {};
}

}  // namespace

std::string partial_folder(const BlobStore& store) {
  return parent_of(store.another_partial_path());
}

// As for one blob: content first, then names. A crash in between leaves temporary files, which go at the next
// start.
Result<void> keep_small(const BlobStore& store, std::span<const SmallBlob> blobs) {
  std::vector<Placing> placing;
  Result<void> done;
  for (const SmallBlob& blob : blobs) {
    std::string place = store.path_of(transfer::blob_digest_text(blob.digest)).value_or(std::string());
    struct stat facts{};
    if (::stat(place.c_str(), &facts) == 0) continue;
    placing.push_back({store.another_partial_path(), std::move(place)});
    done = write_new(placing.back().temporary, blob.bytes);
    if (!done) break;
  }
  if (placing.empty()) return done;
  const std::string folder = partial_folder(store);
  if (done) done = sync_file_system_of(folder);
  for (const Placing& one : placing) {
    if (done) done = put_in_place(one);
    if (!done) ::unlink(one.temporary.c_str());
  }
  if (done) done = sync_file_system_of(folder);
  return done;
}

}  // namespace hetao::io
