// The Range header (RFC 9110, section 14.2): one range of bytes. Several at once are answered with the whole,
// as the RFC allows. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hetao::api {

struct ByteRange {
  enum class Kind { kWhole, kPart, kNone };  // kNone: nothing of it exists (416)
  Kind kind = Kind::kWhole;
  uint64_t first = 0;
  uint64_t last = 0;  // inclusive
};

ByteRange read_range(std::string_view header, uint64_t size);
std::string content_range(const ByteRange& range, uint64_t size);

}  // namespace hetao::api
