#include "gateway/federation/access.h"

#include <algorithm>

#include "gateway/base/access_limits.h"

namespace hetao::federation {

namespace {

constexpr const char* kSessionKey = "session/";
constexpr const char* kTokenKey = "token/";

void answer(State& s, uint64_t request, std::string id) {
  if (request != 0) s.effect(Answer{request, std::nullopt, std::move(id), {}, false});
}

void refuse(State& s, uint64_t request, Error error) {
  if (request != 0) s.effect(Answer{request, std::move(error), {}, {}, false});
}

std::string words(const google::protobuf::RepeatedPtrField<std::string>& list) {
  std::string out;
  for (const std::string& word : list) out += (out.empty() ? "" : " ") + word;
  return out;
}

bool is_of(const pb::Principal& a, const pb::Principal& b) {
  return a.tenant() == b.tenant() && a.user() == b.user();
}

void forget_session(State& s, const std::string& id) {
  s.access_timers.erase(kSessionKey + id);
  s.drop_session(id);
}

void revoke(State& s, const std::string& id, const std::string& by, const std::string& why) {
  pb::AccessToken& token = s.edit_token(id);
  token.set_revoked_micros(s.now.micros);
  token.set_revoked_by(by);
  token.set_revoked_why(why);
  ledger::Entry& entry = s.book("token-revoked");
  entry.who = by;
  entry.reason = why;
  entry.extra["token"] = id;
  entry.extra["of"] = ledger_name(token.who());
}

// "auditor:read" needs the role auditor.
bool is_within(const pb::AccessToken& token, const pb::Session& session) {
  return std::all_of(token.scopes().begin(), token.scopes().end(), [&](const std::string& scope) {
    const std::string role = scope.substr(0, scope.find(':'));
    return std::find(session.roles().begin(), session.roles().end(), role) != session.roles().end();
  });
}

// What the provider says of somebody today bounds what that person's tokens may do.
void end_wider_tokens(State& s, const pb::Session& session) {
  std::vector<std::string> wider;
  for (const auto& [id, token] : s.tokens) {
    if (!counts(token, s.now) || token.issuer() != session.issuer()) continue;
    if (is_of(token.who(), session.who()) && !is_within(token, session)) wider.push_back(id);
  }
  for (const std::string& id : wider)
    revoke(s, id, ledger_name(session.who()), "a role that it names is not that person's any more");
}

// The one seen longest ago goes when there are too many of one person.
void make_room(State& s, const pb::Principal& who) {
  const pb::Session* oldest = nullptr;
  size_t count = 0;
  for (const auto& [id, session] : s.sessions) {
    if (!is_of(session.who(), who)) continue;
    ++count;
    if (oldest == nullptr || session.seen_micros() < oldest->seen_micros()) oldest = &session;
  }
  if (count >= limits::kSessionsOfPersonMax) forget_session(s, std::string(oldest->id()));
}

}  // namespace

Instant end_of(const pb::Session& session) {
  return {std::min(session.until_micros(), session.seen_micros() + session.idle_micros())};
}

bool counts(const pb::Session& session, Instant now) {
  return now < end_of(session);
}

bool counts(const pb::AccessToken& token, Instant now) {
  return token.revoked_micros() == 0 && now.micros < token.until_micros();
}

void on_open_session(State& s, const OpenSession& event) {
  make_room(s, event.session.who());
  pb::Session& session = s.edit_session(event.session.id());
  session = event.session;
  session.set_began_micros(s.now.micros);
  session.set_seen_micros(s.now.micros);
  s.access_timers.set(kSessionKey + session.id(), end_of(session));
  ledger::Entry& entry = s.book("sign-in");
  entry.who = ledger_name(session.who());
  entry.reason = "signed in by " + session.kind();
  entry.extra["session"] = session.id();
  entry.extra["issuer"] = session.issuer();
  entry.extra["roles"] = words(session.roles());
  end_wider_tokens(s, session);
  answer(s, event.request, session.id());
}

void on_renew_session(State& s, const RenewSession& event) {
  const auto at = s.sessions.find(event.session);
  if (at == s.sessions.end() || !counts(at->second, s.now))
    return refuse(s, event.request,
                  {ErrorCode::kNotFound, "session " + event.session, "is not known here", ""});
  pb::Session& session = s.edit_session(event.session);
  const std::string before = words(session.roles());
  session.clear_roles();
  for (const std::string& role : event.roles) session.add_roles(role);
  session.set_refresh_sealed(event.refresh_sealed);
  session.set_refresh_micros(event.refresh_micros);
  session.set_until_micros(event.until_micros);
  s.access_timers.set(kSessionKey + session.id(), end_of(session));
  // That nothing changed is said again and again; the ledger hears what did.
  if (words(session.roles()) != before) {
    ledger::Entry& entry = s.book("sign-in");
    entry.who = ledger_name(session.who());
    entry.reason = "the provider says other roles";
    entry.extra["session"] = session.id();
    entry.extra["issuer"] = session.issuer();
    entry.extra["roles"] = words(session.roles());
    end_wider_tokens(s, session);
  }
  answer(s, event.request, session.id());
}

void on_end_session(State& s, const EndSession& event) {
  const auto at = s.sessions.find(event.session);
  if (at == s.sessions.end())
    return refuse(s, event.request,
                  {ErrorCode::kNotFound, "session " + event.session, "is not known here", ""});
  ledger::Entry& entry = s.book("sign-out");
  entry.who = ledger_name(event.who);
  entry.reason = event.reason;
  entry.extra["session"] = event.session;
  entry.extra["of"] = ledger_name(at->second.who());
  forget_session(s, event.session);
  answer(s, event.request, event.session);
}

void on_make_token(State& s, const MakeToken& event) {
  const auto mine = std::count_if(s.tokens.begin(), s.tokens.end(), [&](const auto& one) {
    return counts(one.second, s.now) && is_of(one.second.who(), event.token.who());
  });
  if (mine >= static_cast<int64_t>(limits::kTokensOfPersonMax)) {
    return refuse(s, event.request,
                  {ErrorCode::kFailed, "token", "you have " + std::to_string(mine) + " already",
                   "revoke those that you don't need (hetao token revoke)"});
  }
  pb::AccessToken& token = s.edit_token(event.token.id());
  token = event.token;
  token.set_made_micros(s.now.micros);
  s.access_timers.set(kTokenKey + token.id(), Instant{token.until_micros()});
  ledger::Entry& entry = s.book("token-made");
  entry.who = ledger_name(token.who());
  entry.reason = "made a personal token";
  entry.extra["token"] = token.id();
  entry.extra["scopes"] = words(token.scopes());
  entry.extra["until"] = to_rfc3339(Instant{token.until_micros()});
  answer(s, event.request, token.id());
}

void on_revoke_token(State& s, const RevokeToken& event) {
  const auto at = s.tokens.find(event.token);
  if (at == s.tokens.end())
    return refuse(s, event.request, {ErrorCode::kNotFound, "token " + event.token, "is not known here", ""});
  if (at->second.revoked_micros() == 0) revoke(s, event.token, ledger_name(event.who), event.reason);
  answer(s, event.request, event.token);
}

void on_seen_access(State& s, const SeenAccess& event) {
  if (const auto at = s.sessions.find(event.session); at != s.sessions.end()) {
    pb::Session& session = s.edit_session(at->first);
    session.set_seen_micros(s.now.micros);
    s.access_timers.set(kSessionKey + session.id(), end_of(session));
  }
  if (s.tokens.contains(event.token)) s.edit_token(event.token).set_seen_micros(s.now.micros);
}

void tick_access(State& s) {
  for (const std::string& key : s.access_timers.take_due(s.now)) {
    const std::string id = key.substr(key.find('/') + 1);
    if (key.starts_with(kSessionKey))
      s.drop_session(id);
    else
      s.drop_token(id);
  }
}

void resume_access(State& s) {
  for (const auto& [id, session] : s.sessions) s.access_timers.set(kSessionKey + id, end_of(session));
  for (const auto& [id, token] : s.tokens) s.access_timers.set(kTokenKey + id, Instant{token.until_micros()});
}

}  // namespace hetao::federation
