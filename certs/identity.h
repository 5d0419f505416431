// The names that certificates carry: spiffe://hetao/REGION/ROLE/NAME in a URI SAN (SPIFFE-ID, section 2).
//
// Two spellings never mean the same identity: the parser takes exactly one form and refuses every other
// (upper case, percent-encoding, trailing dot or slash, NUL, port, query), so that comparing the text
// compares the identity. Thread-safe: plain values, pure functions.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace hetao::certs {

inline constexpr std::string_view kRoleGateway = "gateway";  // a region's daemon, speaks on tunnels
inline constexpr std::string_view kRoleClient = "client";    // a person or program at the HTTPS listener
inline constexpr std::string_view kRoleServer = "server";    // an HTTPS listener, not a tunnel

struct Identity {
  std::string region;  // "shenzhen": lower-case letters, digits, inner hyphens; 1 to 63
  std::string role;    // one of the roles above
  std::string name;    // "gw-1": as a region, and inner '.' or '_'

  auto operator<=>(const Identity&) const = default;
};

// True if `text` may stand as a region in an identity.
bool is_region_name(std::string_view text);

// "spiffe://hetao/shenzhen/gateway/gw-1". The identity must be valid (from parse_identity or check_identity).
std::string to_uri(const Identity& identity);

// The one spelling above, or an Error (kUsage) that says which part is wrong.
Result<Identity> parse_identity(std::string_view uri);

// Region, role and name as they would have to be; for identities put together by hand.
Result<Identity> check_identity(Identity identity);

// The name that a region's CA carries about itself, "spiffe://hetao/shenzhen"; and back.
std::string region_uri(std::string_view region);
Result<std::string> parse_region_uri(std::string_view uri);

}  // namespace hetao::certs
