#include "gateway/io/blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "gateway/io/durable_file.h"

namespace hetao::io {

namespace {

constexpr mode_t kBlobMode = 0400;
constexpr uint64_t kFreeBytesKept = uint64_t{256} << 20U;  // for ledger, state and logs
constexpr auto kUsedLately = std::chrono::minutes(1);  // longer than a decided deletion waits for its turn
constexpr std::string_view kLeavesSuffix = ".leaves";

Result<Digest> digest_of(std::string_view text) {
  const auto digest = transfer::parse_blob_digest(text);
  if (!digest)
    return fail(ErrorCode::kUsage, "blob", "'" + std::string(text.substr(0, 80)) + "' is no blob digest");
  return *digest;
}

// Reads until the end of the file, handing out what came.
template <class Take>
Result<void> read_through(int descriptor, const std::string& what, const Take& take) {
  Bytes buffer(limits::kChunkBytes);
  while (true) {
    const ssize_t size = ::read(descriptor, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_errno(what, "can't be read");
    if (size == 0) return {};
    if (auto taken = take(ByteView(buffer).first(static_cast<size_t>(size))); !taken) return taken;
  }
}

}  // namespace

Result<BlobStore> BlobStore::open(std::string folder) {
  BlobStore store(std::move(folder));
  if (auto made = make_folders(store.incoming()); !made) return fail(made.error());
  remove_leftovers(store.incoming());
  // The empty blob is always there: it stands for what has no files.
  if (auto empty = store.ingest_bytes(""); !empty) return fail(empty.error());
  return store;
}

std::string BlobStore::place_of(const Digest& digest) const {
  const std::string hex = digest.hex();
  return folder_ + "/" + hex.substr(0, 2) + "/" + hex.substr(2);
}

Result<std::string> BlobStore::path_of(std::string_view text) const {
  auto digest = digest_of(text);
  if (!digest) return fail(digest.error());
  return place_of(*digest);
}

void UsedBlobs::use(std::string_view digest) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  last_.insert_or_assign(std::string(digest), now);
  if (now < looked_through_ + kUsedLately) return;
  looked_through_ = now;
  std::erase_if(last_, [&](const auto& one) { return one.second < now - kUsedLately; });
}

bool UsedBlobs::unless_used_since(std::string_view digest, Clock::time_point since,
                                  const std::function<void()>& work) {
  const std::lock_guard lock(mutex_);
  const auto at = last_.find(digest);
  if (at != last_.end() && at->second >= since) return false;
  work();
  return true;
}

// Used before it is looked for: so it is not removed from under who finds it.
bool BlobStore::has(std::string_view digest) const {
  used_->use(digest);
  return size_of(digest).has_value();
}

Result<uint64_t> BlobStore::size_of(std::string_view digest) const {
  auto path = path_of(digest);
  if (!path) return fail(path.error());
  struct stat facts{};
  if (::stat(path->c_str(), &facts) != 0) return fail_errno(std::string(digest), "is not in the blob store");
  return static_cast<uint64_t>(facts.st_size);
}

void BlobStore::keep_leaves(const transfer::Blob& blob) const {
  if (blob.leaves.size() < 2) return;  // one leaf is the digest itself
  Bytes bytes;
  for (const Digest& leaf : blob.leaves) bytes.insert(bytes.end(), leaf.bytes.begin(), leaf.bytes.end());
  // Not synced: whoever reads it checks it, and can make it again from the blob.
  const std::string path = place_of(blob.digest) + std::string(kLeavesSuffix);
  const std::string temporary = temporary_name(incoming());
  auto file = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, kBlobMode);
  if (file && write_all(file->get(), bytes, temporary) && std::rename(temporary.c_str(), path.c_str()) == 0)
    return;
  ::unlink(temporary.c_str());
}

// The temporary file is synced already.
Result<StoredBlob> BlobStore::keep(const std::string& temporary, const transfer::Blob& blob) {
  const std::string path = place_of(blob.digest);
  StoredBlob stored{transfer::blob_digest_text(blob.digest), blob.size};
  used_->use(stored.digest);
  struct stat facts{};
  if (::stat(path.c_str(), &facts) == 0) {
    ::unlink(temporary.c_str());
    return stored;
  }
  const std::string folder = parent_of(path);
  if (auto made = make_folders(folder); !made) return fail(made.error());
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail_errno(path, "can't be put in place");
  if (auto synced = sync_folder(folder); !synced) return fail(synced.error());
  keep_leaves(blob);
  return stored;
}

Result<StoredBlob> BlobStore::ingest_bytes(std::string_view bytes) {
  const transfer::Blob blob = transfer::hash_blob(as_bytes(bytes));
  if (has(transfer::blob_digest_text(blob.digest)))
    return StoredBlob{transfer::blob_digest_text(blob.digest), blob.size};
  const std::string temporary = temporary_name(incoming());
  auto file = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, kBlobMode);
  if (!file) return fail(file.error());
  auto written = write_all(file->get(), as_bytes(bytes), temporary);
  if (written && ::fsync(file->get()) != 0) written = fail_errno(temporary, "can't be synced");
  if (!written) {
    ::unlink(temporary.c_str());
    return fail(written.error());
  }
  return keep(temporary, blob);
}

Result<StoredBlob> BlobStore::ingest_file(int descriptor, std::string_view what) {
  const std::string temporary = temporary_name(incoming());
  auto file = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, kBlobMode);
  if (!file) return fail(file.error());
  transfer::BlobHasher hasher;
  auto copied = read_through(descriptor, std::string(what), [&](ByteView bytes) -> Result<void> {
    if (hasher.size() + bytes.size() > limits::kBlobBytesMax)
      return fail(ErrorCode::kUsage, std::string(what), "is larger than a blob may be");
    hasher.update(bytes);
    return write_all(file->get(), bytes, temporary);
  });
  if (copied && ::fsync(file->get()) != 0) copied = fail_errno(temporary, "can't be synced");
  if (!copied) {
    ::unlink(temporary.c_str());
    return fail(copied.error());
  }
  return keep(temporary, hasher.finish());
}

Result<std::string> BlobStore::read(std::string_view digest, size_t bytes_max) const {
  auto path = path_of(digest);
  if (!path) return fail(path.error());
  return read_text(*path, bytes_max);
}

Result<transfer::Blob> BlobStore::describe(std::string_view text) const {
  auto digest = digest_of(text);
  if (!digest) return fail(digest.error());
  auto size = size_of(text);
  if (!size) return fail(size.error());
  transfer::Blob blob{.digest = *digest, .size = *size, .leaves = {}};
  if (transfer::chunk_count(*size) == 1) blob.leaves = {*digest};
  if (transfer::chunk_count(*size) > 1) {
    auto bytes = read_file(place_of(*digest) + std::string(kLeavesSuffix), transfer::chunk_count(*size) * 32);
    for (size_t at = 0; bytes && at + 32 <= bytes->size(); at += 32)
      blob.leaves.push_back(*Digest::from_bytes(ByteView(*bytes).subspan(at, 32)));
  }
  if (transfer::check_leaves(blob)) return blob;
  auto file = open_file(place_of(*digest), O_RDONLY);
  if (!file) return fail(file.error());
  transfer::BlobHasher hasher;
  auto hashed = read_through(file->get(), std::string(text), [&](ByteView bytes) -> Result<void> {
    hasher.update(bytes);
    return {};
  });
  if (!hashed) return fail(hashed.error());
  transfer::Blob found = hasher.finish();
  if (found.digest != *digest)
    return fail(ErrorCode::kVerification, std::string(text),
                "the stored file does not have this digest any more",
                "restore the data directory from a backup");
  keep_leaves(found);
  return found;
}

Result<void> BlobStore::remove(std::string_view digest, Duration decided_ago) {
  auto path = path_of(digest);
  if (!path) return fail(path.error());
  Result<void> done;
  const auto remove_files = [&] {
    ::unlink((*path + std::string(kLeavesSuffix)).c_str());
    if (::unlink(path->c_str()) != 0 && errno != ENOENT) done = fail_errno(*path, "can't be removed");
  };
  const auto decided = UsedBlobs::Clock::now() - std::chrono::microseconds(decided_ago.micros);
  if (!used_->unless_used_since(digest, decided, remove_files))
    return fail(ErrorCode::kFailed, *path, "is in use again", "its deletion is tried again later");
  return done;
}

std::string BlobStore::partial_path(std::string_view text) const {
  const auto digest = transfer::parse_blob_digest(text);
  return incoming() + "/" + (digest ? digest->hex() : std::string("unknown"));
}

std::string BlobStore::another_partial_path() const {
  return temporary_name(incoming());
}

Result<void> BlobStore::adopt_partial(const std::string& path, const transfer::Blob& blob) {
  auto file = open_file(path, O_RDWR);
  if (!file) return fail(file.error());
  if (::fchmod(file->get(), kBlobMode) != 0) return fail_errno(path, "can't be made read-only");
  if (::fsync(file->get()) != 0) return fail_errno(path, "can't be synced");
  if (auto kept = keep(path, blob); !kept) return fail(kept.error());
  return {};
}

void BlobStore::drop_partial(const std::string& path) {
  ::unlink(path.c_str());
}

uint64_t BlobStore::free_bytes() const {
  struct statvfs facts{};
  if (::statvfs(folder_.c_str(), &facts) != 0) return 0;
  return static_cast<uint64_t>(facts.f_bavail) * facts.f_frsize;
}

std::optional<ReservedRoom> BlobStore::reserve_room(uint64_t bytes) {
  const uint64_t before = reserved_->fetch_add(bytes);
  ReservedRoom room(reserved_, bytes);
  if (free_bytes() < before + bytes + kFreeBytesKept) return std::nullopt;
  return room;
}

}  // namespace hetao::io
