#include "certs/authority.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>

#include "certs/issue.h"
#include "certs/profile.h"
#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao::certs {

namespace {

// Certificates begin a little in the past, for peers whose clocks lag.
constexpr int64_t kBackdateSeconds = 300;
constexpr Duration kBackdate = Duration::seconds(kBackdateSeconds);
constexpr int64_t kCaLifetimeSecondsMax = int64_t{20} * 366 * 86'400;

struct ExtensionText {
  int nid;
  std::string value;
};

bool add_extensions(X509* certificate, X509* issuer, const std::vector<ExtensionText>& extensions) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const auto& [nid, value] : extensions) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    if (extension == nullptr) return false;
    const bool is_added = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    if (!is_added) return false;
  }
  return true;
}

bool set_times(X509* certificate, Instant from, Instant until) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), static_cast<time_t>(from.micros / 1'000'000)) !=
             nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<time_t>(until.micros / 1'000'000)) !=
             nullptr;
}

// 127 random bits: positive, at most 20 octets, not zero in practice and by RFC 5280.
bool set_random_serial(X509* certificate) {
  constexpr int kBits = 127;
  const BignumPtr serial(BN_new());
  return serial != nullptr && BN_rand(serial.get(), kBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool add_name(X509_NAME* name, const char* field, const std::string& value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                    reinterpret_cast<const uint8_t*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

bool set_subject(X509* certificate, const std::string& organisation, const std::string& common) {
  X509_NAME* name = X509_get_subject_name(certificate);
  // RFC 5280 bounds a common name to 64 characters; the URI SAN holds the whole truth.
  constexpr size_t kCommonNameMax = 64;
  return add_name(name, "O", organisation) && add_name(name, "CN", common.substr(0, kCommonNameMax));
}

bool is_dns_name(std::string_view name) {
  constexpr size_t kNameMax = 253;
  constexpr size_t kLabelMax = 63;
  if (name.empty() || name.size() > kNameMax) return false;
  const auto labels = split(name, '.');
  return std::all_of(labels.begin(), labels.end(), [](const std::string& label) {
    const auto is_fine = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    return !label.empty() && label.size() <= kLabelMax && label.front() != '-' && label.back() != '-' &&
           std::all_of(label.begin(), label.end(), is_fine);
  });
}

bool is_ip_address(const std::string& text) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(text.c_str());
  ERR_clear_error();
  const bool is_address = address != nullptr;
  ASN1_OCTET_STRING_free(address);
  return is_address && text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string::npos;
}

std::string extended_usage(std::string_view role) {
  if (role == kRoleGateway) return "serverAuth,clientAuth";
  return role == kRoleServer ? "serverAuth" : "clientAuth";
}

Result<void> check_ca_request(const CaRequest& request) {
  const auto refuse = [&](std::string why, std::string hint) {
    return fail(ErrorCode::kUsage, "CA of region " + printable(request.region), std::move(why),
                std::move(hint));
  };
  if (!is_region_name(request.region))
    return refuse("that is no region's name", "use lower-case letters and digits");
  if (request.lifetime <= Duration{} || request.lifetime > Duration::seconds(kCaLifetimeSecondsMax)) {
    return refuse("its lifetime is not between 0 and 20 years", "ten years are usual");
  }
  for (const std::string& subtree : request.dns_subtrees) {
    if (!is_dns_name(subtree))
      return refuse("\"" + printable(subtree) + "\" is no DNS name", "write it in lower case");
  }
  return {};
}

bool is_self_signed(X509* certificate) {
  return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
}

std::vector<ExtensionText> ca_extensions(const CaRequest& request) {
  // A URI constraint names a host (RFC 5280, section 4.2.1.10): here the trust domain of every identity.
  std::string constraints = "critical,permitted;URI:hetao";
  for (const std::string& subtree : request.dns_subtrees) constraints += ",permitted;DNS:" + subtree;
  return {
      {NID_basic_constraints, request.is_root ? "critical,CA:TRUE,pathlen:1" : "critical,CA:TRUE,pathlen:0"},
      {NID_key_usage, "critical,keyCertSign,cRLSign"},
      {NID_subject_key_identifier, "hash"},
      {NID_subject_alt_name, "URI:" + region_uri(request.region)},
      {NID_name_constraints, constraints}};
}

}  // namespace

tl::unexpected<Error> openssl_failed(std::string what) {
  return fail(ErrorCode::kFailed, std::move(what), openssl_reason());
}

Result<PkeyPtr> new_key(KeyKind kind) {
  PkeyPtr key;
  switch (kind) {
    case KeyKind::kEcdsaP256:
      key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
      break;
    case KeyKind::kEd25519:
      key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
      break;
  }
  if (key == nullptr) return openssl_failed("making a private key");
  return key;
}

std::string certificate_pem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return bio_text(bio.get());
}

Result<std::string> key_pem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_failed("writing a private key");
  }
  std::string text = bio_text(bio.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  if (size > 0) OPENSSL_cleanse(data, static_cast<size_t>(size));
  return text;
}

const EVP_MD* signing_hash(EVP_PKEY* key) {
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
}

Result<LeafRequest> checked_request(LeafRequest request) {
  auto identity = check_identity(request.identity);
  if (!identity) return fail(identity.error());
  const auto refuse = [&](std::string why, std::string hint) {
    return fail(ErrorCode::kUsage, "certificate for " + to_uri(request.identity), std::move(why),
                std::move(hint));
  };
  for (const std::string& name : request.dns_names) {
    if (!is_dns_name(name)) {
      return refuse("\"" + printable(name) + "\" is no DNS name",
                    "write it in lower case, without wildcards");
    }
  }
  for (const std::string& address : request.ip_addresses) {
    if (!is_ip_address(address))
      return refuse("\"" + printable(address) + "\" is no IP address", "127.0.0.1 or ::1");
  }
  constexpr size_t kNamesMax = 64;
  if (request.dns_names.size() + request.ip_addresses.size() > kNamesMax) {
    return refuse("it has more than 64 names", "issue several");
  }
  const Duration longest = Duration::seconds(limits::kLeafLifetimeSecondsMax - kBackdateSeconds);
  if (request.lifetime <= Duration{} || request.lifetime > longest) {
    return refuse("its lifetime is not between 0 and 397 days", "90 days are usual");
  }
  return request;
}

Result<std::string> subject_alternative_names(const LeafRequest& request) {
  auto checked = checked_request(request);
  if (!checked) return fail(checked.error());
  std::string out = "URI:" + to_uri(request.identity);
  for (const std::string& name : request.dns_names) out += ",DNS:" + name;
  for (const std::string& address : request.ip_addresses) out += ",IP:" + address;
  return out;
}

Result<LoadedCa> load_ca(const CertificateAndKey& ca) {
  constexpr std::string_view kWhat = "the region's CA";
  const auto refuse = [&](std::string why, std::string hint) {
    return fail(ErrorCode::kUsage, std::string(kWhat), std::move(why), std::move(hint));
  };
  auto certificates = certificates_from_pem(ca.certificate_pem, kWhat);
  if (!certificates) return fail(certificates.error());
  auto key = private_key_from_pem(ca.key_pem, kWhat);
  if (!key) return fail(key.error());
  X509Ptr certificate = std::move(certificates->front());
  if (const auto finding = check_form(certificate.get()))
    return refuse(finding->why, "make one with `hetao certs init`");
  if (const auto finding = check_ca(certificate.get()))
    return refuse(finding->why, "make one with `hetao certs init`");
  if (X509_check_private_key(certificate.get(), key->get()) != 1) {
    ERR_clear_error();
    return refuse("its key is not that of its certificate", "give the two files that belong together");
  }
  const auto uris = subject_names(certificate.get(), GEN_URI);
  const auto region = uris && uris->size() == 1 ? parse_region_uri(uris->front()) : fail(Error{});
  if (!region) return refuse("it does not say of which region it is", "make one with `hetao certs init`");
  return LoadedCa{std::move(certificate), std::move(*key), *region};
}

Result<std::string> sign_leaf(const LoadedCa& ca, EVP_PKEY* key, const LeafRequest& request, Instant now) {
  auto names = subject_alternative_names(request);
  if (!names) return fail(names.error());
  const std::string what = "certificate for " + to_uri(request.identity);
  const auto refuse = [&](std::string why, std::string hint) {
    return fail(ErrorCode::kUsage, what, std::move(why), std::move(hint));
  };
  if (request.identity.region != ca.region) {
    return refuse("the CA of region " + ca.region + " signs no other region's identities",
                  "have the CA of region " + request.identity.region + " sign it");
  }
  if (X509_get_pathlen(ca.certificate.get()) > 0) {
    return refuse("the CA is a root, which signs issuing CAs alone",
                  "make an issuing CA with `hetao certs init --below ROOT`");
  }
  const Instant ca_ends = to_instant(X509_get0_notAfter(ca.certificate.get()));
  if (now >= ca_ends)
    return refuse("the CA ended " + to_rfc3339(ca_ends), "make a new CA and have peers pin it");
  if (const KeyVerdict verdict = judge_key(key); !verdict.why.empty()) {
    return refuse(verdict.why, "use an ECDSA P-256 or Ed25519 key");
  }
  const X509Ptr leaf(X509_new());
  HETAO_CHECK(leaf != nullptr);
  const std::vector<ExtensionText> extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                                                 {NID_key_usage, "critical,digitalSignature"},
                                                 {NID_ext_key_usage, extended_usage(request.identity.role)},
                                                 {NID_subject_key_identifier, "hash"},
                                                 {NID_authority_key_identifier, "keyid:always"},
                                                 {NID_subject_alt_name, *names}};
  // A leaf never outlives its CA.
  const Instant until = std::min(now + request.lifetime, ca_ends);
  const bool is_made = X509_set_version(leaf.get(), 2) == 1 && set_random_serial(leaf.get()) &&
                       set_times(leaf.get(), now - kBackdate, until) &&
                       X509_set_pubkey(leaf.get(), key) == 1 &&
                       set_subject(leaf.get(), "Hetao " + ca.region, request.identity.name) &&
                       X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca.certificate.get())) == 1 &&
                       add_extensions(leaf.get(), ca.certificate.get(), extensions) &&
                       X509_sign(leaf.get(), ca.key.get(), signing_hash(ca.key.get())) != 0;
  if (!is_made) return openssl_failed(what);
  std::string chain = certificate_pem(leaf.get());
  if (!is_self_signed(ca.certificate.get())) chain += certificate_pem(ca.certificate.get());
  return chain;
}

Result<std::string> generate_key(KeyKind kind) {
  auto key = new_key(kind);
  if (!key) return fail(key.error());
  return key_pem(key->get());
}

Result<std::string> public_key_pem(std::string_view private_key_pem) {
  auto key = private_key_from_pem(private_key_pem, "private key");
  if (!key) return fail(key.error());
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PUBKEY(bio.get(), key->get()) != 1) return openssl_failed("writing a public key");
  return bio_text(bio.get());
}

namespace {

// The key of a new CA and its text: the one that was given, or a new one.
struct CaKey {
  PkeyPtr key;
  std::string text;
};
Result<CaKey> key_of(const CaRequest& request) {
  if (!request.key_pem.empty()) {
    auto given = private_key_from_pem(request.key_pem, "key of the CA");
    if (!given) return fail(given.error());
    if (const KeyVerdict verdict = judge_key(given->get()); !verdict.why.empty())
      return fail(ErrorCode::kUsage, "key of the CA", verdict.why, "use an ECDSA P-256 or Ed25519 key");
    return CaKey{std::move(*given), request.key_pem};
  }
  auto made = new_key(request.key_kind);
  if (!made) return fail(made.error());
  auto text = key_pem(made->get());
  if (!text) return fail(text.error());
  return CaKey{std::move(*made), std::move(*text)};
}

// `above`: null for a self-signed one.
Result<CertificateAndKey> make_ca(const CaRequest& request, const LoadedCa* above, Instant now) {
  if (auto checked = check_ca_request(request); !checked) return fail(checked.error());
  auto own = key_of(request);
  if (!own) return fail(own.error());
  const X509Ptr ca(X509_new());
  HETAO_CHECK(ca != nullptr);
  X509* issuer = above == nullptr ? ca.get() : above->certificate.get();
  EVP_PKEY* signer = above == nullptr ? own->key.get() : above->key.get();
  Instant until = now + request.lifetime;
  if (above != nullptr) until = std::min(until, to_instant(X509_get0_notAfter(issuer)));
  // The year keeps an old and a new CA apart for people; the key identifier does for programs.
  const char* kind = request.is_root ? "Hetao root " : above != nullptr ? "Hetao issuing CA " : "Hetao CA ";
  const std::string common = kind + request.region.substr(0, 36) + " " + to_rfc3339(now).substr(0, 10);
  const bool is_made = X509_set_version(ca.get(), 2) == 1 && set_random_serial(ca.get()) &&
                       set_times(ca.get(), now - kBackdate, until) &&
                       X509_set_pubkey(ca.get(), own->key.get()) == 1 &&
                       set_subject(ca.get(), "Hetao " + request.region, common) &&
                       X509_set_issuer_name(ca.get(), X509_get_subject_name(issuer)) == 1 &&
                       add_extensions(ca.get(), issuer, ca_extensions(request)) &&
                       add_extensions(ca.get(), issuer, {{NID_authority_key_identifier, "keyid:always"}}) &&
                       X509_sign(ca.get(), signer, signing_hash(signer)) != 0;
  if (!is_made) return openssl_failed("CA of region " + request.region);
  return CertificateAndKey{certificate_pem(ca.get()), own->text};
}

}  // namespace

Result<CertificateAndKey> create_region_ca(const CaRequest& request, Instant now) {
  return make_ca(request, nullptr, now);
}

Result<CertificateAndKey> create_issuing_ca(const CertificateAndKey& root, const CaRequest& request,
                                            Instant now) {
  auto above = load_ca(root);
  if (!above) return fail(above.error());
  const auto refuse = [&](std::string why, std::string hint) {
    return fail(ErrorCode::kUsage, "issuing CA of region " + printable(request.region), std::move(why),
                std::move(hint));
  };
  if (request.is_root) return refuse("a root stands below no other", "leave one of the two out");
  if (request.region != above->region)
    return refuse("the root is that of region " + above->region, "every region has a root of its own");
  if (X509_get_pathlen(above->certificate.get()) < 1)
    return refuse("the CA above it is no root", "make a root with `hetao certs init --root`");
  if (now >= to_instant(X509_get0_notAfter(above->certificate.get())))
    return refuse("the root has ended", "make a new root and have peers pin it");
  return make_ca(request, &*above, now);
}

Result<CertificateAndKey> issue_leaf(const CertificateAndKey& ca, const LeafRequest& request,
                                     KeyKind key_kind, Instant now) {
  auto loaded = load_ca(ca);
  if (!loaded) return fail(loaded.error());
  auto key = new_key(key_kind);
  if (!key) return fail(key.error());
  auto certificate = sign_leaf(*loaded, key->get(), request, now);
  if (!certificate) return fail(certificate.error());
  auto key_text = key_pem(key->get());
  if (!key_text) return fail(key_text.error());
  return CertificateAndKey{*certificate, *key_text};
}

}  // namespace hetao::certs
