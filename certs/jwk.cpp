#include "certs/jwk.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao::certs {

namespace {

using ParamBuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;

constexpr std::string_view kWhat = "key set";
constexpr size_t kCoordinateBytes = 32;  // of P-256 and Ed25519
constexpr size_t kRsaBytesMax = 1024;

tl::unexpected<Error> refuse(std::string why,
                             std::string hint = "have the identity provider publish a sound JWKS") {
  ERR_clear_error();
  return fail(ErrorCode::kUsage, std::string(kWhat), std::move(why), std::move(hint));
}

std::optional<Bytes> bytes_member(const json::object& jwk, std::string_view name) {
  const json::string* text = text_member(jwk, name);
  if (text == nullptr) return std::nullopt;
  return from_base64url({text->data(), text->size()});
}

PkeyPtr key_from_params(const char* kind, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  const PkeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* raw = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return PkeyPtr(raw);
}

// A point that is not on the curve gives no key.
PkeyPtr ec_key(const json::object& jwk) {
  const auto x = bytes_member(jwk, "x");
  const auto y = bytes_member(jwk, "y");
  if (!x || !y || x->size() != kCoordinateBytes || y->size() != kCoordinateBytes) return nullptr;
  Bytes point = {0x04};  // uncompressed
  point.insert(point.end(), x->begin(), x->end());
  point.insert(point.end(), y->begin(), y->end());
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  PkeyPtr key = key_from_params("EC", builder.get());
  if (key == nullptr) return nullptr;
  const PkeyContextPtr check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  return EVP_PKEY_public_check(check.get()) == 1 ? std::move(key) : nullptr;
}

PkeyPtr rsa_key(const json::object& jwk) {
  const auto n = bytes_member(jwk, "n");
  const auto e = bytes_member(jwk, "e");
  if (!n || !e || n->empty() || e->empty() || n->size() > kRsaBytesMax || e->size() > 8) return nullptr;
  const BignumPtr modulus(BN_bin2bn(n->data(), static_cast<int>(n->size()), nullptr));
  const BignumPtr exponent(BN_bin2bn(e->data(), static_cast<int>(e->size()), nullptr));
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  return key_from_params("RSA", builder.get());
}

PkeyPtr ed25519_key(const json::object& jwk) {
  const auto x = bytes_member(jwk, "x");
  if (!x || x->size() != kCoordinateBytes) return nullptr;
  return PkeyPtr(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, x->data(), x->size()));
}

bool is_text(const json::object& jwk, std::string_view name, std::string_view value) {
  const json::string* text = text_member(jwk, name);
  return text != nullptr && std::string_view(text->data(), text->size()) == value;
}

// By kind and curve alone: "alg" may only agree.
std::optional<JwtAlgorithm> declared_algorithm(const json::object& jwk) {
  if (is_text(jwk, "kty", "RSA"))
    return is_text(jwk, "alg", "PS256") ? JwtAlgorithm::kPs256 : JwtAlgorithm::kRs256;
  if (is_text(jwk, "kty", "EC") && is_text(jwk, "crv", "P-256")) return JwtAlgorithm::kEs256;
  if (is_text(jwk, "kty", "OKP") && is_text(jwk, "crv", "Ed25519")) return JwtAlgorithm::kEdDsa;
  return std::nullopt;
}

bool is_for_other_use(const json::object& jwk, JwtAlgorithm algorithm) {
  if (jwk.contains("use") && !is_text(jwk, "use", "sig")) return true;
  if (jwk.contains("alg") && !is_text(jwk, "alg", to_word(algorithm))) return true;
  const json::value* operations = jwk.if_contains("key_ops");
  if (operations == nullptr) return false;
  if (!operations->is_array()) return true;
  const auto& list = operations->get_array();
  return std::none_of(list.begin(), list.end(), [](const json::value& operation) {
    return operation.is_string() && operation.get_string() == "verify";
  });
}

PkeyPtr public_key(const json::object& jwk, JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::kRs256:
    case JwtAlgorithm::kPs256:
      return rsa_key(jwk);
    case JwtAlgorithm::kEs256:
      return ec_key(jwk);
    case JwtAlgorithm::kEdDsa:
      return ed25519_key(jwk);
  }
  return nullptr;
}

// Nothing: a key that is not for us. An Error: one that makes the whole set doubtful.
Result<std::optional<Jwks::Key>> read_key(const json::object& jwk) {
  if (jwk.contains("d")) return refuse("it holds a private key", "replace that key: it is public now");
  const auto algorithm = declared_algorithm(jwk);
  if (!algorithm || is_for_other_use(jwk, *algorithm)) return std::optional<Jwks::Key>();
  const json::string* kid = text_member(jwk, "kid");
  if (jwk.contains("kid") && kid == nullptr) return refuse("a key's kid is not a string");
  Jwks::Key key;
  if (kid != nullptr) key.kid.assign(kid->data(), kid->size());
  key.algorithm = *algorithm;
  key.any_rsa = *algorithm == JwtAlgorithm::kRs256 && !jwk.contains("alg");
  key.key = public_key(jwk, *algorithm);
  const std::string name = "key \"" + printable(key.kid) + "\"";
  if (key.key == nullptr) return refuse(name + " does not decode");
  if (const KeyVerdict verdict = judge_key(key.key.get()); !verdict.why.empty()) {
    return refuse(name + ": " + verdict.why);
  }
  return std::optional<Jwks::Key>(std::move(key));
}

std::string coordinate(EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
  const BignumPtr number(raw);
  std::array<uint8_t, kCoordinateBytes> bytes{};
  BN_bn2binpad(number.get(), bytes.data(), static_cast<int>(bytes.size()));
  return to_base64url(bytes);
}

std::string integer(EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
  const BignumPtr number(raw);
  Bytes bytes(static_cast<size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), bytes.data());
  return to_base64url(bytes);
}

}  // namespace

const json::string* text_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  return value == nullptr ? nullptr : value->if_string();
}

std::optional<JwtAlgorithm> algorithm_of(EVP_PKEY* key) {
  if (key == nullptr || !judge_key(key).why.empty()) return std::nullopt;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return JwtAlgorithm::kRs256;
    case EVP_PKEY_EC:
      if (key_words(key) != "ECDSA P-256") return std::nullopt;
      return JwtAlgorithm::kEs256;
    case EVP_PKEY_ED25519:
      return JwtAlgorithm::kEdDsa;
    default:
      return std::nullopt;
  }
}

Result<json::object> jwk_of(EVP_PKEY* key) {
  const auto algorithm = algorithm_of(key);
  if (!algorithm)
    return refuse("the key is none of RSA from 2048 bits, EC P-256, Ed25519", "make another key");
  switch (*algorithm) {
    case JwtAlgorithm::kRs256:
    case JwtAlgorithm::kPs256:
      return json::object{{"kty", "RSA"},
                          {"n", integer(key, OSSL_PKEY_PARAM_RSA_N)},
                          {"e", integer(key, OSSL_PKEY_PARAM_RSA_E)}};
    case JwtAlgorithm::kEs256:
      return json::object{{"kty", "EC"},
                          {"crv", "P-256"},
                          {"x", coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X)},
                          {"y", coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y)}};
    case JwtAlgorithm::kEdDsa: {
      std::array<uint8_t, kCoordinateBytes> bytes{};
      size_t size = bytes.size();
      if (EVP_PKEY_get_raw_public_key(key, bytes.data(), &size) != 1) return refuse("the key can't be read");
      return json::object{{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", to_base64url(bytes)}};
    }
  }
  return refuse("the key can't be read");
}

Result<Jwks> Jwks::parse(std::string_view text) {
  auto document = parse_json(text, kWhat, limits::kJwksBytesMax);
  if (!document) return fail(document.error());
  const json::object* object = document->if_object();
  const json::value* list = object == nullptr ? nullptr : object->if_contains("keys");
  if (list == nullptr || !list->is_array())
    return refuse("it has no list \"keys\"", "expected a JWKS document");
  if (list->get_array().size() > limits::kJwksKeysMax) return refuse("it has more than 64 keys");
  Jwks set;
  for (const json::value& value : list->get_array()) {
    const json::object* jwk = value.if_object();
    if (jwk == nullptr) return refuse("one of its keys is not an object");
    auto key = read_key(*jwk);
    if (!key) return fail(key.error());
    if (!key->has_value()) continue;
    for (const Key& other : set.keys_) {
      if (other.kid == (*key)->kid) return refuse("two keys have the kid \"" + printable(other.kid) + "\"");
    }
    set.keys_.push_back(std::move(**key));
  }
  if (set.keys_.empty()) return refuse("it has no key for RS256, PS256, ES256 or EdDSA");
  return set;
}

Result<std::string> jwks_from_public(std::string_view pem, std::string_view kid) {
  if (pem.size() > limits::kPemBytesMax)
    return refuse("the key file is too large", "give a PEM file of one key");
  PkeyPtr key;
  if (pem.find("PRIVATE KEY-----") != std::string_view::npos) {
    auto loaded = private_key_from_pem(pem, "signing key");
    if (!loaded) return fail(loaded.error());
    key = std::move(*loaded);
  } else if (pem.find("BEGIN CERTIFICATE-----") != std::string_view::npos) {
    auto certificates = certificates_from_pem(pem, "signing certificate");
    if (!certificates) return fail(certificates.error());
    key.reset(X509_get_pubkey(certificates->front().get()));
  } else {
    key.reset(PEM_read_bio_PUBKEY(read_bio(pem).get(), nullptr, nullptr, nullptr));
  }
  if (key == nullptr) return refuse("it is no public key in PEM form", "expected -----BEGIN PUBLIC KEY-----");
  auto jwk = jwk_of(key.get());
  if (!jwk) return fail(jwk.error());
  (*jwk)["kid"] = kid;
  (*jwk)["use"] = "sig";
  (*jwk)["alg"] = to_word(*algorithm_of(key.get()));
  return canonical_json(json::object{{"keys", json::array{*jwk}}});
}

}  // namespace hetao::certs
