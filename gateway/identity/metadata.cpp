#include "gateway/identity/metadata.h"

#include <algorithm>

#include "gateway/base/access_limits.h"
#include "gateway/base/json.h"
#include "gateway/base/text.h"

namespace hetao::identity {

namespace {

constexpr std::string_view kDocument = "/.well-known/openid-configuration";

std::string text_of(const json::object& document, std::string_view name) {
  const json::value* value = document.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// Absent: the default that the specification gives.
bool lists(const json::object& document, std::string_view name, std::string_view word, bool if_absent) {
  const json::value* value = document.if_contains(name);
  if (value == nullptr || !value->is_array()) return if_absent;
  const auto& list = value->get_array();
  return std::any_of(list.begin(), list.end(), [&](const json::value& one) {
    return one.is_string() && std::string_view(one.get_string()) == word;
  });
}

bool is_loopback(std::string_view host) {
  const std::string_view name = host.substr(0, host.starts_with('[') ? host.find(']') + 1 : host.find(':'));
  return name == "127.0.0.1" || name == "localhost" || name == "[::1]";
}

}  // namespace

bool is_provider_url(std::string_view url) {
  if (url.size() > 2'048 || printable(url) != url || url.find('#') != std::string_view::npos) return false;
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://")) return false;
  url.remove_prefix(secure ? 8 : 7);
  const std::string_view host = url.substr(0, url.find_first_of("/?"));
  if (host.empty() || host.find('@') != std::string_view::npos || host.find(' ') != std::string_view::npos)
    return false;
  return secure || is_loopback(host);
}

std::string metadata_url(std::string_view issuer) {
  while (issuer.ends_with('/')) issuer.remove_suffix(1);
  return std::string(issuer) + std::string(kDocument);
}

Result<Metadata> read_metadata(std::string_view text, std::string_view issuer) {
  const std::string what = "provider " + printable(issuer);
  const auto refuse = [&](std::string why, std::string hint = "see its " + std::string(kDocument)) {
    return fail(ErrorCode::kVerification, what, std::move(why), std::move(hint));
  };
  const auto value = parse_json(text, what, limits::kProviderAnswerBytesMax);
  if (!value) return fail(value.error());
  const json::object* document = value->if_object();
  if (document == nullptr) return refuse("its description is no JSON object");
  Metadata out;
  out.issuer = text_of(*document, "issuer");
  if (out.issuer != issuer)
    return refuse("its description is that of " + printable(out.issuer),
                  "configure the issuer exactly as it names itself");
  struct Endpoint {
    const char* name;
    std::string* into;
    bool needed;
  };
  for (const Endpoint& one :
       {Endpoint{"authorization_endpoint", &out.authorization_endpoint, true},
        Endpoint{"token_endpoint", &out.token_endpoint, true}, Endpoint{"jwks_uri", &out.jwks_uri, true},
        Endpoint{"userinfo_endpoint", &out.userinfo_endpoint, false},
        Endpoint{"device_authorization_endpoint", &out.device_authorization_endpoint, false},
        Endpoint{"end_session_endpoint", &out.end_session_endpoint, false},
        Endpoint{"revocation_endpoint", &out.revocation_endpoint, false}}) {
    *one.into = text_of(*document, one.name);
    if (one.into->empty() && !one.needed) continue;
    if (one.into->empty()) return refuse("its description lacks " + std::string(one.name));
    if (!is_provider_url(*one.into)) return refuse(std::string(one.name) + " is no https:// address");
  }
  // Who does not say which methods it knows may know S256 all the same.
  if (!lists(*document, "code_challenge_methods_supported", "S256", true))
    return refuse("it does not know PKCE with S256");
  if (!lists(*document, "response_types_supported", "code", true)) return refuse("it has no code flow");
  const json::value* names_itself = document->if_contains("authorization_response_iss_parameter_supported");
  out.names_itself = names_itself != nullptr && names_itself->is_bool() && names_itself->get_bool();
  out.takes_basic_auth =
      lists(*document, "token_endpoint_auth_methods_supported", "client_secret_basic", true);
  return out;
}

}  // namespace hetao::identity
