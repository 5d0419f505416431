// The identity providers that are asked themselves: what each published, when it was read, and reading it
// again: when it is old, or when a token names a key that is not known (key rotation), not more often than
// limits.h allows. What was read last counts for a day while a provider can't be reached. The calls are the
// shell's. Io thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/api/auth.h"
#include "gateway/api/backend.h"
#include "gateway/identity/flow.h"
#include "gateway/identity/metadata.h"
#include "gateway/io/provider_client.h"

namespace hetao::api {

class Providers {
 public:
  explicit Providers(AuthConfig config);
  ~Providers();
  Providers(const Providers&) = delete;
  Providers& operator=(const Providers&) = delete;

  // With the keys that are known now.
  const AuthConfig& auth() const { return auth_; }
  // Grows when keys changed.
  uint64_t version() const { return version_; }

  const IssuerConfig* find(std::string_view name) const;
  // What the provider says of itself; read first if it is not known. Null: it can't be reached.
  io::Awaitable<const identity::Metadata*> metadata(Backend& backend, std::string name);
  // Whether something that is known should be read again, without anybody waiting for it.
  bool has_old(Instant now) const;
  // Reads what is missing or old; because of a token with an unknown key, what may have changed too.
  io::Awaitable<void> look_again(Backend& backend, bool unknown_key);
  io::Awaitable<identity::ProviderReply> call(Backend& backend, std::string name,
                                              identity::ProviderCall call);
  // Why it could not be read when that was last tried; for the log.
  std::string trouble(std::string_view name) const;

 private:
  struct Known;
  Known* known(std::string_view name);
  io::Awaitable<void> read(Backend& backend, Known& provider);
  bool is_due(const Known& provider, Instant now, bool unknown_key) const;

  AuthConfig auth_;
  std::vector<std::unique_ptr<Known>> known_;  // those that are discovered
  uint64_t version_ = 0;
  size_t calls_ = 0;  // under way
};

}  // namespace hetao::api
