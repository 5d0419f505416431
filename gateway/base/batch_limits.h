// Bounds of batches: many small files of one crossing that go over one stream of a tunnel.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hetao::limits {

inline constexpr size_t kBatchFileBytesMax = size_t{64} << 10U;  // larger ones are blobs of their own
inline constexpr size_t kBatchFilesMax = 8'192;
inline constexpr uint64_t kBatchBytesMax = uint64_t{64} << 20U;   // of all files together
inline constexpr size_t kBatchListMax = 1'024;                    // files that one LIST record names
inline constexpr size_t kBatchRecordBytesMax = size_t{1} << 20U;  // of files in one FILES record, unpacked

}  // namespace hetao::limits
