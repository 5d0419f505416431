#include "gateway/base/bytes.h"

#include <array>

namespace hetao {

namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode64(ByteView bytes, std::string_view alphabet, bool padded) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t rest = bytes.size() - i;
    const uint32_t group = (uint32_t{bytes[i]} << 16U) | (rest > 1 ? uint32_t{bytes[i + 1]} << 8U : 0U) |
                           (rest > 2 ? uint32_t{bytes[i + 2]} : 0U);
    out += alphabet[group >> 18U];
    out += alphabet[(group >> 12U) & 63U];
    if (rest > 1) out += alphabet[(group >> 6U) & 63U];
    if (rest > 2) out += alphabet[group & 63U];
    if (padded && rest < 3) out.append(3 - rest, '=');
  }
  return out;
}

std::optional<Bytes> decode64(std::string_view text, std::string_view alphabet) {
  std::array<int8_t, 256> value{};
  value.fill(-1);
  for (size_t i = 0; i < alphabet.size(); ++i)
    value[static_cast<uint8_t>(alphabet[i])] = static_cast<int8_t>(i);
  if (text.size() % 4 == 1) return std::nullopt;
  Bytes out;
  out.reserve(text.size() / 4 * 3 + 2);
  uint32_t group = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const int8_t digit = value[static_cast<uint8_t>(c)];
    if (digit < 0) return std::nullopt;
    group = ((group << 6U) | static_cast<uint32_t>(digit)) & 0xffffffU;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<uint8_t>(group >> bits));
    }
  }
  const uint32_t unused = group & ((1U << bits) - 1U);
  if (unused != 0) return std::nullopt;
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string to_hex(ByteView bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const uint8_t byte : bytes) {
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes out;
  out.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<uint8_t>(high * 16 + low));
  }
  return out;
}

std::string to_base64(ByteView bytes) {
  return encode64(bytes, kStandard, true);
}

std::optional<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  return decode64(text, kStandard);
}

std::string to_base64url(ByteView bytes) {
  return encode64(bytes, kUrl, false);
}
std::optional<Bytes> from_base64url(std::string_view text) {
  return decode64(text, kUrl);
}

}  // namespace hetao
