// Bytes, and their printable forms: hex and base64 (RFC 4648). All functions are pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetao {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(ByteView bytes);                       // lower case
std::optional<Bytes> from_hex(std::string_view text);     // either case; nothing else allowed
std::string to_base64(ByteView bytes);                    // RFC 4648 section 4, padded
std::optional<Bytes> from_base64(std::string_view text);  // strict: padding, no blanks, zero trailing bits
std::string to_base64url(ByteView bytes);                 // section 5, not padded (as in JWT)
std::optional<Bytes> from_base64url(std::string_view text);

// Big-endian integers, as every wire format of this product uses them.
inline void put_u16(Bytes& out, uint16_t v) {
  out.push_back(static_cast<uint8_t>(v >> 8U));
  out.push_back(static_cast<uint8_t>(v));
}
inline void put_u32(Bytes& out, uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<uint8_t>(v >> static_cast<unsigned>(shift)));
}
inline void put_u64(Bytes& out, uint64_t v) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<uint8_t>(v >> static_cast<unsigned>(shift)));
}
// The caller has checked the length.
inline uint16_t get_u16(ByteView b) {
  return static_cast<uint16_t>((b[0] << 8U) | b[1]);
}
inline uint32_t get_u32(ByteView b) {
  return (uint32_t{b[0]} << 24U) | (uint32_t{b[1]} << 16U) | (uint32_t{b[2]} << 8U) | b[3];
}
inline uint64_t get_u64(ByteView b) {
  return (uint64_t{get_u32(b)} << 32U) | get_u32(b.subspan(4));
}

}  // namespace hetao
