// Who asks: bearer tokens of configured issuers (RFC 6750, JWT of certs/jwt.h), credentials that this gateway
// made (sessions, personal tokens), or client certificates.
//
// Promises: a token counts only for the issuer whose keys signed it, for tenants that this issuer may speak
// of, and with roles that stand in the claim; a session or personal token counts while the core has it and
// its issuer may still speak of that tenant; a certificate counts only when the configuration lists its
// identity, or when it is a gateway's. Whoever sends an Authorization header is judged by it alone, then a
// cookie, then a certificate. Thread-safe when const.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "certs/jwt.h"
#include "certs/verify.h"
#include "gateway/base/access_limits.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/federation/core.h"
#include "gateway/identity/claims.h"
#include "gateway/identity/credential.h"
#include "gateway/identity/flow.h"
#include "gateway/io/http.h"
#include "proto/state.pb.h"

namespace hetao::api {

using identity::kRoles;
using identity::Role;
using identity::role_from_word;
using identity::RoleSet;

struct Caller {
  std::string user;
  std::string tenant;
  RoleSet roles;
  std::string by;  // "token", "session", "personal-token", "certificate"
  std::string
      ledger_name;  // what the ledger calls this person, see io/person_register.h; empty: not asked for
  std::string peer_region;  // not empty: another region's gateway, which has no roles
  Instant until;            // when the token ends; certificates are judged by their connection
  std::string issuer = {};  // who vouched for the person; empty for certificates
  std::string access = {};  // id of the session or personal token
  bool by_cookie = false;   // a browser sent it by itself: what changes anything needs csrf too
  std::string csrf = {};

  bool has(Role role) const { return roles.has(role); }
  pb::Principal principal() const;
  std::string name_in_ledger() const { return ledger_name.empty() ? tenant + "/" + user : ledger_name; }
};

// What people sign in with at an issuer, if they can do so through this gateway.
struct SignInConfig {
  identity::Client client;
  std::string title;  // for people
  bool code = true;   // from a browser
  bool device = false;
};

struct IssuerConfig : identity::ClaimRules {
  std::string name;  // in addresses: "campus"
  std::string issuer;
  std::string audience;
  std::shared_ptr<const certs::Jwks> keys;  // null: not known yet, where they are discovered
  bool discovered = false;                  // its keys and addresses are asked from itself
  std::string ca;                           // file; empty: the system's
  std::optional<SignInConfig> sign_in;
};

struct ClientConfig {
  std::string identity;  // "spiffe://hetao/shenzhen/client/workflow-1"
  std::string user;
  std::string tenant;
  RoleSet roles;
};

struct AuthConfig {
  std::vector<IssuerConfig> issuers;
  std::vector<ClientConfig> clients;
  std::string public_url;  // of this gateway, as browsers see it: "https://gw.example"
  Duration session_idle = Duration::seconds(1'800);
  Duration session_longest = Duration::seconds(43'200);
  Duration token_longest = Duration::seconds(int64_t{90} * 86'400);
  uint64_t requests_per_second = limits::kRequestsPerSecondOfTenant;  // of a tenant
  uint64_t requests_burst = limits::kRequestsBurstOfTenant;
};

// Why somebody is not let in. `word` is stable and says nothing of what exists: "no-credential", "expired",
// "bad-signature", "unknown-key", … `unknown_key`: the issuer may have newer keys than we know.
struct AuthRefusal {
  Error error;
  std::string word;
  bool unknown_key = false;
};

inline constexpr std::string_view kSessionCookie = "__Host-hetao-session";
// The value of a cookie; nothing when there is none, or more than one of that name.
std::optional<std::string> cookie_of(const io::HttpRequest& request, std::string_view name);

// The credential of this gateway's that a request brings, as authenticate() reads it; nothing: it brings
// none.
std::optional<identity::Credential> credential_of(const io::HttpRequest& request);

bool only_reads(const io::HttpRequest& request);

// The text is for our log and for the caller; it never says what exists.
tl::expected<Caller, AuthRefusal> authenticate(const AuthConfig& config, const federation::Core& core,
                                               const io::HttpRequest& request, Instant now);

}  // namespace hetao::api
