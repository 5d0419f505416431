#include "gateway/io/tls/tls_context.h"

#include <openssl/err.h>

#include <array>

#include "certs/identity.h"
#include "certs/status.h"
#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/io/tls/tls_callbacks.h"
#include "gateway/io/tls/verdict_cache.h"

namespace hetao::io {

namespace {

// AES-128-GCM is the fastest where the processor has AES, and strong enough.
constexpr const char* kCipherSuites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kSignatureAlgorithms =
    "ECDSA+SHA256:ed25519:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512";
// The first is there from OpenSSL 3.5 on: X25519 with ML-KEM-768, against recording now and decrypting later.
const std::array<std::string_view, 4> kDefaultGroups = {"?X25519MLKEM768", "X25519", "P-256", "P-384"};

tl::unexpected<Error> refuse(std::string why, std::string hint = {}) {
  ERR_clear_error();
  return fail(ErrorCode::kUsage, "TLS settings", std::move(why), std::move(hint));
}

bool has_group(SSL_CTX* context, const std::string& name) {
  const bool is_known =
      name.find_first_of(":/*") == std::string::npos && SSL_CTX_set1_groups_list(context, name.c_str()) == 1;
  ERR_clear_error();
  return is_known;
}

// One by one, because OpenSSL 3.0 refuses a whole list for one unknown name.
Result<std::string> set_groups(SSL_CTX* context, const std::vector<std::string>& wanted) {
  std::vector<std::string> chosen;
  for (const std::string& entry : wanted) {
    const bool is_optional = entry.starts_with('?');
    const std::string name = is_optional ? entry.substr(1) : entry;
    if (has_group(context, name)) {
      chosen.push_back(name);
    } else if (!is_optional) {
      return refuse("this OpenSSL has no key exchange group \"" + printable(name) + "\"",
                    "take X25519, P-256 or P-384, or write \"?" + printable(name) + "\" to leave it out");
    }
  }
  std::string list = join(chosen, ":");
  if (chosen.empty() || SSL_CTX_set1_groups_list(context, list.c_str()) != 1) {
    return refuse("no key exchange group is left", "take X25519, P-256 or P-384");
  }
  return list;
}

}  // namespace

struct TlsContextBuilder {
  std::shared_ptr<TlsContext> made;

  explicit TlsContextBuilder(TlsKind kind) : made(new TlsContext(kind)) {
    made->context_.reset(SSL_CTX_new(TLS_method()));
    HETAO_CHECK(made->context_ != nullptr);
    VerdictCache::attach_to(made->context_.get());
  }
  SSL_CTX* native() { return made->context_.get(); }

  Result<void> set_basics(const TlsOptions& options) {
    SSL_CTX* context = native();
    // Options and lists of a machine's openssl.cnf must not weaken or break this: all is set here.
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_clear_options(context, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_early_data(context, 0);
    SSL_CTX_set_max_cert_list(
        context, static_cast<long>(limits::kCertificateBytesMax * limits::kChainCertificatesMax));
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_msg_callback(context, &TlsCallbacks::message);
    if (SSL_CTX_set_ciphersuites(context, kCipherSuites) != 1 ||
        SSL_CTX_set1_sigalgs_list(context, kSignatureAlgorithms) != 1) {
      return refuse("this OpenSSL lacks the cipher suites: " + certs::openssl_reason(), "update OpenSSL");
    }
    const std::vector<std::string> defaults(kDefaultGroups.begin(), kDefaultGroups.end());
    auto groups = set_groups(context, options.groups.empty() ? defaults : options.groups);
    if (!groups) return fail(groups.error());
    made->groups_ = *groups;
    return {};
  }

  Result<void> set_own(const TlsFiles& own) {
    auto certificates = certs::certificates_from_pem(own.certificate_pem, "own certificate");
    if (!certificates) return fail(certificates.error());
    auto key = certs::private_key_from_pem(own.key_pem, "own key");
    if (!key) return fail(key.error());
    if (const auto verdict = certs::judge_key(key->get()); !verdict.why.empty()) {
      return refuse("own key: " + verdict.why, "issue a certificate for another key");
    }
    X509* leaf = certificates->front().get();
    if (X509_check_private_key(leaf, key->get()) != 1) {
      return refuse("the own key is not that of the own certificate",
                    "give the two files that belong together");
    }
    if ((X509_get_extension_flags(leaf) & EXFLAG_CA) != 0) {
      return refuse("the own certificate is a CA's", "give the gateway's certificate first in the file");
    }
    const bool is_set =
        SSL_CTX_use_certificate(native(), leaf) == 1 && SSL_CTX_use_PrivateKey(native(), key->get()) == 1;
    if (!is_set) return refuse("the own certificate can't be used: " + certs::openssl_reason());
    for (size_t i = 1; i < certificates->size(); ++i) {
      if (SSL_CTX_add1_chain_cert(native(), (*certificates)[i].get()) != 1) {
        return refuse("an intermediate certificate can't be used: " + certs::openssl_reason());
      }
    }
    return {};
  }

  // A gateway speaks on tunnels as a gateway: say so at start-up rather than at every handshake.
  static Result<void> check_gateway_identity(const TlsFiles& own) {
    auto status = certs::certificate_status(own.certificate_pem, Instant{});
    if (!status) return fail(status.error());
    const auto identity = certs::parse_identity(status->front().subject);
    if (!identity || identity->role != certs::kRoleGateway) {
      return refuse("the own certificate names no gateway",
                    "issue it for spiffe://hetao/REGION/gateway/NAME");
    }
    return {};
  }

  void verify_peers(int mode) {
    SSL_CTX_set_verify(native(), mode, nullptr);
    SSL_CTX_set_cert_verify_callback(native(), &TlsCallbacks::verify, nullptr);
  }

  void offer_alpn(std::string_view protocol) {
    Bytes wire = {static_cast<uint8_t>(protocol.size())};
    wire.insert(wire.end(), protocol.begin(), protocol.end());
    SSL_CTX_set_alpn_protos(native(), wire.data(), static_cast<unsigned>(wire.size()));
    SSL_CTX_set_alpn_select_cb(native(), &TlsCallbacks::select_alpn, made.get());
    SSL_CTX_set_client_hello_cb(native(), &TlsCallbacks::client_hello, made.get());
  }

  void set_trust(std::shared_ptr<const certs::TrustStore> trust) { made->trust_ = std::move(trust); }
  void set_roots(certs::HttpsRoots roots) { made->roots_ = std::move(roots); }
};

Result<std::shared_ptr<const TlsContext>> TlsContext::tunnel(const TlsFiles& own,
                                                             std::shared_ptr<const certs::TrustStore> trust,
                                                             const TlsOptions& options) {
  HETAO_CHECK(trust != nullptr);
  TlsContextBuilder builder(TlsKind::kTunnel);
  if (auto done = builder.set_basics(options); !done) return fail(done.error());
  if (auto done = builder.set_own(own); !done) return fail(done.error());
  if (auto done = TlsContextBuilder::check_gateway_identity(own); !done) return fail(done.error());
  builder.verify_peers(SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
  builder.offer_alpn(kTunnelAlpn);
  builder.set_trust(std::move(trust));
  return builder.made;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::https_server(
    const TlsFiles& own, std::shared_ptr<const certs::TrustStore> trust, const TlsOptions& options) {
  TlsContextBuilder builder(TlsKind::kHttpsServer);
  if (auto done = builder.set_basics(options); !done) return fail(done.error());
  if (auto done = builder.set_own(own); !done) return fail(done.error());
  builder.verify_peers(trust == nullptr ? SSL_VERIFY_NONE : SSL_VERIFY_PEER);
  builder.offer_alpn(kHttpAlpn);
  builder.set_trust(std::move(trust));
  return builder.made;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::https_client(std::string_view roots_pem,
                                                                   const TlsFiles& own,
                                                                   const TlsOptions& options) {
  TlsContextBuilder builder(TlsKind::kHttpsClient);
  if (auto done = builder.set_basics(options); !done) return fail(done.error());
  if (!own.certificate_pem.empty()) {
    if (auto done = builder.set_own(own); !done) return fail(done.error());
  }
  auto roots = certs::https_roots(roots_pem);
  if (!roots) return fail(roots.error());
  builder.set_roots(std::move(*roots));
  builder.verify_peers(SSL_VERIFY_PEER);
  builder.offer_alpn(kHttpAlpn);
  return builder.made;
}

}  // namespace hetao::io
