// Private keys that never leave a token (PKCS#11): wherever this product takes a private key in PEM form, it
// also takes one line "pkcs11:…" (RFC 7512) that names a key in a token. OpenSSL signs with it there.
//
// The URI holds `token` and `object` (or `id`), `pin-source` (a file of mode 0600) or `pin-value`, and
// `module-path`, the token's library; else the environment variable PKCS11_MODULE_PATH names it. One library
// a process. Needs OpenSSL's PKCS#11 provider, or else its engine (Debian 12: libengine-pkcs11-openssl).
//
// Documented exception of this level, as OpenSSL's random numbers are: the token's library touches devices
// and files. Signing can be slow, and happens where TLS handshakes are made. Load keys in one thread at a
// time; using them is thread-safe.
#pragma once

#include <string_view>

#include "certs/openssl.h"
#include "gateway/base/result.h"

namespace hetao::certs {

// True if `text` is such a line rather than a key.
bool is_token_key(std::string_view text);

Result<PkeyPtr> token_key(std::string_view uri);

}  // namespace hetao::certs
