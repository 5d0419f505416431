#include "gateway/api/gatekeeper.h"

#include <algorithm>

#include "gateway/base/access_limits.h"
#include "gateway/identity/credential.h"
#include "gateway/identity/sealed.h"
#include "gateway/io/asio.h"
#include "gateway/io/log_line.h"
#include "gateway/io/random_number.h"
#include "gateway/ledger/sha256.h"

namespace hetao::api {

namespace {

constexpr size_t kBearersMax = 20'000;
constexpr Duration kNoteRefusalsEvery = Duration::seconds(limits::kRefusalNoteSeconds);
constexpr Duration kNoteUseEvery = Duration::seconds(limits::kSessionSeenSeconds);

std::string kind_of(const io::HttpRequest& request) {
  if (request.headers.has("authorization")) return "bearer";
  return cookie_of(request, kSessionCookie) ? "cookie" : "certificate";
}

// RFC 9110 has GET and HEAD change nothing here; all else must carry what only our own pages can read.
bool is_forged(const Caller& caller, const io::HttpRequest& request) {
  if (!caller.by_cookie || only_reads(request)) return false;
  return request.headers.count("X-Hetao-CSRF") != 1 ||
         !identity::same_secret(request.headers.get("X-Hetao-CSRF"), identity::secret_digest(caller.csrf));
}

}  // namespace

std::string address_of(const io::HttpRequest& request) {
  return request.remote_address.substr(0, request.remote_address.rfind(':'));
}

std::optional<Error> name_in_ledger(Backend& backend, Caller& caller) {
  auto named = backend.persons().name_of(caller.tenant, caller.user, backend.now());
  if (!named) return named.error();
  caller.ledger_name = std::move(named->name);
  if (named->is_new) backend.note("person", caller.ledger_name, "", {{"commitment", named->commitment}});
  return std::nullopt;
}

Gatekeeper::Gatekeeper(AuthConfig config)
    : providers_(std::move(config)),
      seal_key_(io::random_bytes(identity::kSealKeyBytes)),
      requests_(providers_.auth().requests_per_second, providers_.auth().requests_burst),
      refusals_(limits::kRefusalsPerSecondOfAddress, limits::kRefusalsBurstOfAddress) {}

std::optional<int64_t> Gatekeeper::must_wait(const Caller& caller, Instant now) {
  if (!caller.peer_region.empty()) return std::nullopt;  // gateways watch each other
  return requests_.ask(caller.tenant, now);
}

std::optional<int64_t> Gatekeeper::must_wait(const io::HttpRequest& request, Instant now) {
  return refusals_.look(address_of(request), now);
}

io::Awaitable<tl::expected<Caller, AuthRefusal>> Gatekeeper::admit(Backend& backend,
                                                                   const io::HttpRequest& request) {
  const auto judge = [&] {
    if (tokens_version_ != providers_.version()) {
      tokens_version_ = providers_.version();
      tokens_ = TokenCache();
    }
    return tokens_.authenticate(providers_.auth(), backend.core(), request, backend.now());
  };
  if (providers_.has_old(backend.now())) co_await refresh_behind(backend);
  auto caller = judge();
  if (!caller && caller.error().unknown_key) {
    co_await providers_.look_again(backend, true);
    caller = judge();
  }
  if (caller && caller->by == "session") {
    if (const auto credential = credential_of(request)) {
      Renewals::Left left =
          co_await renewals_.ask(backend, providers_, *credential, providers_.auth().session_longest);
      co_await take_back(backend, std::move(left.issuer), std::move(left.refresh_token));
      caller = judge();
    }
  }
  if (!caller) {
    if (caller.error().word != "no-credential")
      note_refusal(backend, caller.error().word, kind_of(request), request);
    co_return caller;
  }
  if (is_forged(*caller, request)) {
    note_refusal(backend, "csrf", "cookie", request);
    AuthRefusal refusal{{ErrorCode::kNotAllowed, "X-Hetao-CSRF", "is missing or not of this session",
                         "send what `session.csrf` of /api/v1/whoami says"},
                        "csrf"};
    co_return tl::unexpected(std::move(refusal));
  }
  if (caller->peer_region.empty()) {
    const auto error =
        caller->access.empty() ? name_in_ledger(backend, *caller) : find_name(backend, *caller);
    if (error) {
      AuthRefusal refusal{*error, caller->access.empty() ? "failed" : "erased"};
      co_return tl::unexpected(std::move(refusal));
    }
    note_first_use(backend, *caller, request);
    note_use(backend, *caller);
  }
  co_return caller;
}

// Nobody waits for it: what is known counts meanwhile.
io::Awaitable<void> Gatekeeper::refresh_behind(Backend& backend) {
  const auto executor = co_await io::asio::this_coro::executor;
  io::asio::co_spawn(executor, providers_.look_again(backend, false),
                     [self = shared_from_this()](const std::exception_ptr&) {});
}

io::Awaitable<void> Gatekeeper::take_back(Backend& backend, std::string issuer, std::string refresh_token) {
  if (refresh_token.empty()) co_return;
  const auto executor = co_await io::asio::this_coro::executor;
  io::asio::co_spawn(executor, ask_to_take_back(backend, std::move(issuer), std::move(refresh_token)),
                     [self = shared_from_this()](const std::exception_ptr&) {});
}

io::Awaitable<void> Gatekeeper::ask_to_take_back(Backend& backend, std::string issuer,
                                                 std::string refresh_token) {
  const auto& all = providers_.auth().issuers;
  const auto at = std::find_if(all.begin(), all.end(),
                               [&](const IssuerConfig& one) { return one.issuer == issuer && one.sign_in; });
  if (at == all.end()) co_return;  // the configuration has it no more
  const std::string name = at->name;
  const identity::Client client = at->sign_in->client;
  const auto failed = [&](const std::string& why) {
    ++taken_back_.failed;
    io::log_warning("a refresh token was not taken back", {{"provider", name}, {"why", why}});
  };
  const identity::Metadata* known = co_await providers_.metadata(backend, name);
  if (known == nullptr) co_return failed("it can't be reached: " + providers_.trouble(name));
  if (known->revocation_endpoint.empty()) co_return;  // it has no such thing
  identity::ProviderCall call = identity::revocation_call(*known, client, refresh_token);
  const identity::ProviderReply reply = co_await providers_.call(backend, name, std::move(call));
  if (const auto why = identity::why_not_revoked(reply)) co_return failed(*why);
  ++taken_back_.done;
}

// Records name people as the ledger does: who that is stands in the register alone, so that erasing somebody
// there ends their sessions too.
std::optional<Error> Gatekeeper::find_name(Backend& backend, Caller& caller) {
  const Instant now = backend.now();
  const auto known = names_.find(caller.ledger_name);
  if (known == names_.end() || known->second.until < now) {
    const auto person = backend.persons().show(caller.ledger_name);
    if (!person || person->user.empty())
      return Error{ErrorCode::kNotAllowed, "sign-in", "you are not signed in (any more)", "sign in again"};
    if (names_.size() >= kBearersMax) names_.clear();
    names_[caller.ledger_name] = {person->user, now + kNoteUseEvery};
  }
  caller.user = names_[caller.ledger_name].user;
  return std::nullopt;
}

// A token of a provider: who comes with it is signed in for as long as it lasts.
void Gatekeeper::note_first_use(Backend& backend, const Caller& caller, const io::HttpRequest& request) {
  if (caller.by != "token") return;
  std::string digest = ledger::sha256(as_bytes(request.headers.get("authorization"))).hex();
  const Instant now = backend.now();
  if (bearers_.size() >= kBearersMax)
    std::erase_if(bearers_, [&](const auto& one) { return one.second < now; });
  if (bearers_.size() >= kBearersMax) bearers_.clear();
  if (!bearers_.try_emplace(std::move(digest), caller.until).second) return;
  backend.note("sign-in", caller.ledger_name, "came with a token",
               {{"issuer", caller.issuer}, {"until", to_rfc3339(caller.until)}});
}

void Gatekeeper::note_use(Backend& backend, const Caller& caller) {
  const auto& core = backend.core();
  const Instant before{backend.now().micros - kNoteUseEvery.micros};
  if (caller.by == "session") {
    const auto at = core.sessions().find(caller.access);
    if (at != core.sessions().end() && at->second.seen_micros() < before.micros)
      backend.seen({caller.access, {}});
  } else if (caller.by == "personal-token") {
    const auto at = core.tokens().find(caller.access);
    if (at != core.tokens().end() && at->second.seen_micros() < before.micros)
      backend.seen({{}, caller.access});
  }
}

void Gatekeeper::note_refusal(Backend& backend, const std::string& word, const std::string& by,
                              const io::HttpRequest& request) {
  Refused& kind = refused_[by + "/" + word];
  const Instant now = backend.now();
  (void)refusals_.ask(address_of(request), now);
  if (kind.noted.micros != 0 && now < kind.noted + kNoteRefusalsEvery) {
    ++kind.left_out;
    return;
  }
  std::vector<std::pair<std::string, std::string>> details = {{"by", by}, {"address", address_of(request)}};
  if (kind.left_out > 0) details.emplace_back("left_out", std::to_string(kind.left_out));
  kind = {now, 0};
  backend.note("sign-in-refused", "sign-in", word, std::move(details));
}

}  // namespace hetao::api
