// Blobs by digest under data_dir/blobs: AB/CD… is the file whose digest is sha256t:ABCD…. A file under its
// digest is complete, checked and durable; what is not stands in partial/.
//
// Promises: a blob appears at once or not at all (temporary file, sync, rename, sync of the folder); storing
// what is there already changes nothing; a path is made from checked digests only. Source of digests:
// gateway/transfer/tree_digest.h.
//
// Trust: files are checked when they come in, not each time they are read; the user of the gateway can alter
// them. Thread-safe. Calls block: worker threads only, but for has() and path_of().
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/transfer/blob.h"

namespace hetao::io {

struct StoredBlob {
  std::string digest;  // "sha256t:HEX"
  uint64_t bytes = 0;
};

// Room on the disk that others must not count on. Given back when it goes, and piece by piece as it is used.
class ReservedRoom {
 public:
  using Total = std::shared_ptr<std::atomic<uint64_t>>;
  ReservedRoom(Total total, uint64_t bytes) : total_(std::move(total)), bytes_(bytes) {}
  ReservedRoom(ReservedRoom&& other) noexcept : total_(std::move(other.total_)), bytes_(other.bytes_) {
    other.bytes_ = 0;
  }
  ReservedRoom& operator=(ReservedRoom&&) = delete;
  ~ReservedRoom() { used(bytes_); }

  void used(uint64_t bytes) {
    bytes = bytes < bytes_ ? bytes : bytes_;
    bytes_ -= bytes;
    if (bytes > 0) total_->fetch_sub(bytes);
  }

 private:
  Total total_;
  uint64_t bytes_;
};

// Blobs that were stored or found here lately.
class UsedBlobs {
 public:
  using Clock = std::chrono::steady_clock;

  void use(std::string_view digest);
  // Does `work` unless the blob was used since; false: it was.
  bool unless_used_since(std::string_view digest, Clock::time_point since, const std::function<void()>& work);

 private:
  std::mutex mutex_;
  std::map<std::string, Clock::time_point, std::less<>> last_;
  Clock::time_point looked_through_{};
};

class BlobStore {
 public:
  static Result<BlobStore> open(std::string folder);

  bool has(std::string_view digest) const;
  Result<uint64_t> size_of(std::string_view digest) const;
  // Where the blob is, or would be. Fails only for what is no digest.
  Result<std::string> path_of(std::string_view digest) const;

  Result<StoredBlob> ingest_bytes(std::string_view bytes);
  // Copies from an open file, at its position, until its end.
  Result<StoredBlob> ingest_file(int descriptor, std::string_view what);
  Result<std::string> read(std::string_view digest, size_t bytes_max) const;
  // Size and chunk hashes, as a sender needs them: from the file beside the blob, else by reading the blob.
  Result<transfer::Blob> describe(std::string_view digest) const;
  // Not being there is no error. Refused for a blob that was stored, or found here, since that was decided:
  // something takes it up again.
  Result<void> remove(std::string_view digest, Duration decided_ago = {});

  // Receiving in pieces: a file of its own that outlives restarts, named by the digest that it will have.
  std::string partial_path(std::string_view digest) const;
  std::string another_partial_path()
      const;  // for a second transfer of the same blob at once; can't be resumed
  // The partial file at `path`, whose content the caller has checked against this blob, becomes it.
  Result<void> adopt_partial(const std::string& path, const transfer::Blob& blob);
  static void drop_partial(const std::string& path);
  uint64_t free_bytes() const;
  // Room for what is about to be written; nothing when the disk has not so much that nobody else reserved.
  std::optional<ReservedRoom> reserve_room(uint64_t bytes);

 private:
  explicit BlobStore(std::string folder) : folder_(std::move(folder)) {}
  std::string incoming() const { return folder_ + "/partial"; }
  std::string place_of(const Digest& digest) const;
  Result<StoredBlob> keep(const std::string& temporary, const transfer::Blob& blob);
  void keep_leaves(const transfer::Blob& blob) const;
  std::string folder_;
  std::shared_ptr<UsedBlobs> used_ = std::make_shared<UsedBlobs>();
  ReservedRoom::Total reserved_ = std::make_shared<std::atomic<uint64_t>>(0);
};

}  // namespace hetao::io
