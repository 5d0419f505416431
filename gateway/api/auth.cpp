#include "gateway/api/auth.h"

#include <algorithm>
#include <array>

#include "gateway/base/json.h"
#include "gateway/base/text.h"

namespace hetao::api {

namespace {

constexpr std::array<const char*, kRoles> kRoleWords = {"submitter", "data-owner", "policy-admin",
                                                        "reviewer",  "auditor",    "operator"};

tl::unexpected<Error> refuse(std::string why, std::string hint = {}) {
  return fail(ErrorCode::kNotAllowed, "sign-in", std::move(why), std::move(hint));
}

// "a.b.c" leads into objects; a claim whose own name has dots is found first.
const json::value* find_claim(const json::object& claims, std::string_view name) {
  if (const json::value* whole = claims.if_contains(name)) return whole;
  const json::object* at = &claims;
  const std::vector<std::string> parts = split(name, '.');
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    const json::value* next = at->if_contains(parts[i]);
    if (next == nullptr || !next->is_object()) return nullptr;
    at = &next->get_object();
  }
  return at->if_contains(parts.back());
}

bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= 255 && is_utf8(text) && printable(text) == text;
}

std::optional<std::string> text_claim(const json::object& claims, std::string_view name) {
  const json::value* value = find_claim(claims, name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  const std::string text(value->get_string());
  if (!is_plain(text)) return std::nullopt;
  return text;
}

std::vector<std::string> role_words(const json::object& claims, std::string_view name) {
  std::vector<std::string> words;
  const json::value* value = find_claim(claims, name);
  if (value == nullptr) return words;
  if (value->is_string()) return split(std::string_view(value->get_string()), ' ');
  if (const json::array* list = value->if_array()) {
    for (const json::value& word : *list) {
      if (word.is_string()) words.emplace_back(word.get_string());
    }
  }
  return words;
}

RoleSet roles_of(const IssuerConfig& issuer, const json::object& claims) {
  RoleSet roles;
  for (const std::string& word : role_words(claims, issuer.roles_claim)) {
    if (!issuer.role_map.empty()) {
      const auto at = issuer.role_map.find(word);
      if (at == issuer.role_map.end()) continue;
      for (const Role role : at->second) roles.add(role);
    } else if (const auto role = role_from_word(word)) {
      roles.add(*role);
    }
  }
  return roles;
}

Result<Caller> caller_of(const IssuerConfig& issuer, const certs::Claims& claims) {
  Caller caller;
  caller.by = "token";
  const auto user = text_claim(claims.all, issuer.user_claim);
  const auto tenant = text_claim(claims.all, issuer.tenant_claim);
  if (!user)
    return refuse("the token has no usable claim \"" + issuer.user_claim + "\"",
                  "ask your identity provider");
  if (!tenant) {
    return refuse("the token has no usable claim \"" + issuer.tenant_claim + "\"",
                  "ask your identity provider");
  }
  const bool may = issuer.tenants.empty() ||
                   std::any_of(issuer.tenants.begin(), issuer.tenants.end(),
                               [&](const std::string& glob) { return glob_match(glob, *tenant); });
  if (!may) return refuse("this issuer does not speak for tenant \"" + *tenant + "\"");
  caller.user = *user;
  caller.tenant = *tenant;
  caller.roles = roles_of(issuer, claims.all);
  caller.until = claims.expires;
  return caller;
}

Result<Caller> by_token(const AuthConfig& config, std::string_view token, Instant now) {
  if (config.issuers.empty()) return refuse("no issuer of tokens is configured here");
  Error last{ErrorCode::kNotAllowed, "sign-in", "no configured issuer signed this token", "sign in again"};
  for (const IssuerConfig& issuer : config.issuers) {
    const auto claims =
        certs::verify_jwt(token, *issuer.keys, {issuer.issuer, issuer.audience, Duration::seconds(60)}, now);
    if (claims) return caller_of(issuer, *claims);
    // What its own issuer says of it tells more than that others don't know its key.
    const certs::TokenReason reason = claims.error().reason;
    if (reason != certs::TokenReason::kUnknownKey && reason != certs::TokenReason::kBadSignature &&
        reason != certs::TokenReason::kIssuer) {
      last.why = "the token is refused: " + std::string(certs::to_word(reason));
    }
  }
  return fail(last);
}

Result<Caller> by_certificate(const AuthConfig& config, const certs::PeerFacts& client) {
  Caller caller;
  caller.by = "certificate";
  const std::string uri = certs::to_uri(client.identity);
  if (client.identity.role == certs::kRoleGateway) {
    caller.user = client.identity.name;
    caller.peer_region = client.identity.region;
    return caller;
  }
  for (const ClientConfig& known : config.clients) {
    if (known.identity != uri) continue;
    caller.user = known.user;
    caller.tenant = known.tenant;
    caller.roles = known.roles;
    return caller;
  }
  return refuse("certificate " + uri + " has no roles here",
                "ask the operator to list it under auth.clients");
}

}  // namespace

const char* to_word(Role role) {
  return kRoleWords.at(static_cast<size_t>(role));
}

std::optional<Role> role_from_word(std::string_view word) {
  for (size_t i = 0; i < kRoles; ++i) {
    if (word == kRoleWords.at(i)) return static_cast<Role>(i);
  }
  return std::nullopt;
}

std::vector<std::string> RoleSet::words() const {
  std::vector<std::string> out;
  for (size_t i = 0; i < kRoles; ++i) {
    if (has(static_cast<Role>(i))) out.emplace_back(kRoleWords.at(i));
  }
  return out;
}

pb::Principal Caller::principal() const {
  pb::Principal out;
  // Once the ledger has a name for this person, nothing that is kept has another one (people_names.h).
  out.set_user(ledger_name.empty() ? user : ledger_name.substr(tenant.size() + 1));
  out.set_tenant(tenant);
  out.set_ledger_name(ledger_name);
  return out;
}

Result<Caller> authenticate(const AuthConfig& config, const io::HttpRequest& request, Instant now) {
  if (request.headers.count("authorization") > 1) return refuse("two Authorization headers");
  const std::string_view header = request.headers.get("authorization");
  if (!header.empty()) {
    static constexpr std::string_view kScheme = "bearer ";
    const std::string scheme(header.substr(0, kScheme.size()));
    const bool bearer = std::equal(scheme.begin(), scheme.end(), kScheme.begin(), kScheme.end(),
                                   [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
    if (!bearer) return refuse("only bearer tokens are taken", "send Authorization: Bearer TOKEN");
    return by_token(config, header.substr(kScheme.size()), now);
  }
  if (request.client) return by_certificate(config, *request.client);
  return refuse("no token and no client certificate", "send Authorization: Bearer TOKEN");
}

}  // namespace hetao::api
