// Sessions and personal tokens: one's own, and for operators everybody's.
#include <algorithm>

#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/renewal.h"
#include "gateway/api/views.h"
#include "gateway/base/access_limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/access.h"
#include "gateway/federation/state.h"
#include "gateway/identity/credential.h"
#include "gateway/io/asio.h"
#include "gateway/io/random_number.h"

namespace hetao::api {

namespace {

constexpr int64_t kMicrosPerDay = int64_t{86'400} * 1'000'000;
constexpr size_t kTokenNameBytesMax = 100;

bool is_own(const Context& c, const pb::Principal& who) {
  return federation::ledger_name(who) == c.caller.ledger_name;
}

// The name that they sign in with, while it may be used; else the ledger's.
std::string user_of(const Context& c, const pb::Principal& who) {
  if (is_own(c, who)) return c.caller.user;
  const auto person = c.backend.persons().show(federation::ledger_name(who));
  return person && !person->user.empty() ? person->user : federation::ledger_name(who);
}

// Operators see and end all; what is not to be seen looks like what is not there.
bool may_end(const Context& c, const pb::Principal& who) {
  return is_own(c, who) || c.caller.has(Role::kOperator);
}

bool wants_all(const Context& c) {
  return c.query.get("all") == "true" && c.caller.has(Role::kOperator);
}

std::string provider_name(const Context& c, const std::string& issuer) {
  for (const IssuerConfig& one : c.gate.providers().auth().issuers) {
    if (one.issuer == issuer && !one.name.empty()) return one.name;
  }
  return issuer;
}

json::object view(const Context& c, const pb::Session& session) {
  json::object out;
  out["id"] = session.id();
  out["user"] = user_of(c, session.who());
  out["tenant"] = session.who().tenant();
  out["provider"] = provider_name(c, session.issuer());
  out["kind"] = session.kind();
  put_time(out, "began", session.began_micros());
  put_time(out, "last_seen", session.seen_micros());
  put_time(out, "until", session.until_micros());
  out["current"] = session.id() == c.caller.access;
  return out;
}

json::object view(const Context& c, const pb::AccessToken& token, bool with_owner) {
  json::object out;
  out["id"] = token.id();
  out["name"] = token.name();
  if (with_owner) out["user"] = user_of(c, token.who());
  if (with_owner) out["tenant"] = token.who().tenant();
  json::array scopes;
  for (const std::string& scope : token.scopes()) scopes.emplace_back(scope);
  out["scopes"] = std::move(scopes);
  put_time(out, "created", token.made_micros());
  put_time(out, "expires", token.until_micros());
  put_time(out, "last_used", token.seen_micros());
  out["revoked"] = token.revoked_micros() != 0;
  if (token.revoked_micros() != 0) out["revoked_because"] = token.revoked_why();
  return out;
}

struct Wanted {
  pb::AccessToken token;
  std::optional<Error> mistake;
};

std::optional<Error> read_scopes(const Context& c, const json::value* list, pb::AccessToken& token) {
  if (list == nullptr || !list->is_array() || list->get_array().empty())
    return Error{ErrorCode::kUsage, "/scopes", "is no list of scopes",
                 "your roles, or ROLE:read: " + join(c.caller.roles.words(), ", ")};
  for (size_t i = 0; i < list->get_array().size(); ++i) {
    const json::value& value = list->get_array()[i];
    const std::string pointer = "/scopes/" + std::to_string(i);
    const auto scope = value.is_string() ? identity::scope_from_word(value.get_string()) : std::nullopt;
    if (!scope) return Error{ErrorCode::kUsage, pointer, "is no scope", "ROLE or ROLE:read"};
    if (!c.caller.has(scope->role))
      return Error{ErrorCode::kUsage, pointer, "names a role that you don't have",
                   "`hetao whoami` shows yours"};
    const std::string word = identity::to_word(*scope);
    if (std::find(token.scopes().begin(), token.scopes().end(), word) == token.scopes().end())
      token.add_scopes(word);
  }
  return std::nullopt;
}

Wanted read_wanted(const Context& c) {
  Wanted out;
  const auto body = object_body(c.request, {"name", "scopes", "days"});
  if (!body) {
    out.mistake = body.error();
    return out;
  }
  auto name = text_member(*body, "name", true, kTokenNameBytesMax);
  if (!name) {
    out.mistake = name.error();
    return out;
  }
  out.token.set_name(printable(*name));
  out.mistake = read_scopes(c, body->if_contains("scopes"), out.token);
  if (out.mistake) return out;
  const int64_t longest = std::min(c.config.auth.token_longest.micros / kMicrosPerDay, limits::kTokenDaysMax);
  const json::value* days = body->if_contains("days");
  const int64_t wanted = days == nullptr    ? std::min<int64_t>(30, longest)
                         : days->is_int64() ? days->get_int64()
                                            : 0;
  if (wanted < 1 || wanted > longest) {
    out.mistake = Error{ErrorCode::kUsage, "/days", "is no number of days that a token may last",
                        "1 to " + std::to_string(longest)};
  }
  out.token.set_until_micros(c.backend.now().micros + wanted * kMicrosPerDay);
  return out;
}

io::HttpResponse ended(const federation::Answer& answer) {
  if (answer.error) return problem(*answer.error);
  io::HttpResponse done;
  done.status = 204;
  return done;
}

}  // namespace

std::string kept_refresh_token(const Context& c) {
  const auto credential = credential_of(c.request);
  const auto at = c.backend.core().sessions().find(c.caller.access);
  if (!credential || at == c.backend.core().sessions().end() || credential->id != at->first) return {};
  return opened_refresh(at->second.refresh_sealed(), credential->secret);
}

json::object session_view(const Context& c) {
  json::object out;
  const auto at = c.backend.core().sessions().find(c.caller.access);
  if (at == c.backend.core().sessions().end()) return out;
  out["id"] = at->first;
  out["provider"] = provider_name(c, at->second.issuer());
  put_time(out, "began", at->second.began_micros());
  put_time(out, "idle_until", federation::end_of(at->second).micros);
  put_time(out, "until", at->second.until_micros());
  out["csrf"] = c.caller.csrf;
  return out;
}

io::HttpResponse list_sessions(const Context& c) {
  json::array list;
  for (const auto& [id, session] : c.backend.core().sessions()) {
    if (!federation::counts(session, c.backend.now())) continue;
    if (wants_all(c) || is_own(c, session.who())) list.push_back(view(c, session));
  }
  return json_answer(json::object{{"sessions", std::move(list)}});
}

io::Awaitable<io::HttpResponse> end_session(const Context& c) {
  const auto& all = c.backend.core().sessions();
  const auto at = all.find(c.at("id"));
  if (at == all.end() || !may_end(c, at->second.who())) co_return no_such("session", c.at("id"), "");
  federation::EndSession event;
  event.session = at->first;
  event.who = c.caller.principal();
  event.reason = is_own(c, at->second.who()) ? "ended by its owner" : "ended by an operator";
  // Of other sessions than the caller's nobody here can read the token: its key is in their cookie.
  std::string refresh_token = at->first == c.caller.access ? kept_refresh_token(c) : std::string();
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (!answer.error) co_await c.gate.take_back(c.backend, c.caller.issuer, std::move(refresh_token));
  co_return ended(answer);
}

io::HttpResponse list_tokens(const Context& c) {
  json::array list;
  for (const auto& [id, token] : c.backend.core().tokens()) {
    if (wants_all(c) || is_own(c, token.who())) list.push_back(view(c, token, wants_all(c)));
  }
  return json_answer(json::object{{"tokens", std::move(list)}});
}

io::Awaitable<io::HttpResponse> make_token(const Context& c) {
  // A token that makes tokens could never be taken back.
  if (c.caller.by == "personal-token" || c.caller.issuer.empty()) {
    co_return problem({ErrorCode::kNotAllowed, "token", "personal tokens are made by people who signed in",
                       "`hetao login`, then try again"});
  }
  Wanted wanted = read_wanted(c);
  if (wanted.mistake) co_return problem(*wanted.mistake);
  federation::MakeToken event;
  event.token = std::move(wanted.token);
  event.token.set_id(c.backend.fresh_id());
  const std::string text =
      identity::credential_text(event.token.id(), io::random_bytes(identity::kSecretBytes));
  event.token.set_secret_digest(identity::secret_digest(identity::parse_credential(text)->secret));
  *event.token.mutable_who() = c.caller.principal();
  event.token.set_issuer(c.caller.issuer);
  const std::string id = event.token.id();
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  if (answer.error) co_return problem(*answer.error);
  const auto made = c.backend.core().tokens().find(id);
  json::object out = made == c.backend.core().tokens().end() ? json::object() : view(c, made->second, false);
  out["token"] = text;
  co_return json_answer(out, 201);
}

io::Awaitable<io::HttpResponse> revoke_token(const Context& c) {
  const auto& all = c.backend.core().tokens();
  const auto at = all.find(c.at("id"));
  if (at == all.end() || !may_end(c, at->second.who()))
    co_return no_such("token", c.at("id"), "`hetao token list` shows yours");
  if (c.caller.by == "personal-token" && c.caller.access != at->first) {
    co_return problem({ErrorCode::kNotAllowed, "token", "a personal token may end itself alone",
                       "`hetao login`, then try again"});
  }
  federation::RevokeToken event;
  event.token = at->first;
  event.who = c.caller.principal();
  event.reason = is_own(c, at->second.who()) ? "revoked by its owner" : "revoked by an operator";
  const federation::Answer answer = co_await c.backend.ask(std::move(event));
  co_return ended(answer);
}

}  // namespace hetao::api
