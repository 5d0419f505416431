// Key sets as an identity provider publishes them. Never crashes; what is accepted holds only usable keys.
#include <cstdlib>

#include "certs/jwt.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto keys = hetao::certs::Jwks::parse(hetao::as_text({data, size}));
  if (!keys) return 0;
  for (const auto& key : keys->keys()) {
    if (!hetao::certs::judge_key(key.key.get()).why.empty()) std::abort();
  }
  return 0;
}
