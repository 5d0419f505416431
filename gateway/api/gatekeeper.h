// Who comes in: judges credentials with the newest keys of the providers, checks that a browser means what it
// sends (CSRF), and sees to it that sign-ins and refusals stand in the ledger, without letting strangers fill
// it. Lives as long as one configuration. Io thread only.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "gateway/api/providers.h"
#include "gateway/api/rate_limit.h"
#include "gateway/api/renewal.h"
#include "gateway/api/token_cache.h"

namespace hetao::api {

class Gatekeeper : public std::enable_shared_from_this<Gatekeeper> {
 public:
  explicit Gatekeeper(AuthConfig config);

  Providers& providers() { return providers_; }
  // Seals what browsers and terminals keep while they sign in; another one after every start.
  ByteView seal_key() const { return seal_key_; }

  // The caller, with a ledger name. What is refused is noted.
  io::Awaitable<tl::expected<Caller, AuthRefusal>> admit(Backend& backend, const io::HttpRequest& request);
  // Not nothing: the tenant, or an address that guesses, has to wait so many seconds.
  std::optional<int64_t> must_wait(const Caller& caller, Instant now);
  std::optional<int64_t> must_wait(const io::HttpRequest& request, Instant now);
  // For the ledger: at most one entry a minute for each kind of refusal, which says how many were left out.
  void note_refusal(Backend& backend, const std::string& word, const std::string& by,
                    const io::HttpRequest& request);

  // Asks the provider to take a refresh token back that no session uses any more (RFC 7009). Nobody waits for
  // it, and nothing depends on it: what does not succeed is logged and counted.
  io::Awaitable<void> take_back(Backend& backend, std::string issuer, std::string refresh_token);
  struct TakenBack {
    uint64_t done = 0;
    uint64_t failed = 0;
  };
  const TakenBack& taken_back() const { return taken_back_; }

 private:
  io::Awaitable<void> ask_to_take_back(Backend& backend, std::string issuer, std::string refresh_token);
  io::Awaitable<void> refresh_behind(Backend& backend);
  // The name that the person of a session or personal token signs in with; an error: it may not be used any
  // more.
  std::optional<Error> find_name(Backend& backend, Caller& caller);
  void note_first_use(Backend& backend, const Caller& caller, const io::HttpRequest& request);
  void note_use(Backend& backend, const Caller& caller);

  struct Refused {
    Instant noted;
    uint64_t left_out = 0;
  };

  Providers providers_;
  Bytes seal_key_;
  TokenCache tokens_;
  Renewals renewals_;  // of sessions whose provider gave refresh tokens
  TakenBack taken_back_;
  RateLimit requests_;           // by tenant
  RateLimit refusals_;           // by address
  uint64_t tokens_version_ = 0;  // of the providers' keys that tokens_ was filled under
  struct Name {
    std::string user;
    Instant until;
  };
  std::map<std::string, Name> names_;       // of people with sessions, by the ledger's; a minute
  std::map<std::string, Refused> refused_;  // by kind; few
  std::map<std::string, Instant> bearers_;  // digests of tokens that are in the ledger, until they end
};

// Gives the caller a name in the ledger; the commitment is there before the name is used.
std::optional<Error> name_in_ledger(Backend& backend, Caller& caller);

// "127.0.0.1" of "127.0.0.1:4711".
std::string address_of(const io::HttpRequest& request);

}  // namespace hetao::api
