// Bearer tokens. An input that begins with '!' is a sound token with some bytes replaced: (offset 16 bits,
// value). Never crashes; accepts only the sound one.
#include <cstdlib>

#include "certs/jwt.h"
#include "tests/unit/certs/forge.h"

namespace certs = hetao::certs;
namespace json = hetao::json;

namespace {

struct Issuer {
  std::string pem = certs::forge::pem_of(certs::forge::ed25519_key().get());
  certs::Jwks keys = certs::Jwks::parse(certs::jwks_from_public(pem, "k").value()).value();
  std::string token =
      certs::sign_jwt(
          json::object{
              {"iss", "i"}, {"aud", "a"}, {"sub", "s"}, {"exp", certs::forge::kNow.micros / 1'000'000 + 60}},
          pem, "k")
          .value();
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Issuer kIssuer;
  const hetao::ByteView input(data, size);
  std::string token(hetao::as_text(input));
  if (!input.empty() && input[0] == '!') {
    token = kIssuer.token;
    for (size_t i = 1; i + 2 < input.size(); i += 3) {
      token[hetao::get_u16(input.subspan(i)) % token.size()] = static_cast<char>(input[i + 2]);
    }
  }
  const auto verdict = certs::verify_jwt(token, kIssuer.keys, {"i", "a"}, certs::forge::kNow);
  if (verdict.has_value() != (token == kIssuer.token)) std::abort();
  return 0;
}
