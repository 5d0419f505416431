// What `hetao login` brought home: one credential for each gateway, in $XDG_CONFIG_HOME/hetao/logins.json
// (else below
// ~/.config), mode 0600. Taken where no token and no certificate is given.
#pragma once

#include <optional>
#include <string>

#include "gateway/base/result.h"

namespace hetao::cli {

struct Login {
  std::string token;
  std::string until;  // RFC 3339; empty: it goes on while the gateway says so
};

// Nothing: none is kept for this gateway, or it is over.
std::optional<Login> kept_login(const std::string& gateway);
Result<void> keep_login(const std::string& gateway, const Login& login);
Result<void> forget_login(const std::string& gateway);

}  // namespace hetao::cli
