// Text that is given to somebody who must neither read nor change it, and brought back later: AES-256-GCM. So
// an attempt to sign in takes no memory of ours until it succeeds. Pure: key and nonce are parameters; a
// nonce is used once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/bytes.h"

namespace hetao::identity {

inline constexpr size_t kSealKeyBytes = 32;
inline constexpr size_t kSealNonceBytes = 12;

// base64url. `purpose` must be the same when it is opened.
std::string seal(std::string_view text, std::string_view purpose, ByteView key, ByteView nonce);
std::optional<std::string> open_sealed(std::string_view sealed, std::string_view purpose, ByteView key);

}  // namespace hetao::identity
