#include "gateway/api/providers.h"

#include <algorithm>
#include <set>

#include "gateway/base/access_limits.h"
#include "gateway/io/asio.h"

namespace hetao::api {

namespace {

constexpr Duration kFresh = Duration::seconds(limits::kProviderFreshSeconds);
constexpr Duration kAgain = Duration::seconds(limits::kProviderAgainSeconds);
constexpr Duration kStale = Duration::seconds(limits::kProviderStaleSeconds);

struct Published {
  std::optional<identity::Metadata> metadata;
  std::shared_ptr<const certs::Jwks> keys;
  std::string trouble;
};

// Two calls, one after the other; on a thread that may wait.
Published read_published(io::ProviderClient& client, const std::string& issuer) {
  Published out;
  const auto described = client.call({identity::metadata_url(issuer), {}, {}});
  if (described.status != 200) {
    out.trouble = described.status == 0 ? described.trouble : "answers " + std::to_string(described.status);
    return out;
  }
  auto metadata = identity::read_metadata(described.body, issuer);
  if (!metadata) {
    out.trouble = metadata.error().why;
    return out;
  }
  const auto set = client.call({metadata->jwks_uri, {}, {}});
  auto keys = certs::Jwks::parse(set.body);
  if (set.status != 200 || !keys) {
    out.trouble = set.status == 0 ? set.trouble
                  : keys          ? "its keys: " + std::to_string(set.status)
                                  : keys.error().why;
    return out;
  }
  out.metadata = std::move(*metadata);
  out.keys = std::make_shared<const certs::Jwks>(std::move(*keys));
  return out;
}

bool same_keys(const std::shared_ptr<const certs::Jwks>& a, const certs::Jwks& b) {
  if (a == nullptr || a->keys().size() != b.keys().size()) return false;
  return std::equal(a->keys().begin(), a->keys().end(), b.keys().begin(),
                    [](const auto& one, const auto& other) {
                      return one.kid == other.kid && EVP_PKEY_eq(one.key.get(), other.key.get()) == 1;
                    });
}

}  // namespace

struct Providers::Known {
  Known(IssuerConfig& issuer, const std::string& ca)
      : config(&issuer), client(std::make_shared<io::ProviderClient>(ca)) {}

  IssuerConfig* config;  // of auth_
  std::shared_ptr<io::ProviderClient> client;
  std::optional<identity::Metadata> metadata;
  Instant read_at;
  Instant tried_at;
  std::string trouble;
  bool reading = false;
  std::set<io::asio::steady_timer*> waiting;  // for the reading that is under way
};

Providers::Providers(AuthConfig config) : auth_(std::move(config)) {
  for (IssuerConfig& issuer : auth_.issuers) {
    if (issuer.discovered) known_.push_back(std::make_unique<Known>(issuer, issuer.ca));
  }
}

Providers::~Providers() = default;

Providers::Known* Providers::known(std::string_view name) {
  const auto at =
      std::find_if(known_.begin(), known_.end(), [&](const auto& one) { return one->config->name == name; });
  return at == known_.end() ? nullptr : at->get();
}

const IssuerConfig* Providers::find(std::string_view name) const {
  const auto at = std::find_if(auth_.issuers.begin(), auth_.issuers.end(),
                               [&](const IssuerConfig& one) { return one.name == name; });
  return at == auth_.issuers.end() ? nullptr : &*at;
}

std::string Providers::trouble(std::string_view name) const {
  for (const auto& one : known_) {
    if (one->config->name == name) return one->trouble;
  }
  return {};
}

bool Providers::is_due(const Known& provider, Instant now, bool unknown_key) const {
  if (provider.tried_at.micros != 0 && now < provider.tried_at + kAgain) return false;
  if (!provider.metadata || unknown_key) return true;
  return provider.read_at + kFresh < now;
}

bool Providers::has_old(Instant now) const {
  return std::any_of(known_.begin(), known_.end(), [&](const auto& one) {
    return one->metadata && !one->reading && is_due(*one, now, false);
  });
}

// Whoever comes while it is being read waits for that reading.
io::Awaitable<void> Providers::read(Backend& backend, Known& provider) {
  if (provider.reading) {
    io::asio::steady_timer timer(co_await io::asio::this_coro::executor);
    timer.expires_after(std::chrono::seconds(3 * limits::kProviderCallSecondsMax));
    provider.waiting.insert(&timer);
    co_await timer.async_wait(io::as_value);
    provider.waiting.erase(&timer);
    co_return;
  }
  provider.reading = true;
  provider.tried_at = backend.now();
  Published out;
  const auto work = [&out, client = provider.client, issuer = provider.config->issuer] {
    out = read_published(*client, issuer);
  };
  co_await backend.call_out(work);
  provider.reading = false;
  provider.trouble = out.trouble;
  if (out.metadata) {
    if (!same_keys(provider.config->keys, *out.keys)) ++version_;
    provider.metadata = std::move(out.metadata);
    provider.config->keys = std::move(out.keys);
    provider.read_at = backend.now();
  } else if (provider.metadata && provider.read_at + kStale < backend.now()) {
    provider.metadata.reset();
    provider.config->keys.reset();
    ++version_;
  }
  for (auto* timer : provider.waiting) timer->cancel();
}

io::Awaitable<const identity::Metadata*> Providers::metadata(Backend& backend, std::string name) {
  Known* provider = known(name);
  if (provider == nullptr) co_return nullptr;
  if (provider->reading || is_due(*provider, backend.now(), false)) co_await read(backend, *provider);
  co_return provider->metadata ? &*provider->metadata : nullptr;
}

io::Awaitable<void> Providers::look_again(Backend& backend, bool unknown_key) {
  for (const auto& provider : known_) {
    const bool waits = provider->reading && (unknown_key || !provider->metadata);
    if (waits || is_due(*provider, backend.now(), unknown_key)) co_await read(backend, *provider);
  }
}

io::Awaitable<identity::ProviderReply> Providers::call(Backend& backend, std::string name,
                                                       identity::ProviderCall call) {
  identity::ProviderReply reply;
  Known* provider = known(name);
  if (provider == nullptr || calls_ >= limits::kProviderCallsMax) {
    reply.trouble = provider == nullptr ? "it is not configured" : "too many are signing in at once";
    co_return reply;
  }
  ++calls_;
  const auto work = [&reply, &call, client = provider->client] { reply = client->call(call); };
  co_await backend.call_out(work);
  --calls_;
  co_return reply;
}

}  // namespace hetao::api
