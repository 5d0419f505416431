// Who a token speaks of: user, tenant and roles out of its claims, by the rules of the configuration for its
// issuer. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/base/json.h"
#include "gateway/base/result.h"
#include "gateway/identity/role.h"

namespace hetao::identity {

struct Person {
  std::string user;
  std::string tenant;
  RoleSet roles;
};

// Names of claims; dots lead into objects ("realm_access.roles").
struct ClaimRules {
  std::string user_claim = "sub";
  std::string tenant_claim = "tenant";                // a text, or a list of which one counts
  std::string roles_claim = "roles";                  // a list of texts, or one text with blanks
  std::map<std::string, std::string> tenant_map;      // the issuer's words to our tenants; empty: as they are
  std::string tenant;                                 // of everybody, where an issuer has one alone
  std::map<std::string, std::vector<Role>> role_map;  // the issuer's words; empty: our own words
  std::vector<std::string> tenants;                   // globs: whom it may speak of; empty: all
  std::map<std::string, Person> services;  // by client id: who gets tokens for itself (client credentials)
};

// Why nobody comes in, as a stable word: "token", "no-tenant", "no-roles".
struct NoPerson {
  std::string word;
  Error error;
};

// `needs_roles`: that somebody has no role at all is a refusal.
tl::expected<Person, NoPerson> person_of(const ClaimRules& rules, const json::object& claims,
                                         bool needs_roles);

// Whether the claims say what the rules look for; else the provider's userinfo may.
bool say_enough(const ClaimRules& rules, const json::object& claims);

}  // namespace hetao::identity
