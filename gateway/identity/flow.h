// The authorization code flow with PKCE (RFC 6749, 7636; OpenID Connect Core 1.0), as what is sent and what
// comes back. The client is this gateway: the browser sees the code and nothing else. Pure: random values and
// time are parameters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "certs/jwt.h"
#include "gateway/base/bytes.h"
#include "gateway/base/json.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/identity/metadata.h"

namespace hetao::identity {

// This gateway as the provider knows it.
struct Client {
  std::string id;
  std::string secret;  // empty: a public client
  std::vector<std::string> scopes = {"openid", "profile"};
};

// One attempt of somebody in a browser, from the redirect to the callback. Sealed, it travels as a cookie.
struct Attempt {
  std::string provider;
  std::string state;
  std::string nonce;
  std::string verifier;
  std::string return_to;
  Instant until;
};
// `random` makes state, nonce and verifier: three times kSecretBytes.
Attempt new_attempt(std::string provider, std::string return_to, Instant until, ByteView random);
std::string to_text(const Attempt& attempt);
std::optional<Attempt> parse_attempt(std::string_view text);

// base64url of SHA-256: code_challenge of S256.
std::string challenge_of(std::string_view verifier);

// "a=1&b=2" (application/x-www-form-urlencoded).
std::string form_encode(const std::vector<std::pair<std::string, std::string>>& fields);

std::string authorization_url(const Metadata& provider, const Client& client, const Attempt& attempt,
                              const std::string& redirect_uri);

// What is asked of a provider: a form that is posted, or a GET when there is none.
struct ProviderCall {
  std::string url;
  std::string form;
  std::string authorization;  // header; empty: none
};
struct ProviderReply {
  int status = 0;  // 0: none came; `trouble` says why
  std::string body;
  std::string trouble;
};

ProviderCall token_call(const Metadata& provider, const Client& client, const std::string& code,
                        const Attempt& attempt, const std::string& redirect_uri);
// RFC 6749, section 6: the provider's word for the same person again.
ProviderCall refresh_call(const Metadata& provider, const Client& client, const std::string& refresh_token);
// RFC 7009: the provider is to forget a refresh token, and what it gave with it. No address: it has none for
// that.
ProviderCall revocation_call(const Metadata& provider, const Client& client,
                             const std::string& refresh_token);
// Why the token may still count at the provider; nothing: it does not any more.
std::optional<std::string> why_not_revoked(const ProviderReply& reply);
ProviderCall userinfo_call(const Metadata& provider, const std::string& access_token);
// A form with the client's own proof.
ProviderCall client_call(std::string url, const Metadata& provider, const Client& client,
                         std::vector<std::pair<std::string, std::string>> fields);

struct Tokens {
  std::string id_token;
  std::string access_token;
  std::string refresh_token;    // empty: it gives none, or the one before goes on
  int64_t expires_seconds = 0;  // of the access token; 0: it does not say
};
// `word`: "denied", "expired", "pending", "slow-down", "provider".
struct NoTokens {
  std::string word;
  Error error;
};
tl::expected<Tokens, NoTokens> read_tokens(const ProviderReply& reply);
// Of an answer to refresh_call, which needs no ID token (OpenID Connect Core 1.0, section 12.2).
tl::expected<Tokens, NoTokens> read_refreshed(const ProviderReply& reply);

// The claims of an ID token that is for this client and, where there is one, this attempt. Signature, issuer,
// audience and times as certs/jwt.h says; `azp` where there are several audiences.
tl::expected<json::object, certs::TokenRefusal> check_id_token(const std::string& token,
                                                               const certs::Jwks& keys,
                                                               const Metadata& provider, const Client& client,
                                                               const std::string& nonce, Instant now);

// `sub` of userinfo; empty: it says none.
std::string userinfo_subject(const ProviderReply& reply);
// Claims of userinfo, which must be of the same subject; added where the ID token says nothing.
Result<void> add_userinfo(json::object& claims, const ProviderReply& reply);

// Where the browser goes to sign out at the provider too; empty: it has no such address.
std::string sign_out_url(const Metadata& provider, const Client& client, const std::string& back_to);

}  // namespace hetao::identity
