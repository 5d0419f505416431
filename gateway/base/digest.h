// A SHA-256 value (FIPS 180-4). Computing one is the ledger room's business (gateway/ledger/sha256.h).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/bytes.h"

namespace hetao {

struct Digest {
  std::array<uint8_t, 32> bytes{};

  auto operator<=>(const Digest&) const = default;
  ByteView view() const { return bytes; }
  std::string hex() const { return to_hex(bytes); }
  bool is_zero() const { return *this == Digest{}; }

  static std::optional<Digest> from_hex(std::string_view text);
  static std::optional<Digest> from_bytes(ByteView bytes);
};

}  // namespace hetao
