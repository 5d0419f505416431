// The ledger's write-ahead log as bytes: a header, then groups of entries; one write and one sync a group.
//
// File:   "HTLWAL01" | first index u64 | root at that size [32] | CRC-32C u32 of all before
// Group:  f5 'H' 'G' 1 | length of the entries' part u32 | first index u64 | count u32
//         | CRC of the group before u32 | entries: length u16, bytes | CRC-32C u32 of all before in the group
// Integers are big-endian. A preallocated tail of zeros may follow.
//
// A group is written only after the one before it was durable, so at most the last one can be torn. Recovery
// cuts a torn last group off; damage before it is an error (kVerification), never a shorter log: a damaged
// group with a whole one behind it cannot be a torn write. The byte f5 appears in no entry, which is UTF-8,
// so entries can't imitate a group. Damage to the very last group looks like a torn write here; log.h finds
// it by the published checkpoint. Pure; a WalWriter belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/digest.h"
#include "gateway/base/result.h"

namespace hetao::ledger {

uint32_t crc32c(ByteView bytes, uint32_t before = 0);

inline constexpr size_t kWalHeaderBytes = 52;

Bytes encode_wal_header(uint64_t first, const Digest& root);

struct WalContent {
  uint64_t first = 0;  // index of the first entry
  Digest root;         // of the tree of that size
  std::vector<Bytes> entries;
  size_t valid_bytes = 0;  // where the next group goes; everything behind must be zeros or cut off first
  uint32_t last_crc = 0;   // chains the next group to the last one
  size_t torn_bytes = 0;   // not zero: a torn group was cut off
};

// Reads a whole file. Errors name the offset.
Result<WalContent> recover_wal(ByteView bytes);

class WalWriter {
 public:
  WalWriter(uint64_t next, uint32_t last_crc) : next_(next), last_crc_(last_crc) {}
  // A new file after this header.
  static WalWriter after_header(ByteView header);
  // The bytes of one group: not empty, each entry at most limits::kLedgerEntryBytesMax.
  Bytes encode_group(std::span<const Bytes> entries);
  uint64_t next() const { return next_; }

 private:
  uint64_t next_;
  uint32_t last_crc_;
};

}  // namespace hetao::ledger
