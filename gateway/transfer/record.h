// What goes over a transfer's stream: records of a small fixed header and a payload. The reader asks its
// owner about each header before it keeps a byte of payload. Source: proto/TUNNEL.md, "Transfers". Not
// thread-safe: one owner each.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"

namespace hetao::transfer {

inline constexpr size_t kRecordHeaderBytes = 16;

enum class RecordKind : uint8_t {
  kAnswer = 1,   // receiver to sender: pb::BlobAnswer
  kLeaves = 2,   // sender: hashes of chunks, from `index` on
  kChunk = 3,    // sender: chunk `index`
  kReceipt = 4,  // receiver: pb::BlobReceipt
  kSent = 5,     // sender: all that was asked for has gone, and its other lanes are closed or lost
  kList = 6,     // sender of a batch: digests and sizes of files, from number `index` on
  kFiles = 7,    // sender of a batch: files, from number `index` on
};

enum class Encoding : uint8_t { kRaw = 0, kZstd = 1 };

struct RecordHeader {
  RecordKind kind = RecordKind::kChunk;
  Encoding encoding = Encoding::kRaw;
  uint32_t length = 0;  // of the payload
  uint64_t index = 0;

  bool operator==(const RecordHeader&) const = default;
};

using RecordHeaderBytes = std::array<uint8_t, kRecordHeaderBytes>;

RecordHeaderBytes encode_record_header(const RecordHeader& header);
Result<RecordHeader> decode_record_header(std::span<const uint8_t, kRecordHeaderBytes> bytes);
Bytes make_record(RecordKind kind, uint64_t index, ByteView payload);

struct Record {
  RecordHeader header;
  Bytes payload;
};

class RecordReader {
 public:
  // May this record come now, with this length?
  using Check = std::function<Result<void>(const RecordHeader&)>;
  // Memory for a payload.
  using Buffer = std::function<Bytes()>;

  // Takes bytes off the front of `in`. Nothing: more bytes are needed, and `in` is empty. Don't call again
  // after an error.
  Result<std::optional<Record>> next(ByteView& in, const Check& check, const Buffer& buffer);
  // Gives every record in `in` to `take`, until one is refused. Don't call again after an error.
  Result<void> each(ByteView in, const Check& check, const std::function<Result<void>(const Record&)>& take);
  bool in_record() const { return head_used_ > 0 || open_; }

 private:
  RecordHeaderBytes head_{};
  size_t head_used_ = 0;
  bool open_ = false;
  Record record_;
};

}  // namespace hetao::transfer
