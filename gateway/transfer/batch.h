// Batches: many small files of one crossing over one stream, each named, hashed and stored for itself. What
// both ends share: the offer, the list, and the files of one record. Source: proto/TUNNEL.md, section 9.1.
// Pure functions; check_files may run on any thread, several at once.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gateway/base/batch_limits.h"
#include "gateway/base/digest.h"
#include "gateway/base/limits.h"
#include "gateway/transfer/record.h"

namespace hetao::transfer {

struct BatchOffer {
  std::string crossing;  // the permit that this rests on
  uint64_t transfer = 0;
  uint32_t files = 0;
  uint64_t bytes = 0;

  bool operator==(const BatchOffer&) const = default;
};

struct BatchFile {
  Digest digest;
  uint32_t size = 0;

  bool operator==(const BatchFile&) const = default;
};

Bytes encode_batch_offer(const BatchOffer& offer);
// Is this the header of a batch, well-formed or not?
bool is_batch_offer(ByteView header);
Result<BatchOffer> decode_batch_offer(ByteView header);

// Payload of a LIST record.
Bytes encode_files(std::span<const BatchFile> files);
Result<std::vector<BatchFile>> decode_files(ByteView payload);

// What a batch is called in its receipt: the tree's root over the digests of its list.
Digest batch_digest(std::span<const BatchFile> files);

// A FILES record: so many of the files that were asked for, from number `first` on.
RecordHeaderBytes files_record_header(uint64_t first, Encoding encoding, size_t payload_bytes);
inline constexpr size_t kFilesCountBytes = 4;  // in front of the files' bytes

// What came from the wire and has to be checked.
struct CheckFiles {
  std::vector<BatchFile> files;   // that it has to bring
  std::vector<uint32_t> numbers;  // theirs in the list
  Encoding encoding = Encoding::kRaw;
  Bytes payload;
  size_t unpacked = 0;  // size of all files
};

struct CheckedFiles {
  std::vector<BatchFile> files;
  std::vector<uint32_t> numbers;
  size_t wire_bytes = 0;
  Bytes bytes;      // of all files, one after the other
  std::string lie;  // what does not hold; empty: the bytes are the files
};

CheckedFiles check_files(CheckFiles&& files);

}  // namespace hetao::transfer
