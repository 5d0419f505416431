// Bounds of what peers and jobs say of items, crossings and entries, with their units in their names: see
// gateway/base/limits.h. Apart from it because few rooms need them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hetao::limits {

inline constexpr size_t kCrossingIdBytesMax = 128;
inline constexpr size_t kItemDigestBytesMax = 128;           // as text
inline constexpr int64_t kItemBytesMax = int64_t{1} << 50U;  // of all files; a JSON number keeps 2^53

// Texts of a ledger entry, which has limits::kLedgerEntryBytesMax at most, even when each byte is escaped.
inline constexpr size_t kLedgerNameBytesMax = 256;  // of a job, a crossing, a person, a digest, a region
inline constexpr size_t kLedgerTextBytesMax = 1'024;
inline constexpr size_t kLedgerReasonBytesMax = 4'096;
inline constexpr size_t kLedgerNoteBytesMax =
    4'096;  // a signed note as evidence; a larger one goes by digest

}  // namespace hetao::limits
