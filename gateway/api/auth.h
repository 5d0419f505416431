// Who asks: bearer tokens of configured issuers (RFC 6750, JWT of certs/jwt.h), or client certificates.
//
// Promises: a token counts only for the issuer whose keys signed it, for tenants that this issuer may speak
// of, and with roles that stand in the claim; a certificate counts only when the configuration lists its
// identity, or when it is a gateway's. Whoever sends an Authorization header is judged by it alone.
// Thread-safe when const.
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
#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/io/http.h"
#include "proto/state.pb.h"

namespace hetao::api {

enum class Role : uint8_t { kSubmitter, kDataOwner, kPolicyAdmin, kReviewer, kAuditor, kOperator };
inline constexpr size_t kRoles = 6;

const char* to_word(Role role);  // "submitter", "data-owner", …
std::optional<Role> role_from_word(std::string_view word);

class RoleSet {
 public:
  RoleSet() = default;
  RoleSet(std::initializer_list<Role> roles) {
    for (const Role role : roles) add(role);
  }
  void add(Role role) { bits_ = static_cast<uint8_t>(bits_ | bit(role)); }
  bool has(Role role) const { return (bits_ & bit(role)) != 0; }
  bool meets(RoleSet other) const { return (bits_ & other.bits_) != 0; }
  bool empty() const { return bits_ == 0; }
  std::vector<std::string> words() const;

 private:
  static uint8_t bit(Role role) { return static_cast<uint8_t>(1U << static_cast<unsigned>(role)); }
  uint8_t bits_ = 0;
};

struct Caller {
  std::string user;
  std::string tenant;
  RoleSet roles;
  std::string by;  // "token", "certificate"
  std::string
      ledger_name;  // what the ledger calls this person, see io/person_register.h; empty: not asked for
  std::string peer_region;  // not empty: another region's gateway, which has no roles
  Instant until;            // when the token ends; certificates are judged by their connection

  bool has(Role role) const { return roles.has(role); }
  pb::Principal principal() const;
  std::string name_in_ledger() const { return ledger_name.empty() ? tenant + "/" + user : ledger_name; }
};

struct IssuerConfig {
  std::string issuer;
  std::string audience;
  std::shared_ptr<const certs::Jwks> keys;
  // Names of claims; dots lead into objects ("realm_access.roles").
  std::string user_claim = "sub";
  std::string tenant_claim = "tenant";
  std::string roles_claim = "roles";                  // a list of texts, or one text with blanks
  std::map<std::string, std::vector<Role>> role_map;  // the issuer's words; empty: our own words
  std::vector<std::string> tenants;                   // globs: whom it may speak of; empty: all
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
};

// Fails with kNotAllowed. The text is for our log and for the caller; it never says what exists.
Result<Caller> authenticate(const AuthConfig& config, const io::HttpRequest& request, Instant now);

}  // namespace hetao::api
