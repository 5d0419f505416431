#include "gateway/identity/flow.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "gateway/base/access_limits.h"
#include "gateway/base/check.h"
#include "gateway/base/percent.h"
#include "gateway/base/text.h"
#include "gateway/identity/credential.h"
#include "gateway/ledger/sha256.h"

namespace hetao::identity {

namespace {

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string with_query(const std::string& url, const std::string& query) {
  return url + (url.find('?') == std::string::npos ? "?" : "&") + query;
}

// RFC 6749, section 5.2, and RFC 8628, section 3.5.
std::string word_of(const std::string& error) {
  if (error == "access_denied") return "denied";
  if (error == "authorization_pending") return "pending";
  if (error == "slow_down") return "slow-down";
  if (error == "expired_token" || error == "invalid_grant") return "expired";
  return "provider";
}

tl::unexpected<NoTokens> no_tokens(std::string word, std::string why) {
  return tl::unexpected(
      NoTokens{std::move(word), {ErrorCode::kNotAllowed, "sign-in", std::move(why), "sign in again"}});
}

tl::unexpected<certs::TokenRefusal> refuse(certs::TokenReason reason, std::string why) {
  return tl::unexpected(
      certs::TokenRefusal{reason, {ErrorCode::kNotAllowed, "token", std::move(why), "sign in again"}});
}

}  // namespace

Attempt new_attempt(std::string provider, std::string return_to, Instant until, ByteView random) {
  HETAO_CHECK(random.size() == 3 * kSecretBytes);
  return {std::move(provider),
          to_base64url(random.first(kSecretBytes)),
          to_base64url(random.subspan(kSecretBytes, kSecretBytes)),
          to_base64url(random.last(kSecretBytes)),
          std::move(return_to),
          until};
}

std::string to_text(const Attempt& attempt) {
  return json::serialize(json::object{{"provider", attempt.provider},
                                      {"state", attempt.state},
                                      {"nonce", attempt.nonce},
                                      {"verifier", attempt.verifier},
                                      {"return_to", attempt.return_to},
                                      {"until", attempt.until.micros}});
}

std::optional<Attempt> parse_attempt(std::string_view text) {
  const auto value = parse_json(text, "attempt");
  const json::object* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return std::nullopt;
  const json::value* until = object->if_contains("until");
  if (until == nullptr || !until->is_int64()) return std::nullopt;
  return Attempt{text_of(*object, "provider"), text_of(*object, "state"),     text_of(*object, "nonce"),
                 text_of(*object, "verifier"), text_of(*object, "return_to"), Instant{until->get_int64()}};
}

std::string form_encode(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields)
    out += (out.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(value);
  return out;
}

std::string challenge_of(std::string_view verifier) {
  return to_base64url(ledger::sha256(as_bytes(verifier)).bytes);
}

std::string authorization_url(const Metadata& provider, const Client& client, const Attempt& attempt,
                              const std::string& redirect_uri) {
  std::vector<std::pair<std::string, std::string>> fields = {
      {"response_type", "code"},
      {"client_id", client.id},
      {"redirect_uri", redirect_uri},
      {"scope", join(client.scopes, " ")},
      {"state", attempt.state},
      {"nonce", attempt.nonce},
      {"code_challenge", challenge_of(attempt.verifier)},
      {"code_challenge_method", "S256"}};
  // OpenID Connect Core 1.0, section 11: without it the scope is ignored.
  if (std::find(client.scopes.begin(), client.scopes.end(), "offline_access") != client.scopes.end())
    fields.emplace_back("prompt", "consent");
  return with_query(provider.authorization_endpoint, form_encode(fields));
}

ProviderCall client_call(std::string url, const Metadata& provider, const Client& client,
                         std::vector<std::pair<std::string, std::string>> fields) {
  ProviderCall call{std::move(url), {}, {}};
  if (!client.secret.empty() && provider.takes_basic_auth) {
    const std::string both = percent_encode(client.id) + ":" + percent_encode(client.secret);
    call.authorization = "Basic " + to_base64(as_bytes(both));
  } else {
    fields.emplace_back("client_id", client.id);
    if (!client.secret.empty()) fields.emplace_back("client_secret", client.secret);
  }
  call.form = form_encode(fields);
  return call;
}

ProviderCall token_call(const Metadata& provider, const Client& client, const std::string& code,
                        const Attempt& attempt, const std::string& redirect_uri) {
  return client_call(provider.token_endpoint, provider, client,
                     {{"grant_type", "authorization_code"},
                      {"code", code},
                      {"redirect_uri", redirect_uri},
                      {"code_verifier", attempt.verifier}});
}

ProviderCall refresh_call(const Metadata& provider, const Client& client, const std::string& refresh_token) {
  return client_call(provider.token_endpoint, provider, client,
                     {{"grant_type", "refresh_token"}, {"refresh_token", refresh_token}});
}

ProviderCall revocation_call(const Metadata& provider, const Client& client,
                             const std::string& refresh_token) {
  return client_call(provider.revocation_endpoint, provider, client,
                     {{"token", refresh_token}, {"token_type_hint", "refresh_token"}});
}

std::optional<std::string> why_not_revoked(const ProviderReply& reply) {
  // A token that the provider does not know is answered with 200 too (section 2.2).
  if (reply.status == 200) return std::nullopt;
  return reply.status == 0 ? "it does not answer: " + reply.trouble
                           : "it answers " + std::to_string(reply.status);
}

ProviderCall userinfo_call(const Metadata& provider, const std::string& access_token) {
  return {provider.userinfo_endpoint, {}, "Bearer " + access_token};
}

tl::expected<Tokens, NoTokens> read_refreshed(const ProviderReply& reply) {
  if (reply.status == 0) return no_tokens("provider", "the provider does not answer: " + reply.trouble);
  const auto value = parse_json(reply.body, "provider", limits::kProviderAnswerBytesMax);
  const json::object* object = value ? value->if_object() : nullptr;
  if (object == nullptr)
    return no_tokens("provider", "the provider answered " + std::to_string(reply.status) + " without JSON");
  if (reply.status != 200) {
    const std::string error = text_of(*object, "error");
    return no_tokens(word_of(error), "the provider refuses: " + readable(error, 64));
  }
  Tokens tokens{text_of(*object, "id_token"), text_of(*object, "access_token"), {}, 0};
  // One that is too long to keep is none.
  std::string refresh = text_of(*object, "refresh_token");
  if (refresh.size() <= limits::kRefreshTokenBytesMax) tokens.refresh_token = std::move(refresh);
  const json::value* expires = object->if_contains("expires_in");
  if (expires != nullptr && expires->is_int64() && expires->get_int64() > 0)
    tokens.expires_seconds = expires->get_int64();
  return tokens;
}

tl::expected<Tokens, NoTokens> read_tokens(const ProviderReply& reply) {
  auto tokens = read_refreshed(reply);
  if (tokens && tokens->id_token.empty()) return no_tokens("provider", "the provider gave no ID token");
  return tokens;
}

tl::expected<json::object, certs::TokenRefusal> check_id_token(const std::string& token,
                                                               const certs::Jwks& keys,
                                                               const Metadata& provider, const Client& client,
                                                               const std::string& nonce, Instant now) {
  auto claims = certs::verify_jwt(token, keys, {provider.issuer, client.id, Duration::seconds(60)}, now);
  if (!claims) return tl::unexpected(claims.error());
  const json::object& all = claims->all;
  const json::value* audience = all.if_contains("aud");
  const bool several = audience != nullptr && audience->is_array() && audience->get_array().size() > 1;
  if ((several || all.contains("azp")) && text_of(all, "azp") != client.id)
    return refuse(certs::TokenReason::kAudience, "it was made for another client");
  if (!nonce.empty() && text_of(all, "nonce") != nonce)
    return refuse(certs::TokenReason::kClaims, "it is not of this attempt to sign in");
  if (!all.contains("iat")) return refuse(certs::TokenReason::kClaims, "it does not say when it was made");
  return std::move(claims->all);
}

std::string userinfo_subject(const ProviderReply& reply) {
  const auto value = parse_json(reply.body, "userinfo", limits::kProviderAnswerBytesMax);
  const json::object* info = reply.status == 200 && value ? value->if_object() : nullptr;
  return info == nullptr ? std::string() : text_of(*info, "sub");
}

Result<void> add_userinfo(json::object& claims, const ProviderReply& reply) {
  const auto value = parse_json(reply.body, "userinfo", limits::kProviderAnswerBytesMax);
  const json::object* info = reply.status == 200 && value ? value->if_object() : nullptr;
  if (info == nullptr)
    return fail(ErrorCode::kUnreachable, "userinfo", "the provider answered " + std::to_string(reply.status));
  if (text_of(*info, "sub") != text_of(claims, "sub"))
    return fail(ErrorCode::kVerification, "userinfo", "is that of somebody else");
  for (const auto& member : *info) {
    if (!claims.contains(member.key())) claims[member.key()] = member.value();
  }
  return {};
}

std::string sign_out_url(const Metadata& provider, const Client& client, const std::string& back_to) {
  if (provider.end_session_endpoint.empty()) return {};
  return with_query(provider.end_session_endpoint,
                    form_encode({{"client_id", client.id}, {"post_logout_redirect_uri", back_to}}));
}

}  // namespace hetao::identity
