#include "gateway/api/renewal.h"

#include <algorithm>

#include "gateway/base/access_limits.h"
#include "gateway/federation/access.h"
#include "gateway/identity/logout_token.h"
#include "gateway/identity/sealed.h"
#include "gateway/io/asio.h"
#include "gateway/io/random_number.h"

namespace hetao::api {

namespace {

constexpr std::string_view kPurpose = "refresh token";
constexpr size_t kLaterMax = 20'000;

// What came of asking. `over`: why the session ends; `trouble`: the provider did not say anything of it.
struct Heard {
  identity::Tokens tokens;
  identity::RoleSet roles;
  std::string over;
  bool trouble = false;
};

Heard trouble() {
  Heard out;
  out.trouble = true;
  return out;
}

Heard over(std::string why) {
  Heard out;
  out.over = std::move(why);
  return out;
}

const IssuerConfig* provider_of(const Providers& providers, const pb::Session& session) {
  for (const IssuerConfig& one : providers.auth().issuers) {
    if (one.issuer == session.issuer() && one.sign_in) return &one;
  }
  return nullptr;
}

// Still the same person, and what they may do now.
Heard judge(Backend& backend, const IssuerConfig& issuer, const pb::Session& session,
            const json::object& claims) {
  const json::value* subject = claims.if_contains("sub");
  const bool same = subject != nullptr && subject->is_string() &&
                    identity::subject_digest(std::string(subject->get_string())) == session.subject_digest();
  if (!same) return over("the provider speaks of somebody else");
  const auto person = identity::person_of(issuer, claims, true);
  if (!person)
    return over("the provider says that this person has no place here (" + person.error().word + ")");
  const auto known = backend.persons().show(federation::ledger_name(session.who()));
  if (person->tenant != session.who().tenant() || !known || known->user != person->user)
    return over("the provider speaks of somebody else");
  Heard out;
  out.roles = person->roles;
  return out;
}

// Asks for new tokens, and of them who it is.
io::Awaitable<Heard> hear(Backend& backend, Providers& providers, pb::Session session, std::string token) {
  const IssuerConfig* issuer = provider_of(providers, session);
  if (issuer == nullptr) co_return trouble();
  const std::string name = issuer->name;
  const identity::Client client = issuer->sign_in->client;
  const identity::Metadata* known = co_await providers.metadata(backend, name);
  if (known == nullptr) co_return trouble();
  const identity::Metadata metadata = *known;
  const identity::ProviderReply reply =
      co_await providers.call(backend, name, identity::refresh_call(metadata, client, token));
  const auto tokens = identity::read_refreshed(reply);
  if (!tokens) {
    if (tokens.error().word == "expired") co_return over("the provider takes its refresh token back");
    co_return trouble();
  }
  // From here on the old refresh token may be spent: whatever happens, the new one is kept, or taken back.
  const auto with_tokens = [&](Heard out) {
    out.tokens = *tokens;
    if (out.tokens.refresh_token.empty()) out.tokens.refresh_token = token;
    return out;
  };
  json::object claims;
  if (!tokens->id_token.empty() && providers.find(name)->keys != nullptr) {
    const auto check = [&] {
      return identity::check_id_token(tokens->id_token, *providers.find(name)->keys, metadata, client, {},
                                      backend.now());
    };
    auto read = check();
    if (!read && read.error().reason == certs::TokenReason::kUnknownKey) {
      co_await providers.look_again(backend, true);
      read = check();
    }
    if (!read) co_return with_tokens(over("the provider's new ID token does not hold"));
    claims = std::move(*read);
  }
  if (!identity::say_enough(*providers.find(name), claims) && !metadata.userinfo_endpoint.empty()) {
    const identity::ProviderReply info =
        co_await providers.call(backend, name, identity::userinfo_call(metadata, tokens->access_token));
    if (!claims.contains("sub")) claims["sub"] = identity::userinfo_subject(info);
    if (const auto added = identity::add_userinfo(claims, info); !added) {
      if (added.error().code == ErrorCode::kVerification)
        co_return with_tokens(over("userinfo is that of somebody else"));
      claims.clear();
    }
  }
  Heard out;
  if (claims.empty()) {  // it confirms the person, and says no more
    for (const std::string& word : session.roles()) {
      if (const auto role = role_from_word(word)) out.roles.add(*role);
    }
  } else {
    out = judge(backend, *providers.find(name), session, claims);
  }
  co_return with_tokens(std::move(out));
}

}  // namespace

std::string sealed_refresh(std::string_view refresh_token, std::string_view session_secret) {
  if (refresh_token.empty()) return {};
  return identity::seal(refresh_token, kPurpose, identity::sealing_key(session_secret),
                        io::random_bytes(identity::kSealNonceBytes));
}

std::string opened_refresh(std::string_view sealed, std::string_view session_secret) {
  if (sealed.empty()) return {};
  return identity::open_sealed(sealed, kPurpose, identity::sealing_key(session_secret)).value_or("");
}

Instant renewal_of(const identity::Tokens& tokens, Instant now) {
  const int64_t seconds = tokens.expires_seconds == 0 ? limits::kRenewSeconds : tokens.expires_seconds;
  return now + Duration::seconds(std::clamp(seconds, limits::kRenewSecondsMin, limits::kRenewSecondsMax));
}

io::Awaitable<Renewals::Left> Renewals::ask(Backend& backend, Providers& providers,
                                            const identity::Credential& credential,
                                            Duration session_longest) {
  Left left;
  const auto& sessions = backend.core().sessions();
  const auto at = sessions.find(credential.id);
  if (at == sessions.end() || at->second.refresh_sealed().empty()) co_return left;
  const Instant now = backend.now();
  if (now.micros < at->second.refresh_micros()) co_return left;
  const auto later = later_.find(credential.id);
  if (later != later_.end() && now < later->second) co_return left;
  std::string token = opened_refresh(at->second.refresh_sealed(), credential.secret);
  if (token.empty() || !under_way_.insert(credential.id).second) co_return left;
  const pb::Session session = at->second;
  left.issuer = session.issuer();
  const Heard heard = co_await hear(backend, providers, session, std::move(token));
  if (heard.trouble) {
    if (later_.size() >= kLaterMax) later_.clear();
    later_[credential.id] = backend.now() + Duration::seconds(limits::kRenewAgainSeconds);
  } else if (!heard.over.empty()) {
    federation::EndSession event;
    event.session = credential.id;
    event.who = session.who();
    event.reason = heard.over;
    (void)co_await backend.ask(std::move(event));
    left.refresh_token = heard.tokens.refresh_token;
  } else {
    federation::RenewSession event;
    event.session = credential.id;
    event.roles = heard.roles.words();
    event.refresh_sealed = sealed_refresh(heard.tokens.refresh_token, credential.secret);
    event.refresh_micros = renewal_of(heard.tokens, backend.now()).micros;
    event.until_micros = (backend.now() + session_longest).micros;
    const federation::Answer answer = co_await backend.ask(std::move(event));
    // Signed out meanwhile: nobody keeps the new token.
    if (answer.error) left.refresh_token = heard.tokens.refresh_token;
    later_.erase(credential.id);
  }
  under_way_.erase(credential.id);
  co_return left;
}

}  // namespace hetao::api
