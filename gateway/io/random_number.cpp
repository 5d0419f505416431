#include "gateway/io/random_number.h"

#include <openssl/rand.h>

#include "gateway/base/check.h"

namespace hetao::io {

uint32_t random_number() {
  uint32_t number = 0;
  HETAO_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) == 1);
  return number;
}

Bytes random_bytes(size_t count) {
  Bytes bytes(count);
  HETAO_CHECK(RAND_bytes(bytes.data(), static_cast<int>(count)) == 1);
  return bytes;
}

std::chrono::milliseconds jittered(int64_t millis) {
  return std::chrono::milliseconds(millis / 2 + static_cast<int64_t>(random_number()) % (millis / 2 + 1));
}

}  // namespace hetao::io
