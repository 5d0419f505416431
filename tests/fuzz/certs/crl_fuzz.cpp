// Revocation lists and signing requests as files hold them (PEM text). Never crashes; a list that the CA did
// not sign never makes a leaf acceptable.
#include <cstdlib>

#include "certs/authority.h"
#include "certs/status.h"
#include "certs/verify.h"
#include "tests/unit/certs/forge.h"

namespace certs = hetao::certs;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const certs::forge::World kWorld = certs::forge::world(certs::forge::CaKind::kEd25519);
  static const certs::Chain kGood = certs::forge::der_of(certs::forge::good_gateway(kWorld));
  const auto text = hetao::as_text({data, size});
  certs::TrustStore trust;
  if (!trust.pin_ca("shenzhen", kWorld.shenzhen.ca.certificate_pem)) std::abort();
  (void)trust.add_crl("shenzhen", text);
  if (certs::verify_chain(kGood, trust, certs::forge::kNow, {certs::Usage::kTunnelClient})) std::abort();
  (void)certs::read_crl(text);
  (void)certs::crl_status(text, certs::forge::kNow);
  (void)certs::read_signing_request(text);
  (void)certs::renewal_of(text);
  certs::TrustStore foreign;
  (void)foreign.pin_ca("shenzhen", text);
  return 0;
}
