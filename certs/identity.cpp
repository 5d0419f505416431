#include "certs/identity.h"

#include <algorithm>
#include <array>
#include <vector>

#include "gateway/base/text.h"

namespace hetao::certs {

namespace {

constexpr std::string_view kTrustDomain = "spiffe://hetao/";
constexpr size_t kPartBytesMax = 63;
constexpr std::array<std::string_view, 3> kRoles = {kRoleGateway, kRoleClient, kRoleServer};

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// Letters and digits at both ends; inside also what `inner` names, but never two of those in a row.
bool is_part(std::string_view text, std::string_view inner) {
  if (text.empty() || text.size() > kPartBytesMax) return false;
  bool after_inner = true;
  for (const char c : text) {
    const bool is_inner = inner.find(c) != std::string_view::npos;
    if (!is_inner && !is_alnum(c)) return false;
    if (is_inner && after_inner) return false;
    after_inner = is_inner;
  }
  return !after_inner;
}

tl::unexpected<Error> refuse(std::string_view uri, std::string why) {
  constexpr size_t kShown = 160;
  return fail(ErrorCode::kUsage, "identity \"" + printable(uri.substr(0, kShown)) + "\"", std::move(why),
              "write spiffe://hetao/REGION/ROLE/NAME in lower case");
}

}  // namespace

bool is_region_name(std::string_view text) {
  return is_part(text, "-");
}

std::string region_uri(std::string_view region) {
  return std::string(kTrustDomain) + std::string(region);
}

std::string to_uri(const Identity& identity) {
  return region_uri(identity.region) + "/" + identity.role + "/" + identity.name;
}

Result<Identity> check_identity(Identity identity) {
  const std::string shown = to_uri(identity);
  if (!is_region_name(identity.region)) return refuse(shown, "the region is not a region's name");
  if (std::find(kRoles.begin(), kRoles.end(), identity.role) == kRoles.end()) {
    return refuse(shown, "the role is none of gateway, client, server");
  }
  if (!is_part(identity.name, "-._")) return refuse(shown, "the name has a form that is not allowed");
  return identity;
}

Result<Identity> parse_identity(std::string_view uri) {
  if (!uri.starts_with(kTrustDomain)) return refuse(uri, "it does not begin with spiffe://hetao/");
  const auto parts = split(uri.substr(kTrustDomain.size()), '/');
  if (parts.size() != 3) return refuse(uri, "it has not exactly three parts after spiffe://hetao/");
  return check_identity({parts[0], parts[1], parts[2]});
}

Result<std::string> parse_region_uri(std::string_view uri) {
  if (!uri.starts_with(kTrustDomain) || !is_region_name(uri.substr(kTrustDomain.size()))) {
    return fail(ErrorCode::kUsage, "region \"" + printable(uri.substr(0, kPartBytesMax)) + "\"",
                "it is not spiffe://hetao/REGION", "write the region in lower case");
  }
  return std::string(uri.substr(kTrustDomain.size()));
}

}  // namespace hetao::certs
