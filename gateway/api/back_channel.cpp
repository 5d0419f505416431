// A provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0): the sessions here
// that came of that sign-in end. Nobody is signed in for this call; the provider's signature proves it.
#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/identity/logout_token.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

constexpr size_t kFormBytesMax = size_t{16} << 10U;

// RFC 6749's form of an error, as the specification asks.
io::HttpResponse invalid(const std::string& why) {
  return json_answer(json::object{{"error", "invalid_request"}, {"error_description", why}}, 400);
}

bool is_over(const pb::Session& session, const std::string& issuer, const identity::LoggedOut& out) {
  if (session.issuer() != issuer) return false;
  // A session of the provider ends what came of it. Where it is not known, the person ends everywhere.
  if (!out.session.empty() && !session.provider_session().empty())
    return session.provider_session() == out.session;
  return !out.subject.empty() && session.subject_digest() == identity::subject_digest(out.subject);
}

}  // namespace

io::Awaitable<io::HttpResponse> back_channel_logout(const Context& c) {
  const IssuerConfig* issuer = c.gate.providers().find(c.at("provider"));
  if (issuer == nullptr || !issuer->sign_in) co_return plain_not_found();
  const std::string name = issuer->name;
  const auto refuse = [&](const std::string& why) {
    c.gate.note_refusal(c.backend, "logout-token", "provider", c.request);
    return invalid(why);
  };
  if (const auto wait = c.gate.must_wait(c.request, c.backend.now())) {
    io::HttpResponse later = invalid("too many were refused");
    later.status = 429;
    later.headers.set("Retry-After", std::to_string(*wait));
    co_return later;
  }
  const auto form = c.request.body.size() <= kFormBytesMax ? Query::parse(c.request.body) : std::nullopt;
  const std::string token = form ? form->get("logout_token") : std::string();
  if (token.empty()) co_return refuse("logout_token is missing");
  const identity::Metadata* metadata = co_await c.gate.providers().metadata(c.backend, name);
  if (metadata == nullptr) co_return refuse("the provider can't be reached");
  const auto judge = [&]() -> tl::expected<identity::LoggedOut, certs::TokenRefusal> {
    const IssuerConfig* known = c.gate.providers().find(name);
    return identity::check_logout_token(token, *known->keys, known->issuer, known->sign_in->client.id,
                                        c.backend.now());
  };
  auto out = judge();
  if (!out && out.error().reason == certs::TokenReason::kUnknownKey) {
    co_await c.gate.providers().look_again(c.backend, true);
    out = judge();
  }
  if (!out) co_return refuse("the token is refused: " + std::string(certs::to_word(out.error().reason)));
  std::vector<std::pair<std::string, pb::Principal>> over;
  const std::string from = c.gate.providers().find(name)->issuer;
  for (const auto& [id, session] : c.backend.core().sessions()) {
    if (is_over(session, from, *out)) over.emplace_back(id, session.who());
  }
  for (const auto& [id, who] : over) {
    federation::EndSession event;
    event.session = id;
    event.who = who;
    event.reason = "signed out at the provider " + name;
    const federation::Answer answer = co_await c.backend.ask(std::move(event));
    if (answer.error && answer.error->code != ErrorCode::kNotFound) co_return problem(*answer.error);
  }
  io::HttpResponse response = json_answer(json::object());
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

}  // namespace hetao::api
