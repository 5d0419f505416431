// Files that people upload in pieces and may go on with after a break, below data_dir/uploads:
//
//   ID.json      whose it is, how long it gets, until when it is kept
//   ID.data      what came so far
//   ID.checking  while a piece with a checksum comes: where it began, so that a crash leaves no half of it
//
// Promises: what offset() said is durable, unless a piece is under way; a piece whose checksum does not hold
// leaves nothing; room is reserved before the first byte, for the tenant and on the disk; one writer at a
// time, the newest: a client that comes again does not wait for the end of a connection that is dead already.
// Thread-safe; calls block.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/base/access_limits.h"
#include "gateway/base/bytes.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/io/blob_store.h"

namespace hetao::io {

struct UploadLimits {
  uint64_t quota_bytes = limits::kUploadQuotaBytes;               // of a tenant
  Duration kept = Duration::seconds(limits::kUploadLifeSeconds);  // after the last byte
};

struct UploadFacts {
  std::string id;
  std::string tenant;
  std::string user;      // as the ledger names one
  std::string metadata;  // as the client sent it (tus Upload-Metadata)
  uint64_t length = 0;
  uint64_t offset = 0;
  Instant made;
  Instant until;

  bool is_complete() const { return offset == length; }
};

// `status`: of HTTP, as tus 1.0 has it.
struct UploadRefusal {
  int status = 500;
  Error error;
};
template <class T>
using UploadResult = tl::expected<T, UploadRefusal>;

struct UploadChecksum {
  std::string algorithm;  // "sha1", "sha256"
  Bytes digest;
};

class UploadStore {
 public:
  // What is older than it is kept goes; pieces that a crash left half checked go too.
  static Result<std::unique_ptr<UploadStore>> open(std::string folder, BlobStore& blobs, UploadLimits limits);
  ~UploadStore();

  UploadResult<UploadFacts> create(UploadFacts facts, Instant now);
  std::optional<UploadFacts> find(std::string_view id) const;
  std::vector<UploadFacts> list(std::string_view tenant) const;
  UploadResult<void> remove(std::string_view id);
  // Removes what nobody went on with.
  void remove_overdue(Instant now);

  // A piece, from begin() to end(). What was not ended is as after a break.
  class Piece {
   public:
    Piece(Piece&&) noexcept;
    Piece& operator=(Piece&&) = delete;
    ~Piece();
    UploadResult<void> write(ByteView bytes);
    // `whole`: the client sent all that it wanted to. Checks, makes durable; answers the new offset.
    UploadResult<uint64_t> end(bool whole, Instant now);

   private:
    friend class UploadStore;
    struct Parts;
    explicit Piece(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
  };
  UploadResult<Piece> begin(std::string_view id, uint64_t offset, std::optional<UploadChecksum> checksum);

  // Copies a complete upload into the blob store.
  Result<StoredBlob> ingest(std::string_view id, BlobStore& blobs) const;

 private:
  struct Upload;
  UploadStore(std::string folder, BlobStore& blobs, UploadLimits limits);
  Result<void> load();
  std::string path_of(std::string_view id, const char* end) const;
  Result<void> save(const Upload& upload) const;
  uint64_t promised_to(std::string_view tenant, size_t& count) const;

  const std::string folder_;
  BlobStore& blobs_;
  const UploadLimits limits_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Upload>, std::less<>> uploads_;
};

}  // namespace hetao::io
