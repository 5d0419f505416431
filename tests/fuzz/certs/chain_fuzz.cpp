// Certificates as a peer sends them: a chain of length-prefixed DER. The input may also carry a mutation of a
// sound leaf: (0xff, offset, value)… turns it one byte at a time. Never crashes; accepts only what is byte
// for byte good.
#include <cstdlib>

#include "certs/status.h"
#include "certs/verify.h"
#include "tests/unit/certs/forge.h"

namespace {

using hetao::Bytes;
using hetao::ByteView;
namespace certs = hetao::certs;

struct World {
  certs::forge::World world = certs::forge::world(certs::forge::CaKind::kEd25519);
  certs::Chain good = certs::forge::der_of(certs::forge::good_gateway(world));
};

certs::Chain chain_of(ByteView input, const World& world) {
  certs::Chain chain;
  if (!input.empty() && input[0] == 0xff) {
    chain = world.good;
    for (size_t i = 1; i + 2 < input.size(); i += 3) {
      chain[0][hetao::get_u16(input.subspan(i)) % chain[0].size()] = input[i + 2];
    }
    return chain;
  }
  while (input.size() >= 2 && chain.size() < 6) {
    const size_t size = std::min<size_t>(hetao::get_u16(input), input.size() - 2);
    chain.emplace_back(input.begin() + 2, input.begin() + 2 + static_cast<std::ptrdiff_t>(size));
    input = input.subspan(2 + size);
  }
  return chain;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const World kWorld;
  const certs::Chain chain = chain_of({data, size}, kWorld);
  for (const auto usage :
       {certs::Usage::kTunnelClient, certs::Usage::kTunnelServer, certs::Usage::kApiClient}) {
    const auto verdict = certs::verify_chain(chain, kWorld.world.trust, certs::forge::kNow, {usage});
    if (verdict && chain[0] != kWorld.good[0]) std::abort();
  }
  (void)certs::certificate_status(hetao::as_text({data, size}), certs::forge::kNow);
  return 0;
}
