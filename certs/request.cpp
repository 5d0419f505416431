// PKCS#10 signing requests (RFC 2986) and renewal.
#include <openssl/err.h>
#include <openssl/pem.h>

#include "certs/authority.h"
#include "certs/issue.h"
#include "gateway/base/check.h"
#include "gateway/base/limits.h"

namespace hetao::certs {

namespace {

using ExtensionsPtr = std::unique_ptr<STACK_OF(X509_EXTENSION), Freer<[](STACK_OF(X509_EXTENSION) * stack) {
                                        sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free);
                                      }>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;

constexpr std::string_view kWhat = "signing request";

tl::unexpected<Error> refuse(std::string why, std::string hint = "make it with `hetao certs request`") {
  ERR_clear_error();
  return fail(ErrorCode::kUsage, std::string(kWhat), std::move(why), std::move(hint));
}

bool add_names(X509_REQ* request, const std::string& names) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, nullptr, nullptr, request, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, names.c_str());
  if (extension == nullptr) return false;
  ExtensionsPtr extensions(sk_X509_EXTENSION_new_null());
  sk_X509_EXTENSION_push(extensions.get(), extension);
  return X509_REQ_add_extensions(request, extensions.get()) == 1;
}

Result<X509ReqPtr> read_request(std::string_view pem) {
  if (pem.size() > limits::kCertificateBytesMax * 2) return refuse("it is too large");
  const BioPtr bio = read_bio(pem);
  X509ReqPtr request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  if (request == nullptr) return refuse("it is no certificate request in PEM form: " + openssl_reason());
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (const KeyVerdict verdict = judge_key(key); !verdict.why.empty()) {
    return refuse(verdict.why, "use an ECDSA P-256 or Ed25519 key");
  }
  if (X509_REQ_verify(request.get(), key) != 1) return refuse("its signature does not hold");
  return request;
}

Result<LeafRequest> names_of_request(X509_REQ* request) {
  const ExtensionsPtr extensions(X509_REQ_get_extensions(request));
  if (extensions == nullptr) return refuse("it asks for no names");
  int critical = 0;
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions.get(), NID_subject_alt_name, &critical, nullptr)));
  if (names == nullptr) return refuse("it asks for no subject alternative name");
  return request_of_names(names.get(), kWhat);
}

}  // namespace

Result<LeafRequest> request_of_names(const GENERAL_NAMES* names, std::string_view what) {
  const auto uris = names_of(names, GEN_URI);
  if (uris.size() != 1) {
    return fail(ErrorCode::kUsage, std::string(what),
                "it has " + std::to_string(uris.size()) + " URI names, not one",
                "name exactly one spiffe://hetao/REGION/ROLE/NAME");
  }
  auto identity = parse_identity(uris.front());
  if (!identity) return fail(identity.error());
  LeafRequest found;
  found.identity = *identity;
  found.dns_names = names_of(names, GEN_DNS);
  found.ip_addresses = names_of(names, GEN_IPADD);
  const size_t known = 1 + found.dns_names.size() + found.ip_addresses.size();
  if (known != static_cast<size_t>(sk_GENERAL_NAME_num(names))) {
    return fail(ErrorCode::kUsage, std::string(what), "it has names that are neither URI, DNS nor IP",
                "leave them out");
  }
  return checked_request(std::move(found));
}

Result<std::string> create_signing_request(std::string_view private_key_pem, const LeafRequest& request) {
  auto names = subject_alternative_names(request);
  if (!names) return fail(names.error());
  auto key = private_key_from_pem(private_key_pem, "private key");
  if (!key) return fail(key.error());
  const X509ReqPtr made(X509_REQ_new());
  HETAO_CHECK(made != nullptr);
  const std::string& common = request.identity.name;
  const bool is_made =
      X509_REQ_set_version(made.get(), 0) == 1 && X509_REQ_set_pubkey(made.get(), key->get()) == 1 &&
      X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const uint8_t*>(common.data()),
                                 static_cast<int>(common.size()), -1, 0) == 1 &&
      add_names(made.get(), *names) && X509_REQ_sign(made.get(), key->get(), signing_hash(key->get())) != 0;
  if (!is_made) return openssl_failed(std::string(kWhat));
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_REQ(bio.get(), made.get());
  return bio_text(bio.get());
}

Result<LeafRequest> read_signing_request(std::string_view request_pem) {
  auto request = read_request(request_pem);
  if (!request) return fail(request.error());
  return names_of_request(request->get());
}

Result<std::string> sign_request(const CertificateAndKey& ca, std::string_view request_pem, Duration lifetime,
                                 Instant now) {
  auto loaded = load_ca(ca);
  if (!loaded) return fail(loaded.error());
  auto request = read_request(request_pem);
  if (!request) return fail(request.error());
  auto wanted = names_of_request(request->get());
  if (!wanted) return fail(wanted.error());
  wanted->lifetime = lifetime;
  return sign_leaf(*loaded, X509_REQ_get0_pubkey(request->get()), *wanted, now);
}

Result<LeafRequest> renewal_of(std::string_view certificate_pem) {
  constexpr std::string_view kCertificate = "certificate to renew";
  auto certificates = certificates_from_pem(certificate_pem, kCertificate);
  if (!certificates) return fail(certificates.error());
  X509* leaf = certificates->front().get();
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) {
    ERR_clear_error();
    return fail(ErrorCode::kUsage, std::string(kCertificate), "it has no subject alternative name",
                "issue a new one with `hetao certs issue`");
  }
  auto request = request_of_names(names.get(), kCertificate);
  if (!request) return request;
  // The same life as before; what is longer than allowed today falls to the default.
  const Duration life = to_instant(X509_get0_notAfter(leaf)) - to_instant(X509_get0_notBefore(leaf));
  LeafRequest renewed = *request;
  renewed.lifetime = life;
  return checked_request(renewed) ? renewed : *request;
}

}  // namespace hetao::certs
