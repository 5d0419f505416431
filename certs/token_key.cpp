// Engines are deprecated in OpenSSL 3, and the only way to a token that Debian 12 packages.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "certs/token_key.h"

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/store.h>

#include "gateway/base/text.h"

namespace hetao::certs {

namespace {

constexpr std::string_view kScheme = "pkcs11:";
constexpr size_t kUriBytesMax = 4'096;

using StorePtr = std::unique_ptr<OSSL_STORE_CTX, Freer<OSSL_STORE_close>>;
using StoreInfoPtr = std::unique_ptr<OSSL_STORE_INFO, Freer<OSSL_STORE_INFO_free>>;

tl::unexpected<Error> refuse(std::string why, std::string hint) {
  ERR_clear_error();
  return fail(ErrorCode::kUsage, "key in a token", std::move(why), std::move(hint));
}

std::string trimmed(std::string_view text) {
  const size_t from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return std::string(text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1));
}

// RFC 7512: attributes divided by ';', then '?' and query attributes divided by '&'; values percent-encoded.
std::string attribute(const std::string& uri, std::string_view name) {
  const std::string wanted = std::string(name) + "=";
  for (size_t at = kScheme.size(); at < uri.size();) {
    const size_t end = std::min(uri.find_first_of(";?&", at), uri.size());
    const std::string part = uri.substr(at, end - at);
    if (part.starts_with(wanted)) return part.substr(wanted.size());
    at = end + 1;
  }
  return {};
}

// The engine reads no such attribute, and refuses what it does not know.
std::string without_module(const std::string& uri) {
  const size_t query = uri.find('?');
  if (query == std::string::npos) return uri;
  std::string kept;
  for (const std::string& part : split(uri.substr(query + 1), '&')) {
    if (!part.starts_with("module-path=")) kept += (kept.empty() ? "?" : "&") + part;
  }
  return uri.substr(0, query) + kept;
}

// The provider's own reader of such URIs, where it is installed.
PkeyPtr from_provider(const std::string& uri) {
  static OSSL_PROVIDER* const kProvider = OSSL_PROVIDER_try_load(nullptr, "pkcs11", 1);
  ERR_clear_error();
  if (kProvider == nullptr) return nullptr;
  const StorePtr store(OSSL_STORE_open(uri.c_str(), nullptr, nullptr, nullptr, nullptr));
  while (store != nullptr && OSSL_STORE_eof(store.get()) == 0) {
    const StoreInfoPtr info(OSSL_STORE_load(store.get()));
    if (info != nullptr && OSSL_STORE_INFO_get_type(info.get()) == OSSL_STORE_INFO_PKEY)
      return PkeyPtr(OSSL_STORE_INFO_get1_PKEY(info.get()));
  }
  ERR_clear_error();
  return nullptr;
}

// Loaded once a process and never let go: keys in use refer to it.
ENGINE* engine_with(const std::string& module) {
  static ENGINE* const kEngine = [&module] {
    ENGINE_load_builtin_engines();
    ENGINE* engine = ENGINE_by_id("pkcs11");
    if (engine == nullptr) return engine;
    const bool has_module =
        module.empty() || ENGINE_ctrl_cmd_string(engine, "MODULE_PATH", module.c_str(), 0) == 1;
    if (has_module && ENGINE_init(engine) == 1) return engine;
    ENGINE_free(engine);
    return static_cast<ENGINE*>(nullptr);
  }();
  return kEngine;
}

}  // namespace

bool is_token_key(std::string_view text) {
  return trimmed(text.substr(0, kUriBytesMax)).starts_with(kScheme);
}

Result<PkeyPtr> token_key(std::string_view text) {
  const std::string uri = trimmed(text);
  if (uri.size() > kUriBytesMax || uri.find_first_of(" \t\r\n") != std::string::npos)
    return refuse("it is not one PKCS#11 URI", "pkcs11:token=NAME;object=NAME?pin-source=file:/…");
  ERR_clear_error();
  if (PkeyPtr key = from_provider(uri)) return key;
  ENGINE* engine = engine_with(attribute(uri, "module-path"));
  if (engine == nullptr)
    return refuse("OpenSSL can't reach tokens here: " + openssl_reason(),
                  "install libengine-pkcs11-openssl (or a PKCS#11 provider), and give module-path");
  PkeyPtr key(ENGINE_load_private_key(engine, without_module(uri).c_str(), nullptr, nullptr));
  if (key == nullptr)
    return refuse("the token has no such key, or does not open: " + openssl_reason(),
                  "check token, object and pin-source in the URI");
  ERR_clear_error();
  return key;
}

}  // namespace hetao::certs
