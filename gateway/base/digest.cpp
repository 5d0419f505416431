#include "gateway/base/digest.h"

#include <algorithm>

namespace hetao {

std::optional<Digest> Digest::from_bytes(ByteView bytes) {
  Digest digest;
  if (bytes.size() != digest.bytes.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

std::optional<Digest> Digest::from_hex(std::string_view text) {
  const auto raw = hetao::from_hex(text);
  if (!raw) return std::nullopt;
  return from_bytes(*raw);
}

}  // namespace hetao
