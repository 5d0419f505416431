// What an identity provider may answer, and what a caller may send as a credential or a cookie: read or
// refused.
#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/identity/claims.h"
#include "gateway/identity/credential.h"
#include "gateway/identity/device.h"
#include "gateway/identity/sealed.h"

using namespace hetao;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto metadata = identity::read_metadata(text, "https://id.test"))
    HETAO_CHECK(identity::is_provider_url(metadata->token_endpoint) &&
                identity::is_provider_url(metadata->jwks_uri));
  if (const auto start = identity::read_device_start({200, text, ""}))
    HETAO_CHECK(printable(start->user_code) == start->user_code);
  (void)identity::read_tokens({200, text, ""});
  (void)identity::read_tokens({400, text, ""});
  (void)identity::parse_attempt(text);
  if (const auto credential = identity::parse_credential(text))
    HETAO_CHECK(identity::parse_credential("hetao_" + credential->id + "_" + credential->secret).has_value());
  const Bytes key(identity::kSealKeyBytes, 1);
  HETAO_CHECK(!identity::open_sealed(text, "fuzz", key));
  if (const auto claims = parse_json(text, "claims"); claims && claims->is_object()) {
    identity::ClaimRules rules;
    rules.tenant_claim = "a.b";
    if (const auto person = identity::person_of(rules, claims->get_object(), false))
      HETAO_CHECK(printable(person->user) == person->user && printable(person->tenant) == person->tenant);
  }
  return 0;
}
