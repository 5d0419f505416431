// The scanner: finds identifiers in a window of a layer's bytes.
//
// A layer is cut into windows at fixed places (multiples of kWindowBytes), each readable a little before and
// behind. What a window finds depends on its own bytes alone, so findings are the same whatever pieces the
// bytes came in and in whatever order, or at once, windows are scanned.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/inspection/scan/block_masks.h"
#include "gateway/inspection/scan/tally.h"

namespace hetao::inspection {

inline constexpr size_t kWindowBytes = size_t{64} << 10U;
inline constexpr size_t kLookBehindBytes = 4'096;
inline constexpr size_t kLookAheadBytes = 1'024;

struct Window {
  // Readable to the end, and kMaskPadBytes more that hold anything.
  std::string_view text;
  size_t from = 0;  // what begins in [from, until) counts
  size_t until = 0;
  uint64_t offset = 0;  // of text[0] in the layer
};

// What is known of the whole layer before its windows are scanned.
struct Shape {
  bool table = false;
  char separator = ',';
  bool markup = false;                 // XML or HTML: tags between two letters are nothing
  std::vector<uint32_t> column_words;  // ContextGroups that a heading speaks for
  uint32_t words_of(size_t column) const { return column < column_words.size() ? column_words[column] : 0; }
};

struct ScanOptions {
  uint32_t latest_birth_day = 20991231;  // yyyymmdd: nobody is born after it
  const MaskEngine* engine = nullptr;    // null: the best one
};

// Where something encoded begins that is more than an identifier: read as a layer of its own.
enum class RunEncoding : uint8_t { kBase64, kHex, kHexDump };
struct Embedded {
  uint64_t offset = 0;
  RunEncoding encoding = RunEncoding::kBase64;
  size_t most = std::string_view::npos;  // characters of it that are worth reading
  bool operator<(const Embedded& other) const { return offset < other.offset; }
};

void scan_window(const Window& window, const Shape& shape, const ScanOptions& options, Tally& tally,
                 std::vector<Embedded>& embedded);

}  // namespace hetao::inspection
