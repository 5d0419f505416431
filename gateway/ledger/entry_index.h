// An index over entries, so that a search of ten million costs what it finds: inverted lists of terms, in
// segments of 65,536 entries that never change once they are full. A cache: it is made again from the log
// whenever it is gone, and what it finds is held against the entry itself before anybody sees it.
//
// Segment, big-endian: "HTIDX001" | first u64 | count u32 | least time i64 | greatest time i64 | terms u32
//   | terms × (hash u64, position u32, length u32), by hash | positions: u16 each | CRC-32C u32 of all before
// A term's hash is the first 8 bytes of SHA-256(name ‖ 0x00 ‖ value).
//
// Pure; a builder belongs to one thread at a time; a Segment refers to the bytes that it was opened on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/ledger/entry.h"

namespace hetao::ledger {

inline constexpr uint64_t kSegmentEntries = 65'536;

// What a search asks for; empty members ask for nothing.
struct EntryQuery {
  std::string kind, job, crossing, who, tenant, dataset, peer, decision, direction, rule, item_digest;
  std::string text;  // words of the reason, all of them, without regard to case; Chinese by character pairs
  std::optional<Instant> since;
  std::optional<Instant> until;  // exclusive
  std::optional<int64_t> bytes_min;
  std::optional<int64_t> bytes_max;

  bool takes(const Entry& entry) const;
};

// A query as the index sees it: made once, asked of every segment.
struct IndexTerms {
  explicit IndexTerms(const EntryQuery& query);

  std::vector<std::vector<uint64_t>> choices;  // an entry has one term of each
  std::optional<Instant> since;
  std::optional<Instant> until;
};

// Where in a segment entries may match, ascending. Nothing: the index can't tell, and any may.
using Places = std::optional<std::vector<uint16_t>>;

std::string tenant_of(const Entry& entry);   // of `who`
std::string dataset_of(const Entry& entry);  // that the entry is about; empty: none
std::vector<std::string> words_of(std::string_view text);
std::vector<uint64_t> terms_of(const Entry& entry);

class SegmentBuilder {
 public:
  explicit SegmentBuilder(uint64_t first) : first_(first) {}
  void add(const Entry& entry);  // the next one
  uint64_t first() const { return first_; }
  uint64_t count() const { return count_; }
  bool is_full() const { return count_ == kSegmentEntries; }
  Bytes finish() const;
  Places find(const IndexTerms& terms) const;  // of what is there so far

 private:
  uint64_t first_;
  uint64_t count_ = 0;
  Instant least_{INT64_MAX};
  Instant greatest_{INT64_MIN};
  std::unordered_map<uint64_t, std::vector<uint16_t>> lists_;
};

class Segment {
 public:
  // Refuses (kVerification) what is damaged.
  static Result<Segment> open(ByteView bytes);
  uint64_t first() const { return first_; }
  uint64_t count() const { return count_; }
  Places find(const IndexTerms& terms) const;

 private:
  ByteView terms_;
  ByteView places_;
  uint64_t first_ = 0;
  uint64_t count_ = 0;
  Instant least_;
  Instant greatest_;
};

}  // namespace hetao::ledger
