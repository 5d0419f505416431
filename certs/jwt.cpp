#include "certs/jwt.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <cmath>

#include "certs/jwk.h"
#include "certs/jwt_purpose.h"
#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao::certs {

namespace {

using EcdsaPtr = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;
using Verdict = tl::expected<void, TokenRefusal>;

constexpr size_t kScalarBytes = 32;  // of P-256
constexpr const char* kSignIn = "sign in again";

tl::unexpected<TokenRefusal> refuse(TokenReason reason, std::string why, std::string hint = kSignIn) {
  ERR_clear_error();
  return tl::unexpected<TokenRefusal>(
      TokenRefusal{reason, Error{ErrorCode::kNotAllowed, "token", std::move(why), std::move(hint)}});
}

struct Parts {
  std::string_view signed_text;  // header '.' payload
  std::string_view payload;
  json::object header;
  Bytes signature;
};

tl::expected<Parts, TokenRefusal> split_token(std::string_view token) {
  if (token.size() > limits::kJwtBytesMax) return refuse(TokenReason::kTooLarge, "it is larger than 16 KiB");
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return refuse(TokenReason::kMalformed, "it has not three parts", "give a signed token in compact form");
  }
  Parts parts;
  parts.signed_text = token.substr(0, second);
  parts.payload = token.substr(first + 1, second - first - 1);
  const auto header = from_base64url(token.substr(0, first));
  auto signature = from_base64url(token.substr(second + 1));
  if (!header || !signature) return refuse(TokenReason::kMalformed, "it is not base64url");
  auto document = parse_json(as_text(*header), "token header", limits::kJwtBytesMax);
  if (!document || !document->is_object())
    return refuse(TokenReason::kMalformed, "its header is no JSON object");
  parts.header = std::move(document->get_object());
  parts.signature = std::move(*signature);
  return parts;
}

std::string_view view_of(const json::string& text) {
  return {text.data(), text.size()};
}

constexpr std::string_view kBearer = "at+jwt";

// Without "application/", which may be left out.
std::string media_type(std::string_view type) {
  std::string lower(type);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (lower.starts_with("application/")) lower.erase(0, std::string_view("application/").size());
  return lower;
}

// RFC 7515, section 4.1.11: what is marked critical and not understood must be refused; we understand none.
// RFC 8725, section 3.11: tokens made for another purpose are told apart by "typ".
Verdict check_header(const json::object& header, std::string_view purpose) {
  if (header.contains("crit"))
    return refuse(TokenReason::kMalformed, "it needs extensions that are unknown here");
  if (const json::value* type = header.if_contains("typ")) {
    const std::string named = type->is_string() ? media_type(view_of(type->get_string())) : std::string("?");
    if (named != "jwt" && named != purpose) {
      return refuse(TokenReason::kMalformed, "it is a token for another purpose", "give an access token");
    }
  }
  return {};
}

// The key that a token names, and how it was used.
struct Chosen {
  const Jwks::Key* key = nullptr;
  JwtAlgorithm algorithm = JwtAlgorithm::kEs256;
};

std::optional<JwtAlgorithm> algorithm_from(const json::string* word) {
  constexpr std::array kKnown = {JwtAlgorithm::kRs256, JwtAlgorithm::kPs256, JwtAlgorithm::kEs256,
                                 JwtAlgorithm::kEdDsa};
  if (word == nullptr) return std::nullopt;
  for (const JwtAlgorithm known : kKnown) {
    if (view_of(*word) == to_word(known)) return known;
  }
  return std::nullopt;
}

bool may_use(const Jwks::Key& key, JwtAlgorithm algorithm) {
  return algorithm == key.algorithm || (key.any_rsa && algorithm == JwtAlgorithm::kPs256);
}

tl::expected<Chosen, TokenRefusal> find_key(const json::object& header, const Jwks& keys) {
  const auto algorithm = algorithm_from(text_member(header, "alg"));
  if (!algorithm)
    return refuse(TokenReason::kAlgorithm, "its algorithm is none of RS256, PS256, ES256, EdDSA");
  const json::string* kid = text_member(header, "kid");
  if (kid == nullptr && (header.contains("kid") || keys.keys().size() != 1)) {
    return refuse(TokenReason::kUnknownKey, "it does not say which key signed it");
  }
  for (const Jwks::Key& key : keys.keys()) {
    if (kid != nullptr && view_of(*kid) != key.kid) continue;
    if (!may_use(key, *algorithm)) {
      return refuse(TokenReason::kAlgorithm, "its algorithm is not that of its key");
    }
    return Chosen{&key, *algorithm};
  }
  return refuse(TokenReason::kUnknownKey, "no known key has its kid");
}

// JWS carries r and s side by side; OpenSSL wants them in DER.
Bytes der_of_ecdsa(ByteView signature) {
  if (signature.size() != 2 * kScalarBytes) return {};
  const EcdsaPtr pair(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(signature.data(), kScalarBytes, nullptr);
  BIGNUM* s = BN_bin2bn(signature.data() + kScalarBytes, kScalarBytes, nullptr);
  HETAO_CHECK(pair != nullptr && r != nullptr && s != nullptr);
  ECDSA_SIG_set0(pair.get(), r, s);
  Bytes der(static_cast<size_t>(i2d_ECDSA_SIG(pair.get(), nullptr)));
  uint8_t* cursor = der.data();
  i2d_ECDSA_SIG(pair.get(), &cursor);
  return der;
}

Bytes ecdsa_of_der(ByteView der) {
  const uint8_t* cursor = der.data();
  const EcdsaPtr pair(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(der.size())));
  HETAO_CHECK(pair != nullptr);
  Bytes out(2 * kScalarBytes);
  BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out.data(), kScalarBytes);
  BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out.data() + kScalarBytes, kScalarBytes);
  return out;
}

const EVP_MD* hash_of(JwtAlgorithm algorithm) {
  return algorithm == JwtAlgorithm::kEdDsa ? nullptr : EVP_sha256();
}

// RFC 7518, section 3.5: the salt is as long as the hash.
bool set_padding(EVP_PKEY_CTX* context, JwtAlgorithm algorithm) {
  return algorithm != JwtAlgorithm::kPs256 ||
         (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
          EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

bool is_signature(const Chosen& by, std::string_view text, ByteView signature) {
  const Bytes der = by.algorithm == JwtAlgorithm::kEs256 ? der_of_ecdsa(signature) : Bytes();
  const ByteView given = by.algorithm == JwtAlgorithm::kEs256 ? ByteView(der) : signature;
  if (given.empty()) return false;
  const DigestContextPtr context(EVP_MD_CTX_new());
  const ByteView bytes = as_bytes(text);
  EVP_PKEY_CTX* key_context = nullptr;  // belongs to `context`
  const bool holds =
      EVP_DigestVerifyInit(context.get(), &key_context, hash_of(by.algorithm), nullptr, by.key->key.get()) ==
          1 &&
      set_padding(key_context, by.algorithm) &&
      EVP_DigestVerify(context.get(), given.data(), given.size(), bytes.data(), bytes.size()) == 1;
  ERR_clear_error();
  return holds;
}

// NumericDate (RFC 7519, section 2): seconds, perhaps with a fraction. Far away times are cut to a bound.
std::optional<Instant> date_member(const json::object& claims, std::string_view name) {
  constexpr double kFarSeconds = 1e12;
  const json::value* value = claims.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double seconds = value->to_number<double>();
  if (!std::isfinite(seconds) || seconds < 0) return std::nullopt;
  return Instant{static_cast<int64_t>(std::min(seconds, kFarSeconds) * 1e6)};
}

bool is_for_audience(const json::object& claims, std::string_view audience) {
  const json::value* value = claims.if_contains("aud");
  if (value == nullptr) return false;
  if (value->is_string()) return view_of(value->get_string()) == audience;
  if (!value->is_array()) return false;
  const auto& list = value->get_array();
  return std::any_of(list.begin(), list.end(), [&](const json::value& one) {
    return one.is_string() && view_of(one.get_string()) == audience;
  });
}

Verdict check_times(const json::object& claims, const TokenRules& rules, Instant now) {
  const auto expires = date_member(claims, "exp");
  if (!expires) return refuse(TokenReason::kClaims, "it does not say when it expires");
  if (now >= *expires + rules.leeway)
    return refuse(TokenReason::kExpired, "it expired " + to_rfc3339(*expires));
  for (const char* name : {"nbf", "iat"}) {
    if (!claims.contains(name)) continue;
    const auto begins = date_member(claims, name);
    if (!begins) return refuse(TokenReason::kClaims, "one of its times is not a number");
    if (now + rules.leeway < *begins) {
      return refuse(TokenReason::kNotYetValid, "it begins " + to_rfc3339(*begins), "compare both clocks");
    }
  }
  return {};
}

// `speaks_for`: it has to say for whom.
tl::expected<Claims, TokenRefusal> check_claims(json::object all, const TokenRules& rules, bool speaks_for,
                                                Instant now) {
  const json::string* issuer = text_member(all, "iss");
  if (issuer == nullptr || view_of(*issuer) != rules.issuer) {
    return refuse(TokenReason::kIssuer, "it is not from " + printable(rules.issuer),
                  "sign in at this region's identity provider");
  }
  if (!is_for_audience(all, rules.audience)) {
    return refuse(TokenReason::kAudience, "it is not for " + printable(rules.audience),
                  "ask the identity provider for a token with this audience");
  }
  if (auto verdict = check_times(all, rules, now); !verdict)
    return tl::unexpected<TokenRefusal>(verdict.error());
  const json::string* subject = text_member(all, "sub");
  if (speaks_for && (subject == nullptr || subject->empty()))
    return refuse(TokenReason::kClaims, "it does not say who it is for");
  Claims claims;
  if (subject != nullptr) claims.subject = view_of(*subject);
  claims.issuer = view_of(*issuer);
  claims.expires = *date_member(all, "exp");
  claims.all = std::move(all);
  return claims;
}

}  // namespace

const char* to_word(JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::kRs256:
      return "RS256";
    case JwtAlgorithm::kPs256:
      return "PS256";
    case JwtAlgorithm::kEs256:
      return "ES256";
    case JwtAlgorithm::kEdDsa:
      return "EdDSA";
  }
  return "ES256";
}

const char* to_word(TokenReason reason) {
  switch (reason) {
    case TokenReason::kMalformed:
      return "malformed";
    case TokenReason::kTooLarge:
      return "too-large";
    case TokenReason::kAlgorithm:
      return "algorithm";
    case TokenReason::kUnknownKey:
      return "unknown-key";
    case TokenReason::kBadSignature:
      return "bad-signature";
    case TokenReason::kExpired:
      return "expired";
    case TokenReason::kNotYetValid:
      return "not-yet-valid";
    case TokenReason::kIssuer:
      return "wrong-issuer";
    case TokenReason::kAudience:
      return "wrong-audience";
    case TokenReason::kClaims:
      return "bad-claims";
  }
  return "malformed";
}

tl::expected<Claims, TokenRefusal> verify_jwt(std::string_view token, const Jwks& keys,
                                              const TokenRules& rules, Instant now) {
  return verify_jwt_for(kBearer, token, keys, rules, now);
}

tl::expected<Claims, TokenRefusal> verify_jwt_for(std::string_view type, std::string_view token,
                                                  const Jwks& keys, const TokenRules& rules, Instant now) {
  const auto parts = split_token(token);
  if (!parts) return tl::unexpected<TokenRefusal>(parts.error());
  if (auto verdict = check_header(parts->header, type); !verdict)
    return tl::unexpected<TokenRefusal>(verdict.error());
  const auto key = find_key(parts->header, keys);
  if (!key) return tl::unexpected<TokenRefusal>(key.error());
  if (!is_signature(*key, parts->signed_text, parts->signature)) {
    return refuse(TokenReason::kBadSignature, "its signature does not hold");
  }
  const auto payload = from_base64url(parts->payload);
  if (!payload) return refuse(TokenReason::kMalformed, "its claims are not base64url");
  auto claims = parse_json(as_text(*payload), "token claims", limits::kJwtBytesMax);
  if (!claims || !claims->is_object())
    return refuse(TokenReason::kMalformed, "its claims are no JSON object");
  return check_claims(std::move(claims->get_object()), rules, type == kBearer, now);
}

Result<std::string> sign_jwt(const json::object& claims, std::string_view private_key_pem,
                             std::string_view kid) {
  auto key = private_key_from_pem(private_key_pem, "signing key");
  if (!key) return fail(key.error());
  const auto algorithm = algorithm_of(key->get());
  if (!algorithm) {
    return fail(ErrorCode::kUsage, "signing key", key_words(key->get()) + " signs no tokens here",
                "use EC P-256, Ed25519 or RSA from 2048 bits");
  }
  const json::object header = {{"alg", to_word(*algorithm)}, {"kid", kid}, {"typ", "JWT"}};
  std::string text =
      to_base64url(as_bytes(json::serialize(header))) + "." + to_base64url(as_bytes(json::serialize(claims)));
  const DigestContextPtr context(EVP_MD_CTX_new());
  const ByteView bytes = as_bytes(text);
  size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, hash_of(*algorithm), nullptr, key->get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes.data(), bytes.size()) != 1) {
    return fail(ErrorCode::kFailed, "signing a token", openssl_reason());
  }
  Bytes signature(size);
  if (EVP_DigestSign(context.get(), signature.data(), &size, bytes.data(), bytes.size()) != 1) {
    return fail(ErrorCode::kFailed, "signing a token", openssl_reason());
  }
  signature.resize(size);
  if (*algorithm == JwtAlgorithm::kEs256) signature = ecdsa_of_der(signature);
  return text + "." + to_base64url(signature);
}

}  // namespace hetao::certs
