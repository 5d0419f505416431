#include "gateway/api/auth.h"

#include <algorithm>

#include "gateway/base/bytes.h"
#include "gateway/base/text.h"
#include "gateway/federation/access.h"
#include "gateway/federation/state.h"
#include "gateway/identity/credential.h"

namespace hetao::api {

namespace {

using Verdict = tl::expected<Caller, AuthRefusal>;

tl::unexpected<AuthRefusal> refuse(std::string word, std::string why, std::string hint = {}) {
  return tl::unexpected(
      AuthRefusal{{ErrorCode::kNotAllowed, "sign-in", std::move(why), std::move(hint)}, std::move(word)});
}

Verdict caller_of(const IssuerConfig& issuer, const certs::Claims& claims) {
  auto person = identity::person_of(issuer, claims.all, false);
  if (!person) return tl::unexpected(AuthRefusal{person.error().error, person.error().word});
  Caller caller;
  caller.by = "token";
  caller.user = std::move(person->user);
  caller.tenant = std::move(person->tenant);
  caller.roles = person->roles;
  caller.until = claims.expires;
  caller.issuer = issuer.issuer;
  return caller;
}

Verdict by_token(const AuthConfig& config, std::string_view token, Instant now) {
  if (config.issuers.empty()) return refuse("no-issuer", "no issuer of tokens is configured here");
  AuthRefusal last{
      {ErrorCode::kNotAllowed, "sign-in", "no configured issuer signed this token", "sign in again"},
      "unknown-issuer"};
  for (const IssuerConfig& issuer : config.issuers) {
    if (issuer.keys == nullptr) {
      last.unknown_key = true;
      continue;
    }
    const auto claims =
        certs::verify_jwt(token, *issuer.keys, {issuer.issuer, issuer.audience, Duration::seconds(60)}, now);
    if (claims) return caller_of(issuer, *claims);
    // What its own issuer says of it tells more than that others don't know its key.
    const certs::TokenReason reason = claims.error().reason;
    if (reason == certs::TokenReason::kUnknownKey) {
      last.unknown_key |= issuer.discovered;
    } else if (reason != certs::TokenReason::kBadSignature && reason != certs::TokenReason::kIssuer) {
      last.word = certs::to_word(reason);
      last.error.why = "the token is refused: " + last.word;
    }
  }
  return tl::unexpected(last);
}

// Whether the configuration still lets this issuer speak of this tenant.
bool still_vouches(const AuthConfig& config, const std::string& issuer, const std::string& tenant) {
  return std::any_of(config.issuers.begin(), config.issuers.end(), [&](const IssuerConfig& one) {
    return one.issuer == issuer && (one.tenants.empty() || std::any_of(one.tenants.begin(), one.tenants.end(),
                                                                       [&](const std::string& glob) {
                                                                         return glob_match(glob, tenant);
                                                                       }));
  });
}

Caller caller_of(const pb::Session& session, const identity::Credential& credential) {
  Caller caller;
  caller.by = "session";
  caller.user = session.who().user();
  caller.tenant = session.who().tenant();
  caller.ledger_name = federation::ledger_name(session.who());
  for (const std::string& word : session.roles()) {
    if (const auto role = role_from_word(word)) caller.roles.add(*role);
  }
  caller.until = federation::end_of(session);
  caller.issuer = session.issuer();
  caller.access = session.id();
  caller.csrf = identity::csrf_token(credential.secret);
  return caller;
}

Caller caller_of(const pb::AccessToken& token, bool request_only_reads) {
  Caller caller;
  caller.by = "personal-token";
  caller.user = token.who().user();
  caller.tenant = token.who().tenant();
  caller.ledger_name = federation::ledger_name(token.who());
  std::vector<identity::Scope> scopes;
  for (const std::string& word : token.scopes()) {
    if (const auto scope = identity::scope_from_word(word)) scopes.push_back(*scope);
  }
  caller.roles = identity::roles_of(scopes, request_only_reads);
  caller.until = {token.until_micros()};
  caller.issuer = token.issuer();
  caller.access = token.id();
  return caller;
}

// Whether it never was, is over or was revoked looks the same.
Verdict by_credential(const AuthConfig& config, const federation::Core& core, std::string_view text,
                      bool request_only_reads, Instant now) {
  const auto no = refuse("no-session", "you are not signed in (any more)", "sign in again");
  const auto credential = identity::parse_credential(text);
  if (!credential) return no;
  const auto session = core.sessions().find(credential->id);
  if (session != core.sessions().end()) {
    if (!identity::same_secret(credential->secret, session->second.secret_digest())) return no;
    if (!federation::counts(session->second, now)) return no;
    Caller caller = caller_of(session->second, *credential);
    if (!still_vouches(config, caller.issuer, caller.tenant)) return no;
    return caller;
  }
  const auto token = core.tokens().find(credential->id);
  if (token == core.tokens().end()) return no;
  if (!identity::same_secret(credential->secret, token->second.secret_digest())) return no;
  if (!federation::counts(token->second, now)) return no;
  Caller caller = caller_of(token->second, request_only_reads);
  if (!still_vouches(config, caller.issuer, caller.tenant)) return no;
  return caller;
}

bool has_scheme(std::string_view header, std::string_view scheme) {
  return header.size() > scheme.size() &&
         std::equal(scheme.begin(), scheme.end(), header.begin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
}

// GA4GH clients know bearer tokens or a name and a password (RFC 7617): the token is the password then, and
// the name, which the token says anyway, may be any.
std::optional<std::string> token_of(std::string_view header) {
  static constexpr std::string_view kBearer = "bearer ";
  static constexpr std::string_view kBasic = "basic ";
  if (has_scheme(header, kBearer)) return std::string(header.substr(kBearer.size()));
  if (!has_scheme(header, kBasic)) return std::nullopt;
  const auto pair = from_base64(header.substr(kBasic.size()));
  if (!pair) return std::nullopt;
  const std::string_view text = as_text(*pair);
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return std::string(text.substr(colon + 1));
}

Verdict by_certificate(const AuthConfig& config, const certs::PeerFacts& client) {
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
  return refuse("certificate", "certificate " + uri + " has no roles here",
                "ask the operator to list it under auth.clients");
}

}  // namespace

pb::Principal Caller::principal() const {
  pb::Principal out;
  // Once the ledger has a name for this person, nothing that is kept has another one (people_names.h).
  out.set_user(ledger_name.empty() ? user : ledger_name.substr(tenant.size() + 1));
  out.set_tenant(tenant);
  out.set_ledger_name(ledger_name);
  return out;
}

std::optional<std::string> cookie_of(const io::HttpRequest& request, std::string_view name) {
  if (request.headers.count("cookie") != 1) return std::nullopt;
  std::optional<std::string> found;
  for (std::string_view part : split(request.headers.get("cookie"), ';')) {
    while (part.starts_with(' ')) part.remove_prefix(1);
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos || part.substr(0, equals) != name) continue;
    if (found) return std::nullopt;
    found = std::string(part.substr(equals + 1));
  }
  return found;
}

std::optional<identity::Credential> credential_of(const io::HttpRequest& request) {
  if (request.headers.count("authorization") > 1) return std::nullopt;
  const std::string_view header = request.headers.get("authorization");
  const auto text = header.empty() ? cookie_of(request, kSessionCookie) : token_of(header);
  return text ? identity::parse_credential(*text) : std::nullopt;
}

bool only_reads(const io::HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

tl::expected<Caller, AuthRefusal> authenticate(const AuthConfig& config, const federation::Core& core,
                                               const io::HttpRequest& request, Instant now) {
  if (request.headers.count("authorization") > 1) return refuse("malformed", "two Authorization headers");
  const std::string_view header = request.headers.get("authorization");
  if (!header.empty()) {
    const auto token = token_of(header);
    if (!token)
      return refuse("malformed", "only tokens are taken",
                    "send Authorization: Bearer TOKEN, or Basic with the token as password");
    if (identity::looks_like_credential(*token))
      return by_credential(config, core, *token, only_reads(request), now);
    return by_token(config, *token, now);
  }
  if (const auto cookie = cookie_of(request, kSessionCookie)) {
    auto caller = by_credential(config, core, *cookie, only_reads(request), now);
    if (caller) caller->by_cookie = true;
    return caller;
  }
  if (request.client) return by_certificate(config, *request.client);
  return refuse("no-credential", "no token and no client certificate", "send Authorization: Bearer TOKEN");
}

}  // namespace hetao::api
