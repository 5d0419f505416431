// SHA-256 (FIPS 180-4): one call for what is at hand, a running hash for what comes in pieces.
//
// Promises: never fails, allocates nothing. Functions are pure; a Sha256 belongs to one thread at a time.
#pragma once

#include <array>
#include <cstddef>

#include "gateway/base/digest.h"

namespace hetao::ledger {

Digest sha256(ByteView bytes);

class Sha256 {
 public:
  Sha256();
  void update(ByteView bytes);
  // The hash of everything so far. The object is then as new.
  Digest finish();

 private:
  static constexpr size_t kStateBytes = 112;  // of OpenSSL's state, checked where it is used
  alignas(8) std::array<std::byte, kStateBytes> state_;
};

}  // namespace hetao::ledger
