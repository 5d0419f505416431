// Makes certificates that the product would never issue: every field can be wrong. For tests and fuzzers of
// the certs room and the TLS engine.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "certs/authority.h"
#include "certs/openssl.h"
#include "certs/verify.h"

namespace hetao::certs::forge {

inline constexpr Instant kNow{int64_t{1'795'500'000} * 1'000'000};  // in November 2026
inline constexpr Duration kDay = Duration::seconds(86'400);

PkeyPtr ec_key(const char* curve);
PkeyPtr ed25519_key();
PkeyPtr rsa_key(unsigned bits, unsigned exponent = 65537);
PkeyPtr rsa_key_of_exponent_one();  // public half only
PkeyPtr dsa_key();
PkeyPtr explicit_curve_key();

struct Extension {
  int nid = 0;  // with `value` in OpenSSL's configuration syntax
  std::string value;
  std::string oid = {};  // or raw: OID, criticality and DER
  bool critical = false;
  Bytes der = {};
};

struct Spec {
  std::string common_name = "gw";
  std::vector<std::string> uris = {};  // bytes as given
  std::vector<Extension> extensions = {};
  std::string serial_decimal = "4711";  // may be negative or zero
  Instant from = kNow - kDay;
  Instant until{kNow.micros + 30 * kDay.micros};
  const EVP_MD* hash = EVP_sha256();
  long version = 2;
};

struct Issuer {
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
};

// Signed by `issuer`, or by itself when that is empty.
X509Ptr make(const Spec& spec, EVP_PKEY* key, const Issuer& issuer);

// What a correct gateway leaf of a region looks like, ready to be spoilt.
Spec gateway_spec(std::string_view region, std::string_view name = "gw-1");
// And a region's CA.
Spec ca_spec(std::string_view region, std::string_view path_length = ",pathlen:0");
void replace_extension(Spec& spec, int nid, const std::string& value);
void remove_extension(Spec& spec, int nid);

std::string pem_of(X509* certificate);
std::string pem_of(EVP_PKEY* key);

// Flips one bit in the signature.
X509Ptr with_broken_signature(X509* certificate);

// A region: its CA with certificate, key and list.
struct Region {
  std::string name;
  CertificateAndKey ca;
  X509Ptr certificate;
  PkeyPtr key;
  std::string crl_pem;
  Issuer issuer() const { return {certificate.get(), key.get()}; }
};
enum class CaKind { kEcdsaP256, kEd25519, kRsa2048 };
Region region(const std::string& name, CaKind kind = CaKind::kEcdsaP256);

// Every way to spoil a leaf or its chain that the verifier must refuse, with the reason.
struct World {
  Region shenzhen;
  Region hongkong;
  TrustStore trust;  // both regions, lists in force
};
World world(CaKind kind = CaKind::kEcdsaP256);

struct Presented {
  std::vector<X509Ptr> chain;  // leaf first
  PkeyPtr key;                 // of the leaf
};
struct BadCase {
  std::string name;
  Reason reason;
  std::function<Presented(const World&)> make;
  bool key_can_sign = true;  // false: no TLS handshake is possible with it at all
};
std::vector<BadCase> bad_cases();

Presented good_gateway(const World& world, std::string_view region = "shenzhen",
                       std::string_view name = "gw-1");
Chain der_of(const Presented& presented);

}  // namespace hetao::certs::forge
