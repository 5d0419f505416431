#include "tests/unit/certs/forge.h"

#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "gateway/base/check.h"

namespace hetao::certs::forge {

namespace {

void add_uris(X509* certificate, const std::vector<std::string>& uris) {
  if (uris.empty()) return;
  GENERAL_NAMES* names = GENERAL_NAMES_new();
  for (const std::string& uri : uris) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, uri.data(), static_cast<int>(uri.size()));
    GENERAL_NAME_set0_value(name, GEN_URI, text);
    sk_GENERAL_NAME_push(names, name);
  }
  X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND);
  GENERAL_NAMES_free(names);
}

void add_extension(X509* certificate, X509* issuer, const Extension& extension) {
  if (!extension.oid.empty()) {
    ASN1_OBJECT* object = OBJ_txt2obj(extension.oid.c_str(), 1);
    ASN1_OCTET_STRING* bytes = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(bytes, extension.der.data(), static_cast<int>(extension.der.size()));
    X509_EXTENSION* made = X509_EXTENSION_create_by_OBJ(nullptr, object, extension.critical ? 1 : 0, bytes);
    X509_add_ext(certificate, made, -1);
    X509_EXTENSION_free(made);
    ASN1_OCTET_STRING_free(bytes);
    ASN1_OBJECT_free(object);
    return;
  }
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, extension.nid, extension.value.c_str());
  HETAO_CHECK(made != nullptr);
  X509_add_ext(certificate, made, -1);
  X509_EXTENSION_free(made);
}

void set_name(X509_NAME* name, const std::string& common) {
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const uint8_t*>(common.data()),
                             static_cast<int>(common.size()), -1, 0);
}

}  // namespace

PkeyPtr ec_key(const char* curve) {
  return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
}

PkeyPtr ed25519_key() {
  return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

PkeyPtr rsa_key(unsigned bits, unsigned exponent) {
  const PkeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY_keygen_init(context.get());
  EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), static_cast<int>(bits));
  const BignumPtr e(BN_new());
  BN_set_word(e.get(), exponent);
  EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), e.get());
  EVP_PKEY* key = nullptr;
  HETAO_CHECK(EVP_PKEY_generate(context.get(), &key) == 1);
  return PkeyPtr(key);
}

PkeyPtr rsa_key_of_exponent_one() {
  const PkeyPtr sound = rsa_key(2048);
  BIGNUM* raw = nullptr;
  EVP_PKEY_get_bn_param(sound.get(), OSSL_PKEY_PARAM_RSA_N, &raw);
  const BignumPtr modulus(raw);
  const BignumPtr one(BN_new());
  BN_one(one.get());
  OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, one.get());
  OSSL_PARAM* params = OSSL_PARAM_BLD_to_param(builder);
  const PkeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(context.get());
  HETAO_CHECK(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) == 1);
  OSSL_PARAM_free(params);
  OSSL_PARAM_BLD_free(builder);
  return PkeyPtr(key);
}

PkeyPtr dsa_key() {
  const PkeyContextPtr parameters(EVP_PKEY_CTX_new_from_name(nullptr, "DSA", nullptr));
  EVP_PKEY_paramgen_init(parameters.get());
  EVP_PKEY_CTX_set_dsa_paramgen_bits(parameters.get(), 1024);
  EVP_PKEY* raw = nullptr;
  HETAO_CHECK(EVP_PKEY_paramgen(parameters.get(), &raw) == 1);
  const PkeyPtr domain(raw);
  const PkeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, domain.get(), nullptr));
  EVP_PKEY* key = nullptr;
  EVP_PKEY_keygen_init(context.get());
  HETAO_CHECK(EVP_PKEY_generate(context.get(), &key) == 1);
  return PkeyPtr(key);
}

PkeyPtr explicit_curve_key() {
  PkeyPtr key = ec_key("P-256");
  HETAO_CHECK(EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_ENCODING, "explicit") == 1);
  return key;
}

X509Ptr make(const Spec& spec, EVP_PKEY* key, const Issuer& issuer) {
  X509Ptr certificate(X509_new());
  X509* signer = issuer.certificate != nullptr ? issuer.certificate : certificate.get();
  EVP_PKEY* signing_key = issuer.key != nullptr ? issuer.key : key;
  X509_set_version(certificate.get(), spec.version);
  BIGNUM* raw = nullptr;
  BN_dec2bn(&raw, spec.serial_decimal.c_str());
  const BignumPtr serial(raw);
  BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get()));
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), static_cast<time_t>(spec.from.micros / 1'000'000));
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), static_cast<time_t>(spec.until.micros / 1'000'000));
  HETAO_CHECK(X509_set_pubkey(certificate.get(), key) == 1);
  set_name(X509_get_subject_name(certificate.get()), spec.common_name);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  add_uris(certificate.get(), spec.uris);
  for (const Extension& extension : spec.extensions) add_extension(certificate.get(), signer, extension);
  const EVP_MD* hash = EVP_PKEY_get_base_id(signing_key) == EVP_PKEY_ED25519 ? nullptr : spec.hash;
  HETAO_CHECK(X509_sign(certificate.get(), signing_key, hash) != 0);
  return certificate;
}

Spec gateway_spec(std::string_view region, std::string_view name) {
  Spec spec;
  spec.uris = {to_uri({std::string(region), "gateway", std::string(name)})};
  spec.extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                     {NID_key_usage, "critical,digitalSignature"},
                     {NID_ext_key_usage, "serverAuth,clientAuth"},
                     {NID_subject_key_identifier, "hash"},
                     {NID_authority_key_identifier, "keyid:always"}};
  return spec;
}

Spec ca_spec(std::string_view region, std::string_view path_length) {
  Spec spec;
  spec.common_name = "CA of " + std::string(region);
  spec.uris = {region_uri(region)};
  spec.until = Instant{kNow.micros + 3650 * kDay.micros};
  spec.from = Instant{kNow.micros - 30 * kDay.micros};
  spec.serial_decimal = "1";
  spec.extensions = {{NID_basic_constraints, "critical,CA:TRUE" + std::string(path_length)},
                     {NID_key_usage, "critical,keyCertSign,cRLSign"},
                     {NID_subject_key_identifier, "hash"},
                     {NID_authority_key_identifier, "keyid:always"},
                     {NID_name_constraints, "critical,permitted;URI:hetao"}};
  return spec;
}

void remove_extension(Spec& spec, int nid) {
  std::erase_if(spec.extensions, [&](const Extension& extension) { return extension.nid == nid; });
}

void replace_extension(Spec& spec, int nid, const std::string& value) {
  remove_extension(spec, nid);
  // Key identifiers of the subject must stand before those that are copied from it.
  spec.extensions.insert(spec.extensions.begin(), {nid, value});
}

std::string pem_of(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return bio_text(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return bio_text(bio.get());
}

X509Ptr with_broken_signature(X509* certificate) {
  Bytes der = to_der(certificate);
  der.back() ^= 1U;
  return certificate_from_der(der);
}

Region region(const std::string& name, CaKind kind) {
  Region made;
  made.name = name;
  made.key = kind == CaKind::kEcdsaP256 ? ec_key("P-256")
             : kind == CaKind::kEd25519 ? ed25519_key()
                                        : rsa_key(2048);
  made.certificate = make(ca_spec(name), made.key.get(), {});
  made.ca = {pem_of(made.certificate.get()), pem_of(made.key.get())};
  made.crl_pem = create_crl(made.ca, {}, 1, kNow - kDay).value();
  return made;
}

World world(CaKind kind) {
  World made{region("shenzhen", kind), region("hongkong", kind), {}};
  for (const Region* one : {&made.shenzhen, &made.hongkong}) {
    HETAO_CHECK(made.trust.pin_ca(one->name, one->ca.certificate_pem).has_value());
    HETAO_CHECK(made.trust.add_crl(one->name, one->crl_pem).has_value());
  }
  return made;
}

Presented good_gateway(const World& world, std::string_view region, std::string_view name) {
  Presented presented;
  presented.key = ec_key("P-256");
  const Region& signer = region == "hongkong" ? world.hongkong : world.shenzhen;
  presented.chain.push_back(make(gateway_spec(region, name), presented.key.get(), signer.issuer()));
  return presented;
}

Chain der_of(const Presented& presented) {
  Chain chain;
  for (const X509Ptr& certificate : presented.chain) chain.push_back(to_der(certificate.get()));
  return chain;
}

}  // namespace hetao::certs::forge
