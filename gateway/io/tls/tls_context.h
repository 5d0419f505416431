// What TLS connections of one kind share: own certificate and key, trust, and the settings. Immutable once
// made; a reload makes a new context for new connections, and engines keep theirs alive.
//
// TLS 1.3 (RFC 8446) only, no tickets, no early data, no compression, no renegotiation. AES-128-GCM first. A
// post-quantum hybrid group first where this OpenSSL has one. Thread-safe: shared between threads as
// shared_ptr<const TlsContext>.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "certs/trust.h"
#include "certs/verify.h"
#include "gateway/base/result.h"

namespace hetao::io {

inline constexpr std::string_view kTunnelAlpn = "hetao/1";
inline constexpr std::string_view kHttpAlpn = "http/1.1";

enum class TlsKind {
  kTunnel,       // between gateways, either role; both present certificates
  kHttpsServer,  // the listener: a client certificate if the client has one and there is trust for it
  kHttpsClient,  // of the API: the server's host name is verified
};

struct TlsFiles {
  std::string certificate_pem;  // leaf first, then intermediates; not the CA
  std::string key_pem;
};

struct TlsOptions {
  // In order of preference; empty: the defaults. A name that begins with '?' is left out if unknown.
  std::vector<std::string> groups = {};
};

class TlsContext {
 public:
  // Refuses a key that is not the certificate's, and a leaf that does not fit the kind (role, form, key).
  static Result<std::shared_ptr<const TlsContext>> tunnel(const TlsFiles& own,
                                                          std::shared_ptr<const certs::TrustStore> trust,
                                                          const TlsOptions& options = {});
  // Without `trust` no client certificate is asked for.
  static Result<std::shared_ptr<const TlsContext>> https_server(
      const TlsFiles& own, std::shared_ptr<const certs::TrustStore> trust, const TlsOptions& options = {});
  // `own` may be empty.
  static Result<std::shared_ptr<const TlsContext>> https_client(std::string_view roots_pem,
                                                                const TlsFiles& own = {},
                                                                const TlsOptions& options = {});

  TlsKind kind() const { return kind_; }
  const certs::TrustStore* trust() const { return trust_.get(); }
  const certs::HttpsRoots& roots() const { return roots_; }
  SSL_CTX* native() const { return context_.get(); }
  // The groups in force, in order: "X25519:P-256:P-384".
  const std::string& groups() const { return groups_; }

 private:
  friend struct TlsContextBuilder;
  explicit TlsContext(TlsKind kind) : kind_(kind) {}

  TlsKind kind_;
  std::unique_ptr<SSL_CTX, certs::Freer<SSL_CTX_free>> context_;
  std::shared_ptr<const certs::TrustStore> trust_;
  certs::HttpsRoots roots_;
  std::string groups_;
};

}  // namespace hetao::io
