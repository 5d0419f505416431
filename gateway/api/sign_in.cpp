// Signing in at an identity provider through this gateway: from a browser (code flow) and from a terminal
// (device flow). All that travels through the browser is the code and a sealed cookie; tokens of the provider
// stay here and are forgotten once they have said who it is, but for a refresh token, which is kept sealed
// (renewal.h).
#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/renewal.h"
#include "gateway/base/access_limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/access.h"
#include "gateway/identity/credential.h"
#include "gateway/identity/device.h"
#include "gateway/identity/logout_token.h"
#include "gateway/identity/sealed.h"
#include "gateway/io/asio.h"
#include "gateway/io/random_number.h"

namespace hetao::api {

namespace {

constexpr const char* kAttemptCookie = "__Host-hetao-sign-in";
constexpr std::string_view kAttemptPurpose = "sign-in attempt";
constexpr std::string_view kDevicePurpose = "device code";
constexpr std::string_view kConsole = "/console/";

// What became of an attempt: a credential, or why not.
struct SignedIn {
  std::string credential;
  Instant until;
  bool renews = false;  // the provider is asked again, and the session goes on for as long as it agrees
  std::string refused;  // word for people who come back; empty: signed in
  Error error;
};

SignedIn refused(std::string word, Error error) {
  return {{}, {}, false, std::move(word), std::move(error)};
}

// The provider that the path names, if people can sign in there that way; null: no such path.
const IssuerConfig* provider_of(const Context& c, bool for_device) {
  const IssuerConfig* issuer = c.gate.providers().find(c.at("provider"));
  if (issuer == nullptr || !issuer->sign_in) return nullptr;
  return (for_device ? issuer->sign_in->device : issuer->sign_in->code) ? issuer : nullptr;
}

std::string redirect_uri(const Context& c, const std::string& provider) {
  return c.config.auth.public_url + "/api/v1/sign-in/" + provider + "/callback";
}

io::HttpResponse redirect(const std::string& to) {
  io::HttpResponse response;
  response.status = 303;
  response.headers = {{"Location", to}, {"Cache-Control", "no-store"}, {"Referrer-Policy", "no-referrer"}};
  return response;
}

std::string cookie(std::string_view name, const std::string& value, const char* same_site, int64_t seconds) {
  return std::string(name) + "=" + value + "; Path=/; Secure; HttpOnly; SameSite=" + same_site +
         "; Max-Age=" + std::to_string(seconds);
}

// Back to the console, which tells the person. Words only: nothing of the provider's text is shown there.
io::HttpResponse turned_back(const std::string& word) {
  io::HttpResponse response = redirect(std::string(kConsole) + "?sign_in=refused&reason=" + word);
  response.headers.add("Set-Cookie", cookie(kAttemptCookie, "", "Lax", 0));
  return response;
}

// A page of our own console: nobody is led elsewhere.
bool is_console_page(const std::string& text) {
  return text.starts_with(kConsole) && text.size() <= 2'048 && printable(text) == text &&
         text.find_first_of("\\ \"<>") == std::string::npos;
}

std::string sealed(const Context& c, std::string_view text, std::string_view purpose) {
  const Bytes nonce = io::random_bytes(identity::kSealNonceBytes);
  return identity::seal(text, purpose, c.gate.seal_key(), nonce);
}

io::Awaitable<SignedIn> open_session(const Context& c, const IssuerConfig& issuer, identity::Person person,
                                     const json::object& claims, const identity::Tokens& tokens,
                                     std::string kind) {
  Caller caller;
  caller.user = person.user;
  caller.tenant = person.tenant;
  if (const auto error = name_in_ledger(c.backend, caller)) co_return refused("failed", *error);
  federation::OpenSession event;
  pb::Session& session = event.session;
  session.set_id(c.backend.fresh_id());
  const std::string credential =
      identity::credential_text(session.id(), io::random_bytes(identity::kSecretBytes));
  const std::string secret = identity::parse_credential(credential)->secret;
  session.set_secret_digest(identity::secret_digest(secret));
  session.set_refresh_sealed(sealed_refresh(tokens.refresh_token, secret));
  session.set_refresh_micros(renewal_of(tokens, c.backend.now()).micros);
  *session.mutable_who() = caller.principal();
  for (const std::string& word : person.roles.words()) session.add_roles(word);
  session.set_issuer(issuer.issuer);
  session.set_provider_session(identity::session_claim(claims));
  if (const json::value* subject = claims.if_contains("sub"); subject != nullptr && subject->is_string())
    session.set_subject_digest(identity::subject_digest(std::string(subject->get_string())));
  session.set_kind(kind);
  const Instant until = c.backend.now() + c.config.auth.session_longest;
  session.set_until_micros(until.micros);
  session.set_idle_micros(c.config.auth.session_idle.micros);
  // A terminal is not left open on a desk: its session lasts as long as it may.
  if (kind == "device") session.set_idle_micros(c.config.auth.session_longest.micros);
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return refused("failed", *answer.error);
  co_return SignedIn{credential, until, !tokens.refresh_token.empty(), {}, {}};
}

// From the provider's tokens to a session.
io::Awaitable<SignedIn> judge_tokens(const Context& c, const IssuerConfig& issuer,
                                     const identity::Metadata& metadata, const identity::Tokens& tokens,
                                     std::string nonce, std::string kind) {
  const identity::Client& client = issuer.sign_in->client;
  const auto judge = [&]() -> tl::expected<json::object, certs::TokenRefusal> {
    const IssuerConfig* now_known = c.gate.providers().find(issuer.name);
    return identity::check_id_token(tokens.id_token, *now_known->keys, metadata, client, nonce,
                                    c.backend.now());
  };
  auto claims = judge();
  if (!claims && claims.error().reason == certs::TokenReason::kUnknownKey) {
    co_await c.gate.providers().look_again(c.backend, true);
    claims = judge();
  }
  if (!claims) co_return refused("token", claims.error().error);
  if (!identity::say_enough(issuer, *claims) && !metadata.userinfo_endpoint.empty()) {
    const identity::ProviderReply info = co_await c.gate.providers().call(
        c.backend, issuer.name, identity::userinfo_call(metadata, tokens.access_token));
    if (const auto added = identity::add_userinfo(*claims, info); !added)
      co_return refused("provider", added.error());
  }
  auto person = identity::person_of(issuer, *claims, true);
  if (!person) co_return refused(person.error().word, person.error().error);
  SignedIn done = co_await open_session(c, issuer, std::move(*person), *claims, tokens, std::move(kind));
  co_return done;
}

// From the provider's answer to a session. Of who does not get one, the provider forgets the refresh token.
io::Awaitable<SignedIn> finish(const Context& c, const IssuerConfig& issuer, identity::Metadata metadata,
                               identity::ProviderReply reply, std::string nonce, std::string kind) {
  const auto tokens = identity::read_tokens(reply);
  if (!tokens) co_return refused(tokens.error().word, tokens.error().error);
  const std::string issued_by = issuer.issuer;
  SignedIn done = co_await judge_tokens(c, issuer, metadata, *tokens, std::move(nonce), std::move(kind));
  if (!done.refused.empty()) co_await c.gate.take_back(c.backend, issued_by, tokens->refresh_token);
  co_return done;
}

// What the browser brought back against what it was given.
std::optional<identity::Attempt> attempt_of(const Context& c, const std::string& provider) {
  const auto cookie_text = cookie_of(c.request, kAttemptCookie);
  if (!cookie_text) return std::nullopt;
  const auto text = identity::open_sealed(*cookie_text, kAttemptPurpose, c.gate.seal_key());
  if (!text) return std::nullopt;
  auto attempt = identity::parse_attempt(*text);
  if (!attempt || attempt->provider != provider || attempt->until < c.backend.now()) return std::nullopt;
  if (c.query.get("state") != attempt->state) return std::nullopt;
  return attempt;
}

// RFC 9207: an answer of another provider than the one that was asked (mix-up).
bool is_of_another(const Context& c, const identity::Metadata& metadata) {
  const std::string* issuer = c.query.find("iss");
  return issuer == nullptr ? metadata.names_itself : *issuer != metadata.issuer;
}

io::HttpResponse unavailable(const Context& c, const std::string& provider) {
  return problem(503, {ErrorCode::kUnreachable, "provider " + provider,
                       "can't be reached: " + printable(c.gate.providers().trouble(provider)),
                       "try again later, or tell the operator"});
}

}  // namespace

io::HttpResponse list_providers(const Context& c) {
  json::array list;
  for (const IssuerConfig& issuer : c.gate.providers().auth().issuers) {
    if (!issuer.sign_in) continue;
    json::array flows;
    if (issuer.sign_in->code) flows.emplace_back("code");
    if (issuer.sign_in->device) flows.emplace_back("device");
    list.push_back(json::object{{"name", issuer.name},
                                {"title", issuer.sign_in->title},
                                {"flows", std::move(flows)},
                                {"sign_in", "/api/v1/sign-in/" + issuer.name}});
  }
  return json_answer(json::object{{"providers", std::move(list)}});
}

io::Awaitable<io::HttpResponse> begin_sign_in(const Context& c) {
  const IssuerConfig* issuer = provider_of(c, false);
  if (issuer == nullptr) co_return plain_not_found();
  const std::string* wanted = c.query.find("return_to");
  const std::string return_to = wanted == nullptr ? std::string(kConsole) : *wanted;
  if (!is_console_page(return_to)) {
    co_return problem(
        {ErrorCode::kUsage, "parameter return_to", "is no page of the console", "a path below /console/"});
  }
  const identity::Metadata* metadata = co_await c.gate.providers().metadata(c.backend, issuer->name);
  if (metadata == nullptr) {
    c.gate.note_refusal(c.backend, "provider", "code", c.request);
    co_return turned_back("provider");
  }
  const Instant until = c.backend.now() + Duration::seconds(limits::kSignInSecondsMax);
  const Bytes random = io::random_bytes(3 * identity::kSecretBytes);
  const identity::Attempt attempt = identity::new_attempt(issuer->name, return_to, until, random);
  io::HttpResponse response = redirect(identity::authorization_url(*metadata, issuer->sign_in->client,
                                                                   attempt, redirect_uri(c, issuer->name)));
  response.headers.add("Set-Cookie",
                       cookie(kAttemptCookie, sealed(c, identity::to_text(attempt), kAttemptPurpose), "Lax",
                              limits::kSignInSecondsMax));
  co_return response;
}

io::Awaitable<io::HttpResponse> end_sign_in(const Context& c) {
  const IssuerConfig* issuer = provider_of(c, false);
  if (issuer == nullptr) co_return plain_not_found();
  const auto refuse = [&](const std::string& word) {
    c.gate.note_refusal(c.backend, word, "code", c.request);
    return turned_back(word);
  };
  const auto attempt = attempt_of(c, issuer->name);
  if (!attempt) co_return refuse("expired");
  const identity::Metadata* known = co_await c.gate.providers().metadata(c.backend, issuer->name);
  if (known == nullptr) co_return refuse("provider");
  const identity::Metadata metadata = *known;
  if (is_of_another(c, metadata)) co_return refuse("token");
  if (c.query.find("error") != nullptr)
    co_return refuse(c.query.get("error") == "access_denied" ? "denied" : "provider");
  const identity::ProviderCall call = identity::token_call(
      metadata, issuer->sign_in->client, c.query.get("code"), *attempt, redirect_uri(c, issuer->name));
  identity::ProviderReply reply = co_await c.gate.providers().call(c.backend, issuer->name, call);
  const SignedIn done = co_await finish(c, *issuer, metadata, std::move(reply), attempt->nonce, "browser");
  if (!done.refused.empty()) co_return refuse(done.refused);
  io::HttpResponse response = redirect(attempt->return_to);
  response.headers.add("Set-Cookie", cookie(kAttemptCookie, "", "Lax", 0));
  const int64_t seconds =
      done.renews ? limits::kRenewedCookieDays * 86'400 : c.config.auth.session_longest.micros / 1'000'000;
  response.headers.add("Set-Cookie", cookie(kSessionCookie, done.credential, "Strict", seconds));
  co_return response;
}

io::Awaitable<io::HttpResponse> begin_device(const Context& c) {
  const IssuerConfig* issuer = provider_of(c, true);
  if (issuer == nullptr) co_return plain_not_found();
  const identity::Metadata* metadata = co_await c.gate.providers().metadata(c.backend, issuer->name);
  if (metadata == nullptr) co_return unavailable(c, issuer->name);
  if (metadata->device_authorization_endpoint.empty()) {
    co_return problem({ErrorCode::kNotFound, "provider " + issuer->name, "has no device flow",
                       "sign in with a browser and make a personal token"});
  }
  const identity::ProviderReply reply = co_await c.gate.providers().call(
      c.backend, issuer->name, identity::device_call(*metadata, issuer->sign_in->client));
  const auto start = identity::read_device_start(reply);
  if (!start) co_return problem(502, start.error());
  json::object out;
  out["user_code"] = start->user_code;
  out["verification_uri"] = start->verification_uri;
  if (!start->verification_uri_complete.empty())
    out["verification_uri_complete"] = start->verification_uri_complete;
  out["expires_in"] = start->expires_seconds;
  out["interval"] = start->interval_seconds;
  out["handle"] = sealed(c, start->device_code, kDevicePurpose);
  co_return json_answer(out);
}

io::Awaitable<io::HttpResponse> poll_device(const Context& c) {
  const IssuerConfig* issuer = provider_of(c, true);
  if (issuer == nullptr) co_return plain_not_found();
  const auto body = object_body(c.request, {"handle"});
  if (!body) co_return problem(body.error());
  const auto handle = text_member(*body, "handle", true, 8'192);
  if (!handle) co_return problem(handle.error());
  const auto code = identity::open_sealed(*handle, kDevicePurpose, c.gate.seal_key());
  if (!code) {
    co_return problem(410, {ErrorCode::kFailed, "handle",
                            "is none of this gateway's, or older than its start", "begin again"});
  }
  const identity::Metadata* known = co_await c.gate.providers().metadata(c.backend, issuer->name);
  if (known == nullptr) co_return unavailable(c, issuer->name);
  const identity::Metadata metadata = *known;
  identity::ProviderReply reply = co_await c.gate.providers().call(
      c.backend, issuer->name, identity::device_poll_call(metadata, issuer->sign_in->client, *code));
  const SignedIn done = co_await finish(c, *issuer, metadata, std::move(reply), {}, "device");
  if (done.refused == "pending" || done.refused == "slow-down")
    co_return json_answer(json::object{{"state", done.refused}}, 202);
  if (!done.refused.empty()) {
    c.gate.note_refusal(c.backend, done.refused, "device", c.request);
    co_return problem(done.refused == "expired" ? 410 : done.refused == "provider" ? 502 : 403, done.error);
  }
  co_return json_answer(
      json::object{{"token", done.credential}, {"until", to_rfc3339(done.until)}, {"renews", done.renews}});
}

io::Awaitable<io::HttpResponse> sign_out(const Context& c) {
  if (c.caller.by != "session") {
    co_return problem({ErrorCode::kUsage, "sign-out", "you did not come with a session",
                       "`hetao token revoke` ends personal tokens"});
  }
  federation::EndSession event;
  event.session = c.caller.access;
  event.who = c.caller.principal();
  event.reason = "signed out";
  std::string refresh_token = kept_refresh_token(c);
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  co_await c.gate.take_back(c.backend, c.caller.issuer, std::move(refresh_token));
  json::object out;
  out["provider_sign_out"] = nullptr;
  for (const IssuerConfig& issuer : c.gate.providers().auth().issuers) {
    if (issuer.issuer != c.caller.issuer || !issuer.sign_in) continue;
    const std::string name = issuer.name;
    const identity::Client client = issuer.sign_in->client;
    const identity::Metadata* metadata = co_await c.gate.providers().metadata(c.backend, name);
    const std::string back = c.config.auth.public_url + std::string(kConsole);
    const std::string url =
        metadata == nullptr ? std::string() : identity::sign_out_url(*metadata, client, back);
    if (!url.empty()) out["provider_sign_out"] = url;
    break;
  }
  io::HttpResponse response = json_answer(out);
  response.headers.add("Set-Cookie", cookie(kSessionCookie, "", "Strict", 0));
  co_return response;
}

}  // namespace hetao::api
